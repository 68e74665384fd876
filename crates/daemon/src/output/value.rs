//! Values of documents as people read them: amounts in baht, dates in words, codes with labels.

use phaki_documents::schema::{self, FieldType, vocabulary};
use phaki_documents::{Kind, Path};
use serde_json::Value;

use super::language::Language;
use super::{number, time};

/// The value at a path of a document of that kind.
pub(crate) fn readable(
    kind: Option<Kind>,
    path: &str,
    value: &Value,
    language: Language,
) -> String {
    let found = Path::parse(path)
        .ok()
        .and_then(|path| schema::field_at(kind, &path)?.at);
    match (found, value) {
        (Some(FieldType::Money), Value::Number(amount)) => match amount.as_i64() {
            Some(satang) => number::baht(satang, language),
            None => plain(value, language),
        },
        (Some(FieldType::Count), Value::Number(count)) => match count.as_i64() {
            Some(count) => number::grouped_signed(count),
            None => plain(value, language),
        },
        (Some(FieldType::Date | FieldType::DateOrText), Value::String(text)) => {
            time::date(text, language)
        }
        (Some(field), Value::String(code)) => match field.vocabulary() {
            Some(name) => labelled(name, code, language),
            None => code.clone(),
        },
        _ => plain(value, language),
    }
}

/// The value of a JSON text at a path; the text itself should it be no JSON.
pub(crate) fn readable_json(
    kind: Option<Kind>,
    path: &str,
    json: &str,
    language: Language,
) -> String {
    match serde_json::from_str(json) {
        Ok(value) => readable(kind, path, &value, language),
        Err(_) => json.to_owned(),
    }
}

/// `ถอนตัว (withdrawn)`: the code stands beside its label since it is what one types.
fn labelled(vocabulary: &str, code: &str, language: Language) -> String {
    match vocabulary::label(vocabulary, code) {
        Some(known) => format!("{} ({code})", language.pick(known.th, known.en)),
        None => code.to_owned(),
    }
}

fn plain(value: &Value, language: Language) -> String {
    match value {
        Value::Null => language.pick("(ไม่ทราบ)", "(not known)").to_owned(),
        Value::Bool(true) => language.pick("ใช่", "yes").to_owned(),
        Value::Bool(false) => language.pick("ไม่ใช่", "no").to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_shown_by_the_type_of_their_field() {
        let activity =
            |path: &str, value: Value| readable(Some(Kind::Activity), path, &value, Language::Thai);
        assert_eq!(
            activity("budget/b1/amount_satang", json!(160_000_000)),
            "1,600,000.00 บาท"
        );
        assert_eq!(activity("budget/b1/fy_be", json!(2552)), "2552");
        assert_eq!(activity("targets/t/count", json!(1000)), "1,000");
        assert_eq!(
            activity("schedule/from", json!("2023-11-22")),
            "22 พฤศจิกายน 2566"
        );
        assert_eq!(activity("areas/#90", json!("90")), "90");
        assert_eq!(activity("nobody/knows", json!({"a": [1]})), r#"{"a":[1]}"#);
    }

    #[test]
    fn codes_have_their_label_and_unknown_ones_stand_alone() {
        let state = |code: &str| {
            readable(
                Some(Kind::Agreement),
                "parties/p/state",
                &json!(code),
                Language::English,
            )
        };
        assert!(state("withdrawn").ends_with("(withdrawn)"));
        assert_eq!(state("brand_new"), "brand_new");
    }
}
