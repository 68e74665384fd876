//! How long to wait before a peer is dialled again: exponential, with full jitter.

use std::time::Duration;

use tokio::time::Instant;

use crate::limits::BACKOFF_RESET_EVERY;

/// The bounds of the waiting time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    max: Duration,
    failures: u32,
    last_reset: Option<Instant>,
}

impl Backoff {
    pub(crate) fn new(first: Duration, max: Duration) -> Self {
        Self {
            first,
            max,
            failures: 0,
            last_reset: None,
        }
    }

    /// The time to wait after one more failure: a random part of a bound that doubles each time.
    pub(crate) fn next(&mut self, random: u64) -> Duration {
        let bound = self
            .first
            .saturating_mul(2_u32.saturating_pow(self.failures))
            .min(self.max);
        self.failures = self.failures.saturating_add(1);
        let nanos = bound.as_nanos() * u128::from(random) / u128::from(u64::MAX);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Starts from the shortest time again, unless that happened just now.
    pub(crate) fn reset(&mut self, now: Instant) {
        if self
            .last_reset
            .is_none_or(|last| now.duration_since(last) >= BACKOFF_RESET_EVERY)
        {
            self.failures = 0;
            self.last_reset = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_bound_doubles_up_to_the_maximum() {
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(60));
        let bounds: Vec<_> = (0..11)
            .map(|_| backoff.next(u64::MAX).as_millis())
            .collect();
        let expected = [
            200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000,
        ];
        assert_eq!(bounds, expected);
        for _ in 0..100 {
            assert_eq!(backoff.next(u64::MAX), Duration::from_secs(60));
        }
    }

    #[test]
    fn jitter_is_any_part_of_the_bound() {
        let mut backoff = Backoff::new(SECOND, SECOND);
        assert_eq!(backoff.next(0), Duration::ZERO);
        assert_eq!(backoff.next(u64::MAX / 2).as_millis(), 499);
        assert_eq!(backoff.next(u64::MAX), SECOND);
    }

    #[test]
    fn contact_resets_it_but_not_in_quick_succession() {
        let start = Instant::now();
        let mut backoff = Backoff::new(SECOND, 60 * SECOND);
        for _ in 0..5 {
            backoff.next(0);
        }
        backoff.reset(start);
        assert_eq!(backoff.next(u64::MAX), SECOND);
        backoff.reset(start + SECOND);
        assert_eq!(backoff.next(u64::MAX), 2 * SECOND);
        backoff.reset(start + BACKOFF_RESET_EVERY);
        assert_eq!(backoff.next(u64::MAX), SECOND);
    }
}
