//! Whole JSON documents as edits: to create one, and to bring one up to date.

use serde_json::Value;
use thiserror::Error;

use super::edit::Edit;
use super::{Document, read};
use crate::kind::DocumentId;
use crate::leaves::{self, Leaves};
use crate::path::{Path, PathError};

/// Why JSON is not this document.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ImportError {
    #[error("document is not a JSON object")]
    NotAnObject,
    #[error("field {field} is {found:?} instead of {expected:?}")]
    Mismatch {
        field: &'static str,
        expected: String,
        found: String,
    },
    #[error("name field {field:?} of the document")]
    Path {
        field: String,
        #[source]
        source: PathError,
    },
}

/// The edits that create the document `id` from JSON. `id` and `kind` in the JSON must agree
/// and are not stored.
///
/// # Errors
/// When the JSON is not an object, names another document, or has an over-long field name.
pub fn create_edits(id: &DocumentId, json: &Value) -> Result<Vec<Edit>, ImportError> {
    let mut edits = Vec::new();
    for (field, value) in importable(id, json)? {
        let path = Path::of_key(field).map_err(|source| path_error(field, source))?;
        edits.push(Edit::Set {
            path,
            value: value.clone(),
        });
    }
    Ok(edits)
}

impl Document {
    /// The edits that bring the fields present in the JSON to their values there. Fields and map
    /// entries that the JSON lacks are left alone; lists become equal.
    ///
    /// # Errors
    /// As [`create_edits`].
    pub fn import_edits(&self, json: &Value) -> Result<Vec<Edit>, ImportError> {
        let leaves = read::view(&self.inner, self.id.kind()).leaves;
        let mut edits = Vec::new();
        for (field, value) in importable(&self.id, json)? {
            let path = Path::of_key(field).map_err(|source| path_error(field, source))?;
            collect_import(&leaves, path, value, &mut edits)
                .map_err(|source| path_error(field, source))?;
        }
        Ok(edits)
    }
}

/// The fields of the JSON without `id` and `kind`, which must agree with the document.
fn importable<'a>(
    id: &DocumentId,
    json: &'a Value,
) -> Result<Vec<(&'a String, &'a Value)>, ImportError> {
    let fields = json.as_object().ok_or(ImportError::NotAnObject)?;
    for (field, expected) in [("id", id.to_string()), ("kind", id.kind_name())] {
        let Some(found) = fields.get(field) else {
            continue;
        };
        if found.as_str() != Some(expected.as_str()) {
            let found = found
                .as_str()
                .map_or_else(|| found.to_string(), str::to_owned);
            return Err(ImportError::Mismatch {
                field,
                expected,
                found,
            });
        }
    }
    Ok(fields
        .iter()
        .filter(|(field, _)| !matches!(field.as_str(), "id" | "kind"))
        .collect())
}

fn collect_import(
    leaves: &Leaves,
    path: Path,
    value: &Value,
    edits: &mut Vec<Edit>,
) -> Result<(), PathError> {
    let current = leaves::value_at(leaves, path.as_str());
    match (value, &current) {
        (Value::Object(fields), Some(Value::Object(_))) => {
            for (key, field) in fields {
                collect_import(leaves, path.key(key)?, field, edits)?;
            }
        }
        (value, current) if current.as_ref() == Some(value) => {}
        (value, _) => edits.push(Edit::Set {
            path,
            value: value.clone(),
        }),
    }
    Ok(())
}

fn path_error(field: &str, source: PathError) -> ImportError {
    ImportError::Path {
        field: field.chars().take(64).collect(),
        source,
    }
}
