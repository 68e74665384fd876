//! Lines with terms: a cap on their speed, quiet hours, and what `status` says of both.

use phaki_tests::federation::{Federation, share};
use phaki_tests::local::Local;
use phaki_tests::node::Node;
use phaki_tests::proxy::Proxy;
use phaki_tests::samples;
use phaki_tests::wait;
use phaki_wire::proto::local::v1::Link;
use serde_json::Value;

use crate::federation;

const BULK: &str = "plans";
const SMALL: &str = "notes";
const PROVINCE: &str = "TH-41";

/// Documents that hardly compress: at 128 kbit/s they take about ten seconds.
const DOCUMENTS: u64 = 400;
const DOCUMENT_BYTES: usize = 400;

/// A document of the space beside.
const NOTE: u16 = 2;

/// A hub that keeps to these terms with its province, both linked; they share a small space.
async fn pair(federation: &Federation, terms: &str) -> (Node, Node, Proxy) {
    let mut hub = federation.node(phaki_tests::federation::HUB);
    hub.terms(PROVINCE, terms);
    let hub = federation.found_with(hub).await;
    let (province, line) = federation.admit(&hub, PROVINCE).await;
    share(&hub, SMALL, &[&province]).await;
    hub.local()
        .put(SMALL, &[samples::plan(NOTE, 0)])
        .await
        .unwrap();
    until_shown(&mut province.local(), &samples::plan_id(NOTE, 0)).await;
    // Who may have come by the name only now: the next link keeps to the terms.
    line.drop_connections();
    wait::until("linked again", async || link(&hub).await).await;
    (hub, province, line)
}

/// Fills a space at the hub and lets the province read it.
async fn begin_bulk(hub: &Node) {
    hub.local().create_space(BULK).await;
    let document = |number| samples::bulky_plan(1, number, DOCUMENT_BYTES);
    let documents: Vec<Value> = (0..DOCUMENTS).map(document).collect();
    hub.local().put(BULK, &documents).await.unwrap();
    hub.local().grant(BULK, PROVINCE, "reader").await;
}

async fn until_shown(local: &mut Local, id: &str) -> Value {
    wait::until("the document is there", async || local.show(id).await.ok()).await
}

/// The link of the hub with its province.
async fn link(hub: &Node) -> Option<Link> {
    let links = hub.local().links().await;
    links.into_iter().find(|link| link.peer == PROVINCE)
}

/// The link once the hub says that it is held back.
async fn held_back(hub: &Node) -> Link {
    wait::until("held back", async || {
        link(hub).await.filter(|link| !link.held_back.is_empty())
    })
    .await
}

/// Entries of the bulk that the province holds.
async fn arrived(province: &Node) -> u64 {
    let space = province.local().space(BULK).await;
    space.map_or(0, |space| space.entries)
}

/// An edit in the space beside, made at the hub: it is shown at the province afterwards.
async fn edit_arrives(hub: &Node, province: &Node) {
    let (id, (path, value)) = (samples::plan_id(NOTE, 0), samples::edit(0, 1));
    let before = until_shown(&mut province.local(), &id).await;
    hub.local().edit(&id, &path, &value).await.unwrap();
    wait::until("the edit is there", async || {
        let now = province.local().show(&id).await.ok()?;
        (now != before).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_capped_line_is_told_with_what_is_left_and_an_edit_overtakes_the_bulk() {
    let federation = federation();
    let (hub, province, _line) = pair(&federation, "upload_limit = \"128 kbit/s\"").await;
    begin_bulk(&hub).await;

    let told = held_back(&hub).await;
    assert_eq!(told.held_back, "capped");
    assert_eq!((told.upload_limit, told.download_limit), (128_000, 0));
    assert!(told.bytes_to_go > 0, "{told:?}");
    assert_eq!(told.spaces[0].space, BULK);
    let timed = wait::until("the time that is left", async || link(&hub).await?.to_go_ms);
    assert!(timed.await > 0);

    edit_arrives(&hub, &province).await;
    assert!(
        arrived(&province).await < DOCUMENTS,
        "the bulk is not there yet"
    );
    wait::until("the bulk is there", async || {
        (arrived(&province).await == DOCUMENTS).then_some(())
    })
    .await;
    let told = wait::until("in sync", async || {
        link(&hub).await.filter(|link| link.in_sync)
    })
    .await;
    assert_eq!((told.held_back.as_str(), told.entries_to_go), ("", 0));
}

#[tokio::test]
async fn in_quiet_hours_bulk_waits_and_edits_travel() {
    let federation = federation();
    let always = "quiet_hours = [\"00:00-24:00\"]";
    let (mut hub, province, line) = pair(&federation, always).await;
    begin_bulk(&hub).await;

    let told = held_back(&hub).await;
    assert_eq!(told.held_back, "quiet-hours");
    assert!(told.quiet_until_ms > 0);
    edit_arrives(&hub, &province).await;
    assert_eq!(arrived(&province).await, 0);
    let shown = hub.command(&["status"]);
    assert!(shown.contains("bulk waits, edits still travel"), "{shown}");

    // The same hub without quiet hours.
    hub.terms(PROVINCE, "");
    assert!(hub.stop().await.0.success());
    hub.start().await;
    line.set_target(hub.listen());
    wait::until("the bulk is there", async || {
        (arrived(&province).await == DOCUMENTS).then_some(())
    })
    .await;
}
