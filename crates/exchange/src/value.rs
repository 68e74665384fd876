//! Values and cells: how a value of a document looks in a cell, and what a cell means.
//!
//! A value whose plain look would mean something else is written as JSON behind `json:`, so that
//! every value comes back as it was.

mod dates;
mod reading;

use std::collections::BTreeMap;

use phaki_documents::schema::FieldType;
use phaki_documents::{DocumentId, decimal::Decimal};
use serde_json::Value;

use crate::cell::{self, Cell};
use crate::language::Language;
use crate::limits::EXACT_DIGITS_MAX;

pub use dates::{buddhist, date, fiscal_year};

/// Begins a cell whose value is given as JSON.
const JSON: &str = "json:";
/// Begins each line of a list that could be taken for a single value.
const BULLET: &str = "• ";
/// The value is known to be unknown: `null`.
const UNKNOWN: [&str; 2] = ["(ไม่ทราบ)", "(unknown)"];
/// The field shall be removed; an empty cell leaves it as it is.
const CLEAR: [&str; 2] = ["(ลบ)", "(clear)"];
/// Stands for a text that no cell can hold, and leaves it as it is.
const TOO_LONG: [&str; 2] = ["(ยาวเกินเซลล์)", "(too long for a cell)"];
const YES: [&str; 2] = ["ใช่", "yes"];
const NO: [&str; 2] = ["ไม่ใช่", "no"];

/// Documents by the names that rows of the same file give them.
pub type Names = BTreeMap<String, DocumentId>;

/// Whether a file keeps numbers apart from texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    Workbook,
    /// CSV, in which all is text.
    Delimited,
}

/// What a cell asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// The field stays as it is.
    Leave,
    /// The field is removed.
    Clear,
    Value(Value),
}

/// What should have been in a cell, in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    pub th: String,
    pub en: String,
}

impl Expected {
    pub(crate) fn new(th: impl Into<String>, en: impl Into<String>) -> Expected {
        Expected {
            th: th.into(),
            en: en.into(),
        }
    }
}

/// The cell that shows a value at a field of that type (`None`: an unknown field).
pub fn encode(value: &Value, field: Option<FieldType>, language: Language, medium: Medium) -> Cell {
    let plain = natural(value, field, language).map(|cell| held_exactly(cell, medium));
    match plain.filter(|cell| reads_back(cell, value, field, medium)) {
        Some(cell) => cell,
        None => json_cell(value, language, medium),
    }
}

/// True when a value was too long for the cell.
pub fn is_too_long(cell: &Cell) -> bool {
    matches!(cell, Cell::Text(text) if TOO_LONG.contains(&text.as_str()))
}

/// What a cell of a field of that type asks for.
///
/// # Errors
/// What should have been in the cell.
pub fn decode(cell: &Cell, field: Option<FieldType>, names: &Names) -> Result<Wanted, Expected> {
    let text = match cell {
        _ if cell.is_blank() => return Ok(Wanted::Leave),
        Cell::Text(text) => text.as_str(),
        _ => return reading::read(cell, field, names).map(Wanted::Value),
    };
    let mark = text.trim();
    if TOO_LONG.contains(&mark) {
        return Ok(Wanted::Leave);
    }
    if CLEAR.contains(&mark) {
        return Ok(Wanted::Clear);
    }
    if UNKNOWN.contains(&mark) {
        return Ok(Wanted::Value(Value::Null));
    }
    if let Some(json) = mark.strip_prefix(JSON) {
        return serde_json::from_str(json)
            .map(Wanted::Value)
            .map_err(|_| Expected::new("JSON ที่ถูกต้องหลังคำว่า json:", "sound JSON behind json:"));
    }
    reading::read(cell, field, names).map(Wanted::Value)
}

/// True when both mean the same at a field of that type: decimal numbers by their value, whether
/// they are stored as numbers or as texts.
pub fn same(one: &Value, other: &Value, field: Option<FieldType>) -> bool {
    if one == other {
        return true;
    }
    let number = |value: &Value| match value {
        Value::String(text) => Decimal::parse(text),
        Value::Number(number) => number.as_i64().map(Decimal::from),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    field == Some(FieldType::Decimal) && number(one).is_some() && number(one) == number(other)
}

/// `1600000.00` for 160000000 satang.
pub(crate) fn baht(satang: i64) -> String {
    let sign = if satang < 0 { "-" } else { "" };
    let amount = satang.unsigned_abs();
    format!("{sign}{}.{:02}", amount / 100, amount % 100)
}

fn natural(value: &Value, field: Option<FieldType>, language: Language) -> Option<Cell> {
    match (value, field) {
        (Value::Null, _) => Some(Cell::text(language.pick(UNKNOWN[0], UNKNOWN[1]))),
        (Value::Bool(yes), Some(FieldType::Bool)) => {
            let words = if *yes { YES } else { NO };
            Some(Cell::text(language.pick(words[0], words[1])))
        }
        (Value::Number(number), Some(FieldType::Money)) => {
            number.as_i64().map(|satang| Cell::Number(baht(satang)))
        }
        (Value::Number(number), _) => number.as_i64().map(|int| Cell::Number(int.to_string())),
        (Value::String(text), _) => Some(Cell::text(text.as_str())),
        (Value::Array(items), Some(field)) => lines(items, field, language),
        (Value::Bool(_) | Value::Array(_) | Value::Object(_), _) => None,
    }
}

/// A list, one item a line.
fn lines(items: &[Value], field: FieldType, language: Language) -> Option<Cell> {
    let item = reading::item_type(field)?;
    let bulleted = matches!(field, FieldType::OneOrMany(_)) && items.len() == 1;
    let line = |value: &Value| {
        let shown = natural(value, Some(item), language)?.shown();
        Some(if bulleted {
            format!("{BULLET}{shown}")
        } else {
            shown
        })
    };
    let lines: Option<Vec<String>> = items.iter().map(line).collect();
    lines.map(|lines| Cell::text(lines.join("\n")))
}

/// A number with more digits than a workbook keeps is text there.
fn held_exactly(cell: Cell, medium: Medium) -> Cell {
    match (cell, medium) {
        (Cell::Number(number), Medium::Workbook)
            if number.bytes().filter(u8::is_ascii_digit).count() > EXACT_DIGITS_MAX =>
        {
            Cell::Text(number)
        }
        (cell, _) => cell,
    }
}

fn reads_back(cell: &Cell, value: &Value, field: Option<FieldType>, medium: Medium) -> bool {
    let seen = match (cell, medium) {
        (Cell::Number(number), Medium::Delimited) => Cell::Text(number.clone()),
        (cell, _) => cell.clone(),
    };
    let held = match (&seen, medium) {
        (Cell::Text(text), Medium::Workbook) => cell::is_storable(text),
        (Cell::Text(text), Medium::Delimited) => cell::fits(text),
        _ => true,
    };
    let exact = medium == Medium::Workbook;
    held && match decode(&seen, field, &Names::new()) {
        Ok(Wanted::Value(read)) if exact => read == *value,
        Ok(Wanted::Value(read)) => same(&read, value, field),
        Ok(Wanted::Leave | Wanted::Clear) | Err(_) => false,
    }
}

fn json_cell(value: &Value, language: Language, medium: Medium) -> Cell {
    let json = match medium {
        Medium::Workbook => escaped(&value.to_string()),
        Medium::Delimited => value.to_string(),
    };
    let text = format!("{JSON}{json}");
    match cell::fits(&text) {
        true => Cell::Text(text),
        false => Cell::text(language.pick(TOO_LONG[0], TOO_LONG[1])),
    }
}

/// JSON with all that a workbook would change written as `\u…`; such characters stand only inside
/// the strings of a JSON text.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.replace("_x", "\\u005fx").chars() {
        match cell::is_storable(c.encode_utf8(&mut [0; 4])) {
            true => out.push(c),
            false => out.push_str(&format!("\\u{:04x}", u32::from(c))),
        }
    }
    out
}

#[cfg(test)]
mod tests;
