//! Names of the documents whose ids stand in paths and values.

use std::collections::{BTreeMap, BTreeSet};

use phaki_documents::DocumentId;
use serde_json::Value;

use super::kind_of;
use crate::client::Client;
use crate::output::{Language, table, value};

/// Documents that are looked up for one answer: every party of the largest agreement, twice over.
const LOOKUPS_MAX: usize = 100;

/// Columns of a name beside a label.
const NAME_COLUMNS: usize = 32;

/// Titles by document id; documents that this node does not have are missing.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeMap<String, String>);

impl Names {
    /// The names of all documents whose ids are in these paths and JSON texts.
    pub(crate) async fn of<'a>(client: &mut Client, texts: impl Iterator<Item = &'a str>) -> Names {
        let ids: BTreeSet<&str> = texts.flat_map(ids_in).collect();
        let mut names = BTreeMap::new();
        for id in ids.into_iter().take(LOOKUPS_MAX) {
            // A document that is not shared with this node is no reason to say nothing else.
            let Ok(shown) = client.show(id, "").await else {
                continue;
            };
            let Some(own) = title(&shown.document_json) else {
                continue;
            };
            names.insert(
                id.to_owned(),
                stands_for(client, &shown.merged_into, own).await,
            );
        }
        Names(names)
    }

    /// The label of a path, with the names of the documents in it.
    pub(crate) fn label(&self, [th, en]: [&str; 2], path: &str, language: Language) -> String {
        let mut label = match language.pick(th, en) {
            "" => "–".to_owned(),
            label => label.to_owned(),
        };
        // The last segment is the field itself: an id there is the value.
        let above = path.rsplit_once('/').map_or("", |(above, _)| above);
        for name in ids_in(above).filter_map(|id| self.0.get(id)) {
            label.push_str(": ");
            label.push_str(&table::shorten(name, NAME_COLUMNS));
        }
        label
    }

    /// The value at a path of that document as people read it; a reference with its name.
    pub(crate) fn value(&self, id: &str, path: &str, json: &str, language: Language) -> String {
        let kind = kind_of(id);
        let readable = value::readable_json(kind, path, json, language);
        match self.0.get(&readable) {
            Some(name) => format!("{name} ({readable})"),
            None => readable,
        }
    }
}

/// The name to show: that of the record into which the document was merged.
async fn stands_for(client: &mut Client, merged_into: &str, own: String) -> String {
    if merged_into.is_empty() {
        return own;
    }
    let shown = client.show(merged_into, "").await.ok();
    let title = shown.and_then(|shown| title(&shown.document_json));
    title.map_or(own, |title| format!("{title} [{merged_into}]"))
}

/// The document ids in a path or a JSON text.
fn ids_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(['/', '"', '#'])
        .filter(|part| part.parse::<DocumentId>().is_ok())
}

fn title(document_json: &str) -> Option<String> {
    let document: Value = serde_json::from_str(document_json).ok()?;
    let candidates = [
        &document["short"],
        &document["title"]["th"],
        &document["name"]["th"],
        &document["title"]["en"],
        &document["name"]["en"],
    ];
    let found = candidates.into_iter().find_map(Value::as_str)?;
    Some(found.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_in_paths_and_values() {
        let id = "org_cece3e70-c004-5d2d-8f12-1dc2a6509f39";
        for text in [
            format!("parties/{id}/state"),
            format!("co_owners/#{id}"),
            format!("\"{id}\""),
            format!("[\"{id}\"]"),
        ] {
            assert_eq!(ids_in(&text).collect::<Vec<_>>(), [id], "{text}");
        }
        assert_eq!(ids_in("title/th").count(), 0);
    }

    #[test]
    fn names_stand_beside_labels_and_ids() {
        let id = "org_cece3e70-c004-5d2d-8f12-1dc2a6509f39";
        let names = Names(BTreeMap::from([(id.to_owned(), "สช.".to_owned())]));
        let label = names.label(
            ["สถานะ", "State"],
            &format!("parties/{id}/state"),
            Language::Thai,
        );
        assert_eq!(label, "สถานะ: สช.");
        let plan = "plan_6db237a0-c3de-50b5-8b38-068f561e7b75";
        let shown = names.value(plan, "owner", &format!("\"{id}\""), Language::Thai);
        assert_eq!(shown, format!("สช. ({id})"));
        let item = format!("co_owners/#{id}");
        assert_eq!(
            names.label(["เจ้าของร่วม", "Co-owners"], &item, Language::Thai),
            "เจ้าของร่วม"
        );
        assert_eq!(names.label(["", ""], "x/y", Language::Thai), "–");
    }
}
