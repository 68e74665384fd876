//! Finding documents by words: on the command line, after a first copy, and after a sudden end.

use phaki_tests::federation::{converged, share};
use phaki_tests::node::Node;
use phaki_wire::proto::local::v1::SearchDocumentsRequest;
use serde_json::{Value, json};

use crate::federation;

const SPACE: &str = "directory";

fn directory() -> [Value; 3] {
    let org = |number: u8, name: &str, short: &[&str], aliases: &[&str]| {
        json!({
            "id": format!("org_0000000{number}-0000-4000-8000-000000000000"),
            "kind": "org",
            "name": {"th": name},
            "short": short,
            "aliases": aliases,
            "type": "other",
            "areas": ["90"],
        })
    };
    [
        org(1, "สํานักงานสาธารณสุขอําเภอควนเนียง", &["สสอ.ควนเนียง"], &[]),
        org(
            2,
            "สำนักงานคณะกรรมการสุขภาพแห่งชาติ",
            &["สช."],
            &["สำนักงานคณะกรรมการสุขภาพเเห่งชาติ"],
        ),
        org(3, "โรงพยาบาลส่งเสริมสุขภาพตำบลบ้านควนโส", &[], &[]),
    ]
}

/// The names that a search on the command line finds, the best first.
fn found(node: &Node, arguments: &[&str]) -> Vec<String> {
    let lines = node.command(&[&["search", "--json"], arguments].concat());
    let hits = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    hits.map(|hit| hit["document"]["title"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_office_entered_another_finds_by_any_spelling_and_abbreviation() {
    let federation = federation();
    let hub = federation.found().await;
    let (mut songkhla, _line) = federation.admit(&hub, "TH-90").await;
    share(&hub, SPACE, &[&songkhla]).await;
    hub.local().put(SPACE, &directory()).await.unwrap();
    converged(&[&hub, &songkhla], SPACE, 3).await;
    let [district, council, clinic] = directory().map(|org| org["name"]["th"].clone());
    for _ in 0..2 {
        let node = &songkhla;
        assert_eq!(
            found(node, &["สำนักงานสาธารณสุขอำเภอ"]),
            [district.as_str().unwrap()]
        );
        assert_eq!(found(node, &["สช"]), [council.as_str().unwrap()]);
        assert_eq!(
            found(node, &["รพ.สต.", "ควนโส"]),
            [clinic.as_str().unwrap()]
        );
        assert_eq!(found(node, &["ควน"]).len(), 2);
        assert_eq!(found(node, &["ควน", "--kind", "plan"]), [""; 0]);
        assert_eq!(found(node, &["ควน", "--limit", "1"]).len(), 1);
        // What it found before a sudden end it finds afterwards.
        songkhla.kill();
        songkhla.start().await;
    }
    let shown = songkhla.command(&["search", "กําหนด", "--lang", "en"]);
    assert_eq!(shown.trim(), "no document found");
    let shown = songkhla.command(&["search", "แห่งชาติ", "--lang", "en"]);
    assert!(shown.contains("สุขภาพ[แห่งชาติ]"), "{shown}");
    assert!(shown.contains("1 found"), "{shown}");
    assert_eq!(songkhla.run(&["search", "ก"]).status.code(), Some(1));
    // By the dictionary, and not by code points, โ belongs to the consonant behind it.
    let listed = songkhla.command(&["list"]);
    let place = |name: &Value| listed.find(name.as_str().unwrap()).unwrap();
    assert!(place(&clinic) < place(&district), "{listed}");
    songkhla.stop().await;
    let verified: Value = serde_json::from_str(&songkhla.command(&["verify", "--json"])).unwrap();
    assert_eq!(verified["problems"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_is_found_by_the_next_search() {
    let federation = federation();
    let hub = federation.found().await;
    hub.local().create_space(SPACE).await;
    hub.local().put(SPACE, &directory()).await.unwrap();
    let id = directory()[2]["id"].as_str().unwrap().to_owned();
    for number in 1..=5 {
        let name = format!("รพ.สต.แห่งที่ {number}");
        hub.local()
            .edit(&id, "name/th", &json!(name))
            .await
            .unwrap();
        let request = SearchDocumentsRequest {
            words: name.clone(),
            ..SearchDocumentsRequest::default()
        };
        let reply = hub.local().client().search_documents(request).await;
        let reply = reply.unwrap().into_inner();
        let titles = reply
            .hits
            .into_iter()
            .map(|hit| hit.document.unwrap().title);
        let titles: Vec<_> = titles.collect();
        assert_eq!((titles, reply.behind), (vec![name], 0));
    }
}
