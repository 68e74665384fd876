//! Edits of local clients: made into changes, appended to this node's feed, answered when durable.
//!
//! Each edit runs to its end in a task of its own: a client that goes away in the middle must not
//! leave a change that is stored while the next edit does not know of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use phaki_documents::change::ChangeHash;
use phaki_documents::document::{ChangeBytes, EditError};
use phaki_documents::{Document, DocumentId, Edit, Editor, Path, payload};
use phaki_replication::entry::EntryKind;
use phaki_replication::id::{FeedId, SpaceId};
use phaki_replication::node::NewEntry;
use phaki_store::Reader;
use phaki_wire::proto::local::v1 as pb;
use phaki_wire::proto::local::v1::field_edit::Act;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use tonic::Code;

use super::denial::Denial;
use super::find::Found;
use super::locks::Locks;
use super::making::{Begun, Wanted};
use super::room::Room;
use super::tips::Tips;
use super::workers::Workers;
use crate::identity;
use crate::limits::{APPENDS_WAITING_BYTES_MAX, EDITS_UNDER_WAY_MAX, HEAD_DIGITS_MIN, PUTS_MAX};
use crate::node_loop::{InForce, NodeRequests, RequestError, wall_ms};
use crate::quote::quoted;

/// What every edit needs. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Editing {
    pub(super) requests: NodeRequests,
    pub(super) reader: Reader,
    pub(super) workers: Workers,
    pub(super) locks: Locks,
    pub(super) tips: Tips,
    /// Requests with many documents take turns.
    pub(super) puts: Arc<Semaphore>,
    /// For changes that are not yet durable.
    pub(super) room: Room,
    /// For edits that are not yet durable.
    pub(super) turns: Arc<Semaphore>,
    /// The edits under way.
    pub(super) tasks: TaskTracker,
    /// The end of actor ids, drawn at process start; before it stand 16 bytes of the own feed.
    pub(super) actor_tail: [u8; 8],
    /// The author of edits that name none.
    pub(super) account: Arc<str>,
}

/// What somebody wants to change.
#[derive(Debug, Default)]
pub(super) struct Intent {
    pub(super) edits: Vec<Edit>,
    pub(super) author: Author,
    /// The heads of what they saw; none when that does not matter.
    pub(super) heads: Vec<String>,
}

/// Who edits and why.
#[derive(Clone, Debug, Default)]
pub(super) struct Author {
    pub(super) account: String,
    pub(super) message: Option<String>,
}

/// Turns and bytes of edits that are not durable yet.
pub(super) type Held = (OwnedSemaphorePermit, OwnedSemaphorePermit);

impl Editing {
    pub(super) fn new(
        requests: NodeRequests,
        reader: Reader,
        workers: Workers,
        actor_tail: [u8; 8],
        account: &str,
    ) -> Self {
        Self {
            requests,
            reader,
            workers,
            locks: Locks::default(),
            tips: Tips::default(),
            puts: Arc::new(Semaphore::new(PUTS_MAX)),
            room: Room::new(APPENDS_WAITING_BYTES_MAX),
            turns: Arc::new(Semaphore::new(EDITS_UNDER_WAY_MAX)),
            tasks: TaskTracker::new(),
            actor_tail,
            account: account.into(),
        }
    }

    pub(super) fn author(&self, author: Option<pb::Author>) -> Author {
        let author = author.unwrap_or_default();
        let account = match author.account.as_str() {
            "" => self.account.to_string(),
            account => account.to_owned(),
        };
        let message = Some(author.message).filter(|message| !message.is_empty());
        Author { account, message }
    }

    pub(super) async fn edit(
        &self,
        request: pb::EditDocumentRequest,
    ) -> Result<pb::EditDocumentReply, Denial> {
        let wanted = self.wanted(request)?;
        self.carry_out(wanted).await
    }

    /// Begins edits one behind the other. Returns before they are durable; others may follow.
    pub(super) async fn begin_edits(
        &self,
        requests: Vec<pb::EditDocumentRequest>,
    ) -> Vec<Result<Begun, Denial>> {
        let (this, count) = (self.clone(), requests.len());
        let wanted = requests.into_iter().map(|request| self.wanted(request));
        let wanted = wanted.collect();
        let begun = self.to_end(async move { Ok(this.begin_all(wanted).await) });
        begun
            .await
            .unwrap_or_else(|denial| (0..count).map(|_| Err(denial.clone())).collect())
    }

    fn wanted(&self, request: pb::EditDocumentRequest) -> Result<Wanted, Denial> {
        let edits: Vec<Edit> = request
            .edits
            .into_iter()
            .map(edit_from_wire)
            .collect::<Result<_, _>>()?;
        if edits.is_empty() {
            return Err(Denial::invalid("the request contains no edit"));
        }
        let intent = Intent {
            author: self.author(request.author),
            edits,
            heads: request.heads,
        };
        Ok(Wanted {
            id: request.id,
            space: request.space,
            intent,
        })
    }

    pub(super) async fn resolve(
        &self,
        request: pb::ResolveConflictRequest,
    ) -> Result<pb::EditDocumentReply, Denial> {
        let edit = Edit::Resolve {
            path: path_from_wire(&request.path)?,
            value: json(&request.path, &request.value_json)?,
        };
        let intent = Intent {
            author: self.author(request.author),
            edits: vec![edit],
            heads: request.heads,
        };
        let wanted = Wanted {
            id: request.id,
            space: request.space,
            intent,
        };
        self.carry_out(wanted).await
    }

    async fn carry_out(&self, wanted: Wanted) -> Result<pb::EditDocumentReply, Denial> {
        let this = self.clone();
        let begun = self.to_end(async move { Ok(this.begin_all(vec![Ok(wanted)]).await) });
        match begun.await?.pop() {
            Some(begun) => begun?.durable().await,
            None => Err(Denial::internal("edit not made", "no outcome")),
        }
    }

    /// Runs a task whatever becomes of the client.
    pub(super) async fn to_end<T: Send + 'static>(
        &self,
        task: impl Future<Output = Result<T, Denial>> + Send + 'static,
    ) -> Result<T, Denial> {
        match self.tasks.spawn(task).await {
            Ok(outcome) => outcome,
            Err(error) => Err(Denial::internal("edit ended", error)),
        }
    }

    /// Waits until there is room for changes that are not durable yet, and keeps it.
    pub(super) async fn hold(&self, entries: &[NewEntry]) -> Result<Held, Denial> {
        let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        let turns = Arc::clone(&self.turns).acquire_many_owned(count).await;
        let turns = turns.map_err(|_| Denial::stopping())?;
        let bytes = entries.iter().map(|entry| entry.payload.len()).sum();
        let room = self.room.take(bytes).await?;
        Ok((turns, room))
    }

    /// The actor of the next change of a document. A fresh one when the usual one may have changes
    /// there that are not applied, as after its rights were lowered: their numbers are in use.
    pub(super) fn actor_for(&self, feed: FeedId, found: Found) -> Result<[u8; 24], Denial> {
        let Found { space, document } = found;
        let usual = feed.actor(self.actor_tail);
        let reader = &self.reader;
        let unapplied = reader.has_unapplied(&space, &document, &feed, &usual);
        if unapplied.map_err(Denial::unreadable)? {
            return fresh_actor(feed);
        }
        Ok(usual)
    }

    /// Appends changes, all or none; returns once they are durable.
    pub(super) async fn append(
        &self,
        in_force: &InForce,
        space: SpaceId,
        changes: Vec<(DocumentId, ChangeBytes)>,
    ) -> Result<(), Denial> {
        let entries = changes.iter();
        let entries: Vec<NewEntry> = entries
            .map(|(document, change)| entry(*document, change))
            .collect();
        let bytes = entries.iter().map(|entry| entry.payload.len()).sum();
        let room = self.room.take(bytes).await?;
        let appended = self
            .requests
            .append(in_force.epoch, space, entries, Vec::new())
            .await;
        drop(room);
        appended.map_err(|error| refused(in_force, &space, &error))
    }
}

pub(super) fn entry(document: DocumentId, change: &ChangeBytes) -> NewEntry {
    NewEntry {
        kind: EntryKind::CHANGE,
        payload: payload::encode(&document, &change.bytes).into(),
    }
}

pub(super) fn refused(in_force: &InForce, space: &SpaceId, error: &RequestError) -> Denial {
    let name = in_force.space_name(space);
    Denial::of_request(&format!("space {name}"), error)
}

pub(super) fn fresh_actor(feed: FeedId) -> Result<[u8; 24], Denial> {
    let drawn = identity::random();
    let tail = drawn.map_err(|error| Denial::internal("no actor", format!("{error:#}")))?;
    Ok(feed.actor(tail))
}

/// Makes one change of the edits; `None` when everything is as asked already.
pub(super) fn change(
    document: &mut Document,
    actor: [u8; 24],
    author: &Author,
    edits: &[Edit],
) -> Result<Option<ChangeBytes>, Denial> {
    let by = Editor {
        actor,
        account: &author.account,
        time_secs: wall_ms().div_euclid(1000),
        message: author.message.as_deref(),
    };
    let id = document.id();
    document.edit(&by, edits).map_err(|error| match error {
        EditError::Automerge { reason } => Denial::internal("edit not made", reason),
        error => {
            let sentence = format!("document {id}: {:#}", anyhow::Error::from(error));
            Denial::new(Code::InvalidArgument, "invalid-edit", sentence)
        }
    })
}

/// The shown values by path, to count what an edit changed.
pub(super) fn leaves_of(document: &Document) -> BTreeMap<Path, Value> {
    document.leaves().collect()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// The changes that a client means, ascending.
pub(super) fn heads_from_wire(
    document: &Document,
    texts: &[String],
) -> Result<Vec<ChangeHash>, Denial> {
    let mut heads = BTreeSet::new();
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    let known = document.hashes();
    for text in texts {
        let mut meant = known.iter().filter(|hash| hex(*hash).starts_with(text));
        match (meant.next(), meant.next()) {
            (Some(hash), None) if text.len() >= HEAD_DIGITS_MIN => heads.insert(*hash),
            _ => {
                let sentence = format!(
                    "document {} has no single change {} here: `phaki show` prints its heads",
                    document.id(),
                    quoted(text)
                );
                return Err(Denial::new(
                    Code::InvalidArgument,
                    "unknown-heads",
                    sentence,
                ));
            }
        };
    }
    Ok(heads.into_iter().collect())
}

pub(super) fn path_from_wire(text: &str) -> Result<Path, Denial> {
    Path::parse(text).map_err(|error| {
        Denial::invalid(format!(
            "{} is no path: {error}: `phaki show` lists the paths",
            quoted(text)
        ))
    })
}

fn json(path: &str, text: &str) -> Result<Value, Denial> {
    serde_json::from_str(text)
        .map_err(|error| Denial::invalid(format!("value for {path} is no JSON: {error}")))
}

fn edit_from_wire(edit: pb::FieldEdit) -> Result<Edit, Denial> {
    let path = path_from_wire(&edit.path)?;
    Ok(match edit.act {
        Some(Act::SetJson(text)) => Edit::Set {
            value: json(&edit.path, &text)?,
            path,
        },
        Some(Act::AddJson(text)) => Edit::Add {
            value: json(&edit.path, &text)?,
            path,
        },
        Some(Act::Remove(true)) => Edit::Remove { path },
        Some(Act::Remove(false)) | None => {
            let sentence = format!("the edit of {} says neither set, remove nor add", edit.path);
            return Err(Denial::invalid(sentence));
        }
    })
}
