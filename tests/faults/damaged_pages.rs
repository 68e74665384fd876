//! Pages of the store that became garbage: the node says so and what to do, shows and sends what it
//! can read, and after `phaki repair` has everything again. That this holds of every page of every
//! table and index is shown in `crates/store/tests/store/repairing.rs`.

use std::fs;
use std::process::Command;

use phaki_tests::federation::{Federation, HUB, converged, share};
use phaki_tests::node::Node;
use phaki_tests::proxy::Proxy;
use phaki_tests::samples;
use phaki_tests::wait;
use rusqlite::Connection;
use serde_json::json;

use crate::federation;

const SPACE: &str = "plans";
const PLANS: u64 = 60;

/// A hub and a province that hold the same plans.
async fn shared() -> (Federation, Node, Node, Proxy) {
    let federation = federation();
    let hub = federation.found().await;
    let (province, line) = federation.admit(&hub, "TH-41").await;
    share(&hub, SPACE, &[&province]).await;
    for (node, series) in [(&hub, 1), (&province, 2)] {
        let plans: Vec<_> = (0..PLANS)
            .map(|number| samples::plan(series, number))
            .collect();
        node.local().put(SPACE, &plans).await.unwrap();
    }
    converged(&[&hub, &province], SPACE, 2 * PLANS).await;
    (federation, hub, province, line)
}

/// Fills a leaf page of a table of a stopped node with garbage: the first, or the last.
fn spoil(node: &Node, table: &str, last: bool) {
    let path = node.data().join("phaki.db");
    let database = Connection::open(&path).unwrap();
    let select = "SELECT min(pageno), max(pageno), max(pgsize) FROM dbstat
                  WHERE name = ?1 AND pagetype = 'leaf'";
    let (first, end, size): (usize, usize, usize) = database
        .query_row(select, [table], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .unwrap();
    drop(database);
    let page = if last { end } else { first };
    let mut bytes = fs::read(&path).unwrap();
    bytes[(page - 1) * size..page * size].fill(0xa5);
    fs::write(&path, bytes).unwrap();
}

/// Whether the node runs, or else has ended and said what to do.
async fn runs_or_says_why(node: &mut Node, table: &str) -> bool {
    let mut serve: Command = node.call(&["serve"]);
    serve
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped());
    let socket = node.data().join("phaki.sock");
    let mut process = serve.spawn().unwrap();
    let ended = wait::until("it serves or has ended", async || {
        if let Some(status) = process.try_wait().unwrap() {
            return Some(Some(status));
        }
        phaki_tests::local::Local::connect(&socket)
            .await
            .ok()
            .map(|_| None)
    })
    .await;
    if ended.is_none() {
        process.kill().unwrap();
        process.wait().unwrap();
        return true;
    }
    let output = process.wait_with_output().unwrap();
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(why.contains("phaki repair"), "{table}: {why}");
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_with_a_damaged_table_says_what_to_do_and_has_everything_again_after_repair() {
    let (_federation, hub, mut province, line) = shared().await;
    province.expect_errors();
    let mut entries = 2 * PLANS;
    for table in [
        "entry",
        "checkpoint",
        "document",
        "change",
        "summary",
        "searchable",
        "gram_data",
        "feed",
        "audit",
    ] {
        assert!(province.stop().await.0.success());
        spoil(&province, table, false);
        let verified = province.run(&["verify"]);
        let named = String::from_utf8_lossy(&verified.stdout);
        assert!(
            !verified.status.success() && named.contains(table),
            "{table}: {named}"
        );
        runs_or_says_why(&mut province, table).await;
        province.command(&["repair"]);
        province.start().await;
        converged(&[&hub, &province], SPACE, entries).await;
        let plan = [samples::plan(3, entries)];
        wait::until("the node accepts edits", async || {
            province.local().put(SPACE, &plan).await.ok()
        })
        .await;
        entries += 1;
        converged(&[&hub, &province], SPACE, entries).await;
    }
    assert!(province.stop().await.0.success());
    assert!(province.command(&["verify"]).contains("as it was written"));
    drop(line);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_had_reached_nobody_is_kept_when_other_pages_are_damaged() {
    let (_federation, hub, mut province, line) = shared().await;
    province.expect_errors();
    line.cut();
    let plans = [samples::plan(4, 0), samples::plan(4, 1)];
    province.local().put(SPACE, &plans).await.unwrap();
    assert!(province.stop().await.0.success());
    // The hub's entries came first and lie on the first page.
    spoil(&province, "entry", false);
    spoil(&province, "document", false);
    province.command(&["repair"]);
    line.restore();
    province.start().await;
    converged(&[&hub, &province], SPACE, 2 * PLANS + 2).await;
    let held = hub.local().export(SPACE).await;
    assert!(held.contains_key(&samples::plan_id(4, 1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_node_that_runs_shows_and_sends_what_it_can_read_and_writes_nothing() {
    let (_federation, mut hub, province, line) = shared().await;
    hub.expect_errors();
    assert!(hub.stop().await.0.success());
    // Where changes of documents are looked up by hash, which every write must do.
    spoil(&hub, "change", true);
    spoil(&hub, "change", false);
    hub.start().await;
    line.set_target(hub.listen());
    let plans: Vec<_> = (0..20).map(|number| samples::plan(5, number)).collect();
    let mut refusal = None;
    for plan in 0..PLANS {
        let id = samples::plan_id(1, plan);
        let value = json!("after the damage");
        if let Err(refused) = hub.local().edit(&id, "goal/th", &value).await {
            refusal = Some(refused);
        }
    }
    let refusal = refusal.unwrap();
    let reason = refusal.metadata().get("phaki-reason").unwrap();
    assert!(
        ["storage", "damaged"].contains(&reason.to_str().unwrap()),
        "{refusal}"
    );
    assert!(refusal.message().contains("phaki repair"), "{refusal}");
    let status = hub.local().status().await.unwrap();
    let told = status
        .problems
        .iter()
        .any(|one| one.contains("phaki repair"));
    assert!(told, "{status:?}");
    // The others are not affected, and the directory of the hub is still shown.
    province.local().put(SPACE, &plans).await.unwrap();
    assert!(
        !hub.command(&["list", "--space", SPACE, "--json"])
            .is_empty()
    );

    assert!(hub.stop().await.0.success());
    hub.command(&["repair"]);
    hub.start().await;
    line.set_target(hub.listen());
    line.drop_connections();
    wait::until("both hold the same", async || {
        let mut digests = Vec::new();
        for node in [&hub, &province] {
            let space = node.local().space(SPACE).await?;
            digests.push((space.frontier_digest, space.heads_digest, space.documents));
        }
        let documents = digests[0].2;
        (digests[0] == digests[1] && documents == 2 * PLANS + 20).then_some(())
    })
    .await;
    assert_ne!(hub.name(), "", "{HUB}");
}
