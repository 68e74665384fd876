//! What the audit log says of those who were let in, kept out and brought back.

use std::fs;

use phaki_tests::node::Node;
use phaki_tests::wait;
use serde_json::Value;

use super::{invite, join_and_wait, json, refused};
use crate::federation;

/// The log of the hub from the first invite on: act, name of the node concerned, detail.
fn recorded(hub: &Node) -> Vec<[String; 3]> {
    let records = hub.command(&["audit", "--oldest-first", "--limit", "1000", "--json"]);
    let records = records.lines().map(|line| {
        let record: Value = serde_json::from_str(line).unwrap();
        let text = |field: &str| record[field].as_str().unwrap_or_default().to_owned();
        let who = match text("act").as_str() {
            "invite-redeemed" | "join-pending" | "join-refused" => text("who").len() == 64,
            "node-started" => true,
            _ => text("who") == "officer@TH",
        };
        assert!(who, "{record}");
        [text("act"), text("subject_name"), text("detail")]
    });
    let all = records.collect::<Vec<_>>();
    let first = all.iter().position(|[act, ..]| act == "invite-made");
    all[first.unwrap()..].to_vec()
}

fn acts(records: &[[String; 3]]) -> Vec<&str> {
    records.iter().map(|[act, ..]| act.as_str()).collect()
}

/// The one record of an act: the name of the node concerned, and the detail.
fn only<'a>(records: &'a [[String; 3]], act: &str) -> [&'a str; 2] {
    let mut found = records.iter().filter(|[word, ..]| word == act);
    let [_, subject, detail] = found.next().unwrap_or_else(|| panic!("no {act}"));
    assert_eq!(found.next(), None, "{act} twice");
    [subject, detail]
}

/// What is recorded of two nodes and three invites below.
const DECIDED: [&str; 18] = [
    "invite-made",
    "invite-redeemed",
    "join-pending",
    "node-approved",
    "roster-in-force",
    "invite-made",
    "invite-redeemed",
    "join-pending",
    "node-rejected",
    "join-refused",
    "invite-made",
    "invite-withdrawn",
    "node-suspended",
    "roster-in-force",
    "node-reinstated",
    "roster-in-force",
    "node-removed",
    "roster-in-force",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_decision_about_a_node_is_recorded_with_whom_it_concerns_and_why() {
    let federation = federation();
    let hub = federation.found().await;
    let (udon, songkhla) = (federation.node("TH-41"), federation.node("TH-90"));

    let first = invite(&hub, "TH-41", &["--approval"]);
    join_and_wait(&udon, &first);
    // Asking again is no news.
    join_and_wait(&udon, &first);
    hub.command(&["federation", "approve", "TH-41"]);
    let second = invite(&hub, "TH-90", &["--approval"]);
    join_and_wait(&songkhla, &second);
    let why = "ลายนิ้วมือไม่ตรงกัน";
    hub.command(&["federation", "reject", "TH-90", "--reason", why]);
    assert!(refused(&songkhla, &["join", &second]).contains("rejected"));
    wait::until("the refusal is recorded", async || {
        let records = recorded(&hub);
        records
            .iter()
            .any(|[act, ..]| act == "join-refused")
            .then_some(())
    })
    .await;
    invite(&hub, "TH-92", &[]);
    hub.command(&["federation", "withdraw", "TH-92"]);
    for (change, why) in [("suspend", "laptop missing"), ("reinstate", "laptop found")] {
        hub.command(&["federation", change, "TH-41", "--reason", why]);
    }
    let remove = ["federation", "remove", "TH-41", "--yes", "--reason"];
    let long = "ก".repeat(600);
    hub.command(&[&remove[..], &[&long]].concat());

    let records = recorded(&hub);
    assert_eq!(acts(&records), DECIDED);
    assert_eq!(records[0][2], "TH-41, province, area 41, needs approval");
    assert_eq!(records[10][2], "TH-92, province, area 92");
    let [name, detail] = only(&records, "node-approved");
    assert_eq!(name, "TH-41");
    assert!(detail.starts_with("TH-41, province, area 41, by invite "));
    assert!(detail.ends_with("roster version 2"), "{detail}");
    let [_, detail] = only(&records, "node-rejected");
    assert!(
        detail.starts_with("TH-90, ") && detail.ends_with(why),
        "{detail}"
    );
    assert_eq!(only(&records, "join-refused")[1], "rejected");
    assert_eq!(only(&records, "invite-withdrawn")[1], "TH-92");
    for (act, version, why) in [
        ("node-suspended", 3, "laptop missing"),
        ("node-reinstated", 4, "laptop found"),
        ("node-removed", 5, &long),
    ] {
        let expected = format!("TH-41, roster version {version}: {why}");
        assert_eq!(only(&records, act), ["TH-41", &expected]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_roster_that_is_signed_elsewhere_is_recorded_when_it_is_made_and_when_it_is_brought() {
    let federation = federation();
    let hub = federation.found().await;
    let (_udon, _line) = federation.admit(&hub, "TH-41").await;
    let (at_home, away) = (
        hub.data().join("federation.key"),
        federation.folder().join("federation.key"),
    );
    fs::rename(&at_home, &away).unwrap();
    let path = |name: &str| federation.folder().join(name).to_str().unwrap().to_owned();
    let (unsigned, signed) = (path("change.unsigned"), path("change.signed"));
    let suspend = [
        "federation",
        "suspend",
        "TH-41",
        "--reason",
        "laptop missing",
    ];
    hub.command(&[&suspend[..], &["--out", &unsigned]].concat());
    let key = away.to_str().unwrap();
    hub.command(&["roster", "sign", &unsigned, "--key", key, "--yes"]);
    json(&hub, &["federation", "enact", &signed]);

    let records = recorded(&hub);
    let prepared = "node-suspended: TH-41, roster version 3: laptop missing";
    assert_eq!(only(&records, "roster-prepared"), ["TH-41", prepared]);
    let enacted = "TH-41 suspended, roster version 3";
    assert_eq!(only(&records, "roster-enacted"), ["TH-41", enacted]);
    let all = acts(&records);
    assert!(!all.contains(&"node-suspended"), "{all:?}");
    assert_eq!(all.last(), Some(&"roster-in-force"));
}
