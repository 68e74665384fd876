//! A span of time on the command line.

use std::time::Duration;

/// Reads `90s`, `30m`, `12h`, `7d`.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &text[..text.len() - unit.len()];
    let seconds = match unit {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err("write a number and a unit: 90s, 30m, 12h or 7d".to_owned()),
    };
    let count: u64 = digits
        .parse()
        .map_err(|_| "write a number and a unit: 90s, 30m, 12h or 7d".to_owned())?;
    let total = count.checked_mul(seconds).filter(|total| *total > 0);
    total
        .filter(|total| *total <= LONGEST)
        .map(Duration::from_secs)
        .ok_or_else(|| "is out of range".to_owned())
}

/// Seconds of a year: nobody waits longer, and moments that far ahead can be computed.
const LONGEST: u64 = 366 * 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_a_number_and_a_unit() {
        assert_eq!(span("7d"), Ok(Duration::from_secs(604_800)));
        assert_eq!(span("30m"), Ok(Duration::from_secs(1_800)));
        for bad in [
            "",
            "7",
            "d",
            "7w",
            "-1h",
            "0s",
            "367d",
            "99999999999999999999d",
        ] {
            assert!(span(bad).is_err(), "{bad}");
        }
    }
}
