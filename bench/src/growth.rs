//! How everything grows with documents, spaces, writers and history, and where it bends.

mod curve;
mod forge;
mod report;
mod trial;

use phaki_tests::node::Program;

use crate::daemon::SPACE;
use crate::daemon::seed::Seed;
use crate::workload::changes_of_all;
use curve::{Curves, Quantity};
use forge::{Forged, forge};
use trial::Subject;

/// What is to be measured.
#[derive(Debug, clap::Args)]
pub(crate) struct Request {
    /// Plans of one space, each with five to ten changes
    #[arg(
        long,
        value_name = "N,…",
        value_delimiter = ',',
        default_value = "1000,10000,100000"
    )]
    documents: Vec<u64>,
    /// Spaces, each with ten plans
    #[arg(
        long,
        value_name = "N,…",
        value_delimiter = ',',
        default_value = "1,25,500"
    )]
    spaces: Vec<u64>,
    /// Writers of one space, each with ten plans
    #[arg(
        long,
        value_name = "N,…",
        value_delimiter = ',',
        default_value = "1,30,1000"
    )]
    writers: Vec<u64>,
    /// Changes of one plan
    #[arg(
        long,
        value_name = "N,…",
        value_delimiter = ',',
        default_value = "10,1000,100000"
    )]
    history: Vec<u64>,
    /// Only these axes
    #[arg(long, value_name = "AXIS,…", value_delimiter = ',', default_values_t = Axis::ALL)]
    axes: Vec<Axis>,
    /// One JSON object for each axis, in a line, instead of tables
    #[arg(long)]
    json: bool,
}

/// What grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Axis {
    Documents,
    Spaces,
    Writers,
    History,
}

impl std::fmt::Display for Axis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Axis {
    const ALL: [Self; 4] = [Self::Documents, Self::Spaces, Self::Writers, Self::History];

    fn name(self) -> &'static str {
        match self {
            Self::Documents => "documents",
            Self::Spaces => "spaces",
            Self::Writers => "writers",
            Self::History => "history",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Documents => "Documents of a space",
            Self::Spaces => "Spaces with ten documents each",
            Self::Writers => "Writers of a space, ten documents each",
            Self::History => "Changes of one document",
        }
    }
}

/// Plays every step of every axis once, each with processes and folders of its own, and prints
/// each axis when it is done: all together take many minutes.
pub(crate) async fn print(program: Program, request: &Request) {
    for axis in &request.axes {
        let sizes = match axis {
            Axis::Documents => &request.documents,
            Axis::Spaces => &request.spaces,
            Axis::Writers => &request.writers,
            Axis::History => &request.history,
        };
        let mut curves = Curves::default();
        for size in sizes {
            progress(*axis, *size);
            curves.add(*size, step(&program, *axis, *size).await);
        }
        match request.json {
            true => println!("{}", report::json(*axis, &curves)),
            false => println!("{}\n", report::table(*axis, &curves)),
        }
    }
}

/// Says what is measured now: it can take minutes.
#[expect(clippy::print_stderr, reason = "beside the table, which is the output")]
fn progress(axis: Axis, size: u64) {
    eprintln!("phaki-bench: {} {size}", axis.name());
}

async fn step(program: &Program, axis: Axis, size: u64) -> Vec<(Quantity, f64)> {
    let forged = |spaces, writers| Forged { spaces, writers };
    let (seed, subject) = match axis {
        Axis::Documents => {
            let subject = Subject {
                entries: changes_of_all(size),
                complete: Some(size),
                documents: size,
                grants: true,
            };
            (Seed::plans(program, size).await, subject)
        }
        Axis::Spaces => foreign(program, forged(size, 1)).await,
        Axis::Writers => foreign(program, forged(1, size)).await,
        Axis::History => {
            let subject = Subject {
                entries: size,
                complete: None,
                documents: 1,
                grants: true,
            };
            (Seed::long(program, size).await, subject)
        }
    };
    trial::measure(program, &seed, subject).await
}

/// What others wrote whose processes are not there.
async fn foreign(program: &Program, forged: Forged) -> (Seed, Subject) {
    let seed = Seed::bare(program).await;
    forge(&seed.data(phaki_tests::federation::HUB), forged, SPACE);
    let subject = Subject {
        entries: forged.entries(),
        complete: None,
        documents: forge::DOCUMENTS * forged.writers,
        grants: false,
    };
    (seed, subject)
}
