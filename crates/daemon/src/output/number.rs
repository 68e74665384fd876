//! Numbers, amounts of money, sizes and spans of time as people read them.

use super::language::Language;

/// `1,600,000`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `-1,600,000`.
pub(crate) fn grouped_signed(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", grouped(number.unsigned_abs()))
}

/// `1,600,000.00 baht` for an amount in satang.
pub(crate) fn baht(satang: i64, language: Language) -> String {
    let sign = if satang < 0 { "-" } else { "" };
    let amount = satang.unsigned_abs();
    let unit = language.pick("บาท", "baht");
    format!("{sign}{}.{:02} {unit}", grouped(amount / 100), amount % 100)
}

/// `1.50–1.80 million baht` for two amounts in satang, when that is exact, or else
/// `1,500,000.00–1,800,001.00 baht`; one amount when both are the same.
pub(crate) fn baht_range(least: i64, most: i64, language: Language) -> String {
    /// Satang of a million baht, and of its hundredth.
    const MILLION: i64 = 100_000_000;
    const HUNDREDTH: i64 = MILLION / 100;
    if least == most {
        return baht(least, language);
    }
    let round = |satang: i64| satang >= MILLION && satang % HUNDREDTH == 0;
    if round(least) && round(most) {
        let millions =
            |satang: i64| format!("{}.{:02}", satang / MILLION, satang % MILLION / HUNDREDTH);
        let unit = language.pick("ล้านบาท", "million baht");
        return format!("{}–{} {unit}", millions(least), millions(most));
    }
    let both = baht(most, language);
    let first = baht(least, language);
    let first = first.split(' ').next().unwrap_or_default();
    format!("{first}–{both}")
}

/// `640 B`, `1.4 KiB`, `23 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    // Tenths of the unit, in whole numbers.
    let mut tenths = u128::from(bytes) * 10 / 1024;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    if tenths < 100 {
        format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
    } else {
        format!("{} {}", tenths / 10, UNITS[unit])
    }
}

/// A span of time in its two largest units: `2 h 3 min`, `4 s`, `350 ms`.
pub(crate) fn span(ms: u64, language: Language) -> String {
    let seconds = ms / 1000;
    let units = [
        (86_400, language.pick("วัน", "d")),
        (3_600, language.pick("ชม.", "h")),
        (60, language.pick("นาที", "min")),
        (1, language.pick("วินาที", "s")),
    ];
    if seconds == 0 {
        return format!("{ms} {}", language.pick("มิลลิวินาที", "ms"));
    }
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (length, name) in units {
        let count = rest / length;
        rest %= length;
        if count > 0 {
            parts.push(format!("{count} {name}"));
        } else if !parts.is_empty() {
            break;
        }
        if parts.len() == 2 {
            break;
        }
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(160_000_000), "160,000,000");
        assert_eq!(grouped_signed(-1_234), "-1,234");
        assert_eq!(grouped_signed(i64::MIN), "-9,223,372,036,854,775,808");
    }

    #[test]
    fn satang_are_shown_as_baht() {
        assert_eq!(baht(160_000_000, Language::Thai), "1,600,000.00 บาท");
        assert_eq!(baht(-5, Language::English), "-0.05 baht");
    }

    #[test]
    fn a_range_is_in_millions_when_that_is_exact() {
        let range = |least, most| baht_range(least, most, Language::Thai);
        assert_eq!(range(150_000_000, 180_000_000), "1.50–1.80 ล้านบาท");
        assert_eq!(
            range(150_000_000, 180_000_100),
            "1,500,000.00–1,800,001.00 บาท"
        );
        assert_eq!(range(0, 150_000_000), "0.00–1,500,000.00 บาท");
        assert_eq!(range(5, 5), "0.05 บาท");
    }

    #[test]
    fn sizes_have_two_digits_or_more() {
        assert_eq!(size(640), "640 B");
        assert_eq!(size(1_434), "1.4 KiB");
        assert_eq!(size(24_117_248), "23 MiB");
        assert_eq!(size(u64::MAX), "16777215 TiB");
    }

    #[test]
    fn spans_show_their_two_largest_units() {
        assert_eq!(span(350, Language::English), "350 ms");
        assert_eq!(span(4_999, Language::English), "4 s");
        assert_eq!(span(7_380_000, Language::English), "2 h 3 min");
        assert_eq!(span(86_400_000, Language::Thai), "1 วัน");
        assert_eq!(span(86_405_000, Language::English), "1 d");
    }
}
