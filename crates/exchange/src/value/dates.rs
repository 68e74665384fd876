//! Dates and years as people type them: ISO or Thai, Christian or Buddhist era, Thai digits.

use phaki_documents::date::Date;

use crate::language::Language;

/// Years of the Buddhist era that are read. Before 2484 the year began in April, so that a date
/// of then cannot be converted.
const BUDDHIST: std::ops::RangeInclusive<u16> = 2484..=2699;
/// The same years of the Christian era.
const CHRISTIAN: std::ops::RangeInclusive<u16> = 1941..=2156;

const SHORT_THAI_MONTHS: [&str; 12] = [
    "ม.ค.",
    "ก.พ.",
    "มี.ค.",
    "เม.ย.",
    "พ.ค.",
    "มิ.ย.",
    "ก.ค.",
    "ส.ค.",
    "ก.ย.",
    "ต.ค.",
    "พ.ย.",
    "ธ.ค.",
];

/// Reads `2023-11-22`, `2566-11-22`, `22/11/2566`, `22 พ.ย. 2566`, `22 November 2023`, with Thai
/// digits too. `22/11/2023` is refused: elsewhere the month stands first.
pub fn date(text: &str) -> Option<Date> {
    let text = arabic(text.trim());
    if let Some((day, rest)) = text.split_once('/') {
        let (month, year) = rest.split_once('/')?;
        let year: u16 = year.parse().ok()?;
        let buddhist = BUDDHIST.contains(&year).then_some(year)?;
        return made(buddhist - 543, month.parse().ok()?, day.parse().ok()?);
    }
    if text.contains('-') {
        let mut parts = text.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        let whole = parts.next().is_none() && (year.len(), month.len(), day.len()) == (4, 2, 2);
        let year = whole.then(|| christian(year.parse().ok()?))??;
        return made(year, month.parse().ok()?, day.parse().ok()?);
    }
    let words: Vec<&str> = text
        .split_whitespace()
        .filter(|word| *word != "พ.ศ." && *word != "ค.ศ.")
        .collect();
    let [day, month, year] = words.as_slice() else {
        return None;
    };
    let year = christian(year.parse().ok()?)?;
    made(year, month_named(month)?, day.parse().ok()?)
}

/// The date in which a spreadsheet program took a Buddhist year for a Christian one is put right.
pub(super) fn of_program(date: Date) -> Option<Date> {
    made(christian(date.year)?, date.month, date.day)
}

/// Reads a fiscal year of the Buddhist era: `2567`, `๒๕๖๗`, `67`, `2024`.
pub fn fiscal_year(text: &str) -> Option<i64> {
    let text = arabic(text.trim());
    let number: u16 = text.parse().ok()?;
    let year = match text.len() {
        2 => 2500 + number,
        4 if BUDDHIST.contains(&number) => number,
        4 if CHRISTIAN.contains(&number) => number + 543,
        _ => return None,
    };
    Some(i64::from(year))
}

/// What a reader is shown beside an ISO date: `22 พฤศจิกายน 2566`.
pub fn buddhist(iso: &str, language: Language) -> Option<String> {
    let date = Date::parse(iso)?;
    Some(match language {
        Language::Thai => date.thai(),
        Language::English => {
            let english = date.english();
            let (day, _) = english.rsplit_once(' ')?;
            format!("{day} {}", date.buddhist_year())
        }
    })
}

/// The text with Thai digits written as `0` to `9`.
pub(super) fn arabic(text: &str) -> String {
    let digit = |c: char| match c {
        '๐'..='๙' => char::from_digit(u32::from(c) - u32::from('๐'), 10).unwrap_or(c),
        other => other,
    };
    text.chars().map(digit).collect()
}

fn christian(year: u16) -> Option<u16> {
    if BUDDHIST.contains(&year) {
        return Some(year - 543);
    }
    CHRISTIAN.contains(&year).then_some(year)
}

fn made(year: u16, month: u8, day: u8) -> Option<Date> {
    Date::parse(&Date { year, month, day }.to_string())
}

fn month_named(name: &str) -> Option<u8> {
    (1..=12).find(|month| {
        let first = Date {
            year: 2000,
            month: *month,
            day: 1,
        };
        let (thai, english) = (first.thai(), first.english());
        let long = |date: &str| date.split(' ').nth(1).unwrap_or_default().to_owned();
        let short = SHORT_THAI_MONTHS.get(usize::from(*month) - 1);
        let english = long(&english).to_lowercase();
        let name = name.to_lowercase();
        long(&thai) == name
            || short.is_some_and(|short| *short == name)
            || english == name
            || (name.len() == 3 && english.starts_with(&name))
    })
}
