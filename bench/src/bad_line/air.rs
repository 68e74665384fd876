//! One direction of a bad line: what becomes of a packet, and when it arrives. Time is an argument.
//!
//! As `tc netem` does it: a packet is lost before it takes any time of the line; the others wait in a
//! queue that holds only so much, pass one after the other at the rate of the line, and arrive later
//! by the delay.

use std::time::{Duration, Instant};

use phaki_tests::samples::Random;

/// What a line is like, the same in both directions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quality {
    pub(super) bits_per_second: u64,
    /// From one end to the other.
    pub(super) delay: Duration,
    pub(super) lost_percent: usize,
    /// How long a packet may have to wait before its turn; one that would wait longer is dropped.
    pub(super) queue: Duration,
}

impl Quality {
    /// How long a packet occupies the line.
    fn time_of(&self, bytes: usize) -> Duration {
        let bits = u64::try_from(bytes).unwrap() * 8;
        Duration::from_nanos(bits * 1_000_000_000 / self.bits_per_second)
    }

    /// Bytes that the line carries in that time when it never rests.
    pub(super) fn bytes_in(&self, time: Duration) -> u64 {
        u64::try_from(time.as_micros()).unwrap() * self.bits_per_second / 8 / 1_000_000
    }
}

#[derive(Debug)]
pub(super) struct Air {
    quality: Quality,
    random: Random,
    /// When all that waits has passed.
    free_at: Option<Instant>,
}

impl Air {
    /// The same `seed` loses the same packets.
    pub(super) fn new(quality: Quality, seed: u64) -> Self {
        Self {
            quality,
            random: Random::from_seed(seed),
            free_at: None,
        }
    }

    /// When a packet that comes now arrives; `None` when it is lost or finds the queue full.
    pub(super) fn arrival(&mut self, now: Instant, bytes: usize) -> Option<Instant> {
        if self.random.below(100) < self.quality.lost_percent {
            return None;
        }
        let begin = self.free_at.map_or(now, |free_at| free_at.max(now));
        if begin - now > self.quality.queue {
            return None;
        }
        let passed = begin + self.quality.time_of(bytes);
        self.free_at = Some(passed);
        Some(passed + self.quality.delay)
    }
}
