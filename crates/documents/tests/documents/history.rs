//! History: who changed what from what to what.

use phaki_documents::{Edit, Kind};
use serde_json::{Value, json};

use crate::replica::{Replica, at, exchange};

#[test]
fn each_change_names_author_time_message_and_the_values_before_and_after() {
    let (mut one, mut two) =
        Replica::pair(Kind::Plan, &json!({"status": "draft", "areas": ["40"]}));
    two.set("status", "approved");
    exchange(&mut one, &mut two);
    one.remove("status");
    let history = one.document.history();
    assert_eq!(history.len(), 3);
    let created: Vec<&str> = history[0].fields.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(created, ["areas/#40", "status"]);
    assert_eq!(history[1].account.as_deref(), Some("account-2"));
    assert_eq!(history[1].message.as_deref(), Some("แก้ไข"));
    assert_eq!(history[1].time_secs, 1_700_020_001);
    assert_eq!(history[1].fields[0].from, [json!("draft")]);
    assert_eq!(history[1].fields[0].to, Some(json!("approved")));
    assert_eq!(history[2].fields[0].from, [json!("approved")]);
    assert_eq!(history[2].fields[0].to, None);
}

#[test]
fn a_resolution_names_all_values_it_superseded() {
    let (mut one, mut two) = Replica::pair(Kind::Plan, &json!({"status": "draft"}));
    one.set("status", "approved");
    two.set("status", "rejected");
    exchange(&mut one, &mut two);
    one.edit(&[Edit::Resolve {
        path: at("status"),
        value: json!("revise"),
    }]);
    let last = one.document.history().pop().unwrap();
    let mut from: Vec<&str> = last.fields[0]
        .from
        .iter()
        .map(|v| v.as_str().unwrap())
        .collect();
    from.sort_unstable();
    assert_eq!(from, ["approved", "rejected"]);
    assert_eq!(last.fields[0].to, Some(json!("revise")));
}

#[test]
fn a_long_text_is_shown_whole_before_and_after() {
    let (mut one, mut two) = Replica::pair(Kind::Plan, &json!({"situation": "หนึ่ง สอง"}));
    one.set("situation", "หนึ่ง สอง สาม");
    two.set("situation", "ศูนย์ หนึ่ง สอง");
    exchange(&mut one, &mut two);
    one.remove("situation");
    let history = one.document.history();
    let texts: Vec<(Vec<Value>, Option<Value>)> = history
        .iter()
        .map(|entry| {
            assert_eq!(entry.fields.len(), 1);
            (entry.fields[0].from.clone(), entry.fields[0].to.clone())
        })
        .collect();
    assert_eq!(texts[0], (vec![], Some(json!("หนึ่ง สอง"))));
    let base = vec![json!("หนึ่ง สอง")];
    assert!(texts[1..3].contains(&(base.clone(), Some(json!("หนึ่ง สอง สาม")))));
    assert!(texts[1..3].contains(&(base, Some(json!("ศูนย์ หนึ่ง สอง")))));
    assert_eq!(texts[3], (vec![json!("ศูนย์ หนึ่ง สอง สาม")], None));
}

#[test]
fn a_move_is_told_and_markers_are_not() {
    let (mut one, _) = Replica::pair(Kind::Plan, &json!({"areas": ["40", "41"], "dq": []}));
    one.set("areas", json!(["41", "40"]));
    let history = one.document.history();
    assert!(history[0].fields.iter().all(|f| !f.path.is_structure()));
    let moved: Vec<&str> = history[1].fields.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(moved.len(), 1);
    assert!(moved[0].ends_with("/~o"));
}
