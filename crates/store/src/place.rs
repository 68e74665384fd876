//! Where an entry stands: its feed and its position, as one number.
//!
//! A feed's entries lie together and in order in the table, and the index of changes names an
//! entry in a few bytes.

use std::ops::RangeInclusive;

use crate::limits::FEED_ENTRIES_MAX;

/// The key of a feed's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FeedKey(pub(crate) i64);

/// One entry of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(pub(crate) i64);

const SEQ_BITS: u32 = FEED_ENTRIES_MAX.trailing_zeros();
const SEQ_MASK: i64 = (1 << SEQ_BITS) - 1;

impl FeedKey {
    /// The largest key that leaves room for positions: eight million feeds.
    pub(crate) const MAX: Self = Self(i64::MAX >> SEQ_BITS);

    /// The place of the entry at position `seq`, which a feed of allowed length has.
    pub(crate) fn at(self, seq: u64) -> Place {
        debug_assert!(
            seq < FEED_ENTRIES_MAX && self <= Self::MAX,
            "place {self:?}/{seq}"
        );
        Place((self.0 << SEQ_BITS) | (i64::try_from(seq).unwrap_or(SEQ_MASK) & SEQ_MASK))
    }

    /// All places of the feed.
    pub(crate) fn places(self) -> RangeInclusive<i64> {
        (self.0 << SEQ_BITS)..=((self.0 << SEQ_BITS) | SEQ_MASK)
    }
}

impl Place {
    pub(crate) fn seq(self) -> u64 {
        (self.0 & SEQ_MASK).unsigned_abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_tells_its_position_and_lies_among_those_of_its_feed() {
        for (key, seq) in [
            (1, 0),
            (1, FEED_ENTRIES_MAX - 1),
            (7, 12),
            (FeedKey::MAX.0, 3),
        ] {
            let place = FeedKey(key).at(seq);
            assert_eq!(place.seq(), seq);
            assert!(FeedKey(key).places().contains(&place.0));
            assert!(!FeedKey(key - 1).places().contains(&place.0));
        }
    }
}
