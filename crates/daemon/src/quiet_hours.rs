//! Quiet hours: times of the week in which bulk waits, in Thai time. Pure; the time is an argument.

use std::fmt;

/// Thai time is seven hours ahead of UTC, in summer and winter.
const AHEAD_MS: i64 = 7 * 60 * MINUTE_MS;

pub(crate) const MINUTE_MS: i64 = 60_000;
const DAY_MINUTES: i64 = 24 * 60;
const WEEK_MINUTES: i64 = 7 * DAY_MINUTES;

/// The first day of 1970 was a Thursday; weeks begin on Monday.
const FIRST_WEEKDAY: i64 = 3;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A time of some days of the week, such as `mon-fri 08:30-16:30` or, every night, `22:00-05:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// Monday first: the days on which they begin.
    days: [bool; 7],
    /// Minutes of the day; at or after the end of the day they end on the next one.
    from: i64,
    to: i64,
}

impl QuietHours {
    /// The hours that a text says; `None` when it says none.
    pub fn parse(text: &str) -> Option<Self> {
        let (days, times) = match text.split_once(' ') {
            Some((days, times)) => (parse_days(days)?, times),
            None => ([true; 7], text),
        };
        let (from, to) = times.split_once('-')?;
        let (from, to) = (parse_time(from)?, parse_time(to)?);
        // The same twice is a mistake: a whole day is 00:00-24:00.
        if from == to || from == DAY_MINUTES {
            return None;
        }
        let to = if to < from { to + DAY_MINUTES } else { to };
        Some(Self { days, from, to })
    }

    /// Whether they cover a minute of the week.
    fn cover(&self, minute: i64) -> bool {
        let days = (0_i64..).zip(self.days);
        days.filter(|(_, on)| *on).any(|(day, _)| {
            let into = (minute - day * DAY_MINUTES - self.from).rem_euclid(WEEK_MINUTES);
            into < self.to - self.from
        })
    }
}

/// When quiet hours that cover this moment end, milliseconds since 1970; `None` when none does.
/// At most a week ahead, since some never end.
pub(crate) fn quiet_until(hours: &[QuietHours], now_ms: i64) -> Option<i64> {
    let minutes = now_ms.saturating_add(AHEAD_MS).div_euclid(MINUTE_MS);
    let quiet = |after: i64| {
        let of_week = minutes + after + FIRST_WEEKDAY * DAY_MINUTES;
        let of_week = of_week.rem_euclid(WEEK_MINUTES);
        hours.iter().any(|hours| hours.cover(of_week))
    };
    let after = (0..WEEK_MINUTES).find(|after| !quiet(*after));
    let after = after.unwrap_or(WEEK_MINUTES);
    (after > 0).then(|| (minutes + after) * MINUTE_MS - AHEAD_MS)
}

fn parse_days(text: &str) -> Option<[bool; 7]> {
    let index = |name: &str| DAYS.iter().position(|day| *day == name);
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (index(first)?, index(last)?);
        let count = (last + 7 - first) % 7;
        for after in 0..=count {
            days[(first + after) % 7] = true;
        }
    }
    Some(days)
}

fn parse_time(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str| (text.len() == 2).then(|| text.parse::<u8>().ok()).flatten();
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let time = i64::from(hours) * 60 + i64::from(minutes);
    (minutes < 60 && time <= DAY_MINUTES).then_some(time)
}

impl fmt::Display for QuietHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = DAYS.iter().zip(self.days).filter(|(_, on)| *on);
        let days: Vec<_> = days.map(|(day, _)| *day).collect();
        let time = |minutes: i64| format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60);
        write!(
            f,
            "{} {}-{}",
            days.join(","),
            time(self.from),
            time(self.to)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use jiff::tz::{TimeZone, offset};

    fn at(day: i8, hour: i8, minute: i8) -> i64 {
        let thai = TimeZone::fixed(offset(7));
        let civil = date(2026, 11, day).at(hour, minute, 0, 0);
        civil.to_zoned(thai).unwrap().timestamp().as_millisecond()
    }

    fn until(texts: &[&str], now_ms: i64) -> Option<i64> {
        let hours: Vec<_> = texts
            .iter()
            .map(|text| QuietHours::parse(text).unwrap())
            .collect();
        quiet_until(&hours, now_ms)
    }

    #[test]
    fn office_hours_cover_working_days_in_thai_time() {
        // The 23rd of November 2026 is a Monday.
        let office = ["mon-fri 08:30-16:30"];
        assert_eq!(until(&office, at(23, 8, 29)), None);
        assert_eq!(until(&office, at(23, 8, 30)), Some(at(23, 16, 30)));
        assert_eq!(until(&office, at(27, 16, 29)), Some(at(27, 16, 30)));
        assert_eq!(until(&office, at(27, 16, 30)), None);
        assert_eq!(until(&office, at(28, 12, 0)), None);
    }

    #[test]
    fn hours_may_go_on_after_midnight_and_belong_to_the_day_on_which_they_begin() {
        let night = ["sun 22:00-05:00"];
        assert_eq!(until(&night, at(22, 23, 0)), Some(at(23, 5, 0)));
        assert_eq!(until(&night, at(23, 4, 59)), Some(at(23, 5, 0)));
        assert_eq!(until(&night, at(22, 4, 0)), None);
    }

    #[test]
    fn hours_that_follow_each_other_end_with_the_last() {
        let parts = ["08:00-12:00", "12:00-17:00"];
        assert_eq!(until(&parts, at(24, 9, 0)), Some(at(24, 17, 0)));
        let always = ["00:00-12:00", "12:00-24:00"];
        let week_later = at(24, 9, 0) + WEEK_MINUTES * MINUTE_MS;
        assert_eq!(until(&always, at(24, 9, 0)), Some(week_later));
    }

    #[test]
    fn what_is_no_time_of_the_week_is_refused() {
        for text in [
            "",
            "08:30",
            "8:30-16:30",
            "08:60-09:00",
            "25:00-26:00",
            "08:00-08:00",
            "mond 08:00-09:00",
            "mon-fri",
            "mon 08:00 - 09:00",
            "24:00-01:00",
        ] {
            assert_eq!(QuietHours::parse(text), None, "{text}");
        }
        for text in ["08:30-16:30", "sat,sun 00:00-24:00", "fri-mon 22:00-05:00"] {
            assert!(QuietHours::parse(text).is_some(), "{text}");
        }
        let shown = QuietHours::parse("fri-sun 22:00-05:00")
            .unwrap()
            .to_string();
        assert_eq!(shown, "fri,sat,sun 22:00-05:00");
    }
}
