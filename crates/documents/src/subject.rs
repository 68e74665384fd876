//! The document that is checked: its shown values by path, read once.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::date::Date;
use crate::document::Document;
use crate::kind::{DocumentId, Kind};
use crate::path::{Path, Segment};

/// The shown values of one document. Values that are known to be unknown (`null`) count as absent
/// but for [`leaves`](Subject::leaves).
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) id: DocumentId,
    leaves: BTreeMap<String, Value>,
    /// All values of the paths with several, the shown one first.
    rivals: BTreeMap<String, Vec<Value>>,
}

impl Subject {
    pub(crate) fn of(document: &Document) -> Subject {
        let (leaves, conflicts) = document.leaves_and_conflicts();
        let rivals = conflicts.into_iter().map(|conflict| {
            let values = conflict.values.into_iter().map(|one| one.value);
            (conflict.path.as_str().to_owned(), values.collect())
        });
        Subject {
            id: document.id(),
            leaves,
            rivals: rivals.collect(),
        }
    }

    /// The paths with several values, and these, the shown one first.
    pub(crate) fn rivals(&self) -> impl Iterator<Item = (&str, &[Value])> {
        let all = self.rivals.iter();
        all.map(|(path, values)| (path.as_str(), values.as_slice()))
    }

    /// All values at a path: several when they are in conflict.
    pub(crate) fn values(&self, path: &str) -> Vec<&Value> {
        match self.rivals.get(path) {
            Some(values) => values.iter().collect(),
            None => self.leaves.get(path).into_iter().collect(),
        }
    }

    /// As it is, but where there are several values with those of an earlier state.
    pub(crate) fn settled_by(&self, earlier: &Subject) -> Subject {
        let mut leaves = self.leaves.clone();
        for path in self.rivals.keys() {
            if let Some(value) = earlier.leaves.get(path) {
                leaves.insert(path.clone(), value.clone());
            }
        }
        Subject {
            id: self.id,
            leaves,
            rivals: BTreeMap::new(),
        }
    }

    pub(crate) fn kind(&self) -> Option<Kind> {
        self.id.kind()
    }

    /// Every value with its path.
    pub(crate) fn leaves(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.leaves
            .iter()
            .map(|(path, value)| (path.as_str(), value))
    }

    /// The values at and below a path.
    pub(crate) fn below(&self, path: &str) -> impl Iterator<Item = (&str, &Value)> {
        // '0' is the character after '/'.
        let inside = self.leaves.range(format!("{path}/")..format!("{path}0"));
        let all = self.leaves.get_key_value(path).into_iter().chain(inside);
        all.map(|(path, value)| (path.as_str(), value))
            .filter(|(_, value)| !value.is_null())
    }

    /// True when anything is at or below a path; an empty text is nothing.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.below(path)
            .any(|(_, value)| value.as_str() != Some(""))
    }

    /// The paths of the entries or items directly below a path.
    pub(crate) fn entries(&self, path: &str) -> BTreeSet<String> {
        let range = self.leaves.range(format!("{path}/")..format!("{path}0"));
        range
            .filter_map(|(key, _)| {
                let inside = key.get(path.len() + 1..)?;
                let first = inside.split('/').next()?;
                Some(format!("{path}/{first}"))
            })
            .collect()
    }

    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.leaves
            .get(path)?
            .as_str()
            .filter(|text| !text.is_empty())
    }

    pub(crate) fn integer(&self, path: &str) -> Option<i64> {
        self.leaves.get(path)?.as_i64()
    }

    pub(crate) fn date(&self, path: &str) -> Option<Date> {
        Date::parse(self.text(path)?)
    }

    /// First and last day of the span at a path: `{from, to}`, or a single date.
    pub(crate) fn span(&self, path: &str) -> Option<(Date, Date)> {
        if let Some(day) = self.date(path) {
            return Some((day, day));
        }
        let (from, to) = (format!("{path}/from"), format!("{path}/to"));
        let (from, to) = (self.date(&from), self.date(&to));
        Some((from.or(to)?, to.or(from)?))
    }

    /// The document that the text at a path refers to.
    pub(crate) fn reference(&self, path: &str) -> Option<DocumentId> {
        self.text(path)?.parse().ok()
    }

    /// The fiscal years of the document.
    pub(crate) fn years(&self) -> BTreeSet<i64> {
        self.below("fy_be")
            .filter_map(|(_, value)| value.as_i64())
            .collect()
    }

    /// True when a person has withdrawn the document from use.
    pub(crate) fn is_retired(&self) -> bool {
        self.has("retired")
    }
}

/// The last segment of a path as it was written; empty for what is no path.
pub(crate) fn name(path: &str) -> String {
    match Path::parse(path)
        .ok()
        .and_then(|path| path.segments().pop())
    {
        Some(Segment::Key(name) | Segment::Item(name)) => name,
        Some(Segment::Structure(_)) | None => String::new(),
    }
}
