//! The workload as phaki's clients write it: a JSON document, then edits of fields.

use phaki_wire::proto::local::v1::FieldEdit;
use phaki_wire::proto::local::v1::field_edit::Act;
use serde_json::{Map, Value, json};

use super::{Place, Step, plan};

/// The id of plan `number`.
pub(crate) fn id(number: u64) -> String {
    format!("plan_00000001-0000-4000-8000-{number:012x}")
}

/// The document as its first change makes it.
pub(crate) fn created(number: u64, change: &[Step]) -> Value {
    let mut document = Map::new();
    document.insert("id".to_owned(), json!(id(number)));
    document.insert("kind".to_owned(), json!("plan"));
    for step in change {
        apply(&mut document, step);
    }
    Value::Object(document)
}

/// The document that a client is shown once all changes of plan `number` have come.
pub(crate) fn complete(number: u64) -> Value {
    created(number, &plan(number).concat())
}

/// A change of a document that exists.
pub(crate) fn edits(change: &[Step]) -> Vec<FieldEdit> {
    let edit = |step: &Step| FieldEdit {
        path: path(step.place),
        act: Some(Act::SetJson(step.value.to_string())),
    };
    change.iter().map(edit).collect()
}

/// The path of a place: the title is a text in a language, and items of lists have ids.
pub(crate) fn path(place: Place) -> String {
    match place {
        Place::Field("title") => "title/th".to_owned(),
        Place::Field(name) => name.to_owned(),
        Place::Activities => "activities".to_owned(),
        Place::Activity(number, field) => format!("activities/#{number}/{field}"),
    }
}

fn apply(document: &mut Map<String, Value>, step: &Step) {
    let value = step.value.clone();
    match step.place {
        Place::Field("title") => document.insert("title".to_owned(), json!({ "th": value })),
        Place::Field(name) => document.insert(name.to_owned(), value),
        Place::Activities => document.insert("activities".to_owned(), value),
        Place::Activity(number, field) => {
            let activities = document["activities"].as_array_mut().unwrap();
            if number == activities.len() {
                activities.push(json!({}));
            }
            activities[number][field] = value;
            None
        }
    };
}
