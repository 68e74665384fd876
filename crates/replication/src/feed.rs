//! Runs of entries under one checkpoint: made by the author, verified by everybody else.

use thiserror::Error;

use crate::canonical::Encoder;
use crate::entry::{Entry, Payload};
use crate::id::{FederationId, FeedId, Hash, SpaceId};
use crate::limits::{RUN_BYTES_MAX, RUN_ENTRIES_MAX};
use crate::sign::{SecretKey, Signature, verify};

/// The author's signature over a feed's head; vouches for everything before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The number of entries vouched for.
    pub length: u64,
    /// The hash of the last of them.
    pub head: Hash,
    /// By the feed's author.
    pub signature: Signature,
}

/// Consecutive entries of one feed up to a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The feed.
    pub feed: FeedId,
    /// The position of the first entry, from 0.
    pub from: u64,
    /// The entries; never empty.
    pub entries: Vec<Entry>,
    /// Vouches for the last entry and so for all.
    pub checkpoint: Checkpoint,
}

/// Why a run is not believed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RunError {
    /// A run has no entries, or too many, or too many bytes.
    #[error("run of {entries} entries and {bytes} bytes is outside the limits")]
    Size {
        /// Entries in the run.
        entries: usize,
        /// Payload bytes in the run.
        bytes: usize,
    },
    /// The payload of an entry is missing whose kind does not allow that.
    #[error("payload of entry {seq} is missing")]
    Missing {
        /// The entry's position.
        seq: u64,
    },
    /// The run does not begin where the feed ends.
    #[error("run begins at {from}, but the feed has {length} entries")]
    Gap {
        /// Where the run begins.
        from: u64,
        /// Where the feed ends.
        length: u64,
    },
    /// The entries do not lead to the head, which is not signed by the author either.
    #[error("entries do not lead to the head")]
    Head,
    /// The author signed the head, but it does not follow from what the receiver holds and the
    /// entries: either the entries were altered or the author signed two different feeds.
    #[error("entries do not lead from what is held to the head that the author signed")]
    Fork,
    /// The signature is not the author's.
    #[error("checkpoint is not signed by the author")]
    Signature,
}

pub(crate) fn signed_bytes(
    federation: &FederationId,
    space: &SpaceId,
    feed: &FeedId,
    length: u64,
    head: &Hash,
) -> Vec<u8> {
    let mut encoder = Encoder::with_domain("phaki/checkpoint/v1");
    encoder.fixed(&federation.0);
    encoder.fixed(&space.0);
    feed.encode(&mut encoder);
    encoder.u64(length);
    encoder.fixed(&head.0);
    encoder.finish()
}

impl Run {
    /// Signs `entries` as the continuation of a feed that ends with `head` after `from` entries.
    pub fn sign(
        key: &SecretKey,
        federation: &FederationId,
        space: &SpaceId,
        feed: FeedId,
        (from, head): (u64, Hash),
        entries: Vec<Entry>,
    ) -> Self {
        let (length, head) = fold(from, head, &entries);
        let signature = key.sign(&signed_bytes(federation, space, &feed, length, &head));
        Self {
            feed,
            from,
            entries,
            checkpoint: Checkpoint {
                length,
                head,
                signature,
            },
        }
    }

    /// The number of entries of the feed once this run is part of it.
    pub fn end(&self) -> u64 {
        self.from
            .saturating_add(u64::try_from(self.entries.len()).unwrap_or(u64::MAX))
    }

    /// Payload bytes, dropped ones included.
    pub fn bytes(&self) -> usize {
        self.entries
            .iter()
            .map(|entry| entry.payload.length())
            .sum()
    }

    /// Leaves out the entries before `position`, which the receiver has already.
    #[must_use]
    pub fn starting_at(mut self, position: u64) -> Self {
        let skip = usize::try_from(position.saturating_sub(self.from)).unwrap_or(usize::MAX);
        self.entries.drain(..skip.min(self.entries.len()));
        self.from = self.from.max(position);
        self
    }

    /// Whether the author signed the checkpoint at the end of the run, whatever leads to it.
    pub fn is_signed(&self, federation: &FederationId, space: &SpaceId) -> bool {
        let Checkpoint {
            length,
            head,
            signature,
        } = &self.checkpoint;
        let message = signed_bytes(federation, space, &self.feed, *length, head);
        *length == self.end() && verify(&self.feed.author.0, &message, signature)
    }

    /// Checks sizes, payloads, chain and signature for a feed that ends with `head` after
    /// `length` entries.
    pub fn verify(
        &self,
        federation: &FederationId,
        space: &SpaceId,
        (length, head): (u64, Hash),
    ) -> Result<(), RunError> {
        let (entries, bytes) = (self.entries.len(), self.bytes());
        let oversized = self
            .entries
            .iter()
            .any(|entry| entry.payload.length() > entry.kind.payload_bytes_max());
        if entries == 0 || entries > RUN_ENTRIES_MAX || bytes > RUN_BYTES_MAX || oversized {
            return Err(RunError::Size { entries, bytes });
        }
        let missing = |e: &Entry| matches!(e.payload, Payload::Dropped { .. });
        let lacking = (self.from..)
            .zip(&self.entries)
            .find(|(_, entry)| missing(entry) && !entry.kind.is_droppable());
        if let Some((seq, _)) = lacking {
            return Err(RunError::Missing { seq });
        }
        if self.from != length {
            return Err(RunError::Gap {
                from: self.from,
                length,
            });
        }
        let end = (self.checkpoint.length, self.checkpoint.head);
        let leads_there = fold(self.from, head, &self.entries) == end;
        match (leads_there, self.is_signed(federation, space)) {
            (true, true) => Ok(()),
            (true, false) => Err(RunError::Signature),
            // Before the first entry there is only one feed.
            (false, true) if self.from > 0 => Err(RunError::Fork),
            (false, _) => Err(RunError::Head),
        }
    }
}

/// The end of a feed that ends with `head` after `from` entries, once these follow.
pub(crate) fn fold(from: u64, head: Hash, entries: &[Entry]) -> (u64, Hash) {
    entries.iter().fold((from, head), |(seq, head), entry| {
        (seq.saturating_add(1), entry.hash(&head, seq))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{EntryKind, Payload, root};
    use crate::id::Epoch;
    use bytes::Bytes;

    const FEDERATION: FederationId = FederationId([1; 32]);
    const SPACE: SpaceId = SpaceId([2; 16]);

    fn run(key: &SecretKey, from: u64, count: u8) -> (Run, (u64, Hash)) {
        let feed = FeedId {
            author: key.node(),
            epoch: Epoch([3; 16]),
        };
        let start = (from, root(&FEDERATION, &SPACE, &feed));
        let entries = (0..count)
            .map(|n| Entry {
                kind: EntryKind::CHANGE,
                time_ms: i64::from(n),
                payload: Payload::Present(Bytes::copy_from_slice(&[n])),
            })
            .collect();
        (
            Run::sign(key, &FEDERATION, &SPACE, feed, start, entries),
            start,
        )
    }

    #[test]
    fn an_honest_run_verifies_and_golden_signature_holds() {
        let (run, start) = run(&SecretKey::from_seed(&[7; 32]), 0, 3);
        assert_eq!(run.verify(&FEDERATION, &SPACE, start), Ok(()));
        assert_eq!(run.end(), 3);
        let hex = data_encoding::HEXLOWER.encode(&run.checkpoint.signature.0);
        let golden = "4946fef2b5ef50f017f4607e6c3fddb9718e6ee71b22e5a23409d5c35f1ff1a6\
                      3075d3ac13f61d4e8f194d0587efc3c02959c027b2137a7a46e3edf9fd1da404";
        assert_eq!(hex, golden);
    }

    #[test]
    fn altered_reordered_truncated_or_misplaced_runs_are_refused() {
        let (honest, start) = run(&SecretKey::from_seed(&[7; 32]), 0, 3);
        let mut altered = honest.clone();
        altered.entries[1].payload = Payload::Present(Bytes::from_static(b"x"));
        assert_eq!(
            altered.verify(&FEDERATION, &SPACE, start),
            Err(RunError::Head)
        );
        let mut reordered = honest.clone();
        reordered.entries.swap(0, 1);
        assert_eq!(
            reordered.verify(&FEDERATION, &SPACE, start),
            Err(RunError::Head)
        );
        let mut truncated = honest.clone();
        truncated.entries.pop();
        assert_eq!(
            truncated.verify(&FEDERATION, &SPACE, start),
            Err(RunError::Head)
        );
        let elsewhere = honest.verify(&FEDERATION, &SpaceId([9; 16]), start);
        assert_eq!(elsewhere, Err(RunError::Signature));
        let another = honest.verify(&FederationId([9; 32]), &SPACE, start);
        assert_eq!(another, Err(RunError::Signature));
        let gap = honest.verify(&FEDERATION, &SPACE, (1, start.1));
        assert_eq!(gap, Err(RunError::Gap { from: 0, length: 1 }));
    }

    #[test]
    fn a_run_attributed_to_another_author_is_refused() {
        let (mut forged, _) = run(&SecretKey::from_seed(&[7; 32]), 0, 1);
        forged.feed.author = SecretKey::from_seed(&[8; 32]).node();
        let start = (0, root(&FEDERATION, &SPACE, &forged.feed));
        assert!(forged.verify(&FEDERATION, &SPACE, start).is_err());
    }

    #[test]
    fn a_trimmed_run_verifies_from_where_the_receiver_stands() {
        let (run, (_, root)) = run(&SecretKey::from_seed(&[7; 32]), 0, 3);
        let after_first = (1, run.entries[0].hash(&root, 0));
        assert_eq!(
            run.starting_at(1).verify(&FEDERATION, &SPACE, after_first),
            Ok(())
        );
    }
}
