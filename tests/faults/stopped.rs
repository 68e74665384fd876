//! A node that stands still (SIGSTOP) as when its machine sleeps: the others go on, and once it
//! moves again it catches up.
//!
//! `PHAKI_STOPPED_SECONDS=150` makes it stand still for so long, which is beyond every timeout.

use std::time::{Duration, Instant};

use phaki_tests::federation::{converged, share};
use phaki_tests::samples;
use serde_json::json;

use crate::federation;

const SPACE: &str = "plans";

/// Edits that the others exchange meanwhile at least.
const EDITS: u64 = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_node_stands_still_the_others_go_on_and_afterwards_it_catches_up() {
    let seconds = std::env::var("PHAKI_STOPPED_SECONDS");
    let seconds = seconds.map_or(0, |text| text.parse().unwrap());
    let federation = federation();
    let hub = federation.found().await;
    let (sleeper, _sleepers_line) = federation.admit(&hub, "TH-41").await;
    let (awake, _line) = federation.admit(&hub, "TH-42").await;
    share(&hub, SPACE, &[&sleeper, &awake]).await;
    hub.local()
        .put(SPACE, &[samples::plan(1, 0)])
        .await
        .unwrap();
    let id = samples::plan_id(1, 0);
    converged(&[&hub, &sleeper, &awake], SPACE, 1).await;

    sleeper.signal("STOP");
    let (since, mut edits) = (Instant::now(), 0);
    while edits < EDITS || since.elapsed() < Duration::from_secs(seconds) {
        let author = if edits % 2 == 0 { &hub } else { &awake };
        let text = json!(format!("edit {edits}"));
        author.local().edit(&id, "goal/th", &text).await.unwrap();
        edits += 1;
        converged(&[&hub, &awake], SPACE, 1 + edits).await;
    }
    if seconds > 130 {
        let links = hub.local().links().await;
        let names: Vec<_> = links.iter().map(|link| link.peer.as_str()).collect();
        assert_eq!(names, ["TH-42"], "a link that says nothing is given up");
    }
    sleeper.signal("CONT");

    let late = json!("after its sleep");
    sleeper.local().edit(&id, "situation", &late).await.unwrap();
    converged(&[&hub, &sleeper, &awake], SPACE, 2 + edits).await;
    let status = sleeper.local().status().await.unwrap();
    assert!(
        status.accepts_writes && status.problems.is_empty(),
        "{status:?}"
    );
}
