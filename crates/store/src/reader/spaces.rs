//! Reading the state of spaces and feeds: what is held, what has no effect and why.

use phaki_replication::id::{Epoch, FeedId, NodeId, SpaceId};
use phaki_replication::manifest::SignedManifest;
use phaki_replication::sign::Signature;
use rusqlite::{Row, params};

use super::{ReadError, Reader};
use crate::limits::ROWS_MAX;
use crate::place::Place;

/// A space in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpaceRow {
    /// The space.
    pub space: SpaceId,
    /// The manifest in force.
    pub manifest: SignedManifest,
    /// Exclusive or of [`phaki_documents::causal::heads_digest`] of all documents with heads:
    /// equal at all nodes with the same frontier, manifest and program.
    pub heads_digest: [u8; 32],
    /// Feeds held.
    pub feeds: u64,
    /// Entries held.
    pub entries: u64,
    /// Their payload bytes.
    pub bytes: u64,
    /// Entries held whose author may not write, or may not any more.
    pub quarantined: u64,
    /// Documents with an applied change.
    pub documents: u64,
    /// Of them those whose summary is not up to date.
    pub dirty: u64,
    /// Of them those with conflicts.
    pub conflicted: u64,
    /// Of them those that cannot be shown.
    pub broken: u64,
    /// Changes that wait for others.
    pub waiting: u64,
    /// Entries that have no effect for what they are.
    pub refused: u64,
}

/// A feed in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedRow {
    /// The feed.
    pub feed: FeedId,
    /// Entries held.
    pub length: u64,
    /// Their payload bytes.
    pub bytes: u64,
    /// Of them those that count; the later ones are in quarantine.
    pub applied: u64,
}

/// An entry that counts and yet has no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRow {
    /// Its feed.
    pub feed: FeedId,
    /// Its position in it.
    pub seq: u64,
    /// Why it has no effect.
    pub reason: String,
}

impl Reader {
    /// All spaces in numbers, by id.
    ///
    /// # Errors
    /// When reading fails.
    pub fn spaces(&self) -> Result<Vec<SpaceRow>, ReadError> {
        self.with(|connection| {
            let mut select = connection.prepare_cached(SPACES)?;
            select.query_map([], space_row)?.collect()
        })
    }

    /// The feeds of a space, by author and epoch.
    ///
    /// # Errors
    /// When reading fails.
    pub fn feeds(&self, space: &SpaceId) -> Result<Vec<FeedRow>, ReadError> {
        self.with(|connection| {
            let mut select = connection.prepare_cached(
                "SELECT feed.author, feed.epoch, feed.length, feed.bytes, feed.applied
                 FROM feed JOIN space ON space.key = feed.space
                 WHERE space.id = ?1 ORDER BY feed.author, feed.epoch",
            )?;
            let rows = select.query_map([space.0], |row| {
                Ok(FeedRow {
                    feed: FeedId {
                        author: NodeId(row.get(0)?),
                        epoch: Epoch(row.get(1)?),
                    },
                    length: row.get(2)?,
                    bytes: row.get(3)?,
                    applied: row.get(4)?,
                })
            })?;
            rows.collect()
        })
    }

    /// The entries of a space that count and have no effect, [`ROWS_MAX`] at most.
    ///
    /// # Errors
    /// When reading fails.
    pub fn refused(&self, space: &SpaceId) -> Result<Vec<RefusedRow>, ReadError> {
        self.with(|connection| {
            let mut select = connection.prepare_cached(
                "SELECT feed.author, feed.epoch, refused.place, refused.reason
                 FROM space JOIN feed ON feed.space = space.key
                 CROSS JOIN refused ON refused.place BETWEEN feed.key << 40
                                                    AND (feed.key << 40) + (1 << 40) - 1
                 WHERE space.id = ?1 ORDER BY refused.place LIMIT ?2",
            )?;
            let rows = select.query_map(params![space.0, ROWS_MAX], |row| {
                Ok(RefusedRow {
                    feed: FeedId {
                        author: NodeId(row.get(0)?),
                        epoch: Epoch(row.get(1)?),
                    },
                    seq: Place(row.get(2)?).seq(),
                    reason: row.get(3)?,
                })
            })?;
            rows.collect()
        })
    }
}

const SPACES: &str = "
    SELECT space.id, space.manifest, space.signature, space.heads_digest,
           (SELECT count(*) FROM feed WHERE feed.space = space.key),
           (SELECT coalesce(sum(length), 0) FROM feed WHERE feed.space = space.key),
           (SELECT coalesce(sum(bytes), 0) FROM feed WHERE feed.space = space.key),
           (SELECT coalesce(sum(length - applied), 0) FROM feed WHERE feed.space = space.key),
           (SELECT count(*) FROM document WHERE document.space = space.key AND heads <> x''),
           (SELECT count(*) FROM document WHERE document.space = space.key AND dirty = 1),
           (SELECT count(*) FROM summary JOIN document ON document.key = summary.document
            WHERE document.space = space.key AND summary.conflicts > 0),
           (SELECT count(*) FROM summary JOIN document ON document.key = summary.document
            WHERE document.space = space.key AND summary.broken IS NOT NULL),
           (SELECT count(*) FROM waiting JOIN document ON document.key = waiting.document
            WHERE document.space = space.key),
           (SELECT count(*) FROM feed CROSS JOIN refused
            ON refused.place BETWEEN feed.key << 40 AND (feed.key << 40) + (1 << 40) - 1
            WHERE feed.space = space.key)
    FROM space ORDER BY space.id";

fn space_row(row: &Row<'_>) -> rusqlite::Result<SpaceRow> {
    Ok(SpaceRow {
        space: SpaceId(row.get(0)?),
        manifest: SignedManifest {
            bytes: row.get(1)?,
            signature: Signature(row.get(2)?),
        },
        heads_digest: row.get(3)?,
        feeds: row.get(4)?,
        entries: row.get(5)?,
        bytes: row.get(6)?,
        quarantined: row.get(7)?,
        documents: row.get(8)?,
        dirty: row.get(9)?,
        conflicted: row.get(10)?,
        broken: row.get(11)?,
        waiting: row.get(12)?,
        refused: row.get(13)?,
    })
}
