//! The whole federation on one machine: the national node and all provinces, each a process.

mod census;
mod edits;
mod map;
mod nation;
mod paperwork;
mod report;

use std::time::{Duration, Instant};

use phaki_tests::node::Program;

use crate::figures::Figures;
use crate::machine::{Footprint, Observation};
use census::Census;
use map::{Country, NATIONAL, NODES_MAX};
use nation::Nation;

/// After so long receipts have been exchanged and lists made: nothing more is to be done.
const SETTLED: Duration = Duration::from_secs(10);

/// How long the federation is observed while nobody does anything.
const IDLE: Duration = Duration::from_secs(20);

/// What is to be measured.
#[derive(Debug, clap::Args)]
pub(crate) struct Request {
    /// Nodes: the national one and so many provinces less one
    #[arg(long, value_name = "N", default_value_t = NODES_MAX, value_parser = clap::value_parser!(u64).range(2..=NODES_MAX))]
    nodes: u64,
    /// Documents of all provinces together
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    documents: u64,
    /// One JSON object instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

/// Founds the federation, fills it, and measures what it takes.
pub(crate) async fn measure(program: Program, request: &Request) -> Figures {
    let mut figures = Figures::default();
    let country = Country::of(request.nodes);
    report::country(&mut figures, &country, request.documents);

    let began = Instant::now();
    let mut nation = Nation::found(program, country).await;
    let enrolled = began.elapsed();
    nation.share().await;
    let empty = Census::empty(&nation.country);
    let spaces = empty.taken(&nation, began).await.last() - enrolled;
    report::enrolment(&mut figures, enrolled, spaces);
    tokio::time::sleep(SETTLED).await;
    report::memory(&mut figures, &report::EMPTY, &footprints(&nation));

    let mut census = fill(&mut nation, request.documents, &mut figures).await;
    for (purpose, labels) in report::SPREADS {
        let mut spread = edits::measure(&nation, &mut census, request.documents, purpose).await;
        report::spread(&mut figures, &labels, &mut spread);
    }
    census.taken(&nation, Instant::now()).await;
    rest(&nation, &mut figures).await;

    nation.stop().await;
    let began = Instant::now();
    let answering = nation.start().await;
    let arrivals = census.taken(&nation, began).await;
    report::morning(&mut figures, answering, arrivals.last());
    nation.stop().await;
    figures
}

/// The provinces write while the national node is away; then it comes back, and everything goes
/// everywhere through it.
async fn fill(nation: &mut Nation, documents: u64, figures: &mut Figures) -> Census {
    assert!(nation.nodes[NATIONAL].stop().await.0.success());
    let began = Instant::now();
    let census = paperwork::write(nation, documents).await;
    let written = began.elapsed();
    let began = Instant::now();
    nation.nodes[NATIONAL].start().await;
    let observation = Observation::begin(&nation.pids());
    let arrivals = census.taken(nation, began).await;
    let observed = observation.end();
    let links = nation.nodes[NATIONAL].local().links().await;
    let bytes: u64 = { links.iter() }
        .map(|link| link.bytes_sent + link.bytes_received)
        .sum();
    report::convergence(
        figures, nation, &census, written, &arrivals, &observed, bytes,
    );
    census
}

/// Nobody does anything.
async fn rest(nation: &Nation, figures: &mut Figures) {
    tokio::time::sleep(SETTLED).await;
    let observation = Observation::begin(&nation.pids());
    tokio::time::sleep(IDLE).await;
    let observed = observation.end();
    report::memory(figures, &report::FULL, &footprints(nation));
    report::idle(figures, &observed, IDLE);
}

fn footprints(nation: &Nation) -> Vec<Footprint> {
    nation.pids().into_iter().map(Footprint::of).collect()
}
