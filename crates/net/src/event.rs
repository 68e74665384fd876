//! What the network tells the daemon, through one queue that is bounded in number and bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use phaki_replication::id::NodeId;
use phaki_replication::message::Message;
use phaki_replication::node::LinkId;
use phaki_replication::roster::SignedRoster;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::dial::DialError;
use crate::limits::{EVENT_BYTES_MAX, EVENTS_MAX, REFUSALS_LEAVE_EVENTS};
use crate::outbox::Outbox;
use crate::traffic::LinkCounters;

/// What happened on the network.
#[derive(Debug)]
pub enum NetEvent {
    /// A link exists. The other end has proved its key. Of a link that this node dialled, the
    /// other end may still refuse this node's key: then [`Self::Closed`] follows with nothing
    /// received, and [`Self::DialFailed`] says so. Waiting for its consent would cost every
    /// session a round trip.
    Opened {
        /// Its number, never used twice in one process.
        link: LinkId,
        /// The key that the other end proved to hold.
        peer: NodeId,
        /// Whether this node dialled.
        dialled: bool,
        /// Takes messages to the peer.
        outbox: Outbox,
        /// The bytes that the link costs.
        counters: Arc<LinkCounters>,
    },
    /// A peer sent a message.
    Received {
        /// On which link.
        link: LinkId,
        /// What it said.
        message: Message,
    },
    /// Bytes of a message keep coming on a link; said every ten seconds at most.
    Alive {
        /// On which link.
        link: LinkId,
    },
    /// A link is gone; follows every [`Self::Opened`] once, except when the process stops.
    Closed {
        /// Its number.
        link: LinkId,
        /// Why, in words for the log and the status screen.
        why: String,
    },
    /// Somebody was refused: a connection, a session, a frame in it, or a request to join that
    /// did not get as far as [`crate::enrol::Enrol`].
    Refused {
        /// The key that the other end has proved to hold; none when it proved none.
        key: Option<NodeId>,
        /// Whether it asked to join.
        joining: bool,
        /// Why, in a word.
        why: &'static str,
        /// Refusals before this one that are not told one by one, since too many events waited.
        untold: u64,
    },
    /// Dialling an address of a peer gave no link.
    DialFailed {
        /// Who was dialled.
        peer: NodeId,
        /// Where.
        address: String,
        /// What went wrong.
        error: DialError,
        /// When the peer is dialled again; zero when its next address is tried at once.
        retry_in: Duration,
    },
    /// At the address of a peer another key answers, and whoever has it says that this roster is in
    /// force. Nothing of it is verified.
    RosterTold {
        /// The roster.
        roster: SignedRoster,
    },
}

/// The events in their order. Reading from peers stops while nobody takes them.
#[derive(Debug)]
pub struct Events {
    receiver: mpsc::Receiver<Queued>,
}

impl Events {
    /// The next event; `None` once the network has stopped.
    pub async fn recv(&mut self) -> Option<NetEvent> {
        self.receiver.recv().await.map(|queued| queued.event)
    }

    /// The next event, for use outside of asynchronous code.
    ///
    /// # Panics
    /// When called within asynchronous code.
    pub fn blocking_recv(&mut self) -> Option<NetEvent> {
        self.receiver.blocking_recv().map(|queued| queued.event)
    }
}

#[derive(Debug)]
struct Queued {
    event: NetEvent,
    /// Returned when the event is taken.
    _room: Option<Room>,
}

/// Room in the queue for a message of known size.
#[derive(Debug)]
pub(crate) struct Room {
    _permit: OwnedSemaphorePermit,
}

/// Where events are put.
#[derive(Clone, Debug)]
pub(crate) struct EventSender {
    sender: mpsc::Sender<Queued>,
    bytes: Arc<Semaphore>,
    /// Refusals that were not told.
    untold: Arc<AtomicU64>,
}

/// The daemon has dropped [`Events`].
#[derive(Debug)]
pub(crate) struct NobodyListens;

pub(crate) fn channel() -> (EventSender, Events) {
    let (sender, receiver) = mpsc::channel(EVENTS_MAX);
    let bytes = Arc::new(Semaphore::new(EVENT_BYTES_MAX));
    let untold = Arc::default();
    let sender = EventSender {
        sender,
        bytes,
        untold,
    };
    (sender, Events { receiver })
}

impl EventSender {
    /// Waits for room for `bytes` of message.
    pub(crate) async fn reserve(&self, bytes: usize) -> Result<Room, NobodyListens> {
        let bytes = u32::try_from(bytes.min(EVENT_BYTES_MAX)).unwrap_or(u32::MAX);
        let permit = Arc::clone(&self.bytes).acquire_many_owned(bytes).await;
        permit
            .map(|permit| Room { _permit: permit })
            .map_err(|_| NobodyListens)
    }

    pub(crate) async fn send_in(&self, room: Room, event: NetEvent) -> Result<(), NobodyListens> {
        let queued = Queued {
            event,
            _room: Some(room),
        };
        self.sender.send(queued).await.map_err(|_| NobodyListens)
    }

    /// Tells of a refusal without waiting; only counts it while many events wait, so that
    /// strangers cannot hold up the peers.
    pub(crate) fn refused(&self, key: Option<NodeId>, joining: bool, why: &'static str) {
        if self.sender.capacity() <= REFUSALS_LEAVE_EVENTS {
            self.untold.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let untold = self.untold.swap(0, Ordering::Relaxed);
        let event = NetEvent::Refused {
            key,
            joining,
            why,
            untold,
        };
        if self.sender.try_send(Queued { event, _room: None }).is_err() {
            self.untold.fetch_add(untold + 1, Ordering::Relaxed);
        }
    }

    /// Tells of the refusal of a peer that had a link. Waits for room, as the end of the link does:
    /// each link tells of one at most.
    pub(crate) async fn refused_peer(&self, peer: NodeId, why: &'static str) {
        let refused = NetEvent::Refused {
            key: Some(peer),
            joining: false,
            why,
            untold: self.untold.swap(0, Ordering::Relaxed),
        };
        // Without listeners there is nobody to be told.
        self.send(refused).await.ok();
    }

    pub(crate) async fn send(&self, event: NetEvent) -> Result<(), NobodyListens> {
        self.sender
            .send(Queued { event, _room: None })
            .await
            .map_err(|_| NobodyListens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_leave_room_for_peers_and_are_counted_then() {
        let (sender, mut events) = channel();
        let told = EVENTS_MAX - REFUSALS_LEAVE_EVENTS;
        for _ in 0..told + 5 {
            sender.refused(None, false, "handshake-failed");
        }
        let mut untold_after = |number: usize| {
            for _ in 1..number {
                events.blocking_recv();
            }
            match events.blocking_recv() {
                Some(NetEvent::Refused { untold, .. }) => untold,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(untold_after(told), 0);
        sender.refused(None, false, "handshake-failed");
        sender.refused(None, false, "handshake-failed");
        assert_eq!(untold_after(1), 5);
        assert_eq!(untold_after(1), 0);
    }
}
