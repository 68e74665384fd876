//! What two nodes say to each other in a session. `docs/protocol.md` tells the conversation.

use crate::branch::SignedBranch;
use crate::feed::Run;
use crate::fork::ForkProof;
use crate::id::{Epoch, FederationId, FeedId, Hash, NodeId, ShortDigest, SpaceId, Subject};
use crate::manifest::SignedManifest;
use crate::receipt::SignedReceipt;
use crate::roster::SignedRoster;
use crate::vault::Told;

/// The version of the protocol that this code speaks.
pub const PROTOCOL_VERSION: u32 = 1;

/// The oldest version that this code understands.
pub const PROTOCOL_VERSION_MIN: u32 = 1;

/// One message of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// The first message of each side.
    Hello(Hello),
    /// A roster newer than the other side's.
    Roster(SignedRoster),
    /// The nodes that one node admitted.
    Branch(SignedBranch),
    /// A manifest of a space that the receiver may read.
    Manifest(SignedManifest),
    /// The state of spaces that the receiver may read, in brief.
    Have(Vec<SpaceState>),
    /// What the sender holds of a space.
    Frontier(FrontierReport),
    /// Asks for entries of a feed.
    Want(Range),
    /// How much the sender is going to send because it was asked.
    Plan {
        /// The space.
        space: SpaceId,
        /// Entries to come, those of earlier plans that were not sent yet included.
        entries: u64,
        /// Their payload bytes, estimated from the average of each feed.
        bytes: u64,
    },
    /// Entries of one space.
    Batch {
        /// The space.
        space: SpaceId,
        /// Runs of different feeds; never empty.
        runs: Vec<Run>,
    },
    /// Proof that a feed of a space that the receiver may read was signed in two ways.
    Fork(ForkProof),
    /// Which runs the sender keeps that were cut off feeds and nobody has published again.
    SeveredHeld {
        /// The space.
        space: SpaceId,
        /// Those of which it has not told yet; never empty.
        runs: Vec<SeveredRun>,
    },
    /// Asks for a run that was cut off.
    WantSevered {
        /// The space.
        space: SpaceId,
        /// One that the receiver has told of.
        run: SeveredRun,
    },
    /// Entries that were cut off and that the receiver asked for.
    Severed {
        /// The space.
        space: SpaceId,
        /// The hash of the entry before the first one.
        previous: Hash,
        /// The entries.
        run: Run,
    },
    /// What nodes say to hold durably of a space.
    Receipts {
        /// The space.
        space: SpaceId,
        /// Newer ones than the receiver has.
        receipts: Vec<SignedReceipt>,
    },
    /// Which receipts the sender holds of a space, where the other side holds others.
    ReceiptsHeld {
        /// The space.
        space: SpaceId,
        /// The numbers of the newest ones, by node.
        numbers: Vec<(NodeId, u64)>,
    },
    /// What nodes say about people. Records go only to nodes that may hold them.
    Vault {
        /// The space.
        space: SpaceId,
        /// The statements; never empty.
        statements: Vec<Told>,
    },
    /// Of whom the sender holds what in the vault of a space, of what the receiver may know.
    VaultHeld {
        /// The space.
        space: SpaceId,
        /// Whether the receiver has told the same, so that it need not answer.
        answer: bool,
        /// Digests over the statements about each person.
        subjects: Vec<(Subject, ShortDigest)>,
    },
    /// What the sender now holds durably of feeds that it received.
    Ack {
        /// The space.
        space: SpaceId,
        /// Feeds with their durable lengths; never empty.
        feeds: Vec<(FeedId, u64)>,
    },
    /// Nothing new: a sign of life with what the receiver should agree with.
    Heartbeat(Heartbeat),
    /// The sender ends the session.
    Close(CloseReason),
}

/// The first message of each side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Newest protocol version spoken.
    pub protocol: u32,
    /// Oldest protocol version understood.
    pub protocol_min: u32,
    /// The federation of this session.
    pub federation: FederationId,
    /// The life of the sender's store.
    pub epoch: Epoch,
    /// Drawn when the sender's process started: two of them under one key are two machines.
    pub instance: [u8; 8],
    /// The version of the sender's roster.
    pub roster_version: u64,
    /// [`SignedRoster::hash`] of it.
    pub roster: ShortDigest,
    /// Digest over the branches that the sender knows.
    pub branches: ShortDigest,
    /// The sender's clock, milliseconds since 1970.
    pub time_ms: i64,
}

/// The state of one space in brief.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpaceState {
    /// The space.
    pub space: SpaceId,
    /// [`SignedManifest::hash`] of the sender's manifest.
    pub manifest: ShortDigest,
    /// Digest of the sender's frontier.
    pub frontier: ShortDigest,
    /// Digest over the receipts that the sender holds.
    pub receipts: ShortDigest,
    /// Digest over the runs of which [`Message::SeveredHeld`] tells; `None` when there is none.
    pub severed: Option<ShortDigest>,
    /// Digest over what the sender holds of the vault and tells the receiver; `None` when that is
    /// nothing.
    pub vault: Option<ShortDigest>,
}

/// Names a run that was cut off a feed. The head commits to its entries and to their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeveredRun {
    /// The feed.
    pub feed: FeedId,
    /// The position of its first entry, from 0.
    pub from: u64,
    /// The hash of its last entry.
    pub head: Hash,
}

/// What a node holds durably of a space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrontierReport {
    /// The space.
    pub space: SpaceId,
    /// Whether feeds that are not listed are empty; otherwise nothing is said of them.
    pub complete: bool,
    /// The feeds.
    pub feeds: Vec<FeedReport>,
}

/// What a node holds durably of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedReport {
    /// The feed.
    pub feed: FeedId,
    /// Entries.
    pub length: u64,
    /// The hash of the last of them.
    pub head: Hash,
    /// Their payload bytes.
    pub bytes: u64,
}

/// Entries `from..to` of one feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The space.
    pub space: SpaceId,
    /// The feed.
    pub feed: FeedId,
    /// The first entry, from 0.
    pub from: u64,
    /// One past the last.
    pub to: u64,
}

/// A sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// The sender's clock, milliseconds since 1970.
    pub time_ms: i64,
    /// Digest over the states of all spaces that both sides may read, as the sender sees them.
    pub shared: ShortDigest,
}

/// Why a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CloseReason {
    /// The node stops.
    Shutdown,
    /// Another session with the same peer takes over.
    Replaced,
    /// The peer is not an active node of the roster.
    NotInRoster,
    /// The peer belongs to another federation.
    Federation,
    /// No protocol version in common.
    Version,
    /// The peer said nothing for too long.
    Silence,
    /// The peer sent something that the protocol forbids.
    Protocol,
    /// The peer sent entries, a roster or a manifest that do not verify.
    Forged,
    /// The peer asked for or sent something of a space that it may not read.
    NotAllowed,
    /// A limit was exceeded.
    Limit,
    /// The node cannot write its store.
    Storage,
    /// Another machine has a session with the same key.
    Clone,
}

impl CloseReason {
    /// All reasons with their code on the wire and their name in logs and output.
    pub const ALL: [(Self, u8, &'static str); 12] = [
        (Self::Shutdown, 1, "shutdown"),
        (Self::Replaced, 2, "replaced"),
        (Self::NotInRoster, 3, "not-in-roster"),
        (Self::Federation, 4, "other-federation"),
        (Self::Version, 5, "protocol-version"),
        (Self::Silence, 6, "silence"),
        (Self::Protocol, 7, "protocol-violation"),
        (Self::Forged, 8, "forged"),
        (Self::NotAllowed, 9, "not-allowed"),
        (Self::Limit, 10, "limit"),
        (Self::Storage, 11, "storage"),
        (Self::Clone, 12, "clone"),
    ];

    /// The code on the wire.
    pub fn code(self) -> u8 {
        Self::ALL
            .iter()
            .find(|(reason, ..)| *reason == self)
            .map_or(0, |(_, code, _)| *code)
    }

    /// The reason with that code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, known, _)| *known == code)
            .map(|(reason, ..)| *reason)
    }

    /// The name in logs and output.
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(reason, ..)| *reason == self)
            .map_or("", |(.., name)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_code_of_its_own() {
        for (reason, code, name) in CloseReason::ALL {
            assert_eq!(CloseReason::from_code(code), Some(reason));
            assert_eq!((reason.code(), reason.name()), (code, name));
        }
        assert_eq!(CloseReason::from_code(0), None);
    }
}
