//! What merging leaves to people, at nodes that were cut off from each other: ranges of sums, edits
//! after an approval, texts to read once more.

use phaki_tests::federation::{converged, share};
use phaki_tests::node::Node;
use serde_json::{Value, json};

use crate::federation;

const SPACE: &str = "plans";
const ID: &str = "activity_f370e6bc-4d1b-5a9b-a2cf-1ca19f928e29";
const AMOUNT: &str = "budget/b1/amount_satang";

fn activity() -> Value {
    json!({
        "id": ID, "kind": "activity", "title": { "th": "พัฒนาเครือข่าย" }, "areas": ["41"],
        "description": "ข้อแรก\nข้อสอง",
        "budget": { "b1": { "amount_satang": 160_000_000, "stage": "approved" } },
    })
}

/// The differences since the approval: path, value then, value now.
fn differences(node: &Node) -> Vec<(String, Value, Value)> {
    let answer: Value = serde_json::from_str(&node.command(&["diff", ID, "--json"])).unwrap();
    let one = |one: &Value| {
        let path = one["path"].as_str().unwrap().to_owned();
        (path, one["from"].clone(), one["to"].clone())
    };
    answer["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(one)
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offices_that_were_apart_see_ranges_edits_after_approval_and_merged_texts_until_a_person_settles_them()
 {
    let federation = federation();
    let hub = federation.found().await;
    let (udon, line) = federation.admit(&hub, "TH-41").await;
    share(&hub, SPACE, &[&udon]).await;
    hub.local().put(SPACE, &[activity()]).await.unwrap();
    converged(&[&hub, &udon], SPACE, 1).await;
    line.cut();
    hub.command(&["approve", ID, "--key", "board", "--meeting", "1/2567"]);
    hub.command(&[
        "edit",
        ID,
        &format!("{AMOUNT}=1,800,000บาท"),
        "description=ข้อแรกใหม่\nข้อสอง",
    ]);
    udon.command(&[
        "edit",
        ID,
        &format!("{AMOUNT}=1,500,000บาท"),
        "description=ข้อแรก\nข้อสองใหม่",
    ]);
    line.restore();
    converged(&[&hub, &udon], SPACE, 4).await;

    for node in [&hub, &udon] {
        let thai = node.run(&["check", ID, "--lang", "th"]).stdout;
        let thai = String::from_utf8(thai).unwrap();
        for told in [
            "อนุมัติ 1.50–1.80 ล้านบาท",
            "มีข้อขัดแย้ง 1 รายการ",
            "รายงานใช้ยอดอนุมัติ 1,600,000.00 บาท",
        ] {
            assert!(thai.contains(told), "{told}: {thai}");
        }
        let shown = node.command(&["show", ID, "--lang", "th"]);
        assert!(shown.contains("แก้ไขหลังอนุมัติ"), "{shown}");
        assert!(shown.contains("รวมข้อความอัตโนมัติ"), "{shown}");
        assert_eq!(differences(node).len(), 2);
    }

    let paths: Vec<String> = differences(&udon).into_iter().map(|one| one.0).collect();
    assert_eq!(paths, [AMOUNT, "description"]);
    udon.command(&["resolve", ID, AMOUNT, "1,600,000บาท"]);
    udon.command(&["resolve", ID, "description", "--shown", "-m", "อ่านแล้ว"]);
    converged(&[&hub, &udon], SPACE, 6).await;
    // The amount is again what was approved.
    let text = json!("ข้อแรกใหม่\nข้อสองใหม่");
    let edited = ("description".to_owned(), json!("ข้อแรก\nข้อสอง"), text);
    assert_eq!(differences(&hub), [edited]);
    hub.command(&["approve", ID, "--key", "again"]);
    assert!(differences(&hub).is_empty());
    let shown = hub.command(&["show", ID, "--lang", "th"]);
    assert!(!shown.contains("! "), "{shown}");
    assert!(
        hub.command(&["check", ID, "--lang", "en"])
            .contains("approved 1,600,000.00 baht")
    );
}
