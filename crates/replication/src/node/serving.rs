//! Sending entries: what peers asked for in turns, and what is new at once.

use super::progress::Amount;
use super::session::Sent;
use super::state::Node;
use super::{Effect, LinkId, Notice, Now, ReadId};
use crate::feed::Run;
use crate::id::{FeedId, SpaceId};
use crate::limits::{FEEDS_PER_SPACE_MAX, READS_PER_LINK_MAX, WANTS_PER_LINK_MAX};
use crate::message::{CloseReason, FrontierReport, Message, Range};

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

    /// Says what is going to be sent of a space because it was asked for.
    fn plan(&self, link: LinkId, space: SpaceId) -> Message {
        let Amount { entries, bytes } = self.to_send(link, space);
        Message::Plan {
            space,
            entries,
            bytes,
        }
    }

    /// Begins reads for a link while its window is open.
    pub(super) fn pump(&mut self, link: LinkId, out: &mut Vec<Effect>) {
        while let Some(next) = self.next_wanted(link)
            && let Some(session) = self.sessions.get_mut(&link)
            && let Some(range) = session.wanted.remove(next)
        {
            session.reads += 1;
            let bytes_target = session.pace.run_bytes();
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
                bytes_target,
            });
        }
    }

    /// Which of the wanted ranges is to be read now: what is small before all else, also beyond the
    /// window; bulk while the window has room, and never in quiet hours.
    fn next_wanted(&self, link: LinkId) -> Option<usize> {
        let session = self.sessions.get(&link)?;
        let under_way = session.in_flight + session.reads * session.pace.run_bytes();
        let window = session.pace.window();
        if session.reads >= READS_PER_LINK_MAX || under_way >= window.saturating_mul(2) {
            return None;
        }
        let mut wanted = session.wanted.iter();
        let small = wanted.position(|range| self.is_small(range));
        let bulk = under_way < window && !self.bulk_waits.contains(&session.peer);
        let bulk = bulk && !session.wanted.is_empty();
        small.or(bulk.then_some(0))
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
        let entries = u64::try_from(run.entries.len()).unwrap_or(u64::MAX);
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
            entries,
            sent_ms: now.monotonic_ms,
            outstanding: session.in_flight,
        });
        session.entries_sent += entries;
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
            session.acknowledged_now(now, &space, feed, *length);
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
                let waits = self.bulk_waits.contains(&session.peer);
                let fits = session.has_room_for(run, waits);
                let theirs = session.spaces.entry(space).or_default();
                let known = theirs.known.get(&run.feed).copied().unwrap_or(0);
                if known >= run.end() {
                    continue;
                }
                session.in_sync = false;
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
