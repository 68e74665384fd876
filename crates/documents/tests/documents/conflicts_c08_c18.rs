//! The rows C8 to C18 of the table of conflicts, but for C16 and C17, which are about the vault and
//! about nodes. More of the directory is in `directory.rs`.

use phaki_documents::date::Date;
use phaki_documents::reference::Reference;
use phaki_documents::rules::{Finding, Gists, Setting, check, notices};
use phaki_documents::{Document, DocumentId, Edit, Kind, area};
use serde_json::{Value, json};

use crate::replica::{Replica, at, exchange, set};

const TODAY: Date = Date {
    year: 2024,
    month: 1,
    day: 15,
};

fn org(number: u8) -> DocumentId {
    DocumentId::new(Kind::Org, [number; 16])
}

fn written(id: DocumentId, fields: &Value) -> Document {
    let mut writer = Replica::new(id, 1);
    writer.create(fields);
    writer.document
}

fn findings(document: &Document, others: &[&Document]) -> Vec<Finding> {
    let mut around = Gists::knowing(Reference::built_in().abbreviations(TODAY));
    others.iter().for_each(|other| around.take(other));
    around.take(document);
    let setting = Setting {
        today: TODAY,
        around: &around,
        reference: &Reference::built_in(),
    };
    check(document, &setting)
}

fn codes(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|one| one.code.as_str()).collect()
}

fn office(name: &str) -> Value {
    json!({"name": {"th": name}, "type": "education_agency", "areas": ["9013"]})
}

#[test]
fn c08_two_records_of_one_organisation_name_each_other_until_they_are_merged() {
    let one = written(org(1), &office("กศน.อำเภอควนเนียง"));
    let name = "การศึกษานอกระบบและการศึกษาตามอัธยาศัยอำเภอควนเนียง";
    let mut other = Replica::new(org(2), 2);
    other.create(&office(name));
    let found = findings(&one, &[&other.document]);
    assert_eq!(codes(&found), ["perhaps_twice"]);
    assert!(found[0].en.contains(&org(2).to_string()), "{}", found[0].en);
    assert_eq!(
        codes(&findings(&other.document, &[&one])),
        ["perhaps_twice"]
    );
    other.set("merged_into", org(1).to_string());
    assert_eq!(findings(&one, &[&other.document]), []);
}

#[test]
fn c09_records_that_were_merged_into_each_other_both_say_which_stands_for_them() {
    let merged = |own: u8, into: u8| {
        let mut fields = office(&format!("กองทุน {own}"));
        fields["merged_into"] = json!(org(into).to_string());
        written(org(own), &fields)
    };
    let (one, two, three) = (merged(1, 2), merged(2, 1), merged(3, 2));
    for (document, others) in [(&one, [&two, &three]), (&two, [&one, &three])] {
        let found = findings(document, &others);
        assert_eq!(codes(&found), ["merged_in_circle"]);
        assert!(
            found[0].th.ends_with(&format!("({})", org(1))),
            "{}",
            found[0].th
        );
    }
    assert_eq!(findings(&three, &[&one, &two]), []);
}

#[test]
fn c10_two_transfers_of_one_unit_and_a_circle_of_parents_are_shown_and_the_later_line_dropped() {
    let line = |to: u8, from: &str| json!({"org": org(to).to_string(), "from": from});
    let mut fields = office("รพ.สต.บ้านดอน");
    fields["parents"] = json!({"a": line(1, "2021-10-01")});
    let mut one = Replica::new(org(3), 1);
    one.create(&fields);
    let mut two = Replica::new(org(3), 2);
    two.receive(&one);
    one.edit(&[set("parents/b", line(2, "2022-10-01"))]);
    two.edit(&[set("parents/c", line(4, "2023-10-01"))]);
    exchange(&mut one, &mut two);
    let found = findings(&one.document, &[]);
    assert_eq!(codes(&found), ["second_parent", "second_parent"]);
    assert_eq!(
        (found[0].path.as_str(), found[1].path.as_str()),
        ("parents/b", "parents/c")
    );
    let mut fields = office("อบจ.สงขลา");
    fields["part_of"] = json!(org(3).to_string());
    let above = written(org(1), &fields);
    // The undated line counts from the beginning, so the dated one closes the circle.
    let found = findings(&one.document, &[&above]);
    assert_eq!(codes(&found), ["parent_circle", "second_parent"]);
    assert_eq!(
        codes(&findings(&above, &[&one.document])),
        Vec::<&str>::new()
    );
}

#[test]
fn c10_holders_whose_term_is_over_are_found_and_the_seat_remains() {
    let holder = "person_00000000-0000-0000-0000-000000000001";
    let fields = json!({"name": {"th": "พชอ."}, "type": "district_health_board", "areas": ["9013"],
        "term": {"from": "2021-10-01", "to": "2023-09-30"},
        "seats": {"chair": {"title": "นายอำเภอ", "holder": holder}}});
    let mut network = Replica::new(DocumentId::new(Kind::Network, [1; 16]), 1);
    network.create(&fields);
    let found = findings(&network.document, &[]);
    assert_eq!(codes(&found), ["seat_after_term"]);
    assert_eq!(found[0].path, "seats/chair/to");
    network.remove("seats/chair/holder");
    assert_eq!(findings(&network.document, &[]), []);
    assert_eq!(network.get("seats/chair/title"), Some(json!("นายอำเภอ")));
    let role = |former: bool| {
        let fields =
            json!({"roles": {"r": {"title": "นายอำเภอ", "to": "2023-09-30", "former": former}}});
        written(holder.parse().unwrap(), &fields)
    };
    assert_eq!(codes(&findings(&role(false), &[])), ["role_past_end"]);
    assert_eq!(findings(&role(true), &[]), []);
}

#[test]
fn c11_strategies_that_two_offices_insert_and_reorder_at_once_stand_in_one_order_everywhere() {
    let fields = json!({"title": {"th": "แผน"}, "strategies": [{"th": "หนึ่ง"}, {"th": "สอง"}, {"th": "สาม"}]});
    let (mut one, mut two) = Replica::pair(Kind::Plan, &fields);
    let reordered = json!([{"th": "สาม"}, {"th": "หนึ่ง"}, {"th": "สอง"}]);
    one.edit(&[set("strategies", reordered)]);
    let inserted = json!([{"th": "หนึ่ง"}, {"th": "ใหม่"}, {"th": "สอง"}, {"th": "สาม"}]);
    two.edit(&[set("strategies", inserted)]);
    exchange(&mut one, &mut two);
    let order: Vec<String> = one
        .get("strategies")
        .unwrap()
        .as_array()
        .unwrap()
        .iter()
        .map(|strategy| strategy["th"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(order.len(), 4);
    assert_eq!(order[0], "สาม");
    assert!(order.contains(&"ใหม่".to_owned()));
    assert_eq!(one.document.conflicts(), []);
}

#[test]
fn c12_a_text_that_two_offices_edited_is_merged_and_marked_until_somebody_has_read_it() {
    let text = "ประชาชนมีสุขภาพดี\nเครือข่ายเข้มแข็ง";
    let (mut one, mut two) = Replica::pair(Kind::Plan, &json!({"situation": text}));
    one.set("situation", "ประชาชนทุกกลุ่มวัยมีสุขภาพดี\nเครือข่ายเข้มแข็ง");
    two.set("situation", "ประชาชนมีสุขภาพดี\nเครือข่ายเข้มแข็งและยั่งยืน");
    // One edit alone is nothing to review.
    assert!(one.document.merged_texts().is_empty());
    exchange(&mut one, &mut two);
    let merged = "ประชาชนทุกกลุ่มวัยมีสุขภาพดี\nเครือข่ายเข้มแข็งและยั่งยืน";
    assert_eq!(one.get("situation"), Some(json!(merged)));
    assert_eq!(one.document.conflicts(), []);
    let marked = one.document.merged_texts();
    assert_eq!(marked.len(), 1);
    // Both edits are named, so that each word has its author in the history.
    let history = one.document.history();
    let mut edits: Vec<_> = history[1..].iter().map(|entry| entry.change).collect();
    edits.sort_unstable();
    assert_eq!(marked[0].changes, edits);
    assert_eq!(codes(&notices(&one.document)), ["text_merged"]);
    // To confirm the text as it is, or to edit it, is to have read it.
    let confirm = Edit::Resolve {
        path: at("situation"),
        value: json!(merged),
    };
    assert!(one.edit(std::slice::from_ref(&confirm)).is_some());
    assert_eq!(one.edit(&[confirm]), None);
    assert_eq!(one.get("situation"), Some(json!(merged)));
    two.set("situation", "แก้ใหม่");
    for office in [&one, &two] {
        assert_eq!(notices(&office.document), []);
    }
}

#[test]
fn c13_a_signature_confirmed_and_withdrawn_at_once_is_disputed() {
    let fields = json!({"title": {"th": "ข้อตกลง"}, "parties": {"p1": {"position": "นายกเทศมนตรี", "state": "invited"}}});
    let (mut one, mut two) = Replica::pair(Kind::Agreement, &fields);
    one.set("parties/p1/state", "withdrawn");
    two.set("parties/p1/state", "confirmed");
    two.set("title/en", "Agreement");
    exchange(&mut one, &mut two);
    // It does not count as given.
    assert_eq!(one.get("parties/p1/state"), Some(json!("withdrawn")));
    let found = notices(&one.document);
    assert_eq!(codes(&found), ["signature_disputed"]);
    assert_eq!(found[0].path, "parties/p1/state");
    assert!(
        found[0].en.ends_with("(Withdrawn / Confirmed)"),
        "{}",
        found[0].en
    );
    one.edit(&[Edit::Resolve {
        path: at("parties/p1/state"),
        value: json!("confirmed"),
    }]);
    assert_eq!(notices(&one.document), []);
}

#[test]
fn c14_a_number_that_two_offices_gave_is_kept_by_both_and_found_at_both() {
    let agreement = |byte: u8, number: &str| {
        let fields =
            json!({"title": {"th": "ข้อตกลง"}, "type": "mou", "areas": ["90"], "number": number});
        written(DocumentId::new(Kind::Agreement, [byte; 16]), &fields)
    };
    let (one, two) = (
        agreement(1, "90-2567-A-01-0007"),
        agreement(2, "๙๐-๒๕๖๗-A-01-0007"),
    );
    let third = agreement(3, "90-2567-A-01-0008");
    let found = findings(&one, &[&two, &third]);
    assert_eq!(codes(&found), ["number_used_twice"]);
    assert!(found[0].en.contains(&two.id().to_string()));
    assert_eq!(
        codes(&findings(&two, &[&one, &third])),
        ["number_used_twice"]
    );
    assert_eq!(findings(&third, &[&one, &two]), []);
}

#[test]
fn c14_resolutions_of_different_sessions_may_share_a_number() {
    let resolution = |byte: u8, session: &str| {
        let fields =
            json!({"title": {"th": "มติ"}, "type": "resolution", "number": "1", "session": session});
        written(DocumentId::new(Kind::Resolution, [byte; 16]), &fields)
    };
    let (one, two, same) = (
        resolution(1, "15"),
        resolution(2, "16"),
        resolution(3, "15"),
    );
    assert_eq!(findings(&one, &[&two]), []);
    assert_eq!(
        codes(&findings(&one, &[&two, &same])),
        ["number_used_twice"]
    );
}

#[test]
fn c15_an_area_that_went_to_another_province_is_known_by_its_old_and_its_new_code() {
    let day = |text: &str| Date::parse(text).unwrap();
    assert_eq!(area::moved("430301", day("2011-03-22")), None);
    assert_eq!(
        area::moved("430301", day("2011-03-23")),
        Some("380101".to_owned())
    );
    assert_eq!(area::moved("4301", TODAY), None);
    let fields = json!({"name": {"th": "กองทุน"}, "type": "local_health_fund", "areas": ["430301"]});
    let document = written(org(1), &fields);
    let found = findings(&document, &[]);
    assert_eq!(codes(&found), ["area_moved"]);
    assert!(
        found[0].th.ends_with("(430301 → 380101)"),
        "{}",
        found[0].th
    );
    // What was written stays.
    assert_eq!(document.to_json()["areas"], json!(["430301"]));
}

#[test]
fn c18_a_field_of_a_newer_program_passes_an_older_one_untouched() {
    let id = DocumentId::new(Kind::Org, [1; 16]);
    let newer = json!({"name": {"th": "อบจ."}, "type": "pao", "areas": ["90"],
        "carbon": {"scope_1": {"tonnes": "12.5", "by": ["ก", "ข"]}, "note": null}});
    let mut new = Replica::new(id, 1);
    new.create(&newer);
    let mut old = Replica::new(id, 2);
    old.receive(&new);
    assert_eq!(codes(&findings(&old.document, &[])), ["newer_field"]);
    old.set("name/th", "องค์การบริหารส่วนจังหวัด");
    new.set("carbon/scope_1/tonnes", "13");
    exchange(&mut old, &mut new);
    assert_eq!(new.document.conflicts(), []);
    assert_eq!(new.get("carbon/scope_1/tonnes"), Some(json!("13")));
    assert_eq!(new.get("carbon/scope_1/by"), Some(json!(["ก", "ข"])));
    assert_eq!(new.get("carbon/note"), Some(Value::Null));
    let saved = Document::load(id, old.document.save().as_deref(), []).unwrap();
    assert_eq!(saved.to_json()["carbon"], new.document.to_json()["carbon"]);
}
