//! What somebody wrote without the right to is kept at every node without effect, until the
//! space's steward adopts it as its own act, or somebody puts it out of sight.

use phaki_tests::federation::{Federation, HUB, converged, share};
use phaki_tests::node::Node;
use phaki_tests::proxy::Proxy;
use phaki_tests::samples;
use phaki_tests::wait;
use serde_json::{Value, json};

use crate::federation;

const SPACE: &str = "plans";
const SERIES: u16 = 1;

/// The entries that `quarantine list` shows.
fn listed(node: &Node, more: &[&str]) -> Vec<Value> {
    let rows = node.command(&[&["quarantine", "list", "--json"], more].concat());
    let rows = rows.lines().map(serde_json::from_str);
    rows.collect::<Result<_, _>>().unwrap()
}

fn texts<'a>(rows: &'a [Value], field: &str) -> Vec<&'a str> {
    rows.iter()
        .map(|row| row[field].as_str().unwrap())
        .collect()
}

async fn until_decisions(node: &Node, count: u64) {
    let what = format!("{} waits for {count} decisions", node.name());
    wait::until(&what, async || {
        let space = node.local().space(SPACE).await?;
        (space.needs_decision == count).then_some(())
    })
    .await;
}

async fn until_documents(node: &Node, count: u64) {
    let what = format!("{} shows {count} documents", node.name());
    wait::until(&what, async || {
        let space = node.local().space(SPACE).await?;
        (space.documents == count).then_some(())
    })
    .await;
}

/// The steward, a province that went on writing while its right was revoked, and another one.
async fn revoked(federation: &Federation) -> (Node, (Node, Proxy), (Node, Proxy)) {
    let hub = federation.found().await;
    let (udon, udon_line) = federation.admit(&hub, "TH-41").await;
    let (loei, loei_line) = federation.admit(&hub, "TH-42").await;
    share(&hub, SPACE, &[&udon, &loei]).await;
    let plan = |number| [samples::plan(SERIES, number)];
    udon.local().put(SPACE, &plan(0)).await.unwrap();
    converged(&[&hub, &udon, &loei], SPACE, 1).await;

    udon_line.cut();
    hub.local().grant(SPACE, "TH-41", "reader").await;
    let first = samples::plan_id(SERIES, 0);
    let goal = json!("เป้าหมายใหม่");
    udon.local().edit(&first, "goal/th", &goal).await.unwrap();
    udon.local().put(SPACE, &plan(1)).await.unwrap();
    udon_line.restore();
    for node in [&hub, &udon, &loei] {
        until_decisions(node, 2).await;
    }
    (hub, (udon, udon_line), (loei, loei_line))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_reader_wrote_counts_everywhere_once_the_steward_adopts_it() {
    let federation = federation();
    let (hub, (udon, _udon_line), (loei, _loei_line)) = revoked(&federation).await;
    let (first, second) = (samples::plan_id(SERIES, 0), samples::plan_id(SERIES, 1));

    let rows = listed(&hub, &[]);
    assert_eq!(texts(&rows, "author"), ["TH-41", "TH-41"]);
    assert_eq!(texts(&rows, "document"), [&first, &second]);
    assert_eq!(texts(&rows, "reason"), ["revoked", "revoked"]);
    assert_eq!(
        (&rows[0]["position"], &rows[1]["position"]),
        (&json!(1), &json!(2))
    );
    for node in [&udon, &loei] {
        let there = listed(node, &["--space", SPACE]);
        assert_eq!(texts(&there, "id"), texts(&rows, "id"), "{}", node.name());
        assert!(node.local().export(SPACE).await.len() == 1);
    }
    let problems = loei.local().status().await.unwrap().problems;
    let [problem] = &problems[..] else {
        panic!("{problems:?}")
    };
    assert!(problem.contains("2 entries are in quarantine"), "{problem}");

    let id = rows[0]["id"].as_str().unwrap();
    let shown = hub.command(&["quarantine", "show", id, "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let fields = shown["fields"].as_array().unwrap();
    assert_eq!(texts(fields, "path"), ["goal/th"]);
    assert_eq!(fields[0]["to"], "เป้าหมายใหม่");

    let refused = loei.run(&["quarantine", "adopt", id]);
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(why.contains(&format!("only {HUB}, the steward")), "{why}");
    let adopted = hub.command(&["quarantine", "adopt", "--author", "TH-41", "--json"]);
    let adopted: Value = serde_json::from_str(&adopted).unwrap();
    assert_eq!(adopted["adopted"].as_array().unwrap().len(), 2);

    for node in [&hub, &udon, &loei] {
        until_documents(node, 2).await;
        until_decisions(node, 0).await;
        let plan = node.local().show(&first).await.unwrap();
        assert_eq!(plan["goal"]["th"], "เป้าหมายใหม่", "{}", node.name());
        assert_eq!(node.local().status().await.unwrap().problems, [""; 0]);
        assert_eq!(texts(&listed(node, &["--all"]), "state"), ["adopted"; 2]);
    }
    let history = loei.command(&["history", &first, "--json"]);
    let last: Value = serde_json::from_str(history.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["node"], &last["adopted_by"]),
        (&json!("TH-41"), &json!(HUB))
    );

    let again = hub.command(&["quarantine", "adopt", id]);
    assert!(again.contains("nothing changed"), "{again}");
    let entries = hub.local().space(SPACE).await.unwrap().entries;
    assert_eq!(
        entries, 5,
        "one of TH-41 that counts, two that do not, two of the steward"
    );
    let recorded = hub.command(&["audit", "--act", "entries-adopted", "--json"]);
    assert_eq!(recorded.lines().count(), 1, "{recorded}");
    assert!(recorded.contains("\"who\":\"officer@TH\""), "{recorded}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_discarded_is_no_problem_any_more_at_that_node_alone() {
    let federation = federation();
    let (mut hub, (udon, _udon_line), _loei) = revoked(&federation).await;
    let rows = listed(&hub, &[]);
    let ids = texts(&rows, "id");
    let discard = [&["quarantine", "discard"], &ids[..]].concat();
    hub.command(&discard);
    let again = hub.command(&discard);
    assert!(again.contains("nothing changed"), "{again}");

    until_decisions(&hub, 0).await;
    hub.stop().await;
    hub.start().await;
    assert_eq!(listed(&hub, &[]), Vec::<Value>::new());
    assert_eq!(texts(&listed(&hub, &["--all"]), "state"), ["discarded"; 2]);
    assert_eq!(hub.local().status().await.unwrap().problems, [""; 0]);
    assert_eq!(hub.local().space(SPACE).await.unwrap().documents, 1);
    assert_eq!(listed(&udon, &[]).len(), 2, "TH-41 decides for itself");
    let recorded = hub.command(&["audit", "--act", "entries-discarded", "--json"]);
    assert_eq!(recorded.lines().count(), 1, "{recorded}");
}
