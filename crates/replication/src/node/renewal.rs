//! A new life of the store: when another one has written on under the same epoch, because the
//! store was put back or copied, this one goes on under a new epoch and publishes again what lies
//! where nobody counts it.

use std::collections::btree_map::Entry;

use super::append::runs_of;
use super::state::Node;
use super::stored::Purpose;
use super::{Change, Effect, LinkId, NewEntry, Notice, Now};
use crate::id::{Epoch, SpaceId};

impl Node {
    /// Another life of this store wrote on under the same epoch: asks for a new one. Until it is
    /// durable nothing is appended.
    pub(super) fn renew(&mut self, link: LinkId, space: SpaceId, out: &mut Vec<Effect>) {
        let Some(session) = self.sessions.get(&link) else {
            return;
        };
        if !std::mem::replace(&mut self.superseded, true) {
            let peer = session.peer;
            out.push(Effect::Notice(Notice::Superseded { peer, space }));
            out.push(Effect::DrawEpoch);
        }
    }

    /// Its own feed was cut and no new epoch is durable, because a disk was full or the process
    /// ended: asks for one again.
    pub(super) fn renew_when_cut(&mut self, out: &mut Vec<Effect>) {
        let own = self.own_feed();
        let cut = self.spaces.values().any(|held| held.cut(&own).is_some());
        if cut && !std::mem::replace(&mut self.superseded, true) {
            out.push(Effect::DrawEpoch);
        }
    }

    pub(super) fn epoch_drawn(&mut self, epoch: Epoch, out: &mut Vec<Effect>) {
        let effect = self.store(Change::Epoch(epoch), Purpose::Epoch(epoch));
        out.push(effect);
    }

    pub(super) fn epoch_stored(&mut self, now: Now, epoch: Epoch, out: &mut Vec<Effect>) {
        let old = self.own_feed();
        self.epoch = epoch;
        self.superseded = false;
        out.push(Effect::Notice(Notice::Renewed { epoch }));
        let mut asks = Vec::new();
        for (link, session) in &mut self.sessions {
            for (space, theirs) in &mut session.spaces {
                theirs.ahead.remove(&old);
                asks.push((*link, *space));
            }
        }
        for (link, space) in asks {
            self.ask(now, link, space, old, false, out);
        }
        self.recall_all(out);
    }

    /// Asks for everything of this node's own that is to be published again.
    pub(super) fn recall_all(&mut self, out: &mut Vec<Effect>) {
        for space in self.spaces_with_lost_work() {
            self.recall(space, out);
        }
    }

    /// Asks for what is to be published again in one space, one part after the other.
    pub(super) fn recall(&mut self, space: SpaceId, out: &mut Vec<Effect>) {
        match self.recalling.entry(space) {
            Entry::Occupied(mut again) => {
                again.insert(true);
            }
            Entry::Vacant(first) => {
                first.insert(false);
                out.push(Effect::Recall { space });
            }
        }
    }

    /// One part is published: on to the next.
    pub(super) fn recall_more(&mut self, space: SpaceId, out: &mut Vec<Effect>) {
        self.recalling.remove(&space);
        self.recall(space, out);
    }

    /// Publishes again. What may not be appended now stays where it is.
    pub(super) fn recalled(
        &mut self,
        now: Now,
        space: SpaceId,
        entries: Vec<NewEntry>,
        out: &mut Vec<Effect>,
    ) {
        if entries.is_empty() || self.may_append(space, &entries).is_err() {
            // What came meanwhile may not have been among what was read.
            if self.recalling.remove(&space) == Some(true) && !self.superseded {
                self.recall(space, out);
            }
            return;
        }
        let count = entries.len();
        let runs = runs_of(self, now, space, entries);
        let kept = runs.iter().map(|(run, _)| run.clone()).collect();
        let purpose = Purpose::Republished { space, runs: kept };
        let effect = self.store(Change::Runs { space, runs }, purpose);
        out.push(effect);
        out.push(Effect::Notice(Notice::Republished { space, count }));
    }
}
