//! A node as a state machine: events in, effects out.
//!
//! [`Node::handle`] cannot fail. A peer's misbehaviour is an [`Effect::Close`], a client's mistake
//! an [`Effect::Refuse`]. What must wait for durability waits for [`Event::Stored`].

mod append;
mod asking;
mod cutting;
mod durable;
mod forks;
mod greeting;
mod held;
mod manifests;
mod notice;
mod pace;
mod progress;
mod quiet;
mod receipts;
mod receiving;
mod renewal;
mod rosters;
mod serving;
mod session;
mod severed;
mod speed;
mod start;
mod state;
mod status;
mod stored;
mod succession;
mod timing;
mod vaults;

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::branch::SignedBranch;
use crate::entry::EntryKind;
use crate::feed::Run;
use crate::fork::ForkProof;
use crate::id::{Epoch, FeedId, Hash, NodeId, SpaceId};
use crate::manifest::SignedManifest;
use crate::message::{CloseReason, Message, SeveredRun};
use crate::receipt::SignedReceipt;
use crate::roster::SignedRoster;
use crate::vault::Told;

pub use durable::{Durable, DurableFeed, KeptRun};
pub use held::Held;
pub use notice::Notice;
pub use progress::{Amount, Progress};
pub use start::StartError;
pub use state::Node;
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
        /// The epoch under which they were made; refused when another one has begun.
        epoch: Epoch,
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
    /// The node begins; before everything else.
    Start,
    /// What [`Effect::Examine`] asked for.
    Examined {
        /// Which.
        read: ReadId,
        /// What is held there; `None` when the feed does not reach so far, or reading failed.
        place: Option<Place>,
    },
    /// What [`Effect::ReadSevered`] asked for.
    SeveredRead {
        /// Which.
        read: ReadId,
        /// The hash of the entry before, and the entries; `None` when they are not there.
        found: Option<(Hash, Run)>,
    },
    /// What [`Effect::ListSevered`] asked for.
    SeveredListed {
        /// The space.
        space: SpaceId,
        /// All that was cut off and is kept; `None` when reading failed.
        runs: Option<Vec<KeptRun>>,
    },
    /// What [`Effect::Recall`] asked for; empty when there is no more.
    Recalled {
        /// The space.
        space: SpaceId,
        /// The entries, ready to be appended.
        entries: Vec<NewEntry>,
    },
    /// What [`Effect::DrawEpoch`] asked for.
    EpochDrawn {
        /// Drawn at random.
        epoch: Epoch,
    },
    /// Bytes keep coming from a peer, though no message is complete yet.
    Alive {
        /// On which link.
        link: LinkId,
    },
    /// Which peers are in quiet hours: with these bulk waits, in both directions; edits still travel.
    /// None are before it is said first.
    BulkWaits {
        /// All of them.
        peers: BTreeSet<NodeId>,
    },
    /// The time of [`Node::wake_at`] has come.
    Tick,
}

/// What is held at a place of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Entries before it.
    pub at: u64,
    /// The hash of the last of them.
    pub head: Hash,
    /// Their payload bytes.
    pub bytes: u64,
    /// The entries from there up to the next checkpoint; `None` at the end of the feed.
    pub run: Option<Run>,
}

/// A signed act of administration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// A new roster.
    Roster(SignedRoster),
    /// Another list of the nodes that one node admits.
    Branch(SignedBranch),
    /// A new manifest.
    Manifest(SignedManifest),
    /// A record of a person, or the order to erase one, which this node has signed.
    Statement(SpaceId, Told),
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
    /// Read what is held at a place, then tell [`Event::Examined`].
    Examine {
        /// Its number.
        read: ReadId,
        /// The space.
        space: SpaceId,
        /// The feed.
        feed: FeedId,
        /// Entries before the place.
        from: u64,
    },
    /// Read a run that was cut off a feed, then tell [`Event::SeveredRead`].
    ReadSevered {
        /// Its number.
        read: ReadId,
        /// The space.
        space: SpaceId,
        /// Which.
        run: SeveredRun,
    },
    /// Look up what was cut off in a space and is kept, then tell [`Event::SeveredListed`].
    ListSevered {
        /// The space.
        space: SpaceId,
    },
    /// Read own entries that were cut off and not published again yet, at most
    /// [`crate::limits::REPUBLISHED_AT_ONCE`], then tell [`Event::Recalled`].
    Recall {
        /// The space.
        space: SpaceId,
    },
    /// Draw an epoch at random, then tell [`Event::EpochDrawn`].
    DrawEpoch,
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
    /// A verified branch.
    Branch(SignedBranch),
    /// How many entries of each known feed of a space count from now on.
    Permitted {
        /// The space.
        space: SpaceId,
        /// By feed.
        permitted: Vec<(FeedId, u64)>,
    },
    /// A feed ends at a place: what is held beyond is set aside, without effect.
    Cut {
        /// The space.
        space: SpaceId,
        /// The feed.
        feed: FeedId,
        /// Entries that remain.
        at: u64,
        /// Why, for everybody; `None` when it is this node's own feed, which then is filled
        /// again from others.
        proof: Option<Box<ForkProof>>,
    },
    /// Entries that another node had to cut off.
    Severed {
        /// The space.
        space: SpaceId,
        /// The hash of the entry before the first one.
        previous: Hash,
        /// The entries.
        run: Box<Run>,
        /// Whether they are another node's, and are kept only until that one has published them
        /// again.
        carried: bool,
    },
    /// Verified receipts of a space, one a node.
    Receipts {
        /// The space.
        space: SpaceId,
        /// The receipts.
        receipts: Vec<SignedReceipt>,
    },
    /// Verified statements about people. An order erases the record and its key, physically.
    Vault {
        /// The space.
        space: SpaceId,
        /// The statements, in this order.
        statements: Vec<Told>,
    },
    /// This node may hold the vault of a space no longer: all records and their keys are erased.
    VaultLeft {
        /// The space.
        space: SpaceId,
    },
    /// A new life of the store begins.
    Epoch(Epoch),
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
    /// The person's data was erased, for ever.
    Erased,
    /// Only the steward of the space may do that.
    NotSteward,
}
