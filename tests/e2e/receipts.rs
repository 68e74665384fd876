//! Where an edit is durable is known by signed receipts, also of nodes that one never meets.

use phaki_tests::federation::{converged, share};
use phaki_tests::node::Node;
use phaki_tests::samples;
use phaki_tests::wait;
use serde_json::Value;

use crate::federation;

const SPACE: &str = "plans";
const SERIES: u16 = 1;

fn receipts(node: &Node, id: &str) -> Value {
    let answer = node.command(&["receipts", id, "--json"]);
    serde_json::from_str(&answer).unwrap()
}

/// What is told of another node.
fn state(answer: &Value, node: &str) -> String {
    let nodes = answer["nodes"].as_array().unwrap();
    let row = nodes.iter().find(|row| row["node"] == node).unwrap();
    row["state"].as_str().unwrap().to_owned()
}

async fn until_durable(node: &Node, id: &str, count: u64) -> Value {
    let what = format!("{} knows {id} to be durable at {count}", node.name());
    wait::until(&what, async || {
        let answer = receipts(node, id);
        (answer["durable"] == count).then_some(answer)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receipts_travel_through_a_relay_and_tell_the_truth_after_a_crash() {
    let federation = federation();
    let hub = federation.found().await;
    let (udon, _udon_line) = federation.admit(&hub, "TH-41").await;
    let (mut loei, loei_line) = federation.admit(&hub, "TH-42").await;
    share(&hub, SPACE, &[&udon, &loei]).await;
    let id = samples::plan_id(SERIES, 0);
    udon.local()
        .put(SPACE, &[samples::plan(SERIES, 0)])
        .await
        .unwrap();
    converged(&[&hub, &udon, &loei], SPACE, 1).await;
    // Udon Thani and Loei never meet.
    let known = until_durable(&udon, &id, 3).await;
    assert_eq!(known["readers"], 3);
    assert_eq!(
        (&known["national_reader"], &known["national_durable"]),
        (&true.into(), &true.into())
    );

    loei_line.cut();
    let title = Value::from("ชื่อใหม่");
    udon.local().edit(&id, "title/th", &title).await.unwrap();
    let known = until_durable(&udon, &id, 2).await;
    assert_eq!(
        (
            state(&known, "TH").as_str(),
            state(&known, "TH-42").as_str()
        ),
        ("durable", "older")
    );
    // Nothing that it signed before the crash is taken back by it, and nothing is added.
    loei.kill();
    loei.start().await;
    assert_eq!(state(&receipts(&udon, &id), "TH-42"), "older");
    loei_line.restore();
    until_durable(&udon, &id, 3).await;
    let told = udon.command(&["receipts", &id]);
    let sentence = "the newest changes are on disk at 3 of 3 nodes, the national node included";
    assert!(told.contains(sentence), "{told}");
    let shown = udon.command(&["show", &id]);
    assert!(shown.contains(sentence), "{shown}");

    wait::until("the status tells that all hold everything", async || {
        let space = udon.local().space(SPACE).await?;
        let coverage = space.coverage?;
        ((coverage.readers, coverage.complete, coverage.silent) == (2, 2, 0)).then_some(())
    })
    .await;
    let status = udon.command(&["status"]);
    assert!(status.contains("everything at 2 of 2 nodes"), "{status}");
}
