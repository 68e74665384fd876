//! Named predicates over a node that hold after every event.

use crate::limits::LINKS_MAX;
use crate::node::Node;

type Predicate = fn(&Node) -> bool;

/// The first invariant that does not hold.
pub fn check(node: &Node) -> Result<(), String> {
    let named: [(&str, Predicate); 6] = [
        (
            "no feed is durable beyond what is pending",
            Node::durable_within_pending,
        ),
        (
            "sessions only with active nodes of the roster",
            Node::sessions_in_roster,
        ),
        ("one session a peer", Node::one_session_a_peer),
        ("no more sessions than allowed", |node| {
            node.links().len() <= LINKS_MAX
        }),
        (
            "bytes in flight are those not acknowledged",
            Node::in_flight_is_unacknowledged,
        ),
        (
            "a feed is asked of one peer at a time",
            Node::asked_of_one_peer,
        ),
    ];
    match named.iter().find(|(_, holds)| !holds(node)) {
        None => Ok(()),
        Some((name, _)) => Err(format!("does not hold: {name}")),
    }
}
