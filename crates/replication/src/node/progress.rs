//! How much is still to come and to go on each link, and how long that takes at the speed of late.

use std::collections::BTreeMap;

use super::session::Session;
use super::speed::Speed;
use super::state::Node;
use super::{LinkId, Now};
use crate::id::SpaceId;
use crate::limits::{SMALL_BYTES_MAX, SMALL_ENTRIES_MAX};
use crate::message::Range;

/// Entries with their payload bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Entries.
    pub entries: u64,
    /// Payload bytes before compression; of what was not read yet, by the average of its feed.
    pub bytes: u64,
}

impl Amount {
    /// Whether it goes before bulk, and in quiet hours too.
    pub(super) fn is_small(self) -> bool {
        self.entries <= SMALL_ENTRIES_MAX && self.bytes <= SMALL_BYTES_MAX
    }

    fn add(&mut self, other: Self) {
        self.entries = self.entries.saturating_add(other.entries);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

/// One direction of a link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// What is still to pass, in all spaces.
    pub left: Amount,
    /// The same by space, where there is something.
    pub spaces: BTreeMap<SpaceId, Amount>,
    /// Payload bytes a second of late; `None` when nothing has passed.
    pub bytes_per_second: Option<u64>,
    /// Milliseconds until all has passed at that speed.
    pub left_ms: Option<u64>,
}

impl Progress {
    fn of(spaces: BTreeMap<SpaceId, Amount>, speed: &Speed, now: Now) -> Self {
        let mut left = Amount::default();
        for amount in spaces.values() {
            left.add(*amount);
        }
        let time = now.monotonic_ms;
        Self {
            left_ms: speed.left_ms(time, left.bytes).filter(|_| left.entries > 0),
            bytes_per_second: speed.per_second(time),
            left,
            spaces,
        }
    }
}

impl Node {
    /// What the peer of a link is going to send, as it said.
    pub fn incoming(&self, link: LinkId, now: Now) -> Progress {
        let Some(session) = self.sessions.get(&link) else {
            return Progress::default();
        };
        let plans = session.plans.iter();
        let plans = plans.filter(|(_, (entries, _))| *entries > 0);
        let spaces = plans.map(|(space, (entries, bytes))| {
            let (entries, bytes) = (*entries, *bytes);
            (*space, Amount { entries, bytes })
        });
        Progress::of(spaces.collect(), &session.coming, now)
    }

    /// What the peer of a link asked for, and does not hold yet as far as it said.
    pub fn outgoing(&self, link: LinkId, now: Now) -> Progress {
        let Some(session) = self.sessions.get(&link) else {
            return Progress::default();
        };
        let mut spaces: BTreeMap<SpaceId, Amount> = BTreeMap::new();
        for range in self.promised(link, session) {
            let amount = self.amount_of(range);
            spaces.entry(range.space).or_default().add(amount);
        }
        for sent in &session.unacknowledged {
            let bytes = u64::try_from(sent.bytes).unwrap_or(u64::MAX);
            let entries = sent.entries;
            let amount = Amount { entries, bytes };
            spaces.entry(sent.space).or_default().add(amount);
        }
        Progress::of(spaces, &session.going, now)
    }

    /// What is going to be sent of a space because it was asked for.
    pub(super) fn to_send(&self, link: LinkId, space: SpaceId) -> Amount {
        let mut all = Amount::default();
        let Some(session) = self.sessions.get(&link) else {
            return all;
        };
        for range in self.promised(link, session) {
            if range.space == space {
                all.add(self.amount_of(range));
            }
        }
        all
    }

    /// Ranges that the peer asked for: those that wait, and those that are being read.
    fn promised<'a>(
        &'a self,
        link: LinkId,
        session: &'a Session,
    ) -> impl Iterator<Item = &'a Range> {
        let read = self.reads.values().filter(move |(at, _)| *at == link);
        session.wanted.iter().chain(read.map(|(_, range)| range))
    }

    pub(super) fn amount_of(&self, range: &Range) -> Amount {
        let entries = range.to.saturating_sub(range.from);
        let held = self.spaces.get(&range.space);
        let feed = held.and_then(|held| held.feeds.get(&range.feed));
        let bytes = feed.map_or(0, |feed| {
            u128::from(feed.durable.bytes) * u128::from(entries)
                / u128::from(feed.durable.length.max(1))
        });
        Amount {
            entries,
            bytes: u64::try_from(bytes).unwrap_or(u64::MAX),
        }
    }
}
