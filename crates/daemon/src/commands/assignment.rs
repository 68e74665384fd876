//! `PATH=VALUE` of the command line: what the value means depends on the field.

use phaki_documents::schema::{self, FieldType};
use phaki_documents::{Kind, Path, amount, date};
use serde_json::{Map, Value};

use crate::cli::Misuse;

/// One field and the value that it shall have.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Assignment {
    pub(crate) path: Path,
    pub(crate) value: Value,
}

/// Reads `PATH=VALUE` for a document of that kind.
pub(crate) fn assignment(kind: Option<Kind>, text: &str) -> Result<Assignment, Misuse> {
    let Some((path, value)) = text.split_once('=') else {
        return Err(Misuse(format!(
            "{text:?} lacks a `=`; write a field and its value, such as status=approved"
        )));
    };
    let path = field_path(path)?;
    let value = value_at(kind, &path, value)?;
    Ok(Assignment { path, value })
}

/// Reads the path of a field.
pub(crate) fn field_path(text: &str) -> Result<Path, Misuse> {
    Path::parse(text.trim()).map_err(|error| {
        Misuse(format!(
            "{text:?} is no field: {error}; write it as `phaki show` does, such as title/th"
        ))
    })
}

/// Reads the value of a field. Where the schema wants text or a code the text stays as it is, so
/// that `01` remains `01`; elsewhere JSON is read as JSON and the rest is text.
pub(crate) fn value_at(kind: Option<Kind>, path: &Path, text: &str) -> Result<Value, Misuse> {
    let known = schema::field_at(kind, path).and_then(|found| found.at);
    match known {
        Some(field) => typed(field, path, text),
        None => Ok(any(text)),
    }
}

/// Reads an item for the list at a path.
pub(crate) fn item_of(kind: Option<Kind>, path: &Path, text: &str) -> Result<Value, Misuse> {
    let known = schema::field_at(kind, path).and_then(|found| found.at);
    match known.map(item_type) {
        Some(Some(item)) => typed(item, path, text),
        _ => Ok(any(text)),
    }
}

/// Puts the assignments into one nested document.
pub(crate) fn nested(assignments: Vec<Assignment>) -> Result<Map<String, Value>, Misuse> {
    use phaki_documents::path::Segment;
    let mut root = Map::new();
    for Assignment { path, value } in assignments {
        let mut keys = Vec::new();
        for segment in path.segments() {
            let Segment::Key(key) = segment else {
                return Err(Misuse(format!(
                    "{path} names an item of a list; give the whole list: {}=[…]",
                    path.as_str().split("/#").next().unwrap_or_default()
                )));
            };
            keys.push(key);
        }
        let last = keys.pop().unwrap_or_default();
        let mut place = &mut root;
        for key in keys {
            let below = place
                .entry(key)
                .or_insert_with(|| Value::Object(Map::new()));
            place = below.as_object_mut().ok_or_else(|| {
                Misuse(format!("{path} lies inside a field that was given a value"))
            })?;
        }
        if place.insert(last, value).is_some() {
            return Err(Misuse(format!("{path} is given twice")));
        }
    }
    Ok(root)
}

fn typed(field: FieldType, path: &Path, text: &str) -> Result<Value, Misuse> {
    if text == "null" {
        return Ok(Value::Null);
    }
    match field {
        FieldType::Money => amount::satang(text)
            .map(Value::from)
            .map_err(|error| Misuse(format!("{path}: {text:?} {error}"))),
        FieldType::Count | FieldType::FiscalYear => integer(path, text),
        FieldType::Date => iso_date(path, text),
        FieldType::ShortText
        | FieldType::LongText
        | FieldType::Code(_)
        | FieldType::Ref(_)
        | FieldType::Area
        | FieldType::Decimal
        | FieldType::Time
        | FieldType::Url => Ok(own_text(text)),
        FieldType::List(_) | FieldType::Many(_) | FieldType::OneOrMany(_) => {
            list(field, path, text)
        }
        FieldType::DateOrText if !text.starts_with('{') => Ok(own_text(text)),
        FieldType::Localised | FieldType::LocalisedLong if !text.starts_with('{') => Err(Misuse(
            format!("{path} has a text in each language; write {path}/th=… or {path}/en=…"),
        )),
        _ => Ok(any(text)),
    }
}

/// A list is written as JSON; codes, areas, ids and years also as `41,42`, a text as itself.
fn list(field: FieldType, path: &Path, text: &str) -> Result<Value, Misuse> {
    let one_or_many = matches!(field, FieldType::OneOrMany(_));
    if text.starts_with(['[', '{']) {
        return match serde_json::from_str(text) {
            Ok(value) => Ok(value),
            Err(error) => Err(Misuse(format!("{path}: {text:?} is no JSON: {error}"))),
        };
    }
    let Some(item) = item_type(field) else {
        return Ok(any(text));
    };
    let parted = matches!(
        item,
        FieldType::Code(_) | FieldType::Area | FieldType::Ref(_) | FieldType::FiscalYear
    );
    let parts: Vec<&str> = if parted {
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .collect()
    } else {
        vec![text]
    };
    match (one_or_many, parts.as_slice()) {
        (true, [single]) => typed(item, path, single),
        _ => parts
            .into_iter()
            .map(|part| typed(item, path, part))
            .collect(),
    }
}

fn item_type(field: FieldType) -> Option<FieldType> {
    match field {
        FieldType::List(item) | FieldType::Many(item) | FieldType::OneOrMany(item) => Some(*item),
        _ => None,
    }
}

fn integer(path: &Path, text: &str) -> Result<Value, Misuse> {
    let folded = phaki_documents::text::fold_number(text);
    let (sign, digits) = match folded.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", folded.as_str()),
    };
    amount::without_separators(digits)
        .and_then(|digits| format!("{sign}{digits}").parse::<i64>().ok())
        .map(Value::from)
        .ok_or_else(|| Misuse(format!("{path}: {text:?} is no whole number")))
}

/// An ISO date. A year of the Buddhist era there is a slip that nothing later would notice.
fn iso_date(path: &Path, text: &str) -> Result<Value, Misuse> {
    let value = own_text(text);
    let era = value
        .as_str()
        .and_then(date::Date::parse)
        .filter(|date| date.year >= 2400);
    match era {
        Some(date) => Err(Misuse(format!(
            "{path}: {text} seems to be in the Buddhist era; write {:04}-{:02}-{:02}",
            date.year - 543,
            date.month,
            date.day
        ))),
        None => Ok(value),
    }
}

/// Text as it stands, but `"…"` is a JSON text: the way to write `"null"`.
fn own_text(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(Value::String(inner)) => Value::String(inner),
        _ => Value::from(text),
    }
}

/// JSON if it is JSON, text otherwise; a number that would lose digits is text.
fn any(text: &str) -> Value {
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Number(number)) if number.to_string() != text => Value::from(text),
        Ok(value) => value,
        Err(_) => Value::from(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn activity(text: &str) -> Result<Value, String> {
        assignment(Some(Kind::Activity), text)
            .map(|assignment| assignment.value)
            .map_err(|error| error.0)
    }

    #[test]
    fn the_schema_keeps_texts_and_codes_as_they_are() {
        for (text, expected) in [
            ("title/th=2567", json!("2567")),
            ("title/th=a=b", json!("a=b")),
            ("title/th=true", json!("true")),
            ("title/th=\"null\"", json!("null")),
            ("number=0042", json!("0042")),
            ("areas/#01=01", json!("01")),
            ("status=approved", json!("approved")),
            ("status=null", json!(null)),
            ("description=[ร่าง]", json!("[ร่าง]")),
        ] {
            assert_eq!(activity(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn numbers_amounts_and_lists_follow_the_schema() {
        for (text, expected) in [
            ("budget/b1/amount_satang=1,800,000 baht", json!(180_000_000)),
            ("budget/b1/amount_satang=160000000", json!(160_000_000)),
            ("budget/b1/fy_be=๒๕๖๗", json!(2567)),
            ("targets/t/count=1,000", json!(1000)),
            ("areas=41,0901", json!(["41", "0901"])),
            ("areas=01", json!(["01"])),
            ("areas=[\"41\"]", json!(["41"])),
            ("fy_be=2567", json!(2567)),
            ("fy_be=2567,2568", json!([2567, 2568])),
            ("tags=แผน, งบ", json!(["แผน, งบ"])),
        ] {
            assert_eq!(activity(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn unknown_fields_take_json_and_text() {
        for (text, expected) in [
            ("x/y=5", json!(5)),
            ("x/y=05", json!("05")),
            ("x/y=1.50", json!("1.50")),
            ("x/y=1.5", json!(1.5)),
            (
                "x/y=123456789012345678901234567890",
                json!("123456789012345678901234567890"),
            ),
            ("x/y={\"a\":[1]}", json!({"a": [1]})),
            ("x/y=ข้อความ", json!("ข้อความ")),
            ("x/y=", json!("")),
        ] {
            assert_eq!(activity(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn mistakes_are_explained() {
        for (text, part) in [
            ("status", "lacks a `=`"),
            ("a//b=1", "is no field"),
            ("title=แผน", "title/th="),
            ("budget/b1/amount_satang=1,800,000", "has no unit"),
            ("targets/t/count=many", "whole number"),
            ("disbursements/d/date=2566-11-22", "write 2023-11-22"),
            ("areas=[41", "is no JSON"),
        ] {
            let error = activity(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn assignments_nest_into_one_document() {
        let given = |texts: &[&str]| {
            let all = texts
                .iter()
                .map(|text| assignment(Some(Kind::Plan), text).unwrap());
            nested(all.collect())
        };
        assert_eq!(
            Value::Object(given(&["title/th=ก", "title/en=A", "strategies/s1/order=1"]).unwrap()),
            json!({"title": {"th": "ก", "en": "A"}, "strategies": {"s1": {"order": 1}}})
        );
        assert!(
            given(&["status=a", "status=b"])
                .unwrap_err()
                .0
                .contains("twice")
        );
        assert!(
            given(&["status=a", "status/b=c"])
                .unwrap_err()
                .0
                .contains("inside")
        );
        assert!(given(&["areas/#1=a"]).unwrap_err().0.contains("areas=["));
    }

    #[test]
    fn items_are_read_by_the_type_of_the_list() {
        let path = Path::parse("areas").unwrap();
        assert_eq!(item_of(Some(Kind::Plan), &path, "01").unwrap(), json!("01"));
        let path = Path::parse("nobody_knows").unwrap();
        assert_eq!(item_of(Some(Kind::Plan), &path, "01").unwrap(), json!("01"));
        assert_eq!(item_of(Some(Kind::Plan), &path, "1").unwrap(), json!(1));
    }
}
