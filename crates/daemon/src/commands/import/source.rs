//! The documents of an import: JSON lines, a JSON array, or `{"docs": […]}`.

use serde_json::Value;

/// Where in the input a document stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A line, counted from 1.
    Line(usize),
    /// An item of an array, counted from 1.
    Item(usize),
}

/// One document of the input.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Source {
    pub(crate) place: Place,
    /// The document, or why there is none.
    pub(crate) document: Result<Value, String>,
}

/// The documents in `text`.
///
/// # Errors
/// When the whole of it is neither an array nor lines.
pub(crate) fn sources(text: &str) -> Result<Vec<Source>, String> {
    // Spreadsheets and editors on Windows begin a file with a byte-order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let start = text.trim_start();
    let lines = start.starts_with('{') && first_line_is_whole(start);
    if !lines && start.starts_with(['[', '{']) {
        let whole: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        return match whole {
            Value::Array(items) => Ok(of_items(items)),
            Value::Object(mut fields) => match fields.remove("docs") {
                Some(Value::Array(items)) => Ok(of_items(items)),
                _ => Ok(of_items(vec![Value::Object(fields)])),
            },
            _ => Err("it is no list of documents".to_owned()),
        };
    }
    if let Some(items) = single_line_of_docs(text) {
        return Ok(of_items(items));
    }
    Ok(of_lines(text))
}

/// True when the first line is a JSON value by itself, or is not but more such lines follow.
fn first_line_is_whole(text: &str) -> bool {
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .take(2)
        .any(|line| serde_json::from_str::<Value>(line).is_ok_and(|value| value.is_object()))
}

fn single_line_of_docs(text: &str) -> Option<Vec<Value>> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let (line, None) = (lines.next()?, lines.next()) else {
        return None;
    };
    let mut value: Value = serde_json::from_str(line).ok()?;
    match value.get_mut("docs")?.take() {
        Value::Array(items) => Some(items),
        _ => None,
    }
}

fn of_items(items: Vec<Value>) -> Vec<Source> {
    let number = |(index, item)| Source {
        place: Place::Item(index + 1),
        document: checked(item),
    };
    items.into_iter().enumerate().map(number).collect()
}

fn of_lines(text: &str) -> Vec<Source> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(index, line)| Source {
            place: Place::Line(index + 1),
            document: serde_json::from_str(line)
                .map_err(|error| in_line(&error))
                .and_then(checked),
        })
        .collect()
}

/// What is wrong with a line: only the column means something, the line is known.
fn in_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or_default();
    format!("no JSON: {what} (column {})", error.column())
}

/// What must be right before the node is asked: an object with an id.
fn checked(value: Value) -> Result<Value, String> {
    let Some(fields) = value.as_object() else {
        return Err("no JSON object".to_owned());
    };
    match fields.get("id") {
        Some(Value::String(id)) => match id.parse::<phaki_documents::DocumentId>() {
            Ok(_) => Ok(value),
            Err(error) => Err(error.to_string()),
        },
        Some(_) => Err("the field `id` is no text".to_owned()),
        None => Err("the field `id` is missing".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ID: &str = "plan_070465bc-080a-5b77-b21c-686140b76a93";

    fn places(text: &str) -> Vec<(Place, bool)> {
        let found = sources(text).unwrap();
        found
            .iter()
            .map(|source| (source.place, source.document.is_ok()))
            .collect()
    }

    #[test]
    fn lines_are_counted_and_a_bad_one_does_not_stop_the_rest() {
        let text = format!("{{\"id\":\"{ID}\"}}\n\n{{broken\n{{\"id\":\"{ID}\",\"a\":1}}\n[]\n");
        assert_eq!(
            places(&text),
            [
                (Place::Line(1), true),
                (Place::Line(3), false),
                (Place::Line(4), true),
                (Place::Line(5), false)
            ]
        );
        let broken_first = format!("{{broken\n{{\"id\":\"{ID}\"}}\n");
        assert_eq!(
            places(&broken_first),
            [(Place::Line(1), false), (Place::Line(2), true)]
        );
    }

    #[test]
    fn arrays_and_collections_are_read_in_any_layout() {
        let document = json!({"id": ID});
        for whole in [json!([document]), json!({"note": "x", "docs": [document]})] {
            let pretty = serde_json::to_string_pretty(&whole).unwrap();
            for text in [
                whole.to_string(),
                pretty.clone(),
                format!("\u{feff}{pretty}\r\n"),
            ] {
                assert_eq!(places(&text), [(Place::Item(1), true)], "{text}");
            }
        }
        let single = serde_json::to_string_pretty(&document).unwrap();
        assert_eq!(places(&single), [(Place::Item(1), true)]);
        assert_eq!(places(&document.to_string()), [(Place::Line(1), true)]);
    }

    #[test]
    fn documents_without_a_usable_id_are_named() {
        for (line, part) in [
            ("{\"a\":1}", "missing"),
            ("{\"id\":5}", "no text"),
            ("{\"id\":\"plan_1\"}", "uuid"),
            ("5", "no JSON object"),
        ] {
            let found = sources(&format!("{line}\n{{\"id\":\"{ID}\"}}")).unwrap();
            let reason = found[0].document.as_ref().unwrap_err();
            assert!(reason.contains(part), "{line}: {reason}");
        }
    }

    #[test]
    fn a_broken_whole_is_refused_as_a_whole() {
        assert!(sources("[{\"id\": 1},\n").is_err());
        assert!(sources("{\n \"docs\": [\n").is_err());
        assert_eq!(sources(""), Ok(Vec::new()));
        assert_eq!(sources(" \n\n"), Ok(Vec::new()));
    }
}
