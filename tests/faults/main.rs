//! What goes wrong on the machine of a node: its disk, its files, its clock, its limits.
//!
//! One file for each fault. Nothing acknowledged is lost, other spaces and peers are not
//! affected, the node says what to do, and where possible it goes on by itself. What peers do
//! wrong stands in `tests/hostile`, what lines and crashes do in `tests/e2e`.

#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails the test, with the line that failed"
)]

mod small_disk;

mod damaged_pages;
mod full_disk;
mod write_ahead_log;

#[cfg(target_os = "linux")]
mod clocks;
mod descriptors;
mod memory;
mod restarts;
mod stopped;

use phaki_tests::federation::Federation;
use phaki_tests::node::Program;

/// A federation without nodes.
fn federation() -> Federation {
    Federation::new(Program::at(env!("CARGO_BIN_EXE_phaki-under-test")))
}
