//! Making edits one behind the other, each on what the last one left, durable or not.
//!
//! Edits that come together are made together and appended as one run, with one signature: a
//! program that sends thousands pays for taking turns between threads once for many.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt, Shared};
use phaki_documents::DocumentId;
use phaki_documents::document::ChangeBytes;
use phaki_replication::id::{FeedId, SpaceId};
use phaki_replication::limits::RUN_BYTES_TARGET;
use phaki_replication::node::NewEntry;
use phaki_wire::proto::local::v1 as pb;
use tonic::Code;

use super::denial::Denial;
use super::editing::{
    Editing, Held, Intent, change, entry, fresh_actor, heads_from_wire, hex, refused,
};
use super::find::{self, Found};
use super::loading::{load, load_counted};
use super::tips::Tip;
use crate::limits::EDIT_TRIES_MAX;
use crate::node_loop::{InForce, RequestError, Taken};

/// What a client asks for.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) id: String,
    /// Its name or id; empty for whichever has the document.
    pub(super) space: String,
    pub(super) intent: Intent,
}

/// An edit of a document that there is, or why there is none to be made.
#[derive(Clone, Debug)]
struct Asked {
    found: Result<Found, Denial>,
    intent: Arc<Intent>,
}

/// What came of making edits of one space.
#[derive(Debug, Default)]
struct Making {
    /// Of the first ones, in their order: the change, or none when everything is as asked already.
    made: Vec<(Found, Result<Option<ChangeBytes>, Denial>)>,
    /// The documents with the changes, which are still to be appended.
    tips: BTreeMap<Found, Tip>,
    /// Other edits of this document must become durable before the next one is made.
    later: Option<Found>,
}

/// An edit that the node has taken.
#[derive(Debug)]
pub(super) struct Begun {
    reply: pb::EditDocumentReply,
    /// Ends when it is durable; `None` when it is already.
    durable: Option<Durable>,
}

type Durable = Shared<BoxFuture<'static, Result<(), Denial>>>;

impl Begun {
    fn new(
        in_force: &InForce,
        found: Found,
        change: Option<&ChangeBytes>,
        durable: Option<Durable>,
    ) -> Self {
        let hash = change.map(|made| hex(&made.summary.hash));
        let reply = pb::EditDocumentReply {
            id: found.document.to_string(),
            space: in_force.space_name(&found.space),
            changed: hash.is_some(),
            change: hash.unwrap_or_default(),
        };
        Self { reply, durable }
    }

    /// The answer, once the edit is durable.
    pub(super) async fn durable(self) -> Result<pb::EditDocumentReply, Denial> {
        if let Some(durable) = self.durable {
            durable.await?;
        }
        Ok(self.reply)
    }
}

impl Editing {
    /// Makes edits and hands them to the node, in their order; what is refused does not keep the
    /// others from being made. The next edits of the documents build on them.
    pub(super) async fn begin_all(
        &self,
        wanted: Vec<Result<Wanted, Denial>>,
    ) -> Vec<Result<Begun, Denial>> {
        let in_force = self.requests.in_force();
        let mut asked = match self.find_all(&in_force, wanted).await {
            Ok(asked) => asked,
            Err((count, denial)) => return denied(count, &denial),
        };
        let found = asked.iter().filter_map(|asked| asked.found.as_ref().ok());
        let keys = found.map(|found| (found.space, found.document)).collect();
        let locked = self.locks.lock(keys).await;
        let mut outcomes = Vec::with_capacity(asked.len());
        while let Some(first) = asked.front().cloned() {
            let made = match first.found {
                Err(denial) => vec![Err(denial)],
                Ok(found) if !first.intent.heads.is_empty() => {
                    vec![self.edit_past(&in_force, found, first.intent).await]
                }
                Ok(found) => {
                    let together = together(found.space, &asked);
                    self.begin_together(&in_force, found.space, together).await
                }
            };
            asked.drain(..made.len());
            outcomes.extend(made);
        }
        drop(locked);
        outcomes
    }

    /// Finds the documents; what is being edited is found without the store.
    async fn find_all(
        &self,
        in_force: &Arc<InForce>,
        wanted: Vec<Result<Wanted, Denial>>,
    ) -> Result<VecDeque<Asked>, (usize, Denial)> {
        let count = wanted.len();
        let tips = wanted.iter().map(|wanted| {
            let wanted = wanted.as_ref().ok()?;
            self.tip_named(in_force, &wanted.id, &wanted.space)
        });
        let tips: Vec<Option<Found>> = tips.collect();
        let mut both = wanted.iter().zip(&tips);
        let all_known = both.all(|(wanted, tip)| wanted.is_err() || tip.is_some());
        let (reader, in_force) = (self.reader.clone(), Arc::clone(in_force));
        let asked = move || {
            let asked = wanted.into_iter().zip(tips).map(|(wanted, tip)| {
                let found = wanted.as_ref().map_err(Clone::clone);
                let found = found.and_then(|wanted| match tip {
                    Some(tip) => Ok(tip),
                    None => find::document(&reader, &in_force, &wanted.id, &wanted.space),
                });
                let intent = wanted.map(|wanted| wanted.intent).unwrap_or_default();
                let intent = Arc::new(intent);
                Asked { found, intent }
            });
            Ok(asked.collect())
        };
        match all_known {
            true => asked(),
            false => self.workers.run(asked).await,
        }
        .map_err(|denial| (count, denial))
    }

    /// The document that is named fully and was edited lately.
    fn tip_named(&self, in_force: &InForce, id: &str, space: &str) -> Option<Found> {
        let space = find::optional_space(in_force, space).ok()??;
        let document = id.parse::<DocumentId>().ok()?;
        let found = Found { space, document };
        self.tips.holds(found).then_some(found)
    }

    /// Makes edits of one space and appends them together. Returns what came of the first ones, at
    /// least of one.
    async fn begin_together(
        &self,
        in_force: &Arc<InForce>,
        space: SpaceId,
        asked: Vec<(Found, Arc<Intent>)>,
    ) -> Vec<Result<Begun, Denial>> {
        let asked = Arc::new(asked);
        for _ in 0..EDIT_TRIES_MAX {
            let failures = self.requests.failures();
            let (this, feed, asked) = (self.clone(), in_force.own_feed(), Arc::clone(&asked));
            let count = asked.len();
            let make = move || Ok(this.make_all(feed, failures, &asked));
            let making = match self.workers.run(make).await {
                Ok(making) => making,
                Err(denial) => return denied(count, &denial),
            };
            match making.later {
                Some(found) if making.made.is_empty() => self.tips.settle(found).await,
                _ => match self.append_made(in_force, space, failures, making).await {
                    // What they were to build on is lost; what is durable is not.
                    Err(RequestError::Behind) => {}
                    Err(error) => return denied(count, &refused(in_force, &space, &error)),
                    Ok(begun) => return begun,
                },
            }
        }
        denied(1, &refused(in_force, &space, &RequestError::Behind))
    }

    /// Makes the changes behind the last ones, durable or not.
    fn make_all(&self, feed: FeedId, failures: u64, asked: &[(Found, Arc<Intent>)]) -> Making {
        let (mut making, mut bytes) = (Making::default(), 0);
        for (found, intent) in asked {
            let tip = match making.tips.entry(*found) {
                Entry::Occupied(tip) => tip.into_mut(),
                Entry::Vacant(place) => match self.tip(feed, *found, failures) {
                    Ok(Some(tip)) => place.insert(tip),
                    Ok(None) => {
                        making.later = Some(*found);
                        break;
                    }
                    Err(denial) => {
                        making.made.push((*found, Err(denial)));
                        continue;
                    }
                },
            };
            let made = change(&mut tip.document, tip.actor, &intent.author, &intent.edits);
            if let Ok(Some(change)) = &made {
                bytes += change.bytes.len();
            }
            let failed = matches!(&made, Err(denial) if denial.code == Code::Internal);
            making.made.push((*found, made));
            if failed {
                // A failure inside leaves the document in an unknown state.
                tip.spoil();
                break;
            }
            if bytes >= RUN_BYTES_TARGET {
                break;
            }
        }
        making
    }

    /// The document as the last edit left it; `None` when it is to be loaded anew once the store
    /// holds all of it.
    fn tip(&self, feed: FeedId, found: Found, failures: u64) -> Result<Option<Tip>, Denial> {
        let Found { space, document } = found;
        let heads = self.reader.heads(&space, &document);
        let heads = heads.map_err(Denial::unreadable)?.unwrap_or_default();
        if let Some(mut tip) = self.tips.take(found) {
            if tip.follows(&heads, feed.epoch, failures) {
                return Ok(Some(tip));
            }
            if !tip.is_settled() {
                self.tips.put(found, tip);
                return Ok(None);
            }
        }
        let (document, changes) = load_counted(&self.reader, found)?;
        let actor = self.actor_for(feed, found)?;
        let tip = Tip::new(document, changes, feed, actor, failures);
        Ok(Some(tip))
    }

    /// Hands changes to the node.
    async fn append_made(
        &self,
        in_force: &Arc<InForce>,
        space: SpaceId,
        failures: u64,
        making: Making,
    ) -> Result<Vec<Result<Begun, Denial>>, RequestError> {
        let Making { made, mut tips, .. } = making;
        let changes = made.iter().filter_map(|(found, made)| match made {
            Ok(Some(change)) => Some((*found, change)),
            Ok(None) | Err(_) => None,
        });
        let changes: Vec<_> = changes.collect();
        let entries = changes.iter();
        let entries: Vec<_> = entries
            .map(|(found, change)| entry(found.document, change))
            .collect();
        let taken = match entries.is_empty() {
            true => None,
            false => match self.take(in_force, space, failures, entries).await {
                Ok(taken) => Some(taken),
                Err(error) => {
                    self.tips.give_up(tips);
                    return Err(error);
                }
            },
        };
        let advance = |(found, change): &(Found, &ChangeBytes)| {
            let tip = tips.get_mut(found)?;
            Some(tip.advance(change))
        };
        let under_way: Vec<_> = changes.iter().filter_map(advance).collect();
        self.tips.put_back(tips);
        let durable = taken.map(|(taken, held)| {
            let in_force = Arc::clone(in_force);
            let durable = self.tasks.spawn(async move {
                let durable = taken.durable().await;
                drop((under_way, held));
                durable.map_err(|error| refused(&in_force, &space, &error))
            });
            let ended = durable.map(|ended| match ended {
                Ok(durable) => durable,
                Err(error) => Err(Denial::internal("edit ended", error)),
            });
            ended.boxed().shared()
        });
        let begun = made.into_iter().map(|(found, made)| {
            let change = made?;
            let durable = durable.clone().filter(|_| change.is_some());
            Ok(Begun::new(in_force, found, change.as_ref(), durable))
        });
        Ok(begun.collect())
    }

    /// Has the node take entries that may build on others.
    async fn take(
        &self,
        in_force: &InForce,
        space: SpaceId,
        failures: u64,
        entries: Vec<NewEntry>,
    ) -> Result<(Taken, Held), RequestError> {
        let held = self.hold(&entries).await;
        let held = held.map_err(|_| RequestError::Stopping)?;
        let requests = &self.requests;
        let append = requests.begin_append(in_force.epoch, failures, space, entries);
        Ok((append.await?, held))
    }

    /// Makes an edit at the heads that its author saw.
    async fn edit_past(
        &self,
        in_force: &Arc<InForce>,
        found: Found,
        intent: Arc<Intent>,
    ) -> Result<Begun, Denial> {
        self.tips.settle(found).await;
        let (this, feed) = (self.clone(), in_force.own_feed());
        let make = move || this.make_past(feed, found, &intent);
        let change = self.workers.run(make).await?;
        let begun = Begun::new(in_force, found, change.as_ref(), None);
        if let Some(change) = change {
            let changes = vec![(found.document, change)];
            self.append(in_force, found.space, changes).await?;
        }
        Ok(begun)
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

/// The first edits, as far as they are of one space and not at heads of the past.
fn together(space: SpaceId, asked: &VecDeque<Asked>) -> Vec<(Found, Arc<Intent>)> {
    let same = asked.iter().map_while(|asked| match asked.found {
        Ok(found) if found.space == space && asked.intent.heads.is_empty() => {
            Some((found, Arc::clone(&asked.intent)))
        }
        _ => None,
    });
    same.collect()
}

fn denied(count: usize, denial: &Denial) -> Vec<Result<Begun, Denial>> {
    let denials = (0..count).map(|_| Err(denial.clone()));
    denials.collect()
}
