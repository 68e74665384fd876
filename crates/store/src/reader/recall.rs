//! Own work that counts nowhere any more, ready to be published again: what was cut off, and what
//! stood under an earlier key of the node and was not received in time.

use phaki_replication::entry::EntryKind;
use phaki_replication::id::{Epoch, FeedId, NodeId, SpaceId};
use phaki_replication::limits::{APPEND_BYTES_MAX, REPUBLISHED_AT_ONCE};
use phaki_replication::node::NewEntry;
use phaki_replication::republish::Republished;
use rusqlite::{Connection, params};

use super::entries::read_entry;
use super::quarantine::{AGAIN, REPUBLISHED};
use super::{ReadError, Reader};

/// Entries that were cut off. Of a key that was stolen only those that this store wrote: they are
/// linked to what it held when the key was replaced.
const SEVERED: &str = "
    WITH RECURSIVE own (feed, run, previous) AS (
        SELECT feed, severed.key, previous FROM severed JOIN former_feed USING (feed)
        WHERE severed.head = former_feed.head
        UNION
        SELECT severed.feed, severed.key, severed.previous FROM own
        JOIN severed ON severed.feed = own.feed AND severed.head = own.previous)
    SELECT severed_entry.kind, time_ms, payload, dropped_hash, dropped_length,
           feed.epoch, severed_entry.seq
    FROM severed_entry JOIN severed ON severed.key = run
    JOIN feed ON feed.key = severed.feed JOIN space ON space.key = feed.space
    LEFT JOIN former_key ON former_key.node = author
    LEFT JOIN former_feed ON former_feed.feed = feed.key
    WHERE space.id = ?1 AND author = ?2 AND settled = 0
      AND payload IS NOT NULL AND severed_entry.kind IN (1, 4)
      AND (author = (SELECT value FROM meta WHERE name = 'node') OR former_key.stolen = 0
           OR (run IN (SELECT run FROM own) AND severed_entry.seq < former_feed.counted))
    GROUP BY feed.key, severed_entry.seq, payload
    ORDER BY feed.key, severed_entry.seq LIMIT ?3";

/// Entries of earlier keys that counted when the key was replaced, and count no longer.
fn frozen() -> String {
    format!(
        "SELECT held.* FROM (
             SELECT kind, time_ms, payload, dropped_hash, dropped_length, epoch,
                    entry.place - (feed.key << 40) AS seq, author, space, feed.key AS feed
             FROM former_feed JOIN feed ON feed.key = former_feed.feed
             JOIN entry ON entry.place BETWEEN (feed.key << 40) + feed.applied
                   AND (feed.key << 40) + min(former_feed.counted, feed.length) - 1
             WHERE payload IS NOT NULL AND kind IN (1, 4)
               AND place NOT IN (SELECT place FROM discarded)) AS held
         JOIN space ON space.key = held.space
         WHERE space.id = ?1 AND author = ?2 AND {AGAIN} NOT IN ({REPUBLISHED})
         ORDER BY feed, seq LIMIT ?3"
    )
}

impl Reader {
    /// Entries of a node, by the keys that it has and had, that count nowhere any more and have not
    /// been published again, ready for that: some hundred at most.
    ///
    /// # Errors
    /// When reading fails.
    pub fn recalled(
        &self,
        space: &SpaceId,
        authors: &[NodeId],
    ) -> Result<Vec<NewEntry>, ReadError> {
        self.with(|connection| {
            let mut recalled = Recalled::default();
            for author in authors {
                for select in [SEVERED, &frozen()] {
                    recalled.read(connection, select, space, author)?;
                }
            }
            Ok(recalled.entries)
        })
    }
}

#[derive(Default)]
struct Recalled {
    entries: Vec<NewEntry>,
    bytes: usize,
}

impl Recalled {
    /// Takes what a statement finds, as far as it fits one append.
    fn read(
        &mut self,
        connection: &Connection,
        select: &str,
        space: &SpaceId,
        author: &NodeId,
    ) -> rusqlite::Result<()> {
        let mut select = connection.prepare_cached(select)?;
        let mut rows = select.query(params![space.0, author.0, REPUBLISHED_AT_ONCE])?;
        while let Some(row) = rows.next()? {
            let entry = read_entry(row)?;
            let feed = FeedId {
                author: *author,
                epoch: Epoch(row.get(5)?),
            };
            self.bytes += entry.payload.length();
            if self.entries.len() >= REPUBLISHED_AT_ONCE || self.bytes > APPEND_BYTES_MAX / 2 {
                break;
            }
            if let Some(payload) = Republished::again(&feed, row.get(6)?, &entry) {
                let kind = EntryKind::REPUBLISHED;
                self.entries.push(NewEntry { kind, payload });
            }
        }
        Ok(())
    }
}
