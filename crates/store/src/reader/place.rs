//! What is held at a place of a feed, and what was cut off behind it.

use phaki_replication::entry::{Entry, root};
use phaki_replication::feed::{Checkpoint, Run};
use phaki_replication::id::{FederationId, FeedId, Hash, SpaceId};
use phaki_replication::node::Place;
use phaki_replication::sign::Signature;
use rusqlite::{Connection, OptionalExtension, params};

use super::entries::{feed_key, read_entries, read_entry};
use super::{ReadError, Reader};
use crate::place::{self, FeedKey};

/// Before a place: how far the feed has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    pub(crate) head: Hash,
    pub(crate) bytes: u64,
}

/// The hash of the last entry before position `at`, and the payload bytes up to there.
pub(crate) fn place_of(
    connection: &Connection,
    root: Hash,
    feed: FeedKey,
    at: u64,
) -> rusqlite::Result<Before> {
    let start = Before {
        head: root,
        bytes: 0,
    };
    let Some(last) = at.checked_sub(1) else {
        return Ok(start);
    };
    let checkpoint = connection
        .prepare_cached(
            "SELECT place, head, bytes FROM checkpoint WHERE place BETWEEN ?1 AND ?2
             ORDER BY place DESC LIMIT 1",
        )?
        .query_row(params![feed.places().start(), feed.at(last).0], |row| {
            let before = Before {
                head: Hash(row.get(1)?),
                bytes: row.get(2)?,
            };
            Ok((place::Place(row.get(0)?).seq() + 1, before))
        })
        .optional()?;
    let (from, before) = checkpoint.unwrap_or((0, start));
    if from >= at {
        return Ok(before);
    }
    let entries = read_entries(connection, feed.at(from), feed.at(last))?;
    Ok((from..)
        .zip(&entries)
        .fold(before, |before, (seq, entry)| Before {
            head: entry.hash(&before.head, seq),
            bytes: before.bytes + u64::try_from(entry.payload.length()).unwrap_or(0),
        }))
}

/// A run that was cut off.
struct SeveredRun {
    key: i64,
    seq: u64,
    previous: Hash,
    head: Hash,
    signature: Signature,
}

/// The first run that was cut off a feed at `from` or behind; exactly there if `exactly`.
fn severed_from(
    connection: &Connection,
    feed: FeedKey,
    from: u64,
    exactly: Option<Hash>,
) -> rusqlite::Result<Option<SeveredRun>> {
    connection
        .prepare_cached(
            "SELECT key, seq, previous, head, signature FROM severed
             WHERE feed = ?1 AND seq >= ?2 AND (?3 IS NULL OR (seq = ?2 AND previous = ?3))
             ORDER BY seq, head LIMIT 1",
        )?
        .query_row(params![feed.0, from, exactly.map(|hash| hash.0)], |row| {
            Ok(SeveredRun {
                key: row.get(0)?,
                seq: row.get(1)?,
                previous: Hash(row.get(2)?),
                head: Hash(row.get(3)?),
                signature: Signature(row.get(4)?),
            })
        })
        .optional()
}

fn severed_entries(connection: &Connection, run: i64) -> rusqlite::Result<Vec<Entry>> {
    let mut select = connection.prepare_cached(
        "SELECT kind, time_ms, payload, dropped_hash, dropped_length FROM severed_entry
         WHERE run = ?1 ORDER BY seq",
    )?;
    select.query_map([run], read_entry)?.collect()
}

/// What stands between `from` and the end of a cut feed has its checkpoint behind the cut: the
/// entries up to there, and those beyond that the signature covers.
pub(super) fn run_across_cut(
    connection: &Connection,
    feed: &FeedId,
    key: FeedKey,
    (from, length): (u64, u64),
) -> rusqlite::Result<Option<Run>> {
    let cut: Option<(u64, Hash)> = connection
        .prepare_cached(
            "SELECT fork.seq, feed.head FROM fork JOIN feed ON feed.key = fork.feed
             WHERE fork.feed = ?1",
        )?
        .query_row([key.0], |row| Ok((row.get(0)?, Hash(row.get(1)?))))
        .optional()?;
    match cut.filter(|(seq, _)| *seq == length) {
        Some((_, head)) => run_beyond(connection, feed, key, (from, length), head),
        None => Ok(None),
    }
}

/// The entries between `from` and the end of a feed that ends with `head` without a checkpoint,
/// and those that were cut off there, whose checkpoint vouches for all.
pub(crate) fn run_beyond(
    connection: &Connection,
    feed: &FeedId,
    key: FeedKey,
    (from, length): (u64, u64),
    head: Hash,
) -> rusqlite::Result<Option<Run>> {
    let Some(beyond) = severed_from(connection, key, length, Some(head))? else {
        return Ok(None);
    };
    let mut entries = read_entries(connection, key.at(from), key.at(length - 1))?;
    entries.extend(severed_entries(connection, beyond.key)?);
    Ok(Some(run_of(feed, from, entries, &beyond)))
}

fn run_of(feed: &FeedId, from: u64, entries: Vec<Entry>, severed: &SeveredRun) -> Run {
    let count = u64::try_from(entries.len()).unwrap_or(u64::MAX);
    Run {
        feed: *feed,
        from,
        entries,
        checkpoint: Checkpoint {
            length: from + count,
            head: severed.head,
            signature: severed.signature,
        },
    }
}

impl Reader {
    /// What is held of a feed at position `at`; `None` when it does not reach so far.
    ///
    /// # Errors
    /// When reading fails.
    pub fn place(
        &self,
        federation: &FederationId,
        space: &SpaceId,
        feed: &FeedId,
        at: u64,
    ) -> Result<Option<Place>, ReadError> {
        let before = self.with(|connection| {
            let Some((key, length)) = feed_key(connection, space, feed)? else {
                return Ok(None);
            };
            let root = root(federation, space, feed);
            let known = at <= length;
            known
                .then(|| place_of(connection, root, key, at))
                .transpose()
        })?;
        let Some(Before { head, bytes }) = before else {
            return Ok(None);
        };
        let run = self.run(space, feed, at, 0)?;
        Ok(Some(Place {
            at,
            head,
            bytes,
            run,
        }))
    }

    /// The first run that was cut off a feed at position `from` or behind, and the hash of the
    /// entry before it.
    ///
    /// # Errors
    /// When reading fails.
    pub fn severed_run(
        &self,
        space: &SpaceId,
        feed: &FeedId,
        from: u64,
    ) -> Result<Option<(Hash, Run)>, ReadError> {
        self.with(|connection| {
            let Some((key, _)) = feed_key(connection, space, feed)? else {
                return Ok(None);
            };
            let Some(severed) = severed_from(connection, key, from, None)? else {
                return Ok(None);
            };
            let entries = severed_entries(connection, severed.key)?;
            let run = run_of(feed, severed.seq, entries, &severed);
            Ok(Some((severed.previous, run)))
        })
    }
}
