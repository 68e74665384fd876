//! How much may be on its way to a peer: as much as its line carries in about a second.
//!
//! Whatever is sent waits behind what is on its way already, in the outbox, in the system's buffers
//! and on the line. So on a slow line little may be on its way, or an officer's edit waits for the bulk
//! before it; and little is lost when the line breaks. On a fast one much may, or the line rests.

use crate::limits::{
    IN_FLIGHT_BYTES_MAX, PACE_BYTES_MIN, PACE_BYTES_START, PACE_TARGET, RUN_BYTES_TARGET,
};
use crate::node::timing::ms;

/// The window of one link, in bytes of payload.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    window: usize,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self {
            window: PACE_BYTES_START,
        }
    }

    /// Bytes that may be on their way for want of anything urgent.
    pub(super) fn window(&self) -> usize {
        self.window
    }

    /// Bytes that one run should have. Three of them fill the window: while one is acknowledged and one
    /// waits for a packet that was lost, the third keeps the line busy.
    pub(super) fn run_bytes(&self) -> usize {
        (self.window / 3).min(RUN_BYTES_TARGET)
    }

    /// What was sent as the last of `outstanding` bytes was acknowledged `took_ms` later.
    ///
    /// All of these passed in that time, so the bytes that pass in [`PACE_TARGET`] are in the same
    /// proportion. When little was on its way the time is that of the line's length alone: then it
    /// says how much more may be on its way, never that it should be less.
    pub(super) fn acknowledged(&mut self, outstanding: usize, took_ms: u64) {
        let took = u128::from(took_ms.max(1));
        let fitting = outstanding as u128 * u128::from(ms(PACE_TARGET)) / took;
        let fitting = usize::try_from(fitting).unwrap_or(usize::MAX);
        let was_full = outstanding.saturating_mul(2) >= self.window;
        if fitting > self.window {
            self.window = fitting.min(2 * self.window).min(IN_FLIGHT_BYTES_MAX);
        } else if was_full {
            // A packet that was lost and sent again says little of the line.
            let less = self.window / 4 * 3 + fitting / 4;
            self.window = less.max(PACE_BYTES_MIN);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps a line of so many bytes a millisecond busy; the window afterwards.
    fn after(bytes_per_ms: usize, length_ms: u64, acknowledgements: usize) -> usize {
        let mut pace = Pace::new();
        for _ in 0..acknowledgements {
            let outstanding = pace.window();
            let passing = u64::try_from(outstanding / bytes_per_ms).unwrap();
            pace.acknowledged(outstanding, length_ms + passing);
        }
        pace.window()
    }

    #[test]
    fn a_slow_line_gets_what_it_carries_in_the_target_less_its_length() {
        // 800 kbit/s of payload, 300 ms from one end to the other and back.
        let window = after(100, 300, 50);
        let ideal = 100 * usize::try_from(ms(PACE_TARGET) - 300).unwrap();
        assert!(
            (ideal * 9 / 10..=ideal * 11 / 10).contains(&window),
            "{window}"
        );
    }

    #[test]
    fn a_fast_line_gets_all_that_may_be_in_flight_within_a_few_acknowledgements() {
        assert_eq!(after(10_000, 1, 8), IN_FLIGHT_BYTES_MAX);
    }

    #[test]
    fn a_line_that_hardly_moves_keeps_a_window_that_is_of_use() {
        assert_eq!(after(1, 10_000, 100), PACE_BYTES_MIN);
    }

    #[test]
    fn single_edits_on_a_long_line_do_not_narrow_the_window() {
        let mut pace = Pace::new();
        pace.acknowledged(300, 700);
        assert_eq!(pace.window(), PACE_BYTES_START);
    }

    #[test]
    fn a_run_is_a_third_of_a_window_and_no_more_than_a_run_may_be() {
        let mut pace = Pace::new();
        assert_eq!(pace.run_bytes(), PACE_BYTES_START / 3);
        for _ in 0..10 {
            pace.acknowledged(pace.window(), 1);
        }
        assert_eq!(pace.run_bytes(), RUN_BYTES_TARGET);
    }
}
