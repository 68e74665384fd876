//! The form of each value, as its field wants it, and the fields that must be there.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Setting;
use super::digits::arabic;
use super::figures::{DATED_FROM, SHORT_TEXT_CHARS_MAX, YEARS};
use super::finding::{Finding, Rule, error, warning};
use crate::area;
use crate::date::Date;
use crate::decimal::Decimal;
use crate::kind::{DocumentId, Kind};
use crate::path::Path;
use crate::reference::Reference;
use crate::schema::{self, FieldType, Mismatch};
use crate::subject::Subject;

pub(super) const RULES: &[Rule] = &[
    MISSING_FIELD,
    WRONG_TYPE,
    MALFORMED_REFERENCE,
    WRONG_KIND,
    REFERS_TO_ITSELF,
    MALFORMED_AREA,
    MALFORMED_DATE,
    MALFORMED_TIME,
    MALFORMED_YEAR,
    MALFORMED_NUMBER,
    MALFORMED_ADDRESS,
    NEGATIVE,
    END_BEFORE_START,
    UNKNOWN_AREA,
    UNKNOWN_CODE,
    THAI_DIGITS,
    TEXT_TOO_LONG,
];

const MISSING_FIELD: Rule = error(
    "missing_field",
    "ยังไม่ได้กรอกช่องที่จำเป็น",
    "A required field is empty: fill it in",
);
const WRONG_TYPE: Rule = error(
    "wrong_type",
    "ชนิดของค่าไม่ตรงกับช่อง ให้กรอกใหม่",
    "The value is of another type than the field: enter it again",
);
const MALFORMED_REFERENCE: Rule = error(
    "malformed_reference",
    "ไม่ใช่รหัสเอกสาร ดูรหัสได้จาก `phaki list`",
    "This is no document id: `phaki list` shows ids",
);
const WRONG_KIND: Rule = error(
    "wrong_kind",
    "อ้างถึงเอกสารผิดชนิด",
    "The field refers to another kind of document",
);
const REFERS_TO_ITSELF: Rule = error(
    "refers_to_itself",
    "เอกสารอ้างถึงตัวเอง ให้เลือกเอกสารอื่นหรือเว้นว่าง",
    "The document refers to itself: name another one, or none",
);
const MALFORMED_AREA: Rule = error(
    "malformed_area",
    "ไม่ใช่รหัสพื้นที่ ใช้ TH, R1–R13 หรือรหัสกรมการปกครอง 2, 4, 6 หรือ 8 หลัก",
    "This is no area code: use TH, R1 to R13, or a DOPA code of 2, 4, 6 or 8 digits",
);
const MALFORMED_DATE: Rule = error(
    "malformed_date",
    "ไม่ใช่วันที่ เก็บเป็น ปี ค.ศ.-เดือน-วัน ตั้งแต่ปี 1941 เช่น 2023-11-22",
    "This is no date: it is stored as yyyy-mm-dd in the Christian era, from 1941 on",
);
const MALFORMED_TIME: Rule = error(
    "malformed_time",
    "ไม่ใช่เวลา ใช้ ชั่วโมง:นาที เช่น 10:00",
    "This is no time: use hh:mm, such as 10:00",
);
const MALFORMED_YEAR: Rule = error(
    "malformed_year",
    "ไม่ใช่ปีงบประมาณ พ.ศ. เช่น 2567",
    "This is no fiscal year of the Buddhist era, such as 2567",
);
const MALFORMED_NUMBER: Rule = error(
    "malformed_number",
    "ไม่ใช่จำนวน ใช้เลขอารบิกไม่มีเครื่องหมายจุลภาค เช่น 1234.5",
    "This is no number: use plain digits without separators, such as 1234.5",
);
const MALFORMED_ADDRESS: Rule = warning(
    "malformed_address",
    "ไม่ใช่ที่อยู่เว็บ ต้องขึ้นต้นด้วย https:// หรือ http://",
    "This is no web address: it begins with https:// or http://",
);
const NEGATIVE: Rule = error(
    "negative",
    "จำนวนติดลบ ให้แก้เป็นจำนวนบวก",
    "The number is negative: correct it",
);
const END_BEFORE_START: Rule = error(
    "end_before_start",
    "วันสิ้นสุดอยู่ก่อนวันเริ่ม ให้แก้วันใดวันหนึ่ง",
    "The end is before the start: correct one of them",
);
const UNKNOWN_AREA: Rule = warning(
    "unknown_area",
    "ไม่มีจังหวัดของรหัสพื้นที่นี้ในชุดข้อมูลอ้างอิง ดู `phaki reference show areas`",
    "No province has the first two digits of this area code: `phaki reference show areas` lists them",
);
const UNKNOWN_CODE: Rule = warning(
    "unknown_code",
    "ไม่มีรหัสนี้ในชุดข้อมูลอ้างอิง ดูรหัสที่ใช้ได้จาก `phaki reference show codes`",
    "No reference set has this code: `phaki reference show codes` lists those in use",
);
const THAI_DIGITS: Rule = warning(
    "thai_digits",
    "จำนวนเขียนด้วยเลขไทย ให้ใช้เลขอารบิก",
    "The number is written in Thai digits: use 0 to 9",
);
const TEXT_TOO_LONG: Rule = warning(
    "text_too_long",
    "ข้อความยาวเกินสำหรับช่องข้อความสั้น ให้ย่อหรือย้ายไปช่องรายละเอียด",
    "The text is long for a short field: shorten it, or use the description",
);

pub(super) fn check(subject: &Subject, setting: &Setting<'_>, findings: &mut Vec<Finding>) {
    for (key, value) in subject.leaves() {
        // Nothing is no malformed something.
        let empty = value.is_null() || value.as_str() == Some("");
        let Some(path) = Path::parse(key).ok().filter(|_| !empty) else {
            continue;
        };
        if let Err(Mismatch { expected, found }) = schema::check(subject.kind(), &path, value) {
            findings.push(WRONG_TYPE.shown_by(key, format_args!("{found} ≠ {expected}")));
        } else if let Some(field_type) = type_of(subject.kind(), &path, value) {
            findings.extend(of_value(subject.id, setting, (key, value), field_type));
        }
    }
    for field in subject.kind().into_iter().flat_map(schema::fields) {
        // A title in English only is no title yet.
        let in_languages = [FieldType::Localised, FieldType::LocalisedLong];
        let wanted = match in_languages.contains(&field.field_type) {
            true => format!("{}/th", field.pattern),
            false => field.pattern.to_owned(),
        };
        if field.required && !subject.has(&wanted) {
            findings.push(MISSING_FIELD.shown_by(&wanted, field.label.th));
        }
    }
    ends_before_starts(subject, findings);
}

/// The type of the value at a path: where a field takes one or many, that of the one.
pub(super) fn type_of(kind: Option<Kind>, path: &Path, value: &Value) -> Option<FieldType> {
    let declared = schema::field_at(kind, path)?.at?;
    if let FieldType::OneOrMany(of) = declared {
        return Some(*of);
    }
    let or_text = matches!(declared, FieldType::DateOrText | FieldType::TextOrGroup);
    Some(if or_text && value.is_string() {
        FieldType::ShortText
    } else {
        declared
    })
}

fn of_value(
    id: DocumentId,
    setting: &Setting<'_>,
    (path, value): (&str, &Value),
    wanted: FieldType,
) -> Option<Finding> {
    let Setting {
        today, reference, ..
    } = *setting;
    let text = value.as_str().unwrap_or_default();
    let number = value.as_i64();
    let negative = number.is_some_and(|number| number < 0);
    let broken = match wanted {
        FieldType::Ref(kinds) => return of_reference(id, path, kinds, text),
        FieldType::ShortText => return too_long(path, text),
        FieldType::Area => of_area(text, reference),
        FieldType::Date => (!is_date(text)).then_some(MALFORMED_DATE),
        FieldType::Time => (!is_time(text)).then_some(MALFORMED_TIME),
        FieldType::FiscalYear => {
            let known = number.is_some_and(|year| YEARS.contains(&year));
            (!known).then_some(MALFORMED_YEAR)
        }
        FieldType::Count => negative.then_some(NEGATIVE),
        // What may be taken back is checked with the budget.
        FieldType::Money => {
            let paid = path.starts_with("disbursements/");
            (negative && !paid).then_some(NEGATIVE)
        }
        FieldType::Decimal => of_decimal(value),
        FieldType::Code(name) => {
            let known = reference.label(name, text, today).is_some();
            (!known).then_some(UNKNOWN_CODE)
        }
        FieldType::Url => {
            let web = text.starts_with("https://") || text.starts_with("http://");
            (!web).then_some(MALFORMED_ADDRESS)
        }
        FieldType::LongText
        | FieldType::Localised
        | FieldType::LocalisedLong
        | FieldType::PartialDate
        | FieldType::DateOrText
        | FieldType::Bool
        | FieldType::List(_)
        | FieldType::Map(_)
        | FieldType::Many(_)
        | FieldType::OneOrMany(_)
        | FieldType::TextOrGroup
        | FieldType::Group
        | FieldType::Groups
        | FieldType::Any => None,
    };
    broken.map(|rule| rule.shown_by(path, value))
}

fn of_reference(id: DocumentId, path: &str, kinds: &[Kind], text: &str) -> Option<Finding> {
    let Ok(found) = text.parse::<DocumentId>() else {
        return Some(MALFORMED_REFERENCE.shown_by(path, format_args!("{text:?}")));
    };
    if found == id {
        return Some(REFERS_TO_ITSELF.at(path));
    }
    // A kind of a newer program may well belong here.
    let kind = found.kind()?;
    let taken = kinds.is_empty() || kinds.contains(&kind);
    (!taken).then(|| WRONG_KIND.shown_by(path, kind))
}

fn too_long(path: &str, text: &str) -> Option<Finding> {
    let chars = text.chars().count();
    let values = format_args!("{chars} > {SHORT_TEXT_CHARS_MAX}").to_string();
    (chars > SHORT_TEXT_CHARS_MAX).then(|| TEXT_TOO_LONG.shown_by(path, values))
}

fn of_area(code: &str, reference: &Reference) -> Option<Rule> {
    if !area::is_code(code) {
        return Some(MALFORMED_AREA);
    }
    let province = code
        .get(..2)
        .filter(|two| two.starts_with(|c: char| c.is_ascii_digit()))?;
    let known = [code, province].map(|code| reference.areas(code).next());
    (known == [None, None]).then_some(UNKNOWN_AREA)
}

fn of_decimal(value: &Value) -> Option<Rule> {
    let text = value.as_str()?;
    match (Decimal::parse(text), Decimal::parse(&arabic(text))) {
        (Some(_), _) => None,
        (None, Some(_)) => Some(THAI_DIGITS),
        (None, None) => Some(MALFORMED_NUMBER),
    }
}

/// A year of the Buddhist era, written into a date, would be far in the future.
fn is_date(text: &str) -> bool {
    let year = Date::parse(text).map(|date| i64::from(date.buddhist_year()));
    year.is_some_and(|year| (DATED_FROM..=*YEARS.end()).contains(&year))
}

/// `10:00`, to the minute.
fn is_time(text: &str) -> bool {
    let two = |part: &str, below: u8| {
        part.len() == 2
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && part.parse::<u8>().is_ok_and(|number| number < below)
    };
    text.split_once(':')
        .is_some_and(|(hour, minute)| two(hour, 24) && two(minute, 60))
}

/// Wherever `from` and `to` stand side by side, in whatever field.
fn ends_before_starts(subject: &Subject, findings: &mut Vec<Finding>) {
    let spans: BTreeSet<&str> = subject
        .leaves()
        .filter_map(|(path, _)| path.strip_suffix("/from"))
        .collect();
    for path in spans {
        let end = format!("{path}/to");
        let Some((from, to)) = subject
            .date(&format!("{path}/from"))
            .zip(subject.date(&end))
        else {
            continue;
        };
        if to < from {
            findings.push(END_BEFORE_START.shown_by(&end, format_args!("{to} < {from}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_two_digits_on_both_sides() {
        assert!(is_time("10:00") && is_time("00:00") && is_time("23:59"));
        for text in ["24:00", "9:30", "10.00", "10:60", "10:0", "๑๐:๐๐", ""] {
            assert!(!is_time(text), "{text}");
        }
    }
}
