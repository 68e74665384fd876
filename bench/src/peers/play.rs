//! The workloads, played by another system.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::pair::Pair;
use super::{Peer, build::Programs, documents_of, live, seeds::Seeds};
use crate::catalogue::{self, Workload};
use crate::compare::Request;
use crate::figures::{count, milliseconds};
use crate::machine::Observation;
use crate::sheet::Round;
use crate::workload::changes_of;

/// Documents that are changed in W3, and the value that they get.
const CHANGED: u64 = 10;
const VALUE: u64 = 1_000;

/// Documents that are open at both in W4.
const OPEN: u64 = 100;

/// W1 to W4, as far as they are asked for and the system has them. What was measured before a failure
/// counts.
pub(super) async fn plans(
    peer: Peer,
    programs: &Programs,
    seeds: &Seeds,
    store: &Path,
    request: &Request,
    rounds: &mut Vec<Round>,
) -> Result<()> {
    let documents = documents_of(peer, request);
    let mut pair = Pair::start(peer, programs, seeds, store, None).await?;
    rounds.push(cold(&mut pair, documents).await?);
    if request.plays(&[Workload::Ten]) {
        rounds.push(ten_changed(peer, &mut pair).await?);
    }
    if request.plays(&[Workload::Idle]) {
        let mut round = idle(peer, &mut pair).await?;
        pair = pair.restart(programs, seeds).await?;
        after_restart(peer, &mut pair, documents, &mut round).await?;
        rounds.push(round);
    }
    if request.plays(&[Workload::Live]) {
        if peer.is_automerge_repo() {
            let open = format!("open {}", OPEN.min(documents));
            pair.full.ask(&open).await?;
            pair.empty.ask(&open).await?;
        }
        rounds.push(live::measure(peer, &mut pair, OPEN.min(documents)).await?);
    }
    Ok(())
}

/// W5.
pub(super) async fn apart(
    peer: Peer,
    programs: &Programs,
    seeds: &Seeds,
    edits: u64,
) -> Result<Round> {
    let (full, empty) = (seeds.apart(1), seeds.apart(2));
    let mut pair = Pair::start(peer, programs, seeds, &full, Some(&empty)).await?;
    pair.full.ask("open 1").await?;
    pair.empty.ask("open 1").await?;
    let (observation, before) = (Observation::begin(&pair.pids()), pair.line.mark()?);
    pair.dial().await?;
    let history = format!("history 0 {}", changes_of(0) + 2 * edits);
    pair.full.begin(&history).await?;
    pair.empty.begin(&history).await?;
    let (full, empty) = (pair.full.answer().await?, pair.empty.answer().await?);
    pair.line.silent_since(before).await?;
    let (first, _) = pair.line.times_since(before)?;
    let took = full.ended.max(empty.ended).duration_since(first)?;
    let mut round = Round::of(Workload::Merge);
    round.add(catalogue::MERGE_S, took.as_secs_f64());
    round.add(
        catalogue::MERGE_BYTES,
        count(pair.line.bytes_since(before)?),
    );
    round.add_used(&observation.end());
    Ok(round)
}

/// The line is up afterwards.
async fn cold(pair: &mut Pair, documents: u64) -> Result<Round> {
    let begin = pair.line.mark()?;
    pair.dial().await?;
    // One that says nothing before it is asked has nothing to wait for.
    let greeting = pair.line.silent_since(begin);
    let _ = tokio::time::timeout(Duration::from_secs(2), greeting).await;
    let (observation, before) = (Observation::begin(&pair.pids()), pair.line.mark()?);
    let pulled = pair.empty.ask(&format!("pull {documents}")).await?;
    pair.line.silent_since(before).await?;
    let observed = observation.end();
    let mut round = Round::of(Workload::Cold);
    round.add(catalogue::COLD_S, pulled.took().as_secs_f64());
    let each = count(pair.line.bytes_since(before)?) / count(documents);
    round.add(catalogue::BYTES_PER_DOCUMENT, each);
    round.add_used(&observed);
    Ok(round)
}

async fn idle(peer: Peer, pair: &mut Pair) -> Result<Round> {
    part(peer, pair).await?;
    let observation = Observation::begin(&pair.pids());
    let (took, bytes) = meet(peer, pair, Missing::Nothing).await?;
    let mut round = Round::of(Workload::Idle);
    round.add(catalogue::IDLE_MS, milliseconds(took));
    round.add(catalogue::IDLE_BYTES, count(bytes));
    round.add_used(&observation.end());
    Ok(round)
}

async fn ten_changed(peer: Peer, pair: &mut Pair) -> Result<Round> {
    if peer.is_automerge_repo() {
        pair.full.ask(&format!("open {CHANGED}")).await?;
    }
    part(peer, pair).await?;
    pair.full.ask(&format!("touch {CHANGED} {VALUE}")).await?;
    let observation = Observation::begin(&pair.pids());
    let (took, bytes) = meet(peer, pair, Missing::Ten).await?;
    let mut round = Round::of(Workload::Ten);
    round.add(catalogue::TEN_MS, milliseconds(took));
    round.add(catalogue::TEN_BYTES, count(bytes));
    round.add_used(&observation.end());
    Ok(round)
}

/// Both have just started; the one that dials has everything on its disk.
async fn after_restart(
    peer: Peer,
    pair: &mut Pair,
    documents: u64,
    round: &mut Round,
) -> Result<()> {
    let before = pair.line.mark()?;
    if peer.is_automerge_repo() {
        pair.empty.ask(&format!("open {documents}")).await?;
        pair.dial().await?;
        pair.line.silent_since(before).await?;
        let (first, last) = pair.line.times_since(before)?;
        round.add(
            catalogue::RESTART_MS,
            milliseconds(last.duration_since(first)?),
        );
    } else {
        pair.dial().await?;
        let synced = pair.empty.ask("sync 0").await?;
        pair.line.silent_since(before).await?;
        round.add(catalogue::RESTART_MS, milliseconds(synced.took()));
    }
    let bytes = pair.line.bytes_since(before)?;
    round.add(catalogue::RESTART_BYTES, count(bytes));
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    Nothing,
    Ten,
}

/// Ends the connection, in the way that the system has.
async fn part(peer: Peer, pair: &mut Pair) -> Result<()> {
    match peer {
        Peer::Samod | Peer::AutomergeRepo | Peer::Subduction => pair.line.cut(),
        Peer::IrohDocs => {
            pair.empty.ask("unlink").await?;
        }
        // It has no connection between two replications but that of HTTP, which is kept.
        Peer::Pouchdb => {}
    }
    pair.line.silent().await
}

/// Brings them together again: how long that took, and how many bytes.
async fn meet(peer: Peer, pair: &mut Pair, missing: Missing) -> Result<(Duration, u64)> {
    let before = pair.line.mark()?;
    pair.line.restore();
    let took = if peer.is_automerge_repo() {
        let seen = match missing {
            Missing::Nothing => None,
            Missing::Ten => Some(pair.empty.ask(&format!("seen {CHANGED} {VALUE}")).await?),
        };
        pair.line.silent_since(before).await?;
        let (first, last) = pair.line.times_since(before)?;
        seen.map_or(last, |seen| seen.ended).duration_since(first)?
    } else {
        let changed = if missing == Missing::Ten { CHANGED } else { 0 };
        let (connected, synced) = (
            match peer {
                Peer::Subduction => {
                    Some(pair.empty.ask(&format!("dial {}", pair.address())).await?)
                }
                _ => None,
            },
            pair.empty.ask(&format!("sync {changed}")).await?,
        );
        pair.line.silent_since(before).await?;
        let begun = connected.map_or(synced.begun, |connected| connected.begun);
        synced.ended.duration_since(begun)?
    };
    let bytes = pair.line.bytes_since(before)?;
    ensure!(bytes > 0, "nothing has passed");
    Ok((took, bytes))
}
