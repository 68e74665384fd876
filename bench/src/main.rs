//! Measures the daemon: `cargo run --release -p phaki-bench -- first-sync`.
//!
//! The nodes are this very program: started with [`AS_NODE`] in its environment it is the daemon,
//! so that what is measured is built as the measurement is.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that fails ends there, and its figures are its output"
)]

mod figures;
mod first_sync;

use std::process::ExitCode;

use phaki_tests::node::Program;

/// The variable that makes this program a node.
const AS_NODE: &str = "PHAKI_BENCH_AS_NODE";

const USAGE: &str = "\
usage: phaki-bench first-sync [--documents N] [--json]

  first-sync   an empty node gets everything from another; then the line breaks and comes back";

fn main() -> ExitCode {
    if std::env::var_os(AS_NODE).is_some() {
        return phaki::main();
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some(request) = first_sync::Request::from_words(&words) else {
        println!("{USAGE}");
        return ExitCode::from(2);
    };
    let program = Program::at(std::env::current_exe().unwrap()).with_variable(AS_NODE, "1");
    let runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let figures = runtime.block_on(first_sync::measure(program, &request));
    println!(
        "{}",
        if request.json {
            figures.json()
        } else {
            figures.table()
        }
    );
    if figures.claims_hold() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
