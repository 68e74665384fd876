//! A feed that was signed in two ways ends, for everybody, at the entry before they part. What
//! lies behind is kept aside; [`super::severed`] says how it goes back to its author.

use super::forks::Examination;
use super::held::{Extent, Feed, Held};
use super::state::Node;
use super::stored::Purpose;
use super::{Change, Effect, LinkId, Notice, Now, Place};
use crate::fork::ForkProof;
use crate::id::{FeedId, SpaceId};
use crate::limits::{CUTS_PER_SPACE_MAX, FEEDS_PER_AUTHOR_MAX};
use crate::message::{FrontierReport, Message};

impl Held {
    /// Whether another feed can be cut: one of which something is held always, of others as many of
    /// one author as it may have feeds.
    fn has_place_for_cut(&self, feed: &FeedId) -> bool {
        let theirs = self.cuts.keys().filter(|cut| cut.author == feed.author);
        let of_author = theirs.count() < FEEDS_PER_AUTHOR_MAX;
        self.feeds.contains_key(feed) || (of_author && self.cuts.len() < CUTS_PER_SPACE_MAX)
    }
}

impl Node {
    pub(super) fn fork_received(&mut self, link: LinkId, proof: ForkProof, out: &mut Vec<Effect>) {
        let (Some(session), Some(held)) = (self.sessions.get(&link), self.spaces.get(&proof.space))
        else {
            return;
        };
        if !held.is_shared_with(&self.roster, &session.peer) {
            return;
        }
        // Anybody can make keys, and sign with each of them what it likes.
        if !self.roster.nodes.contains_key(&proof.feed.author) {
            return;
        }
        if let Err(error) = proof.verify(&self.federation) {
            return self.refuse_act(link, &error, out);
        }
        if proof.feed == self.own_feed() {
            self.renew(link, proof.space, out);
        }
        self.put_cut_in_force(proof, out);
    }

    /// From now on the feed takes no entries beyond the place; what is held beyond is cut off.
    pub(super) fn put_cut_in_force(&mut self, proof: ForkProof, out: &mut Vec<Effect>) {
        let (space, feed) = (proof.space, proof.feed);
        let Some(held) = self.spaces.get_mut(&space) else {
            return;
        };
        let known = held.cut(&feed);
        let full = known.is_none() && !held.has_place_for_cut(&feed);
        if full || known.is_some_and(|at| at <= proof.at) {
            // The place may not have been read when it was to be cut.
            return self.trim(space, feed, out);
        }
        held.cuts.insert(feed, proof.clone());
        out.push(Effect::Notice(Notice::Forked {
            space,
            feed,
            at: proof.at,
        }));
        if held.durable_length(&feed) > proof.at {
            self.trim(space, feed, out);
        } else if held.pending(&self.federation, &feed).length <= proof.at {
            // Otherwise it is cut once what is on its way to the disk is there.
            self.store_cut(space, feed, (proof.at, None), Some(Box::new(proof)), out);
        }
    }

    /// Cuts a feed where its proof says, when more of it is durable.
    pub(super) fn trim(&mut self, space: SpaceId, feed: FeedId, out: &mut Vec<Effect>) {
        let Some(held) = self.spaces.get(&space) else {
            return;
        };
        let Some(proof) = held.cuts.get(&feed) else {
            return;
        };
        if held.durable_length(&feed) > proof.at {
            let (at, proof) = (proof.at, Some(Box::new(proof.clone())));
            self.examine(
                Examination::Cut { space, feed, proof },
                space,
                feed,
                at,
                out,
            );
        }
    }

    /// This node's own feed goes on elsewhere in another way: gives up what it holds from `at` on,
    /// to publish it again, and takes what the others hold.
    pub(super) fn renounce(
        &mut self,
        space: SpaceId,
        feed: FeedId,
        at: u64,
        out: &mut Vec<Effect>,
    ) {
        let proof = None;
        self.examine(
            Examination::Cut { space, feed, proof },
            space,
            feed,
            at,
            out,
        );
    }

    pub(super) fn cut_at(
        &mut self,
        space: SpaceId,
        feed: FeedId,
        proof: Option<Box<ForkProof>>,
        place: Option<Place>,
        out: &mut Vec<Effect>,
    ) {
        let Some(held) = self.spaces.get_mut(&space) else {
            return;
        };
        let Some(place) = place else {
            return;
        };
        // A smaller cut may have come meanwhile.
        let before = held.feeds.get(&feed).copied();
        if before.is_none_or(|before| before.durable.length <= place.at) {
            return;
        }
        let to = Extent {
            length: place.at,
            head: place.head,
            bytes: place.bytes,
        };
        held.cut_to(&feed, to);
        self.store_cut(space, feed, (to.length, before), proof, out);
    }

    /// Writes that a feed ends at a place; `before` is what it was when something is cut off.
    fn store_cut(
        &mut self,
        space: SpaceId,
        feed: FeedId,
        (at, before): (u64, Option<Feed>),
        proof: Option<Box<ForkProof>>,
        out: &mut Vec<Effect>,
    ) {
        let change = Change::Cut {
            space,
            feed,
            at,
            proof,
        };
        let purpose = Purpose::Cut {
            space,
            feed,
            before,
        };
        let effect = self.store(change, purpose);
        out.push(effect);
    }

    pub(super) fn cut_stored(
        &mut self,
        now: Now,
        space: SpaceId,
        feed: FeedId,
        before: Option<Feed>,
        out: &mut Vec<Effect>,
    ) {
        let Some(held) = self.spaces.get_mut(&space) else {
            return;
        };
        // What came since, in the place of what was cut off, is not durable yet.
        let extent = held.durable(&self.federation, &feed);
        if before.is_some() {
            let at = held.severed.entry(feed).or_insert(u64::MAX);
            *at = extent.length.min(*at);
            held.feeds.retain(|_, feed| feed.pending.length > 0);
        }
        let proof = held.cuts.get(&feed).cloned();
        for (link, session) in &mut self.sessions {
            let theirs = session.spaces.entry(space).or_default();
            theirs.forked.remove(&feed);
            theirs.asked.remove(&feed);
            session.shortened(&space, &feed, u64::MAX);
            session.in_sync = false;
            if !held.is_shared_with(&self.roster, &session.peer) {
                continue;
            }
            let link = *link;
            out.extend(proof.clone().map(|proof| Effect::Send {
                link,
                message: Message::Fork(proof),
            }));
            let report = FrontierReport {
                space,
                complete: false,
                feeds: vec![extent.report(feed)],
            };
            let message = Message::Frontier(report);
            out.push(Effect::Send { link, message });
        }
        for link in self.sessions.keys().copied().collect::<Vec<_>>() {
            self.ask(now, link, space, feed, false, out);
            self.notice_sync(link, out);
        }
        self.receipt_becomes_due(now, &space);
        self.list_severed(space, out);
        if self.roster.succeeds(&self.id, &feed.author) {
            self.recall(space, out);
        }
    }
}
