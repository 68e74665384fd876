//! Reading who published a change, and when: for history and for naming both sides of a conflict.

use phaki_documents::change::ChangeHash;
use phaki_documents::kind::DocumentId;
use phaki_replication::entry::EntryKind;
use phaki_replication::id::{Epoch, FeedId, NodeId, SpaceId};
use rusqlite::{OptionalExtension, params};

use super::{ReadError, Reader};
use crate::change_entry;
use crate::place::Place;

/// The entry that carries a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangePlace {
    /// The change.
    pub hash: ChangeHash,
    /// The feed in which it stood first: the node through which it was made.
    pub feed: FeedId,
    /// The feed of the entry, whose author's signature vouches for it. Another one when it was
    /// published again.
    pub published: FeedId,
    /// The position in that feed.
    pub seq: u64,
    /// The publisher's clock, milliseconds since 1970.
    pub time_ms: i64,
}

impl Reader {
    /// The entries that carry these changes of a document, in the given order; unknown ones are
    /// left out.
    ///
    /// # Errors
    /// When reading fails.
    pub fn places(
        &self,
        space: &SpaceId,
        document: &DocumentId,
        changes: &[ChangeHash],
    ) -> Result<Vec<ChangePlace>, ReadError> {
        self.with(|connection| {
            let mut select = connection.prepare_cached(
                "SELECT feed.author, feed.epoch, change.place, entry.time_ms, entry.kind,
                        entry.payload
                 FROM space
                 JOIN document ON document.space = space.key AND document.id = ?2
                 JOIN change ON change.document = document.key AND change.hash = ?3
                 JOIN entry ON entry.place = change.place
                 JOIN feed ON feed.key = change.place >> 40
                 WHERE space.id = ?1",
            )?;
            let mut found = Vec::new();
            for hash in changes {
                let place = select
                    .query_row(params![space.0, document.to_bytes(), hash], |row| {
                        let published = FeedId {
                            author: NodeId(row.get(0)?),
                            epoch: Epoch(row.get(1)?),
                        };
                        let seq = Place(row.get(2)?).seq();
                        let payload = row.get_ref(5)?.as_blob_or_null()?;
                        let kind = EntryKind(row.get(4)?);
                        let origin = payload.and_then(|bytes| change_entry::decode(kind, bytes)?.1);
                        let (feed, _) = origin.unwrap_or((published, seq));
                        Ok(ChangePlace {
                            hash: *hash,
                            feed,
                            published,
                            seq,
                            time_ms: row.get(3)?,
                        })
                    })
                    .optional()?;
                found.extend(place);
            }
            Ok(found)
        })
    }

    /// Whether `actor` may have changes in the document that are not applied: one is known, or
    /// entries of its feed in that space are in quarantine, where nobody looks what they are.
    /// Another change by that actor could take a sequence number that is in use, and never be
    /// applied.
    ///
    /// # Errors
    /// When reading fails.
    pub fn has_unapplied(
        &self,
        space: &SpaceId,
        document: &DocumentId,
        feed: &FeedId,
        actor: &[u8],
    ) -> Result<bool, ReadError> {
        self.with(|connection| {
            let mut select = connection.prepare_cached(
                "SELECT EXISTS (
                     SELECT 1 FROM space
                     JOIN document ON document.space = space.key AND document.id = ?2
                     JOIN change ON change.document = document.key
                     WHERE space.id = ?1 AND change.actor = ?3 AND change.state <> 1
                 ) OR EXISTS (
                     SELECT 1 FROM space JOIN feed ON feed.space = space.key
                     WHERE space.id = ?1 AND feed.author = ?4 AND feed.epoch = ?5
                           AND feed.applied < feed.length)",
            )?;
            let known = params![
                space.0,
                document.to_bytes(),
                actor,
                feed.author.0,
                feed.epoch.0
            ];
            select.query_row(known, |row| row.get(0))
        })
    }
}
