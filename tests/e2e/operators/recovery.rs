//! What was lost comes back as far as it can, and what happened can be read, as the document tells.

use phaki_tests::federation::{HUB, converged, share};
use phaki_tests::samples;

use super::Chapter;
use crate::federation;

const SPACE: &str = "plans";
const SERIES: u16 = 1;

fn plan(number: u64) -> [serde_json::Value; 1] {
    [samples::plan(SERIES, number)]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_is_backed_up_and_restored_as_the_document_says() {
    let federation = federation();
    let hub = federation.found().await;
    let (mut province, line) = federation.admit(&hub, "TH-41").await;
    share(&hub, SPACE, &[&province]).await;
    province.local().put(SPACE, &plan(0)).await.unwrap();
    let desk = federation.folder().join("desk");
    let mut chapter = Chapter::open("Back up a node, and restore it", &desk);
    let (backup, key) = (desk.join("backup"), desk.join("node.key"));
    chapter.means("BACKUP", backup.to_str().unwrap());
    chapter.means("KEY", key.to_str().unwrap());
    chapter.at(&province, "phaki backup");
    std::fs::copy(province.data().join("node.key"), &key).unwrap();
    province.local().put(SPACE, &plan(1)).await.unwrap();
    converged(&[&hub, &province], SPACE, 2).await;
    assert!(province.stop().await.0.success());
    std::fs::remove_dir_all(province.data()).unwrap();

    chapter.at(&province, "phaki restore");
    province.dial(HUB, &line.address());
    chapter.serve(&mut province).await;
    converged(&[&hub, &province], SPACE, 2).await;
    chapter.ends();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_store_is_repaired_as_the_document_says() {
    let federation = federation();
    let hub = federation.found().await;
    let (mut province, _line) = federation.admit(&hub, "TH-41").await;
    share(&hub, SPACE, &[&province]).await;
    province.local().put(SPACE, &plan(0)).await.unwrap();
    converged(&[&hub, &province], SPACE, 1).await;
    assert!(province.stop().await.0.success());
    let database = rusqlite::Connection::open(province.data().join("phaki.db")).unwrap();
    let damage = "UPDATE document SET heads = zeroblob(32)";
    assert_eq!(database.execute(damage, []).unwrap(), 1);
    drop(database);

    let mut chapter = Chapter::open("A damaged store", &federation.folder().join("desk"));
    let verify = chapter.call(&province, "phaki verify", &[]);
    let found = { verify }.output().unwrap();
    let says = String::from_utf8(found.stdout).unwrap();
    assert!(
        !found.status.success() && says.contains("heads of document"),
        "{says}"
    );
    chapter.at(&province, "phaki repair");
    chapter.serve(&mut province).await;
    converged(&[&hub, &province], SPACE, 1).await;
    assert!(province.command(&["verify"]).contains("as it was written"));
    chapter.ends();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_put_back_needs_nothing_as_the_document_says() {
    let federation = federation();
    let hub = federation.found().await;
    let (mut province, line) = federation.admit(&hub, "TH-41").await;
    // Its people are told.
    province.expect_errors();
    share(&hub, SPACE, &[&province]).await;
    let desk = federation.folder().join("desk");
    let mut chapter = Chapter::open("A restored machine", &desk);
    let copy = |from: &std::path::Path, to: &std::path::Path| {
        let mut copy = std::process::Command::new("cp");
        assert!(copy.arg("-a").args([from, to]).status().unwrap().success());
    };
    assert!(province.stop().await.0.success());
    copy(province.data(), &desk.join("snapshot"));
    province.start().await;
    province.local().put(SPACE, &plan(0)).await.unwrap();
    converged(&[&hub, &province], SPACE, 1).await;
    assert!(province.stop().await.0.success());

    std::fs::remove_dir_all(province.data()).unwrap();
    copy(&desk.join("snapshot"), province.data());
    line.cut();
    province.start().await;
    province.local().put(SPACE, &plan(1)).await.unwrap();
    line.restore();
    converged(&[&hub, &province], SPACE, 2).await;
    let told = chapter.at(&province, "phaki audit --act store-superseded");
    assert!(told.contains(HUB), "{told}");
    chapter.ends();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_come_into_a_new_federation_as_the_document_says() {
    let federation = federation();
    let old = federation.found().await;
    old.local().create_space(SPACE).await;
    for number in 0..3 {
        old.local().put(SPACE, &plan(number)).await.unwrap();
    }
    std::fs::remove_file(old.data().join("federation.key")).unwrap();
    let desk = federation.folder().join("desk");
    let mut chapter = Chapter::open("The federation's key is lost", &desk);
    chapter.at(&old, "phaki conflicts");
    chapter.at(&old, "phaki export");
    let mut new = federation.node("another-TH");
    chapter.at(&new, "phaki federation create");
    chapter.serve(&mut new).await;
    chapter.at(&new, "phaki space create");
    chapter.at(&new, "phaki import");
    assert_eq!(
        new.local().export(SPACE).await,
        old.local().export(SPACE).await
    );
    let [before, after] = [old, new].map(|node| async move {
        let status = node.local().status().await.unwrap();
        status.federation
    });
    assert_ne!(before.await, after.await);
    chapter.ends();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_audit_log_is_read_as_the_document_says() {
    let federation = federation();
    let hub = federation.found().await;
    let desk = federation.folder().join("desk");
    let mut chapter = Chapter::open("Read the audit log", &desk);
    let recent = chapter.at(&hub, "phaki audit --since");
    assert!(recent.contains("node-started"), "{recent}");
    chapter.at(&hub, "phaki audit --act");
    let verified = chapter.at(&hub, "phaki audit --verify");
    let is_hash = |word: &&str| word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let hash = verified.split_whitespace().find(is_hash);
    chapter.means("HASH", hash.unwrap());
    hub.local().create_space(SPACE).await;
    chapter.at(&hub, "phaki audit --verify --known");
    chapter.ends();
}
