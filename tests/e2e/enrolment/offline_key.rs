//! The federation's key on a machine without a line, and the files that travel to it and back.

use std::fs;
use std::path::Path;
use std::process::Output;

use phaki_tests::wait;
use serde_json::Value;

use super::{
    failure, invite, join_and_wait, json, refused, roster_version, status_of, until_linked,
};
use crate::{federation, program};

/// A machine with the federation's key, without node, network or data folder.
struct Vault<'a> {
    folder: &'a Path,
}

impl Vault<'_> {
    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = program().command();
        let command = command.args(arguments).current_dir(self.folder);
        command.env("HOME", self.folder).output().unwrap()
    }

    fn sign(&self, file: &str) {
        let key = ["--key", "federation.key", "--yes"];
        let output = self.run(&[&["roster", "sign", file], &key[..]].concat());
        assert!(output.status.success(), "{output:?}");
    }

    fn path(&self, file: &str) -> String {
        self.folder.join(file).to_str().unwrap().to_owned()
    }

    fn contains(&self, file: &str) -> bool {
        self.folder.join(file).exists()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_of_the_federation_may_lie_on_a_machine_without_a_line() {
    let federation = federation();
    let hub = federation.found().await;
    let folder = federation.folder().join("vault");
    fs::create_dir(&folder).unwrap();
    let vault = Vault { folder: &folder };
    let at_home = hub.data().join("federation.key");
    fs::rename(&at_home, folder.join("federation.key")).unwrap();

    // Nobody can sign here, so whoever is invited waits, and approving makes a file.
    let (udon, songkhla) = (federation.node("TH-41"), federation.node("TH-90"));
    let invites = ["TH-41", "TH-90"].map(|name| invite(&hub, name, &[]));
    join_and_wait(&udon, &invites[0]);
    join_and_wait(&songkhla, &invites[1]);
    let unsigned = vault.path("admit.unsigned");
    let approve = [
        "federation",
        "approve",
        "TH-41",
        "TH-90",
        "--out",
        &unsigned,
    ];
    let approved = json(&hub, &approve);
    assert_eq!(
        (&approved["in_force"], &approved["version"]),
        (&false.into(), &2.into())
    );
    assert_eq!(roster_version(&hub), 1);
    join_and_wait(&udon, &invites[0]);
    let early = refused(&hub, &["federation", "enact", &unsigned]);
    assert!(early.contains("not signed yet"), "{early}");

    // Whoever signs sees what it is, and is asked.
    let key = ["--key", "federation.key"];
    let sign = ["roster", "sign", "admit.unsigned"];
    let unsure = vault.run(&[&sign[..], &key[..]].concat());
    assert_eq!(unsure.status.code(), Some(2), "{unsure:?}");
    let shown = String::from_utf8_lossy(&unsure.stdout);
    for expected in ["version 1 → 2", "added", "TH-41", "TH-90", "province"] {
        assert!(shown.contains(expected), "{expected} is missing: {shown}");
    }
    assert!(!vault.contains("admit.signed"));
    let node_key = hub.data().join("node.key");
    let wrong = ["--key", node_key.to_str().unwrap(), "--yes"];
    let wrong = vault.run(&[&sign[..], &wrong[..]].concat());
    assert!(failure(&wrong, &sign).contains("the key is not that of federation"));
    vault.sign("admit.unsigned");
    let shown = vault.run(&["roster", "show", "admit.signed", "--json"]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(
        (&shown["signed"], &shown["version"]),
        (&true.into(), &2.into())
    );

    let enacted = json(&hub, &["federation", "enact", &vault.path("admit.signed")]);
    assert_eq!(enacted["differences"][0]["what"], "added");
    assert_eq!(
        json(&hub, &["federation", "pending"])["nodes"],
        serde_json::json!([])
    );
    for (node, invite) in [&udon, &songkhla].into_iter().zip(&invites) {
        assert_eq!(json(node, &["join", invite])["name"], node.name());
    }

    // A key that came back is used again.
    fs::rename(folder.join("federation.key"), &at_home).unwrap();
    let suspended = json(&hub, &["federation", "suspend", "TH-41"]);
    assert_eq!(
        (&suspended["in_force"], &suspended["version"]),
        (&true.into(), &3.into())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_damaged_or_foreign_roster_never_comes_in_force() {
    let federation = federation();
    let hub = federation.found().await;
    let (_udon, _line) = federation.admit(&hub, "TH-41").await;
    let (songkhla, _other_line) = federation.admit(&hub, "TH-90").await;
    until_linked(&hub, "TH-90").await;
    let folder = federation.folder().join("vault");
    fs::create_dir(&folder).unwrap();
    let vault = Vault { folder: &folder };
    let at_home = hub.data().join("federation.key");
    fs::rename(&at_home, folder.join("federation.key")).unwrap();

    // Two files from one version: the second would undo the first unseen.
    let change = |change: &[&str]| {
        let file = change[0];
        let out = vault.path(&format!("{file}.unsigned"));
        hub.command(&[&["federation"], change, &["TH-41", "--out", &out]].concat());
        vault.sign(&format!("{file}.unsigned"));
        vault.path(&format!("{file}.signed"))
    };
    let suspend = change(&["suspend"]);
    let remove = change(&["remove", "--yes"]);
    let text = fs::read_to_string(&suspend).unwrap();
    let damaged = vault.path("damaged.signed");
    let middle = text.len() / 2;
    let other = if text[middle..].starts_with('A') {
        "B"
    } else {
        "A"
    };
    fs::write(
        &damaged,
        format!("{}{other}{}", &text[..middle], &text[middle + 1..]),
    )
    .unwrap();
    assert!(refused(&hub, &["federation", "enact", &damaged]).contains("damaged"));

    json(&hub, &["federation", "enact", &suspend]);
    assert_eq!(status_of(&hub, "TH-41"), "suspended");
    let second = refused(&hub, &["federation", "enact", &remove]);
    assert!(second.contains("version 4 with other changes"), "{second}");
    let again = refused(&hub, &["federation", "enact", &suspend]);
    assert!(again.contains("in force here already"), "{again}");

    // Any node of the federation takes it, and the hub hears of it from there.
    let back = change(&["reinstate"]);
    assert_eq!(status_of(&hub, "TH-41"), "suspended");
    json(&songkhla, &["federation", "enact", &back]);
    wait::until("the hub hears of the roster", async || {
        (status_of(&hub, "TH-41") == "active").then_some(())
    })
    .await;
    let older = refused(&songkhla, &["federation", "enact", &suspend]);
    assert!(older.contains("version 5 with other changes"), "{older}");

    let mut elsewhere = federation.node("elsewhere");
    elsewhere.command(&["federation", "create", "--name", "TH", "--area", "TH"]);
    elsewhere.start().await;
    let foreign = refused(&elsewhere, &["federation", "enact", &back]);
    assert!(foreign.contains("this node belongs to"), "{foreign}");
}
