//! What a crash or a bad disk leaves of the write-ahead log: whatever it is, the store is sound and
//! holds the beginning of what was written, and what is missing comes from peers.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use phaki_store::Store;
use phaki_tests::federation::{converged, share};
use phaki_tests::node::Node;
use phaki_tests::samples::{self, Random};
use serde_json::{Value, json};

use crate::federation;

const SPACE: &str = "plans";
const DATABASE: &str = "phaki.db";
const LOG: &str = "phaki.db-wal";
const SHARED: &str = "phaki.db-shm";

/// Edits of one field, one after the other.
const EDITS: u64 = 60;

/// Places at which the log is cut or spoilt.
const PLACES: usize = 40;

/// Bytes of the log's header, and of a frame: its header and one page.
const HEADER: usize = 32;
const FRAME: usize = 24 + 4096;

/// Edits one field until `EDITS`, counting.
async fn edit(node: &Node) {
    let id = samples::plan_id(1, 0);
    node.local()
        .put(SPACE, &[samples::plan(1, 0)])
        .await
        .unwrap();
    for edit in 1..=EDITS {
        let number = json!(edit.to_string());
        node.local().edit(&id, "goal/th", &number).await.unwrap();
    }
}

/// The number of the last edit that the node shows; `None` when it does not have the document.
fn last_edit(documents: &BTreeMap<String, Value>) -> Option<u64> {
    let plan = documents.get(&samples::plan_id(1, 0))?;
    Some(plan["goal"]["th"].as_str()?.parse().unwrap_or(0))
}

/// A copy of the files of a store that nobody has open.
fn copied(data: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in [DATABASE, LOG, SHARED] {
        fs::copy(data.join(file), copy.path().join(file)).unwrap();
    }
    copy
}

/// How many entries of its own a sound store holds.
fn entries(folder: &Path) -> u64 {
    let store = Store::open(&folder.join(DATABASE)).unwrap();
    let found = store.reader().verify(&store.identity().federation).unwrap();
    assert_eq!(found.problems, []);
    found.entries
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_was_cut_or_spoilt_anywhere_leaves_a_sound_beginning_of_what_was_written() {
    let federation = federation();
    let mut hub = federation.found().await;
    hub.local().create_space(SPACE).await;
    edit(&hub).await;
    hub.kill();
    let log = fs::read(hub.data().join(LOG)).unwrap();
    let frames = (log.len() - HEADER) / FRAME;
    assert!(frames > PLACES, "{frames} frames");

    let whole = entries(copied(hub.data()).path());
    let without_index = copied(hub.data());
    fs::remove_file(without_index.path().join(SHARED)).unwrap();
    assert_eq!(entries(without_index.path()), whole);

    let mut random = Random::from_seed(5);
    let mut before = 0;
    for place in 0..PLACES {
        // At a boundary of frames, in the middle of one, and a bit that is flipped there.
        let at = HEADER + frames * place / PLACES * FRAME;
        let cut = copied(hub.data());
        fs::write(cut.path().join(LOG), &log[..at]).unwrap();
        let held = entries(cut.path());
        assert!((before..=whole).contains(&held), "{held} after {before}");
        let torn = copied(hub.data());
        fs::write(
            torn.path().join(LOG),
            &log[..at + 1 + random.below(FRAME - 1)],
        )
        .unwrap();
        assert_eq!(entries(torn.path()), held);
        let spoilt = copied(hub.data());
        let mut bytes = log.clone();
        bytes[at + random.below(FRAME)] ^= 1;
        fs::write(spoilt.path().join(LOG), bytes).unwrap();
        assert_eq!(entries(spoilt.path()), held);
        before = held;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_node_loses_with_its_log_comes_back_from_its_peers_and_new_edits_count() {
    let federation = federation();
    let hub = federation.found().await;
    let (mut province, _line) = federation.admit(&hub, "TH-41").await;
    // It finds out that it wrote on elsewhere, and says so.
    province.expect_errors();
    share(&hub, SPACE, &[&province]).await;
    edit(&province).await;
    converged(&[&hub, &province], SPACE, 1 + EDITS).await;
    province.kill();
    let log = fs::read(province.data().join(LOG)).unwrap();
    fs::write(province.data().join(LOG), &log[..log.len() / 2]).unwrap();

    province.start().await;
    let id = samples::plan_id(1, 0);
    converged(&[&hub, &province], SPACE, 1 + EDITS).await;
    assert_eq!(
        last_edit(&province.local().export(SPACE).await),
        Some(EDITS)
    );
    let late = json!("after the loss");
    let edited = phaki_tests::wait::until("the node accepts edits", async || {
        province.local().edit(&id, "goal/th", &late).await.ok()
    });
    edited.await;
    converged(&[&hub, &province], SPACE, 2 + EDITS).await;
    assert_eq!(hub.local().show(&id).await.unwrap()["goal"]["th"], late);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_torn_last_page_is_named_or_does_not_matter() {
    let federation = federation();
    let mut hub = federation.found().await;
    hub.expect_errors();
    hub.local().create_space(SPACE).await;
    edit(&hub).await;
    assert!(hub.stop().await.0.success());
    let database = hub.data().join(DATABASE);
    let bytes = fs::read(&database).unwrap();
    fs::write(&database, &bytes[..bytes.len() - 1_000]).unwrap();
    let verified = hub.run(&["verify"]);
    assert!(!verified.status.success());
    hub.command(&["repair"]);
    hub.start().await;
    let documents = hub.local().export(SPACE).await;
    let (held, problems) = (
        last_edit(&documents),
        hub.local().status().await.unwrap().problems,
    );
    assert!(held.is_some_and(|held| held > 0), "{held:?}, {problems:?}");
    assert!(hub.command(&["verify"]).contains("as it was written"));
}
