//! The state of a node and the dispatch of events.

use std::collections::{BTreeMap, BTreeSet};

use super::forks::Examination;
use super::held::Held;
use super::session::Session;
use super::start::{StartError, branches_of, spaces_of};
use super::stored::Writes;
use super::{Change, Durable, Effect, Event, LinkId, Notice, Now, ReadId};
use crate::branch::{Branch, SignedBranch};
use crate::frontier::Frontier;
use crate::id::{Epoch, FederationId, FeedId, NodeId, SpaceId};
use crate::message::{CloseReason, Message, Range};
use crate::roster::{Roster, SignedRoster};
use crate::sign::SecretKey;

/// A node of a federation, without its disk, its clock and its sockets.
#[derive(Debug)]
pub struct Node {
    pub(super) key: SecretKey,
    pub(super) id: NodeId,
    pub(super) epoch: Epoch,
    pub(super) federation: FederationId,
    /// The roster that decides, with the branches; perhaps not durable yet.
    pub(super) roster: Roster,
    pub(super) signed_roster: SignedRoster,
    /// The roster that was made durable, which alone is told to others.
    pub(super) durable_roster: SignedRoster,
    /// What nodes admitted by themselves, by the admitting node.
    pub(super) branches: BTreeMap<NodeId, (Branch, SignedBranch)>,
    pub(super) durable_branches: BTreeMap<NodeId, SignedBranch>,
    pub(super) spaces: BTreeMap<SpaceId, Held>,
    pub(super) sessions: BTreeMap<LinkId, Session>,
    pub(super) writes: Writes,
    pub(super) reads: BTreeMap<ReadId, (LinkId, Range)>,
    pub(super) reads_begun: u64,
    /// Places that are being read, and why.
    pub(super) examinations: BTreeMap<ReadId, Examination>,
    /// Reads of what was cut off, for peers that asked for it.
    pub(super) severed_reads: BTreeMap<ReadId, (LinkId, SpaceId)>,
    /// Spaces in which what was cut off is being listed, and whether more happened meanwhile.
    pub(super) listing: BTreeMap<SpaceId, bool>,
    /// Whether another life of this store is known to have written on, and no new epoch is
    /// durable yet; see `renewal.rs`.
    pub(super) superseded: bool,
    /// Spaces in which something is being published again, and whether more came meanwhile.
    pub(super) recalling: BTreeMap<SpaceId, bool>,
    /// Whether its store began empty under a key that had replaced another; see `succession.rs`.
    pub(super) refilled: bool,
    /// Spaces of its own of which it does not hold as much as some peer yet.
    pub(super) unfilled: BTreeSet<SpaceId>,
    /// Drawn when the process started.
    pub(super) instance: [u8; 8],
    /// The last process that spoke for a peer, and the one before.
    pub(super) instances: BTreeMap<NodeId, Instances>,
    /// Peers whose key is on two machines.
    pub(super) cloned: BTreeSet<NodeId>,
    /// Peers in quiet hours.
    pub(super) bulk_waits: BTreeSet<NodeId>,
}

/// The process that spoke last for a peer, and the one before it.
pub(super) type Instances = ([u8; 8], Option<[u8; 8]>);

impl Node {
    /// A node that continues from what its store holds. `instance` is drawn at random by each
    /// process. The first event must be [`Event::Start`].
    ///
    /// # Errors
    /// When the store holds what was never put in force.
    pub fn new(
        key: SecretKey,
        epoch: Epoch,
        instance: [u8; 8],
        federation: FederationId,
        durable: Durable,
    ) -> Result<Self, StartError> {
        let roster = durable
            .roster
            .open(&federation)
            .map_err(StartError::Roster)?;
        let mut branches = BTreeMap::new();
        for signed in durable.branches.clone() {
            let branch = signed.open(&federation).map_err(StartError::Branch)?;
            branches.insert(branch.parent, (branch, signed));
        }
        let roster = roster.with_branches(branches.values().map(|(branch, _)| branch));
        let (signed, durable_branches) = (durable.roster.clone(), branches_of(&branches));
        let spaces = spaces_of(&key.node(), &federation, &roster, durable)?;
        Ok(Self {
            id: key.node(),
            key,
            epoch,
            instance,
            federation,
            branches,
            durable_branches,
            roster,
            signed_roster: signed.clone(),
            durable_roster: signed,
            spaces,
            sessions: BTreeMap::new(),
            writes: Writes::default(),
            reads: BTreeMap::new(),
            reads_begun: 0,
            examinations: BTreeMap::new(),
            severed_reads: BTreeMap::new(),
            listing: BTreeMap::new(),
            superseded: false,
            recalling: BTreeMap::new(),
            refilled: false,
            unfilled: BTreeSet::new(),
            instances: BTreeMap::new(),
            cloned: BTreeSet::new(),
            bulk_waits: BTreeSet::new(),
        })
    }

    /// Takes in one event and says what shall happen, in order.
    pub fn handle(&mut self, now: Now, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        let out = &mut effects;
        match event {
            Event::LinkOpened {
                link,
                peer,
                dialled,
            } => {
                self.link_opened(now, link, peer, dialled, out);
            }
            Event::LinkClosed { link } => self.link_closed(now, link, out),
            Event::Received { link, message } => self.received(now, link, message, out),
            Event::Append {
                request,
                epoch,
                space,
                entries,
            } => {
                self.append(now, request, epoch, space, entries, out);
            }
            Event::Enact { request, act } => self.enact(now, request, act, out),
            Event::Stored { write } => self.stored(now, write, out),
            Event::StoreFailed => self.store_failed(out),
            Event::Start => {
                self.keep_own_branch(out);
                self.keep_own_manifests(out);
                self.renew_when_cut(out);
                self.recall_all(out);
                self.receipts_become_due(now);
                self.follow_vault_rights(now, out);
            }
            Event::Read { read, run } => self.read(now, read, run, out),
            Event::Examined { read, place } => self.examined(read, place, out),
            Event::SeveredRead { read, found } => self.severed_read(read, found, out),
            Event::SeveredListed { space, runs } => self.severed_listed(now, space, runs, out),
            Event::Recalled { space, entries } => self.recalled(now, space, entries, out),
            Event::EpochDrawn { epoch } => self.epoch_drawn(epoch, out),
            Event::BulkWaits { peers } => self.bulk_waits_with(now, peers, out),
            Event::Alive { link } => self.alive(now, link),
            Event::Tick => self.tick(now, out),
        }
        for effect in effects.iter() {
            if let Effect::Send { link, .. } = effect
                && let Some(session) = self.sessions.get_mut(link)
            {
                session.sent_ms = now.monotonic_ms;
            }
        }
        debug_assert_eq!(crate::invariants::check(self), Ok(()));
        effects
    }

    fn received(&mut self, now: Now, link: LinkId, message: Message, out: &mut Vec<Effect>) {
        let Some(session) = self.sessions.get_mut(&link) else {
            return;
        };
        session.heard_ms = now.monotonic_ms;
        session.message_ms = now.monotonic_ms;
        if session.hello.is_none() && !matches!(message, Message::Hello(_) | Message::Close(_)) {
            return self.refuse_peer(link, CloseReason::Protocol, out);
        }
        match message {
            Message::Hello(hello) => self.hello(now, link, hello, out),
            Message::Roster(signed) => self.roster_received(link, signed, out),
            Message::Branch(signed) => self.branch_received(link, signed, out),
            Message::Manifest(signed) => self.manifest_received(link, signed, out),
            Message::Fork(proof) => self.fork_received(link, proof, out),
            Message::Severed {
                space,
                previous,
                run,
            } => self.severed_received(now, link, space, previous, run, out),
            Message::SeveredHeld { space, runs } => {
                self.severed_offered(now, link, space, runs, out);
            }
            Message::WantSevered { space, run } => self.severed_wanted(link, space, run, out),
            Message::Have(states) => self.have(link, &states, out),
            Message::Frontier(report) => self.frontier_received(now, link, &report, out),
            Message::Want(range) => self.want(link, range, out),
            Message::Plan {
                space,
                entries,
                bytes,
            } => {
                let held = self.spaces.get(&space);
                if held.is_some_and(|held| held.is_shared_with(&self.roster, &session.peer)) {
                    session.plans.insert(space, (entries, bytes));
                }
            }
            Message::Batch { space, runs } => self.batch(now, link, space, runs, out),
            Message::Receipts { space, receipts } => {
                self.receipts_received(now, link, space, receipts, out);
            }
            Message::ReceiptsHeld { space, numbers } => {
                self.receipts_held(link, space, &numbers, out);
            }
            Message::Vault { space, statements } => {
                self.statements_received(now, link, space, statements, out);
            }
            Message::VaultHeld {
                space,
                answer,
                subjects,
            } => self.vault_held(link, space, (answer, &subjects), out),
            Message::Ack { space, feeds } => self.ack(now, link, space, &feeds, out),
            Message::Heartbeat(beat) => self.heartbeat(now, link, beat, out),
            Message::Close(reason) => {
                if reason == CloseReason::Clone {
                    let peer = session.peer;
                    out.push(Effect::Notice(Notice::OwnKeyElsewhere { peer }));
                }
                out.push(Effect::Close { link, reason });
                self.link_closed(now, link, out);
            }
        }
    }

    pub(super) fn store(&mut self, change: Change, purpose: super::stored::Purpose) -> Effect {
        let write = self.writes.begin(purpose);
        Effect::Store { write, change }
    }

    /// The node's key as others know it.
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// The life of the node's store.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The federation.
    pub fn federation(&self) -> FederationId {
        self.federation
    }

    /// The roster in force.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// The roster in force as it was signed.
    pub fn signed_roster(&self) -> &SignedRoster {
        &self.signed_roster
    }

    /// The spaces held.
    pub fn spaces(&self) -> impl Iterator<Item = (&SpaceId, &Held)> {
        self.spaces.iter()
    }

    /// A space, with its manifest and frontier.
    pub fn space(&self, space: &SpaceId) -> Option<&Held> {
        self.spaces.get(space)
    }

    /// Entries of a space that are held durably and do not count.
    pub fn quarantined(&self, space: &SpaceId) -> u64 {
        let held = self.spaces.get(space);
        held.map_or(0, |held| held.quarantined(&self.roster))
    }

    /// Peers whose key is on two machines.
    pub fn cloned(&self) -> &BTreeSet<NodeId> {
        &self.cloned
    }

    /// The manifest in force of a space.
    pub fn manifest(&self, space: &SpaceId) -> Option<&crate::manifest::Manifest> {
        self.spaces.get(space).map(Held::manifest)
    }

    /// The durable frontier of a space.
    pub fn frontier(&self, space: &SpaceId) -> Option<Frontier> {
        self.spaces.get(space).map(Held::frontier)
    }

    /// The feed to which this node appends in any space.
    pub fn own_feed(&self) -> FeedId {
        FeedId {
            author: self.id,
            epoch: self.epoch,
        }
    }
}
