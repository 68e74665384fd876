//! Lists of documents, sent row by row as they are read.

use phaki_documents::DocumentId;
use phaki_documents::text::fold;
use phaki_store::reader::{DocumentFilter, DocumentRow, SummaryRow};
use phaki_store::{Reader, materialise};
use phaki_wire::proto::local::v1 as pb;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::denial::Denial;
use super::directory;
use super::find::{self, Found};
use super::loading::load_if_any;
use super::reading::Reading;
use crate::limits::{ROWS_MADE_UP_MAX, ROWS_PAGE, ROWS_WAITING_MAX, SUMMARIES_PATIENCE};
use crate::node_loop::{InForce, Journal};

/// Rows on their way to a client.
pub(super) type Rows<T> = ReceiverStream<Result<T, Status>>;

/// Why a document on a damaged disk is shown as it last was, or not at all.
const UNREADABLE: &str = "its changes cannot be read: stop the node and type `phaki repair`";

impl Reading {
    pub(super) fn list(
        &self,
        request: &pb::ListDocumentsRequest,
    ) -> Result<Rows<pb::DocumentRow>, Denial> {
        let in_force = self.requests.in_force();
        let filter = filter(&in_force, &request.space, &request.kind)?;
        let text = fold(&request.text);
        let reader = self.reader.clone();
        let mut behind = Behind::new(self.journal.clone());
        let wait = move |page: &[DocumentRow]| behind.wait(page);
        Ok(rows(filter, self.reader.clone(), wait, move |row| {
            let row = summarised(&reader, row)?;
            let shown = row
                .map(|row| to_wire(&reader, &in_force, row))
                .transpose()?;
            Ok(shown.filter(|row| {
                let titles = [&row.title, &row.title_en];
                text.is_empty() || titles.iter().any(|title| fold(title).contains(&text))
            }))
        }))
    }

    pub(super) fn export(
        &self,
        request: &pb::ExportDocumentsRequest,
    ) -> Result<Rows<pb::ExportedDocument>, Denial> {
        let in_force = self.requests.in_force();
        let filter = filter(&in_force, &request.space, &request.kind)?;
        let reader = self.reader.clone();
        let saved = request.saved;
        let as_it_is = |_: &[DocumentRow]| false;
        Ok(rows(filter, self.reader.clone(), as_it_is, move |row| {
            let found = Found {
                space: row.space,
                document: row.document,
            };
            let document = load_if_any(&reader, found)?;
            Ok(document.map(|document| pb::ExportedDocument {
                space: in_force.space_name(&found.space),
                document_json: document.to_json().to_string(),
                conflicts: u64::try_from(document.conflicts().len()).unwrap_or(u64::MAX),
                saved: saved
                    .then(|| document.save())
                    .flatten()
                    .unwrap_or_default()
                    .into(),
            }))
        }))
    }
}

fn filter(in_force: &InForce, space: &str, kind: &str) -> Result<DocumentFilter, Denial> {
    Ok(DocumentFilter {
        space: find::optional_space(in_force, space)?,
        kind_code: find::optional_kind(kind)?,
        after: None,
        limit: ROWS_PAGE,
    })
}

/// A list in which summaries may be missing.
#[derive(Debug)]
struct Behind {
    journal: Journal,
    made_up: usize,
    has_waited: bool,
}

impl Behind {
    fn new(journal: Journal) -> Self {
        Self {
            journal,
            made_up: 0,
            has_waited: false,
        }
    }

    /// Waits once when making up for the summaries that are missing would take long; whether it
    /// has.
    fn wait(&mut self, page: &[DocumentRow]) -> bool {
        self.made_up += page.iter().filter(|row| is_behind(row)).count();
        if self.has_waited || self.made_up <= ROWS_MADE_UP_MAX {
            return false;
        }
        self.has_waited = true;
        // When there is not enough time, they are made up for.
        self.journal.summaries_settle_within(SUMMARIES_PATIENCE);
        true
    }
}

/// Reads all documents of a filter, page by page, as fast as the client takes the rows. A page is
/// read again when `waited` says so.
pub(super) fn rows<T: Send + 'static>(
    mut filter: DocumentFilter,
    reader: Reader,
    mut waited: impl FnMut(&[DocumentRow]) -> bool + Send + 'static,
    mut to_row: impl FnMut(DocumentRow) -> Result<Option<T>, Denial> + Send + 'static,
) -> Rows<T> {
    let (sender, receiver) = mpsc::channel(ROWS_WAITING_MAX);
    let mut read = move |sender: &mpsc::Sender<_>| -> Result<(), Denial> {
        loop {
            let mut page = reader.documents(&filter).map_err(Denial::unreadable)?;
            if waited(&page) {
                page = reader.documents(&filter).map_err(Denial::unreadable)?;
            }
            let Some(last) = page.last() else {
                return Ok(());
            };
            filter.after = Some((last.space, last.document));
            for row in page {
                let row = to_row(row)?;
                // The client has gone.
                if row.is_some_and(|row| sender.blocking_send(Ok(row)).is_err()) {
                    return Ok(());
                }
            }
        }
    };
    tokio::task::spawn_blocking(move || {
        if let Err(denial) = read(&sender) {
            sender.blocking_send(Err(denial.into_status())).ok();
        }
    });
    ReceiverStream::new(receiver)
}

fn is_behind(row: &DocumentRow) -> bool {
    row.dirty || row.summary.is_none()
}

/// A row whose summary belongs to its heads: computed here when the materialiser is behind.
fn summarised(reader: &Reader, mut row: DocumentRow) -> Result<Option<DocumentRow>, Denial> {
    if !is_behind(&row) {
        return Ok(Some(row));
    }
    let computed = match materialise(reader, &row.space, &row.document) {
        // On a damaged disk the others are still listed.
        Err(error) if error.is_damage() => {
            let shown = row.summary.take();
            let shown = shown.unwrap_or_else(|| nothing_of(&row.document));
            let broken = Some(UNREADABLE.to_owned());
            row.summary = Some(SummaryRow { broken, ..shown });
            return Ok(Some(row));
        }
        computed => computed.map_err(Denial::unreadable)?,
    };
    let Some(computed) = computed else {
        return Ok(None);
    };
    row.summary = Some(computed.view.map_or_else(
        |reason| SummaryRow {
            broken: Some(reason),
            ..nothing_of(&row.document)
        },
        |view| SummaryRow {
            title: view.title,
            summary: view.summary,
            conflicts: u64::try_from(view.conflicts).unwrap_or(u64::MAX),
            broken: None,
        },
    ));
    Ok(Some(row))
}

/// What a list shows of a document of which nothing is known.
fn nothing_of(document: &DocumentId) -> SummaryRow {
    SummaryRow {
        title: document.to_string(),
        summary: "{}".to_owned(),
        conflicts: 0,
        broken: None,
    }
}

pub(super) fn to_wire(
    reader: &Reader,
    in_force: &InForce,
    row: DocumentRow,
) -> Result<pb::DocumentRow, Denial> {
    let (space, document) = (row.space, row.document);
    let mut wire = pb::DocumentRow {
        id: row.document.to_string(),
        kind: row.document.kind_name(),
        space: in_force.space_name(&row.space),
        ..pb::DocumentRow::default()
    };
    let Some(stored) = row.summary else {
        return Ok(wire);
    };
    // Written by this program; of a newer one, what is known is shown.
    let summary: Value = serde_json::from_str(&stored.summary).unwrap_or(Value::Null);
    let text = |key: &str| summary[key].as_str().unwrap_or_default().to_owned();
    let items = |key: &str| summary[key].as_array().cloned().unwrap_or_default();
    wire.title = stored.title;
    wire.title_en = text("title_en");
    wire.status = text("status");
    wire.subtype = text("subtype");
    wire.home = text("home");
    let areas = items("areas");
    wire.areas = areas
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    wire.fiscal_years = items("fiscal_years")
        .iter()
        .filter_map(Value::as_i64)
        .collect();
    wire.conflicts = stored.conflicts;
    wire.broken = stored.broken.unwrap_or_default();
    if !text("merged_into").is_empty() {
        let loaded = load_if_any(reader, Found { space, document })?;
        let stands = loaded.map(|document| directory::stands_for(reader, &document));
        let stands = stands.transpose()?.flatten();
        wire.merged_into = stands.map(|stands| stands.to_string()).unwrap_or_default();
    }
    Ok(wire)
}
