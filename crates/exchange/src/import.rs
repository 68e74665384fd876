//! Sheets as edits of documents: what a file would change, cell by cell, and what is wrong in it.
//!
//! Only what differs is changed, so that a file that was imported once changes nothing when it
//! is imported again. A row with something wrong in it is left out as a whole, and named.

mod applying;
mod draft;
mod identity;
mod remark;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use phaki_documents::{DocumentId, Path};
use serde_json::{Map, Value};

use self::applying::Working;

pub use draft::Draft;
pub use remark::{Place, Remark, Severity};

/// A document as it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Held {
    pub json: Value,
    /// Paths with values in conflict.
    pub conflicts: Vec<Path>,
}

/// The documents that are there, of the kinds that a file has.
pub type Present = BTreeMap<DocumentId, Held>;

/// A cell that changes a field.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub place: Place,
    /// Path of the field in the document, with `#2` for the second item of a list.
    pub path: String,
    pub before: Option<Value>,
    /// `None`: the field is removed.
    pub after: Option<Value>,
}

/// What becomes of one document.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    pub id: DocumentId,
    pub created: bool,
    /// The fields that get values, as nested JSON with the id; what is not in it stays.
    pub put: Option<Value>,
    /// Paths of the fields that are removed.
    pub removed: Vec<String>,
    pub changes: Vec<Change>,
}

/// What a file would do.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// Documents with changes, in the order of the file.
    pub planned: Vec<Planned>,
    /// Documents of the file that are as it says.
    pub unchanged: Vec<DocumentId>,
    /// What is wrong or doubtful, in the order of the file.
    pub remarks: Vec<Remark>,
}

impl Draft {
    /// What the file would change in these documents, which must be all that there are of its
    /// kinds in the space.
    pub fn plan(&self, present: &Present) -> Plan {
        let mut plan = Plan {
            remarks: self.remarks.clone(),
            ..Plan::default()
        };
        let identities = identity::identities(self, present, &mut plan.remarks);
        let mut working: BTreeMap<DocumentId, Working> = BTreeMap::new();
        let mut order = Vec::new();
        for (row, id) in self.rows.iter().zip(&identities.of_rows) {
            let Some(id) = *id else { continue };
            let is_main = row.sheet.levels.is_empty();
            let document = match working.entry(id) {
                Entry::Occupied(begun) => begun.into_mut(),
                Entry::Vacant(place) => match Working::begin(present.get(&id), is_main) {
                    Some(begun) => {
                        order.push(id);
                        place.insert(begun)
                    }
                    None => {
                        plan.remarks.push(remark::document_missing(row));
                        continue;
                    }
                },
            };
            match applying::apply(document, row, &identities.names) {
                Ok(warnings) => plan.remarks.extend(warnings),
                Err(errors) => {
                    plan.remarks.extend(errors);
                    document.refused(is_main);
                }
            }
        }
        for id in order {
            let Some(document) = working.remove(&id) else {
                continue;
            };
            finish(id, document, &mut plan);
        }
        plan.remarks.sort_by_key(Remark::order);
        plan
    }
}

fn finish(id: DocumentId, document: Working, plan: &mut Plan) {
    if document.is_void() {
        return;
    }
    if document.changes.is_empty() {
        plan.unchanged.push(id);
        return;
    }
    let mut fields = match difference(&document.before, &document.now) {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let put = (!fields.is_empty()).then(|| {
        let mut whole = Map::new();
        whole.insert("id".to_owned(), Value::from(id.to_string()));
        whole.append(&mut fields);
        Value::Object(whole)
    });
    plan.planned.push(Planned {
        id,
        created: document.created,
        put,
        removed: document.removed,
        changes: document.changes,
    });
}

/// What of `now` differs from `before`: maps by their entries, all else as a whole.
fn difference(before: &Value, now: &Value) -> Option<Value> {
    match (before, now) {
        (Value::Object(before), Value::Object(now)) => {
            let differing = now.iter().filter_map(|(key, now)| {
                let differs = match before.get(key) {
                    Some(before) => difference(before, now)?,
                    None => now.clone(),
                };
                Some((key.clone(), differs))
            });
            let differing: Map<String, Value> = differing.collect();
            (!differing.is_empty()).then_some(Value::Object(differing))
        }
        (before, now) => (before != now).then(|| now.clone()),
    }
}
