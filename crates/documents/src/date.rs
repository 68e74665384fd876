//! Dates as people in Thailand read them: Buddhist era on display, ISO inside.

use std::fmt;

/// A calendar date, proleptic Gregorian, Christian era.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    pub year: u16,
    pub month: u8,
    pub day: u8,
}

const THAI_MONTHS: [&str; 12] = [
    "มกราคม",
    "กุมภาพันธ์",
    "มีนาคม",
    "เมษายน",
    "พฤษภาคม",
    "มิถุนายน",
    "กรกฎาคม",
    "สิงหาคม",
    "กันยายน",
    "ตุลาคม",
    "พฤศจิกายน",
    "ธันวาคม",
];

const ENGLISH_MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl Date {
    /// Reads `2023-11-22`; `None` for anything else, also for a day that does not exist.
    pub fn parse(text: &str) -> Option<Date> {
        let bytes = text.as_bytes();
        let plain = bytes.len() == 10 && bytes[4] == b'-' && bytes[7] == b'-';
        let digits = |range: std::ops::Range<usize>| -> Option<u16> {
            let part = text.get(range)?;
            let numeric = part.bytes().all(|byte| byte.is_ascii_digit());
            numeric.then(|| part.parse().ok()).flatten()
        };
        if !plain {
            return None;
        }
        let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
        let date = Date {
            year,
            month: u8::try_from(month).ok()?,
            day: u8::try_from(day).ok()?,
        };
        let exists =
            (1..=12).contains(&date.month) && (1..=date.days_in_month()).contains(&date.day);
        exists.then_some(date)
    }

    /// The day on which so many days have passed since 1 January 1970; `None` outside of the years
    /// 0 to 9999.
    pub fn from_days(days: i64) -> Option<Date> {
        // After Howard Hinnant, "chrono-compatible low-level date algorithms": eras of 400 years
        // that begin in March, so that the leap day is the last of its year.
        let shifted = days.checked_add(719_468)?;
        let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let month = if march_month < 10 {
            march_month + 3
        } else {
            march_month - 9
        };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Some(Date {
            year: u16::try_from(year).ok().filter(|year| *year <= 9999)?,
            month: u8::try_from(month).ok()?,
            day: u8::try_from(day_of_year - (153 * march_month + 2) / 5 + 1).ok()?,
        })
    }

    /// Days since 1 January 1970.
    pub fn days(self) -> i64 {
        let (month, day) = (i64::from(self.month), i64::from(self.day));
        let year = i64::from(self.year) - i64::from(month <= 2);
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let march_month = if month > 2 { month - 3 } else { month + 9 };
        let day_of_year = (153 * march_month + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }

    /// `22 พฤศจิกายน 2566`.
    pub fn thai(self) -> String {
        let month = self.month_name(&THAI_MONTHS);
        format!("{} {month} {}", self.day, self.buddhist_year())
    }

    /// `22 November 2023`.
    pub fn english(self) -> String {
        let month = self.month_name(&ENGLISH_MONTHS);
        format!("{} {month} {}", self.day, self.year)
    }

    /// The year of the Buddhist era.
    pub fn buddhist_year(self) -> u16 {
        self.year + 543
    }

    /// The Thai fiscal year (Buddhist era), which begins on 1 October of the year before.
    pub fn fiscal_year(self) -> u16 {
        self.buddhist_year() + u16::from(self.month >= 10)
    }

    /// The first day of a fiscal year of the Buddhist era; `None` beyond the years of this type.
    pub fn fiscal_year_begins(year: i64) -> Option<Date> {
        let before = year.checked_sub(1)?.checked_sub(543)?;
        let year = u16::try_from(before).ok().filter(|year| *year <= 9999)?;
        let (month, day) = (10, 1);
        Some(Date { year, month, day })
    }

    fn month_name(self, names: &[&'static str; 12]) -> &'static str {
        names
            .get(usize::from(self.month).wrapping_sub(1))
            .copied()
            .unwrap_or_default()
    }

    fn days_in_month(self) -> u8 {
        let leap = self.year.is_multiple_of(4)
            && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        match self.month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }
}

impl fmt::Display for Date {
    /// `2023-11-22`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn a_date_is_shown_in_the_buddhist_era() {
        assert_eq!(date("2023-11-22").thai(), "22 พฤศจิกายน 2566");
        assert_eq!(date("2023-11-22").english(), "22 November 2023");
        assert_eq!(date("2024-02-29").thai(), "29 กุมภาพันธ์ 2567");
    }

    #[test]
    fn the_fiscal_year_turns_on_the_first_of_october() {
        for (text, year) in [
            ("2024-09-30", 2567),
            ("2024-10-01", 2568),
            ("2024-12-31", 2568),
            ("2025-01-01", 2568),
            ("2024-02-29", 2567),
            ("2015-10-24", 2559),
        ] {
            assert_eq!(date(text).fiscal_year(), year, "{text}");
        }
        assert_eq!(Date::fiscal_year_begins(2568), Some(date("2024-10-01")));
        assert_eq!(Date::fiscal_year_begins(0), None);
    }

    #[test]
    fn days_are_counted_both_ways() {
        assert_eq!(date("1970-01-01").days(), 0);
        assert_eq!(date("2000-03-01").days(), 11_017);
        for days in (-30_000..60_000).step_by(7) {
            let day = Date::from_days(days).unwrap();
            assert_eq!(day.days(), days);
            assert_eq!(Date::parse(&day.to_string()), Some(day));
        }
        assert_eq!(Date::from_days(i64::MAX), None);
        assert_eq!(Date::from_days(-1_000_000), None);
    }

    #[test]
    fn what_is_not_a_date_is_refused() {
        for text in [
            "2023-02-29",
            "2023-13-01",
            "2023-1-1",
            "+023-01-01",
            "๒๕๖๖-๐๑",
            "",
        ] {
            assert_eq!(Date::parse(text), None, "{text}");
        }
    }
}
