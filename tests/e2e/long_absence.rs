//! A province without a line for long, while people on both sides go on with the same plans.

use std::collections::BTreeMap;

use phaki_tests::federation::{converged, share};
use phaki_tests::node::Node;
use phaki_tests::samples;
use phaki_tests::wait;
use phaki_wire::proto::local::v1::ShowHistoryRequest;
use tokio::task::JoinSet;

use crate::federation;

const SPACE: &str = "plans";
const SERIES: u16 = 1;
const DOCUMENTS: u64 = 100;
/// Edits of each document on each side: a thousand edits a side.
const EDITS: u64 = 10;
/// The province's edits are other ones than the hub's.
const OTHER_STEPS: u64 = 100;
/// People who edit at one time on each side.
const EDITORS: u64 = 10;

async fn edit_all(node: &Node, first_step: u64) {
    let mut editors = JoinSet::new();
    for editor in 0..EDITORS {
        let mut local = node.local();
        editors.spawn(async move {
            for step in first_step..first_step + EDITS {
                for number in (editor..DOCUMENTS).step_by(usize::try_from(EDITORS).unwrap()) {
                    let (path, value) = samples::edit(number, step);
                    let id = samples::plan_id(SERIES, number);
                    local.edit(&id, &path, &value).await.unwrap();
                }
            }
        });
    }
    while let Some(edited) = editors.join_next().await {
        edited.unwrap();
    }
}

/// Changes of one document, by the node at which they were made.
async fn changes(node: &Node, id: &str) -> BTreeMap<String, usize> {
    let request = ShowHistoryRequest {
        id: id.to_owned(),
        space: String::new(),
    };
    let history = node
        .local()
        .client()
        .show_history(request)
        .await
        .unwrap()
        .into_inner();
    let mut changes = BTreeMap::new();
    for entry in history.entries {
        *changes.entry(entry.node).or_default() += 1;
    }
    changes
}

/// Every plan was edited on both sides in the same fields. Conflicts are found after the fact: an
/// entry is durable and acknowledged before its document is read.
async fn until_all_conflict(node: &Node) {
    wait::until("every plan is in conflict", async || {
        let found = node.local().space(SPACE).await?.conflicts;
        (found == DOCUMENTS).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_edits_on_each_side_of_a_dead_line_all_count() {
    let federation = federation();
    let hub = federation.found().await;
    let (province, line) = federation.admit(&hub, "TH-41").await;
    share(&hub, SPACE, &[&province]).await;
    let plans: Vec<_> = (0..DOCUMENTS)
        .map(|number| samples::plan(SERIES, number))
        .collect();
    hub.local().put(SPACE, &plans).await.unwrap();
    converged(&[&hub, &province], SPACE, DOCUMENTS).await;

    line.blackhole();
    tokio::join!(edit_all(&hub, 0), edit_all(&province, OTHER_STEPS));
    assert_eq!(
        hub.local().space(SPACE).await.unwrap().entries,
        DOCUMENTS * (1 + EDITS)
    );
    line.restore();

    let held = converged(&[&hub, &province], SPACE, DOCUMENTS * (1 + 2 * EDITS)).await;
    assert_eq!(held.documents, DOCUMENTS);
    until_all_conflict(&hub).await;
    until_all_conflict(&province).await;
    assert_eq!(
        hub.local().export(SPACE).await,
        province.local().export(SPACE).await
    );
    assert_eq!(
        hub.local().conflicts(SPACE).await,
        province.local().conflicts(SPACE).await
    );
    let all = BTreeMap::from([("TH".to_owned(), 11), ("TH-41".to_owned(), 10)]);
    for number in [0, 50, DOCUMENTS - 1] {
        assert_eq!(
            changes(&province, &samples::plan_id(SERIES, number)).await,
            all
        );
    }
}
