//! Entries that are authentic and have no effect, because their author had no right to write them
//! or because they lie behind a cut.

use phaki_documents::kind::DocumentId;
use phaki_replication::entry::{Entry, Payload};
use phaki_replication::id::{Epoch, FeedId, Hash, NodeId, SpaceId};
use rusqlite::{Row, params};

use super::entries::read_entry;
use super::{ReadError, Reader};
use crate::change_entry;
use crate::place::Place;

/// One entry in quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantinedRow {
    /// The space.
    pub space: SpaceId,
    /// The feed.
    pub feed: FeedId,
    /// Its position there, from 0.
    pub seq: u64,
    /// Whether it lies behind a cut; otherwise its author had no right to write it.
    pub severed: bool,
    /// Whether it was discarded, or published again.
    pub settled: bool,
    /// The entry.
    pub entry: Entry,
}

/// How many entries of a feed were cut off and still wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeveredRow {
    /// The space.
    pub space: SpaceId,
    /// The feed.
    pub feed: FeedId,
    /// Entries that nobody has published again or discarded.
    pub waiting: u64,
}

impl QuarantinedRow {
    /// What tells the entry from another one at the same place, in another branch of its feed.
    pub fn payload_hash(&self) -> Hash {
        self.entry.payload.hash()
    }

    /// The document that the entry changes, if it is a change.
    pub fn document(&self) -> Option<DocumentId> {
        let Payload::Present(bytes) = &self.entry.payload else {
            return None;
        };
        let (decoded, _) = change_entry::decode(self.entry.kind, bytes)?;
        Some(decoded.document)
    }
}

const WITHOUT_RIGHT: &str = "
    SELECT entry.kind, entry.time_ms, entry.payload, entry.dropped_hash, entry.dropped_length,
           space.id, author, epoch, entry.place, discarded.place IS NOT NULL
    FROM feed JOIN space ON space.key = feed.space
    JOIN entry ON entry.place BETWEEN feed.key * (1 << 40) + feed.applied
                              AND feed.key * (1 << 40) + feed.length - 1
    LEFT JOIN discarded ON discarded.place = entry.place
    WHERE feed.applied < feed.length AND (?1 IS NULL OR space.id = ?1)
    ORDER BY entry.place LIMIT ?2";

const BEHIND_A_CUT: &str = "
    SELECT severed_entry.kind, time_ms, payload, dropped_hash, dropped_length,
           space.id, author, epoch, severed_entry.seq, settled
    FROM severed_entry JOIN severed ON severed.key = run
    JOIN feed ON feed.key = severed.feed JOIN space ON space.key = feed.space
    WHERE ?1 IS NULL OR space.id = ?1
    GROUP BY feed.key, severed_entry.seq, payload
    ORDER BY feed.key, severed_entry.seq LIMIT ?2";

impl Reader {
    /// The entries in quarantine of one space or of all, `limit` of either kind at most.
    ///
    /// # Errors
    /// When reading fails.
    pub fn quarantined(
        &self,
        space: Option<&SpaceId>,
        limit: usize,
    ) -> Result<Vec<QuarantinedRow>, ReadError> {
        let id = space.map(|space| space.0);
        self.with(|connection| {
            let mut rows = Vec::new();
            let mut select = connection.prepare(WITHOUT_RIGHT)?;
            for row in select.query_map(params![id, limit], |row| read_row(row, false))? {
                rows.push(row?);
            }
            let mut select = connection.prepare(BEHIND_A_CUT)?;
            for row in select.query_map(params![id, limit], |row| read_row(row, true))? {
                rows.push(row?);
            }
            Ok(rows)
        })
    }

    /// The feeds of which entries were cut off, with how many of them still wait.
    ///
    /// # Errors
    /// When reading fails.
    pub fn severed(&self) -> Result<Vec<SeveredRow>, ReadError> {
        self.with(|connection| {
            let mut select = connection.prepare(
                "SELECT space.id, author, epoch, count(DISTINCT CASE settled WHEN 0
                        THEN severed_entry.seq || '/' || hex(payload) END)
                 FROM severed JOIN severed_entry ON run = severed.key
                 JOIN feed ON feed.key = severed.feed JOIN space ON space.key = feed.space
                 GROUP BY feed.key ORDER BY feed.key",
            )?;
            let rows = select.query_map([], |row| {
                Ok(SeveredRow {
                    space: SpaceId(row.get(0)?),
                    feed: FeedId {
                        author: NodeId(row.get(1)?),
                        epoch: Epoch(row.get(2)?),
                    },
                    waiting: row.get(3)?,
                })
            })?;
            rows.collect()
        })
    }
}

fn read_row(row: &Row<'_>, severed: bool) -> rusqlite::Result<QuarantinedRow> {
    let position: i64 = row.get(8)?;
    let seq = match severed {
        true => u64::try_from(position).unwrap_or_default(),
        false => Place(position).seq(),
    };
    Ok(QuarantinedRow {
        entry: read_entry(row)?,
        space: SpaceId(row.get(5)?),
        feed: FeedId {
            author: NodeId(row.get(6)?),
            epoch: Epoch(row.get(7)?),
        },
        seq,
        severed,
        settled: row.get(9)?,
    })
}
