//! Applying entries: from the bytes of a feed to the heads of a document.
//!
//! Nothing that an entry says can make this fail. What cannot be applied is kept with its reason.

use std::error::Error;

use phaki_documents::causal::admit;
use phaki_documents::change::summarise;
use phaki_documents::payload;
use phaki_replication::entry::EntryKind;
use phaki_replication::id::{FeedId, SpaceId};
use phaki_replication::republish::Republished;
use rusqlite::{Connection, params};
use thiserror::Error;

use crate::batch::Batch;
use crate::fault::Fault;
use crate::index::DocumentIndex;
use crate::place::{FeedKey, Place};
use crate::prepared::Summarised;

/// Characters of a reason that are kept.
const REASON_CHARS_MAX: usize = 300;

/// Why an entry has no effect, besides what the document rules say.
#[derive(Debug, Error)]
enum EntryRefusal {
    #[error("payload was dropped")]
    Dropped,
    #[error("foreign actor: the actor id is not one of this feed")]
    ForeignActor,
    #[error("published again by somebody who may not do that")]
    Republished,
}

/// A feed whose entries are applied.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source {
    space: SpaceId,
    feed: FeedId,
}

impl Source {
    pub(crate) fn new(space: &SpaceId, feed: &FeedId) -> Self {
        Self {
            space: *space,
            feed: *feed,
        }
    }

    /// Gives one entry its effect. Kinds other than changes have none here. `known` is what its
    /// change says about itself, if somebody has looked already.
    pub(crate) fn apply(
        &self,
        batch: &mut Batch<'_>,
        place: Place,
        (kind, payload): (EntryKind, Option<&[u8]>),
        known: Option<&Summarised>,
    ) -> Result<(), Fault> {
        if kind != EntryKind::CHANGE && kind != EntryKind::REPUBLISHED {
            return Ok(());
        }
        let connection = batch.connection;
        let Some(bytes) = payload else {
            return refuse(connection, place, &EntryRefusal::Dropped);
        };
        let (author, bytes) = match kind {
            EntryKind::REPUBLISHED => match Republished::decode(bytes) {
                Some((author, _, bytes)) => (author, bytes),
                None => return refuse(connection, place, &EntryRefusal::Republished),
            },
            _ => (self.feed, bytes),
        };
        let (publisher, original) = (&self.feed.author, &author.author);
        if author != self.feed && !batch.may_republish(&self.space, publisher, original)? {
            return refuse(connection, place, &EntryRefusal::Republished);
        }
        let decoded = match payload::decode(bytes) {
            Ok(decoded) => decoded,
            Err(error) => return refuse(connection, place, &error),
        };
        let found;
        let summary = match known {
            Some(known) => known,
            None => {
                found = summarise(decoded.change);
                &found
            }
        };
        let summary = match summary {
            Ok(summary) => summary,
            Err(error) => return refuse(connection, place, error),
        };
        // Nobody can write under another's actor id; who publishes again names whose it was.
        if !summary.actor.starts_with(&author.actor_prefix()) {
            return refuse(connection, place, &EntryRefusal::ForeignActor);
        }
        let mut index = DocumentIndex::open(batch, self.space, decoded.document)?;
        admit(&mut index, &decoded.document, summary, place)?;
        index.close();
        Ok(())
    }

    /// Applies the stored entries `from..to` of the feed with that key.
    pub(crate) fn apply_stored(
        &self,
        batch: &mut Batch<'_>,
        feed: FeedKey,
        (from, to): (u64, u64),
    ) -> Result<(), Fault> {
        if from >= to {
            return Ok(());
        }
        let connection = batch.connection;
        let mut select = connection.prepare(
            "SELECT place, kind, payload FROM entry
             WHERE place BETWEEN ?1 AND ?2 ORDER BY place",
        )?;
        let mut rows = select.query(params![feed.at(from).0, feed.at(to - 1).0])?;
        while let Some(row) = rows.next()? {
            let (place, kind) = (Place(row.get(0)?), EntryKind(row.get(1)?));
            let payload = row.get_ref(2)?.as_blob_or_null()?;
            self.apply(batch, place, (kind, payload), None)?;
        }
        Ok(())
    }
}

/// Records that the entry at `place` has no effect, and why.
pub(crate) fn refuse(
    connection: &Connection,
    place: Place,
    reason: &dyn Error,
) -> Result<(), Fault> {
    let mut text = reason.to_string();
    let mut cause = reason.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    let text: String = text.chars().take(REASON_CHARS_MAX).collect();
    connection
        .prepare_cached("INSERT INTO refused (place, reason) VALUES (?1, ?2)")?
        .execute(params![place.0, text])?;
    Ok(())
}
