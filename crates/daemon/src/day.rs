//! The day in Thailand, whatever the zone of the machine.

use phaki_documents::date::Date;

/// The day at a moment, in milliseconds since 1970.
pub(crate) fn today(wall_ms: i64) -> Date {
    const AHEAD_MS: i64 = 7 * 60 * 60 * 1000;
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    const BEGINNING: Date = Date {
        year: 1970,
        month: 1,
        day: 1,
    };
    let days = wall_ms.saturating_add(AHEAD_MS).div_euclid(DAY_MS);
    Date::from_days(days).unwrap_or(BEGINNING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_begins_at_midnight_in_thailand() {
        // 2023-11-22 16:59:59 UTC and a second later.
        assert_eq!(today(1_700_672_399_000).to_string(), "2023-11-22");
        assert_eq!(today(1_700_672_400_000).to_string(), "2023-11-23");
    }
}
