//! Receipts: what every node knows of where entries are durable.

use phaki_replication::id::{Epoch, SpaceId};

use super::network::Network;
use super::restored::{network, start};

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
