//! Waiting until a node holds what another one holds, and shows it.

use std::time::{Duration, Instant};

use phaki_tests::federation::holding;
use phaki_tests::node::Node;
use phaki_tests::wait;
use phaki_wire::proto::local::v1::ListDocumentsRequest;

use super::SPACE;
use super::pair::{DEADLINE, Pair};
use crate::workload::flat;

/// How often a list is asked for: it is long, and making it takes time from the node.
const LIST_PAUSE: Duration = Duration::from_millis(100);

/// Waits until both hold the same `entries` entries of the space with equal heads; when that was.
pub(crate) async fn durable(pair: &Pair, entries: u64) -> Instant {
    let (mut hub, mut province) = (pair.hub.local(), pair.province.local());
    wait::until_within(DEADLINE, "both hold the same", async || {
        let there = province.space(SPACE).await?;
        if there.entries != entries {
            return None;
        }
        let here = hub.space(SPACE).await?;
        let heads = |space: &phaki_wire::proto::local::v1::Space| {
            (space.frontier_digest.clone(), space.heads_digest.clone())
        };
        (heads(&here) == heads(&there)).then_some(())
    })
    .await;
    let now = Instant::now();
    let (here, there) = (
        holding(&pair.hub, SPACE).await,
        holding(&pair.province, SPACE).await,
    );
    assert_eq!(here, there);
    now
}

/// Waits until a node lists all plans; when that was. What it shows then is what was written.
pub(crate) async fn readable(node: &Node, documents: u64) -> Instant {
    while listed(node).await < documents {
        tokio::time::sleep(LIST_PAUSE).await;
    }
    let now = Instant::now();
    for number in [0, documents / 2, documents - 1] {
        let shown = node.local().show(&flat::id(number)).await.unwrap();
        assert_eq!(shown, flat::complete(number));
    }
    now
}

/// Documents with a title: lists follow behind the entries.
async fn listed(node: &Node) -> u64 {
    let request = ListDocumentsRequest {
        space: SPACE.to_owned(),
        kind: String::new(),
        text: String::new(),
    };
    let mut local = node.local();
    let rows = local.client().list_documents(request).await;
    let (mut rows, mut count) = (rows.unwrap().into_inner(), 0);
    while let Some(row) = rows.message().await.unwrap() {
        count += u64::from(!row.title.is_empty());
    }
    count
}
