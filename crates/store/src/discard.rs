//! Discarding entries in quarantine: they stay where they are, and nobody is reminded of them.

use phaki_replication::entry::Payload;
use rusqlite::{Connection, OptionalExtension, params};

use crate::place::FeedKey;
use crate::reader::QuarantinedRow;

/// Marks entries; whether any of them was not marked before.
pub(crate) fn discard(
    connection: &Connection,
    entries: &[QuarantinedRow],
) -> rusqlite::Result<bool> {
    let mut marked = 0;
    for entry in entries {
        let key: Option<i64> = connection
            .prepare_cached(
                "SELECT feed.key FROM feed JOIN space ON space.key = feed.space
                 WHERE space.id = ?1 AND author = ?2 AND epoch = ?3",
            )?
            .query_row(
                params![entry.space.0, entry.feed.author.0, entry.feed.epoch.0],
                |row| row.get(0),
            )
            .optional()?;
        if let Some(key) = key {
            marked += discard_one(connection, FeedKey(key), entry)?;
        }
    }
    Ok(marked > 0)
}

fn discard_one(
    connection: &Connection,
    feed: FeedKey,
    entry: &QuarantinedRow,
) -> rusqlite::Result<usize> {
    if !entry.severed {
        // It may count by now, or have been cut off.
        return connection
            .prepare_cached(
                "INSERT INTO discarded (place)
                 SELECT entry.place FROM entry JOIN feed ON feed.key = entry.place >> 40
                 WHERE entry.place = ?1 AND ?2 >= feed.applied
                 ON CONFLICT DO NOTHING",
            )?
            .execute(params![feed.at(entry.seq).0, entry.seq]);
    }
    let (payload, dropped) = match &entry.entry.payload {
        Payload::Present(bytes) => (Some(bytes.as_ref()), None),
        Payload::Dropped { hash, .. } => (None, Some(hash.0)),
    };
    connection
        .prepare_cached(
            "UPDATE severed_entry SET settled = 1
             WHERE seq = ?2 AND payload IS ?3 AND dropped_hash IS ?4 AND settled = 0
               AND run IN (SELECT key FROM severed WHERE feed = ?1)",
        )?
        .execute(params![feed.0, entry.seq, payload, dropped])
}
