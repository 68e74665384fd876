//! Contact data of people, as the document tells it.

use phaki_tests::federation::{converged, share};
use phaki_tests::{samples, wait};
use serde_json::json;

use super::Chapter;
use crate::federation;

const SPACE: &str = "directory";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_recorded_and_erased_as_the_document_says() {
    let federation = federation();
    let hub = federation.found().await;
    let (province, _line) = federation.admit(&hub, "TH-41").await;
    share(&hub, SPACE, &[&province]).await;
    let id = samples::id("person", 3, 1);
    let person = json!({"id": id, "kind": "person", "roles": {"r1": {"title": "ผู้อำนวยการ"}}});
    hub.local().put(SPACE, &[person]).await.unwrap();
    converged(&[&hub, &province], SPACE, 1).await;

    let desk = federation.folder().join("desk");
    let mut chapter = Chapter::open("Contact data of people, and its erasure", &desk);
    chapter.means("PERSON", id.as_str());
    std::fs::write(desk.join("contact.txt"), "name_th=สมมุติ ตัวอย่าง\n").unwrap();
    let at = format!("--data {}", hub.data().display());
    chapter.in_shell_with(&desk, "phaki contact set", &at);
    let shown = chapter.at(&hub, "phaki contact show");
    assert!(
        shown.contains("สมมุติ ตัวอย่าง") && shown.contains("public task"),
        "{shown}"
    );
    let listed = chapter.at(&hub, "phaki contact list");
    assert!(
        listed.contains(&id) && listed.contains("30 September 2027"),
        "{listed}"
    );
    chapter.in_shell_with(&desk, "phaki contact export", &at);
    let answer = std::fs::read_to_string(desk.join("answer.json")).unwrap();
    assert!(
        answer.contains("สมมุติ") && answer.contains("contact-read"),
        "{answer}"
    );

    let erased = chapter.at(&hub, "phaki contact erase");
    assert!(erased.contains("consent-withdrawn"), "{erased}");
    chapter.at(&hub, "phaki status");
    wait::until("both nodes have erased the person", async || {
        let status = hub.local().status().await.unwrap();
        status.erasures.is_empty().then_some(())
    })
    .await;
    chapter.ends();
}
