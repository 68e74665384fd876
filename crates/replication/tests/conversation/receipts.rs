//! Receipts: what every node knows of where entries are durable.

use phaki_replication::id::{Epoch, SpaceId};
use phaki_replication::message::Message;

use super::network::Network;
use super::restored::{network, start};
use super::{READER, WRITER};

/// What machine `at` knows of how many entries machine `of` holds of the space.
fn receipt(net: &Network, at: usize, of: usize, space: SpaceId) -> Option<u64> {
    let node = net.id(of);
    let mut receipts = net.machines[at].node.receipts(&space);
    let receipt = receipts.find(|receipt| receipt.node == node)?;
    Some(receipt.feeds.values().sum())
}

#[test]
fn what_a_process_did_not_come_to_sign_is_signed_by_the_next_one() {
    let (mut net, space, disks) = network();
    assert_eq!(receipt(&net, 1, 1, space), None, "too early");
    start(&mut net, space, disks[3].clone(), Epoch([2; 16]), [9; 8]);
    net.connect(0, 1);
    net.tick(3_000);
    assert_eq!(receipt(&net, 0, 1, space), Some(3));
    assert_eq!(receipt(&net, 1, 0, space), Some(3));
}

#[test]
fn a_new_member_learns_where_everything_is_durable() {
    let mut net = Network::new(3);
    let space = net.found(0, &[(1, WRITER)]);
    net.connect(0, 1);
    net.append(1, space, 2).unwrap();
    net.tick(3_000);
    net.connect(0, 2);
    let mut manifest = net.machines[0].node.manifest(&space).unwrap().clone();
    manifest.version += 1;
    manifest.members.insert(net.id(2), WRITER);
    net.enact(0, &manifest);
    assert_eq!(receipt(&net, 2, 1, space), Some(2));
}

#[test]
fn readers_do_not_collect_the_receipts_of_each_other() {
    let mut net = Network::new(4);
    let space = net.found(0, &[(1, READER), (2, READER), (3, WRITER)]);
    net.append(0, space, 2).unwrap();
    for other in 1..4 {
        net.connect(0, other);
    }
    net.connect(1, 2);
    net.tick(3_000);
    for (at, of, told) in [
        (0, 1, Some(2)),
        (0, 2, Some(2)),
        (3, 1, Some(2)),
        (3, 2, Some(2)),
        (1, 2, None),
        (2, 0, None),
        (1, 1, Some(2)),
    ] {
        assert_eq!(receipt(&net, at, of, space), told, "of {of} at {at}");
    }
    // Nobody finds that strange: a session begins as one between nodes that hold the same.
    for other in [0, 2] {
        net.disconnect(1, other);
        let before = net.messages.len();
        net.connect(1, other);
        let said = &net.messages[before..];
        let greets = |(_, _, message): &_| matches!(message, Message::Hello(_) | Message::Have(_));
        assert!(said.iter().all(greets), "{said:?}");
    }
}

#[test]
fn receipts_of_a_store_that_was_put_back_count_though_its_clock_went_back_too() {
    let (mut net, space, disks) = network();
    net.time_ms = 2_000_000;
    net.connect(0, 1);
    net.tick(3_000);
    net.disconnect(0, 1);
    assert_eq!(receipt(&net, 0, 1, space), Some(3));
    net.time_ms = 10_000;
    start(&mut net, space, disks[1].clone(), Epoch([77; 16]), [9; 8]);
    net.append(1, space, 1).unwrap();
    net.connect(0, 1);
    net.tick(3_000);
    net.tick(3_000);
    assert_eq!(receipt(&net, 0, 1, space), Some(4));
}
