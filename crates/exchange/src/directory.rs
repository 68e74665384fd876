//! FHIR R4: the directory as a bundle of organisations, places, affiliations and positions.
//!
//! The resources are those of the IHE profile mCSD, the identifier systems those of the Thai core
//! profiles. Positions stand without persons: a `PractitionerRole` has a title and no name.

mod affiliation;
mod organization;

use std::collections::BTreeMap;

use phaki_documents::date::Date;
use phaki_documents::{DocumentId, Kind};
use serde_json::{Map, Value, json};

use crate::language::Language;

/// A document with its id.
pub type Source = (DocumentId, Value);

/// Codes of places in Thailand.
const DOPA: &str = "https://terms.sil-th.org/core/CodeSystem/cs-dopa-location";

/// Resources by their full URL, in the order of their making.
#[derive(Debug, Default)]
struct Bundle {
    entries: Vec<Value>,
    places: BTreeMap<String, String>,
}

/// A FHIR R4 bundle of the type `collection` of all organisations, networks, persons' positions and
/// agreements among the documents.
pub fn bundle(documents: &[Source], language: Language) -> Value {
    let mut bundle = Bundle::default();
    for (id, json) in documents {
        match id.kind() {
            Some(Kind::Org) => {
                bundle.organization(*id, json, language);
                bundle.parents(*id, json, language);
            }
            Some(Kind::Network) => {
                bundle.organization(*id, json, language);
                bundle.seats(*id, json);
                bundle.members(*id, json, language);
            }
            Some(Kind::Person) => bundle.roles(*id, json),
            Some(Kind::Agreement) => bundle.parties(*id, json, language),
            Some(
                Kind::Plan
                | Kind::Activity
                | Kind::Indicator
                | Kind::Event
                | Kind::Resolution
                | Kind::Refset,
            )
            | None => {}
        }
    }
    json!({"resourceType": "Bundle", "type": "collection", "entry": bundle.entries})
}

impl Bundle {
    /// Adds a resource under the id that stands for it everywhere.
    fn add(&mut self, id: DocumentId, mut resource: Value) {
        let uuid = uuid_of(id);
        if let Some(fields) = resource.as_object_mut() {
            fields.retain(|_, value| !is_empty(value));
            fields.insert("id".to_owned(), Value::from(uuid.as_str()));
        }
        self.entries
            .push(json!({"fullUrl": format!("urn:uuid:{uuid}"), "resource": resource}));
    }
}

/// FHIR knows no empty elements.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::String(text) => text.trim().is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The UUID of a document, without its kind: what a FHIR id can be.
fn uuid_of(id: DocumentId) -> String {
    let text = id.to_string();
    text.split_once('_')
        .map_or(text.clone(), |(_, uuid)| uuid.to_owned())
}

/// The id of a resource that is a part of a document.
fn part_of(kind: Kind, what: &str, parts: &[&str]) -> DocumentId {
    DocumentId::from_code(kind, what, &parts.join("|"))
}

/// A reference to the resource of a document; `None` for a text that is no id.
fn reference(value: Option<&Value>) -> Option<Value> {
    let id: DocumentId = value?.as_str()?.parse().ok()?;
    Some(reference_to(id))
}

fn reference_to(id: DocumentId) -> Value {
    json!({"reference": format!("urn:uuid:{}", uuid_of(id))})
}

/// The text of a field, or of its Thai or English version.
fn text<'a>(json: &'a Value, field: &str, language: Language) -> Option<&'a str> {
    let value = json.get(field)?;
    let localised = value
        .get(language.pick("th", "en"))
        .or_else(|| value.get("th"))
        .or_else(|| value.get("en"));
    value
        .as_str()
        .or_else(|| localised?.as_str())
        .filter(|text| !text.trim().is_empty())
}

/// The texts of a field that holds one or many.
fn texts(value: Option<&Value>) -> Vec<&str> {
    let all: Vec<&Value> = match value {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(Value::Object(fields)) => fields.values().collect(),
        Some(value) => vec![value],
        None => Vec::new(),
    };
    let texts = all.into_iter().filter_map(Value::as_str);
    texts.filter(|text| !text.trim().is_empty()).collect()
}

/// The entries of a map or list, each with its key.
fn entries(value: Option<&Value>) -> Vec<(String, &Value)> {
    match value {
        Some(Value::Object(fields)) => fields
            .iter()
            .map(|(key, entry)| (key.clone(), entry))
            .collect(),
        Some(Value::Array(items)) => items
            .iter()
            .enumerate()
            .map(|(index, entry)| (format!("{}", index + 1), entry))
            .collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => {
            Vec::new()
        }
    }
}

/// A code with its label.
fn concept(vocabulary: &str, code: Option<&Value>, language: Language) -> Option<Value> {
    let code = code?.as_str()?;
    let known = phaki_documents::schema::vocabulary::label(vocabulary, code);
    let label = known.map_or(code, |known| language.pick(known.th, known.en));
    let system = format!("urn:phaki:{vocabulary}");
    Some(json!({"coding": [{"system": system, "code": code, "display": label}], "text": label}))
}

/// A period between two dates, of which either may be missing.
fn period(from: Option<&Value>, to: Option<&Value>) -> Value {
    let mut period = Map::new();
    if let Some(start) = day(from, "from") {
        period.insert("start".to_owned(), Value::from(start));
    }
    if let Some(end) = day(to, "to") {
        period.insert("end".to_owned(), Value::from(end));
    }
    Value::Object(period)
}

/// An ISO date, or that side of a partial one.
fn day(value: Option<&Value>, side: &str) -> Option<String> {
    let value = value?;
    let text = value.as_str().or_else(|| value.get(side)?.as_str())?;
    Date::parse(text).map(|date| date.to_string())
}

#[cfg(test)]
mod tests;
