//! How fast bytes come, of late: so that a person can be told how long the rest takes.

use std::collections::VecDeque;

/// What came within this time decides, in milliseconds.
const RECENT_MS: u64 = 20_000;

/// The time between two marks, in milliseconds.
const MARK_EVERY_MS: u64 = 1_000;

/// Counts what comes; remembers how much it was at some moments of the last while.
#[derive(Clone, Debug, Default)]
pub(super) struct Speed {
    total: u64,
    /// When, and how much had come before; ascending, and bounded by [`RECENT_MS`].
    marks: VecDeque<(u64, u64)>,
}

impl Speed {
    /// `bytes` have come now.
    pub(super) fn came(&mut self, now_ms: u64, bytes: u64) {
        let last = self.marks.back().map(|(at, _)| *at);
        if last.is_none_or(|last| now_ms >= last.saturating_add(MARK_EVERY_MS)) {
            self.marks.push_back((now_ms, self.total));
        }
        self.total = self.total.saturating_add(bytes);
        let old = now_ms.saturating_sub(RECENT_MS);
        while self.marks.len() > 1 && self.marks.front().is_some_and(|(at, _)| *at < old) {
            self.marks.pop_front();
        }
    }

    /// Bytes a second of late; `None` while nothing came or it is too early to say.
    pub(super) fn per_second(&self, now_ms: u64) -> Option<u64> {
        let recent = now_ms.saturating_sub(RECENT_MS);
        let (at, before) = self.marks.iter().find(|(at, _)| *at >= recent)?;
        let took = now_ms.saturating_sub(*at);
        let came = self.total - before;
        (took >= MARK_EVERY_MS && came > 0).then(|| came.saturating_mul(1_000) / took)
    }

    /// Milliseconds until `bytes` more have come at this speed.
    pub(super) fn left_ms(&self, now_ms: u64, bytes: u64) -> Option<u64> {
        let per_second = self.per_second(now_ms).filter(|speed| *speed > 0)?;
        Some(bytes.saturating_mul(1_000) / per_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_speed_of_late_and_the_time_that_is_left() {
        let mut speed = Speed::default();
        assert_eq!(speed.per_second(0), None);
        for second in 0..100 {
            let bytes = if second < 50 { 1 } else { 1_000 };
            speed.came(second * 1_000, bytes);
        }
        let told = speed.per_second(100_000).unwrap();
        assert!((950..=1_050).contains(&told), "{told}");
        assert_eq!(speed.left_ms(100_000, told * 30), Some(30_000));
    }

    #[test]
    fn says_nothing_at_the_beginning_and_nothing_when_all_is_quiet() {
        let mut speed = Speed::default();
        speed.came(5_000, 100);
        assert_eq!(speed.per_second(5_500), None);
        assert_eq!(speed.per_second(6_000), Some(100));
        assert_eq!(speed.per_second(60_000), None);
        assert_eq!(speed.left_ms(60_000, 1), None);
    }

    #[test]
    fn remembers_no_more_than_the_last_while() {
        let mut speed = Speed::default();
        for ms in 0..200_000 {
            speed.came(ms, 1);
        }
        assert!(speed.marks.len() <= 22, "{}", speed.marks.len());
    }
}
