//! A node as a state machine: events in, effects out.
//!
//! [`Node::handle`] cannot fail. A peer's misbehaviour is an [`Effect::Close`], a client's mistake
//! an [`Effect::Refuse`]. What must wait for durability waits for [`Event::Stored`].

mod acts;
mod append;
mod asking;
mod forks;
mod greeting;
mod held;
mod receiving;
mod serving;
mod session;
mod state;
mod status;
mod stored;
mod timing;

use bytes::Bytes;

use crate::entry::EntryKind;
use crate::feed::Run;
use crate::id::{FeedId, Hash, NodeId, SpaceId};
use crate::manifest::SignedManifest;
use crate::message::{CloseReason, Message};
use crate::roster::SignedRoster;

pub use held::Held;
pub use state::{Node, StartError};
pub use status::LinkStatus;

/// A connection, numbered by the driver; never used twice in one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

/// A request of a local client, numbered by the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// A write to the store, numbered by the node, carried out in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriteId(pub u64);

/// A read of the store, numbered by the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReadId(pub u64);

/// A point in time on a clock that never goes back, with the wall clock beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds of a monotonic clock. All timeouts go by it.
    pub monotonic_ms: u64,
    /// Milliseconds since 1970. For display only; never decides anything.
    pub wall_ms: i64,
}

/// An entry that a local client wants to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// What the payload is.
    pub kind: EntryKind,
    /// The payload, at most [`crate::limits::PAYLOAD_BYTES_MAX`] bytes.
    pub payload: Bytes,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A connection to an authenticated peer exists.
    LinkOpened {
        /// Its number.
        link: LinkId,
        /// The key that the peer proved to hold.
        peer: NodeId,
        /// Whether this node dialled.
        dialled: bool,
    },
    /// A connection is gone.
    LinkClosed {
        /// Its number.
        link: LinkId,
    },
    /// A peer sent a message.
    Received {
        /// On which link.
        link: LinkId,
        /// What it said.
        message: Message,
    },
    /// A local client appends entries to this node's feed in a space: all or none.
    Append {
        /// Answered by [`Effect::Accept`] or [`Effect::Refuse`].
        request: RequestId,
        /// The space.
        space: SpaceId,
        /// The entries; never empty.
        entries: Vec<NewEntry>,
    },
    /// A local administrator, or an enrolment, puts a roster in force.
    Enact {
        /// Answered by [`Effect::Accept`] or [`Effect::Refuse`].
        request: RequestId,
        /// Signed roster or manifest.
        act: Act,
    },
    /// A write is durable.
    Stored {
        /// Which.
        write: WriteId,
    },
    /// A write, and every later one that was under way, did not happen.
    StoreFailed,
    /// A read of [`Effect::Read`] is done.
    Read {
        /// Which.
        read: ReadId,
        /// What was read: a run that begins at the wanted position and ends at a checkpoint, or
        /// `None` when there is none (the entries are gone or reading failed).
        run: Option<Run>,
    },
    /// Bytes keep coming from a peer, though no message is complete yet.
    Alive {
        /// On which link.
        link: LinkId,
    },
    /// The time of [`Node::wake_at`] has come.
    Tick,
}

/// A signed act of administration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// A new roster.
    Roster(SignedRoster),
    /// A new manifest.
    Manifest(SignedManifest),
}

/// What shall happen, in this order.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Send a message on a link.
    Send {
        /// The link.
        link: LinkId,
        /// The message.
        message: Message,
    },
    /// End a link. [`Event::LinkClosed`] need not follow.
    Close {
        /// The link.
        link: LinkId,
        /// Why; the peer has been told where that is possible.
        reason: CloseReason,
    },
    /// Make something durable, then tell [`Event::Stored`].
    Store {
        /// Its number.
        write: WriteId,
        /// What.
        change: Change,
    },
    /// Read entries of a feed from the store, then tell [`Event::Read`].
    Read {
        /// Its number.
        read: ReadId,
        /// The space.
        space: SpaceId,
        /// The feed.
        feed: FeedId,
        /// The first entry.
        from: u64,
        /// As many entries as end at a checkpoint within this many payload bytes (and
        /// [`crate::limits::RUN_ENTRIES_MAX`]), but at least up to the next checkpoint.
        bytes_target: usize,
    },
    /// A client's request is durable.
    Accept {
        /// The request.
        request: RequestId,
    },
    /// A client's request is refused, and nothing of it remains.
    Refuse {
        /// The request.
        request: RequestId,
        /// Why.
        refusal: Refusal,
    },
    /// A roster is in force: the peers to be accepted and dialled may have changed.
    RosterInForce,
    /// Something that a person may want to know of; goes to the log.
    Notice(Notice),
}

/// What one write makes durable, in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Verified entries of one space.
    Runs {
        /// The space.
        space: SpaceId,
        /// The runs, each with the number of entries of its feed that count (see
        /// [`crate::manifest::Manifest::permitted`]): entries beyond are kept, not applied.
        runs: Vec<(Run, u64)>,
    },
    /// A verified manifest.
    Manifest {
        /// The space.
        space: SpaceId,
        /// The manifest.
        manifest: SignedManifest,
        /// How many entries of each known feed of the space count from now on.
        permitted: Vec<(FeedId, u64)>,
    },
    /// A verified roster.
    Roster(SignedRoster),
}

/// Why a local request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No manifest of that space is known here.
    UnknownSpace,
    /// This node may not write the space.
    NotWriter,
    /// A payload or the whole request is too large.
    TooLarge,
    /// Too many requests wait for the disk.
    Busy,
    /// The disk refused the write.
    Storage,
    /// The roster or manifest does not verify, or is not newer than the one in force.
    Stale,
    /// Peers hold entries of this node that it does not hold itself: an older copy of its store
    /// was put back, and what it appends now would reach nobody.
    Superseded,
    /// The node or the space holds as much as it may; see [`crate::limits`].
    Limit,
}

/// Something that a person may want to know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A session reached agreement on everything that both may read.
    InSync {
        /// With whom.
        peer: NodeId,
    },
    /// Entries were refused.
    EntriesRefused {
        /// Who sent them.
        peer: NodeId,
        /// Of which space.
        space: SpaceId,
        /// Of which feed.
        feed: FeedId,
        /// Why, in one word of [`CloseReason::name`] or of the limits.
        reason: &'static str,
    },
    /// A peer holds other entries of a feed than this node: its author signed two, or its store
    /// was copied or put back. The feed is not taken from this peer.
    FeedsDiffer {
        /// Who.
        peer: NodeId,
        /// Of which space.
        space: SpaceId,
        /// Which feed.
        feed: FeedId,
    },
    /// A peer says that it holds more of this node's own entries than the node itself, as when an
    /// older copy of its store was put back.
    OwnFeedAhead {
        /// Who says so.
        peer: NodeId,
        /// In which space.
        space: SpaceId,
        /// How many.
        length: u64,
    },
    /// That is proved: a peer has sent entries of this node, signed with its key, that follow what
    /// the node holds or stand in their place. From now on it appends nothing.
    Superseded {
        /// Who sent them.
        peer: NodeId,
        /// Of which space.
        space: SpaceId,
    },
    /// A roster or manifest was refused.
    ActRefused {
        /// Who sent it.
        peer: NodeId,
        /// Why.
        reason: String,
    },
    /// A session was closed for what the peer did.
    PeerRefused {
        /// Who.
        peer: NodeId,
        /// Why.
        reason: CloseReason,
    },
}

/// What a node knows when it starts: read from its store.
#[derive(Clone, Debug)]
pub struct Durable {
    /// The roster in force.
    pub roster: SignedRoster,
    /// The manifests in force.
    pub manifests: Vec<SignedManifest>,
    /// The feeds held.
    pub feeds: Vec<DurableFeed>,
}

/// A feed as the store holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DurableFeed {
    /// The space.
    pub space: SpaceId,
    /// The feed.
    pub feed: FeedId,
    /// Entries held.
    pub length: u64,
    /// The hash of the last one.
    pub head: Hash,
    /// Payload bytes of all.
    pub bytes: u64,
}
