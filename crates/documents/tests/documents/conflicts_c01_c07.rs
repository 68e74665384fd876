//! What offices that work apart do to one document, and what people see of it: rows C1 to C7 of the
//! table of conflicts.

use phaki_documents::approval;
use phaki_documents::date::Date;
use phaki_documents::document::Difference;
use phaki_documents::reference::Reference;
use phaki_documents::rules::{
    Finding, Gists, Range, Setting, Spread, Totals, check, derived, notices,
};
use phaki_documents::{Document, Kind};
use serde_json::json;

use crate::replica::{Replica, at, exchange, set};

const TODAY: Date = Date {
    year: 2024,
    month: 1,
    day: 15,
};

const AMOUNT: &str = "budget/b1/amount_satang";

fn codes(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|one| one.code.as_str()).collect()
}

fn paths(differences: &[Difference]) -> Vec<&str> {
    differences.iter().map(|one| one.path.as_str()).collect()
}

fn spread(document: &Document) -> Option<Spread> {
    let around = Gists::default();
    let setting = Setting {
        today: TODAY,
        around: &around,
        reference: &Reference::built_in(),
    };
    derived(document, &setting).spread
}

/// The document with these heads is approved.
fn approve(office: &mut Replica, key: &str, day: &str) {
    let content_hash = approval::content_hash(&office.document.heads());
    office.edit(&[set(
        &format!("approvals/{key}"),
        json!({"decision": "approved", "at": day, "content_hash": content_hash}),
    )]);
}

fn activity() -> serde_json::Value {
    json!({
        "title": {"th": "พัฒนาเครือข่ายแกนนำ"}, "areas": ["41"],
        "budget": {
            "b1": {"amount_satang": 160_000_000, "stage": "approved"},
            "b2": {"amount_satang": 50_000_000, "stage": "requested"},
        },
    })
}

#[test]
fn c01_different_fields_and_different_lines_are_kept_without_a_conflict() {
    let (mut one, mut two) = Replica::pair(Kind::Activity, &activity());
    one.edit(&[
        set("budget/b3", json!({"amount_satang": 1})),
        set("status", "approved"),
    ]);
    two.edit(&[
        set("budget/b4", json!({"amount_satang": 2})),
        set("title/th", "ใหม่"),
    ]);
    exchange(&mut one, &mut two);
    for line in [
        "budget/b3/amount_satang",
        "budget/b4/amount_satang",
        "status",
    ] {
        assert!(one.get(line).is_some(), "{line}");
    }
    assert_eq!(one.get("title/th"), Some(json!("ใหม่")));
    assert_eq!(one.document.conflicts(), []);
    assert_eq!(notices(&one.document), []);
    assert_eq!(one.document.history().len(), 3);
}

#[test]
fn c02_two_amounts_of_one_budget_line_give_a_range_and_reports_say_what_was_approved() {
    let (mut one, mut two) = Replica::pair(Kind::Activity, &activity());
    approve(&mut one, "board", "2024-01-10");
    two.receive(&one);
    one.set(AMOUNT, 180_000_000);
    two.set(AMOUNT, 150_000_000);
    exchange(&mut one, &mut two);
    let conflicts = one.document.conflicts();
    let values: Vec<_> = conflicts[0]
        .values
        .iter()
        .map(|one| one.value.clone())
        .collect();
    assert_eq!(conflicts.len(), 1);
    assert!(values.contains(&json!(180_000_000)) && values.contains(&json!(150_000_000)));
    let range = |least, most| Range { least, most };
    let expected = Spread {
        conflicts: 1,
        requested: range(50_000_000, 50_000_000),
        approved: range(150_000_000, 180_000_000),
        paid: range(0, 0),
        reported: Totals {
            requested: 50_000_000,
            approved: 160_000_000,
            paid: 0,
        },
    };
    assert_eq!(spread(&one.document), Some(expected));
    one.edit(&[phaki_documents::Edit::Resolve {
        path: at(AMOUNT),
        value: json!(170_000_000),
    }]);
    assert_eq!(spread(&one.document), None);
}

#[test]
fn c02_a_plan_sums_the_ranges_of_its_activities() {
    let plan = "plan_00000000-0000-0000-0000-000000000001";
    let mut fields = activity();
    fields["plan"] = json!(plan);
    let (mut one, mut two) = Replica::pair(Kind::Activity, &fields);
    one.set("budget/b2/stage", "approved");
    two.set("budget/b2/stage", "requested ");
    exchange(&mut one, &mut two);
    let mut writer = Replica::new(plan.parse().unwrap(), 3);
    writer.create(&json!({"title": {"th": "แผน"}}));
    let mut around = Gists::default();
    around.take(&one.document);
    let setting = Setting {
        today: TODAY,
        around: &around,
        reference: &Reference::built_in(),
    };
    let spread = derived(&writer.document, &setting).spread.unwrap();
    assert_eq!(spread.conflicts, 1);
    assert_eq!(
        (spread.approved.least, spread.approved.most),
        (160_000_000, 210_000_000)
    );
    assert_eq!(
        (spread.requested.least, spread.requested.most),
        (0, 50_000_000)
    );
}

#[test]
fn c03_an_edit_made_while_others_approve_is_shown_with_its_difference_until_it_is_approved_too() {
    let (mut board, mut office) = Replica::pair(Kind::Activity, &activity());
    approve(&mut board, "board", "2024-01-10");
    office.edit(&[set(AMOUNT, 170_000_000), set("status", "in_progress")]);
    exchange(&mut board, &mut office);
    let findings = notices(&board.document);
    assert_eq!(codes(&findings), ["edited_after_approval"]);
    assert_eq!(findings[0].path, "approvals/board");
    let last = approval::last(&board.document).unwrap();
    let differences = approval::differences(&board.document, &last.document.unwrap());
    // What happens to approved work needs no approval.
    assert_eq!(paths(&differences), [AMOUNT]);
    assert_eq!(differences[0].from, Some(json!(160_000_000)));
    assert_eq!(differences[0].to, Some(json!(170_000_000)));
    approve(&mut board, "board-again", "2024-01-12");
    assert_eq!(notices(&board.document), []);
}

#[test]
fn c03_an_approval_of_what_was_seen_does_not_cover_what_came_in_between() {
    let (mut office, _) = Replica::pair(
        Kind::Plan,
        &json!({"title": {"th": "แผน"}, "areas": ["90"]}),
    );
    let seen = approval::content_hash(&office.document.heads());
    office.set("situation", "เพิ่มข้อมูล");
    office.edit(&[set(
        "approvals/board",
        json!({"decision": "approved", "at": "2024-01-10", "content_hash": seen}),
    )]);
    assert_eq!(codes(&notices(&office.document)), ["edited_after_approval"]);
    // Taken back, it is again what was approved.
    office.remove("situation");
    assert_eq!(notices(&office.document), []);
}

#[test]
fn c03_an_approval_without_a_hash_is_of_what_its_author_saw_and_one_of_unknown_changes_says_so() {
    let (mut office, mut other) = Replica::pair(
        Kind::Plan,
        &json!({"title": {"th": "แผน"}, "areas": ["90"]}),
    );
    office.set("approvals/board/decision", "approved");
    other.set("areas/#4101", "4101");
    exchange(&mut office, &mut other);
    assert_eq!(codes(&notices(&office.document)), ["edited_after_approval"]);
    office.set("approvals/board/content_hash", "ab".repeat(32));
    assert_eq!(
        codes(&notices(&office.document)),
        ["approved_version_unknown"]
    );
}

#[test]
fn c04_two_reporters_do_not_collide_and_the_owner_chooses_the_official_value_with_a_reason() {
    let fields = json!({"title": {"th": "ร้อยละ"}, "unit": "ร้อยละ"});
    let (mut hospital, mut district) = Replica::pair(Kind::Indicator, &fields);
    hospital.edit(&[set(
        "values/FY2567Q1|9013|hospital",
        json!({"value": "41.50"}),
    )]);
    district.edit(&[set("values/FY2567Q1|9013|district", json!({"value": "39"}))]);
    exchange(&mut hospital, &mut district);
    assert_eq!(hospital.document.conflicts(), []);
    let findings = notices(&hospital.document);
    assert_eq!(codes(&findings), ["reports_differ"]);
    assert!(
        findings[0].th.ends_with("(district: 39, hospital: 41.5)"),
        "{}",
        findings[0].th
    );
    hospital.set("official/FY2567Q1|9013/reporter", "district");
    assert_eq!(
        codes(&notices(&hospital.document)),
        ["official_without_reason"]
    );
    hospital.set("official/FY2567Q1|9013/reason", "ตรวจกับทะเบียนแล้ว");
    assert_eq!(notices(&hospital.document), []);
    hospital.set("official/FY2567Q1|9013/reporter", "school");
    assert_eq!(
        codes(&notices(&hospital.document)),
        ["official_without_report"]
    );
}

#[test]
fn c04_equal_figures_of_two_reporters_are_no_discrepancy() {
    let fields = json!({"title": {"th": "ร้อยละ"}, "unit": "ร้อยละ", "values": {
        "FY2567Q1|9013|hospital": {"value": "41.50"}, "FY2567Q1|9013|district": {"value": "41.5"},
        "FY2567Q1|9014|district": {"value": "7"}, "FY2567Q2|9013|district": {"a": 1, "b": 2},
    }});
    let (one, _) = Replica::pair(Kind::Indicator, &fields);
    assert_eq!(notices(&one.document), []);
}

#[test]
fn c05_one_measurement_on_two_devices_of_an_office_is_an_ordinary_conflict() {
    let path = "values/FY2567Q1|9013|district/value";
    let fields = json!({"title": {"th": "ร้อยละ"}, "unit": "ร้อยละ"});
    let (mut desk, mut field) = Replica::pair(Kind::Indicator, &fields);
    desk.set(path, "39");
    field.set(path, "40");
    exchange(&mut desk, &mut field);
    let conflicts = desk.document.conflicts();
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts[0].path, at(path));
    assert_eq!(conflicts[0].values.len(), 2);
}

#[test]
fn c06_of_two_states_the_one_furthest_on_its_way_is_shown_and_both_are_in_the_history() {
    for last in [true, false] {
        let (mut one, mut two) = Replica::pair(Kind::Activity, &activity());
        // Whichever operation is the later one.
        if last {
            one.set("title/en", "Leaders");
        }
        one.set("status", "completed");
        two.set("status", "suspended");
        exchange(&mut one, &mut two);
        assert_eq!(one.get("status"), Some(json!("completed")));
        assert_eq!(one.document.summary().status.as_deref(), Some("completed"));
        let conflicts = one.document.conflicts();
        assert_eq!(conflicts[0].shown, json!("completed"));
        assert_eq!(conflicts[0].values.len(), 2);
        let findings = notices(&one.document);
        assert_eq!(codes(&findings), ["states_compete"]);
        assert!(
            findings[0].en.ends_with("(Completed / Suspended)"),
            "{}",
            findings[0].en
        );
        let history = one.document.history();
        let told: Vec<_> = history
            .iter()
            .flat_map(|entry| &entry.fields)
            .filter(|field| field.path == at("status"))
            .filter_map(|field| field.to.clone())
            .collect();
        assert_eq!(told.len(), 2);
        assert!(told.contains(&json!("completed")) && told.contains(&json!("suspended")));
    }
}

#[test]
fn c07_an_edit_of_a_document_that_was_retired_meanwhile_survives_and_is_asked_about() {
    let (mut one, mut two) = Replica::pair(Kind::Activity, &activity());
    one.edit(&[set("retired", json!({"at": "2024-01-10", "reason": "ซ้ำ"}))]);
    two.set("title/th", "แก้ไข");
    exchange(&mut one, &mut two);
    assert_eq!(one.get("title/th"), Some(json!("แก้ไข")));
    let around = Gists::default();
    let setting = Setting {
        today: TODAY,
        around: &around,
        reference: &Reference::built_in(),
    };
    let findings = check(&one.document, &setting);
    assert_eq!(codes(&findings), ["edited_after_retirement"]);
    assert!(findings[0].en.ends_with("(title/th)"), "{}", findings[0].en);
    // Either answer settles it.
    one.set("retired/at", "2024-01-12");
    assert_eq!(notices(&one.document), []);
    two.remove("retired");
    assert_eq!(notices(&two.document), []);
    assert_eq!(two.get("retired"), None);
}
