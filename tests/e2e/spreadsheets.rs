//! Documents leave as spreadsheets and in formats of other systems, and come back changed.

use std::fs;
use std::path::Path;

use phaki_tests::federation::Federation;
use phaki_tests::node::Node;
use serde_json::{Value, json};

use crate::federation;

const SPACE: &str = "samples";
const COPY: &str = "copy";
/// The activity of the samples that has a budget, and its amount in baht.
const BUDGETED: &str = "activity_f370e6bc-4d1b-5a9b-a2cf-1ca19f928e29";

/// The five sample networks.
fn samples() -> Vec<Value> {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../crates/daemon/samples/networks.json"
    );
    let file: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    file["docs"].as_array().unwrap().clone()
}

/// A node that has them.
async fn node(federation: &Federation) -> Node {
    let hub = federation.found().await;
    hub.local().create_space(SPACE).await;
    hub.local().create_space(COPY).await;
    hub.local().put(SPACE, &samples()).await.unwrap();
    hub
}

fn path(federation: &Federation, name: &str) -> String {
    federation.folder().join(name).to_str().unwrap().to_owned()
}

/// What an import tells programs, and its exit code.
fn import(node: &Node, arguments: &[&str]) -> (Value, Option<i32>) {
    let output = node.run(&[&["import", "--json"], arguments].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    let told = serde_json::from_str(&text).unwrap_or_else(|error| {
        panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr))
    });
    (told, output.status.code())
}

fn counts(told: &Value) -> [u64; 3] {
    ["created", "changed", "unchanged"].map(|field| told[field].as_u64().unwrap())
}

fn replace_in(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{from} is not in {}", file.display());
    fs::write(file, text.replacen(from, to, 1)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workbook_makes_the_same_documents_elsewhere_and_changes_nothing_at_home() {
    let federation = federation();
    let node = node(&federation).await;
    let file = path(&federation, "samples.xlsx");
    node.command(&["export", "--space", SPACE, "--out", &file, "--lang", "th"]);
    let (told, code) = import(&node, &[&file, "--space", SPACE]);
    assert_eq!(
        (counts(&told), code),
        ([0, 0, samples().len() as u64], Some(0)),
        "{told}"
    );
    let (told, code) = import(&node, &[&file, "--space", COPY]);
    assert_eq!(
        (counts(&told), code),
        ([samples().len() as u64, 0, 0], Some(0)),
        "{told}"
    );
    let [here, there] = [SPACE, COPY].map(|space| async { node.local().export(space).await });
    assert_eq!(here.await, there.await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_corrected_cell_changes_its_field_and_a_bad_one_is_named() {
    let federation = federation();
    let node = node(&federation).await;
    let folder = path(&federation, "activities");
    let export = [
        "export", "--space", SPACE, "--kind", "activity", "--format", "csv",
    ];
    node.command(&[&export[..], &["--out", &folder, "--lang", "th"]].concat());
    let budget = Path::new(&folder).join("activity.budget.csv");
    replace_in(&budget, "1600000.00", "1.8 ล้านบาท");
    let targets = Path::new(&folder).join("activity.targets.csv");
    replace_in(&targets, ",41,", ",สี่สิบเอ็ด,");

    let (told, code) = import(&node, &[&folder, "--space", SPACE, "--dry-run"]);
    assert_eq!((counts(&told)[1], code), (1, Some(1)), "{told}");
    assert_eq!(told["changes"][0]["path"], "budget/b1/amount_satang");
    assert_eq!(told["changes"][0]["after"], json!(180_000_000));
    assert_eq!(told["remarks"][0]["found"], "สี่สิบเอ็ด");
    let before = node.local().show(BUDGETED).await.unwrap();
    assert_eq!(before["budget"]["b1"]["amount_satang"], json!(160_000_000));

    let output = node.run(&["import", &folder, "--space", SPACE, "--lang", "th"]);
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.contains("ต้องเป็นจำนวนเต็ม"), "{complaint}");
    let after = node.local().show(BUDGETED).await.unwrap();
    assert_eq!(after["budget"]["b1"]["amount_satang"], json!(180_000_000));
    assert_eq!(after["targets"], before["targets"]);
    let (told, _) = import(&node, &[&folder, "--space", SPACE]);
    assert_eq!(counts(&told)[..2], [0, 0], "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mark_removes_a_field_and_new_rows_make_documents_once() {
    let federation = federation();
    let node = node(&federation).await;
    let file = path(&federation, "activity.csv");
    let rows = format!(
        "รหัสเอกสาร [activity],ชื่อโครงการ/กิจกรรม,พื้นที่,สถานะ\n{BUDGETED},,,(ลบ)\nใหม่,อบรม อสม.,41,draft\n"
    );
    fs::write(&file, rows).unwrap();
    let (told, code) = import(&node, &[&file, "--space", SPACE]);
    assert_eq!((counts(&told), code), ([1, 1, 0], Some(0)), "{told}");
    let document = node.local().show(BUDGETED).await.unwrap();
    assert_eq!(document.get("status"), None);
    assert_eq!(
        document["title"]["th"],
        "กิจกรรมการพัฒนาเครือข่ายแกนนำสร้างสุขภาพฯ"
    );
    let (told, _) = import(&node, &[&file, "--space", SPACE]);
    assert_eq!(counts(&told), [0, 0, 2], "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_systems_get_their_formats_without_names_of_persons() {
    let federation = federation();
    let node = node(&federation).await;
    let bundle = node.command(&["export", "--space", SPACE, "--format", "fhir"]);
    let bundle: Value = serde_json::from_str(&bundle).unwrap();
    let of_type = |name: &str| {
        let entries = bundle["entry"].as_array().unwrap().iter();
        entries
            .filter(|entry| entry["resource"]["resourceType"] == name)
            .count()
    };
    assert_eq!(of_type("Organization"), 61 + 6);
    assert!(of_type("PractitionerRole") >= 14);
    assert!(of_type("OrganizationAffiliation") >= 40);
    assert_eq!(of_type("Practitioner"), 0);

    let calendar = node.command(&["export", "--space", SPACE, "--format", "ics"]);
    assert!(calendar.starts_with("BEGIN:VCALENDAR\r\n"), "{calendar}");
    assert!(
        calendar.contains("DTSTART;VALUE=DATE:20231122\r\n"),
        "{calendar}"
    );
    assert!(calendar.split("\r\n").all(|line| line.len() <= 75));

    let office = json!({"id": "org_01960000-0000-7000-8000-000000000001", "kind": "org",
        "name": {"th": "รพ.สต.บ้านควนโส"}, "phone": "074-123456"});
    node.local().put(SPACE, &[office]).await.unwrap();
    let file = path(&federation, "offices.vcf");
    node.command(&["export", "--space", SPACE, "--out", &file]);
    let cards = fs::read_to_string(file).unwrap();
    assert!(cards.contains("TEL;TYPE=WORK:074-123456\r\n"), "{cards}");

    let projects = path(&federation, "projects.csv");
    let layout = ["--layout", "local-fund", "--lang", "th"];
    node.command(
        &[
            &["export", "--space", SPACE, "--out", &projects],
            &layout[..],
        ]
        .concat(),
    );
    let projects = fs::read_to_string(projects).unwrap();
    assert!(projects.contains(",1600000.00,"), "{projects}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn automerge_files_hold_what_the_documents_say() {
    let federation = federation();
    let node = node(&federation).await;
    let folder = path(&federation, "saved");
    node.command(&[
        "export",
        "--space",
        SPACE,
        "--format",
        "automerge",
        "--out",
        &folder,
    ]);
    for sample in samples() {
        let id = sample["id"].as_str().unwrap();
        let bytes = fs::read(Path::new(&folder).join(format!("{id}.automerge"))).unwrap();
        let id = id.parse().unwrap();
        let document = phaki_documents::Document::load(id, Some(&bytes), []).unwrap();
        assert_eq!(document.to_json(), sample);
    }
}
