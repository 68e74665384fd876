//! One machine: the node that runs on it, its disk, its clocks, its links and its clients.

use std::collections::{BTreeMap, BTreeSet};

use phaki_documents::kind::DocumentId;
use phaki_replication::entry::{EntryKind, Payload};
use phaki_replication::id::{FeedId, NodeId, ShortDigest, SpaceId};
use phaki_replication::node::{Act, LinkId, NewEntry, Node, Now, RequestId, WriteId};
use phaki_replication::republish::Republished;
use phaki_replication::sign::SecretKey;

use crate::disk::{Contents, Disk};
use crate::network::{ConnectionId, Side};
use crate::replica::index_of;
use crate::schedule::Place;

/// Wall clocks stand here when a run begins: 2026-01-01.
const WALL_START_MS: i64 = 1_767_225_600_000;

/// A link as the driver of a node knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attachment {
    pub(crate) connection: ConnectionId,
    pub(crate) side: Side,
    pub(crate) peer: usize,
    /// Whether the node was told of the link.
    pub(crate) opened: bool,
}

/// What a client asked for and was not answered yet.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    /// Entries of a space; the document that they change, when they do.
    Append {
        space: SpaceId,
        entries: Vec<NewEntry>,
        document: Option<DocumentId>,
    },
    /// A roster or a manifest.
    Enact(Act),
}

/// One machine; `node` is `None` while it is down.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) index: usize,
    pub(crate) key: SecretKey,
    pub(crate) id: NodeId,
    pub(crate) node: Option<Node>,
    pub(crate) disk: Disk,
    /// Every manifest that was durable here.
    pub(crate) durable_manifests: BTreeSet<(SpaceId, ShortDigest)>,
    /// What somebody copied of the disk, the oldest first.
    pub(crate) backups: Vec<Contents>,
    /// A second machine with the key of an earlier one.
    pub(crate) is_clone: bool,
    /// Switched off for good.
    pub(crate) retired: bool,
    pub(crate) life: u32,
    pub(crate) links: BTreeMap<LinkId, Attachment>,
    pub(crate) requests: BTreeMap<RequestId, Request>,
    /// The spaces that writes under way are about.
    pub(crate) writing: BTreeMap<WriteId, Option<SpaceId>>,
    /// Documents with an edit that is not answered yet: the next edit waits for it.
    pub(crate) editing: BTreeSet<(SpaceId, DocumentId)>,
    /// The peers that are going to be dialled.
    pub(crate) dialling: BTreeSet<usize>,
    /// How often a peer was dialled since it was last heard of.
    pub(crate) attempts: BTreeMap<usize, u32>,
    /// The Automerge actor of this life.
    pub(crate) actor: [u8; 24],
    /// Crash after this many more effects.
    pub(crate) crash_in: Option<u32>,
    /// Lose power when this many more writes are durable.
    pub(crate) tear_in: Option<u32>,
    /// How long to stay down after the next crash.
    pub(crate) down_us: u64,
    /// When the node is woken next.
    pub(crate) wake_us: Option<u64>,
    pub(crate) wall_skew_ms: i64,
    /// The virtual time at which the monotonic clock stood at zero; before the run began.
    monotonic_start_us: i64,
    links_opened: u64,
    requests_made: u64,
}

impl Machine {
    pub(crate) fn new(index: usize, key: SecretKey, disk: Disk) -> Self {
        Self {
            index,
            id: key.node(),
            key,
            node: None,
            disk,
            durable_manifests: BTreeSet::new(),
            backups: Vec::new(),
            is_clone: false,
            retired: false,
            life: 0,
            links: BTreeMap::new(),
            requests: BTreeMap::new(),
            writing: BTreeMap::new(),
            editing: BTreeSet::new(),
            dialling: BTreeSet::new(),
            attempts: BTreeMap::new(),
            actor: [0; 24],
            crash_in: None,
            tear_in: None,
            down_us: 0,
            wake_us: None,
            wall_skew_ms: 0,
            monotonic_start_us: 0,
            links_opened: 0,
            requests_made: 0,
        }
    }

    /// This machine in its present life.
    pub(crate) fn place(&self) -> Place {
        Place {
            machine: self.index,
            life: self.life,
        }
    }

    /// The feed to which this machine appends, as its disk has it.
    pub(crate) fn feed(&self) -> FeedId {
        FeedId {
            author: self.id,
            epoch: self.disk.contents.epoch,
        }
    }

    /// Begins a life: clocks start somewhere else, and the actor is new.
    pub(crate) fn begin_life(&mut self, now_us: u64, uptime_us: u64, salt: [u8; 8]) {
        self.monotonic_start_us = now_us.cast_signed() - uptime_us.cast_signed();
        self.take_new_actor(salt);
        self.crash_in = None;
        self.tear_in = None;
        self.wake_us = None;
    }

    /// Draws a new actor. Besides at every start this must be done whenever applied changes are
    /// taken back: a change of this actor may be among them, and the next edit of its document
    /// would use its sequence number again.
    pub(crate) fn take_new_actor(&mut self, salt: [u8; 8]) {
        self.actor = self.feed().actor(salt);
    }

    /// Ends a life: everything that is not on disk is gone.
    pub(crate) fn end_life(&mut self) {
        self.life += 1;
        self.node = None;
        self.links.clear();
        self.requests.clear();
        self.writing.clear();
        self.editing.clear();
        self.dialling.clear();
        self.attempts.clear();
    }

    /// What the clocks show.
    pub(crate) fn now(&self, now_us: u64) -> Now {
        let monotonic_us = now_us.cast_signed() - self.monotonic_start_us;
        let since_start_ms = now_us.cast_signed() / 1_000;
        Now {
            monotonic_ms: monotonic_us.unsigned_abs() / 1_000,
            wall_ms: WALL_START_MS + since_start_ms + self.wall_skew_ms,
        }
    }

    /// The virtual time at which the monotonic clock shows `monotonic_ms`.
    pub(crate) fn virtual_us(&self, monotonic_ms: u64) -> u64 {
        let monotonic_us = monotonic_ms
            .saturating_mul(1_000)
            .min(i64::MAX as u64)
            .cast_signed();
        monotonic_us
            .saturating_add(self.monotonic_start_us)
            .max(0)
            .unsigned_abs()
    }

    /// A link number that was never used.
    pub(crate) fn next_link(&mut self) -> LinkId {
        self.links_opened += 1;
        LinkId(self.links_opened)
    }

    /// Takes note of a request and numbers it.
    pub(crate) fn ask(&mut self, request: Request) -> RequestId {
        self.requests_made += 1;
        let number = RequestId(self.requests_made);
        if let Request::Append {
            space,
            document: Some(document),
            ..
        } = &request
        {
            self.editing.insert((*space, *document));
        }
        self.requests.insert(number, request);
        number
    }

    /// A request was answered.
    pub(crate) fn answered(&mut self, number: RequestId) -> Option<Request> {
        let request = self.requests.remove(&number);
        if let Some(Request::Append {
            space,
            document: Some(document),
            ..
        }) = &request
        {
            self.editing.remove(&(*space, *document));
        }
        request
    }

    /// The link to a peer, whether the node knows of it already or not.
    pub(crate) fn is_linked_to(&self, peer: usize) -> bool {
        self.links
            .values()
            .any(|attachment| attachment.peer == peer)
    }

    /// The applied changes of a document in the order of their feeds.
    pub(crate) fn changes(&self, space: &SpaceId, document: &DocumentId) -> Vec<Vec<u8>> {
        let contents = &self.disk.contents;
        let Some(replica) = contents.replicas.get(space) else {
            return Vec::new();
        };
        let change = |(feed, seq): (FeedId, u64)| {
            let stored = contents.feeds.get(&(*space, feed))?;
            let entry = stored.entries.get(index_of(seq))?;
            let Payload::Present(bytes) = &entry.payload else {
                return None;
            };
            let bytes = match entry.kind {
                EntryKind::REPUBLISHED => Republished::decode(bytes)?.2,
                _ => bytes,
            };
            let payload = phaki_documents::payload::decode(bytes).ok()?;
            Some(payload.change.to_vec())
        };
        replica
            .places(document)
            .into_iter()
            .filter_map(change)
            .collect()
    }
}
