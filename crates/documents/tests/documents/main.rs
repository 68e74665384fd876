//! What documents promise: round trips, merging, conflicts, history, and safety from bad bytes.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed step is a failed test; helpers are not covered by allow-unwrap-in-tests"
)]

mod causality;
mod editing;
mod handbook;
mod history;
mod hostile;
mod merging;
mod past;
mod replica;
mod rules;
mod sample_findings;
mod samples;
mod unsound;
