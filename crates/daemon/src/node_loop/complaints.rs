//! How often the log tells that a peer was refused something: whoever does wrong without end must
//! not fill the disk with lines about it.

use std::collections::BTreeMap;

use phaki_replication::id::NodeId;

use crate::limits::{COMPLAINT_EVERY, COMPLAINTS_MAX};

/// What may still be told of each peer. Only enrolled nodes have links, so these are few.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    peers: BTreeMap<NodeId, Allowance>,
}

#[derive(Debug)]
struct Allowance {
    left: u32,
    filled_ms: u64,
    left_out: u64,
}

impl Complaints {
    /// Whether a refusal of `peer` may be told at `now_ms` of a monotonic clock; if so, how many
    /// were left out since the last one.
    pub(super) fn admit(&mut self, peer: NodeId, now_ms: u64) -> Option<u64> {
        let allowance = self.peers.entry(peer).or_insert(Allowance {
            left: COMPLAINTS_MAX,
            filled_ms: now_ms,
            left_out: 0,
        });
        let every = u64::try_from(COMPLAINT_EVERY.as_millis()).unwrap_or(u64::MAX);
        let earned = now_ms.saturating_sub(allowance.filled_ms) / every;
        allowance.filled_ms += earned * every;
        let earned = u32::try_from(earned).unwrap_or(u32::MAX);
        allowance.left = allowance.left.saturating_add(earned).min(COMPLAINTS_MAX);
        if allowance.left == 0 {
            allowance.left_out += 1;
            return None;
        }
        allowance.left -= 1;
        Some(std::mem::take(&mut allowance.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: NodeId = NodeId([1; 32]);
    const TWO: NodeId = NodeId([2; 32]);

    #[test]
    fn a_peer_that_is_refused_without_end_is_told_of_now_and_then() {
        let mut complaints = Complaints::default();
        assert!((0..COMPLAINTS_MAX).all(|_| complaints.admit(ONE, 0) == Some(0)));
        assert_eq!(complaints.admit(ONE, 0), None);
        assert_eq!(complaints.admit(ONE, 0), None);
        let every = u64::try_from(COMPLAINT_EVERY.as_millis()).unwrap();
        assert_eq!(complaints.admit(ONE, every), Some(2));
        assert_eq!(complaints.admit(ONE, every), None);
        // The others are not concerned.
        assert_eq!(complaints.admit(TWO, every), Some(0));
    }

    #[test]
    fn a_peer_that_does_no_more_wrong_is_told_of_as_at_first() {
        let mut complaints = Complaints::default();
        let told = (0..=COMPLAINTS_MAX).filter_map(|_| complaints.admit(ONE, 0));
        assert_eq!(told.count(), usize::try_from(COMPLAINTS_MAX).unwrap());
        let later = u64::MAX / 2;
        assert_eq!(complaints.admit(ONE, later), Some(1));
        assert!((1..COMPLAINTS_MAX).all(|_| complaints.admit(ONE, later) == Some(0)));
        assert_eq!(complaints.admit(ONE, later), None);
    }
}
