//! One author, two feeds: its store was cloned, or it means harm.

use phaki_replication::id::{Epoch, FeedId, SpaceId};
use phaki_replication::node::Notice;

use super::WRITER;
use super::network::Network;
use super::restored::{network, put_back, start};

/// Machine 1 wrote three entries that machine 0 holds, and, from an older copy of its store,
/// others in the place of the last two, which machine 2 holds. Machines 3 and 4 hold none.
pub(crate) fn two_lives() -> (Network, SpaceId, FeedId) {
    let mut net = Network::new(5);
    let space = net.found(0, &[(1, WRITER), (2, WRITER), (3, WRITER), (4, WRITER)]);
    for (a, b) in [(0, 1), (0, 2), (0, 3), (0, 4)] {
        net.connect(a, b);
        net.disconnect(a, b);
    }
    net.connect(0, 1);
    net.append(1, space, 1).unwrap();
    net.disconnect(0, 1);
    net.connect(0, 2);
    net.disconnect(0, 2);
    let early = net.machines[1].disk.clone();
    net.connect(0, 1);
    net.append(1, space, 2).unwrap();
    net.disconnect(0, 1);
    put_back(&mut net, space, early, Epoch([2; 16]));
    net.connect(1, 2);
    for _ in 0..3 {
        net.append(1, space, 1).unwrap();
    }
    net.disconnect(1, 2);
    let feed = net.machines[1].node.own_feed();
    assert_eq!(net.machines[0].disk.feeds[&(space, feed)].length, 3);
    assert_eq!(net.machines[2].disk.feeds[&(space, feed)].length, 4);
    (net, space, feed)
}

#[test]
fn whoever_holds_different_entries_cuts_the_feed_at_the_same_place() {
    let (mut net, space, feed) = two_lives();
    net.connect(0, 2);
    for machine in [0, 2] {
        assert_eq!(net.machines[machine].disk.feeds[&(space, feed)].length, 1);
        let cut = net.machines[machine].node.space(&space).unwrap().cut(&feed);
        assert_eq!(cut, Some(1));
        let at = |notice: &&Notice| matches!(notice, Notice::Forked { at: 1, .. });
        assert_eq!(net.machines[machine].notices.iter().filter(at).count(), 1);
    }
    assert!(net.all_links_in_sync());
    assert_eq!(net.machines[0].closed, []);
}

#[test]
fn the_proof_travels_to_those_who_saw_one_side_only_and_to_those_who_saw_none() {
    let (mut net, space, feed) = two_lives();
    net.connect(0, 3);
    assert_eq!(net.machines[3].disk.feeds[&(space, feed)].length, 3);
    net.connect(0, 2);
    assert_eq!(net.machines[3].disk.feeds[&(space, feed)].length, 1);
    assert!(net.all_links_in_sync());
    let mut late = net;
    late.disconnect(0, 3);
    late.connect(2, 3);
    assert!(late.all_links_in_sync());
}

#[test]
fn a_feed_that_could_not_be_read_when_it_was_to_be_cut_is_cut_later() {
    let (mut net, space, feed) = two_lives();
    net.connect(0, 3);
    net.unreadable = Some(3);
    net.connect(0, 2);
    assert_eq!(net.machines[3].disk.feeds[&(space, feed)].length, 3);
    net.unreadable = None;
    net.tick(25_000);
    assert_eq!(net.machines[3].disk.feeds[&(space, feed)].length, 1);
}

#[test]
fn an_honest_author_publishes_again_what_every_one_of_its_lives_wrote() {
    for author_first in [true, false] {
        let (mut net, space, feed) = two_lives();
        if author_first {
            net.connect(0, 1);
            net.connect(1, 2);
            net.connect(0, 2);
        } else {
            net.connect(0, 2);
            net.connect(0, 1);
            net.connect(1, 2);
        }
        net.tick(25_000);
        net.tick(25_000);
        let lengths = [0, 1, 2].map(|machine| net.length(machine, space));
        assert_eq!(lengths, [lengths[0]; 3], "{author_first}");
        assert!(net.all_links_in_sync());
        let cut = net.machines[0].node.space(&space).unwrap().cut(&feed);
        assert_eq!(cut, Some(1));
        // One before they part, two of one life, three of the other.
        assert_eq!(net.length(0, space), 6, "{author_first}");
    }
}

#[test]
fn two_machines_with_one_key_are_noticed_when_both_speak() {
    let (mut net, space, disks) = network();
    let hello = |net: &mut Network, instance: u8| {
        start(net, space, disks[3].clone(), Epoch([2; 16]), [instance; 8]);
        net.connect(0, 1);
    };
    let noticed = |net: &Network| {
        let mut notices = net.machines[0].notices.iter();
        notices.any(|notice| matches!(notice, Notice::Cloned { .. }))
    };
    hello(&mut net, 11);
    hello(&mut net, 12);
    assert!(!noticed(&net), "a process that was started again");
    hello(&mut net, 11);
    assert!(noticed(&net), "the first one lives");
}
