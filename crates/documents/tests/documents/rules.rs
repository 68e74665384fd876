//! Each rule, shown by the smallest document that breaks it.

use std::collections::{BTreeMap, BTreeSet};

use phaki_documents::date::Date;
use phaki_documents::reference::Reference;
use phaki_documents::rules::{
    Completeness, Derived, Expiry, Finding, Gists, Setting, Severity, Totals, catalogue, check,
    derived,
};
use phaki_documents::{Document, DocumentId, Kind};
use serde_json::{Value, json};

use crate::replica::Replica;

/// In the fiscal year 2567.
const TODAY: Date = Date {
    year: 2024,
    month: 1,
    day: 15,
};

const PLAN: &str = "plan_00000000-0000-0000-0000-000000000001";
const OTHER_PLAN: &str = "plan_00000000-0000-0000-0000-000000000002";
const ACTIVITY: &str = "activity_00000000-0000-0000-0000-000000000003";
const OTHER_ACTIVITY: &str = "activity_00000000-0000-0000-0000-000000000004";
const ORG: &str = "org_00000000-0000-0000-0000-000000000005";

/// A document as a program without these types might have stored it.
fn document(id: DocumentId, json: &Value) -> Document {
    let unknown = DocumentId {
        kind_code: 42,
        ..id
    };
    let mut writer = Replica::new(unknown, 1);
    let change = writer.create(json);
    let bytes = change.iter().map(|change| change.bytes.as_slice());
    Document::load(id, None, bytes).unwrap()
}

/// A document of that kind in which there is nothing to find.
fn sound(kind: &str) -> (DocumentId, Value) {
    let title = json!({"th": "ชื่อ"});
    let (id, fields) = match kind {
        "plan" => (
            PLAN,
            json!({
                "title": title, "type": "action_plan", "owner": ORG, "areas": ["90"],
                "fy_be": [2567], "ceiling_satang": 500, "situation": "ข้อมูลปี 2566",
                "review": {"success": "ดี"},
            }),
        ),
        "activity" => (
            ACTIVITY,
            json!({
                "title": title, "areas": ["90"], "plan": PLAN, "fy_be": [2567],
                "roles": {ORG: ["implementing"]},
            }),
        ),
        "org" => (ORG, json!({"name": title, "type": "pao", "areas": ["90"]})),
        "network" => (
            "network_00000000-0000-0000-0000-000000000006",
            json!({"name": title, "type": "fund_board", "areas": ["90"]}),
        ),
        "agreement" => (
            "agreement_00000000-0000-0000-0000-000000000007",
            json!({"title": title, "type": "mou", "areas": ["90"]}),
        ),
        "indicator" => (
            "indicator_00000000-0000-0000-0000-000000000008",
            json!({"title": title, "unit": "ร้อยละ"}),
        ),
        "event" => (
            "event_00000000-0000-0000-0000-000000000009",
            json!({
                "title": title, "type": "training",
                "date": {"from": "2024-01-10", "to": "2024-01-10", "precision": "day"},
            }),
        ),
        "person" => (
            "person_00000000-0000-0000-0000-000000000010",
            json!({"roles": {"r": {"title": "นายอำเภอ"}}}),
        ),
        other => panic!("no sound {other} is known"),
    };
    (id.parse().unwrap(), fields)
}

/// The document with other values for some fields.
fn with(mut document: Value, changed: Value) -> Value {
    let changed = changed.as_object().unwrap().clone();
    document.as_object_mut().unwrap().extend(changed);
    document
}

fn around(documents: &[Document]) -> Gists {
    let mut gists = Gists::default();
    documents.iter().for_each(|document| gists.take(document));
    gists
}

/// What is found in a sound document with these fields changed, beside others.
fn found(kind: &str, changed: Value, others: &[Document]) -> Vec<Finding> {
    let (id, fields) = sound(kind);
    let checked = document(id, &with(fields, changed));
    let company = ["plan", "activity"].map(sound);
    let company = company.iter().map(|(id, fields)| document(*id, fields));
    let mut all = vec![checked.clone()];
    all.extend(others.iter().cloned());
    all.extend(company);
    let around = around(&all);
    check(
        &checked,
        &Setting {
            today: TODAY,
            around: &around,
            reference: &Reference::built_in(),
        },
    )
}

fn assert_found(what: &str, findings: &[Finding], expected: &[(&str, &str)]) {
    let fits = |finding: &Finding, (code, path): &(&str, &str)| {
        let same = finding.path == *path;
        finding.code == *code && (same || path.ends_with('#') && finding.path.starts_with(path))
    };
    let shown: Vec<_> = findings
        .iter()
        .map(|one| (one.code.as_str(), one.path.as_str()))
        .collect();
    assert_eq!(
        shown.len(),
        expected.len(),
        "{what}: {shown:?} instead of {expected:?}"
    );
    for (finding, expected) in findings.iter().zip(expected) {
        assert!(
            fits(finding, expected),
            "{what}: {shown:?} instead of {expected:?}"
        );
    }
}

#[test]
fn what_is_sound_has_no_finding() {
    for kind in [
        "plan",
        "activity",
        "org",
        "network",
        "agreement",
        "indicator",
        "event",
    ] {
        assert_found(kind, &found(kind, json!({}), &[]), &[]);
    }
}

/// Fields, and what is found when a sound document has them; see the file.
const CASES: &str = include_str!("rules/cases.txt");

#[test]
fn each_rule_finds_what_breaks_it_and_nothing_else() {
    let mut broken = BTreeSet::new();
    let is_case = |line: &&str| !line.is_empty() && !line.starts_with('#');
    let mut lines = CASES.lines().filter(is_case).peekable();
    while let Some(case) = lines.next() {
        let (kind, changed) = case.split_once(' ').unwrap();
        let mut expected = Vec::new();
        while let Some(finding) = lines.next_if(|line| line.starts_with("  ")) {
            expected.push(finding.trim_start().split_once(' ').unwrap());
        }
        let findings = found(kind, serde_json::from_str(changed).unwrap(), &[]);
        assert_found(case, &findings, &expected);
        broken.extend(findings.into_iter().map(|finding| finding.code));
    }
    // These need other documents or long texts; each has a test of its own below, or with the
    // conflict that leads to it.
    let elsewhere = [
        "number_used_twice",
        "perhaps_twice",
        "merged_in_circle",
        "second_parent",
        "parent_circle",
        "edited_after_approval",
        "edited_after_retirement",
        "states_compete",
        "signature_disputed",
        "text_merged",
        "unknown_kind",
        "text_too_long",
        "plan_without_activity",
        "approved_over_ceiling",
        "same_activity_in_two_plans",
    ];
    for rule in catalogue().filter(|rule| !elsewhere.contains(&rule.code)) {
        assert!(broken.contains(rule.code), "no case breaks {}", rule.code);
    }
}

#[test]
fn a_short_text_is_short() {
    let name = |length: usize| json!({"name": {"th": "ก".repeat(length)}});
    assert_found("300", &found("org", name(300), &[]), &[]);
    let findings = found("org", name(301), &[]);
    assert_found("301", &findings, &[("text_too_long", "name/th")]);
}

#[test]
fn every_rule_has_a_code_of_its_own_and_says_in_both_languages_what_is_wrong() {
    let mut codes = BTreeSet::new();
    for rule in catalogue() {
        assert!(codes.insert(rule.code), "{} is used twice", rule.code);
        let plain = rule
            .code
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        assert!(plain, "{}", rule.code);
        assert!(
            rule.th.contains(|c| ('ก'..='๛').contains(&c)),
            "{}",
            rule.code
        );
        assert!(rule.en.is_ascii() && rule.en.len() > 10, "{}", rule.code);
    }
}

#[test]
fn errors_come_first_and_no_finding_repeats_what_it_found_of_a_person() {
    let findings = found(
        "activity",
        json!({"description": "1-1017-00203-45-0 นายสมมุติ ตัวอย่าง 0812345678", "plan": "x"}),
        &[],
    );
    assert_found(
        "people",
        &findings,
        &[
            ("malformed_reference", "plan"),
            ("citizen_id", "description"),
            ("telephone", "description"),
            ("name_of_person", "description"),
        ],
    );
    assert_eq!(findings[0].severity, Severity::Error);
    assert_eq!(findings[1].severity, Severity::Warning);
    for text in findings.iter().flat_map(|one| [&one.th, &one.en]) {
        assert!(!text.contains("1017") && !text.contains("สมมุติ"), "{text}");
    }
}

#[test]
fn a_document_of_a_newer_program_is_not_looked_into() {
    let id = DocumentId {
        kind_code: 42,
        uuid: [1; 16],
    };
    let newer = document(id, &json!({"title": 5}));
    let around = Gists::default();
    let findings = check(
        &newer,
        &Setting {
            today: TODAY,
            around: &around,
            reference: &Reference::built_in(),
        },
    );
    assert_found("newer", &findings, &[("unknown_kind", "")]);
}

#[test]
fn a_plan_without_activities_is_incomplete() {
    let (id, fields) = sound("plan");
    let alone = document(id, &fields);
    let around = around(std::slice::from_ref(&alone));
    let setting = Setting {
        today: TODAY,
        around: &around,
        reference: &Reference::built_in(),
    };
    let findings = check(&alone, &setting);
    assert_found("alone", &findings, &[("plan_without_activity", "")]);
    let complete = derived(&alone, &setting).completeness.unwrap();
    assert_eq!(complete.score(), 3);
    assert!(!complete.activities);
}

#[test]
fn the_activities_of_a_plan_stay_within_its_ceiling() {
    let (_, fields) = sound("activity");
    let line =
        |amount: i64| json!({"budget": {"b": {"amount_satang": amount, "stage": "approved"}}});
    // One names the plan, the other only the activity above it.
    let below = with(
        with(fields, line(300)),
        json!({"plan": null, "parent": ACTIVITY}),
    );
    let below = document(OTHER_ACTIVITY.parse().unwrap(), &below);
    let others = [below];
    assert_found(
        "within",
        &found("plan", json!({"ceiling_satang": 300}), &others),
        &[],
    );
    assert_found(
        "over",
        &found("plan", json!({"ceiling_satang": 299}), &others),
        &[("approved_over_ceiling", "ceiling_satang")],
    );
}

#[test]
fn the_same_activity_in_two_plans_is_noticed_in_a_common_area_only() {
    let (_, fields) = sound("activity");
    let other = |changed: Value| {
        let changed = with(changed, json!({"plan": OTHER_PLAN}));
        [document(
            OTHER_ACTIVITY.parse().unwrap(),
            &with(fields.clone(), changed),
        )]
    };
    let spelled_otherwise = json!({"title": {"th": "ชื่ อ"}});
    let findings = found("activity", json!({}), &other(spelled_otherwise));
    assert_found(
        "same",
        &findings,
        &[("same_activity_in_two_plans", "title/th")],
    );
    assert!(findings[0].en.contains(OTHER_ACTIVITY));
    assert_found(
        "elsewhere",
        &found("activity", json!({}), &other(json!({"areas": ["40"]}))),
        &[],
    );
    assert_found(
        "retired",
        &found(
            "activity",
            json!({}),
            &other(json!({"retired": {"at": "2024-01-01"}})),
        ),
        &[],
    );
}

/// Songkhla has been in health region 12 in all these years.
fn regions(years: &[i64]) -> BTreeMap<i64, BTreeSet<String>> {
    let region = || BTreeSet::from(["R12".to_owned()]);
    years.iter().map(|year| (*year, region())).collect()
}

#[test]
fn what_follows_from_documents_is_computed() {
    let (plan, fields) = sound("plan");
    let plan = document(plan, &with(fields, json!({"review": null})));
    let (id, fields) = sound("activity");
    let activity = document(
        id,
        &with(
            fields,
            json!({
                "fy_be": [], "schedule": {"from": "2023-09-30", "to": "2023-10-01"},
                "budget": {
                    "b1": {"amount_satang": 100, "stage": "approved"},
                    "b2": {"amount_satang": 40, "stage": "requested"},
                },
                "disbursements": {
                    "d1": {"amount_satang": 80, "line": "b1"},
                    "d2": {"amount_satang": -10, "line": "b1", "reversal_of": "d1"},
                },
            }),
        ),
    );
    let around = around(&[plan.clone(), activity.clone()]);
    let setting = Setting {
        today: TODAY,
        around: &around,
        reference: &Reference::built_in(),
    };
    let totals = Totals {
        requested: 40,
        approved: 100,
        paid: 70,
    };
    let expected = Derived {
        fiscal_years: BTreeSet::from([2566, 2567]),
        regions: regions(&[2566, 2567]),
        spread: None,
        totals: Some(totals),
        expiry: None,
        completeness: None,
    };
    assert_eq!(derived(&activity, &setting), expected);
    let completeness = Completeness {
        data: true,
        responsible: true,
        activities: true,
        evaluation: false,
    };
    let expected = Derived {
        fiscal_years: BTreeSet::from([2567]),
        regions: regions(&[2567]),
        spread: None,
        totals: Some(totals),
        expiry: None,
        completeness: Some(completeness),
    };
    assert_eq!(derived(&plan, &setting), expected);
}

#[test]
fn an_agreement_stands_somewhere_between_its_beginning_and_its_end() {
    let around = Gists::default();
    let (id, fields) = sound("agreement");
    let ends = |to: Value| {
        let document = document(id, &with(fields.clone(), json!({"effective": {"to": to}})));
        derived(
            &document,
            &Setting {
                today: TODAY,
                around: &around,
                reference: &Reference::built_in(),
            },
        )
        .expiry
    };
    let day = |text: &str| Date::parse(text).unwrap();
    assert_eq!(ends(json!(null)), Some(Expiry::Open));
    assert_eq!(
        ends(json!("2024-01-14")),
        Some(Expiry::Past {
            end: day("2024-01-14")
        })
    );
    assert_eq!(ends(json!("2024-01-15")), Some(Expiry::Near { end: TODAY }));
    assert_eq!(
        ends(json!("2025-01-01")),
        Some(Expiry::Later {
            end: day("2025-01-01")
        })
    );
}

#[test]
fn every_kind_names_its_required_fields() {
    let around = Gists::default();
    for kind in Kind::ALL {
        let empty = document(DocumentId::new(kind, [1; 16]), &json!({"tags": ["x"]}));
        let findings = check(
            &empty,
            &Setting {
                today: TODAY,
                around: &around,
                reference: &Reference::built_in(),
            },
        );
        let missing = findings
            .iter()
            .filter(|one| one.code == "missing_field")
            .count();
        assert!(missing > 0, "{kind}");
    }
}
