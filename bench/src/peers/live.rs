//! W4 of another system: single edits and bursts while both are linked.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::Peer;
use super::pair::Pair;
use crate::catalogue::{self, Workload};
use crate::figures::count;
use crate::machine::Observation;
use crate::sheet::{Round, percentile};
use crate::workload::{BURST, GAP, SINGLE};

/// Values of single edits and of the two bursts begin here, each above all before.
const SINGLE_BASE: u64 = 1_000_000;
const BURST_BASE: u64 = 2_000_000;

pub(super) async fn measure(peer: Peer, pair: &mut Pair, documents: u64) -> Result<Round> {
    let observation = Observation::begin(&pair.pids());
    let mut round = Round::of(Workload::Live);
    if peer == Peer::Pouchdb {
        pair.empty.ask("live").await?;
    }
    let mut latencies = single(pair, documents - 1).await?;
    round.add(catalogue::EDIT_P50_MS, percentile(&mut latencies, 50));
    round.add(catalogue::EDIT_P99_MS, percentile(&mut latencies, 99));
    if peer.has_bursts() {
        let (many, one) = (
            burst(pair, documents, BURST_BASE).await?,
            burst(pair, 1, BURST_BASE + BURST).await?,
        );
        round.add(catalogue::BURST_MANY, many);
        round.add(catalogue::BURST_ONE, one);
    }
    round.add_used(&observation.end());
    Ok(round)
}

/// Milliseconds from before each edit of a document until the other node has a state with it.
async fn single(pair: &mut Pair, document: u64) -> Result<Vec<f64>> {
    let watch = format!("watch {document} {SINGLE} {SINGLE_BASE}");
    pair.empty.begin(&watch).await?;
    pair.empty.until_waiting().await?;
    let gap = GAP.as_micros();
    let edit = format!("edit {document} {SINGLE} {SINGLE_BASE} {gap}");
    let edited = pair.full.ask(&edit).await?;
    let watched = pair.empty.answer().await?;
    let sent: Vec<f64> = numbers(&edited.fields["sent"])?;
    let each_by_itself = watched.fields["single"] == true;
    let mut seen: Vec<(f64, f64)> = Vec::new();
    for pair in watched.fields["seen"].as_array().context("what was seen")? {
        let [turn, at] = numbers(pair)?[..] else {
            anyhow::bail!("{pair} is not a turn and a time");
        };
        seen.push((turn, at));
    }
    let latencies: Vec<f64> = (0_u32..)
        .zip(&sent)
        .filter_map(|(turn, sent)| {
            let turn = f64::from(turn);
            let is_it = |(seen, _): &&(f64, f64)| match each_by_itself {
                true => *seen == turn,
                false => *seen >= turn,
            };
            let (_, at) = seen.iter().find(is_it)?;
            Some((at - sent) / 1_000.0)
        })
        .collect();
    let (arrived, all) = (latencies.len(), sent.len());
    ensure!(
        arrived * 100 >= all * 99,
        "only {arrived} of {all} edits arrived"
    );
    Ok(latencies)
}

/// Changes a second, from the first edit until all are at the other node.
async fn burst(pair: &mut Pair, documents: u64, base: u64) -> Result<f64> {
    let words = format!("{documents} {BURST} {base}");
    pair.empty.begin(&format!("await {words}")).await?;
    let sent = pair.full.ask(&format!("burst {words}")).await?;
    let arrived = pair.empty.answer().await?;
    let took = arrived.ended.duration_since(sent.begun)?;
    Ok(count(BURST) / took.as_secs_f64())
}

fn numbers(list: &Value) -> Result<Vec<f64>> {
    let list = list.as_array().context("a list of numbers")?;
    list.iter()
        .map(|number| number.as_f64().context("a number"))
        .collect()
}
