//! How nodes come into a federation, are kept out of it for a while or for ever, and what a person
//! is shown and told on the way.

mod offline_key;
mod recorded;

use std::fs;
use std::process::{Output, Stdio};
use std::time::Duration;

use phaki_tests::federation::{converged, share};
use phaki_tests::node::Node;
use phaki_tests::samples;
use phaki_tests::wait;
use serde_json::Value;

use crate::federation;

/// How soon a node that was excluded has lost its session, at the node that knows.
const AT_ONCE: Duration = Duration::from_secs(1);

/// What a command that must succeed answers to programs.
fn json(node: &Node, arguments: &[&str]) -> Value {
    let text = node.command(&[arguments, &["--json"]].concat());
    serde_json::from_str(&text).unwrap()
}

/// What a command that must fail says on standard error.
fn refused(node: &Node, arguments: &[&str]) -> String {
    failure(&node.run(arguments), arguments)
}

fn failure(output: &Output, arguments: &[&str]) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{arguments:?} succeeded: {said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

/// An invite of the hub for a node with that name.
fn invite(hub: &Node, name: &str, options: &[&str]) -> String {
    let address = hub.listen().to_string();
    let invite = ["federation", "invite", "--name", name, "--address"];
    let made = json(hub, &[&invite[..], &[&address], options].concat());
    made["invite"].as_str().unwrap().to_owned()
}

/// Presents an invite whose node must wait; what the command answers to programs.
fn join_and_wait(node: &Node, invite: &str) -> Value {
    let output = node.run(&["join", invite, "--json"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["pending"], true, "{answer}");
    answer
}

fn roster_version(node: &Node) -> u64 {
    json(node, &["federation", "roster"])["version"]
        .as_u64()
        .unwrap()
}

fn status_of(hub: &Node, name: &str) -> String {
    let roster = json(hub, &["federation", "roster"]);
    let nodes = roster["nodes"].as_array().unwrap();
    let node = nodes.iter().find(|node| node["name"] == name).unwrap();
    node["status"].as_str().unwrap().to_owned()
}

async fn until_linked(hub: &Node, name: &str) {
    wait::until("the link comes up", async || {
        let links = hub.local().links().await;
        links.iter().any(|link| link.peer == name).then_some(())
    })
    .await;
}

async fn until_alone(hub: &Node) {
    wait::until_within(AT_ONCE, "the session ends at once", async || {
        hub.local().links().await.is_empty().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_needs_approval_waits_until_a_person_has_looked() {
    let federation = federation();
    let hub = federation.found().await;
    hub.local().create_space("drafts").await;
    let mut udon = federation.node("TH-41");
    let invite = invite(&hub, "TH-41", &["--approval"]);

    let waits = join_and_wait(&udon, &invite);
    assert_eq!(waits["name"], "TH-41");
    let told = udon.run(&["join", &invite]);
    let told = String::from_utf8(told.stdout).unwrap();
    let fingerprint = waits["fingerprint"].as_str().unwrap();
    for expected in [fingerprint, "approve", "same command again"] {
        assert!(told.contains(expected), "{expected} is missing: {told}");
    }
    let thief = federation.node("thief");
    assert!(refused(&thief, &["join", &invite]).contains("invite-used"));

    let status = hub.local().status().await.unwrap();
    let problem = &status.problems[..];
    assert!(
        problem[0].contains("wait for approval (TH-41)"),
        "{problem:?}"
    );

    // Both ends see the same fingerprint; what it would get is told before anybody decides.
    let pending = json(&hub, &["federation", "pending"]);
    let [node] = &pending["nodes"].as_array().unwrap()[..] else {
        panic!("one node waits: {pending}");
    };
    assert_eq!(node["name"], "TH-41");
    assert_eq!(node["role"], "province");
    assert_eq!(node["area"], "41");
    assert_eq!(node["fingerprint"], fingerprint);
    assert_eq!(node["key"], waits["node"]);
    assert!(node["software"].as_str().unwrap().starts_with("phaki "));
    let shown = json(&hub, &["federation", "pending", "TH-41"]);
    assert_eq!(shown["prospect"]["spaces_known"], 1);
    assert_eq!(shown["prospect"]["spaces"], serde_json::json!([]));
    assert_eq!(shown["prospect"]["entries"], 0);
    assert_eq!(roster_version(&hub), 1, "nobody has decided yet");

    let said = hub.command(&["federation", "approve", "TH-41"]);
    for expected in [
        fingerprint,
        "could read 0 of the 1 spaces",
        "version 2 is in force",
    ] {
        assert!(said.contains(expected), "{expected} is missing: {said}");
    }
    let pending = json(&hub, &["federation", "pending"]);
    assert_eq!(pending["nodes"], serde_json::json!([]));
    let joined = json(&udon, &["join", &invite]);
    assert_eq!(
        (&joined["name"], &joined["pending"]),
        (&"TH-41".into(), &false.into())
    );
    udon.dial("TH", &hub.listen().to_string());
    udon.start().await;
    until_linked(&hub, "TH-41").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_join_that_waits_goes_on_by_itself_once_it_is_approved() {
    let federation = federation();
    let hub = federation.found().await;
    let udon = federation.node("TH-41");
    let invite = invite(&hub, "TH-41", &["--approval"]);
    // Writes the configuration that the call below reads.
    join_and_wait(&udon, &invite);
    let mut join = udon.call(&["join", &invite, "--wait", "10m", "--json"]);
    let join = join.stdout(Stdio::piped()).stderr(Stdio::piped());
    let join = join.spawn().unwrap();
    hub.command(&["federation", "approve", "TH-41"]);
    let ended = tokio::task::spawn_blocking(move || join.wait_with_output().unwrap());
    let output = wait::at_most("the join that waits ends", ended)
        .await
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let joined: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(joined["name"], "TH-41");

    // Nobody decides about this one; it gives up in time.
    let songkhla = federation.node("TH-90");
    let invite = self::invite(&hub, "TH-90", &["--approval"]);
    let output = songkhla.run(&["join", &invite, "--wait", "1s", "--json"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["pending"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rejected_node_is_told_so_and_its_invite_is_spent() {
    let federation = federation();
    let hub = federation.found().await;
    let udon = federation.node("TH-41");
    let invite = invite(&hub, "TH-41", &["--approval"]);
    join_and_wait(&udon, &invite);
    let reason = "ลายนิ้วมือไม่ตรงกัน";
    hub.command(&["federation", "reject", "TH-41", "--reason", reason]);
    let told = refused(&udon, &["join", &invite]);
    assert!(told.contains("(rejected)"), "{told}");
    assert!(
        !told.contains(reason),
        "the reason stays where it was written"
    );
    let other = federation.node("other");
    assert!(refused(&other, &["join", &invite]).contains("invite-used"));
    let again = refused(&hub, &["federation", "approve", "TH-41"]);
    assert!(again.contains("waits for approval"), "{again}");
    let invites = json(&hub, &["federation", "invites", "--all"]);
    assert_eq!(invites["invites"][0]["state"], "rejected");
    assert_eq!(invites["invites"][0]["reason"], reason);
    assert_eq!(roster_version(&hub), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invites_that_are_no_good_any_more_are_refused_with_the_reason() {
    let federation = federation();
    let hub = federation.found().await;
    let (udon, other) = (federation.node("TH-41"), federation.node("other"));

    let withdrawn = invite(&hub, "TH-41", &[]);
    let open = json(&hub, &["federation", "invites"]);
    assert_eq!(open["invites"].as_array().unwrap().len(), 1);
    hub.command(&["federation", "withdraw", "TH-41"]);
    let open = json(&hub, &["federation", "invites"]);
    assert_eq!(open["invites"], serde_json::json!([]));
    let told = refused(&udon, &["join", &withdrawn]);
    assert!(told.contains("(invite-withdrawn)"), "{told}");
    let twice = refused(&hub, &["federation", "withdraw", "TH-41"]);
    assert!(twice.contains("no open invite"), "{twice}");

    let expired = invite(&hub, "TH-41", &["--valid", "1s"]);
    wait::until("the invite expires", async || {
        let invites = json(&hub, &["federation", "invites", "--all"]);
        (invites["invites"][0]["state"] == "expired").then_some(())
    })
    .await;
    let told = refused(&udon, &["join", &expired]);
    assert!(told.contains("(invite-expired)"), "{told}");

    let good = invite(&hub, "TH-41", &[]);
    assert_eq!(json(&udon, &["join", &good])["name"], "TH-41");
    let told = refused(&other, &["join", &good]);
    assert!(told.contains("(invite-used)"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_and_areas_that_cannot_be_are_refused_with_what_to_write_instead() {
    let federation = federation();
    let hub = federation.found().await;
    let invite = ["federation", "invite", "--address", "127.0.0.1:9"];
    for (arguments, instead) in [
        (&["--name", "TH-99"][..], "no province has the code 99"),
        (&["--name", "TH-4101"], "the two digits of its province"),
        (&["--name", "TH-11", "--role", "region"], "from R1 to R13"),
        (&["--name", "TH-41", "--role", "national"], "write TH"),
        (
            &["--name", "TH 41", "--area", "41"],
            "use letters, digits and hyphens",
        ),
        (&["--name", "TH", "--area", "41"], "choose another"),
    ] {
        let said = refused(&hub, &[&invite[..], arguments].concat());
        assert!(said.contains(instead), "{arguments:?}: {said}");
    }
    let node = federation.node("founder");
    let create = ["federation", "create", "--name", "TH-90", "--area", "90"];
    assert!(refused(&node, &create).contains("write TH"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suspending_a_node_ends_its_session_and_reinstating_brings_it_back() {
    let federation = federation();
    let hub = federation.found().await;
    let (udon, _line) = federation.admit(&hub, "TH-41").await;
    share(&hub, "plans", &[&udon]).await;
    udon.local()
        .put("plans", &[samples::plan(1, 1)])
        .await
        .unwrap();
    converged(&[&hub, &udon], "plans", 1).await;

    let suspend = [
        "federation",
        "suspend",
        "TH-41",
        "--reason",
        "laptop missing",
    ];
    let suspended = json(&hub, &suspend);
    until_alone(&hub).await;
    assert_eq!(
        (&suspended["version"], &suspended["in_force"]),
        (&3.into(), &true.into())
    );
    assert_eq!(suspended["differences"][0]["what"], "suspended");
    assert_eq!(status_of(&hub, "TH-41"), "suspended");
    assert!(refused(&hub, &suspend).contains("suspended already"));
    let oneself = refused(&hub, &["federation", "suspend", "TH"]);
    assert!(oneself.contains("on which this command runs"), "{oneself}");

    // What it wrote stays; what is written now waits at both.
    hub.local()
        .put("plans", &[samples::plan(1, 2)])
        .await
        .unwrap();
    udon.local()
        .put("plans", &[samples::plan(1, 3)])
        .await
        .unwrap();
    wait::until("the suspended node has knocked in vain", async || {
        udon.log()
            .says(&["does not accept this node's key"])
            .then_some(())
    })
    .await;
    assert!(hub.local().links().await.is_empty());
    assert_eq!(hub.local().space("plans").await.unwrap().entries, 2);

    let back = json(&hub, &["federation", "reinstate", "TH-41"]);
    assert_eq!(back["differences"][0]["what"], "reinstated");
    until_linked(&hub, "TH-41").await;
    converged(&[&hub, &udon], "plans", 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_key_stays_out_and_its_name_is_free() {
    let federation = federation();
    let hub = federation.found().await;
    let (mut udon, _line) = federation.admit(&hub, "TH-41").await;
    until_linked(&hub, "TH-41").await;
    let remove = ["federation", "remove", "TH-41"];
    let unsure = hub.run(&remove);
    assert_eq!(unsure.status.code(), Some(2), "{unsure:?}");
    assert!(failure(&unsure, &remove).contains("--yes"));
    assert_eq!(status_of(&hub, "TH-41"), "active");
    hub.command(&[&remove[..], &["--yes"]].concat());
    until_alone(&hub).await;
    assert_eq!(status_of(&hub, "TH-41"), "removed");
    for change in ["reinstate", "suspend"] {
        let said = refused(&hub, &["federation", change, "TH-41"]);
        assert!(said.contains("never comes back"), "{change}: {said}");
    }

    // The same key with a new invite, from a folder without a store.
    udon.stop().await;
    let again = federation.node("again");
    again.command(&["init"]);
    let key = |node: &Node| node.data().join("node.key");
    fs::copy(key(&udon), key(&again)).unwrap();
    let invite = invite(&hub, "TH-41", &[]);
    let said = refused(&again, &["join", &invite]);
    assert!(said.contains("(not-active)"), "{said}");
    let successor = federation.node("successor");
    assert_eq!(json(&successor, &["join", &invite])["name"], "TH-41");
}
