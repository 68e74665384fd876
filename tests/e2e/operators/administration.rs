//! Who belongs to the federation and who may do what, as the document tells it.

use std::process::Stdio;

use phaki_tests::federation::{HUB, converged};
use phaki_tests::node::Node;
use phaki_tests::samples;
use phaki_tests::wait;
use serde_json::Value;
use tokio::process::Command;

use super::{Chapter, word};
use crate::federation;

const SPACE: &str = "plans";
const SERIES: u16 = 1;

async fn until_linked(hub: &Node, name: &str, linked: bool) {
    let what = format!("{name} has a link to the hub: {linked}");
    wait::until(&what, async || {
        let links = hub.local().links().await;
        (links.iter().any(|link| link.peer == name) == linked).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_is_enrolled_as_the_document_says() {
    let federation = federation();
    let hub = federation.found().await;
    let mut chapter = Chapter::open("Enrol a node", &federation.folder().join("desk"));
    let address = hub.listen().to_string();
    let made = chapter.at_with(&hub, "phaki federation invite", &["--address", &address]);
    chapter.means("STRING", word(&made, "phaki1"));

    let mut new = federation.node("TH-41");
    let mut join = Command::from(chapter.call(&new, "phaki join", &[]));
    join.stdout(Stdio::piped()).stderr(Stdio::piped());
    let joining = join.kill_on_drop(true).spawn().unwrap();
    wait::until("the new node waits", async || {
        let status = hub.local().status().await.unwrap();
        let waits = |problem: &String| problem.contains("wait for approval (TH-41)");
        status.problems.iter().any(waits).then_some(())
    })
    .await;
    let shown = chapter.at(&hub, "phaki federation pending");
    chapter.at(&hub, "phaki federation approve");
    let joined = joining.wait_with_output().await.unwrap();
    assert!(joined.status.success());
    let told = String::from_utf8([joined.stdout, joined.stderr].concat()).unwrap();
    // Four groups of five digits, the same on both screens.
    let is_group = |word: &&str| word.len() == 5 && word.bytes().all(|b| b.is_ascii_digit());
    let digits = |screen: &str| {
        screen
            .split_whitespace()
            .filter(is_group)
            .collect::<String>()
    };
    assert_eq!(digits(&shown).len(), 20, "{shown}");
    assert!(digits(&told).contains(&digits(&shown)), "{told}");
    new.dial(HUB, &address);
    chapter.serve(&mut new).await;
    until_linked(&hub, "TH-41", true).await;

    hub.local().invite("TH-42", "42", &address).await;
    let open = chapter.at(&hub, "phaki federation invites");
    assert!(open.contains("TH-42"), "{open}");
    chapter.at(&hub, "phaki federation withdraw");
    chapter.ends();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_goes_offline_as_the_document_says() {
    let federation = federation();
    let hub = federation.found().await;
    let (udon, _udon_line) = federation.admit(&hub, "TH-41").await;
    let mut loei = federation.node("TH-42");
    loei.accept_peers();
    let (loei, _loei_line) = federation.admit_with(&hub, loei).await;
    // What provinces admit by themselves is no business of the federation's key.
    let address = loei.listen().to_string();
    let invite = ["federation", "invite", "--name", "laptop", "--role", "edge"];
    let made = loei.command(&[&invite[..], &["--area", "42", "--address", &address]].concat());
    federation
        .node("laptop")
        .command(&["join", word(&made, "phaki1")]);
    wait::until("the hub knows the laptop", async || {
        let known = hub.command(&["federation", "roster"]);
        known.contains("laptop").then_some(())
    })
    .await;

    let desk = federation.folder().join("desk");
    let mut chapter = Chapter::open("Keep the federation's key offline", &desk);
    for word in ["FIRST", "SECOND"] {
        let place = desk.join(word);
        std::fs::create_dir(&place).unwrap();
        chapter.means(word, place.to_str().unwrap());
    }
    for command in ["cp", "cp", "cmp", "cmp", "rm"] {
        chapter.in_shell(hub.data(), command);
    }
    assert!(!hub.data().join("federation.key").exists());
    // Founded as version 1, and two nodes since.
    chapter.means("roster-8", "roster-4");
    chapter.at(&hub, "phaki federation suspend");
    // A person would type yes.
    let shown = chapter.in_shell_with(&desk, "phaki roster sign", "--yes");
    assert!(
        shown.contains("TH-41") && shown.contains("suspended"),
        "{shown}"
    );
    until_linked(&hub, "TH-41", true).await;
    chapter.at(&loei, "phaki federation enact");
    until_linked(&hub, "TH-41", false).await;
    chapter.ends();
    drop(udon);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_space_is_shared_and_withdrawn_as_the_document_says() {
    let federation = federation();
    let hub = federation.found().await;
    let (udon, line) = federation.admit(&hub, "TH-41").await;
    let desk = federation.folder().join("desk");
    let mut chapter = Chapter::open("Share a space, and stop sharing it", &desk);
    chapter.at(&hub, "phaki space create");
    let preview = chapter.at(&hub, "phaki space preview");
    assert!(preview.contains("TH-41"), "{preview}");
    assert!(
        udon.local().space(SPACE).await.is_none(),
        "only shown so far"
    );
    chapter.at(&hub, "phaki space grant");
    udon.local().until_writer(SPACE).await;
    let shown = chapter.at(&hub, "phaki space show");
    assert!(shown.contains("TH-41"), "{shown}");
    let plan = |number| [samples::plan(SERIES, number)];
    udon.local().put(SPACE, &plan(0)).await.unwrap();
    converged(&[&hub, &udon], SPACE, 1).await;

    line.cut();
    until_linked(&hub, "TH-41", false).await;
    chapter.at(&hub, "phaki space revoke");
    udon.local().put(SPACE, &plan(1)).await.unwrap();
    // It has not heard of that; as a reader it can still bring what it wrote meanwhile.
    hub.local().grant(SPACE, "TH-41", "reader").await;
    line.restore();
    wait::until("its work is in quarantine", async || {
        let space = hub.local().space(SPACE).await?;
        (space.needs_decision == 1).then_some(())
    })
    .await;
    chapter.at(&hub, "phaki quarantine list");
    let rows = hub.command(&["quarantine", "list", "--json"]);
    let row: Value = serde_json::from_str(rows.trim()).unwrap();
    chapter.means("ID", row["id"].as_str().unwrap());
    let shown = chapter.at(&hub, "phaki quarantine show");
    assert!(shown.contains("TH-41"), "{shown}");
    chapter.ends();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_is_suspended_and_comes_back_as_the_document_says() {
    let federation = federation();
    let hub = federation.found().await;
    let (_udon, _line) = federation.admit(&hub, "TH-41").await;
    until_linked(&hub, "TH-41", true).await;
    let desk = federation.folder().join("desk");
    let mut chapter = Chapter::open("Suspend a node, and let it come back", &desk);
    chapter.at(&hub, "phaki federation suspend");
    until_linked(&hub, "TH-41", false).await;
    chapter.at(&hub, "phaki federation reinstate");
    until_linked(&hub, "TH-41", true).await;
    chapter.at(&hub, "phaki federation remove");
    until_linked(&hub, "TH-41", false).await;
    let address = hub.listen().to_string();
    hub.local().invite("TH-41", "41", &address).await;
    chapter.ends();
}
