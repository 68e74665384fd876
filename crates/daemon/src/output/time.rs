//! Moments in local time: Buddhist era in Thai, Gregorian in English.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use phaki_documents::date::Date;

use super::language::Language;

/// `22 พฤศจิกายน 2566 14:03`, or `22 November 2023 14:03`; a dash when there is no such time.
pub(crate) fn moment(ms: i64, zone: &TimeZone, language: Language) -> String {
    let Some(local) = Timestamp::from_millisecond(ms)
        .ok()
        .filter(|_| ms != 0)
        .map(|time| time.to_zoned(zone.clone()))
    else {
        return "–".to_owned();
    };
    let day = local.strftime("%Y-%m-%d").to_string();
    let clock = local.strftime("%H:%M");
    format!("{} {clock}", date(&day, language))
}

/// An ISO date in words; anything else as it is.
pub(crate) fn date(text: &str, language: Language) -> String {
    match Date::parse(text) {
        None => text.to_owned(),
        Some(date) => language.pick(date.thai(), date.english()),
    }
}

/// RFC 3339 in UTC, for programs.
pub(crate) fn rfc3339(ms: i64) -> Option<String> {
    Some(Timestamp::from_millisecond(ms).ok()?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_700_636_580_000; // 2023-11-22 07:03 UTC

    #[test]
    fn a_moment_is_local_and_in_the_era_of_the_language() {
        let bangkok = TimeZone::fixed(jiff::tz::offset(7));
        assert_eq!(
            moment(MS, &bangkok, Language::Thai),
            "22 พฤศจิกายน 2566 14:03"
        );
        assert_eq!(
            moment(MS, &bangkok, Language::English),
            "22 November 2023 14:03"
        );
        assert_eq!(moment(0, &bangkok, Language::English), "–");
        assert_eq!(moment(i64::MAX, &bangkok, Language::English), "–");
        assert_eq!(rfc3339(MS).unwrap(), "2023-11-22T07:03:00Z");
    }
}
