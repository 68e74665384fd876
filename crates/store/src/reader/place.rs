//! What is held at a place of a feed.

use phaki_replication::entry::root;
use phaki_replication::feed::Run;
use phaki_replication::id::{FederationId, FeedId, Hash, SpaceId};
use phaki_replication::node::Place;
use rusqlite::{Connection, OptionalExtension, params};

use super::entries::{feed_key, read_entries};
use super::severed::run_beyond;
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
}
