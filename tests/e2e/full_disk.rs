//! A disk without room: writes are refused and reads go on, nothing acknowledged is lost, and the
//! node goes on by itself when there is room.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use phaki_tests::federation::HUB;
use phaki_tests::node::Node;
use phaki_tests::samples;
use phaki_tests::wait;
use serde_json::Value;
use tonic::{Code, Status};

use crate::federation;

const SPACE: &str = "plans";

/// Requests after which even a limit that counts in other units must have been reached.
const REQUESTS_MAX: u64 = 2_000;

fn documents(request: u64) -> Vec<Value> {
    let numbers = request * 8..(request + 1) * 8;
    numbers
        .map(|number| samples::bulky_plan(1, number, 3_000))
        .collect()
}

fn ids(documents: &[Value]) -> impl Iterator<Item = String> {
    documents
        .iter()
        .map(|document| document["id"].as_str().unwrap().to_owned())
}

/// Writes until the node refuses; what it acknowledged, and its refusal.
async fn fill(node: &Node) -> (BTreeSet<String>, Status) {
    let mut acknowledged = BTreeSet::new();
    for request in 0..REQUESTS_MAX {
        let documents = documents(request);
        match node.local().put(SPACE, &documents).await {
            Ok(()) => acknowledged.extend(ids(&documents)),
            Err(refusal) => return (acknowledged, refusal),
        }
    }
    panic!("the disk never ran full");
}

/// The refusal is clear, everything that was acknowledged can be read, and nothing else is there.
async fn assert_refused_clearly(node: &Node, acknowledged: &BTreeSet<String>, refusal: &Status) {
    assert_eq!(refusal.code(), Code::Unavailable, "{refusal}");
    assert_eq!(refusal.metadata().get("phaki-reason").unwrap(), "storage");
    assert!(refusal.message().contains("disk"), "{refusal}");
    assert!(!acknowledged.is_empty(), "nothing at all could be written");
    let status = node.local().status().await.unwrap();
    assert!(!status.accepts_writes, "{status:?}");
    assert!(
        status
            .problems
            .iter()
            .any(|problem| problem.contains("disk")),
        "{status:?}"
    );
    assert_holds(node, acknowledged).await;
    let first = acknowledged.first().unwrap();
    assert_eq!(
        node.local().show(first).await.unwrap()["id"],
        first.as_str()
    );
}

async fn assert_holds(node: &Node, acknowledged: &BTreeSet<String>) {
    let held: BTreeSet<_> = node.local().export(SPACE).await.into_keys().collect();
    assert_eq!(&held, acknowledged);
}

/// Writes that were refused are accepted now.
async fn assert_accepts(node: &Node, acknowledged: &mut BTreeSet<String>) {
    let late = documents(REQUESTS_MAX);
    wait::until("the node accepts writes", async || {
        node.local().put(SPACE, &late).await.ok()
    })
    .await;
    acknowledged.extend(ids(&late));
    assert_holds(node, acknowledged).await;
    let status = node.local().status().await.unwrap();
    assert!(
        status.accepts_writes && status.problems.is_empty(),
        "{status:?}"
    );
}

/// A file system in memory; gone when dropped.
struct SmallDisk {
    at: PathBuf,
}

impl SmallDisk {
    /// `None` where mounting is not permitted.
    fn mount(at: &Path) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=12m,mode=700", "phaki-tests"])
            .arg(at);
        mount
            .output()
            .ok()?
            .status
            .success()
            .then(|| Self { at: at.to_owned() })
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, since the node may still end.
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_on_a_full_disk_refuses_writes_and_goes_on_when_there_is_room() {
    let federation = federation();
    // Without the right to mount, the file limit below is what there is to test with.
    let Some(disk) = SmallDisk::mount(&federation.folder().join("disk")) else {
        return;
    };
    let folder = federation.folder().join(HUB);
    let node = Node::new(federation.program(), HUB, &folder, &disk.at.join("data"));
    let mut hub = federation.found_with(node).await;
    hub.expect_errors();
    hub.local().create_space(SPACE).await;
    let ballast = disk.at.join("ballast");
    fs::write(&ballast, vec![1; 6 << 20]).unwrap();

    let (mut acknowledged, refusal) = fill(&hub).await;
    assert!(refusal.message().contains("make room"), "{refusal}");
    assert_refused_clearly(&hub, &acknowledged, &refusal).await;
    fs::remove_file(&ballast).unwrap();
    assert_accepts(&hub, &mut acknowledged).await;

    hub.kill();
    hub.start().await;
    assert_holds(&hub, &acknowledged).await;
    hub.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_files_may_not_grow_refuses_writes_and_loses_nothing() {
    let federation = federation();
    let mut hub = federation.found().await;
    hub.expect_errors();
    hub.local().create_space(SPACE).await;
    assert!(hub.stop().await.0.success());
    // Writes beyond the limit shall fail instead of ending the process.
    hub.wrap(Some("trap '' XFSZ; ulimit -f 4000"));
    hub.start().await;

    let (mut acknowledged, refusal) = fill(&hub).await;
    assert_refused_clearly(&hub, &acknowledged, &refusal).await;
    assert!(hub.stop().await.0.success());
    hub.wrap(None);
    hub.start().await;
    assert_holds(&hub, &acknowledged).await;
    assert_accepts(&hub, &mut acknowledged).await;
}
