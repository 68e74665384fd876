//! Caps on what passes between this node and single peers.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use phaki_replication::id::NodeId;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use crate::bucket::Bucket;
use crate::traffic::LinkCounters;

/// Bytes that are written at once where there is a cap: one packet, so that the rate is even.
const PIECE_BYTES: usize = 1_400;

/// Bytes a second on TCP, TLS included; `None`: as many as the line takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// From this node to the peer.
    pub up: Option<u64>,
    /// From the peer to this node. It learns of it as of a slow line: what is not read is not sent.
    pub down: Option<u64>,
}

/// The caps of one peer, shared by its links.
#[derive(Debug)]
pub(crate) struct Valve {
    rates: Rates,
    up: Mutex<Option<Bucket>>,
    down: Mutex<Option<Bucket>>,
}

impl Valve {
    pub(crate) fn rates(&self) -> Rates {
        self.rates
    }

    fn new(rates: Rates) -> Self {
        Self {
            rates,
            up: Mutex::new(rates.up.map(Bucket::new)),
            down: Mutex::new(rates.down.map(Bucket::new)),
        }
    }
}

/// The caps in force. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Valves {
    table: Arc<Mutex<BTreeMap<NodeId, Arc<Valve>>>>,
}

impl Valves {
    /// Replaces all caps. Links that exist keep theirs; one whose cap stays the same shares it with
    /// the next link.
    pub(crate) fn replace(&self, rates: BTreeMap<NodeId, Rates>) {
        let mut table = lock(&self.table);
        table.retain(|peer, valve| rates.get(peer) == Some(&valve.rates));
        for (peer, rates) in rates {
            table
                .entry(peer)
                .or_insert_with(|| Arc::new(Valve::new(rates)));
        }
    }

    pub(crate) fn get(&self, peer: &NodeId) -> Option<Arc<Valve>> {
        lock(&self.table).get(peer).cloned()
    }
}

/// Passes bytes on as fast as the valve of the link lets them, once it has one.
#[derive(Debug)]
pub(crate) struct Throttled<S> {
    inner: S,
    counters: Arc<LinkCounters>,
    read_pause: Option<Pin<Box<Sleep>>>,
    write_pause: Option<Pin<Box<Sleep>>>,
}

impl<S> Throttled<S> {
    pub(crate) fn new(inner: S, counters: Arc<LinkCounters>) -> Self {
        Self {
            inner,
            counters,
            read_pause: None,
            write_pause: None,
        }
    }
}

/// What bounds writing, if anything does.
fn bound_up(counters: &LinkCounters) -> Option<&Valve> {
    let valve = counters.valve();
    valve.filter(|valve| valve.rates.up.is_some())
}

/// Waits until something may pass; polled again it goes on waiting.
fn poll_open(
    bucket: &Mutex<Option<Bucket>>,
    pause: &mut Option<Pin<Box<Sleep>>>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    loop {
        if let Some(sleep) = pause {
            ready!(sleep.as_mut().poll(cx));
            *pause = None;
        }
        let wait = lock(bucket)
            .as_ref()
            .map(|bucket| bucket.wait(Instant::now()));
        match wait {
            None | Some(Duration::ZERO) => return Poll::Ready(()),
            Some(wait) => *pause = Some(Box::pin(tokio::time::sleep(wait))),
        }
    }
}

fn took(bucket: &Mutex<Option<Bucket>>, bytes: usize) {
    if let Some(bucket) = lock(bucket).as_mut() {
        bucket.took(Instant::now(), bytes);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: AsyncRead + Unpin> AsyncRead for Throttled<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let Some(valve) = this.counters.valve() else {
            return Pin::new(&mut this.inner).poll_read(cx, buffer);
        };
        ready!(poll_open(&valve.down, &mut this.read_pause, cx));
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.inner).poll_read(cx, buffer))?;
        took(&valve.down, buffer.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Throttled<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let Some(valve) = bound_up(&this.counters) else {
            return Pin::new(&mut this.inner).poll_write(cx, bytes);
        };
        ready!(poll_open(&valve.up, &mut this.write_pause, cx));
        let piece = &bytes[..bytes.len().min(PIECE_BYTES)];
        let written = ready!(Pin::new(&mut this.inner).poll_write(cx, piece))?;
        took(&valve.up, written);
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
        if bound_up(&self.counters).is_none() {
            return Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        }
        let first = slices.iter().find(|slice| !slice.is_empty());
        self.poll_write(cx, first.map_or(&[][..], |slice| slice))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
