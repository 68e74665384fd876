//! What is measured at one step: copying everything to an empty node, meeting again with nothing or
//! little missing, reading, editing, starting, and what memory it takes.

use std::time::{Instant, SystemTime};

use phaki_tests::node::Program;
use phaki_wire::proto::local::v1::{ListDocumentsRequest, ShowHistoryRequest, Space};

use super::curve::Quantity;
use crate::daemon::pair::{DEADLINE, Pair};
use crate::daemon::seed::Seed;
use crate::daemon::{SPACE, arrival, live, reconnect};
use crate::figures::{count, milliseconds};
use crate::machine::{Footprint, Observation};
use crate::sheet::percentile;
use crate::workload::flat;
use phaki_tests::proxy::Side;
use phaki_tests::wait;

/// Edits by which their latency is measured.
const EDITS: u64 = 100;

/// Values that were measured.
type Values = Vec<(Quantity, f64)>;

/// What lies in a seed, and what of it is measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject {
    /// Entries of all spaces.
    pub(super) entries: u64,
    /// Plans in the first space, all complete; none when they are not those of the workload.
    pub(super) complete: Option<u64>,
    /// Documents in the first space, by number from 0 on.
    pub(super) documents: u64,
    /// Whether the hub must grant the space first.
    pub(super) grants: bool,
}

const fn quantity(key: &'static str, label: &'static str, unit: &'static str) -> Quantity {
    Quantity { key, label, unit }
}

/// Measures everything at one step.
pub(super) async fn measure(program: &Program, seed: &Seed, subject: Subject) -> Values {
    let mut pair = Pair::start(program, seed).await;
    let mut values = copy(&pair, subject).await;
    values.extend(read(&pair, subject).await);
    values.extend(meet_again(&pair).await);
    if subject.documents >= reconnect::CHANGED {
        let ten = reconnect::ten_changed(&mut pair).await;
        let bytes = ten.value(crate::catalogue::TEN_ABOVE_TLS);
        values.push((
            quantity("ten_ms", "ten changed: until there", "ms"),
            ten.value(crate::catalogue::TEN_MS),
        ));
        values.push((
            quantity("ten_bytes", "ten changed: bytes above TLS", "B"),
            bytes,
        ));
    }
    values.extend(restart(&mut pair).await);
    values
}

/// The empty node gets everything.
async fn copy(pair: &Pair, subject: Subject) -> Values {
    let observation;
    let (began, before);
    if subject.grants {
        pair.meet().await;
        (observation, before) = (Observation::begin(&pair.pids()), pair.line.bytes());
        began = SystemTime::now();
        let province = pair.province.name();
        pair.hub.local().grant(SPACE, province, "writer").await;
    } else {
        (observation, before) = (Observation::begin(&pair.pids()), pair.line.bytes());
        let meeting = pair.meet().await;
        began = meeting
            .traffic
            .towards(Side::Target)
            .first_sealed_at
            .unwrap();
    }
    everything(pair, subject.entries).await;
    let took = SystemTime::now().duration_since(began).unwrap();
    let bytes = pair.line.bytes() - before;
    let mut values = vec![
        (
            quantity("copy_s", "copy to an empty node", "s"),
            took.as_secs_f64(),
        ),
        (
            quantity("copy_bytes", "the same, bytes on the line", "B"),
            count(bytes),
        ),
    ];
    if let Some(complete) = subject.complete {
        arrival::readable(&pair.province, complete).await;
        let took = SystemTime::now().duration_since(began).unwrap();
        let readable = quantity("readable_s", "until all is listed and shown", "s");
        values.push((readable, took.as_secs_f64()));
    }
    pair.silent().await;
    let observed = observation.end();
    let [full, empty] = observed.used[..] else {
        panic!("a pair has two processes");
    };
    values.extend([
        (
            quantity("peak_full_mib", "peak memory, who had it", "MiB"),
            full.peak_mib,
        ),
        (
            quantity("peak_empty_mib", "peak memory, who got it", "MiB"),
            empty.peak_mib,
        ),
        (
            quantity("rest_full_mib", "resident after, who had it", "MiB"),
            full.resting_mib,
        ),
        (
            quantity("rest_empty_mib", "resident after, who got it", "MiB"),
            empty.resting_mib,
        ),
    ]);
    values
}

/// Waits until both hold so many entries of all spaces, with equal heads.
async fn everything(pair: &Pair, entries: u64) {
    let (mut hub, mut province) = (pair.hub.local(), pair.province.local());
    wait::until_within(DEADLINE, "both hold the same", async || {
        let there = province.status().await.ok()?.spaces;
        if there.iter().map(|space| space.entries).sum::<u64>() != entries {
            // Each time it is asked it has less time for what it is asked about.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            return None;
        }
        let heads = |spaces: Vec<Space>| -> Vec<_> {
            let mut heads: Vec<_> = { spaces.into_iter() }
                .filter(|space| space.entries > 0)
                .map(|space| (space.id, space.frontier_digest, space.heads_digest))
                .collect();
            heads.sort();
            heads
        };
        let here = hub.status().await.ok()?.spaces;
        (heads(here) == heads(there)).then_some(())
    })
    .await;
}

/// What a person sees at the node that got everything.
async fn read(pair: &Pair, subject: Subject) -> Values {
    let mut local = pair.province.local();
    let id = flat::id(subject.documents - 1);
    let began = Instant::now();
    local.show(&id).await.unwrap();
    let shown = milliseconds(began.elapsed());
    let began = Instant::now();
    let request = ListDocumentsRequest {
        space: SPACE.to_owned(),
        kind: String::new(),
        text: String::new(),
    };
    let rows = local.client().list_documents(request).await;
    rows.unwrap().into_inner().message().await.unwrap().unwrap();
    let listed = milliseconds(began.elapsed());
    let began = Instant::now();
    let request = ShowHistoryRequest {
        id,
        space: String::new(),
    };
    let history = local.client().show_history(request).await;
    assert!(!history.unwrap().into_inner().entries.is_empty());
    let told = milliseconds(began.elapsed());
    let mut latencies = live::single(pair, subject.documents.min(EDITS), EDITS).await;
    let edited = percentile(&mut latencies, 50);
    vec![
        (quantity("show_ms", "show one document", "ms"), shown),
        (
            quantity("list_ms", "the first row of the list", "ms"),
            listed,
        ),
        (
            quantity("history_ms", "history of one document", "ms"),
            told,
        ),
        (
            quantity("edit_ms", "one edit there and durable, half within", "ms"),
            edited,
        ),
    ]
}

/// Nothing is missing.
async fn meet_again(pair: &Pair) -> Values {
    pair.part().await;
    let meeting = pair.meet().await;
    pair.silent().await;
    let above = count(pair.bytes_above_tls().await);
    let took = milliseconds(meeting.took);
    vec![
        (
            quantity("idle_ms", "reconnect, nothing missing", "ms"),
            took,
        ),
        (
            quantity("idle_bytes", "the same, bytes above TLS", "B"),
            above,
        ),
    ]
}

/// Both stop and start.
async fn restart(pair: &mut Pair) -> Values {
    pair.restart().await;
    let [full, empty] = pair.start_times.map(milliseconds);
    pair.meet().await;
    pair.silent().await;
    let [hub, province] = pair.pids().map(|pid| Footprint::of(pid).resident_mib);
    vec![
        (quantity("start_full_ms", "start, who had it", "ms"), full),
        (quantity("start_empty_ms", "start, who got it", "ms"), empty),
        (
            quantity(
                "idle_full_mib",
                "resident after the start, who had it",
                "MiB",
            ),
            hub,
        ),
        (
            quantity(
                "idle_empty_mib",
                "resident after the start, who got it",
                "MiB",
            ),
            province,
        ),
    ]
}
