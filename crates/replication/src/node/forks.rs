//! Where two nodes hold different entries at one place of a feed: noticed and said, and nothing is
//! taken from there. And where others hold more of a node's own feed than the node itself, because
//! an older copy of its store was put back: once that is proved it appends nothing more, since
//! what it would append has its place taken and would reach nobody.

use super::state::Node;
use super::{Effect, LinkId, Notice, ReadId};
use crate::feed::{Checkpoint, Run};
use crate::id::{FeedId, SpaceId};
use crate::limits::FEEDS_PER_SPACE_MAX;
use crate::message::{FrontierReport, Message, Range};

impl Node {
    /// Notices where the peer holds other entries than this node, and where it holds more of this
    /// node's own.
    pub(super) fn compare_heads(
        &mut self,
        link: LinkId,
        report: &FrontierReport,
        out: &mut Vec<Effect>,
    ) {
        let own = self.own_feed();
        for told in &report.feeds {
            let held = self.spaces.get(&report.space);
            let feed = held.and_then(|held| held.feeds.get(&told.feed));
            let ours = feed.map_or((0, None), |feed| {
                (feed.durable.length, Some(feed.durable.head))
            });
            if ours.0 == told.length && ours.1.is_some_and(|head| head != told.head) {
                self.note_fork(link, report.space, told.feed, out);
            } else if told.feed == own && told.length > self.own_length(&report.space) {
                self.note_own_feed_ahead(link, report.space, told.length, out);
            }
        }
    }

    fn own_length(&self, space: &SpaceId) -> u64 {
        let held = self.spaces.get(space);
        held.map_or(0, |held| {
            held.pending(&self.federation, &self.own_feed()).length
        })
    }

    /// From now on the feed is not asked of this peer; said once a session.
    pub(super) fn note_fork(
        &mut self,
        link: LinkId,
        space: SpaceId,
        feed: FeedId,
        out: &mut Vec<Effect>,
    ) {
        let Some(session) = self.sessions.get_mut(&link) else {
            return;
        };
        let theirs = session.spaces.entry(space).or_default();
        theirs.asked.remove(&feed);
        if theirs.forked.len() < FEEDS_PER_SPACE_MAX && theirs.forked.insert(feed) {
            let peer = session.peer;
            out.push(Effect::Notice(Notice::FeedsDiffer { peer, space, feed }));
            if feed.author == peer {
                self.show_author(link, space, feed, out);
            }
        }
    }

    /// Sends the author of a feed the last entry that is held of it: if it is honest it does not
    /// know that it wrote it.
    fn show_author(&mut self, link: LinkId, space: SpaceId, feed: FeedId, out: &mut Vec<Effect>) {
        let held = self.spaces.get(&space);
        let to = held.map_or(0, |held| held.durable_length(&feed));
        if let Some(from) = to.checked_sub(1)
            && let Some(session) = self.sessions.get_mut(&link)
        {
            session.wanted.push_back(Range {
                space,
                feed,
                from,
                to,
            });
            self.pump(link, out);
        }
    }

    /// A peer shows an entry of this node's own feed, at a place that the node has filled: reads
    /// what is on its own disk there.
    pub(super) fn compare_own(
        &mut self,
        link: LinkId,
        space: SpaceId,
        run: &Run,
        out: &mut Vec<Effect>,
    ) {
        let busy = self.own_reads.values().any(|(shown, ..)| *shown == link);
        if busy || !run.is_signed(&self.federation, &space) {
            return;
        }
        self.reads_begun += 1;
        let read = ReadId(self.reads_begun);
        self.own_reads.insert(read, (link, space, run.checkpoint));
        out.push(Effect::Read {
            read,
            space,
            feed: run.feed,
            from: run.end().saturating_sub(1),
            bytes_target: 0,
        });
    }

    /// Every checkpoint that this life of the store has signed and sent is on its disk.
    pub(super) fn own_entries_read(
        &mut self,
        read: ReadId,
        run: Option<&Run>,
        out: &mut Vec<Effect>,
    ) {
        let Some((link, space, shown)) = self.own_reads.remove(&read) else {
            return;
        };
        let place = |checkpoint: &Checkpoint| (checkpoint.length, checkpoint.head);
        if run.is_some_and(|run| place(&run.checkpoint) != place(&shown)) {
            self.supersede(link, space, out);
        }
    }

    /// What a peer says proves nothing; the entries, signed with this node's key, would.
    fn note_own_feed_ahead(
        &mut self,
        link: LinkId,
        space: SpaceId,
        length: u64,
        out: &mut Vec<Effect>,
    ) {
        let feed = self.own_feed();
        let from = self.own_length(&space);
        let Some(session) = self.sessions.get_mut(&link) else {
            return;
        };
        let theirs = session.spaces.entry(space).or_default();
        if theirs.forked.insert(feed) {
            let peer = session.peer;
            out.push(Effect::Notice(Notice::OwnFeedAhead {
                peer,
                space,
                length,
            }));
            let range = Range {
                space,
                feed,
                from,
                to: length,
            };
            let message = Message::Want(range);
            out.push(Effect::Send { link, message });
        }
    }

    /// Another life of this store wrote on under the same epoch.
    pub(super) fn supersede(&mut self, link: LinkId, space: SpaceId, out: &mut Vec<Effect>) {
        let Some(session) = self.sessions.get(&link) else {
            return;
        };
        if !std::mem::replace(&mut self.superseded, true) {
            let peer = session.peer;
            out.push(Effect::Notice(Notice::Superseded { peer, space }));
        }
    }
}
