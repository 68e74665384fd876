//! What a peer that passes on others' entries cannot do, and need not fear.

use phaki_replication::entry::{EntryKind, Payload};
use phaki_replication::feed::Run;
use phaki_replication::id::{Hash, SpaceId};
use phaki_replication::message::{CloseReason, FeedReport, FrontierReport, Message, Range};
use phaki_replication::node::{Event, LinkId};

use super::network::Network;
use super::{READER, WRITER};

/// The link of machine `at` to machine `to`.
fn link(net: &Network, at: usize, to: usize) -> LinkId {
    let mut links = net.links.iter();
    let found = links.find(|((from, _), (peer, _))| (*from, *peer) == (at, to));
    found.map(|((_, link), _)| *link).unwrap()
}

/// Machine `at` receives what machine `from` never sent.
pub(crate) fn inject(net: &mut Network, at: usize, from: usize, message: Message) {
    let link = link(net, at, from);
    net.events
        .push_back((at, Event::Received { link, message }));
    net.settle();
}

fn first_run(net: &Network, machine: usize, space: SpaceId) -> Run {
    let mut feeds = net.machines[machine].disk.feeds.iter();
    let (_, feed) = feeds.find(|((at, _), _)| *at == space).unwrap();
    feed.runs[0].clone()
}

fn without_payloads(mut run: Run) -> Run {
    for entry in &mut run.entries {
        entry.payload = Payload::Dropped {
            hash: entry.payload.hash(),
            length: u32::try_from(entry.payload.length()).unwrap(),
        };
    }
    run
}

#[test]
fn a_relay_cannot_withhold_the_payload_of_a_change() {
    let mut net = Network::new(3);
    let space = net.found(0, &[(1, WRITER), (2, READER)]);
    net.connect(0, 1);
    net.append(0, space, 3).unwrap();
    net.disconnect(0, 1);
    let run = first_run(&net, 0, space);
    assert!(
        run.entries
            .iter()
            .all(|entry| entry.kind == EntryKind::CHANGE)
    );

    let mut relay = Network::new(3);
    assert_eq!(relay.found(0, &[(1, WRITER), (2, READER)]), space);
    relay.connect(0, 2);
    let batch = Message::Batch {
        space,
        runs: vec![without_payloads(run.clone())],
    };
    relay.disconnect(0, 2);
    relay.connect(1, 2);
    inject(&mut relay, 2, 1, batch);
    assert_eq!(relay.length(2, space), 0);
    assert_eq!(relay.machines[2].closed, [CloseReason::Forged]);

    relay.connect(1, 2);
    let whole = Message::Batch {
        space,
        runs: vec![run],
    };
    inject(&mut relay, 2, 1, whole);
    assert_eq!(relay.length(2, space), 3);
}

#[test]
fn entries_that_are_held_already_are_acknowledged_again() {
    let mut net = Network::new(2);
    let space = net.found(0, &[(1, WRITER)]);
    net.connect(0, 1);
    net.append(0, space, 3).unwrap();
    let run = first_run(&net, 0, space);
    net.messages.clear();

    let (feed, length) = (run.feed, run.end());
    let runs = vec![run];
    inject(&mut net, 1, 0, Message::Batch { space, runs });

    let feeds = vec![(feed, length)];
    assert_eq!(net.messages, [(1, 0, Message::Ack { space, feeds })]);
}

#[test]
fn a_peer_that_sends_only_what_is_known_does_not_keep_others_from_being_asked() {
    let mut net = Network::new(3);
    let space = net.found(0, &[(1, WRITER), (2, WRITER)]);
    net.connect(0, 2);
    net.append(0, space, 3).unwrap();
    net.disconnect(0, 2);
    let old = first_run(&net, 0, space);
    net.connect(1, 2);
    // Machine 1 says that it holds more, is asked for it, and answers only with what is known.
    let report = FrontierReport {
        space,
        complete: false,
        feeds: vec![FeedReport {
            feed: old.feed,
            length: 5,
            head: Hash([5; 32]),
            bytes: 100,
        }],
    };
    net.messages.clear();
    inject(&mut net, 2, 1, Message::Frontier(report.clone()));
    let wanted = |net: &Network, from: usize| {
        let to_whom = |(at, to, message): &(usize, usize, Message)| {
            let range = Message::Want(Range {
                space,
                feed: old.feed,
                from: 3,
                to: 5,
            });
            (*at, *to) == (2, from) && *message == range
        };
        net.messages
            .iter()
            .filter(|message| to_whom(message))
            .count()
    };
    assert_eq!(wanted(&net, 1), 1);
    for _ in 0..4 {
        net.tick(4_000);
        let runs = vec![old.clone()];
        inject(&mut net, 2, 1, Message::Batch { space, runs });
    }
    net.append(0, space, 2).unwrap();

    net.connect(0, 2);
    net.tick(2_000);

    assert_eq!(net.length(2, space), 5);
}
