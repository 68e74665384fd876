//! An older copy of a store is put back, under the key and the epoch of the newer one.

use phaki_replication::id::{Epoch, SpaceId};
use phaki_replication::node::{Durable, DurableFeed, Node, Notice, Refusal};

use super::WRITER;
use super::network::{Network, key};

/// Puts the store of machine 1 back to where it held `runs` of its own runs, and nothing else.
fn put_back(net: &mut Network, space: SpaceId, runs: usize) {
    let manifest = net.machines[1].node.manifest(&space).unwrap();
    let signed = manifest.sign(&key(1));
    let feed = net.machines[1].node.own_feed();
    let kept = &mut net.machines[1].runs.entry((space, feed)).or_default();
    kept.truncate(runs);
    let stored = kept.last().map(|run| DurableFeed {
        space,
        feed,
        length: run.checkpoint.length,
        head: run.checkpoint.head,
        bytes: 1,
    });
    let durable = Durable {
        roster: net.machines[1].node.signed_roster().clone(),
        manifests: vec![signed],
        feeds: stored.into_iter().collect(),
    };
    let federation = net.federation_key.federation();
    net.machines[1].node = Node::new(key(2), Epoch([2; 16]), federation, durable).unwrap();
}

/// Two nodes; the second wrote three entries that both hold, one after the other.
fn network() -> (Network, SpaceId) {
    let mut net = Network::new(2);
    let space = net.found(0, &[(1, WRITER)]);
    net.connect(0, 1);
    for _ in 0..3 {
        net.append(1, space, 1).unwrap();
    }
    net.disconnect(0, 1);
    (net, space)
}

fn was_told(net: &Network) -> bool {
    let mut notices = net.machines[1].notices.iter();
    notices.any(|notice| matches!(notice, Notice::Superseded { .. }))
}

#[test]
fn it_refuses_edits_as_soon_as_a_peer_shows_what_it_has_forgotten() {
    for runs in 0..3 {
        let (mut net, space) = network();
        put_back(&mut net, space, runs);
        net.connect(0, 1);
        assert!(was_told(&net));
        assert_eq!(net.append(1, space, 1), Err(Refusal::Superseded));
        assert_eq!(net.machines[0].closed, []);
    }
}

#[test]
fn it_refuses_edits_also_when_it_has_made_others_in_their_place() {
    // Fewer than it forgot, as many, and more.
    for entries in 1..5 {
        let (mut net, space) = network();
        put_back(&mut net, space, 1);
        for _ in 0..entries {
            net.append(1, space, 1).unwrap();
        }
        net.connect(0, 1);
        assert!(was_told(&net), "{entries} entries");
        assert_eq!(net.append(1, space, 1), Err(Refusal::Superseded));
    }
}

#[test]
fn it_still_receives_what_others_write() {
    let (mut net, space) = network();
    put_back(&mut net, space, 1);
    net.connect(0, 1);
    net.append(0, space, 5).unwrap();
    assert_eq!(net.length(1, space), 1 + 5);
}

#[test]
fn a_copy_that_lacks_nothing_goes_on() {
    let (mut net, space) = network();
    put_back(&mut net, space, 3);
    net.connect(0, 1);
    net.append(1, space, 1).unwrap();
    assert_eq!(net.length(0, space), 4);
    assert!(!was_told(&net));
}
