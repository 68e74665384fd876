//! Measures the daemon, by itself and beside other systems: `phaki-bench --help`.
//!
//! The nodes are this very program: started with [`AS_NODE`] in its environment it is the daemon,
//! so that what is measured is built as the measurement is.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that fails ends there, and its figures are its output"
)]

mod bad_line;
mod catalogue;
mod compare;
mod copy;
mod daemon;
mod federation;
mod figures;
mod first_sync;
mod floors;
mod growth;
mod machine;
mod peers;
mod report;
mod search;
mod sheet;
mod soak;
mod workload;

use std::process::ExitCode;

use clap::Parser;
use phaki_tests::node::Program;

use figures::Figures;

/// The variable that makes this program a node.
const AS_NODE: &str = "PHAKI_BENCH_AS_NODE";

/// Measures phaki on real processes, TLS and files.
///
/// EXAMPLE: phaki-bench compare --documents 1000 --runs 3 --peers pouchdb,iroh-docs
#[derive(Debug, Parser)]
#[command(name = "phaki-bench", verbatim_doc_comment)]
enum Measurement {
    /// An empty node gets everything from another; then the line breaks and comes back.
    FirstSync(first_sync::Request),
    /// The workloads W1 to W5, with what this machine needs at least, beside other systems.
    Compare(compare::Request),
    /// The national node and all provinces, as processes on this machine.
    Federation(federation::Request),
    /// How everything grows with documents, spaces, writers and history.
    Growth(growth::Request),
    /// Searching, listing and sorting a hundred thousand documents.
    Search(search::Request),
    /// Ten nodes that are cut off, killed, restored, suspended and replaced while they edit.
    Soak(soak::Request),
    /// A first copy over a long, narrow and lossy line, with edits and cuts.
    BadLine(bad_line::Request),
}

fn main() -> ExitCode {
    if std::env::var_os(AS_NODE).is_some() {
        return phaki::main();
    }
    let measurement = Measurement::parse();
    let program = Program::at(std::env::current_exe().unwrap()).with_variable(AS_NODE, "1");
    let runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    match measurement {
        Measurement::FirstSync(request) => {
            let figures = runtime.block_on(first_sync::measure(program, &request));
            print(&figures, request.json)
        }
        Measurement::Federation(request) => {
            let figures = runtime.block_on(federation::measure(program, &request));
            print(&figures, request.json)
        }
        Measurement::Search(request) => {
            let figures = runtime.block_on(search::measure(program, &request));
            print(&figures, request.json)
        }
        Measurement::Growth(request) => {
            runtime.block_on(growth::print(program, &request));
            ExitCode::SUCCESS
        }
        Measurement::Soak(request) => {
            let endured = runtime.block_on(soak::measure(program, &request));
            match request.json {
                true => println!("{}", endured.json()),
                false => println!("{}", endured.table()),
            }
            match endured.holds() {
                true => ExitCode::SUCCESS,
                false => ExitCode::FAILURE,
            }
        }
        Measurement::Compare(request) => {
            let sheet = match runtime.block_on(compare::measure(program, &request)) {
                Ok(sheet) => sheet,
                Err(error) => return failed(&error),
            };
            match request.json {
                true => println!("{}", report::json(&sheet, &request)),
                false => println!("{}", report::table(&sheet, &request)),
            }
            ExitCode::SUCCESS
        }
        Measurement::BadLine(request) => {
            match runtime.block_on(bad_line::measure(program, &request)) {
                Ok(figures) => print(&figures, request.json),
                Err(error) => failed(&error),
            }
        }
    }
}

/// Says why nothing was measured.
fn failed(error: &anyhow::Error) -> ExitCode {
    println!("phaki-bench: {error:#}");
    ExitCode::FAILURE
}

/// Prints figures; a failure when a claim does not hold.
fn print(figures: &Figures, json: bool) -> ExitCode {
    match json {
        true => println!("{}", figures.json()),
        false => println!("{}", figures.table()),
    }
    match figures.claims_hold() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
