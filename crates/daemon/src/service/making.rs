//! Making edits one behind the other, each on what the last one left, durable or not.

use std::sync::Arc;

use phaki_documents::document::ChangeBytes;
use phaki_replication::id::FeedId;
use phaki_wire::proto::local::v1 as pb;
use tokio::task::JoinHandle;
use tonic::Code;

use super::denial::Denial;
use super::editing::{Editing, Intent, change, entry, fresh_actor, heads_from_wire, hex, refused};
use super::find::Found;
use super::loading::{load, load_counted};
use super::locks::Locked;
use super::tips::Tip;
use crate::limits::EDIT_TRIES_MAX;
use crate::node_loop::{InForce, RequestError};

/// What became of making an edit.
enum Made {
    /// Everything is as asked already.
    Nothing,
    /// The document with the change, which is still to be appended.
    Change(Box<Tip>, ChangeBytes),
    /// Other edits of the document must become durable first.
    Later,
}

/// An edit that the node has taken.
#[derive(Debug)]
pub(super) struct Begun {
    reply: pb::EditDocumentReply,
    /// Ends when it is durable; `None` when it is already.
    durable: Option<JoinHandle<Result<(), Denial>>>,
}

impl Begun {
    fn unchanged(in_force: &InForce, found: Found) -> Self {
        Self {
            reply: reply(in_force, found, None),
            durable: None,
        }
    }

    /// The answer, once the edit is durable.
    pub(super) async fn durable(self) -> Result<pb::EditDocumentReply, Denial> {
        if let Some(durable) = self.durable {
            let ended = durable.await;
            ended.map_err(|error| Denial::internal("edit ended", error))??;
        }
        Ok(self.reply)
    }
}

fn reply(in_force: &InForce, found: Found, change: Option<&ChangeBytes>) -> pb::EditDocumentReply {
    let hash = change.map(|made| hex(&made.summary.hash));
    pb::EditDocumentReply {
        id: found.document.to_string(),
        space: in_force.space_name(&found.space),
        changed: hash.is_some(),
        change: hash.unwrap_or_default(),
    }
}

impl Editing {
    /// Makes an edit and hands it to the node. The next edit of the document builds on it.
    pub(super) async fn begin(
        &self,
        id: &str,
        space: &str,
        intent: Intent,
    ) -> Result<Begun, Denial> {
        let in_force = self.requests.in_force();
        let found = self.find(&in_force, id, space).await?;
        let locked = self.locks.lock(vec![(found.space, found.document)]).await;
        if !intent.heads.is_empty() {
            return self.edit_past(&in_force, found, locked, intent).await;
        }
        let intent = Arc::new(intent);
        for _ in 0..EDIT_TRIES_MAX {
            let failures = self.requests.failures();
            let (this, feed, same) = (self.clone(), in_force.own_feed(), Arc::clone(&intent));
            let make = move || this.make(feed, found, failures, &same);
            let made = self.workers.run(make).await?;
            let (mut tip, change) = match made {
                Made::Later => {
                    self.tips.settle(found).await;
                    continue;
                }
                Made::Nothing => return Ok(Begun::unchanged(&in_force, found)),
                Made::Change(tip, change) => (tip, change),
            };
            let reply = reply(&in_force, found, Some(&change));
            let entry = entry(found.document, &change);
            let turn = Arc::clone(&self.turns).acquire_owned().await;
            let turn = turn.map_err(|_| Denial::stopping())?;
            let room = self.room.take(entry.payload.len()).await?;
            let append =
                self.requests
                    .begin_append(in_force.epoch, tip.failures, found.space, vec![entry]);
            match append.await {
                Ok(taken) => {
                    let under_way = tip.advance(&change);
                    self.tips.put(found, *tip);
                    let durable = self.tasks.spawn(async move {
                        let durable = taken.durable().await;
                        drop((under_way, turn, room));
                        durable.map_err(|error| refused(&in_force, &found.space, &error))
                    });
                    return Ok(Begun {
                        reply,
                        durable: Some(durable),
                    });
                }
                Err(error) => {
                    self.tips.spoil(found, *tip);
                    // What it was to build on is lost; what is durable is not.
                    if !matches!(error, RequestError::Behind) {
                        return Err(refused(&in_force, &found.space, &error));
                    }
                }
            }
        }
        Err(refused(&in_force, &found.space, &RequestError::Behind))
    }

    /// Makes an edit at the heads that its author saw.
    async fn edit_past(
        &self,
        in_force: &Arc<InForce>,
        found: Found,
        locked: Locked,
        intent: Intent,
    ) -> Result<Begun, Denial> {
        self.tips.settle(found).await;
        let (this, feed) = (self.clone(), in_force.own_feed());
        let make = move || this.make_past(feed, found, &intent);
        let Some(change) = self.workers.run(make).await? else {
            return Ok(Begun::unchanged(in_force, found));
        };
        let reply = reply(in_force, found, Some(&change));
        let changes = vec![(found.document, change)];
        self.append(in_force, found.space, changes).await?;
        drop(locked);
        Ok(Begun {
            reply,
            durable: None,
        })
    }

    /// Makes the change behind the last one, durable or not.
    fn make(
        &self,
        feed: FeedId,
        found: Found,
        failures: u64,
        intent: &Intent,
    ) -> Result<Made, Denial> {
        let Found { space, document } = found;
        let heads = self.reader.heads(&space, &document);
        let heads = heads.map_err(Denial::unreadable)?.unwrap_or_default();
        let mut tip = match self.tips.take(found) {
            Some(mut tip) => match tip.follows(&heads, feed.epoch, failures) {
                true => tip,
                // It is loaded anew once the store holds all of it.
                false if !tip.is_settled() => {
                    self.tips.put(found, tip);
                    return Ok(Made::Later);
                }
                false => self.load_tip(feed, found, failures)?,
            },
            None => self.load_tip(feed, found, failures)?,
        };
        match change(&mut tip.document, tip.actor, &intent.author, &intent.edits) {
            Ok(Some(change)) => Ok(Made::Change(Box::new(tip), change)),
            // A failure inside leaves the document in an unknown state.
            Err(denial) if denial.code == Code::Internal => {
                self.tips.spoil(found, tip);
                Err(denial)
            }
            unmade => {
                self.tips.put(found, tip);
                unmade.map(|_| Made::Nothing)
            }
        }
    }

    fn load_tip(&self, feed: FeedId, found: Found, failures: u64) -> Result<Tip, Denial> {
        let (document, changes) = load_counted(&self.reader, found)?;
        let actor = self.actor_for(feed, found)?;
        Ok(Tip::new(document, changes, feed, actor, failures))
    }

    /// Makes the change, at the heads that its author saw.
    fn make_past(
        &self,
        feed: FeedId,
        found: Found,
        intent: &Intent,
    ) -> Result<Option<ChangeBytes>, Denial> {
        let mut document = load(&self.reader, found)?;
        let seen = heads_from_wire(&document, &intent.heads)?;
        let actor = if seen == document.heads() {
            self.actor_for(feed, found)?
        } else {
            let past = document.at(&seen);
            document = past.ok_or_else(|| Denial::internal("edit not made", "heads vanished"))?;
            // The usual one may have changes since.
            fresh_actor(feed)?
        };
        change(&mut document, actor, &intent.author, &intent.edits)
    }
}
