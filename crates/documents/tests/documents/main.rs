//! What documents promise: round trips, merging, conflicts, history, and safety from bad bytes.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed step is a failed test; helpers are not covered by allow-unwrap-in-tests"
)]

mod causality;
mod conflicts_c01_c07;
mod conflicts_c08_c18;
mod directory;
mod editing;
mod handbook;
mod history;
mod hostile;
mod interleaving;
mod merging;
mod past;
mod replica;
mod rules;
mod sample_findings;
mod samples;
mod unsound;
