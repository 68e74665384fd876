//! The links of the node as the loop holds them: the way out, what they cost, and why the peers
//! without one are not reached.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use phaki_net::outbox::Outbox;
use phaki_net::traffic::LinkCounters;
use phaki_net::valve::Rates;
use phaki_replication::id::NodeId;
use phaki_replication::limits::ADDRESSES_MAX;
use phaki_replication::message::{CloseReason, Message};
use phaki_replication::node::LinkId;
use tracing::{debug, info};

#[derive(Debug, Default)]
pub(super) struct Links {
    open: BTreeMap<LinkId, Link>,
    /// Peers that could not be reached when last dialled.
    unreached: BTreeMap<NodeId, Unreached>,
}

#[derive(Debug)]
struct Link {
    peer: NodeId,
    outbox: Outbox,
    counters: Arc<LinkCounters>,
    /// Whether the log says so already.
    in_sync: bool,
}

/// Why a peer is not reached.
#[derive(Clone, Debug)]
pub(super) struct Unreached {
    /// By address.
    failures: BTreeMap<String, String>,
    pub(super) retry_at: Instant,
}

impl Unreached {
    pub(super) fn why(&self) -> String {
        let failures = self.failures.iter();
        let failures: Vec<_> = failures
            .map(|(address, why)| format!("{address}: {why}"))
            .collect();
        failures.join("; ")
    }
}

impl Links {
    pub(super) fn opened(
        &mut self,
        link: LinkId,
        peer: NodeId,
        outbox: Outbox,
        counters: Arc<LinkCounters>,
    ) {
        self.unreached.remove(&peer);
        let opened = Link {
            peer,
            outbox,
            counters,
            in_sync: false,
        };
        self.open.insert(link, opened);
    }

    /// Whose link it is.
    pub(super) fn peer(&self, link: LinkId) -> Option<NodeId> {
        self.open.get(&link).map(|link| link.peer)
    }

    /// Whose link it was.
    pub(super) fn closed(&mut self, link: LinkId) -> Option<NodeId> {
        self.open.remove(&link).map(|link| link.peer)
    }

    pub(super) fn dial_failed(
        &mut self,
        peer: NodeId,
        name: &str,
        address: &str,
        error: &anyhow::Error,
        retry_in: Duration,
    ) {
        let why = format!("{error:#}");
        let retry_at = Instant::now() + retry_in;
        let unreached = self.unreached.entry(peer).or_insert_with(|| Unreached {
            failures: BTreeMap::new(),
            retry_at,
        });
        unreached.retry_at = retry_at;
        if unreached.failures.get(address) == Some(&why) {
            return debug!(peer = name, address, error = why, "peer not reached");
        }
        info!(peer = name, address, error = why, "peer not reached");
        if unreached.failures.len() >= ADDRESSES_MAX {
            unreached.failures.clear();
        }
        unreached.failures.insert(address.to_owned(), why);
    }

    /// Forgets peers that are dialled no more.
    pub(super) fn keep_unreached(&mut self, dialled: impl Fn(&NodeId) -> bool) {
        self.unreached.retain(|peer, _| dialled(peer));
    }

    /// Tells once for each link that the peer holds the same; later that is the normal state.
    pub(super) fn in_sync(&mut self, peer: &NodeId, name: &str) {
        for link in self.open.values_mut().filter(|link| link.peer == *peer) {
            if !std::mem::replace(&mut link.in_sync, true) {
                info!(peer = name, "in sync");
            }
        }
    }

    pub(super) fn send(&self, link: LinkId, message: Message) {
        if let Some(link) = self.open.get(&link) {
            link.outbox.send(message);
        }
    }

    pub(super) fn close(&self, link: LinkId, reason: CloseReason) {
        if let Some(link) = self.open.get(&link) {
            link.outbox.close(reason);
        }
    }

    pub(super) fn unreached(&self) -> &BTreeMap<NodeId, Unreached> {
        &self.unreached
    }

    /// The caps that a link keeps to.
    pub(super) fn rates(&self, link: LinkId) -> Rates {
        let open = self.open.get(&link);
        open.map_or_else(Rates::default, |link| link.counters.rates())
    }

    /// Bytes sent and received inside TLS.
    pub(super) fn traffic(&self, link: LinkId) -> (u64, u64) {
        self.open.get(&link).map_or((0, 0), |link| {
            let plain = &link.counters.plain;
            (plain.written(), plain.read())
        })
    }
}
