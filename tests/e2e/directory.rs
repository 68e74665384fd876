//! Two provinces that work apart write one organisation twice; a person finds the pair, merges it,
//! and takes it back, and everybody sees the same.

use phaki_tests::federation::{converged, share};
use phaki_tests::node::Node;
use serde_json::{Value, json};

use crate::federation;

const SPACE: &str = "directory";
const SHORT: &str = "org_01960000-0000-7000-8000-000000000001";
const FULL: &str = "org_01960000-0000-7000-8000-000000000002";
const UNIT: &str = "org_01960000-0000-7000-8000-000000000003";

fn office(id: &str, name: &str) -> Value {
    json!({ "id": id, "kind": "org", "name": { "th": name }, "type": "pao", "areas": ["90"] })
}

fn rows(node: &Node, arguments: &[&str]) -> Vec<Value> {
    let answer = node.command(&[arguments, &["--json"]].concat());
    answer
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The record that stands for each organisation, where that is another one.
fn merged(node: &Node) -> Vec<(String, String)> {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let rows = rows(node, &["list", "--kind", "org"]).into_iter();
    rows.filter(|row| !row["merged_into"].is_null())
        .map(|row| (word(&row["id"]), word(&row["merged_into"])))
        .collect()
}

fn pair(one: &str, other: &str) -> (String, String) {
    (one.to_owned(), other.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_organisation_written_twice_is_found_merged_at_both_ends_and_parted_again() {
    let federation = federation();
    let hub = federation.found().await;
    let (songkhla, line) = federation.admit(&hub, "TH-90").await;
    share(&hub, SPACE, &[&songkhla]).await;
    let unit = json!({
        "id": UNIT, "kind": "org", "name": { "th": "รพ.สต.บ้านดอน" }, "type": "rpsst",
        "areas": ["9013"], "parents": { "p1": { "org": SHORT, "kind": "transfer", "from": "2022-10-01" } },
    });
    hub.local()
        .put(SPACE, &[office(FULL, "องค์การบริหารส่วนจังหวัดสงขลา")])
        .await
        .unwrap();
    songkhla
        .local()
        .put(SPACE, &[office(SHORT, "อบจ.สงขลา"), unit])
        .await
        .unwrap();
    converged(&[&hub, &songkhla], SPACE, 3).await;

    for node in [&hub, &songkhla] {
        let pairs = rows(node, &["duplicates"]);
        assert_eq!(pairs.len(), 1);
        assert_eq!(pairs[0]["score"], 100);
        let ids = [&pairs[0]["remains"]["id"], &pairs[0]["other"]["id"]];
        assert_eq!(ids, [SHORT, FULL]);
    }
    let thai = hub.command(&["duplicates", "--lang", "th"]);
    assert!(thai.contains("ชื่อเดียวกัน +60"), "{thai}");

    // Both merge at once, each in its own direction.
    line.cut();
    hub.command(&["merge", FULL, SHORT]);
    songkhla.command(&["merge", SHORT, FULL]);
    assert_eq!(merged(&songkhla), [pair(SHORT, FULL)]);
    line.restore();
    converged(&[&hub, &songkhla], SPACE, 5).await;
    for node in [&hub, &songkhla] {
        assert_eq!(merged(node), [pair(FULL, SHORT)]);
        assert!(rows(node, &["duplicates"]).is_empty());
        let told = node.run(&["check", SHORT, "--json"]).stdout;
        assert!(
            String::from_utf8(told)
                .unwrap()
                .contains("merged_in_circle")
        );
    }

    // One takes it back; the chain of the other is followed wherever the record is named.
    hub.command(&["merge", FULL, "--undo"]);
    converged(&[&hub, &songkhla], SPACE, 6).await;
    assert_eq!(merged(&songkhla), [pair(SHORT, FULL)]);
    let shown = songkhla.command(&["show", UNIT, "--lang", "th"]);
    assert!(
        shown.contains(&format!("องค์การบริหารส่วนจังหวัดสงขลา [{FULL}]")),
        "{shown}"
    );
    let tree = &rows(&songkhla, &["tree", FULL, "--at", "2023-01-01"])[0];
    let below: Vec<_> = tree["places"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["organisation"]["id"])
        .collect();
    assert_eq!(below, [FULL, UNIT]);
    let before = &rows(&songkhla, &["tree", FULL, "--at", "2022-09-30"])[0];
    assert_eq!(before["places"].as_array().unwrap().len(), 1);

    songkhla.command(&["merge", SHORT, "--undo"]);
    converged(&[&hub, &songkhla], SPACE, 7).await;
    assert!(merged(&hub).is_empty());
    songkhla.command(&["duplicates", "--two", FULL, SHORT]);
    converged(&[&hub, &songkhla], SPACE, 8).await;
    assert!(rows(&hub, &["duplicates"]).is_empty());
}
