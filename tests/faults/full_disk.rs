//! A disk without room: writes are refused and reads go on, nothing acknowledged is lost, and the
//! node goes on by itself when there is room.

use std::collections::BTreeSet;
use std::fs;

use phaki_tests::federation::{HUB, converged, share};
use phaki_tests::node::Node;
use phaki_tests::samples;
use phaki_tests::wait;
use serde_json::Value;
use tonic::{Code, Status};

use crate::federation;
use crate::small_disk::SmallDisk;

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_on_a_full_disk_refuses_writes_and_goes_on_when_there_is_room() {
    let federation = federation();
    // Without the right to mount, the file limit below is what there is to test with.
    let Some(disk) = SmallDisk::mount(&federation.folder().join("disk"), 12) else {
        return;
    };
    let folder = federation.folder().join(HUB);
    let node = Node::new(federation.program(), HUB, &folder, &disk.at.join("data"));
    let mut hub = federation.found_with(node).await;
    hub.expect_errors();
    hub.local().create_space(SPACE).await;
    disk.fill_but(4 << 10);

    let (mut acknowledged, refusal) = fill(&hub).await;
    assert!(refusal.message().contains("make room"), "{refusal}");
    assert_refused_clearly(&hub, &acknowledged, &refusal).await;

    // Stopping wants to empty the write-ahead log, and starting to record that it started.
    disk.fill_but(0);
    assert!(hub.stop().await.0.success());
    hub.start().await;
    assert_holds(&hub, &acknowledged).await;
    disk.make_room();
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

/// A command fails and says that room is wanted.
fn assert_wants_room(node: &Node, arguments: &[&str]) {
    let output = node.run(arguments);
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{arguments:?}");
    assert!(why.contains("make room"), "{arguments:?}: {why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn founding_and_joining_on_a_full_disk_say_so_and_succeed_once_there_is_room() {
    let federation = federation();
    let Some(disk) = SmallDisk::mount(&federation.folder().join("disk"), 8) else {
        return;
    };
    let on_disk = |name: &str| {
        let folder = federation.folder().join(name);
        Node::new(federation.program(), name, &folder, &disk.at.join(name))
    };
    let founder = on_disk("TH-90");
    let create = ["federation", "create", "--name", "TH-90", "--area", "TH"];
    for kilobytes in [0, 40] {
        disk.fill_but(kilobytes);
        assert_wants_room(&founder, &create);
        disk.make_room();
    }
    founder.command(&create);

    let hub = federation.found().await;
    let mut province = on_disk("TH-41");
    let address = hub.listen().to_string();
    let invite = hub.local().invite("TH-41", "41", &address).await;
    for kilobytes in [0, 40] {
        disk.fill_but(kilobytes);
        assert_wants_room(&province, &["join", &invite]);
        disk.make_room();
    }
    province.command(&["join", &invite]);
    province.dial(HUB, &address);
    province.start().await;
    share(&hub, SPACE, &[&province]).await;
    let plan = [samples::plan(1, 0)];
    province.local().put(SPACE, &plan).await.unwrap();
    converged(&[&hub, &province], SPACE, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_copy_that_fills_the_disk_holds_up_nobody_else_and_is_completed_with_room() {
    const DOCUMENTS: u64 = 1_000;
    let federation = federation();
    let Some(disk) = SmallDisk::mount(&federation.folder().join("disk"), 40) else {
        return;
    };
    let hub = federation.found().await;
    let folder = federation.folder().join("TH-41");
    let node = Node::new(
        federation.program(),
        "TH-41",
        &folder,
        &disk.at.join("data"),
    );
    let (mut province, _line) = federation.admit_with(&hub, node).await;
    province.expect_errors();
    let (other, _other_line) = federation.admit(&hub, "TH-42").await;
    disk.fill_but(3 << 10);
    let plans: Vec<_> = (0..DOCUMENTS)
        .map(|number| samples::bulky_plan(2, number, 4_000))
        .collect();
    hub.local().create_space(SPACE).await;
    hub.local().put(SPACE, &plans).await.unwrap();
    for node in ["TH-41", "TH-42"] {
        hub.local().grant(SPACE, node, "writer").await;
    }
    let full = wait::until("the disk is full", async || {
        let status = province.local().status().await.unwrap();
        (!status.accepts_writes).then_some(status)
    });
    let problems = full.await.problems;
    converged(&[&hub, &other], SPACE, DOCUMENTS).await;
    assert!(
        problems.iter().any(|one| one.contains("make room")),
        "{problems:?}"
    );

    disk.make_room();
    converged(&[&hub, &province], SPACE, DOCUMENTS).await;
    wait::until("every document is listed", async || {
        let listed = province.command(&["list", "--space", SPACE, "--json"]);
        (u64::try_from(listed.lines().count()).unwrap() == DOCUMENTS).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_for_which_there_is_no_room_leaves_nothing_behind() {
    let federation = federation();
    let Some(disk) = SmallDisk::mount(&federation.folder().join("disk"), 4) else {
        return;
    };
    let hub = federation.found().await;
    disk.fill_but(40);
    let backup = disk.at.join("backup");
    let command = ["backup", backup.to_str().unwrap()];
    assert_wants_room(&hub, &command);
    let left: Vec<_> = fs::read_dir(&disk.at)
        .unwrap()
        .map(|file| file.unwrap().file_name())
        .collect();
    assert_eq!(left, ["ballast"]);
    disk.make_room();
    hub.command(&command);
    assert!(backup.exists());
}
