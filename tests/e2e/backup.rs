//! A machine is lost: its node is restored from a backup and its key, and nothing that had reached
//! a peer is missing.

use std::os::unix::fs::PermissionsExt;

use phaki_tests::federation::{HUB, converged, share};
use phaki_tests::node::Node;
use phaki_tests::samples;

use crate::federation;

const SPACE: &str = "plans";
const SERIES: u16 = 1;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_restored_from_a_backup_has_all_its_edits_again_and_new_ones_count() {
    let federation = federation();
    let hub = federation.found().await;
    let (mut province, line) = federation.admit(&hub, "TH-41").await;
    share(&hub, SPACE, &[&province]).await;
    let plan = |number| [samples::plan(SERIES, number)];
    province.local().put(SPACE, &plan(0)).await.unwrap();
    converged(&[&hub, &province], SPACE, 1).await;

    let backup = federation.folder().join("backup");
    let file = backup.to_str().unwrap();
    province.command(&["backup", file]);
    let mode = backup.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let held = std::fs::read(&backup).unwrap();
    let key = std::fs::read_to_string(province.data().join("node.key")).unwrap();
    let seed = data_encoding::HEXLOWER
        .decode(key.trim().as_bytes())
        .unwrap();
    for secret in [key.trim().as_bytes(), &seed] {
        assert!(!held.windows(secret.len()).any(|part| part == secret));
    }
    let made = |node: &Node| node.command(&["audit", "--act", "store-backed-up", "--json"]);
    assert!(made(&province).contains(file), "{}", made(&province));
    let again = province.run(&["backup", file]);
    assert!(!again.status.success(), "a backup is never overwritten");
    province.local().put(SPACE, &plan(1)).await.unwrap();
    converged(&[&hub, &province], SPACE, 2).await;

    assert!(province.stop().await.0.success());
    let offline = federation.folder().join("offline");
    province.command(&["backup", offline.to_str().unwrap()]);
    assert_eq!(made(&province).lines().count(), 2, "{}", made(&province));
    let kept = federation.folder().join("node.key");
    std::fs::copy(province.data().join("node.key"), &kept).unwrap();
    std::fs::remove_dir_all(province.data()).unwrap();
    let keyless = province.run(&["restore", file]);
    let why = String::from_utf8(keyless.stderr).unwrap();
    assert!(why.contains("a backup holds no key"), "{why}");
    province.command(&["restore", file, "--key", kept.to_str().unwrap()]);
    let existing = province.run(&["restore", file]);
    let why = String::from_utf8(existing.stderr).unwrap();
    assert!(why.contains("--replace"), "{why}");
    province.command(&["restore", file, "--replace"]);
    province.dial(HUB, &line.address());
    province.start().await;

    converged(&[&hub, &province], SPACE, 2).await;
    province.local().put(SPACE, &plan(2)).await.unwrap();
    converged(&[&hub, &province], SPACE, 3).await;
    let there = hub.local().export(SPACE).await;
    assert!((0..3).all(|number| there.contains_key(&samples::plan_id(SERIES, number))));
    let recorded = province.command(&["audit", "--act", "store-restored", "--json"]);
    assert_eq!(recorded.lines().count(), 1, "{recorded}");
    assert!(recorded.contains("\"who\":\"officer@TH-41\""), "{recorded}");
}
