//! Entries that arrive: verified, then handed to the store, then acknowledged.

use super::held::Extent;
use super::state::Node;
use super::stored::Purpose;
use super::{Change, Effect, LinkId, Notice, Now};
use crate::feed::{Run, RunError};
use crate::id::{FeedId, NodeId, SpaceId};
use crate::limits::{BATCH_BYTES_MAX, IN_FLIGHT_BYTES_MAX};
use crate::message::{CloseReason, Message};

/// What becomes of one run.
enum Verdict {
    /// To be stored, without what is held already.
    Take(Run),
    /// Held already, or not in turn; nothing is wrong.
    Pass,
    /// Refused for the reason, which stands in the log; the session goes on.
    Refuse(&'static str),
    /// Signed by its author, but not the continuation of what is held.
    Fork,
    /// This node's own, from another life of its store, whose entries follow what is held or, if
    /// it has parted, do not.
    Superseded { parted: bool },
    /// This node's own, perhaps: to be compared with what is on its disk.
    Shown(Run),
    /// Forged; the session ends.
    Forged(RunError),
}

impl Node {
    pub(super) fn batch(
        &mut self,
        now: Now,
        link: LinkId,
        space: SpaceId,
        runs: Vec<Run>,
        out: &mut Vec<Effect>,
    ) {
        let Some(session) = self.sessions.get(&link) else {
            return;
        };
        let peer = session.peer;
        // A peer keeps to its window; the second term covers runs that were read before an
        // acknowledgement came.
        if session.receiving > IN_FLIGHT_BYTES_MAX + 2 * BATCH_BYTES_MAX {
            return self.refuse_peer(link, CloseReason::Limit, out);
        }
        let allowed = self
            .spaces
            .get(&space)
            .is_some_and(|held| held.is_shared_with(&self.roster, &peer));
        if !allowed {
            return out.extend(not_allowed(peer, space, &runs));
        }
        let mut taken = Vec::new();
        let mut durable = Vec::new();
        for run in runs {
            if self.answers_search(link, space, &run, out) {
                continue;
            }
            let feed = run.feed;
            let arrival = Arrival::of(&run);
            match self.judge(space, run) {
                Verdict::Take(run) => {
                    let permitted = self.admit(space, &run);
                    taken.push((run, permitted));
                }
                Verdict::Pass => durable.extend(self.durable_past(space, &arrival)),
                Verdict::Refuse(reason) => out.push(refused(peer, space, feed, reason)),
                Verdict::Fork => {
                    self.suspect(link, space, feed, out);
                    continue;
                }
                Verdict::Shown(run) => {
                    self.compare_own(link, space, &run, out);
                    continue;
                }
                Verdict::Superseded { parted } => {
                    if parted {
                        self.suspect(link, space, feed, out);
                    }
                    self.renew(link, space, out);
                    continue;
                }
                Verdict::Forged(error) => {
                    out.push(refused(peer, space, feed, forgery(&error)));
                    self.revert_admitted(space, &taken);
                    return self.refuse_peer(link, CloseReason::Forged, out);
                }
            }
            self.note_arrival(now, link, space, &arrival, out);
        }
        self.take_in(link, space, taken, durable, out);
    }

    /// Hands verified runs to the store, and acknowledges again what was held before, so that it
    /// leaves the sender's window.
    fn take_in(
        &mut self,
        link: LinkId,
        space: SpaceId,
        taken: Vec<(Run, u64)>,
        durable: Vec<(FeedId, u64)>,
        out: &mut Vec<Effect>,
    ) {
        if !durable.is_empty() {
            let feeds = durable;
            let message = Message::Ack { space, feeds };
            out.push(Effect::Send { link, message });
        }
        if taken.is_empty() {
            return;
        }
        if let Some(session) = self.sessions.get_mut(&link) {
            session.receiving += taken.iter().map(|(run, _)| run.bytes()).sum::<usize>();
            session.entries_received += count(&taken);
        }
        let kept = taken.iter().map(|(run, _)| run.clone()).collect();
        let purpose = Purpose::Entries {
            space,
            runs: kept,
            from: Some(link),
            request: None,
        };
        let effect = self.store(Change::Runs { space, runs: taken }, purpose);
        out.push(effect);
    }

    fn judge(&self, space: SpaceId, run: Run) -> Verdict {
        let Some(held) = self.spaces.get(&space) else {
            return Verdict::Pass;
        };
        let at = held.pending(&self.federation, &run.feed);
        let is_own = run.feed == self.own_feed();
        // Of an earlier life too: nobody else looks for the place where its lives part.
        let earlier = self.roster.succeeds(&self.id, &run.feed.author);
        if earlier && run.end() <= at.length {
            return Verdict::Shown(run);
        }
        if run.end() <= at.length || run.from > at.length {
            return Verdict::Pass;
        }
        if let Err(reason) = self.may_take(held, &run.feed, &at) {
            return Verdict::Refuse(reason);
        }
        let run = run.starting_at(at.length);
        match run.verify(&self.federation, &space, (at.length, at.head)) {
            Ok(()) if is_own => Verdict::Superseded { parted: false },
            Err(RunError::Fork) if is_own => Verdict::Superseded { parted: true },
            Ok(()) => Verdict::Take(run),
            Err(RunError::Fork) => Verdict::Fork,
            Err(error) => Verdict::Forged(error),
        }
    }

    /// The durable length of a feed when all that arrived is within it.
    fn durable_past(&self, space: SpaceId, arrival: &Arrival) -> Option<(FeedId, u64)> {
        let held = self.spaces.get(&space)?;
        let length = held.durable_length(&arrival.feed);
        (arrival.end <= length).then_some((arrival.feed, length))
    }

    /// Moves the pending end of the feed behind a verified run; returns how many of the feed's
    /// entries count.
    pub(super) fn admit(&mut self, space: SpaceId, run: &Run) -> u64 {
        let Some(held) = self.spaces.get_mut(&space) else {
            return 0;
        };
        let before = held.pending(&self.federation, &run.feed);
        let extent = after(before, run);
        held.set_pending(&self.federation, run.feed, extent);
        let permitted = held.manifest.permitted(&self.roster, &run.feed);
        // A run may reach beyond a cut, since its signature stands at its end.
        held.cut(&run.feed)
            .map_or(permitted, |cut| permitted.min(cut))
    }

    /// A batch is taken or refused whole.
    fn revert_admitted(&mut self, space: SpaceId, taken: &[(Run, u64)]) {
        let Some(held) = self.spaces.get_mut(&space) else {
            return;
        };
        for (run, _) in taken {
            let Some(feed) = held.feeds.get_mut(&run.feed) else {
                continue;
            };
            let under_way = self.writes.last_extent(&space, &run.feed);
            feed.pending = under_way.unwrap_or(feed.durable);
        }
        held.feeds.retain(|_, feed| feed.pending.length > 0);
    }

    fn note_arrival(
        &mut self,
        now: Now,
        link: LinkId,
        space: SpaceId,
        arrival: &Arrival,
        out: &mut Vec<Effect>,
    ) {
        if let Some(session) = self.sessions.get_mut(&link) {
            session.in_sync = false;
            session.note_known(&space, &arrival.feed, arrival.end);
            session.coming.came(now.monotonic_ms, arrival.bytes);
            if let Some((entries, bytes)) = session.plans.get_mut(&space) {
                *entries = entries.saturating_sub(arrival.entries);
                *bytes = bytes.saturating_sub(arrival.bytes);
            }
        }
        self.ask_progressed(now, space, arrival.feed);
        let held = self.spaces.get(&space);
        let length = held.map_or(0, |held| {
            held.pending(&self.federation, &arrival.feed).length
        });
        if arrival.from > length {
            self.ask_for_gap(now, link, space, arrival.feed, out);
        }
    }
}

/// What one run brings, whether it is taken or not.
struct Arrival {
    feed: FeedId,
    from: u64,
    end: u64,
    entries: u64,
    bytes: u64,
}

impl Arrival {
    fn of(run: &Run) -> Self {
        Self {
            feed: run.feed,
            from: run.from,
            end: run.end(),
            entries: u64::try_from(run.entries.len()).unwrap_or(u64::MAX),
            bytes: u64::try_from(run.bytes()).unwrap_or(u64::MAX),
        }
    }
}

/// Where a feed ends behind a verified run.
pub(super) fn after(before: Extent, run: &Run) -> Extent {
    let bytes = u64::try_from(run.bytes()).unwrap_or(u64::MAX);
    Extent {
        length: run.checkpoint.length,
        head: run.checkpoint.head,
        bytes: before.bytes.saturating_add(bytes),
    }
}

pub(super) fn count(runs: &[(Run, u64)]) -> u64 {
    runs.iter()
        .map(|(run, _)| u64::try_from(run.entries.len()).unwrap_or(u64::MAX))
        .sum()
}

fn refused(peer: NodeId, space: SpaceId, feed: FeedId, reason: &'static str) -> Effect {
    Effect::Notice(Notice::EntriesRefused {
        peer,
        space,
        feed,
        reason,
    })
}

/// Of a batch for a space that the peer may not read; the peer itself hears nothing.
fn not_allowed(peer: NodeId, space: SpaceId, runs: &[Run]) -> Option<Effect> {
    let reason = CloseReason::NotAllowed.name();
    let first = runs.first()?;
    Some(refused(peer, space, first.feed, reason))
}

fn forgery(error: &RunError) -> &'static str {
    match error {
        RunError::Size { .. } => "run-size",
        RunError::Missing { .. } => "missing-payload",
        RunError::Gap { .. } => "gap",
        RunError::Head => "chain",
        RunError::Fork => "fork",
        RunError::Signature => "signature",
    }
}
