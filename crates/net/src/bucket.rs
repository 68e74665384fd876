//! A cap on bytes a second. Time is an argument.

use std::time::{Duration, Instant};

/// Lets so many bytes pass in a second, and no more than a moment's worth at once after a pause.
#[derive(Debug)]
pub(crate) struct Bucket {
    bytes_per_second: u64,
    /// When all that has passed is paid for; `None` before anything has.
    paid_at: Option<Instant>,
}

/// What may pass at once after a pause, as time.
const BURST: Duration = Duration::from_millis(250);

impl Bucket {
    /// A rate of zero counts as one byte a second.
    pub(crate) fn new(bytes_per_second: u64) -> Self {
        Self {
            bytes_per_second: bytes_per_second.max(1),
            paid_at: None,
        }
    }

    /// How long nothing may pass; zero: something may pass now.
    pub(crate) fn wait(&self, now: Instant) -> Duration {
        let paid_at = self.paid_at.unwrap_or(now);
        paid_at.saturating_duration_since(now).saturating_sub(BURST)
    }

    /// `bytes` pass now.
    pub(crate) fn took(&mut self, now: Instant, bytes: usize) {
        let nanos = bytes as u128 * 1_000_000_000 / u128::from(self.bytes_per_second);
        let time = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        let paid_at = self.paid_at.map_or(now, |paid_at| paid_at.max(now));
        // Centuries ahead there is nothing to be paid any more.
        self.paid_at = Some(paid_at.checked_add(time).unwrap_or(paid_at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Passes pieces of that size whenever it may; how many bytes in that time.
    fn passed(bucket: &mut Bucket, begin: Instant, time: Duration, piece: usize) -> usize {
        let (mut now, mut bytes) = (begin, 0);
        while now < begin + time {
            let wait = bucket.wait(now);
            if wait.is_zero() {
                bucket.took(now, piece);
                bytes += piece;
            } else {
                now += wait;
            }
        }
        bytes
    }

    #[test]
    fn as_much_passes_as_the_rate_says_and_a_moment_more_at_the_beginning() {
        let mut bucket = Bucket::new(32_000);
        let bytes = passed(&mut bucket, Instant::now(), Duration::from_secs(100), 1_400);
        assert!(
            (3_200_000..=3_200_000 + 8_000 + 1_400).contains(&bytes),
            "{bytes}"
        );
    }

    #[test]
    fn a_long_pause_saves_up_no_more_than_a_moment() {
        let (mut bucket, begin) = (Bucket::new(32_000), Instant::now());
        bucket.took(begin, 1);
        let later = begin + Duration::from_secs(3_600);
        let bytes = passed(&mut bucket, later, Duration::from_millis(1), 1_000);
        assert_eq!(bytes, 9_000);
    }

    #[test]
    fn whoever_took_too_much_at_once_waits_until_it_is_paid() {
        let (mut bucket, now) = (Bucket::new(1_000), Instant::now());
        bucket.took(now, 10_000);
        assert_eq!(bucket.wait(now), Duration::from_secs(10) - BURST);
        assert!(bucket.wait(now + Duration::from_secs(10)).is_zero());
    }
}
