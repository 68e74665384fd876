//! Whole conversations between a few nodes with an instant network and an instant disk.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall stop")]

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use phaki_replication::entry::EntryKind;
use phaki_replication::feed::Run;
use phaki_replication::id::{Epoch, FederationId, FeedId, NodeId, SpaceId};
use phaki_replication::invariants;
use phaki_replication::manifest::{Manifest, MemberRole};
use phaki_replication::message::{CloseReason, Message};
use phaki_replication::node::{
    Act, Change, Durable, Effect, Event, LinkId, NewEntry, Node, Notice, Now, Refusal, RequestId,
};
use phaki_replication::roster::{NodeRecord, NodeRole, NodeStatus, Roster};
use phaki_replication::sign::SecretKey;

/// A node with what its disk would hold.
struct Machine {
    node: Node,
    key: SecretKey,
    runs: BTreeMap<(SpaceId, FeedId), Vec<Run>>,
    applied: BTreeMap<(SpaceId, FeedId), u64>,
    answers: BTreeMap<RequestId, Result<(), Refusal>>,
    notices: Vec<Notice>,
    closed: Vec<CloseReason>,
}

/// Nodes in one thread; messages arrive at once and in order.
struct Network {
    machines: Vec<Machine>,
    links: BTreeMap<(usize, LinkId), (usize, LinkId)>,
    events: VecDeque<(usize, Event)>,
    messages: Vec<(usize, usize, Message)>,
    next: u64,
    time_ms: u64,
    federation_key: SecretKey,
}

fn key(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n; 32])
}

fn roster(count: u8, version: u64, federation: FederationId) -> Roster {
    let record = |n: u8| NodeRecord {
        name: format!("TH-{n}"),
        role: NodeRole::Province,
        area: n.to_string(),
        addresses: vec![],
        status: NodeStatus::Active,
    };
    let nodes = (1..=count).map(|n| (key(n).node(), record(n))).collect();
    Roster {
        federation,
        version,
        nodes,
    }
}

impl Network {
    fn new(count: u8) -> Self {
        let federation_key = key(99);
        let federation = federation_key.federation();
        let signed = roster(count, 1, federation).sign(&federation_key);
        let machine = |n: u8| {
            let durable = Durable {
                roster: signed.clone(),
                manifests: vec![],
                feeds: vec![],
            };
            Machine {
                node: Node::new(key(n), Epoch([n; 16]), federation, durable).unwrap(),
                key: key(n),
                runs: BTreeMap::new(),
                applied: BTreeMap::new(),
                answers: BTreeMap::new(),
                notices: vec![],
                closed: vec![],
            }
        };
        Self {
            machines: (1..=count).map(machine).collect(),
            links: BTreeMap::new(),
            events: VecDeque::new(),
            messages: vec![],
            next: 0,
            time_ms: 0,
            federation_key,
        }
    }

    fn next(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn id(&self, machine: usize) -> NodeId {
        self.machines[machine].node.id()
    }

    fn connect(&mut self, a: usize, b: usize) {
        let (here, there) = (LinkId(self.next()), LinkId(self.next()));
        self.links.insert((a, here), (b, there));
        self.links.insert((b, there), (a, here));
        let (peer_a, peer_b) = (self.id(a), self.id(b));
        self.events.push_back((
            a,
            Event::LinkOpened {
                link: here,
                peer: peer_b,
                dialled: true,
            },
        ));
        self.events.push_back((
            b,
            Event::LinkOpened {
                link: there,
                peer: peer_a,
                dialled: false,
            },
        ));
        self.settle();
    }

    fn disconnect(&mut self, a: usize, b: usize) {
        let cut: Vec<_> = self
            .links
            .iter()
            .filter(|((from, _), (to, _))| (*from, *to) == (a, b) || (*from, *to) == (b, a))
            .map(|(end, _)| *end)
            .collect();
        for end in cut {
            self.links.remove(&end);
            self.events
                .push_back((end.0, Event::LinkClosed { link: end.1 }));
        }
        self.settle();
    }

    fn found(&mut self, steward: usize, members: &[(usize, MemberRole)]) -> SpaceId {
        let nonce = [u8::try_from(self.next()).unwrap(); 16];
        let federation = self.federation_key.federation();
        let mut manifest = Manifest::found(federation, self.id(steward), nonce, "plans");
        for (member, role) in members {
            manifest.members.insert(self.id(*member), *role);
        }
        self.enact(steward, &manifest);
        manifest.space
    }

    fn enact(&mut self, steward: usize, manifest: &Manifest) {
        let request = RequestId(self.next());
        let act = Act::Manifest(manifest.sign(&self.machines[steward].key));
        self.events
            .push_back((steward, Event::Enact { request, act }));
        self.settle();
    }

    fn append(&mut self, machine: usize, space: SpaceId, count: usize) -> Result<(), Refusal> {
        let request = RequestId(self.next());
        let entry = |n: usize| NewEntry {
            kind: EntryKind::CHANGE,
            payload: Bytes::from(format!("{machine} {request:?} {n}")),
        };
        let entries = (0..count).map(entry).collect();
        self.events.push_back((
            machine,
            Event::Append {
                request,
                space,
                entries,
            },
        ));
        self.settle();
        self.machines[machine].answers[&request]
    }

    fn tick(&mut self, ms: u64) {
        self.time_ms += ms;
        for machine in 0..self.machines.len() {
            self.events.push_back((machine, Event::Tick));
        }
        self.settle();
    }

    fn settle(&mut self) {
        let mut steps = 0;
        while let Some((machine, event)) = self.events.pop_front() {
            steps += 1;
            assert!(steps < 100_000, "the nodes never come to rest");
            let wall_ms = i64::try_from(self.time_ms).unwrap();
            let now = Now {
                monotonic_ms: self.time_ms,
                wall_ms,
            };
            let effects = self.machines[machine].node.handle(now, event);
            assert_eq!(invariants::check(&self.machines[machine].node), Ok(()));
            for effect in effects {
                self.carry_out(machine, effect);
            }
        }
    }

    fn carry_out(&mut self, at: usize, effect: Effect) {
        let machine = &mut self.machines[at];
        match effect {
            Effect::Send { link, message } => {
                if let Some((to, link)) = self.links.get(&(at, link)).copied() {
                    self.messages.push((at, to, message.clone()));
                    self.events
                        .push_back((to, Event::Received { link, message }));
                }
            }
            Effect::Close { link, reason } => {
                machine.closed.push(reason);
                if let Some((to, there)) = self.links.remove(&(at, link)) {
                    self.links.remove(&(to, there));
                    self.events
                        .push_back((to, Event::LinkClosed { link: there }));
                }
            }
            Effect::Store { write, change } => {
                if let Change::Runs { space, runs } = change {
                    for (run, permitted) in runs {
                        let applied = permitted.min(run.end());
                        machine.applied.insert((space, run.feed), applied);
                        machine.runs.entry((space, run.feed)).or_default().push(run);
                    }
                }
                self.events.push_back((at, Event::Stored { write }));
            }
            Effect::Read {
                read,
                space,
                feed,
                from,
                ..
            } => {
                let mut runs = machine.runs.get(&(space, feed)).into_iter().flatten();
                let run = runs.find(|run| run.end() > from).cloned();
                let run = run.map(|run| run.starting_at(from));
                self.events.push_back((at, Event::Read { read, run }));
            }
            Effect::Accept { request } => {
                machine.answers.insert(request, Ok(()));
            }
            Effect::Refuse { request, refusal } => {
                machine.answers.insert(request, Err(refusal));
            }
            Effect::Notice(notice) => machine.notices.push(notice),
            Effect::RosterInForce => {}
        }
    }

    fn length(&self, machine: usize, space: SpaceId) -> u64 {
        self.machines[machine]
            .node
            .frontier(&space)
            .map_or(0, |f| f.values().sum())
    }

    fn entries_sent(&self) -> usize {
        let count = |message: &Message| match message {
            Message::Batch { runs, .. } => runs.iter().map(|run| run.entries.len()).sum(),
            _ => 0,
        };
        self.messages
            .iter()
            .map(|(_, _, message)| count(message))
            .sum()
    }

    fn all_links_in_sync(&self) -> bool {
        self.machines
            .iter()
            .all(|machine| machine.node.links().iter().all(|link| link.in_sync))
    }
}

const WRITER: MemberRole = MemberRole::Writer;
const READER: MemberRole = MemberRole::Reader;

#[test]
fn a_new_member_receives_manifest_and_all_entries() {
    let mut net = Network::new(2);
    let space = net.found(0, &[(1, WRITER)]);
    net.append(0, space, 5000).unwrap();
    net.connect(0, 1);
    assert_eq!(net.length(1, space), 5000);
    assert_eq!(net.entries_sent(), 5000);
    assert!(net.all_links_in_sync());
}

#[test]
fn both_sides_catch_up_after_working_apart() {
    let mut net = Network::new(2);
    let space = net.found(0, &[(1, WRITER)]);
    net.connect(0, 1);
    net.disconnect(0, 1);
    net.append(0, space, 10).unwrap();
    net.append(1, space, 20).unwrap();
    net.connect(1, 0);
    assert_eq!((net.length(0, space), net.length(1, space)), (30, 30));
    assert_eq!(net.entries_sent(), 30);
    assert!(net.all_links_in_sync());
}

#[test]
fn a_live_edit_is_sent_once_and_without_being_asked_for() {
    let mut net = Network::new(2);
    let space = net.found(0, &[(1, WRITER)]);
    net.connect(0, 1);
    net.append(0, space, 1).unwrap();
    net.messages.clear();
    net.append(0, space, 1).unwrap();
    assert_eq!(net.length(1, space), 2);
    assert!(
        !net.messages
            .iter()
            .any(|(.., m)| matches!(m, Message::Want(_)))
    );
    assert_eq!(net.entries_sent(), 1);
    assert!(net.all_links_in_sync());
}

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
fn nodes_that_never_meet_converge_through_a_third() {
    let mut net = Network::new(3);
    let space = net.found(0, &[(1, WRITER), (2, WRITER)]);
    net.connect(0, 1);
    net.connect(0, 2);
    net.append(1, space, 3).unwrap();
    net.append(2, space, 4).unwrap();
    for machine in 0..3 {
        assert_eq!(net.length(machine, space), 7);
    }
    assert!(net.all_links_in_sync());
}

#[test]
fn in_a_triangle_nothing_is_sent_twice() {
    let mut net = Network::new(3);
    let space = net.found(0, &[(1, WRITER), (2, WRITER)]);
    net.connect(0, 1);
    net.connect(0, 2);
    net.connect(1, 2);
    net.append(0, space, 1).unwrap();
    net.messages.clear();
    net.append(0, space, 10).unwrap();
    assert_eq!(net.entries_sent(), 20);
    net.tick(2_000);
    assert_eq!(net.entries_sent(), 20);
}

#[test]
fn an_idle_reconnect_is_two_messages_each_way_however_much_is_held() {
    let mut net = Network::new(2);
    let space = net.found(0, &[(1, WRITER)]);
    net.append(0, space, 3000).unwrap();
    net.connect(0, 1);
    net.disconnect(0, 1);
    net.messages.clear();
    net.connect(0, 1);
    let kinds: Vec<_> = net
        .messages
        .iter()
        .map(|(from, _, m)| (*from, m.clone()))
        .collect();
    assert_eq!(kinds.len(), 4, "{kinds:?}");
    assert!(net.all_links_in_sync());
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
    assert_eq!(net.machines[0].applied[&(space, feed)], 0);
    assert_eq!(net.machines[0].node.space(&space).unwrap().quarantined(), 4);
    assert_eq!(net.machines[1].node.space(&space).unwrap().quarantined(), 4);
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
fn heartbeats_keep_a_silent_session_and_silence_ends_one() {
    let mut net = Network::new(2);
    net.connect(0, 1);
    for _ in 0..10 {
        net.tick(20_000);
    }
    assert_eq!(net.machines[0].node.links().len(), 1);
    net.links.clear();
    net.tick(70_000);
    assert!(net.machines[0].node.links().is_empty());
    assert_eq!(net.machines[0].closed, [CloseReason::Silence]);
}

#[test]
fn of_two_links_that_cross_both_sides_keep_the_same() {
    let mut net = Network::new(2);
    let (one, two) = ((LinkId(1001), LinkId(1002)), (LinkId(1003), LinkId(1004)));
    for (here, there) in [one, two] {
        net.links.insert((0, here), (1, there));
        net.links.insert((1, there), (0, here));
    }
    let (a, b) = (net.id(0), net.id(1));
    let opened = |link, peer, dialled| Event::LinkOpened {
        link,
        peer,
        dialled,
    };
    net.events.push_back((0, opened(one.0, b, true)));
    net.events.push_back((1, opened(two.1, a, true)));
    net.events.push_back((0, opened(two.0, b, false)));
    net.events.push_back((1, opened(one.1, a, false)));
    net.settle();
    let kept = |n: usize| {
        net.machines[n]
            .node
            .links()
            .iter()
            .map(|l| l.dialled)
            .collect::<Vec<_>>()
    };
    assert_eq!(kept(0).len(), 1);
    assert_eq!(kept(1).len(), 1);
    assert_ne!(kept(0), kept(1));
}

#[test]
fn a_failed_write_leaves_nothing_behind() {
    let mut net = Network::new(2);
    let space = net.found(0, &[(1, READER)]);
    let now = Now {
        monotonic_ms: 0,
        wall_ms: 0,
    };
    let entries = vec![NewEntry {
        kind: EntryKind::CHANGE,
        payload: Bytes::from_static(b"x"),
    }];
    let request = RequestId(7);
    let node = &mut net.machines[0].node;
    node.handle(
        now,
        Event::Append {
            request,
            space,
            entries,
        },
    );
    let effects = node.handle(now, Event::StoreFailed);
    assert!(matches!(
        effects[..],
        [Effect::Refuse {
            refusal: Refusal::Storage,
            ..
        }]
    ));
    assert_eq!(net.length(0, space), 0);
    net.append(0, space, 1).unwrap();
    net.connect(0, 1);
    assert_eq!(net.length(1, space), 1);
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
    manifest.members.remove(&net.id(2));
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
