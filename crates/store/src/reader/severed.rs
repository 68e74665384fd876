//! Runs that were cut off a feed: which are kept, what they hold, and what still waits.

use std::collections::BTreeSet;

use phaki_replication::entry::{Entry, EntryKind, Payload};
use phaki_replication::feed::{Checkpoint, Run};
use phaki_replication::id::{Epoch, FeedId, Hash, NodeId, SpaceId};
use phaki_replication::manifest::Manifest;
use phaki_replication::message::SeveredRun;
use phaki_replication::node::KeptRun;
use phaki_replication::republish::Republished;
use phaki_replication::roster::Roster;
use phaki_replication::sign::Signature;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::entries::{feed_key, read_entries, read_entry};
use super::{ReadError, Reader};
use crate::batch::read_roster;
use crate::fault::Fault;
use crate::place::FeedKey;

/// A run that was cut off, without its entries.
struct SeveredRow {
    key: i64,
    seq: u64,
    previous: Hash,
    head: Hash,
    signature: Signature,
}

fn severed_row(row: &Row<'_>) -> rusqlite::Result<SeveredRow> {
    Ok(SeveredRow {
        key: row.get(0)?,
        seq: row.get(1)?,
        previous: Hash(row.get(2)?),
        head: Hash(row.get(3)?),
        signature: Signature(row.get(4)?),
    })
}

fn severed_entries(connection: &Connection, run: i64) -> rusqlite::Result<Vec<Entry>> {
    let mut select = connection.prepare_cached(
        "SELECT kind, time_ms, payload, dropped_hash, dropped_length FROM severed_entry
         WHERE run = ?1 ORDER BY seq",
    )?;
    select.query_map([run], read_entry)?.collect()
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
    let beyond = connection
        .prepare_cached(
            "SELECT key, seq, previous, head, signature FROM severed
             WHERE feed = ?1 AND seq = ?2 AND previous = ?3 ORDER BY head LIMIT 1",
        )?
        .query_row(params![key.0, length, head.0], severed_row)
        .optional()?;
    let Some(beyond) = beyond else {
        return Ok(None);
    };
    let mut entries = read_entries(connection, key.at(from), key.at(length - 1))?;
    entries.extend(severed_entries(connection, beyond.key)?);
    Ok(Some(run_of(feed, from, entries, &beyond)))
}

fn run_of(feed: &FeedId, from: u64, entries: Vec<Entry>, severed: &SeveredRow) -> Run {
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
    /// A run that was cut off a feed, and the hash of the entry before it.
    ///
    /// # Errors
    /// When reading fails.
    pub fn severed_run(
        &self,
        space: &SpaceId,
        run: &SeveredRun,
    ) -> Result<Option<(Hash, Run)>, ReadError> {
        self.with(|connection| {
            let Some((key, _)) = feed_key(connection, space, &run.feed)? else {
                return Ok(None);
            };
            let found = connection
                .prepare_cached(
                    "SELECT key, seq, previous, head, signature FROM severed
                     WHERE feed = ?1 AND seq = ?2 AND head = ?3",
                )?
                .query_row(params![key.0, run.from, run.head.0], severed_row)
                .optional()?;
            let Some(severed) = found else {
                return Ok(None);
            };
            let entries = severed_entries(connection, severed.key)?;
            let run = run_of(&run.feed, severed.seq, entries, &severed);
            Ok(Some((severed.previous, run)))
        })
    }

    /// All that was cut off in a space and is kept, and what of it is settled.
    ///
    /// # Errors
    /// When reading fails.
    pub fn kept(&self, space: &SpaceId) -> Result<Vec<KeptRun>, ReadError> {
        let kept = self.with(|connection| match kept(connection, space) {
            Err(Fault::Sqlite(error)) => Err(error),
            other => Ok(other),
        })?;
        kept.map_err(|_| self.damaged("roster or manifest"))
    }

    /// The same of all spaces.
    ///
    /// # Errors
    /// When reading fails.
    pub(crate) fn kept_everywhere(&self) -> Result<Vec<(SpaceId, KeptRun)>, ReadError> {
        let spaces = self.with(|connection| {
            let mut select = connection.prepare(
                "SELECT DISTINCT space.id FROM severed JOIN feed ON feed.key = severed.feed
                 JOIN space ON space.key = feed.space ORDER BY space.key",
            )?;
            let spaces = select.query_map([], |row| row.get(0).map(SpaceId))?;
            spaces.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let mut everywhere = Vec::new();
        for space in spaces {
            let kept = self.kept(&space)?;
            everywhere.extend(kept.into_iter().map(|run| (space, run)));
        }
        Ok(everywhere)
    }
}

fn kept(connection: &Connection, space: &SpaceId) -> Result<Vec<KeptRun>, Fault> {
    let mut select = connection.prepare_cached(
        "SELECT severed.key, author, epoch, seq, severed.head, carried
         FROM severed JOIN feed ON feed.key = severed.feed JOIN space ON space.key = feed.space
         WHERE space.id = ?1 ORDER BY severed.key",
    )?;
    let rows = select.query_map([space.0], |row| {
        let feed = FeedId {
            author: NodeId(row.get(1)?),
            epoch: Epoch(row.get(2)?),
        };
        let (from, head) = (row.get(3)?, Hash(row.get(4)?));
        Ok((row.get(0)?, SeveredRun { feed, from, head }, row.get(5)?))
    })?;
    let rows: Vec<(i64, SeveredRun, bool)> = rows.collect::<rusqlite::Result<_>>()?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let published = published(connection, space)?;
    let mut kept = Vec::with_capacity(rows.len());
    for (key, run, carried) in rows {
        let entries = severed_entries(connection, key)?;
        let bytes: usize = entries.iter().map(|entry| entry.payload.length()).sum();
        let mut again = (run.from..).zip(&entries).filter_map(|(seq, entry)| {
            let publishable = [EntryKind::CHANGE, EntryKind::REPUBLISHED].contains(&entry.kind);
            let again = publishable.then(|| Republished::again(&run.feed, seq, entry));
            again.flatten()
        });
        kept.push(KeptRun {
            run,
            bytes: u64::try_from(bytes).unwrap_or(u64::MAX),
            carried,
            settled: again.all(|payload| published.contains(&Payload::Present(payload).hash())),
        });
    }
    Ok(kept)
}

/// The hashes of all payloads that were published again in a space, where that counts, by somebody
/// who has the right to.
fn published(connection: &Connection, space: &SpaceId) -> Result<BTreeSet<Hash>, Fault> {
    let roster: Roster = read_roster(connection)?;
    let bytes: Vec<u8> = connection
        .prepare_cached("SELECT manifest FROM space WHERE id = ?1")?
        .query_row([space.0], |row| row.get(0))?;
    let manifest = Manifest::decode(&bytes).map_err(|_| Fault::Damaged("manifest"))?;
    let mut select = connection.prepare_cached(
        "SELECT author, payload FROM entry JOIN feed ON feed.key = entry.place >> 40
         JOIN space ON space.key = feed.space
         WHERE entry.kind = 4 AND payload IS NOT NULL AND space.id = ?1
           AND entry.place < (feed.key << 40) + feed.applied",
    )?;
    let mut rows = select.query([space.0])?;
    let mut published = BTreeSet::new();
    while let Some(row) = rows.next()? {
        let (publisher, payload) = (NodeId(row.get(0)?), row.get::<_, Vec<u8>>(1)?);
        let origin = Republished::decode(&payload).map(|(feed, ..)| feed.author);
        if origin.is_some_and(|origin| manifest.may_republish(&roster, &publisher, &origin)) {
            published.insert(Payload::Present(payload.into()).hash());
        }
    }
    Ok(published)
}
