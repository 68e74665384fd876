//! W4: edits while both nodes are linked, one by one and as many as the clients' interface takes.

use std::time::Instant;

use phaki_tests::wait;

use super::pair::Pair;
use super::seed::{edit, edit_all};
use super::{SPACE, arrival};
use crate::catalogue::{self, Workload};
use crate::figures::{count, milliseconds};
use crate::machine::Observation;
use crate::sheet::{Round, percentile};
use crate::workload::{BURST, GAP, MARK, SINGLE, flat, mark};

/// Edits go in turn over so many documents, so that no history grows long.
const DOCUMENTS: u64 = 100;

pub(crate) async fn measure(pair: &Pair, documents: u64) -> Round {
    let observation = Observation::begin(&pair.pids());
    let mut round = Round::of(Workload::Live);
    let spread = documents.min(DOCUMENTS);
    let mut latencies = single(pair, spread, SINGLE).await;
    round.add(catalogue::EDIT_P50_MS, percentile(&mut latencies, 50));
    round.add(catalogue::EDIT_P99_MS, percentile(&mut latencies, 99));
    round.add(catalogue::BURST_MANY, burst(pair, spread).await);
    round.add(catalogue::BURST_ONE, burst(pair, 1).await);
    round.add_used(&observation.end());
    round
}

/// Milliseconds from before each edit until a program at the other node is told of it.
pub(crate) async fn single(pair: &Pair, documents: u64, edits: u64) -> Vec<f64> {
    let (mut hub, mut province) = (pair.hub.local(), pair.province.local());
    let mut watch = province.watch(SPACE).await;
    let mut latencies = Vec::new();
    for turn in 0..edits {
        let (began, number, value) = (Instant::now(), turn % documents, 1_000_000 + turn);
        edit(&mut hub, number, &mark(value)).await;
        let (_, changed) = wait::at_most("an edit is told of", watch.next())
            .await
            .unwrap();
        latencies.push(milliseconds(began.elapsed()));
        let id = flat::id(number);
        assert_eq!(changed, std::slice::from_ref(&id));
        assert_eq!(province.show(&id).await.unwrap()[MARK], value);
        tokio::time::sleep_until((began + GAP).into()).await;
    }
    latencies
}

/// Changes a second, from the first edit until all are durable at the other node.
async fn burst(pair: &Pair, documents: u64) -> f64 {
    let before = pair.hub.local().space(SPACE).await.unwrap().entries;
    let began = Instant::now();
    let values = 2_000_000 + documents * BURST..;
    let changes = (0..BURST).zip(values);
    let changes = changes.map(move |(turn, value)| (turn % documents, mark(value)));
    edit_all(pair.hub.local(), changes).await;
    let all = arrival::durable(pair, before + BURST).await;
    count(BURST) / (all - began).as_secs_f64()
}
