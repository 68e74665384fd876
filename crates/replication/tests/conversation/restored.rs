//! An older copy of a store is put back, under the key and the epoch of the newer one.

use phaki_replication::id::{Epoch, SpaceId};
use phaki_replication::node::{Durable, Event, Node, Notice};

use super::WRITER;
use super::disk::Disk;
use super::network::{Network, key};

/// Machine 1 starts from `disk`, which it had at another time, with the rights that it has now.
pub(crate) fn put_back(net: &mut Network, space: SpaceId, disk: Disk, epoch: Epoch) {
    start(net, space, disk, epoch, [2; 8]);
}

/// So, as the given process.
pub(crate) fn start(
    net: &mut Network,
    space: SpaceId,
    disk: Disk,
    epoch: Epoch,
    instance: [u8; 8],
) {
    let manifest = net.machines[0].node.manifest(&space).unwrap();
    let durable = Durable {
        roster: net.machines[1].node.signed_roster().clone(),
        branches: vec![],
        manifests: vec![manifest.sign(&key(1))],
        forks: disk.forks.values().cloned().collect(),
        receipts: vec![],
        vault: vec![],
        severed: disk
            .kept(&space)
            .into_iter()
            .map(|run| (space, run))
            .collect(),
        feeds: disk.durable_feeds(),
    };
    let federation = net.federation_key.federation();
    let node = Node::new(key(2), epoch, instance, federation, durable).unwrap();
    net.machines[1].node = node;
    net.machines[1].disk = disk;
    net.events.push_back((1, Event::Start));
    net.settle();
}

/// Two nodes; the second writes three entries that both hold, one after the other. Its disk after
/// each of them, and before.
pub(crate) fn network() -> (Network, SpaceId, Vec<Disk>) {
    let mut net = Network::new(2);
    let space = net.found(0, &[(1, WRITER)]);
    net.connect(0, 1);
    let mut disks = vec![net.machines[1].disk.clone()];
    for _ in 0..3 {
        net.append(1, space, 1).unwrap();
        disks.push(net.machines[1].disk.clone());
    }
    net.disconnect(0, 1);
    (net, space, disks)
}

fn was_renewed(net: &Network) -> bool {
    let mut notices = net.machines[1].notices.iter();
    notices.any(|notice| matches!(notice, Notice::Renewed { .. }))
}

#[test]
fn it_takes_a_new_epoch_and_is_filled_again_as_soon_as_a_peer_shows_what_it_has_forgotten() {
    for runs in 0..3 {
        let (mut net, space, disks) = network();
        let old = net.machines[1].node.own_feed();
        put_back(&mut net, space, disks[runs].clone(), Epoch([2; 16]));
        net.connect(0, 1);
        assert!(was_renewed(&net), "{runs} runs");
        assert_eq!(net.machines[1].disk.feeds[&(space, old)].length, 3);
        net.append(1, space, 1).unwrap();
        assert_ne!(net.machines[1].node.own_feed(), old);
        assert_eq!((net.length(0, space), net.length(1, space)), (4, 4));
        assert_eq!(net.machines[0].closed, []);
        assert!(net.all_links_in_sync());
    }
}

#[test]
fn what_it_wrote_in_the_place_of_what_it_had_forgotten_is_published_again() {
    // Fewer than it forgot, as many, and more.
    for entries in 1..5 {
        let (mut net, space, disks) = network();
        let old = net.machines[1].node.own_feed();
        put_back(&mut net, space, disks[1].clone(), Epoch([2; 16]));
        for _ in 0..entries {
            net.append(1, space, 1).unwrap();
        }
        net.connect(0, 1);
        assert!(was_renewed(&net), "{entries} entries");
        let renewed = net.machines[1].node.own_feed();
        for machine in [0, 1] {
            let feeds = &net.machines[machine].disk.feeds;
            assert_eq!(feeds[&(space, old)].length, 3, "{entries} entries");
            let again = feeds[&(space, renewed)].length;
            assert_eq!(usize::try_from(again).unwrap(), entries);
        }
        assert!(
            net.machines[0].disk.severed.is_empty(),
            "nobody else had to cut anything"
        );
        assert!(net.all_links_in_sync());
    }
}

#[test]
fn it_still_receives_what_others_write() {
    let (mut net, space, disks) = network();
    put_back(&mut net, space, disks[1].clone(), Epoch([2; 16]));
    net.connect(0, 1);
    net.append(0, space, 5).unwrap();
    assert_eq!(net.length(1, space), 3 + 5);
}

#[test]
fn a_copy_that_lacks_nothing_goes_on() {
    let (mut net, space, disks) = network();
    put_back(&mut net, space, disks[3].clone(), Epoch([2; 16]));
    net.connect(0, 1);
    net.append(1, space, 1).unwrap();
    assert_eq!(net.length(0, space), 4);
    assert!(!was_renewed(&net));
}

#[test]
fn a_store_that_was_restored_with_a_new_epoch_is_filled_again_without_a_word() {
    let (mut net, space, disks) = network();
    put_back(&mut net, space, disks[1].clone(), Epoch([77; 16]));
    net.append(1, space, 2).unwrap();
    net.connect(0, 1);
    assert_eq!((net.length(0, space), net.length(1, space)), (5, 5));
    assert!(!was_renewed(&net));
    assert!(net.all_links_in_sync());
}
