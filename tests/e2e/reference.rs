//! Reference sets: what the national node publishes is what every node looks things up in.

use phaki_tests::federation::{Federation, converged};
use phaki_tests::node::Node;
use phaki_tests::proxy::Proxy;
use phaki_tests::wait;
use serde_json::{Value, json};

use crate::federation;

const REFERENCE: &str = "TH/reference";
const SPACE: &str = "plans";
const PLAN: &str = "plan_01960000-0000-7000-8000-000000000001";
/// Versions that the program has: areas, codes, abbreviations and two announcements of figures.
const BUILT_IN: u64 = 5;

/// A fund's plan of two years in Udon Thani to which its small administration adds a quarter. Its type
/// is no code that the program knows.
fn plan() -> Value {
    json!({
        "id": PLAN, "kind": "plan", "title": {"th": "แผนกองสาธารณสุข"}, "type": "village_charter",
        "owner": "org_01960000-0000-7000-8000-000000000003", "areas": ["4101"],
        "fy_be": [2569, 2570], "situation": "ข้อมูลปีที่แล้ว", "review": {"to_fix": "ติดตาม"},
        "lao_class": "sao_small", "income": {"nhso": 1000, "lao": 250},
    })
}

/// A national node with its reference space, and a province that knows it and has a plan.
async fn two_nodes(federation: &Federation) -> (Node, Node, Proxy) {
    let mut hub = federation.node("TH");
    hub.with_default_spaces();
    let hub = federation.found_with(hub).await;
    let (udon, line) = federation.admit(&hub, "TH-41").await;
    let knows = async || udon.local().space(REFERENCE).await;
    wait::until("the province knows the reference space", knows).await;
    udon.local().create_space(SPACE).await;
    udon.local().put(SPACE, &[plan()]).await.unwrap();
    (hub, udon, line)
}

/// What `check` says of the plan.
fn checked(node: &Node) -> Value {
    let output = node.run(&["check", PLAN, "--json"]);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The codes of what is found in the plan beside what no reference set decides.
fn found(node: &Node) -> Vec<String> {
    let checked = checked(node);
    let findings = checked["findings"].as_array().unwrap().iter();
    let codes = findings.map(|finding| finding["code"].as_str().unwrap().to_owned());
    codes
        .filter(|code| code != "plan_without_activity")
        .collect()
}

/// Has the node publish a version from a file; what it answers.
fn publish(federation: &Federation, node: &Node, version: &Value) -> Value {
    let file = federation.folder().join("version.json");
    std::fs::write(&file, version.to_string()).unwrap();
    let answer = node.command(&["reference", "publish", file.to_str().unwrap(), "--json"]);
    serde_json::from_str(&answer).unwrap()
}

/// The versions in force at a node, with where each comes from.
fn in_force(node: &Node, set: &str, at: &str) -> Vec<(String, Value)> {
    let answer = node.command(&["reference", "list", "--at", at, "--json"]);
    let versions = answer
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let versions = versions.filter(|one: &Value| one["set"] == set && one["in_force"] == true);
    versions
        .map(|one| {
            (
                one["version"].as_str().unwrap().to_owned(),
                one["space"].clone(),
            )
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_national_node_publishes_and_corrects_counts_everywhere_without_a_restart() {
    let federation = federation();
    let (hub, udon, _line) = two_nodes(&federation).await;
    let at = "2025-10-01";
    assert_eq!(
        in_force(&udon, "figures", at),
        [("2567".to_owned(), Value::Null)]
    );
    assert_eq!(found(&udon), ["unknown_code", "contribution_too_small"]);

    let answer = hub.command(&["reference", "publish", "--json"]);
    let published = json!({"space": REFERENCE, "created": BUILT_IN, "changed": 0, "unchanged": 0});
    assert_eq!(serde_json::from_str::<Value>(&answer).unwrap(), published);
    let told = hub.command(&["reference", "publish"]);
    assert!(told.contains("0 versions published, 0 corrected"), "{told}");
    converged(&[&hub, &udon], REFERENCE, BUILT_IN).await;
    assert_eq!(
        in_force(&udon, "figures", at),
        [("2567".to_owned(), json!(REFERENCE))]
    );
    assert_eq!(found(&udon), ["unknown_code", "contribution_too_small"]);

    let corrected = json!({
        "set": "figures", "version": "2567",
        "figures": {"contribution_percent_min.sao_small": 25},
    });
    assert_eq!(publish(&federation, &hub, &corrected)["changed"], 1);
    converged(&[&hub, &udon], REFERENCE, BUILT_IN + 1).await;
    assert_eq!(found(&udon), ["unknown_code"]);

    let codes = json!({
        "set": "codes", "version": "1",
        "codes": {"plan.type": {"village_charter": {"th": "ธรรมนูญหมู่บ้าน"}}},
    });
    publish(&federation, &hub, &codes);
    let short = json!({
        "set": "abbreviations", "version": "1", "abbreviations": {"ก.ส.ธ.": "กองสาธารณสุข"},
    });
    publish(&federation, &hub, &short);
    let hits = || udon.command(&["search", "กสธ", "--json"]).lines().count();
    assert_eq!(hits(), 0);
    converged(&[&hub, &udon], REFERENCE, BUILT_IN + 3).await;
    assert_eq!((found(&udon), hits()), (vec![], 1));
    // What was corrected is not taken back by publishing what the program has.
    assert_eq!(publish(&federation, &hub, &corrected)["unchanged"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c15_an_area_moves_to_another_region_and_old_years_report_the_old_one() {
    let federation = federation();
    let (hub, udon, _line) = two_nodes(&federation).await;
    let before = json!({"2569": ["R8"], "2570": ["R8"]});
    assert_eq!(checked(&udon)["derived"]["regions"], before);
    let moved = json!({
        "set": "areas", "version": "2570", "valid": {"from": "2026-10-01", "precision": "day"},
        "title": {"th": "จังหวัดและเขตสุขภาพ 2570"},
        "areas": {"41": {"th": "อุดรธานี", "en": "Udon Thani", "region": "R7"}},
    });
    assert_eq!(publish(&federation, &hub, &moved)["created"], BUILT_IN + 1);
    converged(&[&hub, &udon], REFERENCE, BUILT_IN + 1).await;
    let after = json!({"2569": ["R8"], "2570": ["R7"]});
    assert_eq!(checked(&udon)["derived"]["regions"], after);
    let told = udon.command(&["check", PLAN]);
    assert!(told.contains("health region 2569 R8; 2570 R7"), "{told}");
    for (at, version, region) in [("2026-09-30", "1", "R8"), ("2026-10-01", "2570", "R7")] {
        assert_eq!(
            in_force(&udon, "areas", at),
            [(version.to_owned(), json!(REFERENCE))]
        );
        let shown = udon.command(&["reference", "show", "areas", "--at", at]);
        let udon_thani = shown.lines().find(|line| line.contains("อุดรธานี")).unwrap();
        assert!(udon_thani.contains(region), "{at}: {udon_thani}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_but_a_national_node_changes_what_others_look_things_up_in() {
    let federation = federation();
    let (hub, udon, _line) = two_nodes(&federation).await;
    hub.command(&["reference", "publish"]);
    converged(&[&hub, &udon], REFERENCE, BUILT_IN).await;

    let refused = udon.run(&["reference", "publish"]);
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(
        !refused.status.success() && told.contains("/reference"),
        "{told}"
    );
    let listed = udon.command(&["list", "--space", REFERENCE, "--json"]);
    for line in listed.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let id = row["id"].as_str().unwrap();
        let edit = udon.local().edit(id, "version", &json!("9999")).await;
        assert_eq!(
            edit.unwrap_err().code(),
            tonic::Code::PermissionDenied,
            "{id}"
        );
    }

    // The same in a space of its own, which the national node holds as well.
    let own = "TH-41/reference";
    udon.local().create_space(own).await;
    udon.local().grant(own, "TH", "reader").await;
    let none = json!({
        "id": "refset_01960000-0000-7000-8000-000000000009", "kind": "refset",
        "title": {"th": "ไม่ต้องสมทบ"}, "set": "figures", "version": "9999",
        "figures": {"contribution_percent_min.sao_small": 0},
    });
    udon.local().put(own, &[none]).await.unwrap();
    converged(&[&hub, &udon], own, 1).await;
    for node in [&hub, &udon] {
        let at = "2025-10-01";
        assert_eq!(
            in_force(node, "figures", at),
            [("2567".to_owned(), json!(REFERENCE))]
        );
    }
    assert_eq!(found(&udon), ["unknown_code", "contribution_too_small"]);
}
