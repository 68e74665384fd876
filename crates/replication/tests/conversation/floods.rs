//! What one node can make others hold has an end, and does not keep honest work out.

use bytes::Bytes;
use phaki_replication::entry::{Entry, EntryKind, Payload, root};
use phaki_replication::feed::Run;
use phaki_replication::id::{Epoch, FeedId, Hash, SpaceId};
use phaki_replication::limits::{FEEDS_IN_QUARANTINE_MAX, SPACES_PER_STEWARD_MAX};
use phaki_replication::manifest::{Manifest, MemberRole};
use phaki_replication::message::{FeedReport, FrontierReport, Message};
use phaki_replication::node::{Act, Event, Notice, Refusal, RequestId};

use super::network::{Network, key};
use super::relays::inject;
use super::{READER, WRITER};

/// One entry in a feed of machine `author`, in an epoch of its choice.
fn run_in(net: &Network, author: usize, space: SpaceId, epoch: u8, text: &str) -> Run {
    let federation = net.federation_key.federation();
    let key = &net.machines[author].key;
    let feed = FeedId {
        author: key.node(),
        epoch: Epoch([epoch; 16]),
    };
    let entry = Entry {
        kind: EntryKind::CHANGE,
        time_ms: 0,
        payload: Payload::Present(Bytes::copy_from_slice(text.as_bytes())),
    };
    let start = (0, root(&federation, &space, &feed));
    Run::sign(key, &federation, &space, feed, start, vec![entry])
}

#[test]
fn a_reader_cannot_fill_a_space_with_feeds() {
    let mut net = Network::new(2);
    let space = net.found(0, &[(1, READER)]);
    net.connect(0, 1);

    for epoch in 100..200 {
        let runs = vec![run_in(&net, 1, space, epoch, "x")];
        inject(&mut net, 0, 1, Message::Batch { space, runs });
    }

    let held = net.machines[0].node.frontier(&space).unwrap();
    assert_eq!(held.len(), FEEDS_IN_QUARANTINE_MAX);
    net.append(0, space, 1).unwrap();
    assert_eq!(net.length(1, space), 1);
}

#[test]
fn a_steward_cannot_take_all_places_for_spaces() {
    let mut net = Network::new(2);
    net.connect(0, 1);
    let federation = net.federation_key.federation();
    for nonce in 0..100 {
        let mut manifest = Manifest::found(federation, net.id(0), [nonce; 16], "plans");
        manifest.members.insert(net.id(1), MemberRole::Reader);
        let signed = manifest.sign(&key(1));
        inject(&mut net, 1, 0, Message::Manifest(signed));
    }
    let spaces = net.machines[1].node.spaces().count();
    assert_eq!(spaces, SPACES_PER_STEWARD_MAX);
    // Its own spaces are not concerned, up to the same limit, which it is told of.
    for _ in 0..SPACES_PER_STEWARD_MAX {
        net.found(1, &[]);
    }
    let request = RequestId(net.next());
    let act = Act::Manifest(Manifest::found(federation, net.id(1), [255; 16], "one").sign(&key(2)));
    net.events.push_back((1, Event::Enact { request, act }));
    net.settle();
    assert_eq!(net.machines[1].answers[&request], Err(Refusal::Limit));
}

#[test]
fn two_feeds_under_one_name_are_noticed_and_do_not_part_honest_nodes() {
    let mut net = Network::new(3);
    let space = net.found(0, &[(1, WRITER), (2, WRITER)]);
    net.connect(0, 1);
    net.disconnect(0, 1);
    // The author, machine 2, signs one entry for each of them.
    for (at, text) in [(0, "for one"), (1, "for the other")] {
        net.connect(at, 2);
        let runs = vec![run_in(&net, 2, space, 77, text)];
        inject(&mut net, at, 2, Message::Batch { space, runs });
        net.disconnect(at, 2);
    }

    net.connect(0, 1);
    net.append(0, space, 1).unwrap();
    net.append(1, space, 1).unwrap();

    // Neither counts.
    assert_eq!((net.length(0, space), net.length(1, space)), (2, 2));
    for machine in [0, 1] {
        let noticed = |notice: &&Notice| matches!(notice, Notice::Forked { .. });
        assert_eq!(
            net.machines[machine].notices.iter().filter(noticed).count(),
            1
        );
        assert!(net.machines[machine].closed.is_empty());
        let links = net.machines[machine].node.links();
        assert!(links.iter().all(|link| link.in_sync));
    }
}

#[test]
fn a_node_hears_that_others_hold_more_of_its_own_entries_than_itself() {
    let mut net = Network::new(2);
    let space = net.found(0, &[(1, WRITER)]);
    net.connect(0, 1);
    net.append(1, space, 1).unwrap();
    let feed = net.machines[1].node.own_feed();
    let head = net.machines[1].disk.feeds[&(space, feed)].runs[0]
        .checkpoint
        .head;
    let report = FrontierReport {
        space,
        complete: false,
        feeds: vec![FeedReport {
            feed,
            length: 9,
            head,
            bytes: 9,
        }],
    };
    inject(&mut net, 1, 0, Message::Frontier(report));
    let peer = net.id(0);
    let notice = Notice::OwnFeedAhead {
        peer,
        space,
        length: 9,
    };
    assert!(net.machines[1].notices.contains(&notice));
    // That alone proves nothing.
    assert_eq!(net.append(1, space, 1), Ok(()));
}

#[test]
fn plans_and_frontiers_of_what_nobody_knows_are_not_kept() {
    let mut net = Network::new(2);
    let space = net.found(0, &[(1, WRITER)]);
    net.connect(0, 1);
    let promised = |net: &Network| net.machines[0].node.links()[0].entries_to_come;
    inject(
        &mut net,
        0,
        1,
        Message::Plan {
            space: SpaceId([200; 16]),
            entries: 7,
            bytes: 7,
        },
    );
    assert_eq!(promised(&net), 0);
    // Feeds of strangers are not asked for.
    net.messages.clear();
    let stranger = FeedId {
        author: key(50).node(),
        epoch: Epoch([1; 16]),
    };
    let report = FrontierReport {
        space,
        complete: false,
        feeds: vec![FeedReport {
            feed: stranger,
            length: 9,
            head: Hash([1; 32]),
            bytes: 9,
        }],
    };
    inject(&mut net, 0, 1, Message::Frontier(report));
    assert!(net.messages.is_empty());
    assert_eq!(net.links.len(), 2);
}
