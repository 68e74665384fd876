//! Summaries of documents: computed behind the writer's back, written through it.
//!
//! A commit marks documents dirty. The materialiser loads each of them, computes what lists show
//! and submits it with the heads it belongs to; if the heads have moved meanwhile, the document
//! stays dirty. A document that cannot be loaded is marked broken, and the others go on.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use phaki_documents::change::ChangeHash;
use phaki_documents::document::LoadError;
use phaki_documents::kind::DocumentId;
use phaki_replication::id::SpaceId;
use rusqlite::{Connection, OptionalExtension, params};
use thiserror::Error;

use crate::fault::Fault;
use crate::job::{Awaited, FailureClass, Job, Reply, WriteError};
use crate::limits::{
    GIVE_WAY_MAX, GIVE_WAY_PATIENCE, MATERIALISE_AHEAD_MAX, MATERIALISE_BYTES_MAX,
    MATERIALISE_DOCUMENTS_MAX, MATERIALISE_TOGETHER_MIN, SNAPSHOT_CHANGES_MIN,
};
use crate::progress::{Progress, SettleError};
use crate::reader::{DocumentChanges, ReadError, Reader};
use crate::search::{self, Searchable};
use crate::writer::Writer;

/// What was computed from a document with certain heads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Materialised {
    /// Its space.
    pub space: SpaceId,
    /// The document.
    pub document: DocumentId,
    /// The heads it had.
    pub heads: Vec<ChangeHash>,
    /// What lists show of it, or why it cannot be shown.
    pub view: Result<View, String>,
}

/// What lists show of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The title.
    pub title: String,
    /// [`phaki_documents::document::Summary`] as JSON.
    pub summary: String,
    /// Paths with different concurrent values.
    pub conflicts: usize,
    /// What a search looks at.
    pub searchable: Searchable,
    /// Its saved state, when that is worth keeping.
    pub snapshot: Option<Snapshot>,
}

/// The saved state of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// How many applied changes are in it.
    pub changes: u64,
    /// [`phaki_documents::Document::save`] of it.
    pub bytes: Vec<u8>,
}

/// Why summaries could not be brought up to date.
#[derive(Debug, Error)]
pub enum MaterialiseError {
    /// Documents could not be read.
    #[error("read documents to be summarised")]
    Read(#[source] ReadError),
    /// Summaries could not be written.
    #[error("write summaries of documents")]
    Write(#[source] WriteError),
}

/// The running materialiser. Dropping it ends it; what is dirty stays so.
#[derive(Debug)]
pub struct Materialiser {
    progress: Arc<Progress>,
    thread: Option<JoinHandle<()>>,
}

/// Why a document cannot be shown.
#[derive(Debug, Error)]
enum Broken {
    #[error("{0}")]
    Load(LoadError),
    #[error("its changes lead to other heads than the index says")]
    Heads,
    #[error("reading it panicked")]
    Panic,
    #[error("its summary cannot be written as JSON")]
    Json,
    #[error("its changes cannot be read: the store is damaged there")]
    Damaged,
}

/// Starts the materialiser: it brings up to date what is dirty already and then follows the
/// writer. At most one per writer.
///
/// # Errors
/// When the system gives no thread.
pub fn start_materialiser(reader: Reader, writer: Writer) -> io::Result<Materialiser> {
    let progress = Arc::clone(writer.progress());
    progress.ask();
    let thread = std::thread::Builder::new()
        .name("store-materialiser".to_owned())
        .spawn(move || follow(&reader, &writer))?;
    Ok(Materialiser {
        progress,
        thread: Some(thread),
    })
}

impl Materialiser {
    /// Waits until the summaries of everything that is durable now are durable.
    ///
    /// # Errors
    /// When reading or writing fails, or the materialiser or the writer has ended.
    pub fn settle(&self) -> Result<(), SettleError> {
        self.progress.settle()
    }

    /// Has `reply` told when the materialiser or the writer ends, also by a panic: from then on
    /// nothing is written or brought up to date any more.
    pub fn tell_at_end(&self, reply: Reply<()>) {
        self.progress.tell_at_end(reply);
    }
}

impl Drop for Materialiser {
    fn drop(&mut self) {
        self.progress.stop();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("materialiser ended in a panic");
        }
    }
}

/// Computes what lists show of a document; `None` when there is no such document.
///
/// # Errors
/// When the store cannot be read. A document that does not load is a result, not an error.
pub fn materialise(
    reader: &Reader,
    space: &SpaceId,
    document: &DocumentId,
) -> Result<Option<Materialised>, ReadError> {
    let Some(stored) = reader.document_changes(space, document)? else {
        return Ok(None);
    };
    let mut view = view(document, &stored);
    if view.is_err() && stored.snapshot.is_some() {
        // The snapshot is only a copy: the changes decide whether the document is broken.
        if let Some(whole) = reader.all_document_changes(space, document)?
            && whole.heads == stored.heads
        {
            view = self::view(document, &whole);
        }
    }
    let view = view.map_err(|broken| broken.to_string());
    if let Err(reason) = &view {
        tracing::warn!(%space, %document, reason, "document cannot be shown");
    }
    Ok(Some(Materialised {
        space: *space,
        document: *document,
        heads: stored.heads,
        view,
    }))
}

/// A document whose changes cannot be read any more must not hold up the others.
fn unreadable(reader: &Reader, space: &SpaceId, document: &DocumentId) -> Option<Materialised> {
    Some(Materialised {
        space: *space,
        document: *document,
        heads: reader.heads(space, document).ok()??,
        view: Err(Broken::Damaged.to_string()),
    })
}

fn view(id: &DocumentId, stored: &DocumentChanges) -> Result<View, Broken> {
    let computed = catch_unwind(AssertUnwindSafe(|| {
        let document = stored.load(id).map_err(Broken::Load)?;
        if document.heads() != stored.heads {
            return Err(Broken::Heads);
        }
        let left_out = document.left_out().len();
        if left_out > 0 {
            tracing::warn!(document = %id, changes = left_out, "malformed changes left out");
        }
        let (summary, texts) = document.summary_and_texts();
        let json = serde_json::to_string(&summary).map_err(|_| Broken::Json)?;
        let beyond = u64::try_from(stored.changes.len()).unwrap_or(u64::MAX);
        let worth_it = beyond >= SNAPSHOT_CHANGES_MIN;
        let saved = worth_it.then(|| document.save()).flatten();
        let snapshot = saved.map(|bytes| Snapshot {
            changes: stored.count,
            bytes,
        });
        let conflicts = summary.conflicts;
        Ok(View {
            title: summary.title,
            summary: json,
            conflicts,
            searchable: Searchable::of(texts),
            snapshot,
        })
    }));
    computed.unwrap_or(Err(Broken::Panic))
}

/// However its thread ends, nobody may wait for the materialiser any longer.
struct Ending(Arc<Progress>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.stop();
    }
}

fn follow(reader: &Reader, writer: &Writer) {
    let progress = writer.progress();
    let _ending = Ending(Arc::clone(progress));
    let mut seen = 0;
    while let Some(asked) = progress.wait_beyond(seen) {
        let outcome = catch_up(reader, writer, asked);
        if let Err(MaterialiseError::Write(error)) = &outcome
            && error.class() == FailureClass::Corrupt
        {
            reader.note_damage(&error.to_string());
        }
        if let Err(error) = &outcome
            && !progress.is_stopped()
        {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "summaries are out of date"
            );
        }
        progress.looked(asked, outcome);
        seen = asked;
    }
}

/// Brings summaries up to date until nothing is dirty or it is time to end.
fn catch_up(reader: &Reader, writer: &Writer, asked: u64) -> Result<(), MaterialiseError> {
    let progress = writer.progress();
    let mut seen = give_way(writer, asked);
    while !progress.is_stopped() {
        let dirty = reader
            .dirty(MATERIALISE_AHEAD_MAX)
            .map_err(MaterialiseError::Read)?;
        if dirty.is_empty() {
            return Ok(());
        }
        // The next ones are computed while the last ones are written.
        let (mut writing, mut computed) = (None::<Awaited<()>>, 0);
        for documents in dirty.chunks(MATERIALISE_DOCUMENTS_MAX) {
            if let Some(asked) = progress.linger(seen, Duration::ZERO) {
                seen = give_way(writer, asked);
            }
            let rows = compute(reader, documents).map_err(MaterialiseError::Read)?;
            if let Some(last) = writing.take() {
                last.wait().map_err(MaterialiseError::Write)?;
            }
            if progress.is_stopped() {
                return Ok(());
            }
            computed += rows.len();
            let (reply, outcome) = Reply::awaited();
            let submitted = writer.submit(Job::Materialised { rows, reply });
            submitted.map_err(MaterialiseError::Write)?;
            writing = Some(outcome);
        }
        if let Some(last) = writing {
            last.wait().map_err(MaterialiseError::Write)?;
        }
        if computed == 0 {
            return Ok(());
        }
    }
    Ok(())
}

/// Computes what lists show of some documents, in any order, on two threads when they are many.
/// Ends early when the rows take much memory: who is left out is still dirty.
fn compute(
    reader: &Reader,
    documents: &[(SpaceId, DocumentId)],
) -> Result<Vec<Materialised>, ReadError> {
    let (next, bytes) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        let mut rows = Vec::new();
        while bytes.load(Ordering::Relaxed) < MATERIALISE_BYTES_MAX {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((space, document)) = documents.get(at) else {
                break;
            };
            let row = match materialise(reader, space, document) {
                Err(error) if error.is_damage() => unreadable(reader, space, document),
                row => row?,
            };
            let more = row.as_ref().map_or(0, Materialised::bytes);
            bytes.fetch_add(more, Ordering::Relaxed);
            rows.extend(row);
        }
        Ok(rows)
    };
    if documents.len() < MATERIALISE_TOGETHER_MIN {
        return work();
    }
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("store-summaries".to_owned());
        // A system that has no thread to give is helped by doing without.
        let other = builder.spawn_scoped(scope, work);
        let mut rows = work()?;
        if let Ok(other) = other {
            rows.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        }
        Ok(rows)
    })
}

/// While much is being written it is better to leave the processor to those who write, and to look
/// at a document once after ten changes than ten times. Not for ever: somebody may be writing
/// always; and not when somebody waits.
fn give_way(writer: &Writer, mut seen: u64) -> u64 {
    let began = Instant::now();
    while began.elapsed() < GIVE_WAY_MAX {
        match writer.progress().linger(seen, GIVE_WAY_PATIENCE) {
            Some(asked) => seen = asked,
            None => break,
        }
    }
    seen
}

impl Materialised {
    /// Bytes in memory, roughly.
    pub(crate) fn bytes(&self) -> usize {
        let view = match &self.view {
            Ok(view) => {
                let snapshot = view
                    .snapshot
                    .as_ref()
                    .map_or(0, |snapshot| snapshot.bytes.len());
                view.title.len() + view.summary.len() + view.searchable.bytes() + snapshot
            }
            Err(reason) => reason.len(),
        };
        view + 32 * self.heads.len()
    }
}

/// Writes what was computed, as far as the heads are still the same.
pub(crate) fn store(connection: &Connection, rows: &[Materialised]) -> Result<(), Fault> {
    for row in rows {
        let found: Option<(i64, i64)> = connection
            .prepare_cached(
                "SELECT document.key, space.key FROM document JOIN space ON space.key = document.space
                 WHERE space.id = ?1 AND document.id = ?2 AND document.heads = ?3",
            )?
            .query_row(
                params![
                    row.space.0,
                    row.document.to_bytes(),
                    row.heads.as_flattened()
                ],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let Some((key, space)) = found else {
            continue;
        };
        match &row.view {
            Ok(view) => {
                put_view(connection, key, view)?;
                let at = (key, space, row.document.kind_code);
                search::put(connection, at, &view.searchable)?;
            }
            Err(reason) => put_broken(connection, key, &row.document, reason)?,
        }
        connection
            .prepare_cached("UPDATE document SET dirty = 0 WHERE key = ?1")?
            .execute([key])?;
    }
    Ok(())
}

fn put_view(connection: &Connection, key: i64, view: &View) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT INTO summary (document, title, summary, conflicts, broken)
             VALUES (?1, ?2, ?3, ?4, NULL)
             ON CONFLICT (document) DO UPDATE
             SET title = ?2, summary = ?3, conflicts = ?4, broken = NULL",
        )?
        .execute(params![key, view.title, view.summary, view.conflicts])?;
    if let Some(snapshot) = &view.snapshot {
        connection
            .prepare_cached(
                "INSERT INTO snapshot (document, changes, bytes) VALUES (?1, ?2, ?3)
                 ON CONFLICT (document) DO UPDATE SET changes = ?2, bytes = ?3",
            )?
            .execute(params![key, snapshot.changes, snapshot.bytes])?;
    }
    Ok(())
}

fn put_broken(
    connection: &Connection,
    key: i64,
    document: &DocumentId,
    reason: &str,
) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT INTO summary (document, title, summary, conflicts, broken)
             VALUES (?1, ?2, '{}', 0, ?3)
             ON CONFLICT (document) DO UPDATE SET broken = ?3",
        )?
        .execute(params![key, document.to_string(), reason])?;
    Ok(())
}
