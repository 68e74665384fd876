//! The node under test, and what hostile peers can build their messages from.

use std::collections::BTreeMap;

use bytes::Bytes;
use phaki_replication::branch::{Admitted, Branch, SignedBranch};
use phaki_replication::consent::Consent;
use phaki_replication::entry::{Entry, EntryKind, Payload, root};
use phaki_replication::feed::Run;
use phaki_replication::fork::ForkProof;
use phaki_replication::id::{Epoch, FederationId, FeedId, Hash, NodeId, ShortDigest, SpaceId};
use phaki_replication::manifest::{Group, Manifest, MemberRole, SignedManifest};
use phaki_replication::message::{Hello, Message, PROTOCOL_VERSION, SeveredRun};
use phaki_replication::node::{Durable, Event, LinkId, Node};
use phaki_replication::receipt::{Receipt, SignedReceipt};
use phaki_replication::roster::{NodeRecord, NodeRole, NodeStatus, Roster, SignedRoster};
use phaki_replication::sign::{SecretKey, Signature};

use super::disk::Disk;
use crate::input::Input;

/// Peers: two writers, a reader, one without rights, one that is suspended.
pub(super) const PEERS: u8 = 5;

pub(super) struct World {
    pub(super) node: Node,
    pub(super) disk: Disk,
    pub(super) time_ms: u64,
    pub(super) requests: u64,
    pub(super) epochs: u8,
    links: Vec<NodeId>,
    federation: SecretKey,
    shared: SpaceId,
    secret: SpaceId,
    /// The run that was cut off and of which the node was told last.
    told: Option<(SpaceId, Hash, Run)>,
}

fn key(number: u8) -> SecretKey {
    SecretKey::from_seed(&[number; 32])
}

fn record(number: u8) -> NodeRecord {
    let status = match number {
        6 => NodeStatus::Suspended,
        _ => NodeStatus::Active,
    };
    NodeRecord {
        name: format!("TH-{number}"),
        role: NodeRole::Province,
        area: number.to_string(),
        within: vec!["R1".to_owned()],
        addresses: vec![],
        status,
        replaces: None,
        admitted_by: None,
    }
}

fn first_roster(federation: FederationId) -> Roster {
    Roster {
        federation,
        version: 1,
        nodes: (1..=6)
            .map(|number| (key(number).node(), record(number)))
            .collect(),
    }
}

impl World {
    /// Node 1 is the steward of a shared space and of a secret one.
    pub(super) fn new() -> Self {
        let federation = key(99);
        let id = federation.federation();
        let own = key(1);
        let mut shared = Manifest::found(id, own.node(), [1; 16], "shared");
        for (number, role) in [
            (2, MemberRole::Writer),
            (3, MemberRole::Writer),
            (4, MemberRole::Reader),
        ] {
            shared.members.insert(key(number).node(), role);
        }
        let secret = Manifest::found(id, own.node(), [2; 16], "secret");
        let durable = Durable {
            roster: first_roster(id).sign(&federation),
            branches: vec![],
            manifests: vec![shared.sign(&own), secret.sign(&own)],
            forks: vec![],
            vault: vec![],
            receipts: vec![],
            severed: vec![],
            feeds: vec![],
        };
        let node = Node::new(own, Epoch([1; 16]), [1; 8], id, durable).expect("is in order");
        Self {
            node,
            disk: Disk::new(id),
            time_ms: 0,
            requests: 0,
            epochs: 100,
            links: vec![],
            federation,
            shared: shared.space,
            secret: secret.space,
            told: None,
        }
    }

    pub(super) fn open(&mut self, peer: u8, dialled: bool) -> Event {
        let peer = key(2 + peer).node();
        self.links.push(peer);
        let link = LinkId(u64::try_from(self.links.len()).unwrap_or(u64::MAX));
        Event::LinkOpened {
            link,
            peer,
            dialled,
        }
    }

    /// One of the links there were, open or not.
    pub(super) fn link(&self, choice: u8) -> LinkId {
        let count = u64::try_from(self.links.len()).unwrap_or(1).max(1);
        // The newest are the most likely to be open.
        LinkId(count - u64::from(choice) % count.min(4))
    }

    pub(super) fn peer(&self, LinkId(link): LinkId) -> NodeId {
        let index = usize::try_from(link - 1).unwrap_or_default();
        self.links
            .get(index)
            .copied()
            .expect("is told on links that there are")
    }

    pub(super) fn space(&self, choice: u8) -> SpaceId {
        match choice % 8 {
            6 => self.secret,
            7 => SpaceId([choice; 16]),
            _ => self.shared,
        }
    }

    pub(super) fn feed(&self, input: &mut Input<'_>) -> FeedId {
        let author = key(1 + input.below(7)).node();
        let epoch = match input.below(4) {
            0 => self.node.epoch(),
            other => Epoch([other; 16]),
        };
        FeedId { author, epoch }
    }

    pub(super) fn digest(&self, input: &mut Input<'_>) -> ShortDigest {
        match input.below(3) {
            0 => self
                .node
                .space(&self.shared)
                .map_or(ShortDigest([0; 16]), |held| held.digest()),
            _ => ShortDigest([input.byte(); 16]),
        }
    }

    pub(super) fn hash(&self, input: &mut Input<'_>) -> Hash {
        Hash([input.byte(); 32])
    }

    pub(super) fn hello(&self, instance: u8) -> Hello {
        Hello {
            protocol: PROTOCOL_VERSION,
            protocol_min: PROTOCOL_VERSION,
            federation: self.node.federation(),
            epoch: Epoch([1; 16]),
            instance: [instance; 8],
            roster_version: 1,
            roster: self.node.signed_roster().hash().shorten(),
            branches: ShortDigest([0; 16]),
            time_ms: 0,
        }
    }

    /// A run that continues what is held, or begins elsewhere; whole, or with one thing wrong.
    fn run(&self, input: &mut Input<'_>, space: SpaceId) -> Run {
        let number = 1 + input.below(6);
        let epoch = match input.below(3) {
            0 => self.node.epoch(),
            other => Epoch([other; 16]),
        };
        let feed = FeedId {
            author: key(number).node(),
            epoch,
        };
        let federation = self.node.federation();
        let held = self
            .node
            .frontier(&space)
            .and_then(|held| held.get(&feed).copied());
        let at = match input.below(4) {
            0 => u64::from(input.below(8)),
            _ => held.unwrap_or(0),
        };
        let head = self
            .disk
            .place(&space, &feed, at)
            .map_or_else(|| root(&federation, &space, &feed), |place| place.head);
        let count = 1 + input.below(4);
        let payload = Bytes::copy_from_slice(input.bytes(70));
        let entries = (0..count).map(|n| Entry {
            kind: EntryKind(1 + input.below(5)),
            time_ms: i64::from(n),
            payload: Payload::Present(payload.clone()),
        });
        let entries = entries.collect();
        let signer = match input.below(8) {
            0 => key(1 + input.below(6)),
            _ => key(number),
        };
        let mut run = Run::sign(&signer, &federation, &space, feed, (at, head), entries);
        match input.below(12) {
            0 => run.checkpoint.head = self.hash(input),
            1 => run.checkpoint.length = input.number(),
            2 => run.from = input.number().min(u64::MAX / 2),
            3 => run.feed.author = key(1 + input.below(6)).node(),
            4 => run.entries.clear(),
            5 => run.entries.reverse(),
            6 => run.checkpoint.signature = Signature([input.byte(); 64]),
            7 => {
                if let Some(entry) = run.entries.first_mut() {
                    entry.payload = Payload::Dropped {
                        hash: entry.payload.hash(),
                        length: u32::from(input.byte()),
                    };
                }
            }
            _ => {}
        }
        run
    }

    pub(super) fn batch(&self, input: &mut Input<'_>) -> Message {
        let space = self.space(input.byte());
        // Sometimes signed for another space than the one it is sent for.
        let signed_for = match input.below(8) {
            0 => self.space(input.byte()),
            _ => space,
        };
        let count = 1 + input.below(3);
        let runs = (0..count).map(|_| self.run(input, signed_for)).collect();
        Message::Batch { space, runs }
    }

    /// Tells of a run that was cut off, or sends the one that was told of last.
    fn severed(&mut self, input: &mut Input<'_>, told: (SpaceId, Hash, Run)) -> Message {
        let name = |run: &Run| SeveredRun {
            feed: run.feed,
            from: run.from,
            head: run.checkpoint.head,
        };
        let (space, run) = (told.0, name(&told.2));
        match (input.below(4), self.told.take()) {
            (0, _) => Message::WantSevered { space, run },
            (1 | 2, Some((space, previous, run))) => Message::Severed {
                space,
                previous,
                run,
            },
            _ => {
                self.told = Some(told);
                let runs = vec![run];
                Message::SeveredHeld { space, runs }
            }
        }
    }

    pub(super) fn fork(&mut self, input: &mut Input<'_>) -> Message {
        let space = self.space(input.byte());
        let (one, other) = (self.run(input, space), self.run(input, space));
        let federation = self.node.federation();
        let previous = self
            .disk
            .place(&space, &one.feed, one.from)
            .map_or_else(|| root(&federation, &space, &one.feed), |place| place.head);
        if input.below(3) == 0 {
            return self.severed(input, (space, previous, one));
        }
        match ForkProof::between(space, previous, &one, &other) {
            Some(proof) => Message::Fork(proof),
            None => Message::Batch {
                space,
                runs: vec![other],
            },
        }
    }

    /// Of somebody's space, by somebody.
    pub(super) fn manifest(&self, input: &mut Input<'_>) -> SignedManifest {
        let federation = self.node.federation();
        let founder = key(2 + input.below(5));
        let mut manifest = match input.below(3) {
            0 => {
                let shared = self.node.manifest(&self.shared);
                shared.expect("is held from the beginning").clone()
            }
            _ => Manifest::found(federation, founder.node(), [input.below(3); 16], "other"),
        };
        manifest.version = input.number();
        for _ in 0..input.below(3) {
            let role = [MemberRole::Reader, MemberRole::Writer, MemberRole::Removed];
            let role = role[usize::from(input.below(3))];
            match input.below(4) {
                0 => drop(
                    manifest
                        .groups
                        .insert(Group::Role(NodeRole::Province), role),
                ),
                1 => drop(manifest.frozen.insert(key(1 + input.below(6)).node())),
                2 => drop(manifest.caps.insert(self.feed(input), input.number())),
                _ => drop(
                    manifest
                        .members
                        .insert(key(1 + input.below(6)).node(), role),
                ),
            }
        }
        manifest.sign(&founder)
    }

    /// By somebody who is not the federation, or an old one again; rarely a new one.
    pub(super) fn roster(&self, input: &mut Input<'_>) -> SignedRoster {
        let mut roster = first_roster(self.node.federation());
        roster.version = input.number();
        let changed = key(2 + input.below(5)).node();
        if let Some(record) = roster.nodes.get_mut(&changed) {
            record.status = match input.below(3) {
                0 => NodeStatus::Removed,
                1 => NodeStatus::Suspended,
                _ => NodeStatus::Active,
            };
        }
        match input.below(4) {
            0 => roster.sign(&self.federation),
            _ => roster.sign(&key(2 + input.below(5))),
        }
    }

    pub(super) fn branch(&self, input: &mut Input<'_>) -> SignedBranch {
        let parent = key(2 + input.below(5));
        let federation = self.node.federation();
        let mut record = record(50 + input.below(4));
        record.role = NodeRole::Edge;
        record.admitted_by = Some(parent.node());
        let edge = key(50 + input.below(4));
        let asked = match input.below(4) {
            0 => key(2 + input.below(5)),
            _ => parent.clone(),
        };
        let consent = Consent::sign(&edge, &federation, asked.node());
        let branch = Branch {
            federation,
            parent: parent.node(),
            version: input.number(),
            nodes: BTreeMap::from([(edge.node(), Admitted { record, consent })]),
        };
        match input.below(4) {
            0 => branch.sign(&key(2 + input.below(5))),
            _ => branch.sign(&parent),
        }
    }

    pub(super) fn receipts(&self, input: &mut Input<'_>) -> Message {
        let space = self.space(input.byte());
        let signer = key(1 + input.below(6));
        if input.below(3) == 0 {
            return Message::ReceiptsHeld {
                space,
                numbers: vec![(signer.node(), input.number())],
            };
        }
        let receipt = Receipt {
            federation: self.node.federation(),
            space,
            node: signer.node(),
            number: input.number(),
            time_ms: 0,
            feeds: BTreeMap::from([(self.feed(input), input.number())]),
        };
        let by = match input.below(4) {
            0 => key(2 + input.below(5)),
            _ => signer,
        };
        let receipts: Vec<SignedReceipt> = vec![receipt.sign(&by)];
        Message::Receipts { space, receipts }
    }

    /// A peer hears nothing of the space that nobody else may read.
    pub(super) fn check_told(&self, peer: &NodeId, message: &Message) {
        let told = format!("{message:?}");
        let name = format!("{:?}", self.secret);
        assert!(
            !told.contains(&name),
            "{peer} hears of the secret space: {told}"
        );
    }

    /// Whatever happened: what was stored is what its authors signed.
    pub(super) fn check_disk(&self) {
        let federation = self.node.federation();
        for ((space, feed), held) in &self.disk.feeds {
            let mut at = (0, root(&federation, space, feed));
            for run in &held.runs {
                let whole = run.end() == run.checkpoint.length;
                assert!(!whole || run.verify(&federation, space, at).is_ok());
                at = (run.checkpoint.length, run.checkpoint.head);
            }
        }
    }
}
