//! Entries that are authentic and have no effect, because their author had no right to write them
//! or because they lie behind a cut.

use std::collections::BTreeMap;

use phaki_documents::change::ChangeHash;
use phaki_documents::kind::DocumentId;
use phaki_replication::entry::{Entry, Payload};
use phaki_replication::id::{Epoch, FeedId, Hash, NodeId, SpaceId};
use rusqlite::{Row, params};

use super::entries::read_entry;
use super::{ReadError, Reader};
use crate::change_entry;
use crate::limits::ROWS_MAX;

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
    /// Whether it was published again, where it counts.
    pub republished: bool,
    /// Whether somebody said that it needs nobody's attention.
    pub discarded: bool,
    /// The entry.
    pub entry: Entry,
}

/// Which entries in quarantine are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuarantineFilter {
    /// Only those of this space.
    pub space: Option<SpaceId>,
    /// Only those of this author.
    pub author: Option<NodeId>,
    /// Also those that were published again or discarded.
    pub settled: bool,
    /// At most so many of either kind, and at most [`ROWS_MAX`].
    pub limit: usize,
}

impl QuarantinedRow {
    /// Whether it needs nobody's attention any more.
    pub fn is_settled(&self) -> bool {
        self.republished || self.discarded
    }

    /// What tells the entry from another one at the same place, in another branch of its feed.
    pub fn payload_hash(&self) -> Hash {
        self.entry.payload.hash()
    }

    /// The document that the entry changes, if it is a change.
    pub fn document(&self) -> Option<DocumentId> {
        self.change().map(|(document, _)| document)
    }

    /// That document and the bytes of the change.
    pub fn change(&self) -> Option<(DocumentId, &[u8])> {
        let Payload::Present(bytes) = &self.entry.payload else {
            return None;
        };
        let (decoded, _) = change_entry::decode(self.entry.kind, bytes)?;
        Some((decoded.document, decoded.change))
    }
}

/// What an entry would say if it was published again, with its space.
pub(super) const AGAIN: &str = "
    space.key || ':' || CASE kind WHEN 4 THEN hex(payload)
        ELSE hex(author) || hex(epoch) || printf('%016X', seq) || hex(payload) END";

/// What was published again by somebody who may, with its space. These are few.
pub(super) const REPUBLISHED: &str = "
    SELECT feed.space || ':' || hex(payload) FROM entry JOIN feed ON feed.key = place >> 40
    WHERE kind = 4 AND place - (feed.key << 40) < feed.applied
      AND place NOT IN (SELECT place FROM refused)";

const WITHOUT_RIGHT: &str = "
    SELECT kind, time_ms, payload, dropped_hash, dropped_length, space, author, epoch,
           entry.place - (feed.key << 40) AS seq, feed.key AS feed,
           discarded.place IS NOT NULL AS discarded, 0 AS severed
    FROM feed
    JOIN entry ON entry.place BETWEEN (feed.key << 40) + feed.applied
                              AND (feed.key << 40) + feed.length - 1
    LEFT JOIN discarded ON discarded.place = entry.place
    WHERE feed.applied < feed.length";

const BEHIND_A_CUT: &str = "
    SELECT kind, time_ms, payload, dropped_hash, dropped_length, space, author, epoch,
           severed_entry.seq AS seq, feed.key AS feed, min(settled) AS discarded, 1 AS severed
    FROM severed_entry JOIN severed ON severed.key = run JOIN feed ON feed.key = severed.feed
    WHERE carried = 0
    GROUP BY feed.key, severed_entry.seq, payload";

impl Reader {
    /// Entries in quarantine, by feed and position.
    ///
    /// # Errors
    /// When reading fails.
    pub fn quarantined(&self, filter: &QuarantineFilter) -> Result<Vec<QuarantinedRow>, ReadError> {
        let limit = filter.limit.min(ROWS_MAX);
        let (space, author) = (filter.space.map(|id| id.0), filter.author.map(|key| key.0));
        self.with(|connection| {
            let mut rows = Vec::new();
            for held in [WITHOUT_RIGHT, BEHIND_A_CUT] {
                let mut select = connection.prepare_cached(&listing(held))?;
                let wanted = params![space, author, filter.settled, limit];
                for row in select.query_map(wanted, read_row)? {
                    rows.push(row?);
                }
            }
            Ok(rows)
        })
    }

    /// How many entries in quarantine nobody has published again or discarded, by space; spaces
    /// without any are left out.
    ///
    /// # Errors
    /// When reading fails.
    pub fn unsettled(&self) -> Result<BTreeMap<SpaceId, u64>, ReadError> {
        self.with(|connection| {
            let mut counts = BTreeMap::new();
            for held in [WITHOUT_RIGHT, BEHIND_A_CUT] {
                let mut select = connection.prepare_cached(&format!(
                    "SELECT space.id, count(*) FROM ({held}) AS held
                     JOIN space ON space.key = held.space
                     WHERE discarded = 0 AND {AGAIN} NOT IN ({REPUBLISHED}) GROUP BY space.key"
                ))?;
                let mut rows = select.query([])?;
                while let Some(row) = rows.next()? {
                    *counts.entry(SpaceId(row.get(0)?)).or_default() += row.get::<_, u64>(1)?;
                }
            }
            Ok(counts)
        })
    }

    /// How many changes that count wait for one that does not, directly or for others that do.
    ///
    /// # Errors
    /// When reading fails.
    pub fn waiting_for(
        &self,
        space: &SpaceId,
        document: &DocumentId,
        change: &ChangeHash,
    ) -> Result<u64, ReadError> {
        self.with(|connection| {
            let mut select = connection.prepare_cached(
                "WITH RECURSIVE behind (document, hash) AS (
                     SELECT document.key, ?3 FROM document
                     JOIN space ON space.key = document.space
                     WHERE space.id = ?1 AND document.id = ?2
                     UNION
                     SELECT waiting.document, waiting.hash FROM behind
                     JOIN waiting ON waiting.document = behind.document
                                 AND waiting.missing = behind.hash)
                 SELECT count(*) - 1 FROM behind",
            )?;
            let known = params![space.0, document.to_bytes(), change];
            let count: i64 = select.query_row(known, |row| row.get(0))?;
            Ok(u64::try_from(count).unwrap_or(0))
        })
    }
}

fn listing(held: &str) -> String {
    format!(
        "SELECT held.*, space.id, {AGAIN} IN ({REPUBLISHED}) AS republished
         FROM ({held}) AS held JOIN space ON space.key = held.space
         WHERE (?1 IS NULL OR space.id = ?1) AND (?2 IS NULL OR author = ?2)
           AND (?3 OR NOT (discarded OR republished))
         ORDER BY feed, seq LIMIT ?4"
    )
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<QuarantinedRow> {
    Ok(QuarantinedRow {
        entry: read_entry(row)?,
        space: SpaceId(row.get("id")?),
        feed: FeedId {
            author: NodeId(row.get("author")?),
            epoch: Epoch(row.get("epoch")?),
        },
        seq: row.get("seq")?,
        severed: row.get("severed")?,
        republished: row.get("republished")?,
        discarded: row.get("discarded")?,
    })
}
