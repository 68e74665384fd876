//! What local clients read of documents: lists, single documents, history, conflicts, exports.

use std::collections::BTreeMap;

use phaki_documents::change::ChangeHash;
use phaki_documents::document::Conflict;
use phaki_documents::{Document, Path, rules, schema};
use phaki_store::Reader;
use phaki_store::reader::ChangePlace;
use phaki_wire::proto::local::v1 as pb;
use serde_json::Value;

use super::checking;
use super::denial::Denial;
use super::directory;
use super::editing::hex;
use super::find::{self, Found};
use super::loading::{load, load_if_any};
use super::reference::References;
use super::workers::Workers;
use crate::limits::CONFLICTED_LISTED_MAX;
use crate::node_loop::{InForce, Journal, NodeRequests};

/// What every read needs. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) requests: NodeRequests,
    pub(super) reader: Reader,
    pub(super) journal: Journal,
    pub(super) workers: Workers,
    pub(super) references: References,
}

impl Reading {
    pub(super) async fn show(
        &self,
        request: pb::ShowDocumentRequest,
    ) -> Result<pb::ShowDocumentReply, Denial> {
        let in_force = self.requests.in_force();
        let reader = self.reader.clone();
        let show = move || {
            let found = find::document(&reader, &in_force, &request.id, &request.space)?;
            let document = load(&reader, found)?;
            let leaf = |(path, value): (Path, Value)| {
                let (label_th, label_en) = label(&document, &path);
                pb::Leaf {
                    path: path.as_str().to_owned(),
                    value_json: value.to_string(),
                    label_th,
                    label_en,
                }
            };
            Ok(pb::ShowDocumentReply {
                id: found.document.to_string(),
                space: in_force.space_name(&found.space),
                document_json: document.to_json().to_string(),
                heads: document.heads().iter().map(|head| hex(head)).collect(),
                conflicts: conflicts(&reader, &in_force, found, &document)?,
                leaves: document.leaves().map(leaf).collect(),
                merged_into: directory::stands_for(&reader, &document)?
                    .map(|stands| stands.to_string())
                    .unwrap_or_default(),
                notices: rules::notices(&document)
                    .into_iter()
                    .map(|finding| checking::to_wire(&document, finding))
                    .collect(),
            })
        };
        self.workers.run(show).await
    }

    pub(super) async fn history(
        &self,
        request: pb::ShowHistoryRequest,
    ) -> Result<pb::ShowHistoryReply, Denial> {
        let in_force = self.requests.in_force();
        let reader = self.reader.clone();
        let history = move || {
            let found = find::document(&reader, &in_force, &request.id, &request.space)?;
            let history = load(&reader, found)?.history();
            let hashes: Vec<_> = history.iter().map(|entry| entry.change).collect();
            let origins = Origins::of(&reader, found, &hashes)?;
            let field = |field: &phaki_documents::document::FieldChange| pb::FieldChange {
                path: field.path.as_str().to_owned(),
                from_json: field.from.iter().map(Value::to_string).collect(),
                to_json: field.to.as_ref().map(Value::to_string).unwrap_or_default(),
            };
            let entries = history.into_iter().map(|entry| pb::HistoryEntry {
                change: hex(&entry.change),
                node: origins.node(&in_force, &entry.change),
                adopted_by: origins.adopted_by(&in_force, &entry.change),
                time_ms: origins.time_ms(&entry.change, entry.time_secs),
                account: entry.account.unwrap_or_default(),
                message: entry.message.unwrap_or_default(),
                fields: entry.fields.iter().map(field).collect(),
            });
            Ok(pb::ShowHistoryReply {
                id: found.document.to_string(),
                entries: entries.collect(),
            })
        };
        self.workers.run(history).await
    }

    pub(super) async fn conflicts(
        &self,
        request: pb::ListConflictsRequest,
    ) -> Result<pb::ListConflictsReply, Denial> {
        let in_force = self.requests.in_force();
        let reader = self.reader.clone();
        let list = move || {
            let documents = match request.id.as_str() {
                "" => conflicted(&reader, &in_force, &request.space)?,
                id => vec![find::document(&reader, &in_force, id, &request.space)?],
            };
            let mut listed = Vec::new();
            for found in documents {
                match load_if_any(&reader, found) {
                    Ok(Some(document)) => {
                        listed.extend(conflicts(&reader, &in_force, found, &document)?);
                    }
                    Ok(None) => {}
                    // One that cannot be read must not hide the conflicts of the others.
                    Err(denial) if request.id.is_empty() => {
                        tracing::debug!(document = %found.document, denial.sentence, "skipped");
                    }
                    Err(denial) => return Err(denial),
                }
            }
            Ok(pb::ListConflictsReply { conflicts: listed })
        };
        self.workers.run(list).await
    }
}

/// The documents that have conflicts, or may have since their summary is not up to date.
fn conflicted(reader: &Reader, in_force: &InForce, space: &str) -> Result<Vec<Found>, Denial> {
    let only = find::optional_space(in_force, space)?;
    let known = reader.conflicted().map_err(Denial::unreadable)?;
    let known = known.into_iter().map(|row| (row.space, row.document));
    let perhaps = reader
        .dirty(CONFLICTED_LISTED_MAX)
        .map_err(Denial::unreadable)?;
    let mut found: Vec<_> = known
        .chain(perhaps)
        .map(|(space, document)| Found { space, document })
        .filter(|found| only.is_none_or(|only| only == found.space))
        .collect();
    found.sort_unstable();
    found.dedup();
    found.truncate(CONFLICTED_LISTED_MAX);
    Ok(found)
}

fn conflicts(
    reader: &Reader,
    in_force: &InForce,
    found: Found,
    document: &Document,
) -> Result<Vec<pb::Conflict>, Denial> {
    let conflicts = document.conflicts();
    if conflicts.is_empty() {
        return Ok(Vec::new());
    }
    let hashes = conflicts.iter().flat_map(|conflict| &conflict.values);
    let hashes: Vec<_> = hashes.map(|value| value.change).collect();
    let origins = Origins::of(reader, found, &hashes)?;
    let title = document.summary().title;
    let heads: Vec<String> = document.heads().iter().map(|head| hex(head)).collect();
    let to_wire = |conflict: Conflict| {
        let (label_th, label_en) = label(document, &conflict.path);
        let values = conflict.values.into_iter().map(|value| pb::ConflictValue {
            value_json: value.value.to_string(),
            node: origins.node(in_force, &value.change),
            time_ms: origins.time_ms(&value.change, value.time_secs),
            account: value.account.unwrap_or_default(),
            change: hex(&value.change),
        });
        pb::Conflict {
            id: found.document.to_string(),
            space: in_force.space_name(&found.space),
            title: title.clone(),
            path: conflict.path.as_str().to_owned(),
            label_th,
            label_en,
            shown_json: conflict.shown.to_string(),
            values: values.collect(),
            heads: heads.clone(),
        }
    };
    Ok(conflicts.into_iter().map(to_wire).collect())
}

/// What people call the field at a path, in Thai and English; empty when the schema has no name.
pub(super) fn label(document: &Document, path: &Path) -> (String, String) {
    match schema::field_at(document.id().kind(), path) {
        Some(found) => {
            let label = found.field.label;
            (label.th.to_owned(), label.en.to_owned())
        }
        None => (String::new(), String::new()),
    }
}

/// Through which node, and when, changes were made.
struct Origins(BTreeMap<ChangeHash, ChangePlace>);

impl Origins {
    fn of(reader: &Reader, found: Found, hashes: &[ChangeHash]) -> Result<Self, Denial> {
        let places = reader.places(&found.space, &found.document, hashes);
        let places = places.map_err(Denial::unreadable)?.into_iter();
        Ok(Self(places.map(|place| (place.hash, place)).collect()))
    }

    fn node(&self, in_force: &InForce, change: &ChangeHash) -> String {
        let place = self.0.get(change);
        place
            .map(|place| in_force.name(&place.feed.author))
            .unwrap_or_default()
    }

    /// The node that published a change of another one again.
    fn adopted_by(&self, in_force: &InForce, change: &ChangeHash) -> String {
        let adopted = self.0.get(change).filter(|place| {
            let mut keys = in_force.roster.lineage(&place.published.author);
            keys.all(|key| key != place.feed.author)
        });
        adopted
            .map(|place| in_force.name(&place.published.author))
            .unwrap_or_default()
    }

    /// The entry's time, which has milliseconds, before that of the change; not when the entry
    /// publishes it again, later.
    fn time_ms(&self, change: &ChangeHash, time_secs: i64) -> i64 {
        let place = self.0.get(change);
        let entry = place.filter(|place| place.feed == place.published);
        entry
            .map(|place| place.time_ms)
            .unwrap_or_else(|| time_secs.saturating_mul(1000))
    }
}
