//! A node goes on under another key: its spaces, its edge nodes and its unsent work go with it, and
//! whoever has the old key achieves nothing.

use bytes::Bytes;
use phaki_replication::branch::{Admitted, Branch};
use phaki_replication::consent::Consent;
use phaki_replication::entry::{Entry, EntryKind, Payload, root};
use phaki_replication::feed::Run;
use phaki_replication::id::{Epoch, FeedId, Hash, NodeId, SpaceId};
use phaki_replication::manifest::SignedManifest;
use phaki_replication::message::Message;
use phaki_replication::node::{Act, Durable, Event, Node, RequestId};
use phaki_replication::roster::{NodeRole, NodeStatus, SignedRoster};
use phaki_replication::sign::SecretKey;

use super::disk::Disk;
use super::network::{Network, key, roster};
use super::{READER, WRITER};

/// The machine whose key is replaced.
const PROVINCE: usize = 1;
const NEXT: Epoch = Epoch([88; 16]);

fn next_key() -> SecretKey {
    key(50)
}

/// The roster in which another key has the place of the province's.
fn replaced(net: &Network) -> SignedRoster {
    let federation = net.federation_key.federation();
    let count = u8::try_from(net.machines.len()).unwrap();
    let mut roster = roster(count, 2, federation);
    let old = key(2).node();
    let mut record = roster.nodes[&old].clone();
    record.replaces = Some(old);
    roster.nodes.get_mut(&old).unwrap().status = NodeStatus::Removed;
    roster.nodes.insert(next_key().node(), record);
    roster.sign(&net.federation_key)
}

/// The province goes on under its next key, with what `disk` and these manifests say.
fn start_anew(net: &mut Network, disk: Disk, manifests: Vec<SignedManifest>, refilled: bool) {
    let branch = net.machines[PROVINCE].node.branch(&key(2).node());
    let durable = Durable {
        roster: replaced(net),
        branches: branch
            .map(|(_, signed)| signed.clone())
            .into_iter()
            .collect(),
        manifests,
        forks: vec![],
        vault: vec![],
        receipts: vec![],
        severed: vec![],
        feeds: disk.durable_feeds(),
    };
    let federation = net.federation_key.federation();
    let node = Node::new(next_key(), NEXT, [9; 8], federation, durable).unwrap();
    net.machines[PROVINCE].node = if refilled { node.refilled() } else { node };
    net.machines[PROVINCE].key = next_key();
    net.machines[PROVINCE].disk = disk;
    net.events.push_back((PROVINCE, Event::Start));
    net.settle();
}

/// The manifests that the province holds, as they were signed.
fn manifests(net: &Network) -> Vec<SignedManifest> {
    let held = net.machines[PROVINCE].node.spaces();
    let signed = held.map(|(_, held)| {
        let signer = [key(1), key(2)];
        let signer = signer
            .iter()
            .find(|key| key.node() == held.manifest().signer);
        held.manifest().sign(signer.unwrap())
    });
    signed.collect()
}

/// The province changes its key with all that it holds.
fn rotate(net: &mut Network) {
    let mut disk = net.machines[PROVINCE].disk.clone();
    let own = disk
        .feeds
        .iter()
        .filter(|((_, feed), _)| feed.author == key(2).node());
    disk.former = own.map(|(place, held)| (*place, held.applied)).collect();
    let manifests = manifests(net);
    start_anew(net, disk, manifests, false);
}

fn enact(net: &mut Network, machine: usize, act: Act) {
    let request = RequestId(net.next());
    net.events
        .push_back((machine, Event::Enact { request, act }));
    net.settle();
}

/// Another machine hears of the new key.
fn tell(net: &mut Network, machine: usize) {
    let signed = replaced(net);
    enact(net, machine, Act::Roster(signed));
}

fn own_feed(net: &Network, machine: usize, space: SpaceId) -> (u64, u64) {
    let feed = FeedId {
        author: next_key().node(),
        epoch: NEXT,
    };
    let held = net.machines[machine].disk.feeds.get(&(space, feed));
    held.map_or((0, 0), |held| (held.length, held.applied))
}

fn old_feed(net: &Network, machine: usize, space: SpaceId) -> (u64, u64) {
    let feed = FeedId {
        author: key(2).node(),
        epoch: Epoch([2; 16]),
    };
    let held = &net.machines[machine].disk.feeds[&(space, feed)];
    (held.length, held.applied)
}

/// An entry that whoever has the old key signs, behind nothing, in an epoch of its own.
fn theft(net: &Network, space: SpaceId) -> Message {
    let feed = FeedId {
        author: key(2).node(),
        epoch: Epoch([66; 16]),
    };
    let federation = net.federation_key.federation();
    let entry = Entry {
        kind: EntryKind::CHANGE,
        time_ms: 0,
        payload: Payload::Present(Bytes::from_static(b"by a thief")),
    };
    let start: (u64, Hash) = (0, root(&federation, &space, &feed));
    let run = Run::sign(&key(2), &federation, &space, feed, start, vec![entry]);
    Message::Batch {
        space,
        runs: vec![run],
    }
}

#[test]
fn work_that_had_not_reached_a_steward_is_published_again_under_the_new_key() {
    let mut net = Network::new(3);
    let space = net.found(0, &[(PROVINCE, WRITER), (2, READER)]);
    net.connect(0, PROVINCE);
    net.append(PROVINCE, space, 2).unwrap();
    net.disconnect(0, PROVINCE);
    net.append(PROVINCE, space, 3).unwrap();
    // The steward freezes the old key at what it holds.
    tell(&mut net, 0);
    rotate(&mut net);
    assert_eq!(own_feed(&net, PROVINCE, space), (0, 0), "all counts so far");
    net.connect(0, PROVINCE);
    net.connect(0, 2);
    for machine in 0..3 {
        assert_eq!(old_feed(&net, machine, space), (5, 2), "at {machine}");
        assert_eq!(own_feed(&net, machine, space), (3, 3), "at {machine}");
    }
    assert!(net.all_links_in_sync());
    net.append(PROVINCE, space, 1).unwrap();
    assert_eq!(own_feed(&net, 2, space), (4, 4));
}

#[test]
fn work_of_a_thief_is_not_published_again() {
    let mut net = Network::new(3);
    let space = net.found(0, &[(PROVINCE, WRITER), (2, WRITER)]);
    net.connect(0, PROVINCE);
    net.append(PROVINCE, space, 2).unwrap();
    net.disconnect(0, PROVINCE);
    tell(&mut net, 0);
    rotate(&mut net);
    tell(&mut net, 2);
    net.connect(0, 2);
    net.connect(0, PROVINCE);
    let message = theft(&net, space);
    let link = *net.links.keys().find(|(machine, _)| *machine == 2).unwrap();
    let (to, link) = net.links[&link];
    net.events
        .push_back((to, Event::Received { link, message }));
    net.settle();
    let stolen = FeedId {
        author: key(2).node(),
        epoch: Epoch([66; 16]),
    };
    let held = &net.machines[PROVINCE].disk.feeds[&(space, stolen)];
    assert_eq!(
        (held.length, held.applied),
        (1, 0),
        "it got there all the same"
    );
    assert_eq!(own_feed(&net, PROVINCE, space), (0, 0));
}

#[test]
fn a_steward_keeps_its_space_and_all_that_it_wrote_in_it() {
    let mut net = Network::new(2);
    let space = net.found(PROVINCE, &[(0, WRITER)]);
    net.connect(0, PROVINCE);
    net.append(PROVINCE, space, 2).unwrap();
    net.disconnect(0, PROVINCE);
    net.append(PROVINCE, space, 3).unwrap();
    rotate(&mut net);
    tell(&mut net, 0);
    net.connect(0, PROVINCE);
    assert_eq!(
        old_feed(&net, 0, space),
        (5, 5),
        "nothing need be republished"
    );
    let signer = |net: &Network| net.machines[0].node.manifest(&space).unwrap().signer;
    assert_eq!(signer(&net), next_key().node());

    // A thief claims a much newer manifest: it stands behind that of the new key.
    let mut forged = net.machines[0].node.manifest(&space).unwrap().clone();
    forged.version = u64::MAX;
    forged.members.clear();
    enact(&mut net, 0, Act::Manifest(forged.sign(&key(2))));
    assert_eq!(signer(&net), next_key().node());
    assert!(net.append(0, space, 1).is_ok());
}

#[test]
fn its_edge_nodes_stand_on_a_branch_that_the_new_key_signs() {
    let mut net = Network::new(2);
    net.connect(0, PROVINCE);
    let laptop = key(70).node();
    let mut record = roster(2, 1, net.federation_key.federation()).nodes[&key(2).node()].clone();
    (record.name, record.role) = ("TH-2-laptop".to_owned(), NodeRole::Edge);
    let consent = Consent::sign(&key(70), &net.federation_key.federation(), key(2).node());
    let branch = Branch {
        federation: net.federation_key.federation(),
        parent: key(2).node(),
        version: 7,
        nodes: [(laptop, Admitted { record, consent })].into(),
    };
    enact(&mut net, PROVINCE, Act::Branch(branch.sign(&key(2))));
    let active = |net: &Network, node: &NodeId| {
        let known = |machine: usize| net.machines[machine].node.roster().is_active(node);
        [known(0), known(PROVINCE)]
    };
    assert_eq!(active(&net, &laptop), [true, true]);
    net.disconnect(0, PROVINCE);
    tell(&mut net, 0);
    rotate(&mut net);
    net.connect(0, PROVINCE);
    assert_eq!(active(&net, &laptop), [true, true]);
    let admitted = |machine: usize| net.machines[machine].node.roster().nodes[&laptop].admitted_by;
    assert_eq!([admitted(0), admitted(1)], [Some(next_key().node()); 2]);
}

#[test]
fn a_node_without_edge_nodes_leaves_no_branch_to_whoever_has_its_old_key() {
    let mut net = Network::new(2);
    rotate(&mut net);
    let branch = net.machines[PROVINCE].node.branch(&next_key().node());
    assert!(branch.unwrap().0.nodes.is_empty());
}

#[test]
fn a_steward_that_begins_empty_freezes_its_old_key_only_once_it_is_filled_again() {
    let mut net = Network::new(3);
    let space = net.found(PROVINCE, &[(0, WRITER), (2, READER)]);
    net.connect(0, PROVINCE);
    net.append(PROVINCE, space, 4).unwrap();
    net.disconnect(0, PROVINCE);
    tell(&mut net, 0);
    tell(&mut net, 2);
    let federation = net.federation_key.federation();
    start_anew(&mut net, Disk::new(federation), vec![], true);
    net.connect(0, PROVINCE);
    for machine in [0, PROVINCE] {
        assert_eq!(old_feed(&net, machine, space), (4, 4), "at {machine}");
        let manifest = net.machines[machine].node.manifest(&space).unwrap();
        assert_eq!(manifest.signer, next_key().node());
        assert!(manifest.frozen.contains(&key(2).node()));
    }
    assert!(net.all_links_in_sync());
}

#[test]
fn a_restart_and_another_roster_in_the_middle_of_being_filled_take_nothing_away() {
    let mut net = Network::new(2);
    let space = net.found(PROVINCE, &[(0, WRITER)]);
    net.connect(0, PROVINCE);
    net.append(PROVINCE, space, 4).unwrap();
    net.disconnect(0, PROVINCE);
    tell(&mut net, 0);
    // It has heard of its space, and of nothing in it.
    let (federation, manifests) = (net.federation_key.federation(), manifests(&net));
    start_anew(&mut net, Disk::new(federation), manifests, true);
    let mut later = replaced(&net).open(&federation).unwrap();
    later.version += 1;
    let later = later.sign(&net.federation_key);
    enact(&mut net, PROVINCE, Act::Roster(later));
    net.connect(0, PROVINCE);
    for machine in [0, PROVINCE] {
        assert_eq!(old_feed(&net, machine, space), (4, 4), "at {machine}");
    }
}
