//! Which changes of a document are applied, and its heads, without materialising it.
//!
//! A change is applied when everything it depends on is, so the applied changes are causally
//! closed and their heads equal Automerge's. What lacks a dependency waits. The result does not
//! depend on the order in which changes arrive: of two changes of one actor with one sequence
//! number, which only a hostile author makes, the one with the smaller hash is kept.

mod memory;

use std::cmp::Reverse;

use sha2::{Digest, Sha256};
use thiserror::Error;

pub use memory::MemoryIndex;

use crate::change::{ChangeHash, ChangeSummary};
use crate::kind::DocumentId;
use crate::limits::{ACTOR_BYTES_MAX, CHANGE_DEPS_MAX, CHANGE_OP_GAP_MAX};

/// What a waiting change waits for: the hash of a change, or [`sequence_key`] of the previous
/// change of its actor.
pub type MissingKey = [u8; 32];

/// What the algorithm needs to know of a change; a small part of [`ChangeSummary`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeLink {
    pub hash: ChangeHash,
    /// Ascending, without repeats.
    pub deps: Vec<ChangeHash>,
    pub actor: Vec<u8>,
    pub seq: u64,
    pub start_op: u64,
    pub last_op: u64,
}

/// How far a known change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeState {
    /// Applied; its last operation has this number.
    Applied {
        last_op: u64,
    },
    Waiting,
    /// Seen and left out for good, see [`Refusal`].
    Refused,
}

/// A change whose turn has come again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting<P> {
    pub link: ChangeLink,
    pub place: P,
}

/// Storage of the algorithm: what is known about the changes of documents. `P` is the place of
/// an entry, opaque here. Implemented in SQL by the store and in memory by [`MemoryIndex`].
pub trait ChangeIndex {
    /// Where the entry of a change is.
    type Place: Copy;
    /// Why the storage failed.
    type Error;

    /// The state of a change; `None` when it was never admitted.
    ///
    /// # Errors
    /// When the storage fails; so for all methods.
    fn state(
        &mut self,
        document: &DocumentId,
        hash: &ChangeHash,
    ) -> Result<Option<ChangeState>, Self::Error>;

    /// The change that has this sequence number of this actor, whatever its state.
    fn hash_of(
        &mut self,
        document: &DocumentId,
        actor: &[u8],
        seq: u64,
    ) -> Result<Option<ChangeHash>, Self::Error>;

    /// Records a change as applied. It may have been waiting.
    fn put_applied(
        &mut self,
        document: &DocumentId,
        link: &ChangeLink,
        place: Self::Place,
    ) -> Result<(), Self::Error>;

    /// Records a change as waiting for `missing`. It may wait already, for something else.
    fn put_waiting(
        &mut self,
        document: &DocumentId,
        link: &ChangeLink,
        missing: &MissingKey,
        place: Self::Place,
    ) -> Result<(), Self::Error>;

    /// Records a change as refused. It may have been waiting. It takes its sequence number if
    /// no other change has it, so that what is refused does not depend on when.
    fn put_refused(
        &mut self,
        document: &DocumentId,
        link: &ChangeLink,
        refusal: Refusal,
        place: Self::Place,
    ) -> Result<(), Self::Error>;

    /// Takes out, in any order, the changes that wait for `missing`.
    fn take_waiting_for(
        &mut self,
        document: &DocumentId,
        missing: &MissingKey,
    ) -> Result<Vec<Waiting<Self::Place>>, Self::Error>;

    /// Takes out everything that is known of a document, in any order, its heads too.
    fn take_all(&mut self, document: &DocumentId)
    -> Result<Vec<Waiting<Self::Place>>, Self::Error>;

    /// The heads; empty for an unknown document.
    fn heads(&mut self, document: &DocumentId) -> Result<Vec<ChangeHash>, Self::Error>;

    /// Replaces the heads; they are ascending.
    fn set_heads(&mut self, document: &DocumentId, heads: &[ChangeHash])
    -> Result<(), Self::Error>;
}

/// Why a change can never be applied. The entry stays in its feed and is shown as quarantined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Its actor has used the sequence number for another change of this document.
    #[error("sequence number was used for another change by the same actor")]
    DuplicateSequence,
    /// Its operations are numbered like those it depends on, or far beyond them.
    #[error("operation numbers do not follow those of the dependencies")]
    BadOperationNumbers,
}

/// What admitting one change did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admitted<P> {
    /// The change was known; nothing happened.
    Duplicate,
    /// The change waits until `missing` arrives.
    Waiting { missing: MissingKey },
    /// The change will never be applied.
    Refused(Refusal),
    /// The change, and then others that had waited for it, are applied, in this order, which is
    /// causal; `refused` are waiting ones that turned out to be unacceptable.
    Applied {
        applied: Vec<(ChangeHash, P)>,
        refused: Vec<(ChangeHash, P, Refusal)>,
        heads: Vec<ChangeHash>,
    },
    /// The change takes the sequence number of another one, so that everything was looked at
    /// anew.
    Rebuilt { heads: Vec<ChangeHash> },
}

/// Takes one change of a document into account.
///
/// The change must have passed [`crate::change::summarise`]. The number of index calls is
/// proportional to the dependencies of the changes that become applied.
///
/// # Errors
/// When the index fails; it should then be rolled back to its state before the call.
pub fn admit<I: ChangeIndex>(
    index: &mut I,
    document: &DocumentId,
    change: &ChangeSummary,
    place: I::Place,
) -> Result<Admitted<I::Place>, I::Error> {
    let link = ChangeLink::of(change);
    let Some(holder) = index.hash_of(document, &link.actor, link.seq)? else {
        // Every change that is known has its number, or another one has it.
        return admit_link(index, document, link, place);
    };
    if holder == link.hash || index.state(document, &link.hash)?.is_some() {
        return Ok(Admitted::Duplicate);
    }
    if link.hash < holder {
        return rebuild(index, document, Waiting { link, place });
    }
    refuse_second(index, document, &link, place)
}

/// Looks at all changes of a document anew, the smallest hashes first, so that these keep their
/// sequence numbers.
fn rebuild<I: ChangeIndex>(
    index: &mut I,
    document: &DocumentId,
    change: Waiting<I::Place>,
) -> Result<Admitted<I::Place>, I::Error> {
    let mut all = index.take_all(document)?;
    all.push(change);
    all.sort_by_key(|change| change.link.hash);
    for Waiting { link, place } in all {
        match index.hash_of(document, &link.actor, link.seq)? {
            Some(_) => refuse_second(index, document, &link, place)?,
            None => admit_link(index, document, link, place)?,
        };
    }
    let heads = index.heads(document)?;
    index.set_heads(document, &heads)?;
    Ok(Admitted::Rebuilt { heads })
}

/// Leaves out a change whose sequence number another one has.
fn refuse_second<I: ChangeIndex>(
    index: &mut I,
    document: &DocumentId,
    link: &ChangeLink,
    place: I::Place,
) -> Result<Admitted<I::Place>, I::Error> {
    let refusal = Refusal::DuplicateSequence;
    index.put_refused(document, link, refusal, place)?;
    Ok(Admitted::Refused(refusal))
}

/// Takes in a change that is new, and whose sequence number no other one has.
fn admit_link<I: ChangeIndex>(
    index: &mut I,
    document: &DocumentId,
    link: ChangeLink,
    place: I::Place,
) -> Result<Admitted<I::Place>, I::Error> {
    match readiness(index, document, &link)? {
        Readiness::Missing(missing) => {
            index.put_waiting(document, &link, &missing, place)?;
            Ok(Admitted::Waiting { missing })
        }
        Readiness::Refused(refusal) => {
            index.put_refused(document, &link, refusal, place)?;
            Ok(Admitted::Refused(refusal))
        }
        Readiness::Ready => apply_with_followers(index, document, link, place),
    }
}

/// A digest of a document's heads; the XOR over the documents of a space compares two replicas.
/// The order of `heads` does not matter.
pub fn heads_digest(document: &DocumentId, heads: &[ChangeHash]) -> [u8; 32] {
    let mut sorted = heads.to_vec();
    sorted.sort_unstable();
    let mut hasher = Sha256::new();
    hasher.update(b"phaki/heads/v1");
    hasher.update(document.to_bytes());
    for head in sorted {
        hasher.update(head);
    }
    hasher.finalize().into()
}

/// The key under which a change waits for number `seq` of its actor.
pub fn sequence_key(actor: &[u8], seq: u64) -> MissingKey {
    let mut hasher = Sha256::new();
    hasher.update(b"phaki/sequence/v1");
    hasher.update(seq.to_be_bytes());
    hasher.update(actor);
    hasher.finalize().into()
}

enum Readiness {
    Ready,
    Missing(MissingKey),
    Refused(Refusal),
}

/// Whether all that a change depends on is applied. Automerge requires besides that an actor's
/// changes come in sequence and that operation numbers rise; it asserts both, so they are checked.
fn readiness<I: ChangeIndex>(
    index: &mut I,
    document: &DocumentId,
    link: &ChangeLink,
) -> Result<Readiness, I::Error> {
    let mut last_op = 0;
    let previous = match link.seq.checked_sub(1) {
        None | Some(0) => None,
        Some(seq) => {
            let Some(hash) = index.hash_of(document, &link.actor, seq)? else {
                return Ok(Readiness::Missing(sequence_key(&link.actor, seq)));
            };
            Some(hash)
        }
    };
    for dep in previous.iter().chain(&link.deps) {
        match index.state(document, dep)? {
            Some(ChangeState::Applied { last_op: dep_last }) => last_op = last_op.max(dep_last),
            Some(ChangeState::Waiting | ChangeState::Refused) | None => {
                return Ok(Readiness::Missing(*dep));
            }
        }
    }
    let follows = link.start_op > last_op && link.start_op - last_op <= CHANGE_OP_GAP_MAX;
    Ok(if follows {
        Readiness::Ready
    } else {
        Readiness::Refused(Refusal::BadOperationNumbers)
    })
}

fn apply_with_followers<I: ChangeIndex>(
    index: &mut I,
    document: &DocumentId,
    link: ChangeLink,
    place: I::Place,
) -> Result<Admitted<I::Place>, I::Error> {
    let mut heads = index.heads(document)?;
    let mut applied = Vec::new();
    let mut refused = Vec::new();
    let mut ready = vec![Waiting { link, place }];
    while let Some(next) = ready.pop() {
        match readiness(index, document, &next.link)? {
            Readiness::Missing(missing) => {
                index.put_waiting(document, &next.link, &missing, next.place)?;
                continue;
            }
            Readiness::Refused(refusal) => {
                index.put_refused(document, &next.link, refusal, next.place)?;
                refused.push((next.link.hash, next.place, refusal));
                continue;
            }
            Readiness::Ready => {}
        }
        index.put_applied(document, &next.link, next.place)?;
        heads.retain(|head| next.link.deps.binary_search(head).is_err());
        heads.push(next.link.hash);
        applied.push((next.link.hash, next.place));
        let sequence = sequence_key(&next.link.actor, next.link.seq);
        let mut followers = index.take_waiting_for(document, &next.link.hash)?;
        followers.extend(index.take_waiting_for(document, &sequence)?);
        // The order of the list is not the index's business: it must be the same everywhere.
        followers.sort_by_key(|follower| Reverse(follower.link.hash));
        ready.extend(followers);
    }
    heads.sort_unstable();
    index.set_heads(document, &heads)?;
    Ok(Admitted::Applied {
        applied,
        refused,
        heads,
    })
}

impl ChangeLink {
    /// The link of a summarised change.
    pub fn of(change: &ChangeSummary) -> ChangeLink {
        ChangeLink {
            hash: change.hash,
            deps: change.deps.clone(),
            actor: change.actor.clone(),
            seq: change.seq,
            start_op: change.start_op,
            last_op: change.last_op,
        }
    }

    /// A form for storage: hash, three numbers, actor, dependencies.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(58 + self.actor.len() + 32 * self.deps.len());
        bytes.extend_from_slice(&self.hash);
        for number in [self.seq, self.start_op, self.last_op] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        let actor = u16::try_from(self.actor.len()).unwrap_or_default();
        bytes.extend_from_slice(&actor.to_be_bytes());
        bytes.extend_from_slice(&self.actor);
        for dep in &self.deps {
            bytes.extend_from_slice(dep);
        }
        bytes
    }

    /// Reads [`to_bytes`](ChangeLink::to_bytes) back; `None` when the bytes are not of that form.
    pub fn from_bytes(bytes: &[u8]) -> Option<ChangeLink> {
        let (hash, rest) = bytes.split_first_chunk::<32>()?;
        let (seq, rest) = rest.split_first_chunk::<8>()?;
        let (start_op, rest) = rest.split_first_chunk::<8>()?;
        let (last_op, rest) = rest.split_first_chunk::<8>()?;
        let (actor_len, rest) = rest.split_first_chunk::<2>()?;
        let actor_len = usize::from(u16::from_be_bytes(*actor_len));
        let (actor, rest) = rest.split_at_checked(actor_len)?;
        let (deps, remainder) = rest.as_chunks::<32>();
        let fits = remainder.is_empty()
            && deps.len() <= CHANGE_DEPS_MAX
            && actor_len <= ACTOR_BYTES_MAX
            && deps.is_sorted_by(|a, b| a < b);
        fits.then(|| ChangeLink {
            hash: *hash,
            deps: deps.to_vec(),
            actor: actor.to_vec(),
            seq: u64::from_be_bytes(*seq),
            start_op: u64::from_be_bytes(*start_op),
            last_op: u64::from_be_bytes(*last_op),
        })
    }
}
