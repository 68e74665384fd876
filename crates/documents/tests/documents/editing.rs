//! Edits: one change or none, checked before anything is written.

use phaki_documents::document::{EditError, ImportError, create_edits};
use phaki_documents::limits::{LEAVES_MAX, TEXT_BYTES_MAX};
use phaki_documents::{Document, DocumentId, Edit, Kind};
use serde_json::{Value, json};

use crate::replica::{Replica, at, set};

fn activity() -> Value {
    json!({
        "title": {"th": "พัฒนาเครือข่ายแกนนำสุขภาพ"},
        "areas": ["41"],
        "fy_be": [2552],
        "budget": {"b1": {"source": "pao", "amount_satang": 160_000_000, "fy_be": 2552}},
        "targets": {},
        "dq": [],
        "strategy": null
    })
}

#[test]
fn all_edits_of_a_call_are_one_change() {
    let (mut one, _) = Replica::pair(Kind::Activity, &activity());
    let before = one.document.changes().len();
    let made = one
        .edit(&[
            set("title/en", "Network of health leaders"),
            Edit::Add {
                path: at("areas"),
                value: json!("4101"),
            },
            Edit::Remove {
                path: at("budget/b1/source"),
            },
        ])
        .unwrap();
    assert_eq!(one.document.changes().len(), before + 1);
    assert_eq!(one.document.heads(), [made.summary.hash]);
    assert_eq!(made.summary.account.as_deref(), Some("account-1"));
    assert_eq!(made.summary.message.as_deref(), Some("แก้ไข"));
    assert_eq!(made.summary.actor, [1; 24]);
    assert_eq!(one.get("areas"), Some(json!(["41", "4101"])));
    assert_eq!(
        one.get("budget/b1"),
        Some(json!({"amount_satang": 160_000_000, "fy_be": 2552}))
    );
}

#[test]
fn a_refused_edit_leaves_nothing_behind() {
    let (mut one, _) = Replica::pair(Kind::Activity, &activity());
    let (json, heads) = (one.document.to_json(), one.document.heads());
    let refused = one.try_edit(&[
        set("title/en", "kept out"),
        set("budget/b1/amount_satang", "1600000"),
    ]);
    assert_eq!(
        refused,
        Err(EditError::WrongType {
            path: "budget/b1/amount_satang".to_owned(),
            expected: "integer (satang)",
            found: "text"
        })
    );
    assert_eq!(one.document.to_json(), json);
    assert_eq!(one.document.heads(), heads);
}

#[test]
fn nothing_that_differs_makes_no_change() {
    let (mut one, _) = Replica::pair(Kind::Activity, &activity());
    let edits = create_edits(&one.document.id(), &activity()).unwrap();
    assert_eq!(one.edit(&edits), None);
    assert_eq!(one.edit(&[]), None);
    assert_eq!(one.remove("nothing/here"), None);
    let add = Edit::Add {
        path: at("areas"),
        value: json!("41"),
    };
    assert_eq!(one.edit(&[add]), None);
}

#[test]
fn a_whole_list_is_compared_and_only_the_difference_is_written() {
    let (mut one, _) = Replica::pair(
        Kind::Agreement,
        &json!({"clauses": [{"key": "a", "th": "ก"}, {"key": "b", "th": "ข"}, {"key": "c", "th": "ค"}]}),
    );
    let made = one.set(
        "clauses",
        json!([{"key": "a", "th": "ก"}, {"key": "b", "th": "ขข"}, {"key": "c", "th": "ค"}]),
    );
    assert_eq!(made.unwrap().summary.last_op, one_more_than_before(&one));
    assert_eq!(one.get("clauses").unwrap()[1]["th"], "ขข");
}

/// The number of the only operation of the latest change.
fn one_more_than_before(replica: &Replica) -> u64 {
    let history = replica.document.history();
    assert_eq!(history.last().unwrap().fields.len(), 1);
    let changes = replica.document.changes();
    let first = phaki_documents::change::summarise(&changes[0]).unwrap();
    first.last_op + 1
}

#[test]
fn empty_containers_and_null_are_kept() {
    let (one, two) = Replica::pair(Kind::Activity, &activity());
    for replica in [&one, &two] {
        assert_eq!(replica.get("targets"), Some(json!({})));
        assert_eq!(replica.get("dq"), Some(json!([])));
        assert_eq!(replica.get("strategy"), Some(Value::Null));
        assert_eq!(replica.get("unknown"), None);
    }
}

#[test]
fn the_deepest_empty_container_is_kept() {
    let mut deepest = json!([{}]);
    for _ in 0..14 {
        deepest = json!({"d": deepest});
    }
    let (one, _) = Replica::pair(Kind::Plan, &json!({"d": deepest.clone()["d"]}));
    assert_eq!(one.get("d"), Some(deepest["d"].clone()));
    assert_eq!(one.get("d/d/d/d/d/d/d/d/d/d/d/d/d/d"), Some(json!([{}])));
}

#[test]
fn an_emptied_list_is_empty_and_fills_again() {
    let (mut one, _) = Replica::pair(Kind::Activity, &activity());
    one.set("areas", json!([]));
    assert_eq!(one.get("areas"), Some(json!([])));
    one.edit(&[Edit::Add {
        path: at("areas"),
        value: json!("90"),
    }]);
    assert_eq!(one.get("areas"), Some(json!(["90"])));
    one.set("areas", json!(["84", "90", "40"]));
    assert_eq!(one.get("areas"), Some(json!(["84", "90", "40"])));
}

#[test]
fn unknown_nested_fields_of_any_shape_survive_edits_around_them() {
    let newer = json!({"deep": [{"x": {"y/z": [1.5, null, true, {}]}}, []], "#odd~": "ก"});
    let (mut one, mut two) = Replica::pair(Kind::Plan, &json!({"title": {"th": "แผน"}}));
    two.set("from_the_future", newer.clone());
    one.set("title/th", "แผนใหม่");
    crate::replica::exchange(&mut one, &mut two);
    one.set("status", "active");
    assert_eq!(one.get("from_the_future"), Some(newer));
    assert_eq!(one.get("title/th"), Some(json!("แผนใหม่")));
}

#[test]
fn a_document_of_an_unknown_kind_can_be_stored_and_edited() {
    let id: DocumentId = "kind42_01010101-0101-0101-0101-010101010101"
        .parse()
        .unwrap();
    let mut replica = Replica::new(id, 1);
    let json = json!({"id": id.to_string(), "kind": "kind42", "title": 5, "x": [[]]});
    replica.create(&json);
    assert_eq!(replica.document.to_json(), json);
    assert_eq!(replica.document.summary().kind, "kind42");
}

#[test]
fn a_list_item_that_is_named_directly_gets_a_place_at_the_end() {
    let (mut one, _) = Replica::pair(Kind::Person, &json!({"roles": [{"title": "ก"}]}));
    one.set("roles/#r2/title", "ข");
    one.edit(&[Edit::Add {
        path: at("roles"),
        value: json!({"title": "ค"}),
    }]);
    assert_eq!(
        one.get("roles"),
        Some(json!([{"title": "ก"}, {"title": "ข"}, {"title": "ค"}]))
    );
}

#[test]
fn limits_are_named_when_they_refuse() {
    let (mut one, _) = Replica::pair(Kind::Plan, &json!({}));
    let long = "x".repeat(TEXT_BYTES_MAX + 1);
    assert!(matches!(
        one.try_edit(&[set("status", long)]),
        Err(EditError::TextTooLong { bytes, .. }) if bytes == TEXT_BYTES_MAX + 1
    ));
    let many: Vec<Value> = (0..=LEAVES_MAX).map(|_| json!(false)).collect();
    assert!(matches!(
        one.try_edit(&[set("x", many)]),
        Err(EditError::TooManyLeaves { .. })
    ));
    let texts: Vec<Value> = (0..20)
        .map(|i| json!(format!("{i}{}", "x".repeat(60_000))))
        .collect();
    assert!(matches!(
        one.try_edit(&[set("x", texts)]),
        Err(EditError::ChangeTooLong { .. })
    ));
    let mut deep = json!(1);
    for _ in 0..20 {
        deep = json!({"d": deep});
    }
    assert!(matches!(
        one.try_edit(&[set("x", deep)]),
        Err(EditError::Path { .. })
    ));
    assert!(matches!(
        one.try_edit(&[set("areas/#40/~o", "a0")]),
        Err(EditError::ReservedPath { .. })
    ));
    let add = Edit::Add {
        path: at("title"),
        value: json!(1),
    };
    one.set("title", json!({"th": "แผน"}));
    assert!(matches!(
        one.try_edit(&[add]),
        Err(EditError::NotAList { .. })
    ));
    assert!(one.document.heads().len() == 1);
}

#[test]
fn the_largest_long_text_fits_into_one_change() {
    let (mut one, _) = Replica::pair(Kind::Plan, &json!({}));
    let text = "สุขภาวะ ".repeat(TEXT_BYTES_MAX / "สุขภาวะ ".len());
    let made = one.set("situation", text.clone()).unwrap();
    assert!(made.bytes.len() < phaki_documents::limits::CHANGE_BYTES_MAX);
    assert_eq!(one.get("situation"), Some(json!(text)));
    let ascii = "x".repeat(TEXT_BYTES_MAX);
    one.set("situation", ascii.clone()).unwrap();
    assert_eq!(one.get("situation"), Some(json!(ascii)));
}

#[test]
fn an_import_changes_what_differs_and_leaves_what_it_does_not_mention() {
    let (mut one, _) = Replica::pair(Kind::Activity, &activity());
    one.set("title/en", "Leaders");
    let edits = one
        .document
        .import_edits(&json!({"title": {"th": "ชื่อใหม่"}, "areas": ["41", "40"]}))
        .unwrap();
    assert_eq!(edits.len(), 2);
    one.edit(&edits);
    assert_eq!(
        one.get("title"),
        Some(json!({"th": "ชื่อใหม่", "en": "Leaders"}))
    );
    assert_eq!(one.get("areas"), Some(json!(["41", "40"])));
    assert_eq!(one.get("fy_be"), Some(json!([2552])));
}

#[test]
fn an_import_of_another_document_is_refused() {
    let id = DocumentId::new(Kind::Plan, [1; 16]);
    let document = Document::empty(id);
    assert!(matches!(
        document.import_edits(&json!({"id": "plan_x"})),
        Err(ImportError::Mismatch { field: "id", .. })
    ));
    assert!(matches!(
        create_edits(&id, &json!({"kind": "org"})),
        Err(ImportError::Mismatch { field: "kind", .. })
    ));
    assert_eq!(create_edits(&id, &json!([])), Err(ImportError::NotAnObject));
}

#[test]
fn a_document_that_merging_made_too_large_can_still_be_made_smaller() {
    let half = |name: &str| -> Value {
        let fields = (0..LEAVES_MAX * 2 / 3).map(|at| (format!("{name}{at}"), json!(at)));
        fields.collect::<serde_json::Map<_, _>>().into()
    };
    let (mut one, mut two) = Replica::pair(Kind::Activity, &activity());
    one.set("x", half("a"));
    two.set("x", half("b"));
    one.receive(&two);
    assert!(one.remove("x/a0").is_some());
    assert!(one.set("x/a1", json!("other")).is_some());
    assert!(matches!(
        one.try_edit(&[set("x/c", 1)]),
        Err(EditError::TooManyLeaves { .. })
    ));
}

#[test]
fn what_a_document_is_cannot_be_edited() {
    let (mut one, _) = Replica::pair(Kind::Activity, &activity());
    for path in ["id", "kind", "kind/x"] {
        let refused = one.try_edit(&[set(path, "org_0190a0b0-0000-7000-8000-000000000000")]);
        assert!(
            matches!(refused, Err(EditError::ReservedPath { .. })),
            "{path}: {refused:?}"
        );
    }
}
