//! W2 and W3: the line comes back, with nothing or with ten documents missing.

use std::time::Duration;

use super::pair::Pair;
use super::seed::edit;
use crate::catalogue::{self, Workload};
use crate::figures::{count, milliseconds};
use crate::machine::Observation;
use crate::sheet::Round;
use crate::workload::{MARK, flat, mark};

/// Documents that are changed in W3.
pub(crate) const CHANGED: u64 = 10;

/// The value that they get.
const VALUE: u64 = 1_000;

/// Delay in each direction under which round trips can be counted: far above everything else.
const FAR: Duration = Duration::from_millis(100);

/// Nothing is missing: on a link that broke, over a long line, and after both have restarted.
pub(crate) async fn idle(pair: &mut Pair) -> Round {
    let mut round = Round::of(Workload::Idle);
    pair.part().await;
    let observation = Observation::begin(&pair.pids());
    let meeting = pair.meet().await;
    pair.silent().await;
    let observed = observation.end();
    let above = count(pair.bytes_above_tls().await);
    round.add(catalogue::IDLE_MS, milliseconds(meeting.took));
    round.add(catalogue::IDLE_BYTES, count(meeting.traffic.bytes()));
    round.add(catalogue::IDLE_ABOVE_TLS, above);
    round.add(catalogue::IDLE_ROUND_TRIPS, round_trips(pair).await);
    round.add_used(&observed);

    pair.silent().await;
    pair.restart().await;
    let [hub, province] = pair.start_times;
    let meeting = pair.meet().await;
    pair.silent().await;
    round.add(catalogue::START_FULL_MS, milliseconds(hub));
    round.add(catalogue::START_EMPTY_MS, milliseconds(province));
    round.add(catalogue::RESTART_MS, milliseconds(meeting.took));
    round.add(catalogue::RESTART_BYTES, count(meeting.traffic.bytes()));
    round
}

/// Ten documents were changed at the hub.
pub(crate) async fn ten_changed(pair: &mut Pair) -> Round {
    pair.part().await;
    let mut hub = pair.hub.local();
    for number in 0..CHANGED {
        edit(&mut hub, number, &mark(VALUE)).await;
    }
    let observation = Observation::begin(&pair.pids());
    let meeting = pair.meet().await;
    for number in 0..CHANGED {
        let shown = pair.province.local().show(&flat::id(number)).await.unwrap();
        assert_eq!(shown[MARK], VALUE, "in sync means that it is there");
    }
    pair.silent().await;
    let observed = observation.end();
    let mut round = Round::of(Workload::Ten);
    round.add(catalogue::TEN_MS, milliseconds(meeting.took));
    round.add(catalogue::TEN_BYTES, count(meeting.traffic.bytes()));
    let above = count(pair.bytes_above_tls().await);
    round.add(catalogue::TEN_ABOVE_TLS, above);
    round.add_used(&observed);
    round
}

/// Reconnects over a line so long that nothing but round trips takes time.
async fn round_trips(pair: &Pair) -> f64 {
    pair.part().await;
    pair.line.delay(FAR);
    let meeting = pair.meet().await;
    pair.line.delay(Duration::ZERO);
    // The last flight of the handshake left the dialler one delay before it reached the hub.
    (meeting.took + FAR).as_secs_f64() / (2 * FAR).as_secs_f64()
}
