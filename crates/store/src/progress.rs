//! How far the materialiser is behind the writer.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

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
    /// How many wait for it.
    awaited: usize,
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

impl State {
    /// What came of the look at reason `target`, once that is known.
    fn outcome(&self, target: u64) -> Option<Result<(), SettleError>> {
        if self.settled >= target {
            return Some(Ok(()));
        }
        if let Some((_, error)) = self.failed.as_ref().filter(|(at, _)| *at >= target) {
            return Some(Err(SettleError::Failed(Arc::clone(error))));
        }
        self.stopped.then_some(Err(SettleError::Stopped))
    }
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

    /// Waits for `patience` at most while nobody waits for the materialiser; whether there was
    /// another reason to look than `seen`, and its number.
    pub(crate) fn linger(&self, seen: u64, patience: Duration) -> Option<u64> {
        let idle = |state: &mut State| !state.stopped && state.awaited == 0 && state.asked <= seen;
        let (state, _) = self
            .moved
            .wait_timeout_while(self.lock(), patience, idle)
            .unwrap_or_else(PoisonError::into_inner);
        let hurried = state.stopped || state.awaited > 0;
        (!hurried && state.asked > seen).then_some(state.asked)
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
        let (state, target) = self.await_look();
        let mut state = self
            .moved
            .wait_while(state, |state| state.outcome(target).is_none())
            .unwrap_or_else(PoisonError::into_inner);
        state.awaited -= 1;
        state.outcome(target).unwrap_or(Err(SettleError::Stopped))
    }

    /// As [`Self::settle`], for so long at most; whether nothing was left to do.
    pub(crate) fn settle_within(&self, patience: Duration) -> bool {
        let (state, target) = self.await_look();
        let (mut state, _) = self
            .moved
            .wait_timeout_while(state, patience, |state| state.outcome(target).is_none())
            .unwrap_or_else(PoisonError::into_inner);
        state.awaited -= 1;
        matches!(state.outcome(target), Some(Ok(())))
    }

    /// Notes that somebody waits for a look that begins from now on, and its number.
    fn await_look(&self) -> (MutexGuard<'_, State>, u64) {
        let mut state = self.lock();
        state.asked += 1;
        state.awaited += 1;
        let target = state.asked;
        self.moved.notify_all();
        (state, target)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn lingering_ends_with_another_reason_to_look_and_at_once_for_who_waits() {
        let progress = Progress::default();
        progress.ask();
        assert_eq!(progress.linger(0, LONG), Some(1));
        assert_eq!(progress.linger(1, Duration::ZERO), None);
        std::thread::scope(|scope| {
            let settled = scope.spawn(|| progress.settle());
            let asked = progress.wait_beyond(1);
            assert_eq!(asked, Some(2));
            assert_eq!(progress.linger(2, LONG), None, "somebody waits");
            progress.looked(2, Ok(()));
            assert!(settled.join().unwrap().is_ok());
        });
        assert!(!progress.settle_within(Duration::ZERO), "nobody has looked");
        progress.stop();
        assert_eq!(progress.linger(2, LONG), None);
    }
}
