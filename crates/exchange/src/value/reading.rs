//! What is in a cell, read as the type of its field demands.

use phaki_documents::schema::{FieldType, vocabulary};
use phaki_documents::{DocumentId, amount, area, decimal::Decimal};
use serde_json::Value;

use super::{BULLET, Expected, NO, Names, Wanted, YES, dates, decode};
use crate::cell::Cell;

/// The type of the items of a list.
pub(super) fn item_type(field: FieldType) -> Option<FieldType> {
    if let FieldType::List(item) | FieldType::Many(item) | FieldType::OneOrMany(item) = field {
        return Some(*item);
    }
    None
}

/// The value of a cell that is no mark.
pub(super) fn read(
    cell: &Cell,
    field: Option<FieldType>,
    names: &Names,
) -> Result<Value, Expected> {
    match cell {
        Cell::Empty | Cell::Strange(_) => Err(Expected::new(
            "ค่าจริง ไม่ใช่ข้อผิดพลาดของโปรแกรมหรือค่าเวลา",
            "a value, not an error or a time of the spreadsheet program",
        )),
        Cell::Date(date) => match field {
            Some(FieldType::Date | FieldType::DateOrText | FieldType::Any) | None => {
                let date = dates::of_program(*date).ok_or_else(|| expected(FieldType::Date))?;
                Ok(Value::from(date.to_string()))
            }
            Some(other) => Err(expected(other)),
        },
        Cell::Number(number) => match field {
            None | Some(FieldType::Any) => Ok(number_value(number)),
            Some(FieldType::Decimal) => match number.parse::<i64>() {
                Ok(whole) => Ok(Value::from(whole)),
                Err(_) => typed(number, FieldType::Decimal, names),
            },
            Some(FieldType::Time | FieldType::Date | FieldType::Bool) | Some(FieldType::Url) => {
                Err(expected(field.unwrap_or(FieldType::Any)))
            }
            Some(field) => typed(number, field, names),
        },
        Cell::Text(text) => match field {
            None => Ok(Value::from(text.as_str())),
            Some(field) => typed(text, field, names),
        },
    }
}

fn number_value(number: &str) -> Value {
    match (number.parse::<i64>(), number.parse::<f64>()) {
        (Ok(whole), _) => Value::from(whole),
        (Err(_), Ok(fraction)) => Value::from(fraction),
        (Err(_), Err(_)) => Value::from(number),
    }
}

fn typed(text: &str, field: FieldType, names: &Names) -> Result<Value, Expected> {
    let word = text.trim();
    let read = match field {
        FieldType::Money => amount::satang_of_baht(word).ok().map(Value::from),
        FieldType::Count => whole_number(word).map(Value::from),
        FieldType::FiscalYear => dates::fiscal_year(word).map(Value::from),
        FieldType::Decimal => decimal(word).map(Value::from),
        FieldType::Date => dates::date(word).map(|date| Value::from(date.to_string())),
        FieldType::Time => time(word).map(Value::from),
        FieldType::Area => {
            let code = dates::arabic(word);
            area::is_code(&code).then(|| Value::from(code))
        }
        FieldType::Bool => boolean(word).map(Value::from),
        FieldType::Code(name) => Some(Value::from(code(name, word))),
        FieldType::Ref(kinds) => reference(word, names)
            .filter(|id| kinds.is_empty() || id.kind().is_some_and(|kind| kinds.contains(&kind)))
            .map(|id| Value::from(id.to_string())),
        FieldType::List(_) | FieldType::Many(_) | FieldType::OneOrMany(_) => {
            return list(text, field, names);
        }
        FieldType::ShortText
        | FieldType::LongText
        | FieldType::Url
        | FieldType::DateOrText
        | FieldType::TextOrGroup
        | FieldType::Any => Some(Value::from(text)),
        FieldType::Localised
        | FieldType::LocalisedLong
        | FieldType::PartialDate
        | FieldType::Map(_)
        | FieldType::Group
        | FieldType::Groups => None,
    };
    read.ok_or_else(|| expected(field))
}

fn list(text: &str, field: FieldType, names: &Names) -> Result<Value, Expected> {
    let Some(item) = item_type(field) else {
        return Err(expected(field));
    };
    let codes = matches!(
        item,
        FieldType::Code(_) | FieldType::Area | FieldType::Ref(_) | FieldType::FiscalYear
    );
    let mut bulleted = false;
    let mut items = Vec::new();
    for line in text.split('\n').map(|line| line.trim_end_matches('\r')) {
        let line = line
            .strip_prefix(BULLET)
            .inspect(|_| bulleted = true)
            .unwrap_or(line);
        let parts = line.split(|c| codes && matches!(c, ',' | ';'));
        for part in parts.filter(|part| !part.trim().is_empty()) {
            let part = if codes { part.trim() } else { part };
            match decode(&Cell::text(part), Some(item), names)? {
                Wanted::Value(value) => items.push(value),
                Wanted::Leave | Wanted::Clear => return Err(expected(field)),
            }
        }
    }
    let single = matches!(field, FieldType::OneOrMany(_)) && !bulleted && items.len() == 1;
    match single.then(|| items.pop()).flatten() {
        Some(value) => Ok(value),
        None => Ok(Value::Array(items)),
    }
}

fn whole_number(text: &str) -> Option<i64> {
    let text = dates::arabic(text);
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.as_str()),
    };
    let digits = amount::without_separators(digits)?;
    format!("{sign}{digits}").parse().ok()
}

/// The number as it was typed, so that `0.10` stays so; Thai digits and separators are rewritten.
fn decimal(text: &str) -> Option<String> {
    let text = dates::arabic(text);
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, format!(".{fraction}")),
        None => (text.as_str(), String::new()),
    };
    let (sign, digits) = match whole.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", whole),
    };
    let number = format!("{sign}{}{fraction}", amount::without_separators(digits)?);
    Decimal::parse(&number).map(|_| number)
}

fn time(text: &str) -> Option<String> {
    let text = dates::arabic(text);
    let (hours, minutes) = text.split_once(':')?;
    let number = |part: &str, below: u8| {
        let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        digits && part.parse::<u8>().is_ok_and(|number| number < below)
    };
    (number(hours, 24) && number(minutes, 60)).then_some(text)
}

fn boolean(word: &str) -> Option<bool> {
    let word = word.to_lowercase();
    if YES.contains(&word.as_str()) || word == "true" {
        return Some(true);
    }
    (NO.contains(&word.as_str()) || word == "false").then_some(false)
}

/// The code of a vocabulary that is meant by itself or by one of its labels; an unknown one is
/// kept as it is, since newer programs know more.
fn code(name: &str, word: &str) -> String {
    let known = vocabulary::codes(name).unwrap_or_default();
    let found = known.iter().find(|code| code.code == word).or_else(|| {
        let english = word.to_lowercase();
        known
            .iter()
            .find(|code| code.th == word || code.en.to_lowercase() == english)
    });
    found.map_or_else(|| word.to_owned(), |code| code.code.to_owned())
}

fn reference(word: &str, names: &Names) -> Option<DocumentId> {
    names.get(word).copied().or_else(|| word.parse().ok())
}

/// What belongs into a cell of that type.
fn expected(field: FieldType) -> Expected {
    let (th, en) = match field {
        FieldType::Money => (
            "จำนวนเงินบาท ทศนิยมไม่เกินสองตำแหน่ง เช่น 1600000.00 หรือ 1.6 ล้านบาท",
            "an amount of baht with at most two decimals, such as 1600000.00",
        ),
        FieldType::Count => ("จำนวนเต็ม", "a whole number"),
        FieldType::FiscalYear => ("ปีงบประมาณ พ.ศ. เช่น 2567", "a fiscal year, such as 2567"),
        FieldType::Decimal => ("ตัวเลข เช่น 12.5", "a number, such as 12.5"),
        FieldType::Date => (
            "วันที่ เช่น 2023-11-22 หรือ 22 พ.ย. 2566",
            "a date, such as 2023-11-22 or 22 พ.ย. 2566",
        ),
        FieldType::Time => ("เวลา เช่น 09:30", "a time, such as 09:30"),
        FieldType::Area => (
            "รหัสพื้นที่ TH, R1 ถึง R13 หรือรหัส 2 4 6 8 หลัก",
            "an area code: TH, R1 to R13, or 2, 4, 6 or 8 digits",
        ),
        FieldType::Bool => ("ใช่ หรือ ไม่ใช่", "yes or no"),
        FieldType::Ref(_) => (
            "รหัสเอกสารชนิดที่ถูกต้อง หรือรหัสแถวในไฟล์นี้",
            "the id of a document of the right kind, or the name of a row of this file",
        ),
        FieldType::List(item) | FieldType::Many(item) | FieldType::OneOrMany(item) => {
            return expected(*item);
        }
        FieldType::ShortText
        | FieldType::LongText
        | FieldType::Url
        | FieldType::Code(_)
        | FieldType::DateOrText
        | FieldType::TextOrGroup
        | FieldType::Any => ("ข้อความ", "a text"),
        FieldType::Localised
        | FieldType::LocalisedLong
        | FieldType::PartialDate
        | FieldType::Map(_)
        | FieldType::Group
        | FieldType::Groups => ("json: แล้วตามด้วย JSON", "json: and then JSON"),
    };
    Expected::new(th, en)
}
