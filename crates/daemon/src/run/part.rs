//! One long-lived part of the node: its task or thread, and how it is asked to end.

use anyhow::{Context, anyhow};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// One part with its end.
pub(super) struct Part {
    name: &'static str,
    stop: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Part {
    pub(super) fn spawn<F>(name: &'static str, start: impl FnOnce(CancellationToken) -> F) -> Self
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let stop = CancellationToken::new();
        let task = tokio::spawn(start(stop.clone()));
        Self { name, stop, task }
    }

    /// On a thread of its own, for work that keeps a processor busy or waits for the disk.
    pub(super) fn on_thread<F>(
        name: &'static str,
        start: impl FnOnce(CancellationToken) -> F + Send + 'static,
    ) -> anyhow::Result<Self>
    where
        F: Future<Output = anyhow::Result<()>>,
    {
        let (done, ended) = oneshot::channel();
        let (stop, runtime) = (CancellationToken::new(), tokio::runtime::Handle::current());
        let token = stop.clone();
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let outcome = runtime.block_on(start(token));
                // Nobody waits when the deadline has passed.
                done.send(outcome).ok();
            })
            .with_context(|| format!("start the thread of the {name}"))?;
        let task = tokio::spawn(async { ended.await.unwrap_or_else(|_| Err(anyhow!("panicked"))) });
        Ok(Self { name, stop, task })
    }

    /// Resolves when the part ends though nobody asked it to.
    pub(super) async fn ended(&mut self) -> anyhow::Error {
        let error = match (&mut self.task).await {
            Ok(Ok(())) => anyhow!("ended unexpectedly"),
            Ok(Err(error)) => error,
            Err(error) => anyhow!(error),
        };
        error.context(format!("run the {}", self.name))
    }

    /// Asks the part to end and waits until it has; after `deadline` no longer.
    pub(super) async fn finish(&mut self, deadline: Instant) {
        if self.task.is_finished() {
            return;
        }
        self.stop.cancel();
        match timeout_at(deadline, &mut self.task).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => warn!(part = self.name, error = format!("{error:#}"), "ended"),
            Ok(Err(error)) => warn!(part = self.name, %error, "ended"),
            Err(_) => {
                warn!(part = self.name, "did not end in time");
                self.task.abort();
            }
        }
    }
}
