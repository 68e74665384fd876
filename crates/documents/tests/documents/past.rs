//! Edits of what somebody saw: what came since stays beside them.

use phaki_documents::document::ChangeBytes;
use phaki_documents::{Document, Edit, Editor, Kind};
use serde_json::{Value, json};

use crate::replica::{Replica, at, exchange, set};

/// An edit of the document as it was with these heads, by an actor that is new to it.
fn edit_at(document: &mut Document, heads: &[[u8; 32]], edit: Edit) -> ChangeBytes {
    let by = Editor {
        actor: [7; 24],
        account: "late",
        time_secs: 1_700_000_000,
        message: None,
    };
    let mut past = document.at(heads).unwrap();
    let made = past.edit(&by, &[edit]).unwrap().unwrap();
    document.apply([made.bytes.as_slice()]).unwrap();
    made
}

fn values(replica: &Replica, path: &str) -> Vec<Value> {
    let conflicts = replica.document.conflicts();
    let found = conflicts.iter().find(|found| found.path == at(path));
    let mut values: Vec<Value> = found.map_or_else(Vec::new, |found| {
        found.values.iter().map(|held| held.value.clone()).collect()
    });
    values.sort_by_key(Value::to_string);
    values
}

#[test]
fn a_resolution_settles_the_values_that_were_seen_and_no_later_one() {
    let (mut one, mut two) = Replica::pair(Kind::Activity, &json!({"status": "draft"}));
    let mut three = Replica::new(one.document.id(), 3);
    three.receive(&one);
    one.set("status", "a");
    two.set("status", "b");
    exchange(&mut one, &mut two);
    let seen = one.document.heads();
    three.set("status", "c");
    exchange(&mut one, &mut three);
    assert_eq!(values(&one, "status"), [json!("a"), json!("b"), json!("c")]);
    let resolve = Edit::Resolve {
        path: at("status"),
        value: json!("a"),
    };
    let made = edit_at(&mut one.document, &seen, resolve);
    assert_eq!(made.summary.deps, seen);
    assert_eq!(values(&one, "status"), [json!("a"), json!("c")]);
    exchange(&mut one, &mut two);
    assert_eq!(values(&two, "status"), [json!("a"), json!("c")]);
}

#[test]
fn an_edit_of_what_was_seen_is_in_conflict_with_what_came_since() {
    let (mut one, mut two) = Replica::pair(Kind::Plan, &json!({"status": "draft"}));
    let seen = one.document.heads();
    two.set("status", "approved");
    two.set("title/th", "แผน");
    one.set("areas", json!(["40"]));
    exchange(&mut one, &mut two);
    edit_at(&mut one.document, &seen, set("status", "ended"));
    assert_eq!(values(&one, "status"), [json!("approved"), json!("ended")]);
    assert_eq!(one.get("title/th"), Some(json!("แผน")));
    // Both go on as before.
    one.set("status", "done");
    exchange(&mut one, &mut two);
    assert_eq!(two.get("status"), Some(json!("done")));
    assert_eq!(two.document.conflicts(), []);
}

#[test]
fn heads_that_are_not_known_have_no_past() {
    let (one, _) = Replica::pair(Kind::Plan, &json!({"status": "draft"}));
    assert!(one.document.at(&[[3; 32]]).is_none());
    let heads = one.document.heads();
    assert_eq!(
        one.document.at(&heads).unwrap().to_json(),
        one.document.to_json()
    );
    assert_eq!(one.document.hashes(), heads);
}
