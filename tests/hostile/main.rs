//! Peers that mean harm, against real nodes over real TLS.
//!
//! Every test is one attack. Each asserts what the attacker was told, that this is on record, and
//! through [`kit::world::World::stands`] that nothing was stored as valid, nothing leaked, and the
//! honest nodes still agree.

#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails the test, with the line that failed"
)]

mod kit;

mod acts;
mod branches;
mod entries;
mod invites;
mod receipts;
mod republished;
mod rights;
mod sessions;
mod stewards;
mod strangers;

mod clones;
mod forks;
mod keys;
mod rotations;

mod bombs;
mod floods;
mod poison;
mod slow;
mod vaults;

use phaki_tests::federation::Federation;
use phaki_tests::node::Program;

/// A federation without nodes.
fn federation() -> Federation {
    Federation::new(Program::at(env!("CARGO_BIN_EXE_phaki-under-test")))
}
