//! Accepting clients, also when the system gives no file descriptor for another one.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures_util::{Stream, StreamExt};
use tokio::net::{UnixListener, UnixStream};
use tokio_stream::wrappers::UnixListenerStream;
use tracing::warn;

use crate::limits::{ACCEPT_PAUSE, STARVED_TOLD};

/// When a client last had to wait because nothing could be opened any more. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Starved {
    last: Arc<Mutex<Option<Instant>>>,
    told: Arc<AtomicBool>,
}

impl Starved {
    /// What a person must know of it.
    pub(super) fn problem(&self) -> Option<String> {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let text = "this program could open no more files or connections in the last minutes, so \
                    that clients had to wait: close some of them, or raise its limit of open files \
                    (LimitNOFILE= in the unit of systemd, `ulimit -n` in a shell)";
        last.filter(|last| last.elapsed() < STARVED_TOLD)
            .map(|_| text.to_owned())
    }

    fn note(&self, error: &io::Error) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        if !self.told.swap(true, Ordering::Relaxed) {
            warn!(%error, "accept client");
        }
    }
}

/// Those who connect. An attempt that fails would fail again at once, and keep a processor busy
/// with it: so each is followed by a pause.
pub(super) fn accepted(
    listener: UnixListener,
    starved: Starved,
) -> impl Stream<Item = io::Result<UnixStream>> {
    UnixListenerStream::new(listener).then(move |accepted| {
        let starved = starved.clone();
        async move {
            match &accepted {
                Ok(_) => starved.told.store(false, Ordering::Relaxed),
                Err(error) => {
                    starved.note(error);
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
            accepted
        }
    })
}
