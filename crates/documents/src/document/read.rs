//! Reading: the shown values of all paths, and every concurrent value of one.

use std::collections::{BTreeMap, BTreeSet};

use automerge::iter::MapRangeItem;
use automerge::{
    ActorId, Automerge, ObjId, ObjType, ROOT, ReadDoc, ScalarValue, Value as AutomergeValue,
};
use serde_json::Value;

use super::rank;
use crate::kind::Kind;
use crate::leaves::Leaves;
use crate::path::{self, TOUCH};

/// The shown values, and the paths at which there is more to say.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) leaves: Leaves,
    /// Encoded paths with several concurrent values, or with one that survived a removal.
    pub(super) contested: BTreeSet<String>,
    /// Paths whose text has been edited in place.
    pub(super) touched: BTreeSet<String>,
    /// Those of them that were edited so at several places at once, and by nobody since.
    pub(super) merged: BTreeSet<String>,
}

/// One of the live values of a path.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) value: Value,
    /// The operation that wrote it; for an edited text the latest edit.
    pub(super) op: ObjId,
    /// The text object, for a long text.
    pub(super) text: Option<ObjId>,
    /// False for a text whose removal was concurrent with an edit of it.
    pub(super) visible: bool,
}

/// Reads the whole root map once.
pub(super) fn view(inner: &Automerge, kind: Option<Kind>) -> View {
    view_of(inner, kind, inner.map_range(ROOT, ..))
}

/// As [`view`], of these top-level fields alone.
pub(super) fn view_of_fields(
    inner: &Automerge,
    kind: Option<Kind>,
    fields: &BTreeSet<&str>,
) -> View {
    let items = fields.iter().flat_map(|field| {
        // '0' is the character after '/'.
        let around = inner.map_range(ROOT, (*field).to_owned()..format!("{field}0"));
        around.filter(|item| path::first_segment(&item.key) == *field)
    });
    view_of(inner, kind, items)
}

fn view_of<'a>(
    inner: &'a Automerge,
    kind: Option<Kind>,
    items: impl Iterator<Item = MapRangeItem<'a>>,
) -> View {
    let mut view = View::default();
    let mut touches = Vec::new();
    for item in items {
        if path::check(&item.key).is_err() {
            continue;
        }
        if path::last_segment(&item.key) == TOUCH {
            touches.push((item.conflict, item.key.into_owned()));
            continue;
        }
        let (op, conflict) = (item.id(), item.conflict);
        let Some(mut value) = shown_value(inner, &item.value.into_value(), &op) else {
            continue;
        };
        let key = item.key.into_owned();
        if conflict {
            if rank::is_state(kind, &key)
                && let Some(first) = register(inner, kind, &key).into_iter().next()
            {
                value = first.value;
            }
            view.contested.insert(key.clone());
        }
        view.leaves.insert(key, value);
    }
    for (at_once, touch) in touches {
        let Some(key) = touch
            .strip_suffix(TOUCH)
            .and_then(|key| key.strip_suffix('/'))
        else {
            continue;
        };
        view.touched.insert(key.to_owned());
        let held = register(inner, kind, key);
        if at_once && held.len() == 1 {
            view.merged.insert(key.to_owned());
        }
        if held.iter().any(|held| !held.visible) {
            view.contested.insert(key.to_owned());
        }
        if !view.leaves.contains_key(key)
            && let Some(survivor) = held.first()
        {
            view.leaves.insert(key.to_owned(), survivor.value.clone());
        }
    }
    view
}

/// The changes that edited a text in place, of those that no later edit of it supersedes.
pub(super) fn editors(inner: &Automerge, key: &str) -> Vec<automerge::ChangeHash> {
    let touches = inner.get_all(ROOT, format!("{key}/{TOUCH}"));
    let touches = touches.unwrap_or_default().into_iter();
    touches
        .filter_map(|(_, op)| inner.hash_for_opid(&op))
        .collect()
}

/// All live values of a path, the shown one first, the others from the latest operation on.
pub(super) fn register(inner: &Automerge, kind: Option<Kind>, key: &str) -> Vec<Held> {
    let touches = touches(inner, key);
    let mut held = Vec::new();
    let mut seen = BTreeSet::new();
    for (value, op) in inner
        .get_all(ROOT, key)
        .unwrap_or_default()
        .into_iter()
        .rev()
    {
        let Some(json) = shown_value(inner, &value, &op) else {
            continue;
        };
        let is_text = value.is_object();
        let edited = touches.get(&op_key(&op)).cloned();
        seen.insert(op_key(&op));
        held.push(Held {
            value: json,
            text: is_text.then(|| op.clone()),
            op: edited.unwrap_or(op),
            visible: true,
        });
    }
    for (object_key, touched_by) in touches.iter().rev() {
        let Some(object) = object_of(object_key).filter(|_| !seen.contains(object_key)) else {
            continue;
        };
        if inner.object_type(&object) != Ok(ObjType::Text) {
            continue;
        }
        if let Ok(text) = inner.text(&object) {
            held.push(Held {
                value: Value::from(text),
                op: touched_by.clone(),
                text: Some(object),
                visible: false,
            });
        }
    }
    rank::sort(kind, key, &mut held);
    held
}

/// The operations of the objects that a text edit names, as stored in a touch leaf.
pub(super) fn touch_value<'a>(objects: impl IntoIterator<Item = &'a ObjId>) -> String {
    let names: Vec<String> = objects.into_iter().map(ToString::to_string).collect();
    names.join(",")
}

/// A deterministic sort key of an operation: counter, then actor.
pub(super) fn op_key(op: &ObjId) -> (u64, Vec<u8>) {
    match op {
        ObjId::Root => (0, Vec::new()),
        ObjId::Id(counter, actor, _) => (*counter, actor.to_bytes().to_vec()),
    }
}

/// Text objects named by the live touches of a path, each with the latest touch of it.
fn touches(inner: &Automerge, key: &str) -> BTreeMap<(u64, Vec<u8>), ObjId> {
    let mut found: BTreeMap<(u64, Vec<u8>), ObjId> = BTreeMap::new();
    let touch_key = format!("{key}/{TOUCH}");
    for (value, op) in inner.get_all(ROOT, touch_key).unwrap_or_default() {
        let Some(names) = value.as_str() else {
            continue;
        };
        for object in names.split(',').filter_map(parse_object) {
            let latest = found.entry(op_key(&object)).or_insert_with(|| op.clone());
            if op_key(latest) < op_key(&op) {
                *latest = op.clone();
            }
        }
    }
    found
}

/// Reads `12@a0b1…`; anything a peer may have put there instead is ignored.
fn parse_object(name: &str) -> Option<ObjId> {
    let (counter, actor) = name.split_once('@')?;
    let actor = ActorId::try_from(actor).ok()?;
    object_of(&(counter.parse().ok()?, actor.to_bytes().to_vec()))
}

/// Automerge looks the actor up by its bytes when the index is not that of the document.
fn object_of(key: &(u64, Vec<u8>)) -> Option<ObjId> {
    let in_range = key.0 > 0 && u32::try_from(key.0).is_ok();
    in_range.then(|| ObjId::Id(key.0, ActorId::from(key.1.as_slice()), usize::MAX))
}

/// The JSON of a value; `None` for objects other than texts, which no program of ours writes.
fn shown_value(inner: &Automerge, value: &AutomergeValue<'_>, op: &ObjId) -> Option<Value> {
    match value {
        AutomergeValue::Object(ObjType::Text) => inner.text(op).ok().map(Value::from),
        AutomergeValue::Object(ObjType::Map | ObjType::List | ObjType::Table) => None,
        AutomergeValue::Scalar(scalar) => Some(scalar_json(scalar)),
    }
}

/// The JSON of a scalar. Bytes and scalars of a newer Automerge are shown in hexadecimal.
pub(super) fn scalar_json(scalar: &ScalarValue) -> Value {
    match scalar {
        ScalarValue::Null => Value::Null,
        ScalarValue::Boolean(value) => Value::from(*value),
        ScalarValue::Int(value) | ScalarValue::Timestamp(value) => Value::from(*value),
        ScalarValue::Counter(counter) => Value::from(i64::from(counter)),
        ScalarValue::Uint(value) => Value::from(*value),
        ScalarValue::F64(value) => Value::from(*value),
        ScalarValue::Str(value) => Value::from(value.as_str()),
        ScalarValue::Bytes(bytes) | ScalarValue::Unknown { bytes, .. } => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            Value::from(hex)
        }
    }
}
