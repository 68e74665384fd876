//! Telling local clients which documents changed, as soon as that is durable.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::stream::{Stream, unfold};
use phaki_replication::id::SpaceId;
use phaki_store::Touched;
use phaki_wire::proto::local::v1 as pb;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::denial::Denial;
use super::find;
use crate::limits::{COMMITS_UNWATCHED_MAX, WATCHED_AT_ONCE_MAX};
use crate::node_loop::NodeRequests;

/// What the client reads; it never fails.
pub(super) type Watched = Pin<Box<dyn Stream<Item = Result<pb::WatchedDocuments, Status>> + Send>>;

/// Where commits are told. Cheap to clone; telling costs nothing while nobody listens.
#[derive(Clone, Debug)]
pub(crate) struct Commits {
    sender: broadcast::Sender<Arc<[Touched]>>,
}

impl Commits {
    pub(crate) fn new() -> Self {
        let (sender, _) = broadcast::channel(COMMITS_UNWATCHED_MAX);
        Self { sender }
    }

    /// Tells what a commit has changed. Never waits.
    pub(crate) fn tell(&self, touched: &[Touched]) {
        if self.sender.receiver_count() > 0 && !touched.is_empty() {
            // The last listener may have gone meanwhile.
            self.sender.send(touched.into()).ok();
        }
    }
}

/// What every watch needs. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Watching {
    pub(super) requests: NodeRequests,
    pub(super) commits: Commits,
    /// Ends all watches, which would never end by themselves.
    pub(super) stop: CancellationToken,
}

/// One client that watches.
struct Watch {
    requests: NodeRequests,
    only: Option<SpaceId>,
    commits: broadcast::Receiver<Arc<[Touched]>>,
    stop: CancellationToken,
    /// What is still to be told of the last commit.
    untold: VecDeque<pb::WatchedDocuments>,
}

impl Watching {
    /// From now on, without an end; who reads too slowly is told that it missed something.
    pub(super) fn watch(&self, request: &pb::WatchDocumentsRequest) -> Result<Watched, Denial> {
        let only = find::optional_space(&self.requests.in_force(), &request.space)?;
        let watch = Watch {
            requests: self.requests.clone(),
            only,
            commits: self.commits.sender.subscribe(),
            stop: self.stop.clone(),
            // Said at once, so that the client knows from when on it is told everything.
            untold: VecDeque::from([pb::WatchedDocuments::default()]),
        };
        Ok(Box::pin(unfold(watch, |mut watch| async move {
            let next = watch.next().await?;
            Some((Ok(next), watch))
        })))
    }
}

impl Watch {
    async fn next(&mut self) -> Option<pb::WatchedDocuments> {
        loop {
            if let Some(next) = self.untold.pop_front() {
                return Some(next);
            }
            let told = tokio::select! {
                told = self.commits.recv() => told,
                () = self.stop.cancelled() => return None,
            };
            match told {
                Ok(touched) => self.take(&touched),
                Err(RecvError::Lagged(_)) => {
                    return Some(pb::WatchedDocuments {
                        missed: true,
                        ..pb::WatchedDocuments::default()
                    });
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn take(&mut self, touched: &[Touched]) {
        let in_force = self.requests.in_force();
        let wanted = |touched: &&Touched| self.only.is_none_or(|only| only == touched.space);
        for Touched { space, documents } in touched.iter().filter(wanted) {
            for documents in documents.chunks(WATCHED_AT_ONCE_MAX) {
                self.untold.push_back(pb::WatchedDocuments {
                    space: in_force.space_name(space),
                    ids: documents.iter().map(ToString::to_string).collect(),
                    missed: false,
                });
            }
        }
    }
}
