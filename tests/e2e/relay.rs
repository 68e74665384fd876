//! Provinces that never meet share plans through a third node, which learns nothing of the rest.

use phaki_tests::federation::{HUB, converged, share};
use phaki_tests::node::Node;
use phaki_tests::proxy::Proxy;
use phaki_tests::samples;
use phaki_tests::wait;
use serde_json::json;

use crate::federation;

const SHARED: &str = "cooperation";
const PRIVATE: &str = "province-41";
const SERIES: u16 = 1;

async fn until_linked(node: &Node, linked: bool) {
    let what = format!("{} has a link: {linked}", node.name());
    wait::until(&what, async || {
        (node.local().links().await.is_empty() != linked).then_some(())
    })
    .await;
}

/// One line at a time: the one comes up when the other is down.
async fn take_turns(up: (&Node, &Proxy), down: (&Node, &Proxy)) {
    down.1.cut();
    until_linked(down.0, false).await;
    up.1.restore();
    until_linked(up.0, true).await;
}

async fn only_knows_the_hub(node: &Node) {
    let peers: Vec<_> = node
        .local()
        .links()
        .await
        .into_iter()
        .map(|link| link.peer)
        .collect();
    assert!(
        peers.iter().all(|peer| peer == HUB),
        "{} met {peers:?}",
        node.name()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_provinces_that_never_meet_agree_through_a_third_node() {
    let federation = federation();
    let hub = federation.found().await;
    let (udon, udon_line) = federation.admit(&hub, "TH-41").await;
    let (loei, loei_line) = federation.admit(&hub, "TH-42").await;
    share(&hub, SHARED, &[&udon, &loei]).await;
    // What Udon Thani does not share is there all the time, and must not be seen elsewhere.
    udon.local().create_space(PRIVATE).await;
    udon.local()
        .put(PRIVATE, &[samples::plan(9, 1)])
        .await
        .unwrap();

    take_turns((&udon, &udon_line), (&loei, &loei_line)).await;
    let plans: Vec<_> = (0..20)
        .map(|number| samples::plan(SERIES, number))
        .collect();
    udon.local().put(SHARED, &plans).await.unwrap();
    converged(&[&hub, &udon], SHARED, 20).await;

    take_turns((&loei, &loei_line), (&udon, &udon_line)).await;
    converged(&[&hub, &loei], SHARED, 20).await;
    for number in 0..20 {
        let id = samples::plan_id(SERIES, number);
        loei.local()
            .edit(&id, "goal/th", &json!(format!("จากจังหวัดเลย {number}")))
            .await
            .unwrap();
    }
    converged(&[&hub, &loei], SHARED, 40).await;

    take_turns((&udon, &udon_line), (&loei, &loei_line)).await;
    converged(&[&hub, &udon, &loei], SHARED, 40).await;
    let plan = udon
        .local()
        .show(&samples::plan_id(SERIES, 7))
        .await
        .unwrap();
    assert_eq!(plan["goal"]["th"], "จากจังหวัดเลย 7");
    only_knows_the_hub(&udon).await;
    only_knows_the_hub(&loei).await;
    for other in [&hub, &loei] {
        assert!(
            other.local().space(PRIVATE).await.is_none(),
            "{} knows of it",
            other.name()
        );
        assert!(other.local().show(&samples::plan_id(9, 1)).await.is_err());
    }
}
