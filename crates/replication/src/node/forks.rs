//! Where two nodes hold different entries at one place of a feed, or more of a node's own feed than
//! the node itself: noticed and said, and nothing is taken from there.

use super::state::Node;
use super::{Effect, LinkId, Notice};
use crate::id::{FeedId, SpaceId};
use crate::limits::FEEDS_PER_SPACE_MAX;
use crate::message::FrontierReport;

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
            } else if told.feed == own && told.length > ours.0 {
                self.note_own_feed_ahead(link, report.space, told.length, out);
            }
        }
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
        }
    }

    fn note_own_feed_ahead(
        &mut self,
        link: LinkId,
        space: SpaceId,
        length: u64,
        out: &mut Vec<Effect>,
    ) {
        let feed = self.own_feed();
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
        }
    }
}
