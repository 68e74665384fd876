//! What people do with commands, and what the commands tell programs.

use std::fs;
use std::process::Output;

use phaki_tests::federation::HUB;
use phaki_tests::node::Node;
use phaki_tests::proxy::Proxy;
use phaki_tests::wait;
use serde_json::Value;

use crate::{federation, program};

const SPACE: &str = "province-41";

/// The only line that a command prints for programs.
fn json(node: &Node, arguments: &[&str]) -> Value {
    let out = node.command(&[arguments, &["--json"]].concat());
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {out}"))
}

/// The lines that a command prints for programs.
fn lines(node: &Node, arguments: &[&str]) -> Vec<Value> {
    let out = node.command(&[arguments, &["--json"]].concat());
    out.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Both nodes say that they hold the same of the space.
async fn until_same(one: &Node, other: &Node) {
    wait::until("both hold the same", async || {
        let [one, other] = [one, other].map(|node| lines(node, &["space", "list"]));
        let of = |spaces: &[Value]| {
            spaces
                .iter()
                .find(|space| space["name"] == SPACE)
                .map(|space| {
                    (
                        space["frontier_digest"].clone(),
                        space["heads_digest"].clone(),
                    )
                })
        };
        (of(&one).is_some() && of(&one) == of(&other)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_federation_is_made_used_and_understood_with_commands_alone() {
    let federation = federation();
    let mut hub = federation.node(HUB);
    let mut udon = federation.node("TH-41");
    let line = make_federation(&mut hub, &mut udon).await;
    let plan = share_a_plan(&hub, &udon).await;
    disagree_and_settle(&hub, &udon, &line, &plan).await;
    read_what_happened(&hub, &plan);
    carry_over(
        &hub,
        federation.folder().join("plans.jsonl").to_str().unwrap(),
    );
}

async fn make_federation(hub: &mut Node, udon: &mut Node) -> Proxy {
    let made = json(hub, &["init"]);
    assert_eq!(made["created"], true);
    let create = [
        "federation",
        "create",
        "--name",
        HUB,
        "--area",
        "TH",
        "--address",
        "127.0.0.1:9",
    ];
    let created = json(hub, &create);
    assert_eq!(created["node"], made["node"]);
    assert!(fs::metadata(created["federation_key"].as_str().unwrap()).is_ok());
    hub.accept_peers();
    hub.start().await;

    let address = hub.listen().to_string();
    let invite = [
        "federation",
        "invite",
        "--name",
        "TH-41",
        "--area",
        "41",
        "--role",
        "province",
    ];
    let invite = json(hub, &[&invite[..], &["--address", &address]].concat());
    let invite = invite["invite"].as_str().unwrap().to_owned();
    let joined = json(udon, &["join", &invite]);
    assert_eq!(
        (&joined["name"], &joined["nodes"]),
        (&"TH-41".into(), &2.into())
    );
    assert_eq!(joined["federation"], created["federation"]);
    // Asking again is harmless; another node cannot use the same string.
    assert_eq!(json(udon, &["join", &invite])["already"], true);
    let line = Proxy::start(hub.listen()).await;
    udon.dial(HUB, &line.address());
    udon.start().await;

    let roster = json(hub, &["federation", "roster"]);
    let names: Vec<_> = roster["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| &n["name"])
        .collect();
    assert_eq!(names.len(), 2, "{roster}");
    wait::until("a link", async || {
        let status = json(udon, &["status"]);
        status["links"]
            .as_array()
            .unwrap()
            .iter()
            .any(|link| link["peer"] == HUB)
            .then_some(())
    })
    .await;
    line
}

async fn share_a_plan(hub: &Node, udon: &Node) -> String {
    udon.command(&["space", "create", SPACE]);
    udon.command(&["space", "grant", SPACE, HUB, "--role", "writer"]);
    let fields = [
        "title/th=แผนสุขภาพอำเภอกุมภวาปี",
        "type=district_plan",
        "areas=4104",
        "status=draft",
    ];
    let new = json(
        udon,
        &[&["new", "plan", "--space", SPACE][..], &fields].concat(),
    );
    let plan = new["id"].as_str().unwrap().to_owned();
    until_same(hub, udon).await;

    let found = lines(hub, &["list", "กุมภวาปี"]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["id"], plan.as_str());
    let shown = json(hub, &["show", &plan]);
    assert_eq!(shown["title"]["th"], "แผนสุขภาพอำเภอกุมภวาปี");
    assert_eq!(
        shown["areas"],
        serde_json::json!(["4104"]),
        "codes stay texts"
    );
    assert!(
        hub.command(&["show", &plan, "--lang", "th"])
            .contains("ชื่อแผน")
    );
    plan
}

async fn disagree_and_settle(hub: &Node, udon: &Node, line: &Proxy, plan: &str) {
    line.cut();
    hub.command(&["edit", plan, "status=approved", "--message", "มติคณะกรรมการ"]);
    udon.command(&["edit", plan, "status=revise", "--account", "u7"]);
    line.restore();
    until_same(hub, udon).await;

    let conflicts = lines(hub, &["conflicts"]);
    assert_eq!(
        conflicts,
        lines(udon, &["conflicts"]),
        "both must see the same"
    );
    assert_eq!(conflicts.len(), 1, "{conflicts:?}");
    assert_eq!(
        (&conflicts[0]["id"], &conflicts[0]["path"]),
        (&plan.into(), &"status".into())
    );
    let by: Vec<_> = conflicts[0]["values"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| &v["node"])
        .collect();
    assert!(
        by.contains(&&HUB.into()) && by.contains(&&"TH-41".into()),
        "{by:?}"
    );
    // It counts summaries, which are made a moment after the documents.
    wait::until("the status tells of the conflict", async || {
        let status = hub.command(&["status"]);
        status.contains("phaki conflicts").then_some(())
    })
    .await;

    udon.command(&[
        "resolve",
        plan,
        "status",
        "--value-of",
        HUB,
        "--message",
        "ตกลงกันแล้ว",
    ]);
    until_same(hub, udon).await;
    assert!(lines(hub, &["conflicts"]).is_empty());
    assert_eq!(json(hub, &["show", plan])["status"], "approved");
}

fn read_what_happened(hub: &Node, plan: &str) {
    let history = lines(hub, &["history", plan]);
    assert_eq!(history.len(), 4, "made, edited twice, settled: {history:?}");
    let told = |word: &str| history.iter().any(|entry| entry.to_string().contains(word));
    assert!(
        told("มติคณะกรรมการ") && told("ตกลงกันแล้ว") && told("u7"),
        "{history:?}"
    );
    let status = hub.command(&["status"]);
    assert!(status.contains(HUB) && status.contains(SPACE), "{status}");
}

/// Export and import give back the same documents; importing again changes nothing.
fn carry_over(hub: &Node, file: &str) {
    assert_eq!(
        json(hub, &["export", "--space", SPACE, "--out", file])["documents"],
        1
    );
    hub.command(&["space", "create", "archive"]);
    let import = ["import", file, "--space", "archive"];
    let rehearsed = json(hub, &[&import[..], &["--dry-run"]].concat());
    assert_eq!(
        (&rehearsed["created"], &rehearsed["dry_run"]),
        (&1.into(), &true.into())
    );
    assert!(hub.command(&["export", "--space", "archive"]).is_empty());
    assert_eq!(json(hub, &import)["created"], 1);
    assert_eq!(json(hub, &import)["unchanged"], 1);
    let back = hub.command(&["export", "--space", "archive"]);
    assert_eq!(back, fs::read_to_string(file).unwrap());
}

fn said(output: Output) -> String {
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{err}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invite_admits_one_node_once() {
    let federation = federation();
    let hub = federation.found().await;
    let invite = hub
        .local()
        .invite("TH-41", "41", &hub.listen().to_string())
        .await;
    let first = federation.node("TH-41");
    first.command(&["join", &invite]);

    let second = federation.node("TH-42");
    let refused = second.run(&["join", &invite]);
    let err = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{err}");
    assert!(err.contains("used"), "{err}");
    let (start, _) = invite.split_at(invite.len() - 3);
    let broken = second.run(&["join", start]);
    assert!(!broken.status.success());
    let nodes = json(&hub, &["federation", "roster"]);
    assert_eq!(nodes["nodes"].as_array().unwrap().len(), 2, "{nodes}");
}

#[test]
fn the_program_completes_its_commands_and_checks_its_configuration() {
    let federation = federation();
    let node = federation.node(HUB);
    for shell in ["bash", "zsh", "fish"] {
        let script = said(
            program()
                .command()
                .args(["completions", shell])
                .output()
                .unwrap(),
        );
        assert!(
            script.contains("check-config") && script.contains("phaki"),
            "{shell}"
        );
    }
    let checked = json(&node, &["check-config"]);
    assert_eq!(checked["data"], node.data().to_str().unwrap());
    assert_eq!(checked["account"], "officer@TH");
    assert!(
        node.command(&["check-config"])
            .contains("the configuration is right")
    );
    let version = said(program().command().arg("--version").output().unwrap());
    assert!(version.starts_with("phaki "), "{version}");
}
