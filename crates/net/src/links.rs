//! The table of live links: numbers them, bounds them, and lets diallers watch a peer's.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use phaki_replication::id::NodeId;
use phaki_replication::limits::LINKS_MAX;
use phaki_replication::message::CloseReason;
use phaki_replication::node::LinkId;
use thiserror::Error;
use tokio::sync::watch;

use crate::event::{EventSender, NetEvent};
use crate::limits::LINKS_PER_PEER_MAX;
use crate::outbox::{self, OutboundFrames, Outbox};
use crate::peers::PeerKeys;
use crate::traffic::LinkCounters;
use crate::valve::Valves;

/// The live links of this node. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    events: EventSender,
    peers: PeerKeys,
    valves: Valves,
    next: Arc<AtomicU64>,
    table: Arc<Mutex<Table>>,
}

#[derive(Debug, Default)]
struct Table {
    stopping: bool,
    links: BTreeMap<LinkId, (NodeId, Outbox)>,
    /// Links of a peer; also held for peers without links while a dialler watches.
    counts: BTreeMap<NodeId, watch::Sender<usize>>,
}

/// Why a link does not come into being.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum OpenError {
    #[error("peer is not in the roster in force")]
    NotInRoster,
    #[error("no room for another link")]
    Full,
    #[error("node is stopping")]
    Stopping,
}

impl OpenError {
    /// The word for what is refused to a peer; none when this node only stops.
    pub(crate) fn refusal(self) -> Option<&'static str> {
        match self {
            Self::NotInRoster => Some("key-not-in-roster"),
            Self::Full => Some("too-many-links"),
            Self::Stopping => None,
        }
    }
}

impl Links {
    pub(crate) fn new(events: EventSender, peers: PeerKeys, valves: Valves) -> Self {
        let (next, table) = (Arc::new(AtomicU64::new(1)), Arc::default());
        Self {
            events,
            peers,
            valves,
            next,
            table,
        }
    }

    pub(crate) fn events(&self) -> &EventSender {
        &self.events
    }

    pub(crate) fn peers(&self) -> &PeerKeys {
        &self.peers
    }

    /// Enters a link to an authenticated peer and tells of it.
    pub(crate) async fn open(
        &self,
        peer: NodeId,
        dialled: bool,
        counters: Arc<LinkCounters>,
    ) -> Result<(Link, OutboundFrames), OpenError> {
        let (outbox, frames) = outbox::channel();
        let id = self.enter(peer, &outbox)?;
        if let Some(valve) = self.valves.get(&peer) {
            counters.set_valve(valve);
        }
        let link = Link {
            id,
            peer,
            outbox: outbox.clone(),
            links: self.clone(),
        };
        let opened = NetEvent::Opened {
            link: id,
            peer,
            dialled,
            outbox,
            counters,
        };
        self.events
            .send(opened)
            .await
            .map_err(|_| OpenError::Stopping)?;
        Ok((link, frames))
    }

    /// The number of links with `peer`, as it changes.
    pub(crate) fn watch(&self, peer: NodeId) -> watch::Receiver<usize> {
        self.table().counts.entry(peer).or_default().subscribe()
    }

    /// Closes the links of peers that get no session any more.
    pub(crate) fn close_strangers(&self) {
        for (peer, outbox) in self.table().links.values() {
            if !self.peers.contains(peer) {
                outbox.close(CloseReason::NotInRoster);
            }
        }
    }

    /// Closes all links and lets none come into being.
    pub(crate) fn stop(&self) {
        let mut table = self.table();
        table.stopping = true;
        for (_, outbox) in table.links.values() {
            outbox.close(CloseReason::Shutdown);
        }
    }

    fn enter(&self, peer: NodeId, outbox: &Outbox) -> Result<LinkId, OpenError> {
        let mut table = self.table();
        if table.stopping {
            return Err(OpenError::Stopping);
        }
        // Checked under the lock: `close_strangers` sees either this link or the new roster here.
        if !self.peers.contains(&peer) {
            return Err(OpenError::NotInRoster);
        }
        let with_peer = table.counts.get(&peer).map_or(0, |count| *count.borrow());
        if table.links.len() >= LINKS_MAX || with_peer >= LINKS_PER_PEER_MAX {
            return Err(OpenError::Full);
        }
        let id = LinkId(self.next.fetch_add(1, Ordering::Relaxed));
        table.links.insert(id, (peer, outbox.clone()));
        table
            .counts
            .entry(peer)
            .or_default()
            .send_replace(with_peer + 1);
        Ok(id)
    }

    fn remove(&self, id: LinkId, peer: NodeId) {
        let mut table = self.table();
        if table.links.remove(&id).is_none() {
            return;
        }
        let Some(count) = table.counts.get(&peer) else {
            return;
        };
        count.send_modify(|count| *count = count.saturating_sub(1));
        if *count.borrow() == 0 && count.receiver_count() == 0 {
            table.counts.remove(&peer);
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A link in the table; leaves it when dropped.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) id: LinkId,
    pub(crate) peer: NodeId,
    pub(crate) outbox: Outbox,
    links: Links,
}

impl Link {
    pub(crate) fn events(&self) -> &EventSender {
        &self.links.events
    }

    /// Tells that the link is gone.
    pub(crate) async fn close(self) {
        let why = self.outbox.why().unwrap_or_else(|| "ended".to_owned());
        tracing::debug!(link = self.id.0, peer = %self.peer, why, "link closed");
        let (id, events) = (self.id, self.links.events.clone());
        if self.outbox.overflowed() {
            events.refused_peer(self.peer, "reads-too-slowly").await;
        }
        drop(self);
        // Without listeners there is nobody to be told.
        events.send(NetEvent::Closed { link: id, why }).await.ok();
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.outbox.finish("ended".to_owned());
        self.links.remove(self.id, self.peer);
    }
}
