//! Exact decimal numbers, as indicators have them: no fraction is ever rounded.

use std::fmt;

/// Places after the point that a number may have: a rate per hundred thousand needs five.
const PLACES: usize = 9;

/// Digits before the point: more than satang of the budget of the state.
const DIGITS_MAX: usize = 18;

/// A decimal number with at most eighteen digits before and nine after the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal {
    /// Of 10^-9.
    units: i128,
}

impl Decimal {
    /// Reads `41`, `-0.5`, `98.25`; `None` for anything else, also for Thai digits and for
    /// separators of thousands.
    pub fn parse(text: &str) -> Option<Decimal> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain = |part: &str, most: usize| {
            (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !plain(whole, DIGITS_MAX) || !plain(fraction, PLACES) {
            return None;
        }
        let units: i128 = format!("{whole}{fraction:0<PLACES$}").parse().ok()?;
        Some(Decimal {
            units: sign * units,
        })
    }
}

impl fmt::Display for Decimal {
    /// As short as can be: `0.1`, `41`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = 10_u128.pow(9);
        let (whole, rest) = (
            self.units.unsigned_abs() / one,
            self.units.unsigned_abs() % one,
        );
        let sign = if self.units < 0 { "-" } else { "" };
        write!(f, "{sign}{whole}")?;
        if rest == 0 {
            return Ok(());
        }
        let digits = format!("{rest:0>PLACES$}");
        write!(f, ".{}", digits.trim_end_matches('0'))
    }
}

impl From<i64> for Decimal {
    fn from(number: i64) -> Decimal {
        Decimal {
            units: i128::from(number) * 10_i128.pow(9),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn numbers_are_compared_by_their_value() {
        assert_eq!(decimal("0.10"), decimal("0.1"));
        assert_eq!(decimal("41"), Decimal::from(41));
        assert!(decimal("100.000000001") > Decimal::from(100));
        assert!(decimal("-0.5") < Decimal::from(0));
        assert_eq!(decimal("-0"), decimal("0.0"));
    }

    #[test]
    fn a_number_is_written_as_short_as_can_be() {
        for (text, short) in [
            ("98.250", "98.25"),
            ("-0.05", "-0.05"),
            ("041", "41"),
            ("-0", "0"),
        ] {
            assert_eq!(decimal(text).to_string(), short);
        }
    }

    #[test]
    fn what_is_no_plain_number_is_none() {
        for text in [
            "",
            "-",
            ".5",
            "5.",
            "1,000",
            "๔๑",
            "+1",
            "1e3",
            "1.0000000001",
            " 1",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
        assert_eq!(Decimal::parse(&"9".repeat(19)), None);
    }
}
