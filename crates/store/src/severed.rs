//! Cutting a feed off, and what becomes of the entries behind.

use phaki_replication::entry::{Entry, EntryKind};
use phaki_replication::feed::Run;
use phaki_replication::fork::ForkProof;
use phaki_replication::id::{FeedId, Hash, NodeId, SpaceId};
use phaki_replication::republish::Republished;
use phaki_replication::sign::Signature;
use rusqlite::{Connection, OptionalExtension, params};

use crate::append::{forget_documents, payload_columns, reapply};
use crate::batch::{Batch, FeedState, SpaceKey};
use crate::fault::Fault;
use crate::place::{FeedKey, Place};
use crate::reader::place::place_of;

/// Ends a feed before position `at` and sets aside what is held beyond; keeps the proof.
pub(crate) fn cut(
    batch: &mut Batch<'_>,
    space: &SpaceId,
    feed: &FeedId,
    at: u64,
    proof: Option<&ForkProof>,
) -> Result<(), Fault> {
    let mut state = batch.feed(space, feed)?;
    if let Some(proof) = proof {
        batch.connection.execute(
            "INSERT INTO fork (feed, seq, proof) VALUES (?1, ?2, ?3)
             ON CONFLICT (feed) DO UPDATE SET seq = ?2, proof = ?3",
            params![state.key.0, at, proof.encode()],
        )?;
    }
    if state.length <= at {
        return Ok(());
    }
    // What was applied of the feed, and perhaps what others built on it, counts no longer.
    let applied = state.applied > at;
    if applied {
        forget_documents(batch, space)?;
        state = batch.feed(space, feed)?;
    }
    let root = batch.root(space, feed);
    let place = place_of(batch.connection, root, state.key, at)?;
    set_aside(batch.connection, &state, at, place.head)?;
    remove_from(batch.connection, state.key, at)?;
    state.length = at;
    state.head = place.head;
    state.bytes = place.bytes;
    state.applied = state.applied.min(at);
    batch.put_feed(space, feed, state);
    if applied {
        reapply(batch, space)?;
    }
    Ok(())
}

/// Copies the entries from `at` on, run by run.
fn set_aside(
    connection: &Connection,
    feed: &FeedState,
    at: u64,
    previous: Hash,
) -> Result<(), Fault> {
    let (mut from, mut previous) = (at, previous);
    let mut select = connection.prepare_cached(
        "SELECT place, head, signature FROM checkpoint
         WHERE place BETWEEN ?1 AND ?2 ORDER BY place",
    )?;
    let mut rows = select.query(params![feed.key.at(at).0, feed.key.places().end()])?;
    while let Some(row) = rows.next()? {
        let (last, head) = (Place(row.get(0)?), Hash(row.get(1)?));
        let signature = Signature(row.get(2)?);
        let ends = (previous, head);
        if let Some(run) = insert_run(connection, feed.key, from, ends, &signature, false)? {
            copy_entries(connection, run, feed.key, (from, last.seq() + 1))?;
        }
        (from, previous) = (last.seq() + 1, head);
    }
    // An earlier cut left no checkpoint at the end: what lies behind it has one.
    if from < feed.length {
        let rest: Option<i64> = connection
            .prepare_cached(
                "SELECT key FROM severed WHERE feed = ?1 AND seq = ?2 AND previous = ?3
                 ORDER BY carried, head LIMIT 1",
            )?
            .query_row(params![feed.key.0, feed.length, feed.head.0], |row| {
                row.get(0)
            })
            .optional()?;
        if let Some(run) = rest {
            // A peer that cut there at once may have given the whole of it before.
            let longer = connection.execute(
                "UPDATE OR IGNORE severed SET seq = ?2, previous = ?3 WHERE key = ?1",
                params![run, from, previous.0],
            )?;
            if longer > 0 {
                copy_entries(connection, run, feed.key, (from, feed.length))?;
            } else {
                connection.execute(
                    "UPDATE severed SET carried = 0 WHERE feed = ?1 AND seq = ?2
                     AND head = (SELECT head FROM severed WHERE key = ?3)",
                    params![feed.key.0, from, run],
                )?;
            }
        }
    }
    Ok(())
}

/// The key of a new row; `None` when that run is set aside already.
fn insert_run(
    connection: &Connection,
    feed: FeedKey,
    seq: u64,
    (previous, head): (Hash, Hash),
    signature: &Signature,
    carried: bool,
) -> Result<Option<i64>, Fault> {
    let inserted = connection
        .prepare_cached(
            "INSERT INTO severed (feed, seq, previous, head, signature, carried)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            feed.0,
            seq,
            previous.0,
            head.0,
            signature.0,
            carried
        ])?;
    if inserted > 0 {
        return Ok(Some(connection.last_insert_rowid()));
    }
    if !carried {
        connection
            .prepare_cached(
                "UPDATE severed SET carried = 0 WHERE feed = ?1 AND seq = ?2 AND head = ?3",
            )?
            .execute(params![feed.0, seq, head.0])?;
    }
    Ok(None)
}

fn copy_entries(
    connection: &Connection,
    run: i64,
    feed: FeedKey,
    (from, to): (u64, u64),
) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT INTO severed_entry
                 (run, seq, kind, time_ms, payload, dropped_hash, dropped_length, settled)
             SELECT ?1, place - ?2, kind, time_ms, payload, dropped_hash, dropped_length, 0
             FROM entry WHERE place BETWEEN ?3 AND ?4",
        )?
        .execute(params![
            run,
            feed.places().start(),
            feed.at(from).0,
            feed.at(to - 1).0
        ])?;
    Ok(())
}

fn remove_from(connection: &Connection, feed: FeedKey, at: u64) -> Result<(), Fault> {
    let places = [feed.at(at).0, *feed.places().end()];
    for table in ["checkpoint", "refused", "discarded", "entry"] {
        connection.execute(
            &format!("DELETE FROM {table} WHERE place BETWEEN ?1 AND ?2"),
            places,
        )?;
    }
    Ok(())
}

/// Keeps entries that another node had to cut off; those of others only while somebody waits for
/// them.
pub(crate) fn take(
    batch: &mut Batch<'_>,
    space: &SpaceId,
    previous: Hash,
    run: &Run,
    carried: bool,
) -> Result<(), Fault> {
    let (mut settled, mut waits) = (Vec::with_capacity(run.entries.len()), false);
    for (seq, entry) in (run.from..).zip(&run.entries) {
        let published = is_published(batch, space, &run.feed, seq, entry)?;
        let publishable = [EntryKind::CHANGE, EntryKind::REPUBLISHED].contains(&entry.kind);
        waits |= publishable && !published;
        settled.push(published);
    }
    if carried && !waits {
        return Ok(());
    }
    let state = batch.feed(space, &run.feed)?;
    batch.put_feed(space, &run.feed, state);
    let connection = batch.connection;
    let (ends, signature) = ((previous, run.checkpoint.head), &run.checkpoint.signature);
    let Some(key) = insert_run(connection, state.key, run.from, ends, signature, carried)? else {
        return Ok(());
    };
    for ((seq, entry), settled) in (run.from..).zip(&run.entries).zip(settled) {
        let (payload, hash, length) = payload_columns(&entry.payload);
        connection
            .prepare_cached(
                "INSERT INTO severed_entry
                     (run, seq, kind, time_ms, payload, dropped_hash, dropped_length, settled)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                key,
                seq,
                entry.kind.0,
                entry.time_ms,
                payload,
                hash,
                length,
                settled
            ])?;
    }
    Ok(())
}

/// Whether an entry that was cut off has been published again already, where that counts.
fn is_published(
    batch: &mut Batch<'_>,
    space: &SpaceId,
    feed: &FeedId,
    seq: u64,
    entry: &Entry,
) -> Result<bool, Fault> {
    let Some(payload) = Republished::again(feed, seq, entry) else {
        return Ok(true);
    };
    let key = batch.space(space)?;
    let mut select = batch.connection.prepare_cached(
        "SELECT feed.author FROM entry JOIN feed ON feed.key = entry.place >> 40
         WHERE entry.kind = 4 AND entry.payload = ?1 AND feed.space = ?2
           AND entry.place < (feed.key << 40) + feed.applied",
    )?;
    let publishers = select
        .query_map(params![payload.as_ref(), key.0], |row| {
            row.get(0).map(NodeId)
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for publisher in publishers {
        if batch.may_republish(space, &publisher, &feed.author)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Notes that what an entry publishes again needs nobody's attention any more.
pub(crate) fn settle(batch: &mut Batch<'_>, space: &SpaceId, payload: &[u8]) -> Result<(), Fault> {
    let Some((feed, seq, original)) = Republished::decode(payload) else {
        return Ok(());
    };
    let space = batch.space(space)?;
    batch
        .connection
        .prepare_cached(
            "UPDATE severed_entry SET settled = 1
             WHERE ((seq = ?4 AND payload = ?5) OR (kind = 4 AND payload = ?6))
               AND run IN (
                 SELECT severed.key FROM severed JOIN feed ON feed.key = severed.feed
                 WHERE feed.space = ?1 AND ((feed.author = ?2 AND feed.epoch = ?3)
                    OR severed_entry.kind = 4))",
        )?
        .execute(params![
            space.0,
            feed.author.0,
            feed.epoch.0,
            seq,
            original,
            payload
        ])?;
    forget_carried(batch.connection, space)
}

/// Forgets what was kept for others and is published again.
fn forget_carried(connection: &Connection, space: SpaceKey) -> Result<(), Fault> {
    const DONE: &str = "
        SELECT severed.key FROM severed JOIN feed ON feed.key = severed.feed
        WHERE feed.space = ?1 AND carried = 1 AND NOT EXISTS (
            SELECT 1 FROM severed_entry WHERE run = severed.key AND settled = 0
               AND kind IN (1, 4) AND payload IS NOT NULL)";
    let done = connection
        .prepare_cached(DONE)?
        .query_map([space.0], |row| row.get::<_, i64>(0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for run in done {
        connection.execute("DELETE FROM severed_entry WHERE run = ?1", [run])?;
        connection.execute("DELETE FROM severed WHERE key = ?1", [run])?;
    }
    Ok(())
}
