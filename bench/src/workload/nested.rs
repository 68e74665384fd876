//! The workload as other Automerge systems keep it: maps and lists inside each other.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, AutoCommit, ObjId, ObjType, ROOT, ReadDoc, ScalarValue};
use phaki_tests::samples::Random;
use serde_json::Value;

use super::{Change, Place, Step, plan};

/// Plan `number` with all its changes.
pub(crate) fn complete(number: u64) -> AutoCommit {
    let mut document = AutoCommit::new();
    write(&mut document, number, plan(number));
    document
}

/// Makes these changes as one author, one after the other.
pub(crate) fn write(
    document: &mut AutoCommit,
    author: u64,
    changes: impl IntoIterator<Item = Change>,
) {
    document.set_actor(actor(author));
    for (number, change) in (0_i64..).zip(changes) {
        for step in &change {
            put(document, step);
        }
        let time = 1_770_000_000 + number * 30;
        document.commit_with(CommitOptions::default().with_time(time));
    }
}

fn put(document: &mut AutoCommit, step: &Step) {
    match step.place {
        Place::Field(name) => document.put(ROOT, name, scalar(&step.value)).unwrap(),
        Place::Activities => {
            let made = document.put_object(ROOT, "activities", ObjType::List);
            made.unwrap();
        }
        Place::Activity(number, field) => {
            let (_, activities) = document.get(ROOT, "activities").unwrap().unwrap();
            let activity = activity(document, &activities, number);
            document.put(activity, field, scalar(&step.value)).unwrap();
        }
    }
}

fn activity(document: &mut AutoCommit, activities: &ObjId, number: usize) -> ObjId {
    match document.get(activities, number).unwrap() {
        Some((_, activity)) => activity,
        None => document
            .insert_object(activities, number, ObjType::Map)
            .unwrap(),
    }
}

fn scalar(value: &Value) -> ScalarValue {
    match value {
        Value::Bool(value) => ScalarValue::Boolean(*value),
        Value::String(text) => ScalarValue::Str(text.as_str().into()),
        Value::Number(number) => match number.as_i64() {
            Some(value) => ScalarValue::Int(value),
            None => ScalarValue::F64(number.as_f64().unwrap()),
        },
        Value::Null | Value::Array(_) | Value::Object(_) => {
            panic!("{value} is no value of the workload")
        }
    }
}

/// Sixteen bytes that look random: actor ids do not compress.
fn actor(author: u64) -> ActorId {
    let mut random = Random::from_seed(author.wrapping_add(1 << 40));
    let bytes: Vec<u8> = (0..16)
        .map(|_| u8::try_from(random.below(256)).unwrap())
        .collect();
    ActorId::from(bytes)
}
