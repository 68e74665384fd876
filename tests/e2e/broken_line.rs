//! A transfer that breaks off goes on where it stopped: what arrived durably is not sent again.

use phaki_tests::federation::{HUB, converged, share};
use phaki_tests::local::Local;
use phaki_tests::node::Node;
use phaki_tests::proxy::{Proxy, Side, Then};
use phaki_tests::samples;
use phaki_tests::wait;
use serde_json::Value;

use crate::federation;

const SPACE: &str = "plans";
const SERIES: u16 = 1;
const BATCHES: u64 = 30;
const BATCH: u64 = 40;
/// Entries to be carried over: a document each.
const ENTRIES: u64 = BATCHES * BATCH;

/// How often the line breaks.
const BREAKS: usize = 3;
/// What passes before it does: some runs (at most 256 KiB of payload each) and a part of one.
const BYTES_BEFORE_BREAK: u64 = 400_000;

/// Documents that hardly compress, so that bytes on the line tell how many passed.
fn documents(batch: u64) -> Vec<Value> {
    let numbers = batch * BATCH..(batch + 1) * BATCH;
    numbers
        .map(|number| samples::bulky_plan(SERIES, number, 2_000))
        .collect()
}

async fn fill(hub: &Node) {
    for batch in 0..BATCHES {
        hub.local().put(SPACE, &documents(batch)).await.unwrap();
    }
}

/// Entries that came on the present link with the hub.
async fn received(local: &mut Local) -> Option<u64> {
    let links = local.links().await;
    links
        .iter()
        .find(|link| link.peer == HUB)
        .map(|link| link.entries_received)
}

/// Entries that the node holds durably.
async fn held(node: &Node) -> Option<u64> {
    node.local().space(SPACE).await.map(|space| space.entries)
}

/// Lets the line carry a part and break; how many entries the province holds afterwards.
async fn carry_a_part(province: &Node, line: &Proxy, before: u64) -> u64 {
    line.after(Side::Dialler, BYTES_BEFORE_BREAK, Then::Hold);
    line.restore();
    line.spoilt().await;
    wait::until("a part is durable", async || {
        held(province).await.filter(|now| *now > before)
    })
    .await;
    line.cut();
    wait::until("the link is gone", async || {
        province.local().links().await.is_empty().then_some(())
    })
    .await;
    held(province).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_that_breaks_off_goes_on_where_it_stopped() {
    let federation = federation();
    let hub = federation.found().await;
    let (mut province, line) = federation.admit(&hub, "TH-41").await;
    share(&hub, SPACE, &[&province]).await;
    line.cut();
    fill(&hub).await;

    let mut safe = 0;
    for _ in 0..BREAKS {
        safe = carry_a_part(&province, &line, safe).await;
        assert!(
            safe < ENTRIES,
            "the line broke too late: {safe} entries arrived"
        );
    }
    // A node that starts again has no write under way: what it holds now is exactly what it will
    // not ask for.
    assert!(province.stop().await.0.success());
    province.start().await;
    let safe = held(&province).await.unwrap();
    line.restore();
    converged(&[&hub, &province], SPACE, ENTRIES).await;

    let last = received(&mut province.local()).await.unwrap();
    assert_eq!(safe + last, ENTRIES, "entries that were held came again");
    let links = hub.local().links().await;
    assert_eq!(links.len(), 1, "{links:?}");
    assert_eq!(
        links[0].entries_sent, last,
        "the hub sent what was not asked"
    );
}
