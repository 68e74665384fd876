//! Nodes in one thread with an instant network and an instant disk.

use std::collections::{BTreeMap, VecDeque};

use super::disk::Disk;
use bytes::Bytes;
use phaki_replication::entry::EntryKind;
use phaki_replication::id::{Epoch, FederationId, NodeId, SpaceId};
use phaki_replication::invariants;
use phaki_replication::manifest::{Manifest, MemberRole};
use phaki_replication::message::{CloseReason, Message};
use phaki_replication::node::{
    Act, Durable, Effect, Event, LinkId, NewEntry, Node, Notice, Now, Refusal, RequestId,
};
use phaki_replication::roster::{NodeRecord, NodeRole, NodeStatus, Roster};
use phaki_replication::sign::SecretKey;

/// A node with what its disk would hold.
pub(crate) struct Machine {
    pub(crate) node: Node,
    pub(crate) key: SecretKey,
    pub(crate) disk: Disk,
    pub(crate) epochs: u8,
    pub(crate) answers: BTreeMap<RequestId, Result<(), Refusal>>,
    pub(crate) notices: Vec<Notice>,
    pub(crate) closed: Vec<CloseReason>,
}

impl Machine {
    fn draw_epoch(&mut self) -> Epoch {
        self.epochs += 1;
        let mut epoch = Epoch(self.node.epoch().0);
        epoch.0[0] = 100 + self.epochs;
        epoch
    }
}

/// Nodes in one thread; messages arrive at once and in order.
pub(crate) struct Network {
    pub(crate) machines: Vec<Machine>,
    pub(crate) links: BTreeMap<(usize, LinkId), (usize, LinkId)>,
    pub(crate) events: VecDeque<(usize, Event)>,
    pub(crate) messages: Vec<(usize, usize, Message)>,
    pub(crate) next: u64,
    pub(crate) time_ms: u64,
    /// A machine that cannot read places of feeds.
    pub(crate) unreadable: Option<usize>,
    pub(crate) federation_key: SecretKey,
}

pub(crate) fn key(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n; 32])
}

pub(crate) fn roster(count: u8, version: u64, federation: FederationId) -> Roster {
    let record = |n: u8| NodeRecord {
        name: format!("TH-{n}"),
        role: NodeRole::Province,
        area: n.to_string(),
        within: vec!["R12".to_owned()],
        addresses: vec![],
        status: NodeStatus::Active,
        replaces: None,
        admitted_by: None,
    };
    let nodes = (1..=count).map(|n| (key(n).node(), record(n))).collect();
    Roster {
        federation,
        version,
        nodes,
    }
}

impl Network {
    pub(crate) fn new(count: u8) -> Self {
        let federation_key = key(99);
        let federation = federation_key.federation();
        let signed = roster(count, 1, federation).sign(&federation_key);
        let machine = |n: u8| {
            let durable = Durable {
                roster: signed.clone(),
                branches: vec![],
                manifests: vec![],
                forks: vec![],
                receipts: vec![],
                vault: vec![],
                severed: vec![],
                feeds: vec![],
            };
            Machine {
                node: Node::new(key(n), Epoch([n; 16]), [n; 8], federation, durable).unwrap(),
                key: key(n),
                disk: Disk::new(federation),
                epochs: 0,
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
            unreadable: None,
            federation_key,
        }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(crate) fn id(&self, machine: usize) -> NodeId {
        self.machines[machine].node.id()
    }

    pub(crate) fn connect(&mut self, a: usize, b: usize) {
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

    pub(crate) fn disconnect(&mut self, a: usize, b: usize) {
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

    pub(crate) fn found(&mut self, steward: usize, members: &[(usize, MemberRole)]) -> SpaceId {
        let nonce = [u8::try_from(self.next()).unwrap(); 16];
        let federation = self.federation_key.federation();
        let mut manifest = Manifest::found(federation, self.id(steward), nonce, "plans");
        for (member, role) in members {
            manifest.members.insert(self.id(*member), *role);
        }
        self.enact(steward, &manifest);
        manifest.space
    }

    pub(crate) fn enact(&mut self, steward: usize, manifest: &Manifest) {
        let request = RequestId(self.next());
        let act = Act::Manifest(manifest.sign(&self.machines[steward].key));
        self.events
            .push_back((steward, Event::Enact { request, act }));
        self.settle();
    }

    pub(crate) fn append(
        &mut self,
        machine: usize,
        space: SpaceId,
        count: usize,
    ) -> Result<(), Refusal> {
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
                epoch: self.machines[machine].node.epoch(),
                space,
                entries,
            },
        ));
        self.settle();
        self.machines[machine].answers[&request]
    }

    pub(crate) fn tick(&mut self, ms: u64) {
        self.time_ms += ms;
        for machine in 0..self.machines.len() {
            self.events.push_back((machine, Event::Tick));
        }
        self.settle();
    }

    pub(crate) fn settle(&mut self) {
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
            assert_eq!(
                self.machines[machine].disk.twice, 0,
                "published again twice"
            );
            for effect in effects {
                self.carry_out(machine, effect);
            }
        }
    }

    pub(crate) fn carry_out(&mut self, at: usize, effect: Effect) {
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
                machine.disk.write(&change);
                self.events.push_back((at, Event::Stored { write }));
            }
            Effect::Read {
                read,
                space,
                feed,
                from,
                ..
            } => {
                let run = machine.disk.run(&space, &feed, from);
                self.events.push_back((at, Event::Read { read, run }));
            }
            Effect::Examine {
                read,
                space,
                feed,
                from,
            } => {
                let readable = self.unreadable != Some(at);
                let place = readable.then(|| machine.disk.place(&space, &feed, from));
                let place = place.flatten();
                self.events.push_back((at, Event::Examined { read, place }));
            }
            Effect::ReadSevered { read, space, run } => {
                let found = machine.disk.severed_run(&space, &run);
                self.events
                    .push_back((at, Event::SeveredRead { read, found }));
            }
            Effect::ListSevered { space } => {
                let runs = Some(machine.disk.kept(&space));
                self.events
                    .push_back((at, Event::SeveredListed { space, runs }));
            }
            Effect::Recall { space } => {
                let entries = machine.disk.recalled(&space, &machine.node.id());
                self.events
                    .push_back((at, Event::Recalled { space, entries }));
            }
            Effect::DrawEpoch => {
                let epoch = machine.draw_epoch();
                self.events.push_back((at, Event::EpochDrawn { epoch }));
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

    pub(crate) fn length(&self, machine: usize, space: SpaceId) -> u64 {
        self.machines[machine]
            .node
            .frontier(&space)
            .map_or(0, |f| f.values().sum())
    }

    pub(crate) fn entries_sent(&self) -> usize {
        let count = |message: &Message| match message {
            Message::Batch { runs, .. } => runs.iter().map(|run| run.entries.len()).sum(),
            _ => 0,
        };
        self.messages
            .iter()
            .map(|(_, _, message)| count(message))
            .sum()
    }

    pub(crate) fn all_links_in_sync(&self) -> bool {
        self.machines
            .iter()
            .all(|machine| machine.node.links().iter().all(|link| link.in_sync))
    }
}
