//! One document: an Automerge document with a flat root map, loaded, read, edited and dropped.
//!
//! Loading and applying are safe against hostile bytes: a panic of Automerge is an error, after
//! which the document must be dropped. Nothing here is kept between calls besides the document.

mod conflict;
mod edit;
mod history;
mod import;
mod long_text;
mod past;
mod rank;
mod read;
mod since;
mod sound;
mod summary;
mod texts;
mod write;

use std::collections::BTreeSet;

use automerge::{Automerge, Change, LoadOptions, TextEncoding};
use serde_json::{Map, Value};
use thiserror::Error;

pub use conflict::{Conflict, ConflictValue};
pub use edit::{ChangeBytes, Edit, EditError, Editor};
pub use history::{FieldChange, HistoryEntry};
pub use import::{ImportError, create_edits};
pub use since::{Difference, MergedText};
pub use summary::Summary;

use crate::change::{self, ChangeHash, SummariseError};
use crate::kind::DocumentId;
use crate::leaves;
use crate::path::Path;
use crate::schema;

/// A materialised document.
#[derive(Debug, Clone)]
pub struct Document {
    id: DocumentId,
    inner: Automerge,
    /// Applied changes that cannot be part of any document, see `sound.rs`.
    left_out: Vec<Change>,
}

/// Why a document could not be loaded, or changes could not be applied to it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LoadError {
    #[error("snapshot does not load: {reason}")]
    Snapshot { reason: String },
    #[error("read change {index} of the document")]
    Change {
        index: usize,
        #[source]
        source: SummariseError,
    },
    #[error("changes do not apply: {reason}")]
    Apply { reason: String },
    #[error("{count} changes that others depend on are missing")]
    Missing { count: usize },
}

impl Document {
    /// A document without any change.
    pub fn empty(id: DocumentId) -> Document {
        Document {
            id,
            inner: Automerge::new_with_encoding(TextEncoding::UnicodeCodePoint),
            left_out: Vec::new(),
        }
    }

    /// A document from an earlier [`save`](Document::save) and later changes, in any order, all
    /// applied in one step. A change that the snapshot contains is skipped. A change that refers
    /// to what is not there is left out of what is shown, with all that follows it.
    ///
    /// # Errors
    /// When the snapshot or a change is malformed, or a dependency is missing.
    pub fn load<'a>(
        id: DocumentId,
        snapshot: Option<&[u8]>,
        changes: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Document, LoadError> {
        let mut document = Document::empty(id);
        if let Some(snapshot) = snapshot {
            let options = LoadOptions::new().text_encoding(TextEncoding::UnicodeCodePoint);
            document.inner = change::guarded(|| Automerge::load_with_options(snapshot, options))
                .and_then(|loaded| loaded.map_err(|error| error.to_string()))
                .map_err(|reason| LoadError::Snapshot { reason })?;
        }
        document.apply(changes)?;
        Ok(document)
    }

    /// Applies changes, in any order, in one step. Which are left out is decided anew.
    ///
    /// # Errors
    /// When a change is malformed or a dependency is missing. The document may then contain a
    /// part of the changes and must be dropped.
    pub fn apply<'a>(
        &mut self,
        changes: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<(), LoadError> {
        let mut parsed = Vec::new();
        for (index, bytes) in changes.into_iter().enumerate() {
            let change =
                change::parse(bytes).map_err(|source| LoadError::Change { index, source })?;
            parsed.push(change);
        }
        if parsed.is_empty() {
            return Ok(());
        }
        parsed.append(&mut self.left_out);
        let sorted = change::guarded(|| sound::sort(&self.inner, parsed))
            .and_then(|sorted| sorted)
            .map_err(|reason| LoadError::Apply { reason })?;
        self.left_out = sorted.left_out;
        change::guarded(|| self.inner.apply_changes(sorted.sound))
            .and_then(|applied| applied.map_err(|error| error.to_string()))
            .map_err(|reason| LoadError::Apply { reason })?;
        match automerge::ReadDoc::get_missing_deps(&self.inner, &[]).len() {
            0 => Ok(()),
            count => Err(LoadError::Missing { count }),
        }
    }

    /// The id.
    pub fn id(&self) -> DocumentId {
        self.id
    }

    /// The document in one compact block, for [`load`](Document::load). `None` when changes were
    /// left out: they are not in the block, yet later ones may decide that they are sound.
    pub fn save(&self) -> Option<Vec<u8>> {
        self.left_out.is_empty().then(|| self.inner.save())
    }

    /// The heads of all changes, those left out included, ascending: what
    /// [`admit`](crate::causal::admit) tracks.
    pub fn heads(&self) -> Vec<ChangeHash> {
        let mut heads: BTreeSet<ChangeHash> =
            self.inner.get_heads().iter().map(|head| head.0).collect();
        heads.extend(self.left_out.iter().map(|change| change.hash().0));
        for dep in self.left_out.iter().flat_map(Change::deps) {
            heads.remove(&dep.0);
        }
        heads.into_iter().collect()
    }

    /// The changes that were left out, ascending.
    pub fn left_out(&self) -> Vec<ChangeHash> {
        let left_out: BTreeSet<_> = self.left_out.iter().map(|change| change.hash().0).collect();
        left_out.into_iter().collect()
    }

    /// All sound changes as entries carry them, each after those it depends on.
    pub fn changes(&self) -> Vec<Vec<u8>> {
        self.inner
            .get_changes(&[])
            .iter()
            .map(|change| change.raw_bytes().to_vec())
            .collect()
    }

    /// The value shown at a path: a scalar, or the whole map or list below it.
    pub fn get(&self, path: &Path) -> Option<Value> {
        leaves::value_at(
            &read::view(&self.inner, self.id.kind()).leaves,
            path.as_str(),
        )
    }

    /// The document as nested JSON: `id`, `kind`, then the fields in the order of the schema,
    /// then unknown fields by name. Of concurrent values the shown one.
    pub fn to_json(&self) -> Value {
        let mut fields = leaves::whole(&read::view(&self.inner, self.id.kind()).leaves);
        // Another program may have written fields with these names.
        fields.retain(|name, _| !matches!(name.as_str(), "id" | "kind"));
        let mut out = Map::new();
        out.insert("id".to_owned(), Value::from(self.id.to_string()));
        out.insert("kind".to_owned(), Value::from(self.id.kind_name()));
        for field in self.id.kind().into_iter().flat_map(schema::fields) {
            if let Some((name, value)) = fields.shift_remove_entry(field.pattern) {
                out.insert(name, value);
            }
        }
        out.extend(fields);
        Value::Object(out)
    }

    /// Every shown value with its path, sorted by path; order keys and markers left out.
    pub fn leaves(&self) -> impl Iterator<Item = (Path, Value)> {
        read::view(&self.inner, self.id.kind())
            .leaves
            .into_iter()
            .filter_map(|(key, value)| Some((Path::parse(&key).ok()?, value)))
            .filter(|(path, _)| !path.is_structure())
    }
}
