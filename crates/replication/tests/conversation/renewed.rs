//! A node that goes on under a new epoch: what becomes of the feed that it leaves behind.

use phaki_replication::id::{Epoch, SpaceId};
use phaki_replication::manifest::MemberRole;
use phaki_replication::node::Notice;

use super::equivocation::two_lives;
use super::network::Network;
use super::restored::{network, put_back, start};
use super::{READER, WRITER};

fn was_renewed(net: &Network) -> bool {
    let mut notices = net.machines[1].notices.iter();
    notices.any(|notice| matches!(notice, Notice::Renewed { .. }))
}

/// The steward, machine 0, gives machine 1 another role.
fn grant(net: &mut Network, space: SpaceId, role: MemberRole) {
    let mut manifest = net.machines[0].node.manifest(&space).unwrap().clone();
    manifest.version += 1;
    manifest.members.insert(net.id(1), role);
    net.enact(0, &manifest);
}

#[test]
fn what_it_may_not_publish_again_it_publishes_once_it_may() {
    let (mut net, space, disks) = network();
    put_back(&mut net, space, disks[1].clone(), Epoch([2; 16]));
    net.append(1, space, 2).unwrap();
    grant(&mut net, space, READER);
    net.connect(0, 1);
    assert!(was_renewed(&net));
    let renewed = net.machines[1].node.own_feed();
    let feeds = &net.machines[1].disk.feeds;
    assert!(!feeds.contains_key(&(space, renewed)));
    grant(&mut net, space, WRITER);
    assert_eq!(net.machines[0].disk.feeds[&(space, renewed)].length, 2);
}

#[test]
fn the_feed_of_an_earlier_epoch_is_put_in_order_too() {
    let (mut net, space, old) = two_lives();
    let second = net.machines[1].disk.clone();
    start(&mut net, space, second, Epoch([77; 16]), [9; 8]);
    net.connect(0, 1);
    let lengths = [0, 1].map(|machine| net.machines[machine].disk.feeds[&(space, old)].length);
    assert_eq!(lengths[0], lengths[1]);
    assert_eq!(net.length(0, space), net.length(1, space));
    assert!(net.all_links_in_sync());
}

#[test]
fn it_appends_nothing_to_a_feed_that_was_cut_before_it_had_a_new_epoch() {
    let (mut net, space, old) = two_lives();
    net.connect(0, 2);
    let cut = net.machines[0].disk.clone();
    start(&mut net, space, cut, Epoch([2; 16]), [9; 8]);
    assert!(was_renewed(&net), "though it met nobody");
    net.append(1, space, 1).unwrap();
    assert_eq!(net.machines[1].disk.feeds[&(space, old)].length, 1);
}
