//! Edits that do not wait for each other: each builds on the last one, and is answered when it is
//! durable.

use phaki_tests::federation::{converged, share};
use phaki_tests::samples;
use serde_json::{Value, json};

use crate::federation;

const SPACE: &str = "plans";
const SERIES: u16 = 1;
const EDITS: u64 = 400;

fn edits(id: &str, count: u64) -> Vec<(String, String, Value)> {
    let edit = |number| {
        (
            id.to_owned(),
            "goal/th".to_owned(),
            json!(format!("ครั้งที่ {number}")),
        )
    };
    (1..=count).map(edit).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_edits_is_made_in_order_on_top_of_what_others_write() {
    let federation = federation();
    let hub = federation.found().await;
    let (udon, _line) = federation.admit(&hub, "TH-41").await;
    share(&hub, SPACE, &[&udon]).await;
    let id = samples::plan_id(SERIES, 0);
    let plan = samples::plan(SERIES, 0);
    udon.local().put(SPACE, &[plan]).await.unwrap();
    converged(&[&hub, &udon], SPACE, 1).await;

    let mut stream = udon.local().edit_stream(edits(&id, EDITS)).await;
    let mut made = 0;
    while made < EDITS {
        assert!(stream.next().await.unwrap().is_ok());
        made += 1;
        if made.is_multiple_of(100) {
            // Somebody else changes another field of the same document meanwhile.
            let note = json!(format!("ผลงานรอบที่ {made}"));
            let edited = hub.local().edit(&id, "review/success", &note).await;
            edited.unwrap();
        }
    }
    converged(&[&hub, &udon], SPACE, 1 + EDITS + EDITS / 100).await;
    for node in [&hub, &udon] {
        let shown = node.local().show(&id).await.unwrap();
        assert_eq!(shown["goal"]["th"], format!("ครั้งที่ {EDITS}"));
        assert_eq!(shown["review"]["success"], format!("ผลงานรอบที่ {EDITS}"));
        assert!(node.local().conflicts(SPACE).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_that_is_refused_keeps_none_of_the_others_from_being_made() {
    let federation = federation();
    let hub = federation.found().await;
    hub.local().create_space(SPACE).await;
    let id = samples::plan_id(SERIES, 0);
    let plan = samples::plan(SERIES, 0);
    hub.local().put(SPACE, &[plan]).await.unwrap();
    let mut edits = edits(&id, 3);
    edits[1].1 = "fy_be".to_owned();
    let mut stream = hub.local().edit_stream(edits).await;
    assert!(stream.next().await.unwrap().is_ok());
    assert_eq!(stream.next().await.unwrap().unwrap_err(), "invalid-edit");
    assert!(stream.next().await.unwrap().is_ok());
    assert!(stream.next().await.is_none());
    let shown = hub.local().show(&id).await.unwrap();
    assert_eq!(shown["goal"]["th"], "ครั้งที่ 3");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_killed_holds_every_edit_that_it_answered() {
    let federation = federation();
    let mut hub = federation.found().await;
    hub.local().create_space(SPACE).await;
    let id = samples::plan_id(SERIES, 0);
    let plan = samples::plan(SERIES, 0);
    hub.local().put(SPACE, &[plan]).await.unwrap();
    let mut answered = 0;
    for round in 1..=3 {
        let mut stream = hub.local().edit_stream(edits(&id, EDITS)).await;
        let mut made = 0;
        while let Some(edited) = stream.next().await {
            made += u64::from(edited.is_ok());
            if made == 60 * round {
                hub.kill();
            }
        }
        answered += made;
        hub.start().await;
        let space = hub.local().space(SPACE).await.unwrap();
        assert!(space.entries > answered, "{} of {answered}", space.entries);
        assert_eq!(space.quarantined, 0);
        // All of them count, in one line of history.
        let history = hub.command(&["history", &id, "--json"]);
        let entries = u64::try_from(history.lines().count()).unwrap();
        assert_eq!(entries, space.entries);
        assert!(hub.local().conflicts(SPACE).await.is_empty());
        answered = space.entries - 1;
    }
}
