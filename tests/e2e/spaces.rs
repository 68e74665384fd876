//! Rights in spaces: what a grant reaches, what a revocation ends, what a preview says before, and
//! how a space comes to another steward.

use std::time::Duration;

use phaki_tests::federation::{HUB, share};
use phaki_tests::node::Node;
use phaki_tests::samples;
use phaki_tests::wait;
use serde_json::{Value, json};

use crate::federation;

const PLANS: &str = "plans";

/// What a command answers to a program.
fn answer(node: &Node, arguments: &[&str]) -> Value {
    let text = node.command(&[arguments, &["--json"]].concat());
    serde_json::from_str(&text).unwrap()
}

/// What a command complains that must fail.
fn complaint(node: &Node, arguments: &[&str]) -> String {
    let output = node.run(arguments);
    assert!(!output.status.success(), "{arguments:?} succeeded");
    String::from_utf8(output.stderr).unwrap()
}

/// Waits until the node holds so many entries of the space, of them some in quarantine.
async fn holds(node: &Node, space: &str, entries: u64, quarantined: u64) {
    let what = format!(
        "{} holds {entries} of {space}, {quarantined} aside",
        node.name()
    );
    wait::until(&what, async || {
        let space = node.local().space(space).await?;
        ((space.entries, space.quarantined) == (entries, quarantined)).then_some(())
    })
    .await;
}

/// Names of the nodes that may read the space today.
fn readers(node: &Node, space: &str) -> Vec<String> {
    let shown = answer(node, &["space", "show", space]);
    let nodes = shown["nodes"].as_array().unwrap().iter();
    let names = nodes.map(|node| node["node"].as_str().unwrap().to_owned());
    names.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_ends_the_stream_within_a_second_and_later_edits_count_nowhere() {
    let federation = federation();
    let hub = federation.found().await;
    let (udon, udon_line) = federation.admit(&hub, "TH-41").await;
    let (loei, _loei_line) = federation.admit(&hub, "TH-42").await;
    share(&hub, PLANS, &[&udon, &loei]).await;
    hub.local()
        .put(PLANS, &[samples::plan(1, 1)])
        .await
        .unwrap();
    udon.local()
        .put(PLANS, &[samples::plan(1, 2)])
        .await
        .unwrap();
    for node in [&hub, &udon, &loei] {
        holds(node, PLANS, 2, 0).await;
    }

    hub.command(&[
        "space",
        "revoke",
        PLANS,
        "TH-42",
        "--reason",
        "the project has ended",
    ]);
    let second = Duration::from_secs(1);
    wait::until_within(
        second,
        "TH-42 knows that it may write no longer",
        async || {
            let space = loei.local().space(PLANS).await?;
            (!space.may_write).then_some(())
        },
    )
    .await;
    let refused = loei.local().put(PLANS, &[samples::plan(1, 3)]).await;
    assert!(refused.is_err());
    hub.local()
        .put(PLANS, &[samples::plan(1, 4)])
        .await
        .unwrap();
    holds(&udon, PLANS, 3, 0).await;
    holds(&loei, PLANS, 2, 0).await;

    // Udon Thani does not hear that it may write no longer, and goes on.
    udon_line.cut();
    wait::until("TH-41 has no link", async || {
        udon.local().links().await.is_empty().then_some(())
    })
    .await;
    hub.command(&["space", "grant", PLANS, "TH-41", "--role", "reader"]);
    udon.local()
        .put(PLANS, &[samples::plan(1, 5)])
        .await
        .unwrap();
    udon_line.restore();
    for node in [&hub, &udon] {
        holds(node, PLANS, 4, 1).await;
        let held = node.local().space(PLANS).await.unwrap();
        assert_eq!(held.documents, 3, "the late plan counts at {}", node.name());
    }
    let shown = answer(&hub, &["space", "show", PLANS]);
    let feeds = shown["feed_states"].as_array().unwrap();
    let of_udon = feeds.iter().find(|feed| feed["node"] == "TH-41").unwrap();
    assert_eq!(
        (&of_udon["counting"], &of_udon["cap"]),
        (&json!(1), &json!(1))
    );
    hub.command(&["space", "revoke", PLANS, "TH-41"]);
    assert_eq!(readers(&hub, PLANS), [HUB]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_to_a_group_reaches_nodes_that_join_later_as_the_preview_said() {
    let federation = federation();
    let hub = federation.found().await;
    let (udon, _udon_line) = federation.admit(&hub, "TH-41").await;
    share(&hub, PLANS, &[]).await;
    let plans = [samples::plan(1, 1), samples::plan(1, 2)];
    hub.local().put(PLANS, &plans).await.unwrap();

    let to = [
        "space", "preview", "grant", PLANS, "area:R8", "--role", "reader",
    ];
    let preview = answer(&hub, &to);
    let changes = preview["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{preview}");
    assert_eq!(
        (&changes[0]["node"], &changes[0]["reads"]),
        (&json!("TH-41"), &json!(true))
    );
    assert_eq!(
        (&preview["documents"], &preview["entries"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(readers(&hub, PLANS), [HUB], "a preview changes nothing");

    hub.command(&["space", "grant", PLANS, "area:R8", "--role", "reader"]);
    holds(&udon, PLANS, 2, 0).await;
    let (loei, _loei_line) = federation.admit(&hub, "TH-42").await;
    holds(&loei, PLANS, 2, 0).await;
    // Phuket lies in another health region.
    let (phuket, _phuket_line) = federation.admit(&hub, "TH-83").await;
    assert_eq!(readers(&hub, PLANS), [HUB, "TH-41", "TH-42"]);
    let held = answer(&hub, &["space", "show", "--as", "TH-42"]);
    assert_eq!(held["prospect"]["documents"], 2, "{held}");
    let held = answer(&hub, &["space", "show", PLANS, "--as", "TH-83"]);
    assert_eq!(held["prospect"]["documents"], 0, "{held}");
    assert!(phuket.local().space(PLANS).await.is_none());

    let from = ["space", "preview", "revoke", PLANS, "area:R8"];
    let said = hub.command(&from);
    assert!(
        said.contains("2 node(s) would receive plans no longer"),
        "{said}"
    );
    hub.command(&["space", "revoke", PLANS, "area:R8"]);
    assert_eq!(readers(&hub, PLANS), [HUB]);
    hub.local()
        .put(PLANS, &[samples::plan(1, 3)])
        .await
        .unwrap();
    let said = complaint(
        &hub,
        &["space", "grant", PLANS, "area:R99", "--role", "reader"],
    );
    assert!(said.contains("R1 to R13"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_space_goes_to_the_steward_who_accepts_it_and_grants_it_from_then_on() {
    let federation = federation();
    let hub = federation.found().await;
    let (udon, _udon_line) = federation.admit(&hub, "TH-41").await;
    let (loei, _loei_line) = federation.admit(&hub, "TH-42").await;
    share(&hub, PLANS, &[&udon]).await;
    let said = complaint(&hub, &["space", "transfer", PLANS, "--to", "TH-42"]);
    assert!(said.contains("--role reader"), "{said}");
    let said = complaint(&udon, &["space", "transfer", PLANS, "--accept"]);
    assert!(said.contains("offered to nobody"), "{said}");

    hub.command(&["space", "transfer", PLANS, "--to", "TH-41"]);
    hub.command(&["space", "transfer", PLANS, "--withdraw"]);
    hub.command(&["space", "transfer", PLANS, "--to", "TH-41"]);
    wait::until("TH-41 hears of the offer", async || {
        let space = udon.local().space(PLANS).await?;
        (space.manifest_version == 5 && space.offered_to == "TH-41").then_some(())
    })
    .await;
    udon.command(&["space", "transfer", PLANS, "--accept"]);
    wait::until("the hub hears of its successor", async || {
        let space = hub.local().space(PLANS).await?;
        (space.steward == "TH-41" && space.may_write).then_some(())
    })
    .await;
    let said = complaint(
        &hub,
        &["space", "grant", PLANS, "TH-42", "--role", "reader"],
    );
    assert!(said.contains("only TH-41"), "{said}");
    hub.local()
        .put(PLANS, &[samples::plan(1, 1)])
        .await
        .unwrap();
    udon.command(&["space", "grant", PLANS, "TH-42", "--role", "reader"]);
    holds(&loei, PLANS, 1, 0).await;
    let log = udon.command(&["audit", "--act", "space-transferred"]);
    assert!(log.contains(PLANS), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_has_its_usual_spaces_from_the_start_and_its_drafts_stay_with_it() {
    let federation = federation();
    let mut hub = federation.node(HUB);
    hub.with_default_spaces();
    let hub = federation.found_with(hub).await;
    let mut udon = federation.node("TH-41");
    udon.with_default_spaces();
    let (mut udon, _line) = federation.admit_with(&hub, udon).await;
    let names = async |node: &Node| {
        let status = node.local().status().await.unwrap();
        let spaces = status.spaces.into_iter().map(|space| space.name);
        spaces.collect::<Vec<_>>()
    };
    let of_udon = [
        "TH-41/directory",
        "TH-41/draft",
        "TH-41/shared",
        "TH/directory",
        "TH/reference",
    ];
    let of_hub = [
        "TH-41/directory",
        "TH-41/shared",
        "TH/directory",
        "TH/draft",
        "TH/reference",
        "TH/shared",
    ];
    wait::until("both know what the other shares", async || {
        (names(&udon).await == of_udon && names(&hub).await == of_hub).then_some(())
    })
    .await;
    let grant = ["space", "grant", "TH-41/draft", HUB, "--role", "reader"];
    let said = complaint(&udon, &grant);
    assert!(said.contains("never leaves this node"), "{said}");
    let plan = samples::plan(1, 1);
    udon.local().put("TH-41/shared", &[plan]).await.unwrap();
    holds(&hub, "TH-41/shared", 1, 0).await;

    udon.stop().await;
    udon.start().await;
    assert_eq!(names(&udon).await, of_udon, "nothing is founded twice");
}
