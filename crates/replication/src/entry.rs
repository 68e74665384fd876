//! One entry of a feed, and the hash that links it to everything before it.

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::id::{FederationId, FeedId, Hash, SpaceId};
use crate::limits::{ENTRY_BYTES_MAX, PAYLOAD_BYTES_MAX};

/// What an entry's payload is. Kinds that a node does not know are stored and forwarded untouched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryKind(pub u8);

impl EntryKind {
    /// A document id and one Automerge change.
    pub const CHANGE: Self = Self(1);
    /// A vault record that a later one replaces.
    pub const RECORD: Self = Self(2);
    /// An order to erase.
    pub const ERASE: Self = Self(3);
    /// A change that stands in another feed where it does not count: see [`crate::republish`].
    pub const REPUBLISHED: Self = Self(4);

    /// Bytes that a payload of this kind may have.
    pub fn payload_bytes_max(self) -> usize {
        match self {
            Self::REPUBLISHED => ENTRY_BYTES_MAX,
            _ => PAYLOAD_BYTES_MAX,
        }
    }

    /// Whether the payload may be missing: only of a record, whose successor replaces it. Of all
    /// else a missing payload would be a loss that nobody could notice and make good.
    pub fn is_droppable(self) -> bool {
        self == Self::RECORD
    }
}

/// The payload, or what remains of it: the hash chain holds without the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// The bytes.
    Present(Bytes),
    /// The bytes were dropped (erased or superseded); the feed still verifies.
    Dropped {
        /// SHA-256 of the bytes.
        hash: Hash,
        /// Their number.
        length: u32,
    },
}

impl Payload {
    /// The number of bytes, present or not.
    pub fn length(&self) -> usize {
        match self {
            Self::Present(bytes) => bytes.len(),
            Self::Dropped { length, .. } => usize::try_from(*length).unwrap_or(usize::MAX),
        }
    }

    /// SHA-256 of the bytes.
    pub fn hash(&self) -> Hash {
        match self {
            Self::Present(bytes) => Hash(Sha256::digest(bytes).into()),
            Self::Dropped { hash, .. } => *hash,
        }
    }
}

/// One entry. Its space, feed, sequence and predecessor follow from where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What the payload is.
    pub kind: EntryKind,
    /// The author's clock in milliseconds since 1970 when the entry was made. For display only.
    pub time_ms: i64,
    /// What the entry says.
    pub payload: Payload,
}

/// What the hash of an entry covers beside its place: all but the bytes of the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the payload is.
    pub kind: EntryKind,
    /// The author's clock in milliseconds since 1970.
    pub time_ms: i64,
    /// Bytes of the payload.
    pub length: u32,
    /// SHA-256 of the payload.
    pub payload: Hash,
}

impl Header {
    /// The hash of the entry at position `seq` (from 0) behind `previous`.
    pub fn hash(&self, previous: &Hash, seq: u64) -> Hash {
        Hash::of(
            "phaki/entry/v1",
            &[
                &previous.0,
                &seq.to_be_bytes(),
                &[self.kind.0],
                &self.time_ms.to_be_bytes(),
                &self.length.to_be_bytes(),
                &self.payload.0,
            ],
        )
    }
}

/// What a feed's first entry is linked to: binds the whole chain to its place.
pub fn root(federation: &FederationId, space: &SpaceId, feed: &FeedId) -> Hash {
    Hash::of(
        "phaki/feed/v1",
        &[&federation.0, &space.0, &feed.author.0, &feed.epoch.0],
    )
}

impl Entry {
    /// The entry without the bytes of its payload.
    pub fn header(&self) -> Header {
        Header {
            kind: self.kind,
            time_ms: self.time_ms,
            length: u32::try_from(self.payload.length()).unwrap_or(u32::MAX),
            payload: self.payload.hash(),
        }
    }

    /// The hash of the entry's header at position `seq` (from 0) behind `previous`.
    pub fn hash(&self, previous: &Hash, seq: u64) -> Hash {
        self.header().hash(previous, seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{Epoch, NodeId};

    fn sample() -> (Hash, Entry) {
        let feed = FeedId {
            author: NodeId([2; 32]),
            epoch: Epoch([3; 16]),
        };
        let root = root(&FederationId([1; 32]), &SpaceId([4; 16]), &feed);
        let payload = Payload::Present(Bytes::from_static("แผน".as_bytes()));
        (
            root,
            Entry {
                kind: EntryKind::CHANGE,
                time_ms: 1_700_000_000_000,
                payload,
            },
        )
    }

    #[test]
    fn golden_bytes_of_root_and_entry() {
        // Computed with another program from the definitions in docs/protocol.md.
        let (root, entry) = sample();
        let golden = "de7c5e7c9cff3081bb78c70e71e4d667a184c82ca32fe5554179129a59c5033d";
        assert_eq!(root.to_string(), golden);
        let golden = "6ca60a4a822d2a81e73da15be0a18f7f4e03e1f9217422cd88c7bc2c5944271c";
        assert_eq!(entry.hash(&root, 0).to_string(), golden);
    }

    #[test]
    fn every_part_of_an_entry_changes_its_hash() {
        let (root, entry) = sample();
        let hash = entry.hash(&root, 0);
        assert_ne!(hash, entry.hash(&root, 1));
        assert_ne!(hash, entry.hash(&hash, 0));
        assert_ne!(
            hash,
            Entry {
                kind: EntryKind::ERASE,
                ..entry.clone()
            }
            .hash(&root, 0)
        );
        assert_ne!(
            hash,
            Entry {
                time_ms: 0,
                ..entry.clone()
            }
            .hash(&root, 0)
        );
        let other = Payload::Present(Bytes::from_static(b"plan"));
        assert_ne!(
            hash,
            Entry {
                payload: other,
                ..entry
            }
            .hash(&root, 0)
        );
    }

    #[test]
    fn a_dropped_payload_keeps_the_hash() {
        let (root, entry) = sample();
        let dropped = Payload::Dropped {
            hash: entry.payload.hash(),
            length: 9,
        };
        let without = Entry {
            payload: dropped,
            ..entry.clone()
        };
        assert_eq!(without.hash(&root, 7), entry.hash(&root, 7));
    }
}
