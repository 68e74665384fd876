//! W1: an empty node gets everything.

use std::time::Instant;

use super::pair::Pair;
use super::{SPACE, arrival};
use crate::catalogue::{self, Workload};
use crate::figures::count;
use crate::machine::Observation;
use crate::sheet::Round;
use crate::workload::changes_of_all;

/// The line is up afterwards.
pub(super) async fn measure(pair: &mut Pair, documents: u64) -> Round {
    pair.meet().await;
    pair.silent().await;
    // Who has everything has nothing left to do with it.
    arrival::readable(&pair.hub, documents).await;
    let (before, observation) = (pair.line.bytes(), Observation::begin(&pair.pids()));
    let began = Instant::now();
    let province = pair.province.name();
    pair.hub.local().grant(SPACE, province, "writer").await;
    let durable = arrival::durable(pair, changes_of_all(documents)).await - began;
    let bytes = pair.line.bytes() - before;
    let observed = observation.end();
    let readable = arrival::readable(&pair.province, documents).await - began;

    let mut round = Round::of(Workload::Cold);
    round.add(catalogue::COLD_S, durable.as_secs_f64());
    round.add(catalogue::READABLE_S, readable.as_secs_f64());
    let each = count(bytes) / count(documents);
    round.add(catalogue::BYTES_PER_DOCUMENT, each);
    round.add_used(&observed);
    round
}
