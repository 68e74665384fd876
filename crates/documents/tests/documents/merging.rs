//! Merging: what two nodes do apart comes together, and what differs is kept and named.

use phaki_documents::{Document, DocumentId, Edit, Kind};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::replica::{Replica, account, at, exchange, set};

#[test]
fn two_values_of_one_field_are_both_kept_with_author_and_time() {
    let (mut one, mut two) = Replica::pair(
        Kind::Activity,
        &json!({"budget": {"b1": {"amount_satang": 160_000_000}}}),
    );
    one.set("budget/b1/amount_satang", 180_000_000);
    two.set("budget/b1/amount_satang", 150_000_000);
    exchange(&mut one, &mut two);
    let conflicts = one.document.conflicts();
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts[0].path, at("budget/b1/amount_satang"));
    assert_eq!(
        conflicts[0].shown,
        one.get("budget/b1/amount_satang").unwrap()
    );
    let mut values: Vec<_> = conflicts[0]
        .values
        .iter()
        .map(|v| {
            (
                v.value.as_i64().unwrap(),
                v.account.clone().unwrap(),
                v.time_secs,
            )
        })
        .collect();
    values.sort();
    assert_eq!(
        values,
        [
            (150_000_000, account(2), 1_700_020_001),
            (180_000_000, account(1), 1_700_010_002),
        ]
    );
    assert!(conflicts[0].values.iter().all(|v| v.actor.len() == 24));
    assert_eq!(one.document.summary().conflicts, 1);
}

#[test]
fn equal_concurrent_values_are_no_conflict() {
    let (mut one, mut two) = Replica::pair(Kind::Activity, &json!({"status": "draft"}));
    one.set("status", "approved");
    two.set("status", "approved");
    exchange(&mut one, &mut two);
    assert_eq!(one.document.conflicts(), []);
}

#[test]
fn resolving_supersedes_all_values_even_with_the_one_shown() {
    let (mut one, mut two) = Replica::pair(Kind::Activity, &json!({"status": "draft"}));
    one.set("status", "completed");
    two.set("status", "suspended");
    exchange(&mut one, &mut two);
    let shown = one.get("status").unwrap();
    assert_eq!(one.set("status", shown.clone()), None);
    assert_eq!(one.document.conflicts().len(), 1);
    let resolve = Edit::Resolve {
        path: at("status"),
        value: shown.clone(),
    };
    assert!(one.edit(&[resolve]).is_some());
    exchange(&mut one, &mut two);
    assert_eq!(two.document.conflicts(), []);
    assert_eq!(two.get("status"), Some(shown));
}

#[test]
fn different_fields_and_different_entries_merge_silently() {
    let (mut one, mut two) = Replica::pair(
        Kind::Plan,
        &json!({"title": {"th": "แผน"}, "strategies": {"s1": {"order": 1, "th": "ก", "measures": {"1": "ม"}}}}),
    );
    one.set("title/en", "Plan");
    one.set("strategies/s2", json!({"order": 2, "th": "ข"}));
    two.set("strategies/s3", json!({"order": 3, "th": "ค"}));
    two.set("strategies/s1/measures/2", "มม");
    exchange(&mut one, &mut two);
    assert_eq!(one.document.conflicts(), []);
    assert_eq!(
        one.get("strategies"),
        Some(json!({
            "s1": {"order": 1, "th": "ก", "measures": {"1": "ม", "2": "มม"}},
            "s2": {"order": 2, "th": "ข"},
            "s3": {"order": 3, "th": "ค"}
        }))
    );
    assert_eq!(one.get("title/en"), Some(json!("Plan")));
}

#[test]
fn an_entry_added_on_each_side_under_one_name_merges_field_by_field() {
    let (mut one, mut two) = Replica::pair(Kind::Plan, &json!({"strategies": {}}));
    one.set("strategies/s1", json!({"order": 1, "th": "ก"}));
    two.set("strategies/s1", json!({"order": 1, "en": "A"}));
    exchange(&mut one, &mut two);
    assert_eq!(one.document.conflicts(), []);
    assert_eq!(
        one.get("strategies"),
        Some(json!({"s1": {"order": 1, "th": "ก", "en": "A"}}))
    );
}

#[test]
fn an_edit_survives_a_concurrent_removal() {
    let (mut one, mut two) = Replica::pair(
        Kind::Activity,
        &json!({"budget": {"b1": {"amount_satang": 5, "note": "x"}}, "areas": ["40", "41"]}),
    );
    one.remove("budget/b1");
    two.set("budget/b1/amount_satang", 7);
    exchange(&mut one, &mut two);
    assert_eq!(one.get("budget"), Some(json!({"b1": {"amount_satang": 7}})));
    assert_eq!(one.document.conflicts(), []);
}

#[test]
fn an_edit_of_a_long_text_survives_a_concurrent_removal_whole() {
    let (mut one, mut two) = Replica::pair(Kind::Plan, &json!({"situation": "น้ำท่วมซ้ำซาก"}));
    one.remove("situation");
    assert_eq!(one.get("situation"), None);
    two.set("situation", "น้ำท่วมซ้ำซากทุกปี");
    exchange(&mut one, &mut two);
    assert_eq!(one.get("situation"), Some(json!("น้ำท่วมซ้ำซากทุกปี")));
    one.set("situation", "น้ำท่วมทุกปี");
    exchange(&mut one, &mut two);
    assert_eq!(two.get("situation"), Some(json!("น้ำท่วมทุกปี")));
    assert_eq!(two.document.conflicts(), []);
    two.remove("situation");
    exchange(&mut one, &mut two);
    assert_eq!(one.get("situation"), None);
    assert_eq!(one.document.leaves().count(), 0);
}

#[test]
fn a_later_edit_of_a_long_text_survives_the_removal_of_an_earlier_edit() {
    let (mut one, mut two) = Replica::pair(Kind::Plan, &json!({"situation": "หนึ่ง"}));
    two.set("situation", "หนึ่ง สอง");
    exchange(&mut one, &mut two);
    one.remove("situation");
    two.set("situation", "หนึ่ง สอง สาม");
    exchange(&mut one, &mut two);
    assert_eq!(one.get("situation"), Some(json!("หนึ่ง สอง สาม")));
}

#[test]
fn edits_of_one_long_text_merge_as_text() {
    let (mut one, mut two) = Replica::pair(
        Kind::Plan,
        &json!({"goal": {"th": "ประชาชนเข้าถึงบริการ อย่างทั่วถึง"}}),
    );
    one.set("goal/th", "ประชาชนทุกคนเข้าถึงบริการ อย่างทั่วถึง");
    two.set("goal/th", "ประชาชนเข้าถึงบริการ อย่างทั่วถึงและเท่าเทียม");
    exchange(&mut one, &mut two);
    assert_eq!(
        one.get("goal/th"),
        Some(json!("ประชาชนทุกคนเข้าถึงบริการ อย่างทั่วถึงและเท่าเทียม"))
    );
    assert_eq!(one.document.conflicts(), []);
}

#[test]
fn a_long_text_made_twice_keeps_later_edits_of_either_copy() {
    let json = json!({"situation": "ข้อความเดียวกัน"});
    let id = phaki_documents::DocumentId::new(Kind::Plan, [4; 16]);
    let (mut one, mut two, mut three) = (
        Replica::new(id, 1),
        Replica::new(id, 2),
        Replica::new(id, 3),
    );
    one.create(&json);
    two.create(&json);
    three.receive(&one);
    three.receive(&two);
    assert_eq!(three.document.conflicts(), []);
    three.set("situation", "ข้อความเดียวกัน แก้ที่สาม");
    one.set("situation", "แก้ที่หนึ่ง ข้อความเดียวกัน");
    exchange(&mut one, &mut three);
    let shown = one.get("situation").unwrap();
    let values: Vec<Value> = match one.document.conflicts().first() {
        Some(conflict) => conflict.values.iter().map(|v| v.value.clone()).collect(),
        None => vec![shown],
    };
    let all = values
        .iter()
        .map(|v| v.as_str().unwrap())
        .collect::<Vec<_>>()
        .join("|");
    assert!(all.contains("แก้ที่หนึ่ง") && all.contains("แก้ที่สาม"), "{all}");
    one.edit(&[Edit::Resolve {
        path: at("situation"),
        value: json!("ตกลงกันแล้ว"),
    }]);
    exchange(&mut one, &mut two);
    assert_eq!(two.document.conflicts(), []);
    assert_eq!(two.get("situation"), Some(json!("ตกลงกันแล้ว")));
}

#[test]
fn a_text_beside_another_type_keeps_both() {
    let (mut one, mut two) = Replica::pair(Kind::Plan, &json!({"situation": "เดิม"}));
    one.set("situation", Value::Null);
    two.set("situation", "เดิมและใหม่");
    exchange(&mut one, &mut two);
    let conflicts = one.document.conflicts();
    assert_eq!(conflicts.len(), 1);
    let values: Vec<&Value> = conflicts[0].values.iter().map(|v| &v.value).collect();
    assert!(values.contains(&&Value::Null));
    assert!(values.contains(&&json!("เดิมและใหม่")));
    let edited = conflicts[0]
        .values
        .iter()
        .find(|v| v.value.is_string())
        .unwrap();
    assert_eq!(edited.account.as_deref(), Some("account-2"));
}

#[test]
fn the_same_document_made_at_two_nodes_is_one_document() {
    let json = json!({
        "name": {"th": "รพ.สต.บ้านควนโส"},
        "areas": ["9013", "901302"],
        "aliases": ["บ้านควนโส", "ควนโส"],
        "parents": {"p1": {"kind": "transfer"}},
        "tags": []
    });
    let id = phaki_documents::DocumentId::from_code(Kind::Org, "hcode5", "09771");
    let (mut one, mut two) = (Replica::new(id, 1), Replica::new(id, 2));
    one.create(&json);
    two.create(&json);
    two.set("website", "https://example.org");
    exchange(&mut one, &mut two);
    assert_eq!(one.document.conflicts(), []);
    assert_eq!(one.get("areas"), Some(json!(["9013", "901302"])));
    assert_eq!(one.get("aliases"), Some(json!(["บ้านควนโส", "ควนโส"])));
    assert_eq!(one.get("website"), Some(json!("https://example.org")));
}

#[test]
fn items_inserted_on_both_sides_stand_in_one_order_everywhere() {
    let (mut one, mut two) = Replica::pair(Kind::Event, &json!({"objectives": ["ต้น", "ปลาย"]}));
    one.set("objectives", json!(["ต้น", "ก กลาง", "ปลาย", "ท้าย หนึ่ง"]));
    two.set("objectives", json!(["ต้น", "ข กลาง", "ปลาย", "ท้าย สอง"]));
    exchange(&mut one, &mut two);
    let list = one.get("objectives").unwrap();
    let list: Vec<&str> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_str().unwrap())
        .collect();
    assert_eq!(list.len(), 6);
    assert_eq!(list[0], "ต้น");
    assert!(list[1].contains("กลาง") && list[2].contains("กลาง"));
    assert_eq!(list[3], "ปลาย");
    let again = two.get("objectives").unwrap();
    assert_eq!(one.set("objectives", again), None);
}

#[test]
fn a_removed_item_stays_removed_when_the_list_is_reordered_elsewhere() {
    let (mut one, mut two) = Replica::pair(Kind::Plan, &json!({"areas": ["40", "41", "84"]}));
    one.set("areas", json!(["40", "84"]));
    two.set("areas", json!(["41", "40", "84"]));
    exchange(&mut one, &mut two);
    assert_eq!(one.get("areas"), Some(json!(["40", "84"])));
    assert_eq!(one.document.conflicts(), []);
}

#[test]
fn shapes_that_do_not_fit_together_are_a_conflict_and_can_be_resolved() {
    let (mut one, mut two) =
        Replica::pair(Kind::Plan, &json!({"strategies": {"s1": {"order": 1}}}));
    one.set("strategies/s1/measures", json!(["หนึ่ง"]));
    two.set("strategies/s1/measures", json!({"1": "หนึ่ง"}));
    exchange(&mut one, &mut two);
    let conflicts = one.document.conflicts();
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts[0].path, at("strategies/s1/measures"));
    let values: Vec<&Value> = conflicts[0].values.iter().map(|v| &v.value).collect();
    assert!(values.contains(&&json!(["หนึ่ง"])) && values.contains(&&json!({"1": "หนึ่ง"})));
    one.edit(&[Edit::Resolve {
        path: at("strategies/s1/measures"),
        value: json!({"1": "หนึ่ง"}),
    }]);
    exchange(&mut one, &mut two);
    assert_eq!(two.document.conflicts(), []);
    assert_eq!(two.get("strategies/s1/measures"), Some(json!({"1": "หนึ่ง"})));
}

#[test]
fn the_order_of_arrival_does_not_matter() {
    let (mut one, mut two) = Replica::pair(Kind::Plan, &json!({"status": "draft"}));
    let mut three = one.clone();
    one.set("status", "approved");
    two.set("status", "rejected");
    two.edit(&[
        set("areas", json!(["40"])),
        set("goal", json!({"th": "เป้า"})),
    ]);
    three.receive(&two);
    three.receive(&one);
    one.receive(&two);
    assert_eq!(one.document.to_json(), three.document.to_json());
    assert_eq!(one.document.conflicts(), three.document.conflicts());
    assert_eq!(one.document.heads(), three.document.heads());
}

/// One thing that a node does in the property below.
#[derive(Debug, Clone)]
enum Step {
    Set(&'static str, Value),
    Remove(&'static str),
    Add(&'static str, Value),
    Resolve(&'static str, Value),
    Receive(usize),
}

fn any_step() -> impl Strategy<Value = Step> {
    let path = prop::sample::select(vec![
        "status",
        "situation",
        "goal",
        "goal/th",
        "areas",
        "x",
        "x/y",
        "x/#1",
        "x/#1/z",
        "next_areas",
    ]);
    let value = prop::sample::select(vec![
        json!("ก"),
        json!("ข้อความ ยาว กว่า"),
        json!(["40", "41"]),
        json!(["41", "90", "40"]),
        json!([{"area": "40"}, {"area": "41", "note": "ก"}]),
        json!({"th": "เป้าหมาย", "y": {"k": 1}}),
        json!({}),
        json!([]),
        json!(7),
        Value::Null,
    ]);
    prop_oneof![
        4 => (path.clone(), value.clone()).prop_map(|(path, value)| Step::Set(path, value)),
        1 => path.clone().prop_map(Step::Remove),
        2 => (path.clone(), value.clone()).prop_map(|(path, value)| Step::Add(path, value)),
        1 => (path, value).prop_map(|(path, value)| Step::Resolve(path, value)),
        2 => (0..3_usize).prop_map(Step::Receive),
    ]
}

fn take(nodes: &mut [Replica], node: usize, step: Step) {
    let edit = match step {
        Step::Set(path, value) => set(path, value),
        Step::Remove(path) => Edit::Remove { path: at(path) },
        Step::Add(path, value) => Edit::Add {
            path: at(path),
            value,
        },
        Step::Resolve(path, value) => Edit::Resolve {
            path: at(path),
            value,
        },
        Step::Receive(from) => {
            let from = nodes[from].clone();
            nodes[node].receive(&from);
            return;
        }
    };
    let before = nodes[node].document.to_json();
    let made = nodes[node].try_edit(std::slice::from_ref(&edit));
    match (made, edit) {
        (Err(_), _) => assert_eq!(nodes[node].document.to_json(), before),
        (Ok(_), Edit::Set { path, value }) => {
            assert_eq!(nodes[node].document.get(&path), Some(value), "{path}");
        }
        (Ok(_), Edit::Resolve { path, value }) => {
            assert_eq!(nodes[node].document.get(&path), Some(value), "{path}");
            let conflicts = nodes[node].document.conflicts();
            assert!(
                conflicts.iter().all(|c| !c.path.is_at_or_below(&path)),
                "{path}"
            );
        }
        (Ok(_), Edit::Remove { path }) => assert_eq!(nodes[node].document.get(&path), None),
        (Ok(_), Edit::Add { .. }) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_three_nodes_do_they_end_up_equal(
        steps in prop::collection::vec((0..3_usize, any_step()), 1..40)
    ) {
        let id = DocumentId::new(Kind::Plan, [5; 16]);
        let mut nodes: Vec<Replica> = (1..=3).map(|node| Replica::new(id, node)).collect();
        for (node, step) in steps {
            take(&mut nodes, node, step);
        }
        let (mut one, mut two, mut three) = (nodes[0].clone(), nodes[1].clone(), nodes[2].clone());
        one.receive(&two);
        exchange(&mut one, &mut three);
        exchange(&mut one, &mut two);
        let mut changes = one.document.changes();
        changes.reverse();
        let loaded = Document::load(id, None, changes.iter().map(Vec::as_slice)).unwrap();
        prop_assert_eq!(loaded.to_json(), one.document.to_json());
        prop_assert_eq!(loaded.conflicts(), three.document.conflicts());
        let saved = Document::load(id, Some(&two.document.save().unwrap()), []).unwrap();
        prop_assert_eq!(saved.to_json(), one.document.to_json());
        prop_assert_eq!(saved.conflicts(), one.document.conflicts());
        prop_assert_eq!(saved.history(), one.document.history());
    }
}
