//! The tasks of the network: counted, so that stopping can wait for them, and ended together.

use std::future::Future;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Starts tasks that end at the latest when [`Self::end`] is called on this group or on one that
/// it belongs to. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tasks {
    all: TaskTracker,
    own: TaskTracker,
    end: CancellationToken,
}

impl Tasks {
    /// A group within this one, such as the tasks of one connection.
    pub(crate) fn group(&self) -> Self {
        Self {
            all: self.all.clone(),
            own: TaskTracker::new(),
            end: self.end.child_token(),
        }
    }

    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let end = self.end.clone();
        let task = async move {
            end.run_until_cancelled(task).await;
        };
        self.all.spawn(self.own.track_future(task));
    }

    pub(crate) fn end(&self) {
        self.end.cancel();
    }

    /// Resolves once the tasks of this group have ended.
    pub(crate) async fn ended(&self) {
        self.own.close();
        self.own.wait().await;
    }

    /// Resolves once the tasks of this group and of all groups beside it have ended.
    pub(crate) async fn all_ended(&self) {
        self.all.close();
        self.all.wait().await;
    }
}

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Tasks {
    fn execute(&self, task: F) {
        self.spawn(task);
    }
}
