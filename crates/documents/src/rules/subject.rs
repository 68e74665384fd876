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
pub(super) struct Subject {
    pub(super) id: DocumentId,
    leaves: BTreeMap<String, Value>,
}

impl Subject {
    pub(super) fn of(document: &Document) -> Subject {
        let leaves = document.leaves();
        Subject {
            id: document.id(),
            leaves: leaves
                .map(|(path, value)| (path.as_str().to_owned(), value))
                .collect(),
        }
    }

    pub(super) fn kind(&self) -> Option<Kind> {
        self.id.kind()
    }

    /// Every value with its path.
    pub(super) fn leaves(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.leaves
            .iter()
            .map(|(path, value)| (path.as_str(), value))
    }

    /// The values at and below a path.
    pub(super) fn below(&self, path: &str) -> impl Iterator<Item = (&str, &Value)> {
        // '0' is the character after '/'.
        let inside = self.leaves.range(format!("{path}/")..format!("{path}0"));
        let all = self.leaves.get_key_value(path).into_iter().chain(inside);
        all.map(|(path, value)| (path.as_str(), value))
            .filter(|(_, value)| !value.is_null())
    }

    /// True when anything is at or below a path; an empty text is nothing.
    pub(super) fn has(&self, path: &str) -> bool {
        self.below(path)
            .any(|(_, value)| value.as_str() != Some(""))
    }

    /// The paths of the entries or items directly below a path.
    pub(super) fn entries(&self, path: &str) -> BTreeSet<String> {
        let range = self.leaves.range(format!("{path}/")..format!("{path}0"));
        range
            .filter_map(|(key, _)| {
                let inside = key.get(path.len() + 1..)?;
                let first = inside.split('/').next()?;
                Some(format!("{path}/{first}"))
            })
            .collect()
    }

    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.leaves
            .get(path)?
            .as_str()
            .filter(|text| !text.is_empty())
    }

    pub(super) fn integer(&self, path: &str) -> Option<i64> {
        self.leaves.get(path)?.as_i64()
    }

    pub(super) fn date(&self, path: &str) -> Option<Date> {
        Date::parse(self.text(path)?)
    }

    /// First and last day of the span at a path: `{from, to}`, or a single date.
    pub(super) fn span(&self, path: &str) -> Option<(Date, Date)> {
        if let Some(day) = self.date(path) {
            return Some((day, day));
        }
        let (from, to) = (format!("{path}/from"), format!("{path}/to"));
        let (from, to) = (self.date(&from), self.date(&to));
        Some((from.or(to)?, to.or(from)?))
    }

    /// The document that the text at a path refers to.
    pub(super) fn reference(&self, path: &str) -> Option<DocumentId> {
        self.text(path)?.parse().ok()
    }

    /// The fiscal years of the document.
    pub(super) fn years(&self) -> BTreeSet<i64> {
        self.below("fy_be")
            .filter_map(|(_, value)| value.as_i64())
            .collect()
    }

    /// True when a person has withdrawn the document from use.
    pub(super) fn is_retired(&self) -> bool {
        self.has("retired")
    }
}

/// The last segment of a path as it was written; empty for what is no path.
pub(super) fn name(path: &str) -> String {
    match Path::parse(path)
        .ok()
        .and_then(|path| path.segments().pop())
    {
        Some(Segment::Key(name) | Segment::Item(name)) => name,
        Some(Segment::Structure(_)) | None => String::new(),
    }
}
