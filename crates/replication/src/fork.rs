//! The proof that an author signed two different entries at one place of one feed.
//!
//! It holds the headers from that place up to the next checkpoint on either side, so it needs no
//! payload and nothing but the author's key to be checked. Whoever holds it cuts the feed there, so
//! that all nodes go by the same entries; the author, if it is honest, publishes again what lies
//! behind.

use thiserror::Error;

use crate::canonical::{DecodeError, Decoder, Encoder};
use crate::entry::{EntryKind, Header};
use crate::feed::{Run, signed_bytes};
use crate::id::{FederationId, FeedId, Hash, SpaceId};
use crate::limits::RUN_ENTRIES_MAX;
use crate::sign::{Signature, verify};

const DOMAIN: &str = "phaki/fork/v1";

/// Two different entries at one place of one feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForkProof {
    /// The space.
    pub space: SpaceId,
    /// The feed.
    pub feed: FeedId,
    /// The place, from 0: so many entries count.
    pub at: u64,
    /// The hash of the entry before, or the root.
    pub previous: Hash,
    /// What follows, in two ways; ordered by the hash of their first entries.
    sides: [Side; 2],
}

/// One way in which a feed goes on, up to a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Side {
    headers: Vec<Header>,
    signature: Signature,
}

/// Why a proof proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ForkError {
    /// The bytes are no proof.
    #[error("read proof")]
    Decode(#[source] DecodeError),
    /// Both sides begin with the same entry, or are in the wrong order.
    #[error("both sides of the proof begin with the same entry")]
    Same,
    /// A side is not signed by the author of the feed.
    #[error("a side of the proof is not signed by the author of the feed")]
    Signature,
}

impl Side {
    fn of(run: &Run, at: u64) -> Self {
        let run = run.clone().starting_at(at);
        Self {
            headers: run
                .entries
                .iter()
                .map(crate::entry::Entry::header)
                .collect(),
            signature: run.checkpoint.signature,
        }
    }

    fn first(&self, previous: &Hash, at: u64) -> Option<Hash> {
        self.headers.first().map(|header| header.hash(previous, at))
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.length(self.headers.len());
        for header in &self.headers {
            encoder.u8(header.kind.0);
            encoder.i64(header.time_ms);
            encoder.u32(header.length);
            encoder.fixed(&header.payload.0);
        }
        encoder.fixed(&self.signature.0);
    }

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let count = decoder.length("number of headers", RUN_ENTRIES_MAX)?;
        let headers = (0..count)
            .map(|_| {
                Ok(Header {
                    kind: EntryKind(decoder.u8()?),
                    time_ms: decoder.i64()?,
                    length: decoder.u32()?,
                    payload: Hash(decoder.fixed()?),
                })
            })
            .collect::<Result<_, _>>()?;
        let signature = Signature(decoder.fixed()?);
        Ok(Self { headers, signature })
    }
}

impl ForkProof {
    /// The proof in two runs of one feed that begin at the same place behind the same entry, whose
    /// hash is `previous`; `None` when the shorter one is a part of the longer one.
    pub fn between(space: SpaceId, previous: Hash, one: &Run, other: &Run) -> Option<Self> {
        let mut previous = previous;
        let pairs = one.entries.iter().zip(&other.entries);
        for (at, (ours, theirs)) in (one.from..).zip(pairs) {
            let hash = ours.hash(&previous, at);
            if hash != theirs.hash(&previous, at) {
                let mut sides = [Side::of(one, at), Side::of(other, at)];
                sides.sort_by_key(|side| side.first(&previous, at));
                let feed = one.feed;
                return Some(Self {
                    space,
                    feed,
                    at,
                    previous,
                    sides,
                });
            }
            previous = hash;
        }
        None
    }

    /// Whether the author signed both sides.
    ///
    /// # Errors
    /// When it proves nothing.
    pub fn verify(&self, federation: &FederationId) -> Result<(), ForkError> {
        let firsts = self.sides.each_ref();
        let [one, other] = firsts.map(|side| side.first(&self.previous, self.at));
        if one.is_none() || one >= other {
            return Err(ForkError::Same);
        }
        for side in &self.sides {
            let end = side
                .headers
                .iter()
                .fold((self.at, self.previous), |(seq, previous), header| {
                    (seq.saturating_add(1), header.hash(&previous, seq))
                });
            let message = signed_bytes(federation, &self.space, &self.feed, end.0, &end.1);
            if !verify(&self.feed.author.0, &message, &side.signature) {
                return Err(ForkError::Signature);
            }
        }
        Ok(())
    }

    /// The canonical encoding, with its domain tag.
    pub fn encode(&self) -> Vec<u8> {
        let mut encoder = Encoder::with_domain(DOMAIN);
        encoder.fixed(&self.space.0);
        self.feed.encode(&mut encoder);
        encoder.u64(self.at);
        encoder.fixed(&self.previous.0);
        self.sides.iter().for_each(|side| side.encode(&mut encoder));
        encoder.finish()
    }

    /// Reads the canonical encoding; [`Self::verify`] says whether it proves anything.
    ///
    /// # Errors
    /// When the bytes are not exactly one proof within the limits.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut decoder = Decoder::new(bytes);
        decoder.domain(DOMAIN)?;
        let proof = Self {
            space: SpaceId(decoder.fixed()?),
            feed: FeedId::decode(&mut decoder)?,
            at: decoder.u64()?,
            previous: Hash(decoder.fixed()?),
            sides: [Side::decode(&mut decoder)?, Side::decode(&mut decoder)?],
        };
        decoder.finish()?;
        Ok(proof)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{Entry, Payload, root};
    use crate::id::Epoch;
    use crate::sign::SecretKey;
    use bytes::Bytes;

    const FEDERATION: FederationId = FederationId([1; 32]);
    const SPACE: SpaceId = SpaceId([2; 16]);

    fn run(key: &SecretKey, payloads: &[&'static str]) -> (Run, Hash) {
        let feed = FeedId {
            author: key.node(),
            epoch: Epoch([3; 16]),
        };
        let start = root(&FEDERATION, &SPACE, &feed);
        let entries = payloads.iter().map(|text| Entry {
            kind: EntryKind::CHANGE,
            time_ms: 5,
            payload: Payload::Present(Bytes::from_static(text.as_bytes())),
        });
        let entries = entries.collect();
        let run = Run::sign(key, &FEDERATION, &SPACE, feed, (0, start), entries);
        (run, start)
    }

    #[test]
    fn two_ways_to_go_on_are_proved_at_the_entry_where_they_part() {
        let key = SecretKey::from_seed(&[7; 32]);
        let (one, start) = run(&key, &["a", "b", "c"]);
        let (other, _) = run(&key, &["a", "x"]);
        let proof = ForkProof::between(SPACE, start, &one, &other).expect("they part");
        assert_eq!(proof.at, 1);
        assert_eq!(proof.verify(&FEDERATION), Ok(()));
        let mirrored = ForkProof::between(SPACE, start, &other, &one);
        assert_eq!(mirrored.as_ref(), Some(&proof), "whoever finds it");
        assert_eq!(ForkProof::decode(&proof.encode()), Ok(proof));
    }

    #[test]
    fn a_feed_that_merely_goes_on_proves_nothing() {
        let key = SecretKey::from_seed(&[7; 32]);
        let (one, start) = run(&key, &["a", "b", "c"]);
        let (part, _) = run(&key, &["a", "b"]);
        assert_eq!(ForkProof::between(SPACE, start, &one, &part), None);
    }

    #[test]
    fn nobody_can_prove_a_fork_that_the_author_did_not_sign() {
        let (key, liar) = (
            SecretKey::from_seed(&[7; 32]),
            SecretKey::from_seed(&[8; 32]),
        );
        let (one, start) = run(&key, &["a", "b"]);
        let (mut other, _) = run(&liar, &["a", "x"]);
        other.feed = one.feed;
        let proof = ForkProof::between(SPACE, start, &one, &other).expect("they part");
        assert_eq!(proof.verify(&FEDERATION), Err(ForkError::Signature));
        let mut same = proof.clone();
        same.sides[1] = same.sides[0].clone();
        assert_eq!(same.verify(&FEDERATION), Err(ForkError::Same));
        let elsewhere = ForkProof {
            space: SpaceId([9; 16]),
            ..ForkProof::between(SPACE, start, &one, &run(&key, &["y"]).0).expect("they part")
        };
        assert_eq!(elsewhere.verify(&FEDERATION), Err(ForkError::Signature));
    }
}
