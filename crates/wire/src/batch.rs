//! Batches on the wire: runs with deltas of time, compressed together where that pays.

use bytes::Bytes;
use phaki_replication::entry::{Entry, EntryKind, Payload};
use phaki_replication::feed::{Checkpoint, Run};
use phaki_replication::id::SpaceId;
use phaki_replication::limits::{
    BATCH_BYTES_MAX, BATCH_RUNS_MAX, ENTRY_BYTES_MAX, RUN_BYTES_MAX, RUN_ENTRIES_MAX,
};
use phaki_replication::message::Message;
use prost::Message as _;
use zstd::zstd_safe::get_frame_content_size;

use crate::field::{self, DecodeError, at_most, one_to};
use crate::limits::{COMPRESS_FROM_BYTES, COMPRESS_LEVEL, RESTORED_FACTOR_MAX};
use crate::proto::sync::v1 as pb;
use crate::scan::check_batch_body;
use crate::shorten::{restore, shorten};

/// The wire form of a batch; compresses it when that makes it smaller.
pub(crate) fn to_wire(space: &SpaceId, runs: Vec<Run>) -> pb::Batch {
    let short = |run| {
        let mut run = run_to_wire(run);
        shorten(&mut run);
        run
    };
    let body = pb::BatchBody {
        runs: runs.into_iter().map(short).collect(),
    };
    let body = match compress(&body) {
        Some(compressed) => pb::batch::Body::Zstd(compressed),
        None => pb::batch::Body::Plain(body),
    };
    pb::Batch {
        space: field::copy(&space.0),
        body: Some(body),
    }
}

/// The batch in its wire form.
pub(crate) fn from_wire(batch: pb::Batch) -> Result<Message, DecodeError> {
    let space = field::space(&batch.space)?;
    let body = match batch.body.ok_or(DecodeError::Missing("body of a batch"))? {
        pb::batch::Body::Plain(body) => body,
        pb::batch::Body::Zstd(compressed) => decompress(&compressed)?,
    };
    one_to("number of runs", body.runs.len(), BATCH_RUNS_MAX)?;
    let whole = |mut run| {
        restore(&mut run)?;
        run_from_wire(run)
    };
    let runs = body.runs.into_iter().map(whole).collect::<Result<_, _>>()?;
    Ok(Message::Batch { space, runs })
}

/// About how many bytes of memory the batch needs at most.
pub(crate) fn cost(batch: &pb::Batch) -> usize {
    let plain = match &batch.body {
        Some(pb::batch::Body::Zstd(compressed)) => {
            // A size that is not stated or above the limit is refused before memory is taken.
            let stated = get_frame_content_size(compressed).ok().flatten();
            stated
                .and_then(|size| size.try_into().ok())
                .unwrap_or(0)
                .min(BATCH_BYTES_MAX)
        }
        Some(pb::batch::Body::Plain(_)) | None => batch.encoded_len(),
    };
    RESTORED_FACTOR_MAX * plain
}

fn compress(body: &pb::BatchBody) -> Option<Bytes> {
    if body.encoded_len() < COMPRESS_FROM_BYTES {
        return None;
    }
    let plain = body.encode_to_vec();
    // Compression into a buffer of sufficient size cannot fail but for want of memory.
    let compressed = zstd::bulk::compress(&plain, COMPRESS_LEVEL).ok()?;
    (compressed.len() < plain.len()).then(|| compressed.into())
}

fn decompress(compressed: &[u8]) -> Result<pb::BatchBody, DecodeError> {
    let stated = get_frame_content_size(compressed).map_err(|_| DecodeError::Decompress)?;
    let size = usize::try_from(stated.ok_or(DecodeError::UnstatedSize)?).unwrap_or(usize::MAX);
    at_most("bytes of a batch", size, BATCH_BYTES_MAX)?;
    let plain = zstd::bulk::decompress(compressed, size).map_err(|_| DecodeError::Decompress)?;
    if plain.len() != size {
        return Err(DecodeError::Decompress);
    }
    check_batch_body(&plain)?;
    pb::BatchBody::decode(Bytes::from(plain)).map_err(DecodeError::Protobuf)
}

pub(crate) fn run_to_wire(run: Run) -> pb::Run {
    let mut before = 0;
    let mut entries = Vec::with_capacity(run.entries.len());
    for entry in run.entries {
        entries.push(pb::Entry {
            kind: entry.kind.0.into(),
            time_delta: entry.time_ms.wrapping_sub(before),
            content: Some(payload_to_wire(entry.payload)),
        });
        before = entry.time_ms;
    }
    pb::Run {
        feed: field::feed_to_wire(&run.feed),
        from: run.from,
        entries,
        head: field::copy(&run.checkpoint.head.0),
        signature: field::copy(&run.checkpoint.signature.0),
    }
}

pub(crate) fn run_from_wire(run: pb::Run) -> Result<Run, DecodeError> {
    one_to(
        "number of entries in a run",
        run.entries.len(),
        RUN_ENTRIES_MAX,
    )?;
    let count = u64::try_from(run.entries.len()).unwrap_or(u64::MAX);
    let length = run
        .from
        .checked_add(count)
        .ok_or(DecodeError::Overflow("run"))?;
    let mut before = 0_i64;
    let mut entries = Vec::with_capacity(run.entries.len());
    for entry in run.entries {
        // Differences wrap, so that every pair of times has one.
        before = before.wrapping_add(entry.time_delta);
        entries.push(entry_from_wire(entry, before)?);
    }
    let run = Run {
        feed: field::feed(&run.feed)?,
        from: run.from,
        entries,
        checkpoint: Checkpoint {
            length,
            head: field::hash("head", &run.head)?,
            signature: field::signature(&run.signature)?,
        },
    };
    at_most("payload bytes of a run", run.bytes(), RUN_BYTES_MAX)?;
    Ok(run)
}

fn payload_to_wire(payload: Payload) -> pb::entry::Content {
    match payload {
        Payload::Present(bytes) => pb::entry::Content::Payload(bytes),
        Payload::Dropped { hash, length } => pb::entry::Content::Dropped(pb::Dropped {
            hash: field::copy(&hash.0),
            length,
        }),
    }
}

fn entry_from_wire(entry: pb::Entry, time_ms: i64) -> Result<Entry, DecodeError> {
    let kind = u8::try_from(entry.kind).map_err(|_| DecodeError::TooLarge {
        what: "kind of an entry",
        found: usize::try_from(entry.kind).unwrap_or(usize::MAX),
        max: u8::MAX.into(),
    })?;
    let payload = match entry
        .content
        .ok_or(DecodeError::Missing("content of an entry"))?
    {
        pb::entry::Content::Payload(bytes) => Payload::Present(bytes),
        // Those of a batch are restored by now; elsewhere there are none.
        pb::entry::Content::Shortened(_) => return Err(DecodeError::Shortened),
        pb::entry::Content::Dropped(dropped) => Payload::Dropped {
            hash: field::hash("hash of a dropped payload", &dropped.hash)?,
            length: dropped.length,
        },
    };
    at_most("bytes of a payload", payload.length(), ENTRY_BYTES_MAX)?;
    Ok(Entry {
        kind: EntryKind(kind),
        time_ms,
        payload,
    })
}
