//! Editing: a list of edits becomes one Automerge change, or none when nothing differs.

use std::collections::{BTreeMap, BTreeSet};

use automerge::transaction::CommitOptions;
use automerge::{ActorId, AutomergeError, ROOT, ReadDoc};
use serde_json::Value;
use thiserror::Error;

use super::Document;
use super::read::{self, View};
use super::write::{Write, scalar};
use crate::change::{self, ChangeSummary};
use crate::kind::DocumentId;
use crate::leaves::{self, Leaves};
use crate::limits::{
    ACCOUNT_BYTES_MAX, CHANGE_BYTES_MAX, EDITS_MAX, LEAVES_MAX, MESSAGE_BYTES_MAX, TEXT_BYTES_MAX,
};
use crate::path::{self, ORDER, Path, PathError};
use crate::schema::{self, Mismatch};

/// Bytes that an operation costs in a change besides its key and value, at most.
const OP_BYTES: usize = 40;
/// Bytes that one character of a long text costs in a change, at most.
const TEXT_OP_BYTES: usize = 6;

/// One thing a person wants to change.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Make the value at the path equal to this. A map or list is compared with what is there,
    /// and only what differs is written.
    Set { path: Path, value: Value },
    /// Remove the value and all below it.
    Remove { path: Path },
    /// Append to the list at the path; a code that the list has already is not repeated.
    Add { path: Path, value: Value },
    /// Choose this value where concurrent ones exist: as `Set`, but written even when it equals
    /// the shown one, so that all others are superseded.
    Resolve { path: Path, value: Value },
}

impl Edit {
    /// The encoded top-level field that it is about.
    fn field(&self) -> &str {
        let (Self::Set { path, .. }
        | Self::Remove { path }
        | Self::Add { path, .. }
        | Self::Resolve { path, .. }) = self;
        path::first_segment(path.as_str())
    }
}

/// Who edits, and when.
#[derive(Debug, Clone, Copy)]
pub struct Editor<'a> {
    /// 16 bytes of the author's feed, then 8 that were drawn at process start.
    pub actor: [u8; 24],
    /// Opaque account id.
    pub account: &'a str,
    /// Seconds since 1970.
    pub time_secs: i64,
    pub message: Option<&'a str>,
}

/// A change made here, ready for an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeBytes {
    /// One uncompressed Automerge change.
    pub bytes: Vec<u8>,
    pub summary: ChangeSummary,
}

/// Why an edit was refused. Except after `Automerge` the document is as before.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EditError {
    #[error("build path below {path}")]
    Path {
        path: Path,
        #[source]
        source: PathError,
    },
    #[error("path {path} is not a field that can be edited")]
    ReservedPath { path: Path },
    #[error("{path} must be {expected}, not {found}")]
    WrongType {
        path: String,
        expected: &'static str,
        found: &'static str,
    },
    #[error("{path} is not a list")]
    NotAList { path: Path },
    #[error("text of {bytes} bytes at {path} exceeds {TEXT_BYTES_MAX}")]
    TextTooLong { path: String, bytes: usize },
    #[error("document of {leaves} values would exceed {LEAVES_MAX}")]
    TooManyLeaves { leaves: usize },
    #[error("{count} edits in one call exceed {EDITS_MAX}")]
    TooManyEdits { count: usize },
    #[error("change of about {bytes} bytes would exceed {CHANGE_BYTES_MAX}")]
    ChangeTooLong { bytes: usize },
    #[error("account id of {bytes} bytes is not between 1 and {ACCOUNT_BYTES_MAX}")]
    BadAccount { bytes: usize },
    #[error("message of {bytes} bytes exceeds {MESSAGE_BYTES_MAX}")]
    MessageTooLong { bytes: usize },
    #[error("change could not be made, drop the document: {reason}")]
    Automerge { reason: String },
}

impl Document {
    /// Makes all edits in one change, or none of them.
    ///
    /// `None` when nothing differs. The document then contains the change; a caller that fails
    /// to store it drops the document.
    ///
    /// # Errors
    /// When a value has the wrong type for a known field, a limit is exceeded, or a path cannot
    /// be edited so; the document is unchanged. After [`EditError::Automerge`] drop it.
    pub fn edit(
        &mut self,
        by: &Editor<'_>,
        edits: &[Edit],
    ) -> Result<Option<ChangeBytes>, EditError> {
        check_editor(by)?;
        if edits.len() > EDITS_MAX {
            return Err(EditError::TooManyEdits { count: edits.len() });
        }
        let fields = edits.iter().map(Edit::field).collect();
        let view = read::view_of_fields(&self.inner, self.id.kind(), &fields);
        let mut draft = Draft::new(&view);
        for edit in edits {
            draft.make(edit)?;
        }
        let writes = draft.writes();
        self.check(&draft, &writes)?;
        if writes.is_empty() {
            return Ok(None);
        }
        let kind = self.id.kind();
        let options = CommitOptions::default()
            .with_time(by.time_secs)
            .with_message(change::encode_message(by.account, by.message));
        let made = change::guarded(|| -> Result<_, AutomergeError> {
            self.inner.set_actor(ActorId::from(by.actor));
            let writes: Vec<Write> = writes
                .into_iter()
                .map(|(key, value)| self.write(kind, &view, key, value))
                .collect();
            let mut transaction = self.inner.transaction();
            for write in writes {
                write.perform(&mut transaction)?;
            }
            let (hash, _) = transaction.commit_with(options);
            Ok(hash.and_then(|hash| self.inner.get_change_by_hash(&hash)))
        });
        let change = match made {
            Ok(Ok(Some(change))) => change,
            Ok(Ok(None)) => return Ok(None),
            Ok(Err(error)) => return Err(failed(error.to_string())),
            Err(reason) => return Err(failed(reason)),
        };
        let bytes = change.raw_bytes().to_vec();
        let summary = change::summarise(&bytes).map_err(|error| failed(error.to_string()))?;
        Ok(Some(ChangeBytes { bytes, summary }))
    }

    /// Types, text lengths, number of values and size of the change, before anything is written.
    fn check(&self, draft: &Draft<'_>, writes: &Writes) -> Result<(), EditError> {
        let mut estimate = 0_usize;
        for (key, value) in writes {
            let text = value.as_ref().and_then(Value::as_str).unwrap_or_default();
            if text.len() > TEXT_BYTES_MAX {
                return Err(EditError::TextTooLong {
                    path: key.clone(),
                    bytes: text.len(),
                });
            }
            estimate += key.len() + text.len() + OP_BYTES + path_cost(key, text, self.id);
            let (Some(value), Ok(path)) = (value, Path::parse(key)) else {
                continue;
            };
            schema::check(self.id.kind(), &path, value).map_err(
                |Mismatch { expected, found }| EditError::WrongType {
                    path: key.clone(),
                    expected,
                    found,
                },
            )?;
        }
        self.check_leaves(count(&draft.view.leaves), count(&draft.leaves))?;
        if estimate > CHANGE_BYTES_MAX {
            return Err(EditError::ChangeTooLong { bytes: estimate });
        }
        Ok(())
    }

    /// Merging may have made more than anybody may write: an edit must not add to that.
    fn check_leaves(&self, before: usize, after: usize) -> Result<(), EditError> {
        let added = after.saturating_sub(before);
        // Every value has an entry of its own in the root map.
        if added == 0 || self.inner.length(ROOT) + added <= LEAVES_MAX {
            return Ok(());
        }
        let leaves = count(&read::view(&self.inner, self.id.kind()).leaves) + added;
        if leaves > LEAVES_MAX {
            return Err(EditError::TooManyLeaves { leaves });
        }
        Ok(())
    }

    /// How one path gets its new value. A long text is edited in place in every concurrent text
    /// object, so that edits that others make to any of them at the same time are not lost.
    fn write(
        &self,
        kind: Option<crate::kind::Kind>,
        view: &View,
        key: String,
        value: Option<Value>,
    ) -> Write {
        let touched = view.touched.contains(&key);
        let Some(value) = value else {
            let remove_value = read::register(&self.inner, kind, &key)
                .iter()
                .any(|held| held.visible);
            return Write::Remove {
                key,
                remove_value,
                touched,
            };
        };
        let long = Path::parse(&key).is_ok_and(|path| schema::is_long_text(kind, &path));
        let (true, Value::String(text)) = (long, &value) else {
            return Write::Put {
                key,
                value: scalar(&value),
                touched,
            };
        };
        let held = read::register(&self.inner, kind, &key);
        let objects: Option<Vec<_>> = held
            .into_iter()
            .map(|held| {
                let object = held.text.filter(|_| held.visible)?;
                Some((object, held.value.as_str().unwrap_or_default().to_owned()))
            })
            .collect();
        match objects {
            Some(objects) if !objects.is_empty() => Write::Update {
                key,
                objects,
                text: text.clone(),
                touched,
            },
            _ => Write::NewText {
                key,
                text: text.clone(),
                touched,
            },
        }
    }
}

/// Encoded path to new value, or to removal.
type Writes = BTreeMap<String, Option<Value>>;

/// The document as it will be, and which paths must be written although they look the same.
struct Draft<'a> {
    view: &'a View,
    leaves: Leaves,
    affected: BTreeSet<String>,
    forced: BTreeSet<String>,
}

impl<'a> Draft<'a> {
    fn new(view: &'a View) -> Draft<'a> {
        Draft {
            view,
            leaves: view.leaves.clone(),
            affected: BTreeSet::new(),
            forced: BTreeSet::new(),
        }
    }

    fn make(&mut self, edit: &Edit) -> Result<(), EditError> {
        match edit {
            Edit::Set { path, value } => self.set(path, value, false),
            Edit::Resolve { path, value } => self.set(path, value, true),
            Edit::Remove { path } => {
                reject_structure(path)?;
                // An item's order key lies below its path, so it goes with it.
                for key in self.keys_below(path) {
                    self.leaves.remove(&key);
                    self.affected.insert(key);
                }
                Ok(())
            }
            Edit::Add { path, value } => {
                reject_structure(path)?;
                let Some(items) = leaves::items_at(&self.leaves, path.as_str()) else {
                    return Err(EditError::NotAList { path: path.clone() });
                };
                let Some((id, order)) = leaves::plan_append(&items, value) else {
                    return Ok(());
                };
                let below = |source| EditError::Path {
                    path: path.clone(),
                    source,
                };
                let item = path.item(&id).map_err(below)?;
                let mut wanted = Leaves::new();
                wanted.insert(format!("{item}/{ORDER}"), Value::from(order));
                leaves::plan(&Leaves::new(), &item, value, &mut wanted).map_err(below)?;
                self.insert(wanted, false);
                Ok(())
            }
        }
    }

    fn set(&mut self, path: &Path, value: &Value, force: bool) -> Result<(), EditError> {
        reject_structure(path)?;
        let mut wanted = Leaves::new();
        leaves::plan(&self.leaves, path, value, &mut wanted).map_err(|source| EditError::Path {
            path: path.clone(),
            source,
        })?;
        // The item's own order key lies below its path but is not part of its value.
        let order = format!("{path}/{ORDER}");
        for key in self.keys_below(path) {
            if key != order && !wanted.contains_key(&key) {
                self.leaves.remove(&key);
                self.affected.insert(key);
            }
        }
        self.place_items(path, &mut wanted);
        self.insert(wanted, force);
        Ok(())
    }

    /// Gives a place at the end to each list item on the way that has none yet.
    fn place_items(&self, path: &Path, wanted: &mut Leaves) {
        let mut at = Some(path.clone());
        while let Some(item) = at {
            at = item.parent();
            let order = format!("{item}/{ORDER}");
            let is_item = path::last_segment(item.as_str()).starts_with('#');
            let Some(list) = at.as_ref().filter(|_| is_item) else {
                continue;
            };
            if self.leaves.contains_key(&order) {
                continue;
            }
            let items = leaves::items_at(&self.leaves, list.as_str()).unwrap_or_default();
            wanted.insert(order, Value::from(leaves::order_at_end(&items)));
        }
    }

    fn insert(&mut self, wanted: Leaves, force: bool) {
        for (key, value) in wanted {
            // A text that was merged is read and found right by writing it once more.
            let open = self.view.contested.contains(&key) || self.view.merged.contains(&key);
            if force && open && !path::is_structure(&key) {
                self.forced.insert(key.clone());
            }
            self.affected.insert(key.clone());
            self.leaves.insert(key, value);
        }
    }

    fn keys_below(&self, path: &Path) -> Vec<String> {
        leaves::subtree(&self.leaves, path.as_str())
            .map(|(key, _)| key.clone())
            .collect()
    }

    /// What differs from the document, by path.
    fn writes(&self) -> Writes {
        self.affected
            .iter()
            .filter(|key| {
                self.forced.contains(*key) || self.leaves.get(*key) != self.view.leaves.get(*key)
            })
            .map(|key| (key.clone(), self.leaves.get(key).cloned()))
            .collect()
    }
}

/// The values, markers and order keys left out.
fn count(leaves: &Leaves) -> usize {
    leaves.keys().filter(|key| !path::is_structure(key)).count()
}

/// Additional bytes for the characters of a long text.
fn path_cost(key: &str, text: &str, id: DocumentId) -> usize {
    let long = Path::parse(key).is_ok_and(|path| schema::is_long_text(id.kind(), &path));
    if long {
        text.chars().count() * TEXT_OP_BYTES
    } else {
        0
    }
}

fn check_editor(by: &Editor<'_>) -> Result<(), EditError> {
    let bytes = by.account.len();
    if bytes == 0 || bytes > ACCOUNT_BYTES_MAX {
        return Err(EditError::BadAccount { bytes });
    }
    let bytes = by.message.unwrap_or_default().len();
    if bytes > MESSAGE_BYTES_MAX {
        return Err(EditError::MessageTooLong { bytes });
    }
    Ok(())
}

fn reject_structure(path: &Path) -> Result<(), EditError> {
    if path.is_structure() || path.is_identity() {
        return Err(EditError::ReservedPath { path: path.clone() });
    }
    Ok(())
}

fn failed(reason: String) -> EditError {
    EditError::Automerge { reason }
}
