//! Rights, and who learns what.

use phaki_replication::id::{Epoch, FeedId, ShortDigest, SpaceId};
use phaki_replication::manifest::MemberRole;
use phaki_replication::message::{FrontierReport, Message, Range, SpaceState};
use phaki_replication::node::{Act, Event, Refusal, RequestId};
use phaki_replication::roster::NodeStatus;

use super::network::{Network, roster};
use super::{READER, WRITER};

#[test]
fn a_space_granted_while_connected_is_live_at_once() {
    let mut net = Network::new(2);
    net.connect(0, 1);
    let space = net.found(0, &[(1, WRITER)]);
    net.append(0, space, 1).unwrap();
    net.messages.clear();
    net.append(1, space, 1).unwrap();
    net.append(0, space, 1).unwrap();
    assert_eq!((net.length(0, space), net.length(1, space)), (3, 3));
    assert!(
        !net.messages
            .iter()
            .any(|(.., m)| matches!(m, Message::Want(_)))
    );
}

#[test]
fn what_is_not_shared_is_never_mentioned() {
    let mut net = Network::new(3);
    let secret = net.found(0, &[(1, READER)]);
    net.append(0, secret, 5).unwrap();
    net.connect(0, 1);
    net.connect(0, 2);
    net.connect(1, 2);
    net.append(0, secret, 5).unwrap();
    net.tick(70_000);
    assert_eq!(net.length(1, secret), 10);
    let told = net.messages.iter().filter(|(_, to, _)| *to == 2);
    for (_, _, message) in told {
        assert!(
            !format!("{message:?}").contains(&format!("{secret:?}")),
            "{message:?}"
        );
    }
}

#[test]
fn a_reader_cannot_append_and_its_forged_entries_do_not_count() {
    let mut net = Network::new(2);
    let space = net.found(0, &[(1, READER)]);
    net.connect(0, 1);
    assert_eq!(net.append(1, space, 1), Err(Refusal::NotWriter));
    assert_eq!(
        net.append(1, SpaceId([0; 16]), 1),
        Err(Refusal::UnknownSpace)
    );
}

#[test]
fn entries_of_one_who_may_not_write_are_kept_apart() {
    let mut net = Network::new(2);
    let space = net.found(0, &[(1, WRITER)]);
    net.connect(0, 1);
    net.disconnect(0, 1);
    let mut manifest = net.machines[0].node.manifest(&space).unwrap().clone();
    manifest.version += 1;
    manifest.members.insert(net.id(1), READER);
    net.enact(0, &manifest);
    // The writer does not know yet that it may not write any more.
    net.append(1, space, 4).unwrap();
    net.connect(0, 1);
    let feed = FeedId {
        author: net.id(1),
        epoch: Epoch([2; 16]),
    };
    assert_eq!(net.length(0, space), 4);
    assert_eq!(net.machines[0].disk.feeds[&(space, feed)].applied, 0);
    assert_eq!(net.machines[0].node.quarantined(&space), 4);
    assert_eq!(net.machines[1].node.quarantined(&space), 4);
}

#[test]
fn a_newer_roster_travels_and_ends_sessions_of_the_removed() {
    let mut net = Network::new(3);
    net.connect(0, 1);
    net.connect(1, 2);
    let federation = net.federation_key.federation();
    let mut next = roster(3, 2, federation);
    let removed = net.id(2);
    next.nodes.get_mut(&removed).unwrap().status = NodeStatus::Removed;
    let act = Act::Roster(next.sign(&net.federation_key));
    let request = RequestId(net.next());
    net.events.push_back((0, Event::Enact { request, act }));
    net.settle();
    assert_eq!(net.machines[1].node.roster().version, 2);
    assert!(net.machines[2].node.links().is_empty());
    net.connect(1, 2);
    assert!(net.machines[2].node.links().is_empty());
}

#[test]
fn an_older_roster_or_manifest_replaces_nothing() {
    let mut net = Network::new(2);
    let space = net.found(0, &[(1, READER)]);
    let old = net.machines[0].node.manifest(&space).unwrap().clone();
    let mut newer = old.clone();
    newer.version = 5;
    net.enact(0, &newer);
    let request = RequestId(net.next());
    let act = Act::Manifest(old.sign(&net.machines[0].key));
    net.events.push_back((0, Event::Enact { request, act }));
    net.settle();
    assert_eq!(net.machines[0].answers[&request], Err(Refusal::Stale));
    assert_eq!(net.machines[0].node.manifest(&space).unwrap().version, 5);
}

#[test]
fn a_removed_reader_learns_that_it_is_one_no_longer() {
    let mut net = Network::new(3);
    let space = net.found(0, &[(1, WRITER), (2, WRITER)]);
    net.connect(0, 1);
    net.connect(0, 2);
    net.disconnect(0, 2);
    let mut manifest = net.machines[0].node.manifest(&space).unwrap().clone();
    manifest.version += 1;
    manifest.members.insert(net.id(2), MemberRole::Removed);
    net.enact(0, &manifest);
    net.connect(1, 2);
    assert_eq!(net.machines[2].node.manifest(&space), Some(&manifest));
    assert_eq!(net.append(2, space, 1), Err(Refusal::NotWriter));
    net.messages.clear();
    net.tick(25_000);
    let beats = net
        .messages
        .iter()
        .filter(|(.., m)| matches!(m, Message::Heartbeat(_)));
    assert_eq!(
        beats.count(),
        net.messages.len(),
        "nodes in agreement only send heartbeats"
    );
}

#[test]
fn a_removed_reader_that_is_connected_learns_it_at_once() {
    let mut net = Network::new(2);
    let space = net.found(0, &[(1, WRITER)]);
    net.connect(0, 1);
    let mut manifest = net.machines[0].node.manifest(&space).unwrap().clone();
    manifest.version += 1;
    manifest.members.clear();
    net.enact(0, &manifest);
    assert_eq!(net.append(1, space, 1), Err(Refusal::NotWriter));
    net.append(0, space, 1).unwrap();
    assert_eq!(net.length(1, space), 0);
}

#[test]
fn a_stranger_that_names_a_space_learns_nothing_of_it() {
    let mut net = Network::new(2);
    let space = net.found(0, &[]);
    net.connect(0, 1);
    net.messages.clear();
    let link = net.machines[0].node.links()[0].link;
    let state = SpaceState {
        space,
        manifest: ShortDigest([0; 16]),
        frontier: ShortDigest([0; 16]),
        receipts: ShortDigest([0; 16]),
        severed: None,
        vault: None,
    };
    for message in [
        Message::Have(vec![state]),
        Message::Want(Range {
            space,
            feed: net.machines[0].node.own_feed(),
            from: 0,
            to: 9,
        }),
        Message::Frontier(FrontierReport {
            space,
            complete: true,
            feeds: vec![],
        }),
    ] {
        net.events.push_back((0, Event::Received { link, message }));
    }
    net.settle();
    net.tick(25_000);
    for (from, _, message) in &net.messages {
        let told = format!("{message:?}").contains(&format!("{space:?}"));
        assert!(*from != 0 || !told, "{message:?}");
    }
}
