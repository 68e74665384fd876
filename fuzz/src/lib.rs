//! What the fuzzers do with arbitrary bytes: one function for each target. They panic when
//! something is found; the tests replay the corpus through the same functions.
#![expect(
    clippy::missing_panics_doc,
    reason = "a panic is the finding that a fuzzer is after"
)]

mod change;
mod frame;
mod input;
mod session;
mod signed;

pub use change::change;
pub use frame::{enrol, frame};
pub use session::session;
pub use signed::signed;

/// A target: its name, which is that of its folder in the corpus, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 5] = [
    ("frame", frame),
    ("enrol", enrol),
    ("signed", signed),
    ("change", change),
    ("session", session),
];
