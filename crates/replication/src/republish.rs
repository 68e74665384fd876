//! Entries that are published again where they count: the payload of
//! [`crate::entry::EntryKind::REPUBLISHED`].
//!
//! An honest author whose feed was cut publishes again what lies behind the cut, and a steward
//! adopts what somebody wrote without the right to. The change itself stays what it was, with its
//! hash and its actor, so what others wrote on top of it finds it.

use bytes::{BufMut, Bytes, BytesMut};

use crate::entry::{Entry, EntryKind, Payload};
use crate::id::{Epoch, FeedId, NodeId};

/// Bytes before the payload of the original.
const PREFIX_BYTES: usize = 56;

/// An entry that stood elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Republished {
    /// The feed in which it stood.
    pub feed: FeedId,
    /// Its position there, from 0.
    pub seq: u64,
    /// Its payload, a change.
    pub payload: Bytes,
}

impl Republished {
    /// The payload under which an entry of a feed is published again; `None` when it lacks its own.
    /// One that was published again before keeps the name of the place where it first stood.
    pub fn again(feed: &FeedId, seq: u64, entry: &Entry) -> Option<Bytes> {
        let Payload::Present(payload) = entry.payload.clone() else {
            return None;
        };
        Some(match entry.kind {
            EntryKind::REPUBLISHED => payload,
            _ => Self {
                feed: *feed,
                seq,
                payload,
            }
            .encode(),
        })
    }

    /// As payload of an entry.
    pub fn encode(&self) -> Bytes {
        let mut bytes = BytesMut::with_capacity(PREFIX_BYTES + self.payload.len());
        bytes.put_slice(&self.feed.author.0);
        bytes.put_slice(&self.feed.epoch.0);
        bytes.put_u64(self.seq);
        bytes.put_slice(&self.payload);
        bytes.freeze()
    }

    /// Where the change stood, and its payload; `None` when the payload is too short.
    pub fn decode(payload: &[u8]) -> Option<(FeedId, u64, &[u8])> {
        let (author, rest) = payload.split_first_chunk::<32>()?;
        let (epoch, rest) = rest.split_first_chunk::<16>()?;
        let (seq, change) = rest.split_first_chunk::<8>()?;
        let feed = FeedId {
            author: NodeId(*author),
            epoch: Epoch(*epoch),
        };
        Some((feed, u64::from_be_bytes(*seq), change))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_equal_and_a_short_one_is_none() {
        let republished = Republished {
            feed: FeedId {
                author: NodeId([1; 32]),
                epoch: Epoch([2; 16]),
            },
            seq: 7,
            payload: Bytes::from_static(b"change"),
        };
        let bytes = republished.encode();
        let expected = (republished.feed, 7, b"change".as_slice());
        assert_eq!(Republished::decode(&bytes), Some(expected));
        assert_eq!(Republished::decode(&bytes[..55]), None);
    }
}
