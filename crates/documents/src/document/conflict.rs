//! Conflicts: paths at which different values were written concurrently.

use std::collections::BTreeMap;

use automerge::{Automerge, ObjId};
use serde::Serialize;
use serde_json::Value;

use super::Document;
use super::read::{self, Held, View};
use crate::change::{self, ChangeHash};
use crate::kind::Kind;
use crate::leaves;
use crate::path::{self, Path};

/// A path with different concurrent values.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Conflict {
    pub path: Path,
    /// The value that readers see; the same at every node that has the same changes.
    pub shown: Value,
    /// All live values, the shown one first, then from the latest operation to the earliest.
    pub values: Vec<ConflictValue>,
}

/// One of the values of a conflict and who wrote it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConflictValue {
    pub value: Value,
    /// The change that wrote it; for an edited text its latest edit.
    pub change: ChangeHash,
    pub actor: Vec<u8>,
    /// Opaque account id, when the change names one.
    pub account: Option<String>,
    /// Author's clock, seconds since 1970.
    pub time_secs: i64,
}

impl Document {
    /// The paths with different concurrent values, sorted. Equal values are no conflict, and
    /// neither is the order of list items. A value that was edited while it was removed stands
    /// alone, without a conflict.
    pub fn conflicts(&self) -> Vec<Conflict> {
        self.leaves_and_conflicts().1
    }
}

impl Document {
    /// Every shown value by encoded path, and the conflicts, from one reading of the document.
    pub(crate) fn leaves_and_conflicts(&self) -> (BTreeMap<String, Value>, Vec<Conflict>) {
        let kind = self.id().kind();
        let view = read::view(&self.inner, kind);
        let conflicts = conflicts_of(&self.inner, kind, &view);
        let mut leaves = view.leaves;
        leaves.retain(|key, _| !path::is_structure(key));
        (leaves, conflicts)
    }
}

pub(super) fn conflicts_of(inner: &Automerge, kind: Option<Kind>, view: &View) -> Vec<Conflict> {
    let mut found = BTreeMap::new();
    for key in &view.contested {
        if path::is_structure(key) {
            continue;
        }
        let held = read::register(inner, kind, key);
        let different = held.iter().any(|other| other.value != held[0].value);
        let (true, Ok(path)) = (different, Path::parse(key)) else {
            continue;
        };
        let conflict = Conflict {
            path,
            shown: held[0].value.clone(),
            values: held.iter().map(|held| attributed(inner, held)).collect(),
        };
        found.insert(key.clone(), conflict);
    }
    for key in mixed_shapes(view) {
        if let Some(conflict) = shape_conflict(inner, kind, view, &key) {
            found.insert(key, conflict);
        }
    }
    found.into_values().collect()
}

/// Paths that hold two of: a scalar, map keys, list items.
fn mixed_shapes(view: &View) -> Vec<String> {
    const SCALAR: u8 = 1;
    const MAP: u8 = 2;
    const LIST: u8 = 4;
    let mut shapes: BTreeMap<&str, u8> = BTreeMap::new();
    let data = view.leaves.keys().filter(|key| !path::is_structure(key));
    for key in data {
        for (at, _) in key.match_indices('/') {
            let shape = if key[at + 1..].starts_with('#') {
                LIST
            } else {
                MAP
            };
            *shapes.entry(&key[..at]).or_default() |= shape;
        }
    }
    for (parent, shape) in &mut shapes {
        if view.leaves.contains_key(*parent) {
            *shape |= SCALAR;
        }
    }
    shapes
        .into_iter()
        .filter(|(_, shape)| shape.count_ones() > 1)
        .map(|(parent, _)| parent.to_owned())
        .collect()
}

fn shape_conflict(
    inner: &Automerge,
    kind: Option<Kind>,
    view: &View,
    key: &str,
) -> Option<Conflict> {
    let path = Path::parse(key).ok()?;
    let shown = leaves::value_at(&view.leaves, key)?;
    let mut values: Vec<((u64, Vec<u8>), ConflictValue)> = Vec::new();
    for (value, keys) in leaves::shapes_at(&view.leaves, key) {
        let latest = keys
            .iter()
            .flat_map(|key| read::register(inner, kind, key))
            .map(|held| held.op)
            .max_by_key(read::op_key)?;
        values.push((read::op_key(&latest), attribute(inner, value, &latest)));
    }
    values.sort_by(|a, b| b.0.cmp(&a.0));
    Some(Conflict {
        path,
        shown,
        values: values.into_iter().map(|(_, value)| value).collect(),
    })
}

fn attributed(inner: &Automerge, held: &Held) -> ConflictValue {
    attribute(inner, held.value.clone(), &held.op)
}

fn attribute(inner: &Automerge, value: Value, op: &ObjId) -> ConflictValue {
    let hash = inner.hash_for_opid(op);
    let meta = hash.and_then(|hash| inner.get_change_meta_by_hash(&hash));
    let actor = match op {
        ObjId::Root => Vec::new(),
        ObjId::Id(_, actor, _) => actor.to_bytes().to_vec(),
    };
    let message = meta.as_ref().and_then(|meta| meta.message.as_deref());
    ConflictValue {
        value,
        change: hash.map(|hash| hash.0).unwrap_or_default(),
        actor,
        account: change::decode_message(message).0,
        time_secs: meta.map(|meta| meta.timestamp).unwrap_or_default(),
    }
}
