//! Quiet hours and windows: bulk waits, small edits do not.

use std::collections::BTreeSet;

use super::WRITER;
use super::network::Network;
use phaki_replication::id::SpaceId;
use phaki_replication::limits::{PACE_BYTES_START, SMALL_ENTRIES_MAX};
use phaki_replication::node::{Event, Now};

/// More than what counts as small.
const BULK: usize = 5_000;

/// Tells a machine which others are in quiet hours.
fn quiet(net: &mut Network, machine: usize, others: &[usize]) {
    let peers: BTreeSet<_> = others.iter().map(|other| net.id(*other)).collect();
    net.events.push_back((machine, Event::BulkWaits { peers }));
    net.settle();
}

/// A bulky space and a small one, held by the first of two machines that do not know each other yet.
fn apart() -> (Network, SpaceId, SpaceId) {
    let mut net = Network::new(2);
    let bulk = net.found(0, &[(1, WRITER)]);
    let small = net.found(0, &[(1, WRITER)]);
    net.append(0, bulk, BULK).unwrap();
    net.append(0, small, 3).unwrap();
    (net, bulk, small)
}

#[test]
fn bulk_waits_for_the_end_of_the_senders_quiet_hours_and_edits_travel() {
    let (mut net, bulk, small) = apart();
    quiet(&mut net, 0, &[1]);
    net.connect(0, 1);
    assert_eq!((net.length(1, bulk), net.length(1, small)), (0, 3));
    net.append(0, small, 1).unwrap();
    assert_eq!(net.length(1, small), 4);
    let link = net.machines[0].node.links()[0].clone();
    assert!(link.bulk_waits && !link.in_sync);
    quiet(&mut net, 0, &[]);
    assert_eq!(net.length(1, bulk), BULK as u64);
    assert!(net.all_links_in_sync());
}

#[test]
fn bulk_is_not_even_asked_for_in_the_receivers_quiet_hours() {
    let (mut net, bulk, small) = apart();
    quiet(&mut net, 1, &[0]);
    net.connect(0, 1);
    assert_eq!((net.length(1, bulk), net.length(1, small)), (0, 3));
    let now = Now {
        monotonic_ms: 0,
        wall_ms: 0,
    };
    let link = net.machines[0].node.links()[0].link;
    let left = net.machines[0].node.outgoing(link, now).left;
    assert_eq!(left.entries, 0, "nobody asked");
    // What its own people write goes the other way all the same.
    net.append(1, bulk, 2).unwrap();
    assert_eq!(net.length(0, bulk), BULK as u64 + 2);
    quiet(&mut net, 1, &[]);
    assert_eq!(net.length(1, bulk), BULK as u64 + 2);
    assert!(net.all_links_in_sync());
}

#[test]
fn in_quiet_hours_what_is_missing_comes_from_a_peer_without_them() {
    let mut net = Network::new(3);
    let bulk = net.found(0, &[(1, WRITER), (2, WRITER)]);
    net.append(0, bulk, BULK).unwrap();
    net.connect(0, 2);
    quiet(&mut net, 1, &[0]);
    net.connect(0, 1);
    assert_eq!(net.length(1, bulk), 0);
    net.connect(2, 1);
    assert_eq!(net.length(1, bulk), BULK as u64);
}

#[test]
fn quiet_hours_that_last_do_not_make_the_nodes_talk_all_the_time() {
    let (mut net, bulk, _) = apart();
    quiet(&mut net, 1, &[0]);
    net.connect(0, 1);
    net.messages.clear();
    for _ in 0..60 {
        net.tick(20_000);
    }
    // A heartbeat each way every twenty seconds, and what the side without quiet hours says of the
    // difference that it sees.
    let messages = net.messages.len();
    assert!(messages <= 60 * 8, "{messages}");
    assert_eq!(net.length(1, bulk), 0);
}

#[test]
fn what_is_still_to_go_is_told_until_it_is_acknowledged() {
    let (mut net, bulk, _) = apart();
    quiet(&mut net, 0, &[1]);
    net.connect(0, 1);
    let now = Now {
        monotonic_ms: 0,
        wall_ms: 0,
    };
    let link = net.machines[0].node.links()[0].link;
    let going = net.machines[0].node.outgoing(link, now);
    assert_eq!(going.left.entries, BULK as u64);
    assert_eq!(going.spaces[&bulk], going.left);
    assert!(going.left.bytes > 0 && going.left_ms.is_none());
    let there = net.machines[1].node.links()[0].link;
    let coming = net.machines[1].node.incoming(there, now);
    assert_eq!(coming.left, going.left, "the plan says the same");
    quiet(&mut net, 0, &[]);
    let after = net.machines[0].node.outgoing(link, now);
    assert_eq!(after.left.entries, 0);
}

#[test]
fn what_counts_as_small_is_far_less_than_a_window() {
    assert!(BULK as u64 > SMALL_ENTRIES_MAX);
    assert!(phaki_replication::limits::SMALL_BYTES_MAX < PACE_BYTES_START as u64);
}
