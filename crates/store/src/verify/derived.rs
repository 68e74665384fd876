//! Computing anew what is derived from entries: heads, digests, summaries.

use phaki_documents::kind::DocumentId;
use phaki_replication::entry::EntryKind;
use phaki_replication::id::{Epoch, FederationId, FeedId, NodeId, SpaceId};
use rusqlite::types::Value;
use rusqlite::{Connection, params};

use super::index::Index;
use super::{Problem, Verification};
use crate::apply::Source;
use crate::batch::Batch;
use crate::connection::open_scratch;
use crate::fault::Fault;
use crate::materialise::materialise;
use crate::place::{FeedKey, Place};
use crate::reader::{DocumentFilter, ReadError, Reader};
use crate::schema;

/// A space's row.
struct Space {
    key: i64,
    id: SpaceId,
    digest: [u8; 32],
}

/// Applies the permitted entries of each space to an empty database and compares the documents.
pub(super) fn check_heads(
    connection: &Connection,
    federation: &FederationId,
    found: &mut Verification,
) -> rusqlite::Result<()> {
    let mut select = connection.prepare("SELECT key, id, heads_digest FROM space ORDER BY id")?;
    let spaces = select
        .query_map([], |row| {
            Ok(Space {
                key: row.get(0)?,
                id: SpaceId(row.get(1)?),
                digest: row.get(2)?,
            })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for space in spaces {
        let mut scratch = open_scratch()?;
        schema::migrate(&mut scratch)?;
        match apply_anew(connection, &scratch, federation, &space) {
            Ok(()) => compare(connection, &scratch, &space, found)?,
            Err(Fault::Sqlite(error)) => return Err(error),
            Err(_) => found.add(Problem::Unreadable("entry of a feed")),
        }
    }
    Ok(())
}

fn apply_anew(
    connection: &Connection,
    scratch: &Connection,
    federation: &FederationId,
    space: &Space,
) -> Result<(), Fault> {
    copy_rights(connection, scratch, space)?;
    let transaction = scratch.unchecked_transaction()?;
    let mut batch = Batch::new(&transaction, *federation)?;
    let mut feeds = connection
        .prepare("SELECT key, author, epoch, applied FROM feed WHERE space = ?1 ORDER BY key")?;
    let mut feeds = feeds.query([space.key])?;
    while let Some(feed) = feeds.next()? {
        let key = FeedKey(feed.get(0)?);
        let id = FeedId {
            author: NodeId(feed.get(1)?),
            epoch: Epoch(feed.get(2)?),
        };
        let source = Source::new(&space.id, &id);
        let applied: u64 = feed.get(3)?;
        let mut entries = connection.prepare_cached(
            "SELECT place, kind, payload FROM entry
             WHERE place BETWEEN ?1 AND ?2 ORDER BY place",
        )?;
        let mut copy = scratch.prepare_cached(
            "INSERT INTO entry (place, kind, time_ms, payload) VALUES (?1, ?2, 0, ?3)",
        )?;
        let first = key.at(0).0;
        let last = applied
            .checked_sub(1)
            .map_or(first - 1, |last| key.at(last).0);
        let mut entries = entries.query([first, last])?;
        while let Some(entry) = entries.next()? {
            let (place, kind) = (Place(entry.get(0)?), EntryKind(entry.get(1)?));
            let payload = entry.get_ref(2)?.as_blob_or_null()?;
            // A change that takes another's place makes its document be looked at anew.
            if payload.is_some() {
                copy.execute(params![place.0, kind.0, payload])?;
            }
            source.apply(&mut batch, place, (kind, payload), None)?;
        }
    }
    batch.flush()?;
    drop(batch);
    Ok(transaction.commit()?)
}

/// What decides about who may publish again.
fn copy_rights(connection: &Connection, scratch: &Connection, space: &Space) -> Result<(), Fault> {
    let manifest: Vec<u8> = connection.query_row(
        "SELECT manifest FROM space WHERE key = ?1",
        [space.key],
        |row| row.get(0),
    )?;
    scratch.execute(
        "INSERT INTO space (id, manifest, signature, heads_digest)
         VALUES (?1, ?2, zeroblob(64), zeroblob(32))",
        params![space.id.0, manifest],
    )?;
    for (select, insert) in [
        (
            "SELECT key, bytes, signature FROM roster",
            "INSERT INTO roster (key, bytes, signature) VALUES (?1, ?2, ?3)",
        ),
        (
            "SELECT parent, bytes, signature FROM branch",
            "INSERT INTO branch (parent, bytes, signature) VALUES (?1, ?2, ?3)",
        ),
    ] {
        let (mut select, mut insert) = (connection.prepare(select)?, scratch.prepare(insert)?);
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let [key, bytes, signature] = [0, 1, 2].map(|column| row.get::<_, Value>(column));
            insert.execute(params![key?, bytes?, signature?])?;
        }
    }
    Ok(())
}

/// A document's id, heads and number of applied changes.
type Applied = (DocumentId, Vec<u8>, u64);

fn documents(connection: &Connection, space: &SpaceId) -> rusqlite::Result<Vec<Applied>> {
    let mut select = connection.prepare(
        "SELECT document.id, document.heads, document.changes
         FROM document JOIN space ON space.key = document.space
         WHERE space.id = ?1 AND document.heads <> x'' ORDER BY document.id",
    )?;
    let rows = select.query_map([space.0], |row| {
        Ok((
            DocumentId::from_bytes(&row.get(0)?),
            row.get(1)?,
            row.get(2)?,
        ))
    })?;
    rows.collect()
}

fn compare(
    connection: &Connection,
    scratch: &Connection,
    space: &Space,
    found: &mut Verification,
) -> rusqlite::Result<()> {
    let stored = documents(connection, &space.id)?;
    let anew = documents(scratch, &space.id)?;
    found.documents += u64::try_from(anew.len()).unwrap_or(u64::MAX);
    let differing = |from: &[Applied], other: &[Applied]| -> Vec<DocumentId> {
        let is_in_other = |row: &Applied| {
            other
                .binary_search_by_key(&row.0, |row| row.0)
                .is_ok_and(|at| other[at] == *row)
        };
        from.iter()
            .filter(|row| !is_in_other(row))
            .map(|row| row.0)
            .collect()
    };
    let mut documents = differing(&stored, &anew);
    documents.extend(differing(&anew, &stored));
    documents.sort_unstable();
    documents.dedup();
    for document in documents {
        found.add(Problem::Heads {
            space: space.id,
            document,
        });
    }
    let digest: [u8; 32] = scratch.query_row(
        "SELECT heads_digest FROM space WHERE id = ?1",
        params![space.id.0],
        |row| row.get(0),
    )?;
    if digest != space.digest {
        found.add(Problem::Digest { space: space.id });
    }
    Ok(())
}

/// Materialises every document and compares with the summary and the index that are stored.
pub(super) fn check_summaries(reader: &Reader, found: &mut Verification) -> Result<(), ReadError> {
    let index = match reader.with(Index::read) {
        Err(error) if error.is_damage() => {
            found.add(Problem::Structure(format!("index of a search: {error:?}")));
            None
        }
        index => Some(index?),
    };
    if index.as_ref().is_some_and(|index| index.strangers > 0) {
        found.add(Problem::Unreadable("index of a search"));
    }
    let mut filter = DocumentFilter::default();
    loop {
        let page = match reader.documents(&filter) {
            Err(error) if error.is_damage() => {
                found.add(Problem::Structure(format!("summaries: {error:?}")));
                return Ok(());
            }
            page => page?,
        };
        let Some(last) = page.last() else {
            return Ok(());
        };
        filter.after = Some((last.space, last.document));
        for row in page.iter().filter(|row| !row.dirty) {
            let (space, document) = (row.space, row.document);
            let anew = match materialise(reader, &space, &document) {
                Ok(anew) => anew,
                Err(error) if error.is_damage() => {
                    found.add(Problem::Unreadable("entry of an applied change"));
                    continue;
                }
                Err(error) => return Err(error),
            };
            // The document may have moved on since its row was read.
            let Some(anew) = anew.filter(|anew| anew.heads == row.heads) else {
                continue;
            };
            let same = match (&row.summary, &anew.view) {
                (Some(row), Ok(view)) => {
                    let conflicts = u64::try_from(view.conflicts).unwrap_or(u64::MAX);
                    row.broken.is_none()
                        && (&row.title, &row.summary, row.conflicts)
                            == (&view.title, &view.summary, conflicts)
                }
                (Some(row), Err(reason)) => row.broken.as_ref() == Some(reason),
                (None, _) => false,
            };
            if !same {
                found.add(Problem::Summary { space, document });
            }
            if let (Some(index), Ok(view)) = (&index, &anew.view)
                && !index.is_right((space, document), &anew.heads, &view.searchable)
            {
                found.add(Problem::Searchable { space, document });
            }
        }
    }
}
