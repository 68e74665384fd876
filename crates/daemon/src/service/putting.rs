//! Many documents in one request: created, or brought to the given content; all or none.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;
use phaki_documents::document::{ChangeBytes, create_edits};
use phaki_documents::{Document, DocumentId, Kind, Path};
use phaki_replication::id::{FeedId, SpaceId};
use phaki_replication::limits::APPEND_BYTES_MAX;
use phaki_wire::proto::local::v1 as pb;
use serde_json::Value;
use tonic::Code;

use super::denial::Denial;
use super::editing::{Author, Editing, change, leaves_of};
use super::find::{self, Found};
use super::loading::load_if_any;
use crate::identity;
use crate::limits::{PUT_DOCUMENTS_MAX, PUT_DOCUMENTS_PART};
use crate::node_loop::{InForce, wall_ms};
use crate::quote::quoted;

/// A document of a request.
struct Wanted {
    id: DocumentId,
    json: Value,
}

/// What all documents of a request have in common.
struct Plan {
    feed: FeedId,
    space: SpaceId,
    author: Author,
    /// The name of the space, when none of them may exist there.
    create_only: Option<String>,
}

/// What becomes of a document.
struct Outcome {
    row: pb::PutDocument,
    change: Option<(DocumentId, ChangeBytes)>,
}

impl Editing {
    pub(super) async fn put(
        &self,
        request: pb::PutDocumentsRequest,
    ) -> Result<pb::PutDocumentsReply, Denial> {
        let turn = self.puts.clone().acquire_owned().await;
        let turn = turn.map_err(|_| Denial::stopping())?;
        let this = self.clone();
        self.to_end(async move {
            let outcome = this.put_to_end(request).await;
            drop(turn);
            outcome
        })
        .await
    }

    async fn put_to_end(
        self,
        request: pb::PutDocumentsRequest,
    ) -> Result<pb::PutDocumentsReply, Denial> {
        let in_force = self.requests.in_force();
        let space = find::space(&in_force, &request.space)?.space;
        let author = self.author(request.author);
        let texts = request.documents_json;
        let wanted = self.workers.run(move || read_all(&texts)).await?;
        let keys: Vec<_> = wanted.iter().map(|wanted| (space, wanted.id)).collect();
        let locked = self.locks.lock(keys.clone()).await;
        for (space, document) in keys {
            self.tips.settle(Found { space, document }).await;
        }
        let plan = Arc::new(Plan {
            feed: in_force.own_feed(),
            space,
            author,
            create_only: request.create_only.then(|| in_force.space_name(&space)),
        });
        let outcomes = self.prepare_all(&plan, wanted).await?;
        let (mut documents, mut changes) = (Vec::new(), Vec::new());
        for outcome in outcomes {
            documents.push(outcome.row);
            changes.extend(outcome.change);
        }
        if !request.dry_run && !changes.is_empty() {
            self.append_all(&in_force, space, changes).await?;
        }
        drop(locked);
        Ok(pb::PutDocumentsReply { documents })
    }

    /// Prepares documents on as many threads as there are for it; the first one that is refused
    /// is told of.
    async fn prepare_all(
        &self,
        plan: &Arc<Plan>,
        wanted: Vec<Wanted>,
    ) -> Result<Vec<Outcome>, Denial> {
        let mut wanted = wanted.into_iter();
        let mut parts = Vec::new();
        loop {
            let part: Vec<Wanted> = wanted.by_ref().take(PUT_DOCUMENTS_PART).collect();
            if part.is_empty() {
                break;
            }
            let (this, plan) = (self.clone(), Arc::clone(plan));
            let prepare = move || {
                let outcomes = part.into_iter().map(|wanted| this.prepare(&plan, wanted));
                outcomes.collect::<Result<Vec<_>, _>>()
            };
            parts.push(self.workers.run(prepare));
        }
        let parts: Result<Vec<_>, _> = join_all(parts).await.into_iter().collect();
        Ok(parts?.into_iter().flatten().collect())
    }

    async fn append_all(
        &self,
        in_force: &InForce,
        space: SpaceId,
        changes: Vec<(DocumentId, ChangeBytes)>,
    ) -> Result<(), Denial> {
        let bytes: usize = changes
            .iter()
            .map(|(_, change)| change.bytes.len() + 17)
            .sum();
        if bytes > APPEND_BYTES_MAX {
            let sentence = format!(
                "the changes of {} documents are {bytes} bytes, and {APPEND_BYTES_MAX} are \
                 allowed in one request: send fewer documents at once",
                changes.len()
            );
            return Err(Denial::new(Code::OutOfRange, "too-large", sentence));
        }
        self.append(in_force, space, changes).await
    }

    fn prepare(&self, plan: &Plan, wanted: Wanted) -> Result<Outcome, Denial> {
        let Wanted { id, json } = wanted;
        let space = plan.space;
        let found = Found {
            space,
            document: id,
        };
        let existing = load_if_any(&self.reader, found)?;
        if let (Some(_), Some(name)) = (&existing, &plan.create_only) {
            let sentence = format!("document {id} exists in space {name}: edit it instead");
            return Err(Denial::new(Code::AlreadyExists, "exists", sentence));
        }
        let exists = existing.is_some();
        let mut document = existing.unwrap_or_else(|| Document::empty(id));
        let edits = match exists {
            true => document.import_edits(&json),
            false => create_edits(&id, &json),
        };
        let edits = edits.map_err(|error| {
            Denial::invalid(format!("document {id}: {:#}", anyhow::Error::from(error)))
        })?;
        let before = leaves_of(&document);
        let made = change(
            &mut document,
            self.actor_for(plan.feed, found)?,
            &plan.author,
            &edits,
        )?;
        let outcome = match (&made, exists) {
            (None, _) => "unchanged",
            (Some(_), true) => "changed",
            (Some(_), false) => "created",
        };
        if made.is_none() && !exists {
            let sentence = format!("document {id} has no field: give it at least a title");
            return Err(Denial::invalid(sentence));
        }
        let after = leaves_of(&document);
        let paths: BTreeSet<&Path> = before.keys().chain(after.keys()).collect();
        let differs = |path: &&&Path| before.get(**path) != after.get(**path);
        let edits = paths.iter().filter(differs).count();
        let row = pb::PutDocument {
            id: id.to_string(),
            outcome: outcome.to_owned(),
            edits: u64::try_from(edits).unwrap_or(u64::MAX),
        };
        let change = made.map(|change| (id, change));
        Ok(Outcome { row, change })
    }
}

fn read_all(texts: &[String]) -> Result<Vec<Wanted>, Denial> {
    if texts.len() > PUT_DOCUMENTS_MAX {
        let sentence = format!(
            "{} documents are in one request, and {PUT_DOCUMENTS_MAX} are allowed: send fewer",
            texts.len()
        );
        return Err(Denial::new(Code::OutOfRange, "too-large", sentence));
    }
    let mut seen = BTreeSet::new();
    let mut wanted = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        let read = read(text).map_err(|wrong| {
            Denial::invalid(format!("document {} of the request {wrong}", index + 1))
        })?;
        if !seen.insert(read.id) {
            let sentence = format!("document {} is in the request twice", read.id);
            return Err(Denial::invalid(sentence));
        }
        wanted.push(read);
    }
    Ok(wanted)
}

/// A document with the id it names; one that names only its kind gets a fresh id.
fn read(text: &str) -> Result<Wanted, String> {
    let json: Value = serde_json::from_str(text).map_err(|error| format!("is no JSON: {error}"))?;
    let id = match json.get("id") {
        Some(Value::String(id)) => id.parse().map_err(|error| format!("has no id: {error}"))?,
        Some(_) => return Err("has an id that is no text".to_owned()),
        None => fresh_id(&json)?,
    };
    Ok(Wanted { id, json })
}

fn fresh_id(json: &Value) -> Result<DocumentId, String> {
    let kind = json.get("kind").and_then(Value::as_str);
    let kind = kind.ok_or("names neither an id nor a kind")?;
    let known =
        Kind::from_name(kind).ok_or_else(|| format!("has the unknown kind {}", quoted(kind)))?;
    let random = identity::random().map_err(|error| format!("gets no id: {error:#}"))?;
    let now_ms = u64::try_from(wall_ms()).unwrap_or(0);
    Ok(DocumentId::at(known, now_ms, random))
}
