//! What a person may see of the sessions.

use super::LinkId;
use super::state::Node;
use crate::id::{Epoch, NodeId};

/// One session as seen from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkStatus {
    /// The link.
    pub link: LinkId,
    /// The peer.
    pub peer: NodeId,
    /// Whether this node dialled.
    pub dialled: bool,
    /// The life of the peer's store; `None` before its hello.
    pub epoch: Option<Epoch>,
    /// Whether both sides held the same of everything shared when they last compared.
    pub in_sync: bool,
    /// When it was opened, milliseconds of the monotonic clock.
    pub opened_ms: u64,
    /// Entries sent.
    pub entries_sent: u64,
    /// Entries received.
    pub entries_received: u64,
    /// Entries that the peer is going to send as it said.
    pub entries_to_come: u64,
    /// Their payload bytes.
    pub bytes_to_come: u64,
    /// Whether bulk waits with this peer.
    pub bulk_waits: bool,
    /// How far the peer's clock is ahead of ours, in milliseconds.
    pub clock_skew_ms: i64,
}

impl Node {
    /// Whether another life of this node's store is known to have written on; see
    /// [`super::Notice::Superseded`].
    pub fn is_superseded(&self) -> bool {
        self.superseded
    }

    /// All sessions.
    pub fn links(&self) -> Vec<LinkStatus> {
        let status = |(link, session): (&LinkId, &super::session::Session)| LinkStatus {
            link: *link,
            peer: session.peer,
            dialled: session.dialled,
            epoch: session.hello.as_ref().map(|hello| hello.epoch),
            in_sync: session.in_sync,
            opened_ms: session.opened_ms,
            entries_sent: session.entries_sent,
            entries_received: session.entries_received,
            entries_to_come: session.plans.values().map(|(entries, _)| entries).sum(),
            bytes_to_come: session.plans.values().map(|(_, bytes)| bytes).sum(),
            bulk_waits: self.bulk_waits.contains(&session.peer),
            clock_skew_ms: session.clock_skew_ms,
        };
        self.sessions.iter().map(status).collect()
    }
}

/// The predicates of [`crate::invariants`].
impl Node {
    pub(crate) fn durable_within_pending(&self) -> bool {
        let mut feeds = self.spaces.values().flat_map(|held| held.feeds.values());
        feeds.all(|feed| feed.durable.length <= feed.pending.length)
    }

    pub(crate) fn sessions_in_roster(&self) -> bool {
        self.sessions
            .values()
            .all(|session| self.roster.is_active(&session.peer))
    }

    pub(crate) fn one_session_a_peer(&self) -> bool {
        let peers: std::collections::BTreeSet<_> =
            self.sessions.values().map(|session| session.peer).collect();
        peers.len() == self.sessions.len()
    }

    pub(crate) fn in_flight_is_unacknowledged(&self) -> bool {
        self.sessions.values().all(|session| {
            session.in_flight == session.unacknowledged.iter().map(|sent| sent.bytes).sum()
        })
    }

    pub(crate) fn asked_of_one_peer(&self) -> bool {
        let asks = self.sessions.values().flat_map(|session| {
            session
                .spaces
                .iter()
                .flat_map(|(space, theirs)| theirs.asked.keys().map(move |feed| (*space, *feed)))
        });
        let mut seen = std::collections::BTreeSet::new();
        asks.into_iter().all(|ask| seen.insert(ask))
    }
}
