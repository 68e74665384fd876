//! How many bytes a link has cost, inside TLS and altogether, and how reading from it failed.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::valve::{Rates, Valve};

/// Bytes read and written at one level of a connection.
#[derive(Debug, Default)]
pub struct Traffic {
    read: AtomicU64,
    written: AtomicU64,
}

impl Traffic {
    /// Bytes read so far.
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Bytes written so far.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }
}

/// The bytes of one connection, counted while it lives.
#[derive(Debug, Default)]
pub struct LinkCounters {
    /// Inside TLS: HTTP/2 frames with gRPC messages.
    pub plain: Traffic,
    /// On TCP: the handshake and TLS's own framing included.
    pub tcp: Traffic,
    failure: OnceLock<Failure>,
    /// What bounds the speed of the link, once its peer is known to have a cap.
    valve: OnceLock<Arc<Valve>>,
}

/// How reading inside TLS failed. Kept here, since HTTP/2 passes on little of it.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The other end does not accept this node's key.
    pub(crate) access_denied: bool,
    /// What the system or the TLS library says.
    pub(crate) text: String,
}

impl LinkCounters {
    pub(crate) fn valve(&self) -> Option<&Valve> {
        self.valve.get().map(Arc::as_ref)
    }

    /// The caps that the link keeps to.
    pub fn rates(&self) -> Rates {
        self.valve().map_or_else(Rates::default, Valve::rates)
    }

    /// From now on the link keeps to this; said once.
    pub(crate) fn set_valve(&self, valve: Arc<Valve>) {
        // A link has one peer, and so one valve.
        self.valve.set(valve).ok();
    }

    pub(crate) fn failure(&self) -> Option<&Failure> {
        self.failure.get()
    }

    fn note_failure(&self, error: &io::Error) {
        let inner = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>());
        let denied = rustls::Error::AlertReceived(rustls::AlertDescription::AccessDenied);
        // Only the first failure tells something.
        let _ = self.failure.set(Failure {
            access_denied: inner == Some(&denied),
            text: error.to_string(),
        });
    }
}

/// Which level of a connection a stream counts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Level {
    Plain,
    Tcp,
}

/// Passes bytes on and counts them.
#[derive(Debug)]
pub(crate) struct Counted<S> {
    inner: S,
    level: Level,
    counters: Arc<LinkCounters>,
}

impl<S> Counted<S> {
    pub(crate) fn new(inner: S, level: Level, counters: Arc<LinkCounters>) -> Self {
        Self {
            inner,
            level,
            counters,
        }
    }

    fn traffic(&self) -> &Traffic {
        match self.level {
            Level::Plain => &self.counters.plain,
            Level::Tcp => &self.counters.tcp,
        }
    }

    fn count_written(&self, written: usize) {
        let written = u64::try_from(written).unwrap_or(u64::MAX);
        self.traffic().written.fetch_add(written, Ordering::Relaxed);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if let Err(error) = ready!(Pin::new(&mut self.inner).poll_read(cx, buffer)) {
            if matches!(self.level, Level::Plain) {
                self.counters.note_failure(&error);
            }
            return Poll::Ready(Err(error));
        }
        let read = buffer.filled().len().saturating_sub(before);
        self.traffic()
            .read
            .fetch_add(u64::try_from(read).unwrap_or(u64::MAX), Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.inner).poll_write(cx, bytes))?;
        self.count_written(written);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.inner).poll_write_vectored(cx, slices))?;
        self.count_written(written);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
