//! Work on documents and reads of the store, away from the tasks that serve sockets.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::denial::Denial;
use crate::limits::DOCUMENT_WORKERS_MAX;

/// Runs a few pieces of work at a time; further ones wait. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Workers {
    slots: Arc<Semaphore>,
}

impl Default for Workers {
    fn default() -> Self {
        let slots = Arc::new(Semaphore::new(DOCUMENT_WORKERS_MAX));
        Self { slots }
    }
}

impl Workers {
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Denial> + Send + 'static,
    ) -> Result<T, Denial> {
        let slot = Arc::clone(&self.slots).acquire_owned().await;
        let slot = slot.map_err(|_| Denial::stopping())?;
        let done = tokio::task::spawn_blocking(move || {
            let outcome = work();
            drop(slot);
            outcome
        });
        match done.await {
            Ok(outcome) => outcome,
            Err(error) => Err(Denial::internal("work on a document ended", error)),
        }
    }
}
