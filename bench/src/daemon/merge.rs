//! W5: one document, changed many times at both nodes while they were apart.

use phaki_tests::node::Program;
use std::time::SystemTime;

use super::arrival;
use super::pair::Pair;
use super::seed::Seed;
use crate::catalogue::{self, Workload};
use crate::figures::count;
use crate::machine::Observation;
use crate::sheet::Round;
use crate::workload::{changes_of, flat};
use phaki_tests::proxy::Side;

pub(super) async fn measure(program: &Program, seed: &Seed, edits: u64) -> Round {
    let pair = Pair::start(program, seed).await;
    let observation = Observation::begin(&pair.pids());
    let meeting = pair.meet().await;
    let began = meeting.traffic.towards(Side::Target).first_sealed_at;
    arrival::durable(&pair, changes_of(0) + 2 * edits).await;
    let (mut hub, mut province) = (pair.hub.local(), pair.province.local());
    let id = flat::id(0);
    let (here, there) = tokio::join!(hub.show(&id), province.show(&id));
    let shown = SystemTime::now().duration_since(began.unwrap()).unwrap();
    assert_eq!(here.unwrap(), there.unwrap());
    pair.silent().await;
    let observed = observation.end();
    let mut round = Round::of(Workload::Merge);
    let took = meeting.took.as_secs_f64();
    round.add(catalogue::MERGE_S, took);
    round.add(catalogue::MERGE_SHOWN_S, shown.as_secs_f64());
    round.add(catalogue::MERGE_BYTES, count(meeting.traffic.bytes()));
    round.add_used(&observed);
    round
}
