//! History: what each change did to each field, from the changes themselves.

use std::collections::{BTreeMap, BTreeSet};

use automerge::legacy::{Key, ObjectId, Op, OpId, OpType};
use automerge::{Change, ExpandedChange, ObjId, ObjType, ReadDoc};
use serde::Serialize;
use serde_json::Value;

use super::Document;
use super::read::scalar_json;
use crate::change::{self, ChangeHash};
use crate::path::{self, EMPTY, ORDER, Path, TOUCH};

/// One change and what it did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistoryEntry {
    pub change: ChangeHash,
    pub actor: Vec<u8>,
    /// Opaque account id, when the change names one.
    pub account: Option<String>,
    /// Author's clock, seconds since 1970.
    pub time_secs: i64,
    pub message: Option<String>,
    /// Sorted by path.
    pub fields: Vec<FieldChange>,
}

/// One path that a change wrote.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldChange {
    /// Ends in `~o` when a list item was moved.
    pub path: Path,
    /// The values it superseded, as its author saw them: none when the path was new, several
    /// when the change resolved a conflict.
    pub from: Vec<Value>,
    /// The value it wrote; `None` when it removed the path.
    pub to: Option<Value>,
}

/// An operation's number and actor.
type OpKey = (u64, Vec<u8>);

impl Document {
    /// All changes, oldest first: each after those it depends on, concurrent ones in an order
    /// that is the same at every node. The cost is that of the operations, and of two readings
    /// of a long text for each change that edited it.
    pub fn history(&self) -> Vec<HistoryEntry> {
        let mut past = Past {
            document: self,
            written: BTreeMap::new(),
        };
        causal_order(self.inner.get_changes(&[]))
            .iter()
            .map(|change| past.entry(change))
            .collect()
    }
}

/// Dependencies first; among the ready the smallest first operation, then the smallest hash.
fn causal_order(changes: Vec<Change>) -> Vec<Change> {
    let mut waiting: BTreeMap<ChangeHash, usize> = BTreeMap::new();
    let mut followers: BTreeMap<ChangeHash, Vec<ChangeHash>> = BTreeMap::new();
    let mut ready = BTreeSet::new();
    let mut by_hash: BTreeMap<ChangeHash, Change> = BTreeMap::new();
    for change in changes {
        let hash = change.hash().0;
        for dep in change.deps() {
            followers.entry(dep.0).or_default().push(hash);
        }
        match change.deps().len() {
            0 => drop(ready.insert((change.start_op().get(), hash))),
            count => drop(waiting.insert(hash, count)),
        }
        by_hash.insert(hash, change);
    }
    let mut ordered = Vec::with_capacity(by_hash.len());
    while let Some((_, hash)) = ready.pop_first() {
        for follower in followers.remove(&hash).unwrap_or_default() {
            let Some(count) = waiting.get_mut(&follower) else {
                continue;
            };
            *count -= 1;
            if *count == 0
                && let Some(change) = by_hash.get(&follower)
            {
                ready.insert((change.start_op().get(), follower));
            }
        }
        ordered.extend(by_hash.remove(&hash));
    }
    ordered
}

/// What the operations so far wrote to the root map.
struct Past<'a> {
    document: &'a Document,
    written: BTreeMap<OpKey, Written>,
}

#[derive(Clone)]
enum Written {
    Scalar(Value),
    /// A text object at this path.
    Text(String),
}

impl Past<'_> {
    fn entry(&mut self, change: &Change) -> HistoryEntry {
        let decoded = change.decode();
        let (account, message) = change::decode_message(change.message());
        let mut fields = BTreeMap::new();
        for (op, number) in decoded.operations.iter().zip(change.start_op().get()..) {
            let id = (number, change.actor_id().to_bytes().to_vec());
            self.record(change, &decoded, op, id, &mut fields);
        }
        HistoryEntry {
            change: change.hash().0,
            actor: change.actor_id().to_bytes().to_vec(),
            account,
            time_secs: change.timestamp(),
            message,
            fields: fields.into_values().collect(),
        }
    }

    fn record(
        &mut self,
        change: &Change,
        decoded: &ExpandedChange,
        op: &Op,
        id: OpKey,
        fields: &mut BTreeMap<String, FieldChange>,
    ) {
        let path = match (&op.obj, &op.key) {
            (ObjectId::Root, Key::Map(key)) => key.as_str(),
            (ObjectId::Id(object), _) => {
                self.record_text(change, &key_of(object), fields);
                return;
            }
            (ObjectId::Root, Key::Seq(_)) => return,
        };
        let written = match &op.action {
            OpType::Put(value) => Some(Written::Scalar(scalar_json(value))),
            OpType::Make(ObjType::Text) => Some(Written::Text(path.to_owned())),
            OpType::Delete => None,
            OpType::Make(ObjType::Map | ObjType::List | ObjType::Table)
            | OpType::Increment(_)
            | OpType::MarkBegin(_)
            | OpType::MarkEnd(_) => return,
        };
        let hidden = match path::last_segment(path) {
            EMPTY | TOUCH => true,
            ORDER => op.pred.is_empty() || written.is_none(),
            _ => false,
        };
        let before: Vec<ChangeHash> = decoded.deps.iter().map(|dep| dep.0).collect();
        let from = op
            .pred
            .iter()
            .filter_map(|pred| self.value(&key_of(pred), &before))
            .collect();
        if let Some(written) = &written {
            self.written.insert(id.clone(), written.clone());
        }
        let (false, Ok(parsed)) = (hidden, Path::parse(path)) else {
            return;
        };
        let to = written.and_then(|_| self.value(&id, &[change.hash().0]));
        let entry = FieldChange {
            path: parsed,
            from,
            to,
        };
        fields.insert(path.to_owned(), entry);
    }

    /// An edit inside a text: the whole text before and after, once for each change.
    fn record_text(
        &self,
        change: &Change,
        object: &OpKey,
        fields: &mut BTreeMap<String, FieldChange>,
    ) {
        let Some(Written::Text(path)) = self.written.get(object) else {
            return;
        };
        let (false, Ok(parsed)) = (fields.contains_key(path), Path::parse(path)) else {
            return;
        };
        let before: Vec<ChangeHash> = change.deps().iter().map(|dep| dep.0).collect();
        let entry = FieldChange {
            path: parsed,
            from: self.value(object, &before).into_iter().collect(),
            to: self.value(object, &[change.hash().0]),
        };
        fields.insert(path.clone(), entry);
    }

    /// The value an operation wrote; a text as it was at these heads.
    fn value(&self, op: &OpKey, heads: &[ChangeHash]) -> Option<Value> {
        match self.written.get(op)? {
            Written::Scalar(value) => Some(value.clone()),
            Written::Text(_) => {
                let actor = automerge::ActorId::from(op.1.as_slice());
                let object = ObjId::Id(op.0, actor, usize::MAX);
                let heads: Vec<_> = heads
                    .iter()
                    .map(|head| automerge::ChangeHash(*head))
                    .collect();
                let text = self.document.inner.text_at(&object, &heads).ok()?;
                Some(Value::from(text))
            }
        }
    }
}

fn key_of(op: &OpId) -> OpKey {
    (op.counter(), op.actor().to_bytes().to_vec())
}
