//! Quiet hours: with some peers bulk waits, and what is small still travels.

use std::collections::BTreeSet;

use super::state::Node;
use super::{Effect, LinkId, Now};
use crate::id::NodeId;
use crate::limits::SMALL_ENTRIES_MAX;
use crate::message::Range;

impl Node {
    /// From now on bulk is exchanged with all peers but these. What waited for others goes on.
    pub(super) fn bulk_waits_with(
        &mut self,
        now: Now,
        peers: BTreeSet<NodeId>,
        out: &mut Vec<Effect>,
    ) {
        let before = std::mem::replace(&mut self.bulk_waits, peers);
        let waited = |link: &LinkId| {
            let peer = self.sessions.get(link).map(|session| session.peer);
            peer.is_some_and(|peer| before.contains(&peer) && !self.bulk_waits.contains(&peer))
        };
        let links: Vec<LinkId> = self.sessions.keys().copied().filter(waited).collect();
        for link in links {
            self.pump(link, out);
            let known = self.sessions.get(&link).map(|session| &session.spaces);
            let known = known
                .into_iter()
                .flatten()
                .flat_map(|(space, theirs)| theirs.known.keys().map(move |feed| (*space, *feed)));
            for (space, feed) in known.collect::<Vec<_>>() {
                self.ask(now, link, space, feed, false, out);
            }
        }
    }

    /// Whether so many entries are not asked of a peer for now.
    pub(super) fn waits_to_ask(&self, peer: &NodeId, entries: u64) -> bool {
        entries > SMALL_ENTRIES_MAX && self.bulk_waits.contains(peer)
    }

    /// Whether a range counts as small: it goes before bulk, and in quiet hours too.
    pub(super) fn is_small(&self, range: &Range) -> bool {
        self.amount_of(range).is_small()
    }
}
