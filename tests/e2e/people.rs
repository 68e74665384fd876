//! People's data on real nodes: it reaches those who may write, and once the steward has it erased
//! no file of any node holds it, nor does anything that is put back bring it back.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use phaki_tests::federation::{HUB, converged, share};
use phaki_tests::node::Node;
use phaki_tests::{samples, wait};
use serde_json::{Value, json};

use crate::federation;

const SPACE: &str = "directory";

/// What must be found nowhere: made up, and unlike anything else.
const NAME: &str = "สมมุติ ตัวอย่างทดสอบ";
const TELEPHONE: &str = "074-000-1234";
const MAIL: &str = "somebody@example.invalid";

/// What must be found, so that searching is known to find: it stands in the space's manifest.
const CONTROL: &str = SPACE;

fn person(number: u64) -> Value {
    json!({
        "id": samples::id("person", 9, number),
        "kind": "person",
        "roles": {"r1": {"title": "ผู้อำนวยการ"}},
    })
}

/// Records the person at a node, as an officer would: the fields do not stand on the command line.
fn record(node: &Node, id: &str) {
    let fields = format!("name_th={NAME}\nwork_phone={TELEPHONE}\nwork_email={MAIL}\n");
    let file = node.config().with_extension("contact");
    fs::write(&file, fields).unwrap();
    let set = [
        "contact",
        "set",
        id,
        "--basis",
        "s24-4",
        "--until",
        "2570-09-30",
        "-",
    ];
    let mut set = node.call(&set);
    set.stdin(Stdio::from(fs::File::open(&file).unwrap()));
    let set = set.output().unwrap();
    assert!(
        set.status.success(),
        "{}",
        String::from_utf8_lossy(&set.stderr)
    );
    fs::remove_file(&file).unwrap();
}

fn shown(node: &Node, id: &str) -> Value {
    serde_json::from_str(&node.command(&["contact", "show", id, "--json"])).unwrap()
}

async fn until_name(node: &Node, id: &str, name: Option<&str>) {
    let what = format!("{} has {name:?}", node.name());
    wait::until(&what, async || {
        let shown = shown(node, id);
        (shown["fields"]["name_th"].as_str() == name).then_some(())
    })
    .await;
}

/// Waits until a node knows that everybody has acknowledged the erasure.
async fn until_erased(node: &Node, id: &str, by: usize) {
    let what = format!("{} knows that {by} have erased", node.name());
    wait::until(&what, async || {
        let erasure = shown(node, id)["erasure"].clone();
        let done = erasure["done"]
            .as_array()
            .is_some_and(|done| done.len() == by);
        (done && erasure["open"] == json!([])).then_some(())
    })
    .await;
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found
}

/// The files below a folder that hold a text in UTF-8, UTF-16LE or UTF-16BE.
fn files_with(folder: &Path, text: &str) -> Vec<PathBuf> {
    let little = text.encode_utf16().flat_map(u16::to_le_bytes);
    let big = text.encode_utf16().flat_map(u16::to_be_bytes);
    let forms: [Vec<u8>; 3] = [text.as_bytes().to_vec(), little.collect(), big.collect()];
    let holds = |path: &PathBuf| {
        let content = fs::read(path).unwrap_or_default();
        forms
            .iter()
            .any(|form| content.windows(form.len()).any(|part| part == form))
    };
    files(folder).into_iter().filter(holds).collect()
}

/// No file of a node, its log and what was printed included, holds anything of the person.
fn holds_nobody(folder: &Path) {
    assert_ne!(
        files_with(folder, CONTROL),
        Vec::<PathBuf>::new(),
        "searching finds nothing"
    );
    for secret in [NAME, TELEPHONE, MAIL] {
        assert_eq!(files_with(folder, secret), Vec::<PathBuf>::new());
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_erased_is_in_no_file_of_any_node_and_no_backup_brings_it_back() {
    let federation = federation();
    let hub = federation.found().await;
    let (mut province, line) = federation.admit(&hub, "TH-41").await;
    let (reader, _reader_line) = federation.admit(&hub, "TH-42").await;
    province.expect_errors();
    share(&hub, SPACE, &[&province]).await;
    hub.local().grant(SPACE, "TH-42", "reader").await;
    let (erased, other) = (samples::id("person", 9, 1), samples::id("person", 9, 2));
    hub.local()
        .put(SPACE, &[person(1), person(2)])
        .await
        .unwrap();
    converged(&[&hub, &province, &reader], SPACE, 2).await;

    record(&province, &erased);
    record(&hub, &other);
    for id in [&erased, &other] {
        until_name(&hub, id, Some(NAME)).await;
        until_name(&province, id, Some(NAME)).await;
    }
    assert_eq!(
        shown(&reader, &erased)["number"],
        0,
        "a reader holds nobody's data"
    );
    let refused = province.run(&[
        "contact",
        "erase",
        &erased,
        "--reason",
        "objection",
        "--yes",
    ]);
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(why.contains("only the steward"), "{why}");

    let backup = federation.folder().join("backup");
    province.command(&["backup", backup.to_str().unwrap()]);
    assert!(province.stop().await.0.success());
    let before = federation.folder().join("before");
    copy(province.data(), &before);

    // While the province is away the clock runs.
    hub.command(&[
        "contact",
        "erase",
        &erased,
        "--reason",
        "objection",
        "--yes",
    ]);
    let status: Value = serde_json::from_str(&hub.command(&["status", "--json"])).unwrap();
    assert_eq!(status["erasures"][0]["open"], json!(["TH-41"]), "{status}");
    province.start().await;
    until_erased(&hub, &erased, 2).await;
    until_erased(&province, &erased, 2).await;
    until_erased(&reader, &erased, 2).await;
    until_name(&province, &other, Some(NAME)).await;

    // The other person goes as well, so that the same words are nowhere at all.
    hub.command(&[
        "contact",
        "erase",
        &other,
        "--reason",
        "no-longer-needed",
        "--yes",
    ]);
    until_erased(&province, &other, 2).await;
    for node in [&hub, &province, &reader] {
        holds_nobody(node.data().parent().unwrap());
        node.command(&["verify"]);
    }

    // An older backup of the store is put back.
    assert!(province.stop().await.0.success());
    province.command(&["restore", backup.to_str().unwrap(), "--replace"]);
    line.cut();
    province.start().await;
    until_name(&province, &erased, None).await;
    line.restore();
    until_erased(&province, &erased, 2).await;
    holds_nobody(province.data().parent().unwrap());

    // So is an older copy of the whole folder, keys and all, as of a laptop that was away for long.
    assert!(province.stop().await.0.success());
    fs::remove_dir_all(province.data()).unwrap();
    copy(&before, province.data());
    fs::remove_dir_all(&before).unwrap();
    province.dial(HUB, &line.address());
    line.cut();
    province.start().await;
    until_name(&province, &erased, Some(NAME)).await;
    line.restore();
    until_erased(&province, &erased, 2).await;
    until_name(&province, &erased, None).await;
    province.command(&["verify"]);
    assert!(province.stop().await.0.success());
    holds_nobody(province.data().parent().unwrap());
    let recorded = province.command(&["audit", "--act", "person-erased", "--json"]);
    assert!(recorded.contains(&erased), "{recorded}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_for_access_is_answered_with_everything_and_who_saw_it() {
    let federation = federation();
    let hub = federation.found().await;
    hub.local().create_space(SPACE).await;
    hub.local().put(SPACE, &[person(1)]).await.unwrap();
    let id = samples::id("person", 9, 1);
    let bare = hub.run(&["contact", "set", &id, "work_phone=074-000-1234"]);
    let why = String::from_utf8(bare.stderr).unwrap();
    assert!(why.contains("--basis") && !why.contains(TELEPHONE), "{why}");
    for (field, what) in [
        ("note=1-1017-00203-45-0", "13 digits"),
        ("line_id=example", "s19"),
        ("citizen=1", "has no field"),
    ] {
        let set = [
            "contact",
            "set",
            &id,
            "--basis",
            "s24-4",
            "--until",
            "2570-09-30",
            field,
        ];
        let why = String::from_utf8(hub.run(&set).stderr).unwrap();
        assert!(why.contains(what), "{why}");
    }
    record(&hub, &id);
    hub.command(&["contact", "show", &id, "--account", "officer-7"]);
    let all = hub.command(&["contact", "export", &id, "--json"]);
    let all: Value = serde_json::from_str(&all).unwrap();
    assert_eq!(all["contact"]["fields"]["name_th"], NAME);
    assert_eq!(all["contact"]["retain_until"], "2027-09-30");
    assert_eq!(all["document"]["roles"]["r1"]["title"], "ผู้อำนวยการ");
    let access = all["access"].as_array().unwrap().iter();
    let access = access.map(|one| (one["act"].as_str().unwrap(), one["who"].as_str().unwrap()));
    assert_eq!(
        access.collect::<Vec<_>>(),
        [
            ("contact-recorded", "officer@TH"),
            ("contact-read", "officer-7"),
            ("contact-exported", "officer@TH"),
        ]
    );
    let listed = hub.command(&["contact", "list"]);
    assert!(listed.contains(&id) && !listed.contains(NAME), "{listed}");
    holds_nobody(hub.data().parent().unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_longer_than_needed_is_a_problem_of_the_node() {
    let federation = federation();
    let hub = federation.found().await;
    hub.local().create_space(SPACE).await;
    hub.local().put(SPACE, &[person(1)]).await.unwrap();
    let id = samples::id("person", 9, 1);
    let set = [
        "contact",
        "set",
        &id,
        "--basis",
        "s24-4",
        "--until",
        "2560-09-30",
        "note=x",
    ];
    hub.command(&set);
    let problems = hub.local().status().await.unwrap().problems;
    assert!(
        problems[0].contains("1 contact records are past the day"),
        "{problems:?}"
    );
}
