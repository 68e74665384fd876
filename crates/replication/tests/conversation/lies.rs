//! What somebody can say without the key that it would need: nobody goes by it.

use bytes::Bytes;
use phaki_replication::entry::{Entry, EntryKind, Payload, root};
use phaki_replication::feed::Run;
use phaki_replication::fork::ForkProof;
use phaki_replication::id::{Epoch, FeedId, SpaceId};
use phaki_replication::limits::FEEDS_PER_AUTHOR_MAX;
use phaki_replication::manifest::{Group, MemberRole};
use phaki_replication::message::Message;
use phaki_replication::node::{Act, Event, Notice, RequestId};
use phaki_replication::roster::{NodeRole, NodeStatus};
use phaki_replication::sign::SecretKey;

use super::network::{Network, key, roster};
use super::relays::inject;
use super::{READER, WRITER};

/// The first entry of a feed of whoever has that key.
fn first(net: &Network, space: SpaceId, key: &SecretKey, epoch: u8, text: &'static str) -> Run {
    let federation = net.federation_key.federation();
    let feed = FeedId {
        author: key.node(),
        epoch: Epoch([epoch; 16]),
    };
    let entry = Entry {
        kind: EntryKind::CHANGE,
        time_ms: 0,
        payload: Payload::Present(Bytes::from_static(text.as_bytes())),
    };
    let start = (0, root(&federation, &space, &feed));
    Run::sign(key, &federation, &space, feed, start, vec![entry])
}

fn fork(net: &Network, space: SpaceId, key: &SecretKey, epoch: u8) -> Message {
    let federation = net.federation_key.federation();
    let sides = ["one", "two"].map(|text| first(net, space, key, epoch, text));
    let start = root(&federation, &space, &sides[0].feed);
    Message::Fork(ForkProof::between(space, start, &sides[0], &sides[1]).unwrap())
}

#[test]
fn an_author_that_is_shown_its_own_entries_altered_keeps_its_epoch() {
    let mut net = Network::new(2);
    let space = net.found(0, &[(1, WRITER)]);
    net.connect(0, 1);
    net.append(1, space, 3).unwrap();
    let feed = net.machines[1].node.own_feed();
    let mut run = net.machines[0].disk.feeds[&(space, feed)].runs[0].clone();
    run.entries[0].time_ms += 1;
    let runs = vec![run];
    inject(&mut net, 1, 0, Message::Batch { space, runs });
    net.append(1, space, 1).unwrap();
    assert_eq!(net.machines[1].node.own_feed(), feed);
    let superseded = |notice: &Notice| matches!(notice, Notice::Superseded { .. });
    assert!(!net.machines[1].notices.iter().any(superseded));
    assert_eq!(net.length(0, space), 4);
}

#[test]
fn proofs_against_authors_whom_nobody_enrolled_are_not_kept() {
    let mut net = Network::new(2);
    let space = net.found(0, &[(1, READER)]);
    net.connect(0, 1);
    for seed in 100..120 {
        let proof = fork(&net, space, &key(seed), 1);
        inject(&mut net, 0, 1, proof);
    }
    assert!(net.machines[0].disk.forks.is_empty());
}

#[test]
fn proofs_of_feeds_that_nobody_holds_are_kept_as_far_as_their_author_may_have_feeds() {
    let mut net = Network::new(2);
    let space = net.found(0, &[(1, READER)]);
    net.connect(0, 1);
    for epoch in 100..=250 {
        let proof = fork(&net, space, &key(2), epoch);
        inject(&mut net, 0, 1, proof);
    }
    assert_eq!(net.machines[0].disk.forks.len(), FEEDS_PER_AUTHOR_MAX);
}

#[test]
fn work_of_a_suspended_node_that_was_a_writer_in_a_group_does_not_count_when_it_comes_first() {
    let mut net = Network::new(3);
    let space = net.found(0, &[(1, READER)]);
    let mut manifest = net.machines[0].node.manifest(&space).unwrap().clone();
    manifest.version += 1;
    let provinces = Group::Role(NodeRole::Province);
    manifest.groups.insert(provinces, MemberRole::Writer);
    net.enact(0, &manifest);
    net.connect(0, 1);
    let mut next = roster(3, 2, net.federation_key.federation());
    let suspended = net.id(2);
    next.nodes.get_mut(&suspended).unwrap().status = NodeStatus::Suspended;
    let act = Act::Roster(next.sign(&net.federation_key));
    let request = RequestId(net.next());
    net.events.push_back((0, Event::Enact { request, act }));
    net.settle();
    let runs = vec![first(&net, space, &key(3), 1, "late")];
    inject(&mut net, 0, 1, Message::Batch { space, runs });
    for machine in [0, 1] {
        assert_eq!(net.length(machine, space), 1);
        assert_eq!(net.machines[machine].node.quarantined(&space), 1);
    }
}
