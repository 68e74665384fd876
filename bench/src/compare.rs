//! A comparison: in every round each subject plays the workloads once, so that whatever else the
//! machine does falls on all of them alike.

use anyhow::Result;
use phaki_tests::node::Program;

use crate::catalogue::Workload;
use crate::daemon::{self, Daemon};
use crate::floors::{self, Floors};
use crate::peers::{Peer, Peers};
use crate::sheet::Sheet;

/// What is to be compared.
#[derive(Debug, clap::Args)]
pub(crate) struct Request {
    /// Plans that the full node has, each with five to ten changes
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) documents: u64,
    /// Rounds, in each of which every subject plays every workload once
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) runs: u64,
    /// Changes that each of the two nodes makes of one document in W5
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) edits: u64,
    /// Only these; W1 is played before W2 to W4 in any case
    #[arg(long, value_name = "W1,W2,…", value_delimiter = ',', default_values_t = Workload::ALL)]
    pub(crate) workloads: Vec<Workload>,
    /// Other systems to play the same; they are built first, which takes a quarter of an hour once
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub(crate) peers: Vec<Peer>,
    /// Documents that samod and automerge-repo get at most: they need six minutes for 10,000
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) slow_documents: u64,
    /// One JSON object instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

impl Request {
    /// Whether one of these is asked for.
    pub(crate) fn plays(&self, workloads: &[Workload]) -> bool {
        workloads.iter().any(|one| self.workloads.contains(one))
    }
}

/// Plays everything, one after the other.
///
/// # Errors
/// When the programs of other systems cannot be built.
pub(crate) async fn measure(program: Program, request: &Request) -> Result<Sheet> {
    let mut sheet = Sheet::default();
    let mut floors = Floors::default();
    let mut daemon = Daemon::new(program);
    sheet.note_all(floors::NAME, &floors::NOTES);
    sheet.note_all(daemon::NAME, &daemon::NOTES);
    let mut peers = Peers::prepare(request)?;
    for _ in 0..request.runs {
        for round in floors.play(request) {
            sheet.add(floors::NAME, round);
        }
        for round in daemon.play(request).await {
            sheet.add(daemon::NAME, round);
        }
        if let Some(peers) = &mut peers {
            peers.play(request, &mut sheet).await;
        }
    }
    Ok(sheet)
}
