//! The way out of a link: a queue bounded in messages and bytes, and its orderly end.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use phaki_replication::message::{CloseReason, Message};
use phaki_wire::frame;
use phaki_wire::proto::sync::v1::Frame;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::limits::{OUTBOX_BYTES_MAX, OUTBOX_MESSAGES_MAX};

/// Sends messages on one link; never blocks. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Outbox {
    queue: mpsc::UnboundedSender<Item>,
    shared: Arc<Shared>,
}

impl Outbox {
    /// Queues a message. When the peer reads so slowly that the queue overflows, the link is cut.
    /// After [`Self::close`] and on a link that is gone, nothing happens.
    pub fn send(&self, message: Message) {
        if let Message::Close(reason) = message {
            return self.close(reason);
        }
        if self.shared.closing.is_cancelled() {
            return;
        }
        let bytes = size(&message);
        let messages = self.shared.messages.fetch_add(1, Ordering::Relaxed) + 1;
        let total = self.shared.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if messages > OUTBOX_MESSAGES_MAX || total > OUTBOX_BYTES_MAX {
            self.shared.overflowed.store(true, Ordering::Relaxed);
            self.cut(format!(
                "peer reads too slowly: {messages} messages wait, {total} bytes"
            ));
            return;
        }
        self.put(Item::Message(Box::new(message), bytes));
    }

    /// Sends what is queued, then the reason, then ends the link.
    pub fn close(&self, reason: CloseReason) {
        if self.end(format!("closed here: {}", reason.name())) {
            self.put(Item::Close(reason));
        }
    }

    /// Bytes that wait for the peer to read.
    pub fn waiting_bytes(&self) -> usize {
        self.shared.bytes.load(Ordering::Relaxed)
    }

    /// As [`Self::close`], with more words for this side's log.
    pub(crate) fn close_with(&self, reason: CloseReason, why: String) {
        if self.end(why) {
            self.put(Item::Close(reason));
        }
    }

    /// Settles why the link ends, before whoever is told of it closes it.
    pub(crate) fn note(&self, why: String) {
        // What came first stays.
        self.shared.why.set(why).ok();
    }

    /// Ends the way out without a word: the peer has ended the session.
    pub(crate) fn finish(&self, why: String) {
        // If the reason was noted before, it stays.
        self.end(why);
        self.put(Item::End);
    }

    /// Ends the link without waiting for the peer.
    pub(crate) fn cut(&self, why: String) {
        self.end(why);
        self.shared.cut.cancel();
    }

    /// Resolves once the link is to end.
    pub(crate) async fn closing(&self) {
        self.shared.closing.cancelled().await;
    }

    /// Resolves once the link is to end without waiting for the peer.
    pub(crate) async fn until_cut(&self) {
        self.shared.cut.cancelled().await;
    }

    /// Whether the link ends without waiting for the peer.
    pub(crate) fn was_cut(&self) -> bool {
        self.shared.cut.is_cancelled()
    }

    /// Whether the peer read so slowly that the link was cut for it.
    pub(crate) fn overflowed(&self) -> bool {
        self.shared.overflowed.load(Ordering::Relaxed)
    }

    /// Why the link ends, once that is settled.
    pub(crate) fn why(&self) -> Option<String> {
        self.shared.why.get().cloned()
    }

    /// Whether this call settled it.
    fn end(&self, why: String) -> bool {
        let first = self.shared.why.set(why).is_ok();
        self.shared.closing.cancel();
        first
    }

    fn put(&self, item: Item) {
        // The other end is gone once the link is; then there is nothing to send to.
        self.queue.send(item).ok();
    }
}

/// The frames of a link in their order.
#[derive(Debug)]
pub(crate) struct OutboundFrames {
    queue: mpsc::UnboundedReceiver<Item>,
    shared: Arc<Shared>,
    ended: bool,
}

/// An outbox and the frames that come out of it.
pub(crate) fn channel() -> (Outbox, OutboundFrames) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let shared = Arc::new(Shared::default());
    let outbox = Outbox {
        queue: sender,
        shared: Arc::clone(&shared),
    };
    (
        outbox,
        OutboundFrames {
            queue: receiver,
            shared,
            ended: false,
        },
    )
}

impl Stream for OutboundFrames {
    type Item = Frame;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Frame>> {
        if self.ended || self.shared.cut.is_cancelled() {
            return Poll::Ready(None);
        }
        Poll::Ready(match ready!(self.queue.poll_recv(cx)) {
            Some(Item::Message(message, bytes)) => {
                self.shared.messages.fetch_sub(1, Ordering::Relaxed);
                self.shared.bytes.fetch_sub(bytes, Ordering::Relaxed);
                Some(frame::to_wire(*message))
            }
            Some(Item::Close(reason)) => {
                self.ended = true;
                Some(frame::to_wire(Message::Close(reason)))
            }
            Some(Item::End) | None => {
                self.ended = true;
                None
            }
        })
    }
}

#[derive(Debug)]
enum Item {
    Message(Box<Message>, usize),
    Close(CloseReason),
    End,
}

#[derive(Debug, Default)]
struct Shared {
    messages: AtomicUsize,
    bytes: AtomicUsize,
    overflowed: AtomicBool,
    why: OnceLock<String>,
    closing: CancellationToken,
    cut: CancellationToken,
}

/// About the bytes of memory that a message holds.
fn size(message: &Message) -> usize {
    const ITEM: usize = 96;
    let rest = match message {
        Message::Roster(roster) => roster.bytes.len(),
        Message::Manifest(manifest) => manifest.bytes.len(),
        Message::Branch(branch) => branch.bytes.len(),
        Message::Fork(proof) => proof.encode().len(),
        Message::Severed { run, .. } => ITEM * run.entries.len() + run.bytes(),
        Message::Receipts { receipts, .. } => receipts
            .iter()
            .map(|receipt| ITEM + receipt.bytes.len())
            .sum(),
        Message::Vault { statements, .. } => statements
            .iter()
            .map(|told| ITEM + told.signed.bytes.len())
            .sum(),
        Message::VaultHeld { subjects, .. } => ITEM * subjects.len(),
        Message::ReceiptsHeld { numbers, .. } => ITEM * numbers.len(),
        Message::SeveredHeld { runs, .. } => ITEM * runs.len(),
        Message::Have(states) => ITEM * states.len(),
        Message::Frontier(report) => ITEM * report.feeds.len(),
        Message::Ack { feeds, .. } => ITEM * feeds.len(),
        Message::Batch { runs, .. } => runs
            .iter()
            .map(|run| 2 * ITEM + ITEM * run.entries.len() + run.bytes())
            .sum(),
        Message::Hello(_)
        | Message::Want(_)
        | Message::WantSevered { .. }
        | Message::Plan { .. }
        | Message::Heartbeat(_)
        | Message::Close(_) => 0,
    };
    ITEM + rest
}
