//! The few fields of a document that lists and searches show.

use serde::Serialize;
use serde_json::Value;

use super::read::View;
use super::texts::texts_of;
use super::{Document, conflict, read};
use crate::leaves::{self, Leaves};
use crate::search::Texts;

/// What a list shows of a document; texts as written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Thai first; a person's is the first role's title. Never empty: the id when all else fails.
    pub title: String,
    pub title_en: Option<String>,
    /// `plan`, or `kind42` for a kind of a newer program.
    pub kind: String,
    /// The field `type`.
    pub subtype: Option<String>,
    /// The field `status`, or `state`.
    pub status: Option<String>,
    pub areas: Vec<String>,
    /// Buddhist-era fiscal years.
    pub fiscal_years: Vec<i64>,
    /// Home node.
    pub home: Option<String>,
    /// Number of paths with different concurrent values.
    pub conflicts: usize,
    /// Data-quality flags.
    pub flags: Vec<String>,
    /// The record into which this one was merged.
    pub merged_into: Option<String>,
}

impl Document {
    /// The summary.
    pub fn summary(&self) -> Summary {
        self.summary_of(&read::view(&self.inner, self.id.kind()))
    }

    /// The summary, and what a search looks at, from one reading of the document.
    pub fn summary_and_texts(&self) -> (Summary, Texts) {
        let view = read::view(&self.inner, self.id.kind());
        let summary = self.summary_of(&view);
        let texts = texts_of(&summary, &view.leaves);
        (summary, texts)
    }

    fn summary_of(&self, view: &View) -> Summary {
        let leaves = &view.leaves;
        let title = first_text(leaves, &["title/th", "name/th", "title", "name"]);
        let title_en = first_text(leaves, &["title/en", "name/en"]);
        let shown = title
            .or_else(|| title_en.clone())
            .or_else(|| first_role(leaves))
            .unwrap_or_else(|| self.id.to_string());
        Summary {
            title: shown,
            title_en,
            kind: self.id.kind_name(),
            subtype: first_text(leaves, &["type"]),
            status: first_text(leaves, &["status", "state"]),
            areas: texts(leaves, "areas"),
            fiscal_years: values(leaves, "fy_be")
                .iter()
                .filter_map(Value::as_i64)
                .collect(),
            home: first_text(leaves, &["home"]),
            conflicts: conflict::conflicts_of(&self.inner, self.id.kind(), view).len(),
            flags: texts(leaves, "dq"),
            merged_into: first_text(leaves, &["merged_into"]),
        }
    }
}

fn first_text(leaves: &Leaves, keys: &[&str]) -> Option<String> {
    keys.iter()
        .filter_map(|key| leaves.get(*key)?.as_str())
        .find(|text| !text.is_empty())
        .map(str::to_owned)
}

fn first_role(leaves: &Leaves) -> Option<String> {
    let roles = values(leaves, "roles");
    let title = roles.first()?.get("title")?.as_str()?;
    Some(title.to_owned())
}

fn texts(leaves: &Leaves, key: &str) -> Vec<String> {
    values(leaves, key)
        .iter()
        .filter_map(|value| value.as_str().map(str::to_owned))
        .collect()
}

/// The items of a list or the entries of a map; a scalar counts as one.
fn values(leaves: &Leaves, key: &str) -> Vec<Value> {
    match leaves::value_at(leaves, key) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items,
        Some(Value::Object(fields)) => fields.into_iter().map(|(_, value)| value).collect(),
        Some(value) => vec![value],
    }
}
