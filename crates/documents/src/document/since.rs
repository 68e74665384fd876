//! What became of a document since somebody wrote something, or while several wrote at once.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Document, read};
use crate::change::ChangeHash;
use crate::leaves;
use crate::path::{self, Path};

/// One value that differs between two states of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    pub path: Path,
    /// Before; `None` when there was nothing.
    pub from: Option<Value>,
    /// Now; `None` when there is nothing.
    pub to: Option<Value>,
}

/// A text that was put together from concurrent edits, and that nobody has edited since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedText {
    pub path: Path,
    /// The concurrent edits.
    pub changes: Vec<ChangeHash>,
}

impl Document {
    /// The texts that were put together from concurrent edits, by path. A person who has read one
    /// edits it, or resolves it with the text as it is.
    pub fn merged_texts(&self) -> Vec<MergedText> {
        let view = read::view(&self.inner, self.id.kind());
        let merged = view.merged.iter().filter_map(|key| {
            let mut changes: Vec<ChangeHash> = read::editors(&self.inner, key)
                .iter()
                .map(|hash| hash.0)
                .collect();
            changes.sort_unstable();
            let path = Path::parse(key).ok()?;
            Some(MergedText { path, changes })
        });
        merged.collect()
    }

    /// The changes that wrote the values at and below a path.
    pub fn writers(&self, path: &Path) -> BTreeSet<ChangeHash> {
        let kind = self.id.kind();
        let view = read::view(&self.inner, kind);
        let keys = leaves::subtree(&view.leaves, path.as_str()).map(|(key, _)| key);
        keys.flat_map(|key| read::register(&self.inner, kind, key))
            .filter_map(|held| self.inner.hash_for_opid(&held.op))
            .map(|hash| hash.0)
            .collect()
    }

    /// The values that differ from an earlier state, by path, but for those of some fields.
    pub fn differences(&self, earlier: &Document, but: &[&str]) -> Vec<Difference> {
        let shown = |document: &Document| {
            let (leaves, _) = document.leaves_and_conflicts();
            let wanted = leaves
                .into_iter()
                .filter(|(key, _)| !but.contains(&path::first_segment(key)));
            wanted.collect::<BTreeMap<String, Value>>()
        };
        let (before, now) = (shown(earlier), shown(self));
        let keys: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
        keys.into_iter()
            .filter(|key| before.get(*key) != now.get(*key))
            .filter_map(|key| {
                Some(Difference {
                    path: Path::parse(key).ok()?,
                    from: before.get(key).cloned(),
                    to: now.get(key).cloned(),
                })
            })
            .collect()
    }
}
