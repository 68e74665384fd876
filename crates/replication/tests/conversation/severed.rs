//! What was cut off a feed finds its author, through nodes that never held the feed.

use bytes::Bytes;
use phaki_replication::entry::{Entry, EntryKind, Payload, root};
use phaki_replication::feed::Run;
use phaki_replication::fork::ForkProof;
use phaki_replication::id::SpaceId;
use phaki_replication::limits::SEVERED_RUNS_MAX;
use phaki_replication::message::{CloseReason, Message, SeveredRun};

use super::WRITER;
use super::equivocation::two_lives;
use super::network::{Network, key};
use super::relays::inject;

/// How many runs were sent to a machine that had been cut off somewhere.
fn given(net: &Network, machine: usize) -> usize {
    let to_it = net.messages.iter().filter(|(_, to, _)| *to == machine);
    to_it
        .filter(|(.., message)| matches!(message, Message::Severed { .. }))
        .count()
}

/// Machines 0 and 2 have cut the feed of machine 1, which lost what only machine 0 had.
fn cut() -> (Network, SpaceId) {
    let (mut net, space, _) = two_lives();
    net.connect(0, 2);
    net.disconnect(0, 2);
    (net, space)
}

#[test]
fn what_was_cut_off_reaches_its_author_through_nodes_that_never_held_it() {
    let (mut net, space) = cut();
    net.connect(0, 3);
    net.connect(3, 4);
    net.connect(4, 1);
    // One entry before they part, two of one life, three of the other.
    for machine in [0, 1, 3, 4] {
        assert_eq!(net.length(machine, space), 6, "machine {machine}");
    }
    assert!(net.all_links_in_sync());
}

#[test]
fn it_travels_at_once_when_the_feed_is_cut_while_all_are_linked() {
    let (mut net, space, _) = two_lives();
    net.connect(0, 3);
    net.connect(3, 4);
    net.connect(4, 1);
    net.connect(0, 2);
    for machine in 0..5 {
        assert_eq!(net.length(machine, space), 6, "machine {machine}");
    }
    assert!(net.all_links_in_sync());
}

#[test]
fn nothing_comes_twice_to_nodes_in_a_ring() {
    let (mut net, space) = cut();
    for (a, b) in [(3, 4), (4, 2), (2, 3), (0, 3), (0, 4)] {
        net.connect(a, b);
    }
    // Machine 0 cut off one run and machine 2 three; each lacks those of the other.
    let given = [0, 2, 3, 4].map(|machine| given(&net, machine));
    assert_eq!(given, [3, 1, 4, 4]);
    net.connect(3, 1);
    assert_eq!(net.length(1, space), 6);
    assert!(net.all_links_in_sync());
}

#[test]
fn where_both_keep_the_same_or_nothing_waits_a_reconnect_is_two_messages_each_way() {
    let (mut net, _) = cut();
    let mut reconnect = |author: bool| {
        net.connect(0, 3);
        if author {
            net.connect(3, 1);
            net.disconnect(3, 1);
        }
        net.disconnect(0, 3);
        // Receipts of what has just been written.
        net.tick(3_000);
        net.connect(0, 3);
        net.disconnect(0, 3);
        net.messages.clear();
        net.connect(0, 3);
        net.disconnect(0, 3);
        net.messages.len()
    };
    assert_eq!(reconnect(false), 4, "all of it still waits");
    assert_eq!(reconnect(true), 4, "all of it is published again");
}

#[test]
fn what_is_published_again_is_told_to_nobody() {
    let (mut net, space) = cut();
    net.connect(0, 3);
    net.connect(3, 1);
    net.messages.clear();
    net.connect(0, 4);
    assert_eq!((net.length(4, space), given(&net, 4)), (6, 0));
    let told =
        |(.., message): &(usize, usize, Message)| matches!(message, Message::SeveredHeld { .. });
    assert!(!net.messages.iter().any(told));
}

/// A run of machine 1 that begins where its feed was cut, of one entry.
fn branch(net: &Network, space: SpaceId, nth: usize) -> Run {
    let federation = net.federation_key.federation();
    let feed = net.machines[1].node.own_feed();
    let entry = Entry {
        kind: EntryKind::CHANGE,
        time_ms: 0,
        payload: Payload::Present(Bytes::from(format!("branch {nth}"))),
    };
    let start = (0, root(&federation, &space, &feed));
    Run::sign(&key(2), &federation, &space, feed, start, vec![entry])
}

/// Machine 0 knows that the feed of machine 1 is cut, and is linked to machine 2, which is told
/// what to say.
fn told() -> (Network, SpaceId) {
    let mut net = Network::new(4);
    let space = net.found(0, &[(1, WRITER), (2, WRITER), (3, WRITER)]);
    net.connect(0, 2);
    net.connect(0, 3);
    let sides = [0, 1].map(|nth| branch(&net, space, nth));
    let start = root(&net.federation_key.federation(), &space, &sides[0].feed);
    let proof = ForkProof::between(space, start, &sides[0], &sides[1]).unwrap();
    inject(&mut net, 0, 2, Message::Fork(proof));
    (net, space)
}

/// Machine `at` is told that machine `from` keeps a run.
fn offer(net: &mut Network, (from, at): (usize, usize), space: SpaceId, run: &Run) {
    let (feed, first, head) = (run.feed, run.from, run.checkpoint.head);
    let runs = vec![SeveredRun {
        feed,
        from: first,
        head,
    }];
    inject(net, at, from, Message::SeveredHeld { space, runs });
}

/// Machine `at` is sent a run in the name of machine `from`.
fn give(net: &mut Network, (from, at): (usize, usize), space: SpaceId, run: Run) {
    let previous = root(&net.federation_key.federation(), &space, &run.feed);
    let message = Message::Severed {
        space,
        previous,
        run,
    };
    inject(net, at, from, message);
}

#[test]
fn an_author_that_signs_branches_without_end_makes_others_keep_a_few() {
    let (mut net, space) = told();
    for nth in 0..SEVERED_RUNS_MAX + 50 {
        let run = branch(&net, space, nth);
        offer(&mut net, (2, 0), space, &run);
        give(&mut net, (2, 0), space, run);
    }
    assert_eq!(net.machines[0].disk.severed.len(), SEVERED_RUNS_MAX);
    assert_eq!(net.machines[0].closed, []);
}

#[test]
fn what_nobody_asked_for_is_not_kept() {
    let (mut net, space) = told();
    let run = branch(&net, space, 7);
    give(&mut net, (2, 0), space, run.clone());
    assert!(net.machines[0].disk.severed.is_empty());
    offer(&mut net, (2, 0), space, &run);
    give(&mut net, (2, 0), space, run.clone());
    give(&mut net, (2, 0), space, run);
    assert_eq!(net.machines[0].disk.severed.len(), 1);
}

#[test]
fn what_the_author_did_not_sign_ends_the_session_and_is_not_kept() {
    let (mut net, space) = told();
    let mut run = branch(&net, space, 7);
    offer(&mut net, (2, 0), space, &run);
    run.entries[0].time_ms += 1;
    give(&mut net, (2, 0), space, run);
    assert!(net.machines[0].disk.severed.is_empty());
    assert_eq!(net.machines[0].closed, [CloseReason::Forged]);
}

#[test]
fn what_stands_before_the_cut_or_in_a_feed_that_is_not_cut_is_not_kept() {
    let mut net = Network::new(3);
    let space = net.found(0, &[(1, WRITER), (2, WRITER)]);
    net.connect(0, 2);
    let run = branch(&net, space, 7);
    offer(&mut net, (2, 0), space, &run);
    give(&mut net, (2, 0), space, run);
    assert!(net.machines[0].disk.severed.is_empty());
    assert_eq!(net.machines[0].closed, []);
}

#[test]
fn a_peer_that_tells_of_a_run_and_withholds_it_keeps_nobody_from_it() {
    let (mut net, space) = told();
    let run = branch(&net, space, 7);
    offer(&mut net, (2, 0), space, &run);
    offer(&mut net, (0, 3), space, &run);
    give(&mut net, (0, 3), space, run);
    assert!(
        net.machines[0].disk.severed.is_empty(),
        "machine 2 is asked"
    );
    net.tick(15_000);
    assert_eq!(net.machines[0].disk.severed.len(), 1, "machine 3 is");
}
