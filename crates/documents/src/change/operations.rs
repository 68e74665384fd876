//! What the operations of a change may be and refer to, as far as the change alone can tell.
//!
//! Automerge panics on, or silently loses, an operation that refers to something that is not
//! there. Whether it is there is judged by `document/sound.rs` when the document is loaded.

use automerge::legacy::{ElementId, Key, ObjectId, Op, OpId, OpType};
use automerge::{ActorId, ExpandedChange, ObjType};
use thiserror::Error;

/// Why an operation can be part of no document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OperationError {
    /// Its object, its element or what it supersedes cannot have been made before it.
    #[error("it refers to an operation that does not come before it")]
    NotBefore,
    /// A key of a map in a sequence or the reverse, or an insertion that is none.
    #[error("its key does not fit its action")]
    BadKey,
    /// A removal of nothing, an insertion that supersedes, or one operation superseded twice.
    #[error("what it supersedes does not fit its action")]
    BadPredecessors,
    /// Marks and tables: no program of ours writes them, and Automerge does not load all that
    /// it lets one apply.
    #[error("its action is not allowed in documents")]
    BadAction,
}

/// Checks every operation; the index of the first bad one.
pub(super) fn check(change: &ExpandedChange) -> Result<(), (usize, OperationError)> {
    let start = change.start_op.get();
    for (index, op) in change.operations.iter().enumerate() {
        let maker = Maker {
            actor: &change.actor_id,
            start,
            number: start + index as u64,
        };
        maker.check(op).map_err(|error| (index, error))?;
    }
    Ok(())
}

/// The place of an operation in its change.
struct Maker<'a> {
    actor: &'a ActorId,
    start: u64,
    number: u64,
}

impl Maker<'_> {
    fn check(&self, op: &Op) -> Result<(), OperationError> {
        let known = references(op).all(|id| self.may_know(id));
        if !known {
            return Err(OperationError::NotBefore);
        }
        let makes_value = match op.action {
            OpType::Make(ObjType::Table) | OpType::MarkBegin(_) | OpType::MarkEnd(_) => {
                return Err(OperationError::BadAction);
            }
            OpType::Make(_) | OpType::Put(_) => true,
            OpType::Delete | OpType::Increment(_) => false,
        };
        let fits = match &op.key {
            Key::Map(_) => !op.insert,
            Key::Seq(ElementId::Head) => op.insert && op.obj != ObjectId::Root,
            Key::Seq(ElementId::Id(_)) => op.obj != ObjectId::Root,
        };
        if !fits || (op.insert && !makes_value) {
            return Err(OperationError::BadKey);
        }
        let repeated = op.pred.iter().zip(op.pred.iter().skip(1));
        let mut repeated = repeated.filter(|(one, next)| one == next);
        let fits = if op.insert {
            op.pred.is_empty()
        } else {
            makes_value || !op.pred.is_empty()
        };
        if !fits || repeated.next().is_some() {
            return Err(OperationError::BadPredecessors);
        }
        Ok(())
    }

    /// Whether the operation can be in the past of this one: an own earlier one, or one whose
    /// number is lower than all of this change, as those of everything it follows are.
    fn may_know(&self, id: &OpId) -> bool {
        let before = if id.actor() == self.actor {
            self.number
        } else {
            self.start
        };
        (1..before).contains(&id.counter())
    }
}

/// All operations that an operation refers to.
fn references(op: &Op) -> impl Iterator<Item = &OpId> {
    let object = match &op.obj {
        ObjectId::Id(id) => Some(id),
        ObjectId::Root => None,
    };
    let element = match &op.key {
        Key::Seq(ElementId::Id(id)) => Some(id),
        Key::Seq(ElementId::Head) | Key::Map(_) => None,
    };
    object.into_iter().chain(element).chain(op.pred.iter())
}
