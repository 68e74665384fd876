//! Everything that an administrator does and everything that is refused is in the audit log, and
//! stays there unaltered.

use std::process::Output;

use phaki_tests::federation::{Federation, HUB, share};
use phaki_tests::node::Node;
use phaki_tests::samples;
use phaki_tests::wait;
use phaki_wire::proto::local::v1::GrantSpaceRequest;
use serde_json::Value;
use tonic::Code;

use crate::federation;

/// The log of a node, the oldest first.
fn log(node: &Node) -> Vec<Value> {
    let records = node.command(&["audit", "--oldest-first", "--limit", "1000", "--json"]);
    let records = records.lines().map(serde_json::from_str);
    records.collect::<Result<_, _>>().unwrap()
}

/// Waits for a record with these fields. Whoever is refused may know of it before it is recorded.
async fn recorded(node: &Node, fields: &[(&str, &str)]) -> Value {
    let what = format!("{} has a record with {fields:?}", node.name());
    wait::until(&what, async || {
        let has = |record: &Value| fields.iter().all(|(name, text)| record[name] == *text);
        log(node).into_iter().find(has)
    })
    .await
}

fn acts(records: &[Value]) -> Vec<&str> {
    let acts = records.iter().map(|record| record["act"].as_str().unwrap());
    acts.collect()
}

/// `audit --verify` with its answer.
fn verify(node: &Node, more: &[&str]) -> (Output, Value) {
    let output = node.run(&[&["audit", "--verify", "--json"], more].concat());
    let answer = serde_json::from_slice(&output.stdout).unwrap();
    (output, answer)
}

/// A hub and a province with a space of the hub that the province may only read.
async fn reader_of_the_hub(federation: &Federation, hub: &Node) -> Node {
    let (province, line) = federation.admit(hub, "TH-41").await;
    share(hub, "plans", &[]).await;
    hub.local().grant("plans", "TH-41", "reader").await;
    wait::until("TH-41 knows the space", async || {
        province.local().space("plans").await
    })
    .await;
    drop(line);
    province
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_is_recorded_with_who_what_and_why() {
    let federation = federation();
    let mut hub = federation.found().await;
    let province = reader_of_the_hub(&federation, &hub).await;

    let address = hub.listen().to_string();
    let invite = hub.local().invite("TH-42", "42", &address).await;
    federation.node("TH-42").command(&["join", &invite]);
    let second = federation.node("TH-43").run(&["join", &invite]);
    assert!(!second.status.success(), "an invite is good for one node");
    let reused = [("act", "join-refused"), ("detail", "invite-used")];
    let reused = recorded(&hub, &reused).await;
    let made = recorded(
        &hub,
        &[
            ("act", "invite-made"),
            ("detail", "TH-42, province, area 42"),
        ],
    );
    assert_eq!(reused["subject"], made.await["subject"], "the same invite");

    let grant = GrantSpaceRequest {
        space: "plans".to_owned(),
        node: HUB.to_owned(),
        role: "writer".to_owned(),
    };
    let refused = province.local().client().grant_space(grant).await;
    assert_eq!(refused.unwrap_err().code(), Code::FailedPrecondition);
    let put = province.local().put("plans", &[samples::plan(1, 1)]).await;
    assert_eq!(put.unwrap_err().code(), Code::PermissionDenied);
    for why in ["grant: not-steward", "put: not-writer"] {
        let denied = [
            ("act", "request-refused"),
            ("who", "officer@TH-41"),
            ("subject_name", "plans"),
            ("detail", why),
        ];
        recorded(&province, &denied).await;
    }

    // All that survives a restart, and what was written down before still stands.
    let before = log(&hub);
    let (_, checked) = verify(&hub, &[]);
    hub.stop().await;
    hub.start().await;
    let after = log(&hub);
    assert_eq!(after[..before.len()], before[..]);
    assert_eq!(
        acts(&after[before.len()..]),
        ["node-stopped", "node-started"]
    );
    let known = checked["last_hash"].as_str().unwrap();
    let (output, checked) = verify(&hub, &["--known", known]);
    assert!(output.status.success(), "{checked}");
    assert_eq!(checked["records"], after.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_act_of_administration_is_recorded_by_whom_it_came() {
    let federation = federation();
    let hub = federation.found().await;
    let province = reader_of_the_hub(&federation, &hub).await;
    let records = log(&hub);
    assert_eq!(
        acts(&records),
        [
            "federation-founded",
            "node-started",
            "invite-made",
            "invite-redeemed",
            "node-admitted",
            "roster-in-force",
            "space-created",
            "manifest-in-force",
            "space-granted",
            "manifest-in-force",
        ]
    );
    for act in [0, 2, 4, 5, 6, 7, 8, 9] {
        assert_eq!(records[act]["who"], "officer@TH", "{}", records[act]);
    }
    assert_eq!(records[3]["who_name"], "TH-41");
    assert_eq!(records[4]["subject_name"], "TH-41");
    assert_eq!(records[5]["detail"], "version 2");
    assert_eq!(records[8]["subject_name"], "plans");
    assert_eq!(records[9]["detail"], "version 2");

    let granted = [
        ("act", "manifest-in-force"),
        ("who_name", HUB),
        ("subject_name", "plans"),
    ];
    recorded(&province, &granted).await;
    let records = log(&province);
    assert_eq!(
        acts(&records),
        ["federation-joined", "node-started", "manifest-in-force"]
    );
    assert_eq!(records[0]["who"], "officer@TH-41");

    let table = hub.command(&["audit", "--act", "space-granted"]);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 2, "{table}");
    assert!(
        lines[1].contains("officer@TH  space-granted  plans"),
        "{table}"
    );
    let unheard_of = hub.run(&["audit", "--act", "unheard-of"]);
    assert!(!unheard_of.status.success());
    let hint = String::from_utf8(unheard_of.stderr).unwrap();
    assert!(hint.contains("space-granted"), "{hint}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_somebody_altered_does_not_verify_any_more() {
    let federation = federation();
    let mut hub = federation.found().await;
    hub.local().create_space("plans").await;
    let (output, sound) = verify(&hub, &[]);
    assert!(output.status.success(), "{sound}");
    let known = sound["last_hash"].as_str().unwrap().to_owned();
    hub.stop().await;

    let database = rusqlite::Connection::open(hub.data().join("phaki.db")).unwrap();
    let refused = database.execute("UPDATE audit SET who = 'nobody' WHERE number = 3", []);
    assert!(refused.unwrap_err().to_string().contains("append-only"));
    database
        .execute_batch(
            "DROP TRIGGER audit_is_not_changed;
             UPDATE audit SET who = 'nobody' WHERE number = 3",
        )
        .unwrap();
    drop(database);
    // With no node running the log is read from the data folder.
    let (output, broken) = verify(&hub, &["--known", &known]);
    assert_eq!(output.status.code(), Some(1), "{broken}");
    assert_eq!(
        (&broken["sound"], &broken["broken_record"]),
        (&false.into(), &3.into())
    );
    hub.start().await;
    let output = hub.run(&["audit", "--verify"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.starts_with("record 3 is not what was written"),
        "{said}"
    );
}
