//! Documents are held against the rules at the node that has them, and what is found is told in
//! both languages.

use phaki_tests::node::Node;
use serde_json::{Value, json};

use crate::federation;

const PLAN: &str = "plan_01960000-0000-7000-8000-000000000001";
const ACTIVITY: &str = "activity_01960000-0000-7000-8000-000000000002";
const OTHER_SPACE: &str = "elsewhere";
const SPACE: &str = "plans";

/// A plan with a ceiling of ten baht, and an activity of it to which more was granted.
fn documents() -> [Value; 2] {
    let plan = json!({
        "id": PLAN, "kind": "plan", "title": {"th": "แผนสุขภาพ"}, "type": "action_plan",
        "owner": "org_01960000-0000-7000-8000-000000000003", "areas": ["41"], "fy_be": [2569],
        "situation": "ข้อมูลปีที่แล้ว", "review": {"to_fix": "ติดตาม"}, "ceiling_satang": 1000,
    });
    let activity = json!({
        "id": ACTIVITY, "kind": "activity", "title": {"th": "อบรม อสม."}, "areas": ["41"],
        "plan": PLAN, "description": "ติดต่อ 081-234-5678",
        "roles": {"org_01960000-0000-7000-8000-000000000003": ["implementing"]},
        "budget": {"b1": {"amount_satang": 1600, "stage": "approved"}},
        "disbursements": {"d1": {"amount_satang": 100, "line": "b9"}},
    });
    [plan, activity]
}

/// Document, severity and code of each finding that a check tells in JSON, and its exit code.
fn findings(node: &Node, arguments: &[&str]) -> (Vec<[String; 3]>, Option<i32>) {
    let output = node.run(&[&["check", "--json"], arguments].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    let mut found = Vec::new();
    for line in text.lines() {
        let document: Value = serde_json::from_str(line).unwrap();
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        for finding in document["findings"].as_array().unwrap() {
            let (severity, code) = (word(&finding["severity"]), word(&finding["code"]));
            found.push([word(&document["id"]), severity, code]);
        }
    }
    (found, output.status.code())
}

fn found(document: &str, severity: &str, code: &str) -> [String; 3] {
    [document, severity, code].map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_tells_errors_and_warnings_until_they_are_mended() {
    let federation = federation();
    let hub = federation.found().await;
    hub.local().create_space(SPACE).await;
    hub.local().create_space(OTHER_SPACE).await;
    hub.local().put(SPACE, &documents()).await.unwrap();

    let over = found(PLAN, "warning", "approved_over_ceiling");
    let telephone = found(ACTIVITY, "warning", "telephone");
    let unknown_line = found(ACTIVITY, "error", "paid_without_line");
    let all = vec![over.clone(), unknown_line.clone(), telephone.clone()];
    assert_eq!(findings(&hub, &[]), (all.clone(), Some(1)));
    assert_eq!(findings(&hub, &["--space", SPACE]), (all, Some(1)));
    assert_eq!(findings(&hub, &["--space", OTHER_SPACE]), (vec![], Some(0)));
    // What is found in one document depends on those around it, also when it is named alone.
    assert_eq!(findings(&hub, &[PLAN]), (vec![over], Some(0)));
    assert_eq!(
        findings(&hub, &[ACTIVITY]),
        (vec![unknown_line, telephone], Some(1))
    );

    let thai = hub.run(&["check", ACTIVITY, "--lang", "th"]);
    let thai = String::from_utf8(thai.stdout).unwrap();
    for shown in [
        "อนุมัติ 16.00 บาท",
        "disbursements/d1/line",
        "เบิกจ่ายจากรายการงบที่ไม่มี",
    ] {
        assert!(thai.contains(shown), "{shown}: {thai}");
    }
    assert!(!thai.contains("081-234-5678"), "{thai}");

    let mend = [
        (PLAN, "ceiling_satang", json!(1600)),
        (ACTIVITY, "disbursements/d1/line", json!("b1")),
        (ACTIVITY, "description", json!("ติดต่อสำนักงาน")),
    ];
    for (id, path, value) in mend {
        hub.local().edit(id, path, &value).await.unwrap();
    }
    assert_eq!(findings(&hub, &[]), (vec![], Some(0)));
    let english = hub.command(&["check", PLAN, "--lang", "en"]);
    assert!(english.contains("completeness 4/4"), "{english}");
}
