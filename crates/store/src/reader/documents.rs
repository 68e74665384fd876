//! Reading documents: their summaries for lists, their changes for loading.

use phaki_documents::Document;
use phaki_documents::change::ChangeHash;
use phaki_documents::document::LoadError;
use phaki_documents::kind::DocumentId;
use phaki_replication::entry::EntryKind;
use phaki_replication::id::SpaceId;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{ReadError, Reader};
use crate::batch::split_heads;
use crate::change_entry;
use crate::limits::ROWS_MAX;

/// Which documents to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentFilter {
    /// Of this space only.
    pub space: Option<SpaceId>,
    /// Of this kind (see [`phaki_documents::Kind::code`]) only.
    pub kind_code: Option<u8>,
    /// Behind this one: the last of the previous page.
    pub after: Option<(SpaceId, DocumentId)>,
    /// At most so many, and never more than [`ROWS_MAX`].
    pub limit: usize,
}

impl Default for DocumentFilter {
    /// The first page of everything.
    fn default() -> Self {
        Self {
            space: None,
            kind_code: None,
            after: None,
            limit: ROWS_MAX,
        }
    }
}

/// A document in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentRow {
    /// Its space.
    pub space: SpaceId,
    /// The document.
    pub document: DocumentId,
    /// Its heads, ascending.
    pub heads: Vec<ChangeHash>,
    /// Applied changes.
    pub changes: u64,
    /// Whether the summary is older than the heads.
    pub dirty: bool,
    /// What is shown of it; `None` when nothing was computed yet.
    pub summary: Option<SummaryRow>,
}

/// What is shown of a document in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryRow {
    /// The title.
    pub title: String,
    /// [`phaki_documents::document::Summary`] as JSON; `{}` when the document never loaded.
    pub summary: String,
    /// Paths with different concurrent values.
    pub conflicts: u64,
    /// Why the document cannot be shown; the rest is then from before.
    pub broken: Option<String>,
}

/// What a document is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentChanges {
    /// Its heads, ascending.
    pub heads: Vec<ChangeHash>,
    /// Applied changes, those in the snapshot included.
    pub count: u64,
    /// The saved state with the first of them.
    pub snapshot: Option<Vec<u8>>,
    /// The others in causal order.
    pub changes: Vec<Vec<u8>>,
}

impl DocumentChanges {
    /// Materialises the document.
    ///
    /// # Errors
    /// When snapshot or changes do not load.
    pub fn load(&self, id: &DocumentId) -> Result<Document, LoadError> {
        let changes = self.changes.iter().map(Vec::as_slice);
        Document::load(*id, self.snapshot.as_deref(), changes)
    }
}

impl Reader {
    /// Documents with at least one applied change, by space and id.
    ///
    /// # Errors
    /// When reading fails.
    pub fn documents(&self, filter: &DocumentFilter) -> Result<Vec<DocumentRow>, ReadError> {
        let limit = filter.limit.min(ROWS_MAX);
        self.with(|connection| {
            let mut found = Vec::new();
            for (key, space) in spaces_from(connection, filter)? {
                // One space at a time, so that the index on space and id gives the order.
                let mut select = connection.prepare_cached(LIST)?;
                let (from, to) = id_bounds(filter, &space);
                let rest = limit - found.len();
                let rows = select.query_map(params![key, from, to, rest], document_row)?;
                for row in rows {
                    found.push(row?);
                }
                if found.len() >= limit {
                    break;
                }
            }
            Ok(found)
        })
    }

    /// One document; `None` when it has no applied change in that space.
    ///
    /// # Errors
    /// When reading fails.
    pub fn document(
        &self,
        space: &SpaceId,
        document: &DocumentId,
    ) -> Result<Option<DocumentRow>, ReadError> {
        self.with(|connection| {
            connection
                .prepare_cached(ONE)?
                .query_row(params![space.0, document.to_bytes()], document_row)
                .optional()
        })
    }

    /// The heads of a document, ascending; `None` when it has no applied change in that space.
    ///
    /// # Errors
    /// When reading fails.
    pub fn heads(
        &self,
        space: &SpaceId,
        document: &DocumentId,
    ) -> Result<Option<Vec<ChangeHash>>, ReadError> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT document.heads FROM document JOIN space ON space.key = document.space
                     WHERE space.id = ?1 AND document.id = ?2 AND document.heads <> x''",
                )?
                .query_row(params![space.0, document.to_bytes()], |row| {
                    Ok(split_heads(row.get_ref(0)?.as_blob()?))
                })
                .optional()
        })
    }

    /// The documents with conflicts, [`ROWS_MAX`] at most, by space and id.
    ///
    /// # Errors
    /// When reading fails.
    pub fn conflicted(&self) -> Result<Vec<DocumentRow>, ReadError> {
        self.with(|connection| {
            let mut select = connection.prepare_cached(CONFLICTED)?;
            select.query_map([ROWS_MAX], document_row)?.collect()
        })
    }

    /// Documents whose summary is older than their heads, at most `limit`.
    ///
    /// # Errors
    /// When reading fails.
    pub fn dirty(&self, limit: usize) -> Result<Vec<(SpaceId, DocumentId)>, ReadError> {
        self.with(|connection| {
            let mut select = connection.prepare_cached(
                "SELECT space.id, document.id
                 FROM document JOIN space ON space.key = document.space
                 WHERE document.dirty = 1 ORDER BY document.key LIMIT ?1",
            )?;
            let rows = select.query_map([limit], |row| {
                Ok((SpaceId(row.get(0)?), DocumentId::from_bytes(&row.get(1)?)))
            })?;
            rows.collect()
        })
    }

    /// The spaces in which a document has applied changes: one, unless somebody copied its id.
    ///
    /// # Errors
    /// When reading fails.
    pub fn locate(&self, document: &DocumentId) -> Result<Vec<SpaceId>, ReadError> {
        self.with(|connection| {
            let mut select = connection.prepare_cached(
                "SELECT space.id FROM space CROSS JOIN document
                 ON document.space = space.key AND document.id = ?1
                 WHERE document.heads <> x'' ORDER BY space.id",
            )?;
            select
                .query_map([document.to_bytes()], |row| row.get(0).map(SpaceId))?
                .collect()
        })
    }

    /// What a document is made of; `None` when it has no applied change in that space.
    ///
    /// # Errors
    /// When reading fails.
    pub fn document_changes(
        &self,
        space: &SpaceId,
        document: &DocumentId,
    ) -> Result<Option<DocumentChanges>, ReadError> {
        self.changes_of(space, document, true)
    }

    /// The same without the snapshot: every applied change, in causal order.
    ///
    /// # Errors
    /// When reading fails.
    pub fn all_document_changes(
        &self,
        space: &SpaceId,
        document: &DocumentId,
    ) -> Result<Option<DocumentChanges>, ReadError> {
        self.changes_of(space, document, false)
    }

    fn changes_of(
        &self,
        space: &SpaceId,
        document: &DocumentId,
        use_snapshot: bool,
    ) -> Result<Option<DocumentChanges>, ReadError> {
        let found = self.with(|connection| {
            let row = connection
                .prepare_cached(
                    "SELECT document.key, document.heads, document.changes
                     FROM document JOIN space ON space.key = document.space
                     WHERE space.id = ?1 AND document.id = ?2 AND document.heads <> x''",
                )?
                .query_row(params![space.0, document.to_bytes()], |row| {
                    let heads = split_heads(row.get_ref(1)?.as_blob()?);
                    Ok((row.get::<_, i64>(0)?, heads, row.get::<_, u64>(2)?))
                })
                .optional()?;
            let Some((key, heads, count)) = row else {
                return Ok(None);
            };
            let saved: Option<(u64, Vec<u8>)> = connection
                .prepare_cached("SELECT changes, bytes FROM snapshot WHERE document = ?1")?
                .query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?
                .filter(|_| use_snapshot);
            let (from, snapshot) = saved.map_or((0, None), |(from, bytes)| (from, Some(bytes)));
            let mut select = connection.prepare_cached(
                "SELECT entry.kind, entry.payload FROM change JOIN entry ON entry.place = change.place
                 WHERE change.document = ?1 AND change.position >= ?2
                 ORDER BY change.position",
            )?;
            let mut rows = select.query(params![key, from])?;
            let mut changes = Vec::new();
            while let Some(row) = rows.next()? {
                let kind = EntryKind(row.get(0)?);
                let payload = row.get_ref(1)?.as_blob_or_null()?;
                let change = payload.and_then(|bytes| change_entry::decode(kind, bytes));
                changes.push(change.map(|(payload, _)| payload.change.to_vec()));
            }
            Ok(Some((heads, count, snapshot, changes)))
        })?;
        let Some((heads, count, snapshot, changes)) = found else {
            return Ok(None);
        };
        let changes: Option<Vec<_>> = changes.into_iter().collect();
        let changes = changes.ok_or_else(|| self.damaged("entry of an applied change"))?;
        Ok(Some(DocumentChanges {
            heads,
            count,
            snapshot,
            changes,
        }))
    }
}

const LIST: &str = "
    SELECT space.id, document.id, document.heads, document.changes, document.dirty,
           summary.title, summary.summary, summary.conflicts, summary.broken
    FROM document JOIN space ON space.key = document.space
    LEFT JOIN summary ON summary.document = document.key
    WHERE document.space = ?1 AND document.id > ?2 AND document.id < ?3
          AND document.heads <> x''
    ORDER BY document.id LIMIT ?4";

const ONE: &str = "
    SELECT space.id, document.id, document.heads, document.changes, document.dirty,
           summary.title, summary.summary, summary.conflicts, summary.broken
    FROM document JOIN space ON space.key = document.space
    LEFT JOIN summary ON summary.document = document.key
    WHERE space.id = ?1 AND document.id = ?2 AND document.heads <> x''";

const BY_KEY: &str = "
    SELECT space.id, document.id, document.heads, document.changes, document.dirty,
           summary.title, summary.summary, summary.conflicts, summary.broken
    FROM document JOIN space ON space.key = document.space
    LEFT JOIN summary ON summary.document = document.key
    WHERE document.key = ?1";

/// The document with that key.
pub(super) fn by_key(connection: &Connection, key: i64) -> rusqlite::Result<DocumentRow> {
    connection
        .prepare_cached(BY_KEY)?
        .query_row([key], document_row)
}

const CONFLICTED: &str = "
    SELECT space.id, document.id, document.heads, document.changes, document.dirty,
           summary.title, summary.summary, summary.conflicts, summary.broken
    FROM summary JOIN document ON document.key = summary.document
    JOIN space ON space.key = document.space
    WHERE summary.conflicts > 0
    ORDER BY space.id, document.id LIMIT ?1";

fn spaces_from(
    connection: &Connection,
    filter: &DocumentFilter,
) -> rusqlite::Result<Vec<(i64, SpaceId)>> {
    let first = filter.after.map_or(SpaceId([0; 16]), |(space, _)| space);
    let mut select =
        connection.prepare_cached("SELECT key, id FROM space WHERE id >= ?1 ORDER BY id")?;
    let spaces = select
        .query_map([first.0], |row| Ok((row.get(0)?, SpaceId(row.get(1)?))))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let wanted = |space: &SpaceId| filter.space.is_none_or(|only| only == *space);
    Ok(spaces
        .into_iter()
        .filter(|(_, space)| wanted(space))
        .collect())
}

/// Bounds of the ids to list in a space, both excluded: a shorter blob sorts before all that
/// begin with it, and every id has 17 bytes.
fn id_bounds(filter: &DocumentFilter, space: &SpaceId) -> (Vec<u8>, Vec<u8>) {
    let from = filter.kind_code.map_or_else(Vec::new, |code| vec![code]);
    let after = filter
        .after
        .filter(|(last, _)| last == space)
        .map(|(_, id)| id.to_bytes().to_vec());
    let next = filter.kind_code.and_then(|code| code.checked_add(1));
    let to = next.map_or_else(|| vec![0xff; 18], |code| vec![code]);
    (after.unwrap_or_default().max(from), to)
}

fn document_row(row: &Row<'_>) -> rusqlite::Result<DocumentRow> {
    let summary = match row.get::<_, Option<String>>(5)? {
        None => None,
        Some(title) => Some(SummaryRow {
            title,
            summary: row.get(6)?,
            conflicts: row.get(7)?,
            broken: row.get(8)?,
        }),
    };
    Ok(DocumentRow {
        space: SpaceId(row.get(0)?),
        document: DocumentId::from_bytes(&row.get(1)?),
        heads: split_heads(row.get_ref(2)?.as_blob()?),
        changes: row.get(3)?,
        dirty: row.get(4)?,
        summary,
    })
}
