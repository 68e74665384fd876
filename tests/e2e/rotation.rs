//! A node goes on under another key, by a plan or after a theft: with its name, its spaces, its edge
//! nodes and all that it ever wrote.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use phaki_tests::federation::{Federation, HUB, converged, share};
use phaki_tests::node::Node;
use phaki_tests::proxy::Proxy;
use phaki_tests::samples;
use phaki_tests::wait;
use serde_json::Value;

use crate::federation;

const PROVINCE: &str = "TH-41";
const LAPTOP: &str = "TH-41-laptop";

/// The hub's space, in which the province writes.
const PLANS: &str = "plans";

/// The province's own space, which the hub reads and the laptop writes.
const DISTRICT: &str = "district";

const SERIES: u16 = 1;

fn json(node: &Node, arguments: &[&str]) -> Value {
    let text = node.command(&[arguments, &["--json"]].concat());
    serde_json::from_str(&text).unwrap()
}

fn refused(node: &Node, arguments: &[&str]) -> String {
    let output = node.run(arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{arguments:?} succeeded: {said}");
    said
}

/// An invite of `inviter` for another key of a node.
fn invite(inviter: &Node, name: &str, options: &[&str]) -> String {
    let address = inviter.listen().to_string();
    let rotate = ["federation", "rotate-key", name, "--address", &address];
    let made = json(inviter, &[&rotate[..], options].concat());
    made["invite"].as_str().unwrap().to_owned()
}

/// The key of a node in the roster, where it is one node and no more.
fn key_of(at: &Node, name: &str) -> String {
    let roster = json(at, &["federation", "roster"]);
    let nodes = roster["nodes"].as_array().unwrap().iter();
    let named: Vec<_> = nodes.filter(|node| node["name"] == name).collect();
    assert_eq!(named.len(), 1, "{name} is one node: {roster}");
    assert_eq!(named[0]["status"], "active");
    named[0]["key"].as_str().unwrap().to_owned()
}

async fn put(node: &Node, space: &str, number: u64) {
    let plan = samples::plan(SERIES, number);
    node.local().put(space, &[plan]).await.unwrap();
}

/// Waits until all nodes show exactly these plans of a space, alike.
async fn show(nodes: &[&Node], space: &str, numbers: &[u64]) {
    let plans = numbers
        .iter()
        .map(|number| samples::plan_id(SERIES, *number));
    let plans: BTreeSet<String> = plans.collect();
    let names: Vec<_> = nodes.iter().map(|node| node.name()).collect();
    let what = format!("{names:?} show the same {} plans of {space}", plans.len());
    wait::until(&what, async || {
        let mut digests = BTreeSet::new();
        for node in nodes {
            let found = node.local().space(space).await?;
            if found.waiting > 0 || found.refused > 0 {
                return None;
            }
            let shown = node.local().export(space).await;
            if shown.into_keys().collect::<BTreeSet<_>>() != plans {
                return None;
            }
            digests.insert((found.heads_digest, found.frontier_digest));
        }
        (digests.len() == 1).then_some(())
    })
    .await;
}

/// So, and nobody has to look at anything.
async fn agree(nodes: &[&Node], space: &str, numbers: &[u64]) {
    show(nodes, space, numbers).await;
    for node in nodes {
        let problems = node.local().status().await.unwrap().problems;
        assert_eq!(problems, Vec::<String>::new(), "at {}", node.name());
    }
}

/// A hub, a province and its laptop, with a plan in both spaces that all of them hold.
struct Three {
    federation: Federation,
    hub: Node,
    province: Node,
    laptop: Node,
    /// From the province to the hub.
    line: Proxy,
    /// From the laptop to the province.
    laptop_line: Proxy,
}

impl Three {
    async fn meet() -> Self {
        let federation = federation();
        let hub = federation.found().await;
        let mut province = federation.node(PROVINCE);
        province.accept_peers();
        let (province, line) = federation.admit_with(&hub, province).await;
        share(&hub, PLANS, &[&province]).await;
        province.local().create_space(DISTRICT).await;
        province.local().grant(DISTRICT, HUB, "reader").await;

        let address = province.listen().to_string();
        let edge = ["federation", "invite", "--name", LAPTOP, "--role", "edge"];
        let place = ["--area", "4101", "--address", &address];
        let made = json(&province, &[&edge[..], &place].concat());
        let mut laptop = federation.node(LAPTOP);
        laptop.command(&["join", made["invite"].as_str().unwrap()]);
        let laptop_line = Proxy::start(province.listen()).await;
        laptop.dial(PROVINCE, &laptop_line.address());
        laptop.start().await;
        province.local().grant(DISTRICT, LAPTOP, "writer").await;
        laptop.local().until_writer(DISTRICT).await;

        put(&province, PLANS, 0).await;
        put(&laptop, DISTRICT, 10).await;
        converged(&[&hub, &province], PLANS, 1).await;
        converged(&[&hub, &province, &laptop], DISTRICT, 1).await;
        Self {
            federation,
            hub,
            province,
            laptop,
            line,
            laptop_line,
        }
    }

    /// The province writes what nobody hears of, and stops.
    async fn write_unheard(&mut self) {
        self.line.cut();
        self.laptop_line.cut();
        for number in 1..4 {
            put(&self.province, PLANS, number).await;
            put(&self.province, DISTRICT, 10 + number).await;
        }
        assert!(self.province.stop().await.0.success());
    }

    /// The province serves again, and everybody can reach it.
    async fn resume(&mut self) {
        self.province.start().await;
        self.laptop_line.set_target(self.province.listen());
        self.line.restore();
        self.laptop_line.restore();
    }

    /// Everybody has everything, and what is written now arrives as before.
    async fn go_on(&self) {
        let (hub, province, laptop) = (&self.hub, &self.province, &self.laptop);
        agree(&[hub, province], PLANS, &[0, 1, 2, 3]).await;
        agree(&[hub, province, laptop], DISTRICT, &[10, 11, 12, 13]).await;
        put(province, PLANS, 4).await;
        put(laptop, DISTRICT, 14).await;
        agree(&[hub, province], PLANS, &[0, 1, 2, 3, 4]).await;
        agree(&[hub, province, laptop], DISTRICT, &[10, 11, 12, 13, 14]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_province_changes_its_key_and_loses_neither_unsent_edits_nor_its_laptop() {
    let mut all = Three::meet().await;
    let old = key_of(&all.hub, PROVINCE);
    let invite = invite(&all.hub, PROVINCE, &[]);
    let listed = json(&all.hub, &["federation", "invites"]);
    assert_eq!(listed["invites"][0]["replaces"], old, "{listed}");

    // It is for this node alone, and for one that is stopped.
    let running = refused(&all.province, &["rotate-key", &invite]);
    assert!(running.contains("is in use by process"), "{running}");
    let other = refused(&all.federation.node("other"), &["join", &invite]);
    assert!(other.contains("phaki rotate-key"), "{other}");

    all.write_unheard().await;
    let rotated = json(&all.province, &["rotate-key", &invite]);
    assert_eq!(
        (&rotated["name"], &rotated["already"]),
        (&PROVINCE.into(), &false.into())
    );
    assert!(!all.province.data().join("node.key.next").exists());
    let again = json(&all.province, &["rotate-key", &invite]);
    assert_eq!(
        (&again["node"], &again["already"]),
        (&rotated["node"], &true.into())
    );
    all.resume().await;
    all.go_on().await;

    for node in [&all.hub, &all.province, &all.laptop] {
        assert_eq!(
            key_of(node, PROVINCE),
            rotated["node"],
            "at {}",
            node.name()
        );
    }
    assert_ne!(rotated["node"], old);
    let steward = json(&all.hub, &["space", "show", DISTRICT]);
    assert_eq!(steward["steward"], PROVINCE, "{steward}");
    assert_eq!(steward["frozen"], Value::Array(vec![]), "{steward}");
    let plan = samples::plan_id(SERIES, 1);
    let history = all.hub.command(&["history", &plan, "--json"]);
    assert!(history.contains(PROVINCE), "{history}");
    let receipts = json(&all.province, &["receipts", &samples::plan_id(SERIES, 4)]);
    assert_eq!(receipts["nodes"].as_array().unwrap().len(), 2, "{receipts}");
    for (node, act) in [
        (&all.hub, "key-replaced"),
        (&all.province, "own-key-replaced"),
    ] {
        let recorded = node.command(&["audit", "--act", act, "--json"]);
        assert!(recorded.contains(&old), "{act}: {recorded}");
    }
    // The hub had frozen the old key at what it held of its space; of the province's own all counts.
    let recorded = all
        .province
        .command(&["audit", "--act", "entries-republished", "--json"]);
    assert!(recorded.contains("3 entries"), "{recorded}");
    all.province.command(&["audit", "--verify"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_laptop_changes_its_key_at_the_province_that_admitted_it() {
    let mut all = Three::meet().await;
    let old = key_of(&all.hub, LAPTOP);
    let elsewhere = refused(&all.hub, &["federation", "rotate-key", LAPTOP]);
    assert!(
        elsewhere.contains("was admitted by TH-41 itself"),
        "{elsewhere}"
    );
    all.laptop_line.cut();
    put(&all.laptop, DISTRICT, 11).await;
    assert!(all.laptop.stop().await.0.success());
    let invite = invite(&all.province, LAPTOP, &[]);
    let rotated = json(&all.laptop, &["rotate-key", &invite]);
    all.laptop.start().await;
    all.laptop_line.restore();
    agree(&[&all.hub, &all.province, &all.laptop], DISTRICT, &[10, 11]).await;
    put(&all.laptop, DISTRICT, 12).await;
    agree(
        &[&all.hub, &all.province, &all.laptop],
        DISTRICT,
        &[10, 11, 12],
    )
    .await;
    for node in [&all.hub, &all.province, &all.laptop] {
        assert_eq!(key_of(node, LAPTOP), rotated["node"], "at {}", node.name());
    }
    assert_ne!(rotated["node"], old);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_theft_the_machine_that_is_left_goes_on_and_its_unsent_edits_too() {
    let mut all = Three::meet().await;
    all.write_unheard().await;
    // The old key is suspended at once, and need not vouch.
    let invite = invite(&all.hub, PROVINCE, &["--stolen", "--reason", "burglary"]);
    let suspended = all
        .hub
        .command(&["audit", "--act", "node-suspended", "--json"]);
    assert!(suspended.contains("burglary"), "{suspended}");
    fs::remove_file(all.province.data().join("node.key")).unwrap();
    json(&all.province, &["rotate-key", &invite]);
    all.resume().await;
    all.go_on().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_theft_a_node_goes_on_in_an_empty_folder_that_its_peers_fill() {
    let mut all = Three::meet().await;
    let old = key_of(&all.hub, PROVINCE);
    all.province.kill();
    let invite = invite(&all.hub, PROVINCE, &["--stolen"]);
    let folder = all.federation.folder().join("new-machine");
    let mut machine = Node::new(
        all.federation.program(),
        PROVINCE,
        &folder,
        &folder.join("data"),
    );
    machine.accept_peers();
    machine.dial(HUB, &all.line.address());
    let joined = json(&machine, &["join", &invite]);
    assert_eq!(joined["name"], PROVINCE);
    assert_ne!(joined["node"], old);
    machine.start().await;
    all.province = machine;
    all.laptop_line.set_target(all.province.listen());
    all.laptop_line.drop_connections();

    agree(&[&all.hub, &all.province], PLANS, &[0]).await;
    agree(&[&all.hub, &all.province, &all.laptop], DISTRICT, &[10]).await;
    all.province.local().until_writer(PLANS).await;
    put(&all.province, PLANS, 1).await;
    put(&all.laptop, DISTRICT, 11).await;
    agree(&[&all.hub, &all.province], PLANS, &[0, 1]).await;
    agree(&[&all.hub, &all.province, &all.laptop], DISTRICT, &[10, 11]).await;
    // It is the steward of its space as before.
    all.province.local().grant(DISTRICT, HUB, "writer").await;
    all.hub.local().until_writer(DISTRICT).await;
}

/// A machine with the federation's key, without node, network or data folder.
fn sign(federation: &Federation, vault: &Path, unsigned: &Path) -> String {
    let signed = unsigned.with_extension("signed");
    let mut command = federation.program().command();
    command.args(["roster", "sign", "--yes", "--key"]);
    command.arg(vault.join("federation.key")).arg(unsigned);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        shown.contains("key-replaced") && shown.contains("replaces: "),
        "{shown}"
    );
    signed.to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_federations_key_lies_offline_the_node_works_on_until_its_new_key_is_signed() {
    let mut all = Three::meet().await;
    let vault = all.federation.folder().join("vault");
    fs::create_dir(&vault).unwrap();
    let at_home = all.hub.data().join("federation.key");
    fs::rename(&at_home, vault.join("federation.key")).unwrap();

    let invite = invite(&all.hub, PROVINCE, &[]);
    assert!(all.province.stop().await.0.success());
    let waits = all.province.run(&["rotate-key", &invite, "--json"]);
    assert_eq!(waits.status.code(), Some(1), "{waits:?}");
    let waits: Value = serde_json::from_slice(&waits.stdout).unwrap();
    let pending = json(&all.hub, &["federation", "pending", PROVINCE]);
    assert_eq!(pending["fingerprint"], waits["fingerprint"], "{pending}");
    assert_eq!(pending["replaces"], key_of(&all.hub, PROVINCE), "{pending}");
    let told = all.hub.command(&["federation", "pending", PROVINCE]);
    assert!(
        told.contains("replaces the key of TH-41, which vouches for it"),
        "{told}"
    );

    // Meanwhile it works under its old key.
    all.resume().await;
    let problems = all.province.local().status().await.unwrap().problems;
    assert!(
        problems[0].contains("repeat `phaki rotate-key`"),
        "{problems:?}"
    );
    put(&all.province, PLANS, 1).await;
    show(&[&all.hub, &all.province], PLANS, &[0, 1]).await;
    let unsigned = vault.join("rotation.unsigned");
    let out = ["--out", unsigned.to_str().unwrap()];
    json(
        &all.hub,
        &[&["federation", "approve", PROVINCE], &out[..]].concat(),
    );
    let signed = sign(&all.federation, &vault, &unsigned);
    // Its edits of the time until it comes to change the key are not lost either.
    all.line.cut();
    put(&all.province, PLANS, 2).await;
    json(&all.hub, &["federation", "enact", &signed]);
    assert!(all.province.stop().await.0.success());
    let rotated = json(&all.province, &["rotate-key", &invite]);
    assert_eq!(rotated["node"], waits["node"], "the key that waited");
    all.resume().await;
    agree(&[&all.hub, &all.province], PLANS, &[0, 1, 2]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_is_interrupted_anywhere_is_finished_by_the_same_command_or_the_next_start() {
    let mut all = Three::meet().await;
    let invite = invite(&all.hub, PROVINCE, &["--approval"]);
    assert!(all.province.stop().await.0.success());
    assert_eq!(
        all.province.run(&["rotate-key", &invite]).status.code(),
        Some(1)
    );
    // Admitted, and the answer never came: the node starts under a key that nobody takes any more.
    json(&all.hub, &["federation", "approve", PROVINCE]);
    all.province.expect_errors();
    all.province.start().await;
    put(&all.province, PLANS, 1).await;
    assert!(all.province.stop().await.0.success());

    let old = fs::read(all.province.data().join("node.key")).unwrap();
    json(&all.province, &["rotate-key", &invite]);
    // The power failed before the new key got its name.
    let (key, next) = (
        all.province.data().join("node.key"),
        all.province.data().join("node.key.next"),
    );
    fs::rename(&key, &next).unwrap();
    fs::write(&key, old).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(&key, private).unwrap();
    all.resume().await;
    assert!(!next.exists());
    agree(&[&all.hub, &all.province], PLANS, &[0, 1]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_founding_node_changes_its_own_key_and_provinces_that_were_away_find_it_again() {
    let mut all = Three::meet().await;
    let old = key_of(&all.province, HUB);
    // Nobody hears of it before it stops.
    all.line.cut();
    put(&all.hub, PLANS, 1).await;
    put(&all.province, PLANS, 2).await;
    assert!(all.hub.stop().await.0.success());
    let rotated = json(&all.hub, &["rotate-key"]);
    assert_ne!(rotated["node"], old);
    all.hub.start().await;
    all.line.set_target(all.hub.listen());
    all.line.restore();
    agree(&[&all.hub, &all.province], PLANS, &[0, 1, 2]).await;
    assert_eq!(key_of(&all.province, HUB), rotated["node"]);
    agree(&[&all.hub, &all.province, &all.laptop], DISTRICT, &[10]).await;
    // It admits others as before.
    let (_loei, _line) = all.federation.admit(&all.hub, "TH-42").await;
    let without_key = refused(&all.laptop, &["rotate-key"]);
    assert!(
        without_key.contains("is in use by process"),
        "{without_key}"
    );
    assert!(all.province.stop().await.0.success());
    let without_key = refused(&all.province, &["rotate-key"]);
    assert!(without_key.contains("give an invite"), "{without_key}");
}
