//! The state of a node and the dispatch of events.

use std::collections::BTreeMap;

use thiserror::Error;

use super::held::{Extent, Feed, Held};
use super::session::Session;
use super::stored::Writes;
use super::{Change, Durable, Effect, Event, LinkId, Now, ReadId};
use crate::feed::Checkpoint;
use crate::frontier::Frontier;
use crate::id::{Epoch, FederationId, FeedId, NodeId, SpaceId};
use crate::manifest::ManifestError;
use crate::message::{CloseReason, Message, Range};
use crate::roster::{Roster, RosterError, SignedRoster};
use crate::sign::SecretKey;

/// A node of a federation, without its disk, its clock and its sockets.
#[derive(Debug)]
pub struct Node {
    pub(super) key: SecretKey,
    pub(super) id: NodeId,
    pub(super) epoch: Epoch,
    pub(super) federation: FederationId,
    /// The roster that decides; perhaps not durable yet.
    pub(super) roster: Roster,
    pub(super) signed_roster: SignedRoster,
    /// The roster that was made durable, which alone is told to others.
    pub(super) durable_roster: SignedRoster,
    pub(super) spaces: BTreeMap<SpaceId, Held>,
    pub(super) sessions: BTreeMap<LinkId, Session>,
    pub(super) writes: Writes,
    pub(super) reads: BTreeMap<ReadId, (LinkId, Range)>,
    pub(super) reads_begun: u64,
    /// Reads of own entries, to be compared with what a peer showed.
    pub(super) own_reads: BTreeMap<ReadId, (LinkId, SpaceId, Checkpoint)>,
    /// Whether another life of this store is known to have written on; see `forks.rs`.
    pub(super) superseded: bool,
}

/// Why a node does not start from what its store holds.
#[derive(Debug, Error)]
pub enum StartError {
    /// The roster is not what was stored once.
    #[error("open the stored roster")]
    Roster(#[source] RosterError),
    /// A manifest is not what was stored once.
    #[error("open a stored manifest")]
    Manifest(#[source] ManifestError),
    /// A feed belongs to a space without manifest.
    #[error("feed {feed} belongs to the unknown space {space}")]
    Space {
        /// The space.
        space: SpaceId,
        /// The feed.
        feed: FeedId,
    },
}

impl Node {
    /// A node that continues from what its store holds.
    pub fn new(
        key: SecretKey,
        epoch: Epoch,
        federation: FederationId,
        durable: Durable,
    ) -> Result<Self, StartError> {
        let roster = durable
            .roster
            .open(&federation)
            .map_err(StartError::Roster)?;
        let mut spaces = BTreeMap::new();
        for signed in durable.manifests {
            let manifest = signed.open(&federation).map_err(StartError::Manifest)?;
            let mut held = Held::new(key.node(), manifest.clone(), &signed);
            held.durable = Some((manifest.clone(), signed));
            spaces.insert(manifest.space, held);
        }
        for stored in durable.feeds {
            let (space, feed) = (stored.space, stored.feed);
            let held = spaces
                .get_mut(&space)
                .ok_or(StartError::Space { space, feed })?;
            let extent = Extent {
                length: stored.length,
                head: stored.head,
                bytes: stored.bytes,
            };
            held.feeds.insert(
                feed,
                Feed {
                    durable: extent,
                    pending: extent,
                },
            );
        }
        Ok(Self {
            id: key.node(),
            key,
            epoch,
            federation,
            roster,
            signed_roster: durable.roster.clone(),
            durable_roster: durable.roster,
            spaces,
            sessions: BTreeMap::new(),
            writes: Writes::default(),
            reads: BTreeMap::new(),
            reads_begun: 0,
            own_reads: BTreeMap::new(),
            superseded: false,
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
                space,
                entries,
            } => {
                self.append(now, request, space, entries, out);
            }
            Event::Enact { request, act } => self.enact(request, act, out),
            Event::Stored { write } => self.stored(now, write, out),
            Event::StoreFailed => self.store_failed(out),
            Event::Read { read, run } => self.read(now, read, run, out),
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
            Message::Manifest(signed) => self.manifest_received(link, signed, out),
            Message::Have(states) => self.have(link, &states, out),
            Message::Frontier(report) => self.frontier_received(now, link, &report, out),
            Message::Want(range) => self.want(link, range, out),
            Message::Plan {
                space,
                entries,
                bytes,
            } => {
                let held = self.spaces.get(&space);
                if held.is_some_and(|held| held.is_shared_with(&session.peer)) {
                    session.plans.insert(space, (entries, bytes));
                }
            }
            Message::Batch { space, runs } => self.batch(now, link, space, runs, out),
            Message::Ack { space, feeds } => self.ack(now, link, space, &feeds, out),
            Message::Heartbeat(beat) => self.heartbeat(now, link, beat, out),
            Message::Close(reason) => {
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
