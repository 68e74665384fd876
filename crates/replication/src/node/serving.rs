//! Sending entries: what peers asked for in turns, and what is new at once.

use super::session::Sent;
use super::state::Node;
use super::{Effect, LinkId, Notice, Now, ReadId};
use crate::feed::Run;
use crate::id::{FeedId, SpaceId};
use crate::limits::{
    FEEDS_PER_SPACE_MAX, IN_FLIGHT_BYTES_MAX, READS_PER_LINK_MAX, RUN_BYTES_TARGET,
    WANTS_PER_LINK_MAX,
};
use crate::message::{CloseReason, FrontierReport, Message, Range};

/// A range of at most this many entries is sent before longer ones: small and recent work does
/// not wait for a bulk copy.
const SMALL_ENTRIES: u64 = 256;

impl Node {
    pub(super) fn want(&mut self, link: LinkId, range: Range, out: &mut Vec<Effect>) {
        let (Some(session), Some(held)) =
            (self.sessions.get_mut(&link), self.spaces.get(&range.space))
        else {
            return;
        };
        if !held.is_shared_with(&self.roster, &session.peer) {
            let (peer, space) = (session.peer, range.space);
            let reason = CloseReason::NotAllowed.name();
            let feed = range.feed;
            out.push(Effect::Notice(Notice::EntriesRefused {
                peer,
                space,
                feed,
                reason,
            }));
            return;
        }
        let to = range.to.min(held.durable_length(&range.feed));
        let range = Range { to, ..range };
        if range.from >= range.to {
            return;
        }
        session
            .wanted
            .retain(|known| (known.space, known.feed) != (range.space, range.feed));
        if session.wanted.len() >= WANTS_PER_LINK_MAX {
            return self.refuse_peer(link, CloseReason::Limit, out);
        }
        session.in_sync = false;
        session.wanted.push_back(range);
        let message = self.plan(link, range.space);
        out.push(Effect::Send { link, message });
        self.pump(link, out);
    }

    /// What is going to be sent of a space because it was asked for.
    fn plan(&self, link: LinkId, space: SpaceId) -> Message {
        let (mut entries, mut bytes) = (0_u64, 0_u64);
        let wanted = self.sessions.get(&link).map(|session| &session.wanted);
        for range in wanted
            .into_iter()
            .flatten()
            .filter(|range| range.space == space)
        {
            let count = range.to - range.from;
            entries = entries.saturating_add(count);
            let feed = self
                .spaces
                .get(&space)
                .and_then(|held| held.feeds.get(&range.feed));
            if let Some(feed) = feed {
                let share = u128::from(feed.durable.bytes) * u128::from(count)
                    / u128::from(feed.durable.length.max(1));
                bytes = bytes.saturating_add(u64::try_from(share).unwrap_or(u64::MAX));
            }
        }
        Message::Plan {
            space,
            entries,
            bytes,
        }
    }

    /// Begins reads for a link while its window is open.
    pub(super) fn pump(&mut self, link: LinkId, out: &mut Vec<Effect>) {
        let Some(session) = self.sessions.get_mut(&link) else {
            return;
        };
        while session.reads < READS_PER_LINK_MAX && session.in_flight < IN_FLIGHT_BYTES_MAX {
            let small = session
                .wanted
                .iter()
                .position(|r| r.to - r.from <= SMALL_ENTRIES);
            let Some(range) = session.wanted.remove(small.unwrap_or(0)) else {
                return;
            };
            session.reads += 1;
            self.reads_begun += 1;
            let read = ReadId(self.reads_begun);
            self.reads.insert(read, (link, range));
            let Range {
                space, feed, from, ..
            } = range;
            out.push(Effect::Read {
                read,
                space,
                feed,
                from,
                bytes_target: RUN_BYTES_TARGET,
            });
        }
    }

    pub(super) fn read(&mut self, now: Now, read: ReadId, run: Option<Run>, out: &mut Vec<Effect>) {
        let Some((link, range)) = self.reads.remove(&read) else {
            return;
        };
        let Some(session) = self.sessions.get_mut(&link) else {
            return;
        };
        session.reads -= 1;
        let shared = self
            .spaces
            .get(&range.space)
            .is_some_and(|held| held.is_shared_with(&self.roster, &session.peer));
        if let Some(run) = run.filter(|run| shared && run.feed == range.feed) {
            let end = run.end();
            let again = session
                .wanted
                .iter()
                .any(|r| (r.space, r.feed) == (range.space, range.feed));
            if end < range.to && !again {
                session.wanted.push_back(Range { from: end, ..range });
            }
            self.send_run(now, link, range.space, run, out);
        }
        self.pump(link, out);
        self.notice_sync(link, out);
    }

    fn send_run(
        &mut self,
        now: Now,
        link: LinkId,
        space: SpaceId,
        run: Run,
        out: &mut Vec<Effect>,
    ) {
        let Some(session) = self.sessions.get_mut(&link) else {
            return;
        };
        let (feed, end, bytes) = (run.feed, run.end(), run.bytes());
        let sent = session
            .spaces
            .entry(space)
            .or_default()
            .sent
            .entry(feed)
            .or_default();
        *sent = end.max(*sent);
        if session.unacknowledged.is_empty() {
            session.progress_ms = now.monotonic_ms;
        }
        session.in_flight += bytes;
        session.unacknowledged.push_back(Sent {
            space,
            feed,
            end,
            bytes,
        });
        session.entries_sent += u64::try_from(run.entries.len()).unwrap_or(u64::MAX);
        session.in_sync = false;
        out.push(Effect::Send {
            link,
            message: Message::Batch {
                space,
                runs: vec![run],
            },
        });
    }

    pub(super) fn ack(
        &mut self,
        now: Now,
        link: LinkId,
        space: SpaceId,
        feeds: &[(FeedId, u64)],
        out: &mut Vec<Effect>,
    ) {
        if feeds.len() > FEEDS_PER_SPACE_MAX {
            return self.refuse_peer(link, CloseReason::Limit, out);
        }
        let (Some(session), Some(held)) = (self.sessions.get_mut(&link), self.spaces.get(&space))
        else {
            return;
        };
        if !held.is_shared_with(&self.roster, &session.peer) {
            return;
        }
        let held_here = |(feed, _): &&(FeedId, u64)| held.feeds.contains_key(feed);
        for (feed, length) in feeds.iter().filter(held_here) {
            session.acknowledged(&space, feed, *length);
        }
        session.progress_ms = now.monotonic_ms;
        self.pump(link, out);
        self.notice_sync(link, out);
    }

    /// Tells every other session of runs that became durable: the author sends its own entries at
    /// once to peers that hold everything before them, all else is announced.
    pub(super) fn spread(
        &mut self,
        now: Now,
        space: SpaceId,
        runs: &[Run],
        source: Option<LinkId>,
        out: &mut Vec<Effect>,
    ) {
        let links: Vec<LinkId> = self.sessions.keys().copied().collect();
        for link in links.into_iter().filter(|link| Some(*link) != source) {
            let mut announced = Vec::new();
            for run in runs {
                let (Some(session), Some(held)) =
                    (self.sessions.get_mut(&link), self.spaces.get(&space))
                else {
                    break;
                };
                if !held.is_shared_with(&self.roster, &session.peer) {
                    break;
                }
                let theirs = session.spaces.entry(space).or_default();
                let known = theirs.known.get(&run.feed).copied().unwrap_or(0);
                if known >= run.end() {
                    continue;
                }
                session.in_sync = false;
                let fits = session.in_flight + run.bytes() <= IN_FLIGHT_BYTES_MAX;
                let in_turn = theirs.reached(&run.feed) == Some(run.from);
                if run.feed.author == self.id && fits && in_turn && session.hello.is_some() {
                    self.send_run(now, link, space, run.clone(), out);
                } else if let Some(feed) = held.feeds.get(&run.feed) {
                    announced.push(feed.durable.report(run.feed));
                }
            }
            if !announced.is_empty() {
                let report = FrontierReport {
                    space,
                    complete: false,
                    feeds: announced,
                };
                out.push(Effect::Send {
                    link,
                    message: Message::Frontier(report),
                });
            }
        }
    }
}
