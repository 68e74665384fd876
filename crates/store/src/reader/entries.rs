//! Reading entries back as runs, to be sent to peers.

use phaki_replication::entry::{Entry, EntryKind, Payload, root};
use phaki_replication::feed::{Checkpoint, Run};
use phaki_replication::id::{FederationId, FeedId, Hash, SpaceId};
use phaki_replication::limits::RUN_ENTRIES_MAX;
use phaki_replication::sign::Signature;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::place::{place_of, run_across_cut};
use super::{ReadError, Reader};
use crate::place::{FeedKey, Place};

impl Reader {
    /// The entries of a feed from position `from`: as many as end at a checkpoint within
    /// `bytes_target` payload bytes and [`RUN_ENTRIES_MAX`], but at least up to the first
    /// checkpoint. `None` when no checkpoint follows, or that feed is not held.
    ///
    /// # Errors
    /// When reading fails, or what was read is not what was once signed: nobody shall be sent that.
    pub fn run(
        &self,
        space: &SpaceId,
        feed: &FeedId,
        from: u64,
        bytes_target: usize,
    ) -> Result<Option<Run>, ReadError> {
        let found = self.with(|connection| {
            let Some((key, length)) = feed_key(connection, space, feed)? else {
                return Ok(None);
            };
            if from >= length {
                return Ok(None);
            }
            let Some((end, checkpoint)) = choose_end(connection, key, from, bytes_target)? else {
                let run = run_across_cut(connection, feed, key, (from, length))?;
                return Ok(run.map(|run| (run, true)));
            };
            let entries = read_entries(connection, key.at(from), end)?;
            let run = Run {
                feed: *feed,
                from,
                entries,
                checkpoint,
            };
            let sound = leads_to_its_head(connection, space, key, &run)?;
            Ok(Some((run, sound)))
        })?;
        match found {
            Some((_, false)) => Err(self.damaged("entry of a feed")),
            found => Ok(found.map(|(run, _)| run)),
        }
    }
}

/// Whether the entries of a run follow from what is before it up to its signed head.
fn leads_to_its_head(
    connection: &Connection,
    space: &SpaceId,
    key: FeedKey,
    run: &Run,
) -> rusqlite::Result<bool> {
    let federation = connection
        .prepare_cached("SELECT value FROM meta WHERE name = 'federation'")?
        .query_row([], |row| row.get(0).map(FederationId))?;
    let root = root(&federation, space, &run.feed);
    let before = place_of(connection, root, key, run.from)?.head;
    let entries = (run.from..).zip(&run.entries);
    let head = entries.fold(before, |head, (seq, entry)| entry.hash(&head, seq));
    Ok(head == run.checkpoint.head && run.end() == run.checkpoint.length)
}

/// The key of a feed and the number of its entries.
pub(super) fn feed_key(
    connection: &Connection,
    space: &SpaceId,
    feed: &FeedId,
) -> rusqlite::Result<Option<(FeedKey, u64)>> {
    connection
        .prepare_cached(
            "SELECT feed.key, feed.length FROM feed JOIN space ON space.key = feed.space
             WHERE space.id = ?1 AND feed.author = ?2 AND feed.epoch = ?3",
        )?
        .query_row(params![space.0, feed.author.0, feed.epoch.0], |row| {
            Ok((FeedKey(row.get(0)?), row.get(1)?))
        })
        .optional()
}

/// The last checkpoint within the limits, or the first one there is.
fn choose_end(
    connection: &Connection,
    feed: FeedKey,
    from: u64,
    bytes_target: usize,
) -> rusqlite::Result<Option<(Place, Checkpoint)>> {
    let before = bytes_before(connection, feed, from)?;
    let bytes_max = before.saturating_add(u64::try_from(bytes_target).unwrap_or(u64::MAX));
    let seq_max = from.saturating_add(u64::try_from(RUN_ENTRIES_MAX).unwrap_or(u64::MAX));
    let mut select = connection.prepare_cached(
        "SELECT place, head, signature, bytes FROM checkpoint
         WHERE place BETWEEN ?1 AND ?2 ORDER BY place",
    )?;
    let mut rows = select.query(params![feed.at(from).0, feed.places().end()])?;
    let mut chosen = None;
    while let Some(row) = rows.next()? {
        let place = Place(row.get(0)?);
        let within = place.seq() < seq_max && row.get::<_, u64>(3)? <= bytes_max;
        if chosen.is_some() && !within {
            break;
        }
        let signature = Signature(row.get(2)?);
        let checkpoint = Checkpoint {
            length: place.seq() + 1,
            head: Hash(row.get(1)?),
            signature,
        };
        chosen = Some((place, checkpoint));
        if !within {
            break;
        }
    }
    Ok(chosen)
}

/// Payload bytes of the entries before position `from`.
fn bytes_before(connection: &Connection, feed: FeedKey, from: u64) -> rusqlite::Result<u64> {
    let Some(last) = from.checked_sub(1) else {
        return Ok(0);
    };
    let (places, last) = (feed.places(), feed.at(last));
    let checkpoint: Option<(i64, u64)> = connection
        .prepare_cached(
            "SELECT place, bytes FROM checkpoint WHERE place BETWEEN ?1 AND ?2
             ORDER BY place DESC LIMIT 1",
        )?
        .query_row(params![places.start(), last.0], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let (covered, bytes) = checkpoint.unwrap_or((places.start() - 1, 0));
    let rest: u64 = connection
        .prepare_cached(
            "SELECT coalesce(sum(coalesce(length(payload), dropped_length)), 0) FROM entry
             WHERE place BETWEEN ?1 AND ?2",
        )?
        .query_row([covered + 1, last.0], |row| row.get(0))?;
    Ok(bytes + rest)
}

/// The entries from one place to another, both included.
pub(crate) fn read_entries(
    connection: &Connection,
    from: Place,
    to: Place,
) -> rusqlite::Result<Vec<Entry>> {
    let mut select = connection.prepare_cached(
        "SELECT kind, time_ms, payload, dropped_hash, dropped_length FROM entry
         WHERE place BETWEEN ?1 AND ?2 ORDER BY place",
    )?;
    select.query_map([from.0, to.0], read_entry)?.collect()
}

pub(super) fn read_entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let payload = match row.get::<_, Option<Vec<u8>>>(2)? {
        Some(bytes) => Payload::Present(bytes.into()),
        None => Payload::Dropped {
            hash: Hash(row.get(3)?),
            length: row.get(4)?,
        },
    };
    Ok(Entry {
        kind: EntryKind(row.get(0)?),
        time_ms: row.get(1)?,
        payload,
    })
}
