//! Changes on the wire without the hashes that their receiver can compute.
//!
//! An Automerge change begins with a part of its own hash and names the changes it follows by
//! theirs. Hashes do not compress, and of a short edit they are the larger part; but most of them
//! are of changes a few entries before, in the same run. Such a change is sent as
//!
//! ```text
//! document id   17 bytes
//! count         varint: how many changes it follows
//! each of them  varint: how many entries before it stands in this run, from 1 on;
//!               or 0, and the 32 bytes of its hash
//! rest          the body of the change behind those hashes
//! ```
//!
//! and the receiver has the very same bytes again, or the feed's hash chain tells. The layout of a
//! change is that of the Automerge binary format, <https://automerge.org/automerge-binary-format-spec/>.

use std::collections::BTreeMap;

use phaki_replication::entry::EntryKind;
use prost::encoding::{decode_varint, encode_varint, encoded_len_varint};
use sha2::{Digest, Sha256};

use crate::field::DecodeError;
use crate::limits::RESTORED_FACTOR_MAX;
use crate::proto::sync::v1 as pb;
use crate::proto::sync::v1::entry::Content;

type ChangeHash = [u8; 32];

const ID_BYTES: usize = 17;
const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
const CHECKSUM_BYTES: usize = 4;
/// An uncompressed change.
const CHUNK_TYPE: u8 = 1;

/// Shortens what can be restored.
pub(crate) fn shorten(run: &mut pb::Run) {
    let mut known = BTreeMap::new();
    for (at, entry) in run.entries.iter_mut().enumerate() {
        let is_change = entry.kind == u32::from(EntryKind::CHANGE.0);
        let Some(Content::Payload(payload)) = entry.content.as_ref().filter(|_| is_change) else {
            continue;
        };
        let Some(hash) = hash_of(payload) else {
            continue;
        };
        let back = |dep: &ChangeHash| known.get(dep).map(|found| at - found);
        if let Some(short) = shortened(payload, &hash, back) {
            entry.content = Some(Content::Shortened(short.into()));
        }
        known.insert(hash, at);
    }
}

/// Restores what was shortened.
///
/// # Errors
/// When it was not made by [`shorten`].
pub(crate) fn restore(run: &mut pb::Run) -> Result<(), DecodeError> {
    let mut hashes: Vec<Option<ChangeHash>> = vec![None; run.entries.len()];
    for at in 0..run.entries.len() {
        let (before, rest) = run.entries.split_at_mut(at);
        let Some(Content::Shortened(short)) = &rest[0].content else {
            continue;
        };
        let hash_back = |back: usize| {
            let from = at.checked_sub(back)?;
            if hashes[from].is_none() {
                hashes[from] = match &before[from].content {
                    Some(Content::Payload(payload)) => hash_of(payload),
                    _ => None,
                };
            }
            hashes[from]
        };
        let (payload, hash) = restored(short, hash_back).ok_or(DecodeError::Shortened)?;
        hashes[at] = Some(hash);
        rest[0].content = Some(Content::Payload(payload.into()));
    }
    Ok(())
}

/// The hash of the change in a payload, if it is one.
fn hash_of(payload: &[u8]) -> Option<ChangeHash> {
    let hashed = payload.get(ID_BYTES + MAGIC.len() + CHECKSUM_BYTES..)?;
    Some(Sha256::digest(hashed).into())
}

/// `None` when the payload is not exactly what [`restored`] makes, or not worth it.
fn shortened(
    payload: &[u8],
    hash: &ChangeHash,
    back: impl Fn(&ChangeHash) -> Option<usize>,
) -> Option<Vec<u8>> {
    let (id, chunk) = payload.split_at_checked(ID_BYTES)?;
    let (checksum, chunk) = chunk
        .strip_prefix(&MAGIC)?
        .split_at_checked(CHECKSUM_BYTES)?;
    if !hash.starts_with(checksum) {
        return None;
    }
    let mut body = chunk.strip_prefix(&[CHUNK_TYPE])?;
    if varint(&mut body)? != body.len() {
        return None;
    }
    let count = varint(&mut body)?;
    let (deps, rest) = body.split_at_checked(count.checked_mul(32)?)?;
    let mut short = Vec::with_capacity(payload.len());
    short.extend_from_slice(id);
    put_varint(count, &mut short);
    for dep in deps.as_chunks().0 {
        match back(dep) {
            Some(back) => put_varint(back, &mut short),
            None => {
                put_varint(0, &mut short);
                short.extend_from_slice(dep);
            }
        }
    }
    short.extend_from_slice(rest);
    let is_allowed = payload.len() <= RESTORED_FACTOR_MAX * short.len();
    (short.len() < payload.len() && is_allowed).then_some(short)
}

/// The payload and the hash of its change; `None` when it cannot be restored, or is larger than
/// allowed.
fn restored(
    short: &[u8],
    mut hash_back: impl FnMut(usize) -> Option<ChangeHash>,
) -> Option<(Vec<u8>, ChangeHash)> {
    let bytes_max = RESTORED_FACTOR_MAX * short.len();
    let (id, mut rest) = short.split_at_checked(ID_BYTES)?;
    let count = varint(&mut rest)?;
    let mut body = Vec::with_capacity(short.len());
    put_varint(count, &mut body);
    for _ in 0..count {
        match varint(&mut rest)? {
            0 => {
                let (dep, behind) = rest.split_at_checked(32)?;
                body.extend_from_slice(dep);
                rest = behind;
            }
            back => body.extend_from_slice(&hash_back(back)?),
        }
        if body.len() > bytes_max {
            return None;
        }
    }
    body.extend_from_slice(rest);
    let mut payload = Vec::with_capacity(ID_BYTES + 18 + body.len());
    payload.extend_from_slice(id);
    payload.extend_from_slice(&MAGIC);
    payload.extend_from_slice(&[0; CHECKSUM_BYTES]);
    payload.push(CHUNK_TYPE);
    put_varint(body.len(), &mut payload);
    payload.extend_from_slice(&body);
    if payload.len() > bytes_max {
        return None;
    }
    let hash = hash_of(&payload)?;
    let checksum = payload.get_mut(ID_BYTES + MAGIC.len()..)?;
    checksum
        .get_mut(..CHECKSUM_BYTES)?
        .copy_from_slice(hash.get(..CHECKSUM_BYTES)?);
    Some((payload, hash))
}

/// Takes one number in its only form.
fn varint(bytes: &mut &[u8]) -> Option<usize> {
    let before = bytes.len();
    let value = decode_varint(bytes).ok()?;
    let canonical = before - bytes.len() == encoded_len_varint(value);
    usize::try_from(value).ok().filter(|_| canonical)
}

fn put_varint(value: usize, out: &mut Vec<u8>) {
    encode_varint(u64::try_from(value).unwrap_or(u64::MAX), out);
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    /// The payload of a change that follows others.
    fn payload(document: u8, deps: &[ChangeHash], rest: &[u8]) -> Vec<u8> {
        let mut body = Vec::new();
        put_varint(deps.len(), &mut body);
        body.extend(deps.as_flattened());
        body.extend(rest);
        let mut hashed = vec![CHUNK_TYPE];
        put_varint(body.len(), &mut hashed);
        hashed.extend(body);
        let hash = Sha256::digest(&hashed);
        [&[document; ID_BYTES][..], &MAGIC, &hash[..4], &hashed].concat()
    }

    fn run(payloads: Vec<Vec<u8>>) -> pb::Run {
        let entries = payloads.into_iter().map(|payload| pb::Entry {
            kind: EntryKind::CHANGE.0.into(),
            time_delta: 0,
            content: Some(Content::Payload(payload.into())),
        });
        pb::Run {
            entries: entries.collect(),
            ..pb::Run::default()
        }
    }

    fn sent(run: &pb::Run, at: usize) -> &Bytes {
        match run.entries[at].content.as_ref().unwrap() {
            Content::Payload(bytes) | Content::Shortened(bytes) => bytes,
            Content::Dropped(_) => panic!("nothing was dropped"),
        }
    }

    #[test]
    fn a_change_that_follows_one_before_it_is_sent_without_a_hash() {
        let rest = [7; 60];
        let first = payload(1, &[], &rest);
        let second = payload(1, &[hash_of(&first).unwrap()], &rest);
        let mut short = run(vec![first.clone(), second.clone()]);
        let whole = short.clone();
        shorten(&mut short);
        // Magic, checksum, type and length; then the hash, for which there is one byte.
        assert_eq!(sent(&short, 0).len(), first.len() - 10);
        assert_eq!(sent(&short, 1).len(), second.len() - 10 - 31);
        restore(&mut short).unwrap();
        assert_eq!(short, whole);
    }

    #[test]
    fn what_no_program_of_ours_writes_is_sent_as_it_is() {
        let whole = payload(1, &[], &[7; 60]);
        let mut wrong_checksum = whole.clone();
        wrong_checksum[ID_BYTES + 4] ^= 1;
        let mut compressed = whole.clone();
        compressed[ID_BYTES + 8] = 2;
        let strange = [wrong_checksum, compressed, whole[..20].to_vec(), vec![]];
        let mut short = run(strange.to_vec());
        let before = short.clone();
        shorten(&mut short);
        assert_eq!(short, before);
    }

    #[test]
    fn a_short_change_that_would_become_large_is_refused() {
        let first = payload(1, &[], &[7; 60]);
        let mut bomb = vec![1; ID_BYTES];
        put_varint(1000, &mut bomb);
        bomb.extend([1; 1000]);
        let mut run = run(vec![first, bomb.clone()]);
        run.entries[1].content = Some(Content::Shortened(bomb.into()));
        assert!(matches!(restore(&mut run), Err(DecodeError::Shortened)));
    }

    proptest! {
        #[test]
        fn any_run_is_restored_to_the_byte(
            changes in prop::collection::vec(
                (prop::collection::vec(0_usize..6, 0..4), prop::collection::vec(any::<u8>(), 0..80)),
                1..20,
            ),
        ) {
            let mut payloads: Vec<Vec<u8>> = Vec::new();
            for (deps, rest) in changes {
                let hash = |back: usize| match payloads.len().checked_sub(back + 1) {
                    Some(at) => hash_of(&payloads[at]).unwrap(),
                    None => [9; 32],
                };
                let deps: Vec<ChangeHash> = deps.into_iter().map(hash).collect();
                payloads.push(payload(3, &deps, &rest));
            }
            let whole = run(payloads);
            let mut short = whole.clone();
            shorten(&mut short);
            restore(&mut short).unwrap();
            prop_assert_eq!(short, whole);
        }

        #[test]
        fn any_bytes_are_restored_within_the_limit_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut run = run(vec![vec![]]);
            let limit = RESTORED_FACTOR_MAX * bytes.len();
            run.entries[0].content = Some(Content::Shortened(bytes.into()));
            if restore(&mut run).is_ok() {
                prop_assert!(sent(&run, 0).len() <= limit);
            }
        }
    }
}
