//! The inbox of conflicts: whose they are, what waits longest, what money depends on, and how a
//! person settles one or many.

use phaki_tests::federation::{converged, share};
use phaki_tests::node::Node;
use serde_json::{Value, json};

use crate::federation;

const SPACE: &str = "plans";
const ID: &str = "activity_f370e6bc-4d1b-5a9b-a2cf-1ca19f928e29";

fn activity() -> Value {
    let line = |satang: i64| json!({ "source": "pao", "amount_satang": satang });
    json!({
        "id": ID,
        "kind": "activity",
        "title": { "th": "พัฒนาเครือข่ายแกนนำสร้างสุขภาพ" },
        "budget": { "b1": line(160_000_000), "b2": line(1_000) },
    })
}

/// The fields in conflict, in the order in which the command tells them.
fn fields(node: &Node, options: &[&str]) -> Vec<String> {
    let answer = node.command(&[&["conflicts", "--json"], options].concat());
    let rows = answer
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    rows.map(|row: Value| row["path"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conflicts_wait_by_age_or_money_and_many_are_settled_at_once() {
    const TITLE: &str = "title/th";
    const LARGE: &str = "budget/b1/amount_satang";
    const SMALL: &str = "budget/b2/amount_satang";
    let federation = federation();
    let hub = federation.found().await;
    let (udon, line) = federation.admit(&hub, "TH-41").await;
    share(&hub, SPACE, &[&udon]).await;
    hub.local().put(SPACE, &[activity()]).await.unwrap();
    converged(&[&hub, &udon], SPACE, 1).await;
    line.cut();
    for (field, here, there) in [
        (TITLE, "ชื่อที่หนึ่ง", "ชื่อที่สอง"),
        (SMALL, "1,100บาท", "1,200บาท"),
        (LARGE, "1,800,000บาท", "1,500,000บาท"),
    ] {
        let at = |value| format!("{field}={value}");
        hub.command(&["edit", ID, &at(here), "--account", "n1"]);
        udon.command(&["edit", ID, &at(there), "--account", "u7"]);
    }
    line.restore();
    converged(&[&hub, &udon], SPACE, 7).await;

    for node in [&hub, &udon] {
        assert_eq!(fields(node, &[]), [TITLE, SMALL, LARGE]);
        assert_eq!(fields(node, &["--by", "money"]), [LARGE, SMALL, TITLE]);
        assert_eq!(fields(node, &["--mine", "--account", "u7"]).len(), 3);
        assert!(fields(node, &["--mine", "--account", "somebody"]).is_empty());
        assert_eq!(fields(node, &["--of", "TH-41"]).len(), 3);
    }
    let told = hub.command(&["conflicts", "--by", "money"]);
    assert!(told.contains("at stake: 300,000.00 baht"), "{told}");

    udon.command(&["resolve", ID, LARGE, "1,700,000บาท", "-m", "ตกลงกันแล้ว"]);
    let told = udon.command(&["resolve", "--all", "--value-of", "TH", "--space", SPACE]);
    assert!(told.contains("settled: 2; left: 0"), "{told}");
    converged(&[&hub, &udon], SPACE, 10).await;
    assert!(fields(&hub, &[]).is_empty());
    let shown = hub.local().show(ID).await.unwrap();
    assert_eq!(
        (&shown["title"]["th"], &shown["budget"]),
        (
            &json!("ชื่อที่หนึ่ง"),
            &json!({
                "b1": { "source": "pao", "amount_satang": 170_000_000 },
                "b2": { "source": "pao", "amount_satang": 110_000 },
            })
        )
    );
}
