//! Waiting until a node holds what another one holds, and shows it.

use std::time::{Duration, Instant};

use phaki_tests::federation::holding;
use phaki_tests::local::Local;
use phaki_tests::node::Node;
use phaki_wire::proto::local::v1::ListDocumentsRequest;

use super::SPACE;
use super::pair::{DEADLINE, Pair};
use crate::workload::flat;

/// How often a list is asked for: it is long, and making it takes time from the node.
const LIST_PAUSE: Duration = Duration::from_millis(100);

/// How often the numbers of a space are asked for: counting ten thousand documents takes a node
/// nearly two milliseconds, so less often when there is much to wait for.
const COUNT_PAUSE: Duration = Duration::from_millis(10);
const COUNT_PAUSE_LONG: Duration = Duration::from_millis(25);

/// Entries that take seconds.
const MANY: u64 = 50_000;

/// Waits until both hold the same `entries` entries of the space with equal heads; when that was.
pub(crate) async fn durable(pair: &Pair, entries: u64) -> Instant {
    let (mut hub, mut province) = (pair.hub.local(), pair.province.local());
    let held = province.space(SPACE).await.map_or(0, |space| space.entries);
    let missing = entries.saturating_sub(held);
    let pause = match missing < MANY {
        true => COUNT_PAUSE,
        false => COUNT_PAUSE_LONG,
    };
    let began = Instant::now();
    while !hold_the_same(&mut hub, &mut province, entries).await {
        assert!(began.elapsed() < DEADLINE, "both hold the same");
        tokio::time::sleep(pause).await;
    }
    let now = Instant::now();
    let (here, there) = (
        holding(&pair.hub, SPACE).await,
        holding(&pair.province, SPACE).await,
    );
    assert_eq!(here, there);
    now
}

async fn hold_the_same(hub: &mut Local, province: &mut Local, entries: u64) -> bool {
    let Some(there) = province.space(SPACE).await else {
        return false;
    };
    if there.entries != entries {
        return false;
    }
    let here = hub.space(SPACE).await;
    here.is_some_and(|here| {
        here.frontier_digest == there.frontier_digest && here.heads_digest == there.heads_digest
    })
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
