//! How far the materialiser is behind the writer.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use thiserror::Error;

use crate::job::Reply;
use crate::materialise::MaterialiseError;

/// Shared by the writer, the materialiser and those who wait for it.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Counts reasons to look for documents to materialise.
    asked: u64,
    /// The value of `asked` when the last look began that left nothing to do.
    settled: u64,
    /// The same for the last look that failed, and why.
    failed: Option<(u64, Arc<MaterialiseError>)>,
    stopped: bool,
    /// Told once it is stopped.
    at_end: Option<Reply<()>>,
}

/// Why waiting for the materialiser was in vain.
#[derive(Clone, Debug, Error)]
pub enum SettleError {
    /// It could not read or write.
    #[error("summaries of documents could not be brought up to date")]
    Failed(#[source] Arc<MaterialiseError>),
    /// It has ended, or the writer has.
    #[error("materialiser has stopped")]
    Stopped,
}

impl Progress {
    /// Documents may have changed.
    pub(crate) fn ask(&self) {
        self.lock().asked += 1;
        self.moved.notify_all();
    }

    /// Ends the materialiser and all waiting for it.
    pub(crate) fn stop(&self) {
        let mut state = self.lock();
        state.stopped = true;
        let told = state.at_end.take();
        drop(state);
        self.moved.notify_all();
        if let Some(reply) = told {
            reply.send(Ok(()));
        }
    }

    /// Has `reply` told when it is stopped, or at once.
    pub(crate) fn tell_at_end(&self, reply: Reply<()>) {
        let mut state = self.lock();
        if state.stopped {
            drop(state);
            reply.send(Ok(()));
        } else {
            state.at_end = Some(reply);
        }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.lock().stopped
    }

    /// Waits until there is a reason to look that is newer than `seen`, and returns its number;
    /// `None` when it is time to end.
    pub(crate) fn wait_beyond(&self, seen: u64) -> Option<u64> {
        let state = self
            .moved
            .wait_while(self.lock(), |state| !state.stopped && state.asked <= seen)
            .unwrap_or_else(PoisonError::into_inner);
        (!state.stopped).then_some(state.asked)
    }

    /// Reports a look that began at reason `asked`.
    pub(crate) fn looked(&self, asked: u64, outcome: Result<(), MaterialiseError>) {
        let mut state = self.lock();
        match outcome {
            Ok(()) => state.settled = asked,
            Err(error) => state.failed = Some((asked, Arc::new(error))),
        }
        drop(state);
        self.moved.notify_all();
    }

    /// Asks for a look and waits until it, or a later one, left nothing to do.
    pub(crate) fn settle(&self) -> Result<(), SettleError> {
        let mut state = self.lock();
        state.asked += 1;
        let target = state.asked;
        self.moved.notify_all();
        loop {
            if state.settled >= target {
                return Ok(());
            }
            if let Some((_, error)) = state.failed.as_ref().filter(|(at, _)| *at >= target) {
                return Err(SettleError::Failed(Arc::clone(error)));
            }
            if state.stopped {
                return Err(SettleError::Stopped);
            }
            state = self
                .moved
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
