//! The keys that get a session: a shared view of the roster's active nodes.

use std::collections::BTreeSet;
use std::sync::Arc;

use phaki_replication::id::NodeId;
use tokio::sync::watch;

/// The keys that get a session, shared by the listener and its owner. Cheap to clone.
#[derive(Clone, Debug)]
pub struct PeerKeys {
    keys: Arc<watch::Sender<BTreeSet<NodeId>>>,
}

impl PeerKeys {
    /// Exactly these keys.
    pub fn new(keys: BTreeSet<NodeId>) -> Self {
        Self {
            keys: Arc::new(watch::Sender::new(keys)),
        }
    }

    /// Puts other keys in force. Links of keys that are no longer among them are closed; the next
    /// connection of such a key is refused in the TLS handshake.
    pub fn replace(&self, keys: BTreeSet<NodeId>) {
        self.keys.send_replace(keys);
    }

    /// Whether `key` gets a session.
    pub fn contains(&self, key: &NodeId) -> bool {
        self.keys.borrow().contains(key)
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<BTreeSet<NodeId>> {
        self.keys.subscribe()
    }
}
