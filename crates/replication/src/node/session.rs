//! One conversation: what the peer is known to hold, what it was asked for, what it asked for.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Now;
use super::forks::Search;
use super::pace::Pace;
use super::progress::Amount;
use super::speed::Speed;
use crate::feed::Run;
use crate::id::{FeedId, NodeId, ShortDigest, SpaceId};
use crate::limits::{FEEDS_PER_SPACE_MAX, IN_FLIGHT_BYTES_MAX};
use crate::message::{Hello, Range, SeveredRun};

/// The session on one link.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) peer: NodeId,
    pub(super) dialled: bool,
    pub(super) opened_ms: u64,
    /// When the peer last gave a sign of life, and when it last said something.
    pub(super) heard_ms: u64,
    pub(super) message_ms: u64,
    pub(super) sent_ms: u64,
    pub(super) hello: Option<Hello>,
    pub(super) clock_skew_ms: i64,
    /// The newest roster that the peer is known to have: version and beginning of its hash.
    pub(super) roster: (u64, ShortDigest),
    pub(super) spaces: BTreeMap<SpaceId, PeerSpace>,
    pub(super) in_sync: bool,
    /// Whether the peer's opening account of its spaces has come.
    pub(super) greeted: bool,
    /// When the peer last acknowledged something, or there was nothing to acknowledge.
    pub(super) progress_ms: u64,
    /// Ranges that the peer asked for, none twice for one feed.
    pub(super) wanted: VecDeque<Range>,
    /// Reads of the store under way for this link.
    pub(super) reads: usize,
    /// What was sent and is not acknowledged, in the order of sending.
    pub(super) unacknowledged: VecDeque<Sent>,
    /// Payload bytes of `unacknowledged`.
    pub(super) in_flight: usize,
    /// How many of them there may be.
    pub(super) pace: Pace,
    /// Payload bytes received and not durable yet.
    pub(super) receiving: usize,
    /// What the peer's plans still promise: entries and bytes, by space.
    pub(super) plans: BTreeMap<SpaceId, (u64, u64)>,
    /// How fast payload comes, and how fast it is acknowledged.
    pub(super) coming: Speed,
    pub(super) going: Speed,
    pub(super) entries_sent: u64,
    pub(super) entries_received: u64,
    /// The search for the place where both sides' entries of a feed part, and what is to be
    /// searched next.
    pub(super) search: Option<Search>,
    pub(super) suspects: VecDeque<(SpaceId, FeedId)>,
    /// Runs that were cut off, that the peer keeps and this node does not.
    pub(super) offers: BTreeSet<(SpaceId, SeveredRun)>,
    /// The one of them that the peer was asked for, and when (monotonic milliseconds).
    pub(super) severed_asked: Option<(SpaceId, SeveredRun, u64)>,
    /// Feeds whose fork was proved to the peer before what was cut off them was sent.
    pub(super) proved: BTreeSet<(SpaceId, FeedId)>,
}

/// A run on its way to the peer.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) space: SpaceId,
    pub(super) feed: FeedId,
    pub(super) end: u64,
    pub(super) bytes: usize,
    pub(super) entries: u64,
    /// When it was sent, and payload bytes on their way then, it included.
    pub(super) sent_ms: u64,
    pub(super) outstanding: usize,
}

impl Sent {
    /// Whether it has arrived when the peer holds so much of a feed.
    fn concerns(&self, space: &SpaceId, feed: &FeedId, length: u64) -> bool {
        self.space == *space && self.feed == *feed && self.end <= length
    }
}

/// What is known of a peer's part in one space.
#[derive(Debug, Default)]
pub(super) struct PeerSpace {
    /// The manifest that the peer has or was sent last.
    pub(super) manifest: Option<ShortDigest>,
    /// Whether this node sent its whole frontier since it last sent its state.
    pub(super) frontier_sent: bool,
    /// Whether the peer told its state of the space in this session.
    pub(super) told: bool,
    /// Whether `known` covers all feeds of the peer.
    pub(super) complete: bool,
    /// What the peer holds durably, in entries.
    pub(super) known: BTreeMap<FeedId, u64>,
    /// Feeds of which the peer holds other entries than this node. They are not asked for again.
    pub(super) forked: BTreeSet<FeedId>,
    /// Feeds of this node of which the peer says to hold more; asked for once.
    pub(super) ahead: BTreeSet<FeedId>,
    /// Up to where entries were sent, known to have arrived or not.
    pub(super) sent: BTreeMap<FeedId, u64>,
    /// What this node asked the peer for.
    pub(super) asked: BTreeMap<FeedId, Ask>,
    /// Whether this node told what it holds of the vault, and was not told the same since.
    pub(super) vault_told: bool,
}

/// A range that was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    pub(super) to: u64,
    /// When the feed last grew, and how far it had then: arrived and durable entries together.
    pub(super) progress_ms: u64,
    pub(super) reached: u64,
}

impl Session {
    pub(super) fn new(peer: NodeId, dialled: bool, now: Now) -> Self {
        Self {
            peer,
            dialled,
            opened_ms: now.monotonic_ms,
            heard_ms: now.monotonic_ms,
            message_ms: now.monotonic_ms,
            sent_ms: now.monotonic_ms,
            hello: None,
            clock_skew_ms: 0,
            roster: (0, ShortDigest([0; 16])),
            spaces: BTreeMap::new(),
            in_sync: false,
            greeted: false,
            progress_ms: now.monotonic_ms,
            wanted: VecDeque::new(),
            reads: 0,
            unacknowledged: VecDeque::new(),
            in_flight: 0,
            pace: Pace::new(),
            receiving: 0,
            plans: BTreeMap::new(),
            coming: Speed::default(),
            going: Speed::default(),
            entries_sent: 0,
            entries_received: 0,
            search: None,
            suspects: VecDeque::new(),
            offers: BTreeSet::new(),
            severed_asked: None,
            proved: BTreeSet::new(),
        }
    }

    /// Whether nothing is under way in either direction.
    pub(super) fn is_quiet(&self) -> bool {
        self.wanted.is_empty()
            && self.reads == 0
            && self.unacknowledged.is_empty()
            && self.receiving == 0
            && self.spaces.values().all(|space| space.asked.is_empty())
    }

    /// Forgets what was sent and believed: the comparison begins anew.
    pub(super) fn start_over(&mut self) {
        self.in_sync = false;
        self.unacknowledged.clear();
        self.in_flight = 0;
        self.search = None;
        self.suspects.clear();
        for theirs in self.spaces.values_mut() {
            theirs.manifest = None;
            theirs.sent.clear();
            theirs.forked.clear();
            theirs.ahead.clear();
        }
    }

    /// Forgets a space that the peer may not read any more.
    pub(super) fn forget(&mut self, space: &SpaceId) {
        self.spaces.remove(space);
        self.unacknowledged.retain(|sent| sent.space != *space);
        self.in_flight = self.unacknowledged.iter().map(|sent| sent.bytes).sum();
        self.wanted.retain(|range| range.space != *space);
        self.plans.remove(space);
        self.suspects.retain(|(suspect, _)| suspect != space);
        self.offers.retain(|(offered, _)| offered != space);
        self.severed_asked.take_if(|(asked, ..)| asked == space);
    }

    /// Takes note that the peer said to hold `length` entries durably, perhaps fewer than before;
    /// frees what it acknowledges.
    pub(super) fn told(&mut self, space: &SpaceId, feed: &FeedId, length: u64) {
        let theirs = self.spaces.get(space);
        let before = theirs.and_then(|theirs| theirs.known.get(feed)).copied();
        self.acknowledged(space, feed, length);
        if before.is_some_and(|before| before > length) {
            self.shortened(space, feed, length);
        }
    }

    /// The peer holds fewer entries of a feed than it did: nothing of it is on its way any more.
    pub(super) fn shortened(&mut self, space: &SpaceId, feed: &FeedId, length: u64) {
        if let Some(theirs) = self.spaces.get_mut(space) {
            theirs.sent.remove(feed);
            theirs.forked.remove(feed);
            if let Some(known) = theirs.known.get_mut(feed) {
                *known = length.min(*known);
            }
        }
        self.unacknowledged
            .retain(|sent| (sent.space, sent.feed) != (*space, *feed));
        self.in_flight = self.unacknowledged.iter().map(|sent| sent.bytes).sum();
    }

    /// Whether a new run may be sent at once, beside what was asked for: what is small beyond the
    /// window too, bulk never while it waits.
    pub(super) fn has_room_for(&self, run: &Run, bulk_waits: bool) -> bool {
        let amount = Amount {
            entries: u64::try_from(run.entries.len()).unwrap_or(u64::MAX),
            bytes: u64::try_from(run.bytes()).unwrap_or(u64::MAX),
        };
        let window = self.pace.window();
        let room = match amount.is_small() {
            true => window.saturating_mul(2).min(IN_FLIGHT_BYTES_MAX),
            false if bulk_waits => 0,
            false => window,
        };
        self.in_flight + run.bytes() <= room
    }

    /// As [`Self::told`], by an acknowledgement: what that frees says how fast the line is.
    pub(super) fn acknowledged_now(
        &mut self,
        now: Now,
        space: &SpaceId,
        feed: &FeedId,
        length: u64,
    ) {
        let before = self.in_flight;
        let concerns = |sent: &&Sent| sent.concerns(space, feed, length);
        let newest = self.unacknowledged.iter().rev().find(concerns);
        if let Some(newest) = newest {
            let took = now.monotonic_ms.saturating_sub(newest.sent_ms);
            self.pace.acknowledged(newest.outstanding, took);
        }
        self.acknowledged(space, feed, length);
        let freed = u64::try_from(before - self.in_flight).unwrap_or(u64::MAX);
        self.going.came(now.monotonic_ms, freed);
    }

    /// Takes note that the peer holds `length` entries durably; frees what it acknowledges.
    pub(super) fn acknowledged(&mut self, space: &SpaceId, feed: &FeedId, length: u64) {
        self.note_known(space, feed, length);
        let mut freed = 0;
        self.unacknowledged.retain(|sent| {
            let done = sent.concerns(space, feed, length);
            freed += if done { sent.bytes } else { 0 };
            !done
        });
        self.in_flight = self.in_flight.saturating_sub(freed);
    }

    /// Takes note that the peer holds `length` entries durably, so far as there is place for it.
    pub(super) fn note_known(&mut self, space: &SpaceId, feed: &FeedId, length: u64) {
        let known = &mut self.spaces.entry(*space).or_default().known;
        if known.len() < FEEDS_PER_SPACE_MAX || known.contains_key(feed) {
            let known = known.entry(*feed).or_default();
            *known = length.max(*known);
        }
    }

    /// Ranges that this node asked for and that have not come yet.
    pub(super) fn asks(&self) -> usize {
        let spaces = self.spaces.values();
        spaces.map(|theirs| theirs.asked.len()).sum()
    }
}

impl PeerSpace {
    /// How many entries of `feed` the peer holds or will hold when all that was sent arrived.
    /// `None` while its frontier is not known.
    pub(super) fn reached(&self, feed: &FeedId) -> Option<u64> {
        let known = self.known.get(feed).copied();
        let sent = self.sent.get(feed).copied();
        match known.max(sent) {
            None if self.complete => Some(0),
            reached => reached,
        }
    }
}
