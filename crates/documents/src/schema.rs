//! The fields of each kind of document: one readable file per kind.
//!
//! A schema refuses values of a wrong JSON type for a known field, and says which texts merge as
//! text. Everything else is open: unknown fields, unknown codes and missing values are stored.

mod activity;
mod agreement;
mod event;
mod field;
mod header;
mod indicator;
mod json;
mod network;
mod org;
mod person;
mod plan;
mod refset;
mod resolution;
pub mod vocabulary;

pub use field::{Field, FieldType, Label};
pub use json::json_schema;

use serde_json::Value;

use crate::kind::Kind;
use crate::path::{EMPTY, Path, Segment};

/// What a value is and what it should have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    pub expected: &'static str,
    pub found: &'static str,
}

/// A known field at a path.
#[derive(Debug, Clone, Copy)]
pub struct FieldMatch {
    /// The declaration; its pattern may be shorter than the path (`title` for `title/th`).
    pub field: &'static Field,
    /// The type at the path itself; `None` where the declaration says nothing (an unknown key
    /// below a known field).
    pub at: Option<FieldType>,
}

/// The fields of a kind, in the order in which people read them; the common header comes last.
pub fn fields(kind: Kind) -> impl Iterator<Item = &'static Field> {
    own_fields(kind).iter().chain(header::FIELDS)
}

/// The known field at a path: the longest pattern that the path starts with. `None` for unknown
/// fields and for kinds of newer programs.
pub fn field_at(kind: Option<Kind>, path: &Path) -> Option<FieldMatch> {
    let segments = path.segments();
    let field = fields(kind?)
        .filter(|field| field.matches(&segments))
        .max_by_key(|field| field.depth())?;
    let rest = segments.get(field.depth()..).unwrap_or_default();
    Some(FieldMatch {
        field,
        at: field.field_type.inside(rest),
    })
}

/// True when the text at this path is a long one, which merges as text.
pub fn is_long_text(kind: Option<Kind>, path: &Path) -> bool {
    field_at(kind, path).and_then(|found| found.at) == Some(FieldType::LongText)
}

/// Compares the JSON type of one leaf with the schema. `null` (known to be unknown) is always
/// right, and so is everything at an unknown field.
///
/// # Errors
/// What was expected and what was found.
pub(crate) fn check(kind: Option<Kind>, path: &Path, value: &Value) -> Result<(), Mismatch> {
    let mut segments = path.segments();
    let empty = matches!(segments.last(), Some(Segment::Structure(EMPTY)));
    let structure = matches!(segments.last(), Some(Segment::Structure(_)));
    if structure {
        segments.pop();
        if !empty {
            return Ok(());
        }
    }
    let found = if empty {
        match value.as_str() {
            Some("list") => "list",
            _ => "map",
        }
    } else {
        type_name(value)
    };
    // Every declaration on the way counts: `budget` is a map, whatever is inside.
    for field in kind.into_iter().flat_map(fields) {
        if field.matches(&segments) {
            let rest = segments.get(field.depth()..).unwrap_or_default();
            field.field_type.check(rest, found)?;
        }
    }
    Ok(())
}

/// The word for a JSON type in messages.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "fraction",
        Value::Number(_) => "integer",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "map",
    }
}

/// The fields that every kind has.
pub(crate) fn header_fields() -> &'static [Field] {
    header::FIELDS
}

/// The fields of a kind without the common header.
pub(crate) fn own_fields(kind: Kind) -> &'static [Field] {
    match kind {
        Kind::Org => org::FIELDS,
        Kind::Person => person::FIELDS,
        Kind::Network => network::FIELDS,
        Kind::Agreement => agreement::FIELDS,
        Kind::Plan => plan::FIELDS,
        Kind::Activity => activity::FIELDS,
        Kind::Indicator => indicator::FIELDS,
        Kind::Event => event::FIELDS,
        Kind::Resolution => resolution::FIELDS,
        Kind::Refset => refset::FIELDS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn path(text: &str) -> Path {
        Path::parse(text).unwrap()
    }

    fn type_at(kind: Kind, text: &str) -> Option<FieldType> {
        field_at(Some(kind), &path(text)).and_then(|found| found.at)
    }

    #[test]
    fn a_field_is_found_by_its_longest_pattern() {
        assert_eq!(
            type_at(Kind::Activity, "budget/b1/amount_satang"),
            Some(FieldType::Money)
        );
        assert_eq!(type_at(Kind::Plan, "title/th"), Some(FieldType::ShortText));
        assert_eq!(type_at(Kind::Plan, "goal/th"), Some(FieldType::LongText));
        assert_eq!(type_at(Kind::Plan, "areas/#40"), Some(FieldType::Area));
        assert_eq!(type_at(Kind::Plan, "nobody_knows/x"), None);
        assert!(field_at(Some(Kind::Plan), &path("nobody_knows")).is_none());
        assert!(field_at(None, &path("title")).is_none());
    }

    #[test]
    fn measures_are_texts_in_a_list_or_in_a_map() {
        for text in ["strategies/s1/measures/#ab", "strategies/s1/measures/2"] {
            assert_eq!(type_at(Kind::Plan, text), Some(FieldType::TextOrGroup));
        }
    }

    #[test]
    fn a_wrong_type_is_named_and_null_is_always_right() {
        let amount = path("budget/b1/amount_satang");
        assert_eq!(
            check(Some(Kind::Activity), &amount, &json!("1600000")),
            Err(Mismatch {
                expected: "integer (satang)",
                found: "text"
            })
        );
        assert_eq!(check(Some(Kind::Activity), &amount, &json!(null)), Ok(()));
        assert_eq!(check(Some(Kind::Activity), &amount, &json!(5)), Ok(()));
        assert!(check(Some(Kind::Activity), &path("title"), &json!("x")).is_err());
        assert!(check(Some(Kind::Activity), &path("title/th/deep"), &json!("x")).is_err());
        assert!(check(Some(Kind::Activity), &path("budget/#b1/stage"), &json!("x")).is_err());
        assert!(check(Some(Kind::Activity), &path("areas/~e"), &json!("map")).is_err());
        assert!(check(Some(Kind::Activity), &path("areas/~e"), &json!("list")).is_ok());
    }

    #[test]
    fn unknown_codes_and_unknown_fields_are_right() {
        assert_eq!(
            check(Some(Kind::Plan), &path("type"), &json!("brand_new")),
            Ok(())
        );
        assert_eq!(
            check(Some(Kind::Plan), &path("x/y/#1"), &json!(1.5)),
            Ok(())
        );
    }

    #[test]
    fn every_field_has_a_thai_and_an_english_label() {
        for kind in Kind::ALL {
            for field in fields(kind) {
                assert!(!field.label.th.is_empty(), "{kind} {}", field.pattern);
                assert!(!field.label.en.is_empty(), "{kind} {}", field.pattern);
                assert!(field.pattern.split('/').all(|segment| !segment.is_empty()));
            }
            let mut patterns: Vec<&str> = fields(kind).map(|field| field.pattern).collect();
            let count = patterns.len();
            patterns.sort_unstable();
            patterns.dedup();
            assert_eq!(patterns.len(), count, "{kind} declares a field twice");
        }
    }

    #[test]
    fn every_vocabulary_named_by_a_field_exists() {
        for kind in Kind::ALL {
            for field in fields(kind) {
                if let Some(name) = field.field_type.vocabulary() {
                    assert!(vocabulary::codes(name).is_some(), "{name}");
                }
            }
        }
    }
}
