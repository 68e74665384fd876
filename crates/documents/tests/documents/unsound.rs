//! Changes that refer to what is not there: they break nothing, at no node, in no order.

use automerge::legacy::{ElementId, Key, ObjectId, Op, OpId, OpType, SortedVec};
use automerge::{ActorId, Change, ExpandedChange, ObjType, ScalarValue};
use phaki_documents::change::{OperationError, SummariseError, summarise};
use phaki_documents::{Document, DocumentId, Kind};
use proptest::prelude::*;
use serde_json::json;

use crate::replica::Replica;

/// The document that hostile changes follow, and operations of each sort in it.
struct Target {
    changes: Vec<Vec<u8>>,
    heads: Vec<automerge::ChangeHash>,
    /// The value of `status`, the text object of `situation` and one of its characters.
    value: OpId,
    text: OpId,
    character: OpId,
    next_op: u64,
}

fn id() -> DocumentId {
    DocumentId::new(Kind::Plan, [1; 16])
}

fn honest() -> Replica {
    let mut replica = Replica::new(id(), 1);
    replica.create(&json!({"status": "draft", "situation": "ข้อความ"}));
    replica
}

fn target() -> Target {
    let changes = honest().document.changes();
    let change = Change::from_bytes(changes[0].clone()).unwrap();
    let expanded = change.decode();
    let named = |wanted: &dyn Fn(&Op) -> bool| {
        let at = expanded.operations.iter().position(wanted).unwrap();
        OpId(1 + at as u64, expanded.actor_id.clone())
    };
    Target {
        heads: vec![change.hash()],
        value: named(&|op| op.key == Key::Map("status".into())),
        text: named(&|op| matches!(op.action, OpType::Make(ObjType::Text))),
        character: named(&|op| op.insert),
        next_op: 1 + expanded.operations.len() as u64,
        changes,
    }
}

fn hostile_actor() -> ActorId {
    ActorId::from([2; 24])
}

fn change_of(target: &Target, seq: u64, deps: &[automerge::ChangeHash], ops: Vec<Op>) -> Change {
    Change::from(ExpandedChange {
        operations: ops,
        actor_id: hostile_actor(),
        hash: None,
        seq,
        start_op: std::num::NonZeroU64::new(target.next_op + 100 * (seq - 1)).unwrap(),
        time: 0,
        message: None,
        deps: deps.to_vec(),
        extra_bytes: Vec::new(),
        author: None,
    })
}

fn one(target: &Target, op: Op) -> Vec<u8> {
    change_of(target, 1, &target.heads, vec![op])
        .raw_bytes()
        .to_vec()
}

fn put(object: ObjectId, key: Key, pred: Vec<OpId>) -> Op {
    Op {
        action: OpType::Put(ScalarValue::from("x")),
        obj: object,
        key,
        pred: SortedVec::from(pred),
        insert: false,
    }
}

fn root(key: &str, pred: Vec<OpId>) -> Op {
    put(ObjectId::Root, Key::Map(key.into()), pred)
}

fn insertion(object: &OpId, after: ElementId) -> Op {
    Op {
        insert: true,
        ..put(ObjectId::Id(object.clone()), Key::Seq(after), Vec::new())
    }
}

/// Changes that the honest one cannot carry, each wrong in one way.
fn dangling(target: &Target) -> Vec<(&'static str, Op)> {
    let nobody = OpId(1, ActorId::from([9; 24]));
    let (value, text, character) = (&target.value, &target.text, &target.character);
    let element = |id: &OpId| Key::Seq(ElementId::Id(id.clone()));
    let object = |id: &OpId| ObjectId::Id(id.clone());
    let removal = |key: Key, object: ObjectId, pred: &OpId| Op {
        action: OpType::Delete,
        ..put(object, key, vec![pred.clone()])
    };
    vec![
        (
            "an object of nobody",
            put(object(&nobody), Key::Map("a".into()), vec![]),
        ),
        (
            "a value as an object",
            put(object(value), Key::Map("a".into()), vec![]),
        ),
        (
            "a key of a map in a text",
            put(object(text), Key::Map("a".into()), vec![]),
        ),
        (
            "a value of nobody superseded",
            root("status", vec![nobody.clone()]),
        ),
        (
            "a value of another key superseded",
            root("a", vec![value.clone()]),
        ),
        (
            "a character superseded by a key",
            root("status", vec![character.clone()]),
        ),
        (
            "insertion after nobody",
            insertion(text, ElementId::Id(nobody.clone())),
        ),
        (
            "insertion after a value",
            insertion(text, ElementId::Id(value.clone())),
        ),
        ("insertion into a value", insertion(value, ElementId::Head)),
        (
            "an element of nobody",
            put(object(text), element(&nobody), vec![nobody.clone()]),
        ),
        (
            "removal of nobody",
            removal(Key::Map("status".into()), ObjectId::Root, &nobody),
        ),
        (
            "removal of a character of nobody",
            removal(element(&nobody), object(text), &nobody),
        ),
    ]
}

#[test]
fn a_change_that_refers_to_what_is_not_there_is_left_out_and_all_else_is_shown() {
    let target = target();
    for (name, op) in dangling(&target) {
        let bad = one(&target, op);
        let hash = summarise(&bad)
            .unwrap_or_else(|error| panic!("{name}: {error}"))
            .hash;
        let all = [bad.as_slice(), &target.changes[0]];
        let document = Document::load(id(), None, all).unwrap();
        assert_eq!(document.left_out(), [hash], "{name}");
        assert_eq!(document.heads(), [hash], "{name}: as the index tracks them");
        assert_eq!(document.to_json(), honest().document.to_json(), "{name}");
        assert_eq!(document.save(), None, "{name}");
    }
}

#[test]
fn what_cannot_come_before_a_change_is_refused_without_the_document() {
    let target = target();
    let own_later = OpId(target.next_op + 1, hostile_actor());
    let others_later = OpId(target.next_op, target.value.actor().clone());
    let nothing = root("status", Vec::new());
    let table = OpType::Make(ObjType::Table);
    let bad = [
        (root("a", vec![own_later]), OperationError::NotBefore),
        (root("a", vec![others_later]), OperationError::NotBefore),
        (
            Op {
                insert: true,
                ..root("a", vec![])
            },
            OperationError::BadKey,
        ),
        (
            put(ObjectId::Root, Key::Seq(ElementId::Head), vec![]),
            OperationError::BadKey,
        ),
        (
            Op {
                action: OpType::Delete,
                ..nothing.clone()
            },
            OperationError::BadPredecessors,
        ),
        (
            root("status", vec![target.value.clone(), target.value.clone()]),
            OperationError::BadPredecessors,
        ),
        (
            Op {
                action: table,
                ..nothing.clone()
            },
            OperationError::BadAction,
        ),
        (
            Op {
                action: OpType::MarkEnd(true),
                ..nothing
            },
            OperationError::BadAction,
        ),
    ];
    for (op, source) in bad {
        let refused = SummariseError::BadOperation { index: 0, source };
        assert_eq!(summarise(&one(&target, op)), Err(refused));
    }
}

#[test]
fn what_follows_a_change_that_was_left_out_is_left_out_and_honest_edits_are_not() {
    let target = target();
    let (_, dangling) = dangling(&target).swap_remove(0);
    let bad = change_of(&target, 1, &target.heads, vec![dangling]);
    let next = change_of(&target, 2, &[bad.hash()], vec![root("a", vec![])]);
    let beside = change_of(&target, 2, &target.heads, vec![root("b", vec![])]);
    for follower in [next, beside] {
        let mut replica = honest();
        let both = [follower.raw_bytes(), bad.raw_bytes()];
        replica.document.apply(both).unwrap();
        assert_eq!(replica.document.left_out().len(), 2);
        replica.set("status", "approved");
        assert_eq!(replica.get("status"), Some(json!("approved")));
        let honest = replica.document.changes();
        let all = honest.iter().map(Vec::as_slice).chain(both);
        let loaded = Document::load(id(), None, all).unwrap();
        assert_eq!(loaded.heads(), replica.document.heads());
        assert_eq!(loaded.to_json(), replica.document.to_json());
    }
}

#[test]
fn a_change_is_taken_once_what_it_refers_to_has_come() {
    let target = target();
    let mut other = Replica::new(id(), 3);
    let theirs = other.set("status", "theirs").unwrap();
    let status = OpId(theirs.summary.start_op, ActorId::from([3; 24]));
    // It supersedes a value that it does not depend on.
    let early = one(&target, root("status", vec![target.value.clone(), status]));
    let mut replica = honest();
    replica.document.apply([early.as_slice()]).unwrap();
    assert_eq!(replica.get("status"), Some(json!("draft")));
    replica.document.apply([theirs.bytes.as_slice()]).unwrap();
    assert_eq!(replica.document.left_out(), Vec::<[u8; 32]>::new());
    let all = [theirs.bytes.as_slice(), &early, &target.changes[0]];
    let loaded = Document::load(id(), None, all).unwrap();
    assert_eq!(loaded.to_json(), replica.document.to_json());
    assert_eq!(loaded.heads(), replica.document.heads());
    assert_eq!(replica.get("status"), Some(json!("x")));
}

/// Any operation of any identifier among those that exist, nearly exist and do not.
fn any_operation() -> impl Strategy<Value = (u8, u8, u8, Vec<u8>, bool)> {
    let pred = prop::collection::vec(any::<u8>(), 0..3);
    (any::<u8>(), any::<u8>(), any::<u8>(), pred, any::<bool>())
}

fn operation(
    target: &Target,
    (action, object, key, pred, insert): &(u8, u8, u8, Vec<u8>, bool),
) -> Op {
    let identifier = |choice: u8| match choice % 8 {
        0 => target.value.clone(),
        1 | 2 => target.text.clone(),
        3 => target.character.clone(),
        4 => OpId(target.character.counter() + 1, target.value.actor().clone()),
        5 => OpId(1 + u64::from(choice / 8), target.value.actor().clone()),
        _ => OpId(target.next_op + u64::from(choice / 32), hostile_actor()),
    };
    Op {
        action: match action % 6 {
            0 | 1 => OpType::Put(ScalarValue::from("x")),
            2 => OpType::Delete,
            3 => {
                OpType::Make([ObjType::Map, ObjType::List, ObjType::Text][usize::from(action / 90)])
            }
            4 => OpType::Put(ScalarValue::counter(1)),
            _ => OpType::Increment(1),
        },
        obj: match object % 3 {
            0 => ObjectId::Root,
            _ => ObjectId::Id(identifier(object / 3)),
        },
        key: match key % 4 {
            0 => Key::Map("status".into()),
            1 => Key::Seq(ElementId::Head),
            _ => Key::Seq(ElementId::Id(identifier(key / 4))),
        },
        pred: pred.iter().map(|choice| identifier(*choice)).collect(),
        insert: *insert,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_operations_whatever_break_a_document(
        first in prop::collection::vec(any_operation(), 0..4),
        second in prop::collection::vec(any_operation(), 0..4),
    ) {
        let target = target();
        let ops = |chosen: &[_]| chosen.iter().map(|op| operation(&target, op)).collect();
        let first = change_of(&target, 1, &target.heads, ops(&first));
        let second = change_of(&target, 2, &[first.hash()], ops(&second));
        let hostile = [first.raw_bytes(), second.raw_bytes()];
        let admitted: Vec<&[u8]> =
            hostile.into_iter().take_while(|bytes| summarise(bytes).is_ok()).collect();
        let all = admitted.iter().copied().rev().chain([target.changes[0].as_slice()]);
        let whole = Document::load(id(), None, all).unwrap();
        // One by one it becomes the same, and so it does from a snapshot.
        let mut stepwise = honest().document;
        for change in &admitted {
            stepwise.apply([*change]).unwrap();
        }
        prop_assert_eq!(whole.heads(), stepwise.heads());
        prop_assert_eq!(whole.left_out(), stepwise.left_out());
        prop_assert_eq!(whole.to_json(), stepwise.to_json());
        prop_assert_eq!(whole.conflicts(), stepwise.conflicts());
        prop_assert_eq!(whole.changes(), stepwise.changes());
        if let Some(saved) = whole.save() {
            let again = Document::load(id(), Some(&saved), []).unwrap();
            prop_assert_eq!(again.heads(), whole.heads());
            prop_assert_eq!(again.to_json(), whole.to_json());
        }
        let mut edited = Replica::new(id(), 4);
        edited.document = whole;
        edited.set("status", "approved");
        edited.set("situation", "ใหม่");
        prop_assert_eq!(edited.get("status"), Some(json!("approved")));
    }
}
