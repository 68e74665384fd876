//! The daemon as real processes with real files and real TLS, on lines that go bad.
//!
//! Files stand in the order in which a reader needs them: what a person does first, what must
//! never be lost, and what happens when the machine fails. Who must never get in, and what peers
//! must never achieve, stands in `tests/hostile`.

#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails the test, with the line that failed"
)]

mod demonstration;
mod operators;
mod readme;
mod walkthrough;

mod backup;
mod branches;
mod broken_line;
mod checking;
mod crashes;
mod directory;
mod editing;
mod inbox;
mod long_absence;
mod merging;
mod people;
mod planning_year;
mod quarantine;
mod receipts;
mod reference;
mod relay;
mod restored;
mod rotation;
mod searching;
mod spreadsheets;
mod watching;

mod audit;
mod enrolment;
mod spaces;

mod line_terms;
mod operation;

mod proxy;

use phaki_tests::federation::Federation;
use phaki_tests::node::Program;

/// The daemon, built again by this package.
fn program() -> Program {
    Program::at(env!("CARGO_BIN_EXE_phaki-under-test"))
}

/// A federation without nodes.
fn federation() -> Federation {
    Federation::new(program())
}
