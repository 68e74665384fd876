//! Catching up: which missing range is asked of which peer.
//!
//! A range is asked of one peer at a time. When news of a feed is announced while its author is
//! linked, the author is given a moment to send it itself.

use super::held::{Extent, Held};
use super::session::Ask;
use super::state::Node;
use super::timing::ms;
use super::{Effect, LinkId, Now};
use crate::id::{FeedId, SpaceId};
use crate::limits::{ASKS_PER_LINK_MAX, AUTHOR_GRACE, STALL_MAX};
use crate::message::{Message, Range};

impl Node {
    /// Asks every peer for everything missing that nobody was asked for.
    pub(super) fn ask_for_all(&mut self, now: Now, out: &mut Vec<Effect>) {
        let behind = self.spaces.iter().flat_map(|(space, held)| {
            held.behind
                .iter()
                .map(move |(feed, since)| (*space, *feed, *since))
        });
        let grace = ms(AUTHOR_GRACE);
        for (space, feed, since) in behind.collect::<Vec<_>>() {
            if now.monotonic_ms < since.saturating_add(grace) && self.author_link(&feed).is_some() {
                continue;
            }
            self.ask_anybody(now, space, feed, out);
        }
    }

    /// Asks the peer that holds most of a feed, unless somebody was asked already.
    pub(super) fn ask_anybody(
        &mut self,
        now: Now,
        space: SpaceId,
        feed: FeedId,
        out: &mut Vec<Effect>,
    ) {
        let candidates = self.sessions.iter().filter_map(|(link, session)| {
            let theirs = session.spaces.get(&space)?;
            let length = *theirs.known.get(&feed)?;
            let usable = !theirs.forked.contains(&feed) && session.asks() < ASKS_PER_LINK_MAX;
            let held = self.spaces.get(&space)?.durable_length(&feed);
            let waits = self.waits_to_ask(&session.peer, length.saturating_sub(held));
            (usable && !waits).then_some((length, std::cmp::Reverse(*link)))
        });
        match candidates.max() {
            Some((_, std::cmp::Reverse(link))) => self.ask(now, link, space, feed, false, out),
            None => {
                if let Some(held) = self.spaces.get_mut(&space) {
                    held.behind.remove(&feed);
                }
            }
        }
    }

    /// Entries came that do not continue what is held: asks for those between.
    pub(super) fn ask_for_gap(
        &mut self,
        now: Now,
        link: LinkId,
        space: SpaceId,
        feed: FeedId,
        out: &mut Vec<Effect>,
    ) {
        self.ask(now, link, space, feed, false, out);
    }

    /// Asks the peer of `link` for what it holds of a feed and this node does not.
    /// `announced`: the peer told of single feeds, whose authors may be about to send them.
    pub(super) fn ask(
        &mut self,
        now: Now,
        link: LinkId,
        space: SpaceId,
        feed: FeedId,
        announced: bool,
        out: &mut Vec<Effect>,
    ) {
        let Some((from, to)) = self.missing(link, space, feed) else {
            return;
        };
        let author_link = self.author_link(&feed);
        let session = self.sessions.get(&link);
        if session.is_some_and(|session| self.waits_to_ask(&session.peer, to - from)) {
            return;
        }
        let Some(held) = self.spaces.get_mut(&space) else {
            return;
        };
        held.behind.entry(feed).or_insert(now.monotonic_ms);
        let reached = held.reached(&self.federation, &feed);
        if announced && author_link.is_some_and(|author| author != link) {
            return;
        }
        if self.is_asked(space, feed) {
            return;
        }
        let Some(session) = self.sessions.get_mut(&link) else {
            return;
        };
        if session.asks() >= ASKS_PER_LINK_MAX {
            return;
        }
        let asked = &mut session.spaces.entry(space).or_default().asked;
        asked.insert(
            feed,
            Ask {
                to,
                progress_ms: now.monotonic_ms,
                reached,
            },
        );
        let message = Message::Want(Range {
            space,
            feed,
            from,
            to,
        });
        out.push(Effect::Send { link, message });
    }

    /// The entries of a feed that the peer of `link` holds and this node lacks and may take.
    fn missing(&self, link: LinkId, space: SpaceId, feed: FeedId) -> Option<(u64, u64)> {
        let held = self.spaces.get(&space)?;
        let theirs = self.sessions.get(&link)?.spaces.get(&space)?;
        if feed == self.own_feed() || theirs.forked.contains(&feed) {
            return None;
        }
        let at = held.pending(&self.federation, &feed);
        self.may_take(held, &feed, &at).ok()?;
        let to = *theirs.known.get(&feed)?;
        (at.length < to).then_some((at.length, to))
    }

    /// Whether the entries of a feed behind the given extent may be held; if not, why.
    pub(super) fn may_take(
        &self,
        held: &Held,
        feed: &FeedId,
        at: &Extent,
    ) -> Result<(), &'static str> {
        if !self.roster.nodes.contains_key(&feed.author) {
            Err("unknown-author")
        } else if at.length == 0 && !held.has_place_for(&self.roster, feed) {
            Err("too-many-feeds")
        } else if !held.has_room_for(&self.roster, feed, at) {
            Err("quarantine-full")
        } else {
            Ok(())
        }
    }

    fn is_asked(&self, space: SpaceId, feed: FeedId) -> bool {
        let mut spaces = self
            .sessions
            .values()
            .filter_map(|session| session.spaces.get(&space));
        spaces.any(|theirs| theirs.asked.contains_key(&feed))
    }

    fn author_link(&self, feed: &FeedId) -> Option<LinkId> {
        let mut sessions = self.sessions.iter();
        let author = sessions.find(|(_, session)| session.peer == feed.author)?;
        author.1.hello.is_some().then_some(*author.0)
    }

    /// Entries of a feed arrived, or became durable: an ask that is fulfilled ends, one that is
    /// not goes on while the feed grows.
    pub(super) fn ask_progressed(&mut self, now: Now, space: SpaceId, feed: FeedId) {
        let Some(held) = self.spaces.get_mut(&space) else {
            return;
        };
        let length = held.pending(&self.federation, &feed).length;
        let reached = held.reached(&self.federation, &feed);
        let mut longest = 0;
        for session in self.sessions.values_mut() {
            let Some(theirs) = session.spaces.get_mut(&space) else {
                continue;
            };
            longest = longest.max(theirs.known.get(&feed).copied().unwrap_or(0));
            if let Some(ask) = theirs.asked.get_mut(&feed) {
                if reached > ask.reached {
                    (ask.reached, ask.progress_ms) = (reached, now.monotonic_ms);
                }
                if ask.to <= length {
                    theirs.asked.remove(&feed);
                }
            }
        }
        if longest <= length {
            held.behind.remove(&feed);
        } else {
            held.behind.insert(feed, now.monotonic_ms);
        }
    }

    /// Gives up asks without progress, so that another peer can be asked.
    pub(super) fn drop_stalled(&mut self, now: Now) {
        let stall = ms(STALL_MAX);
        for session in self.sessions.values_mut() {
            for (space, theirs) in &mut session.spaces {
                let stalled = |ask: &Ask| now.monotonic_ms >= ask.progress_ms.saturating_add(stall);
                let feeds = theirs.asked.iter().filter(|(_, ask)| stalled(ask));
                for feed in feeds.map(|(feed, _)| *feed).collect::<Vec<_>>() {
                    theirs.asked.remove(&feed);
                    // Until the peer speaks of the feed again it does not count as holding it.
                    theirs.known.remove(&feed);
                    theirs.complete = false;
                    session.in_sync = false;
                    session.plans.remove(space);
                }
            }
        }
    }
}
