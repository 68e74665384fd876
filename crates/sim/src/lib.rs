//! A whole federation in one thread: virtual time, bad network, bad disks, all from one seed.
//!
//! Every run draws a federation and what happens to it, carries it out on bare state machines,
//! checks the named invariants of [`check`] after each step, heals everything, and checks that
//! all nodes agree and that nothing acknowledged is lost.

mod check;
mod cluster;
mod disk;
mod federation;
mod machine;
mod network;
mod options;
mod reference;
mod replica;
mod run;
mod schedule;
mod trace;
mod transition;
mod weather;
mod workload;

pub use check::Violation;
pub use cluster::Cluster;
pub use options::{Options, Sabotage, Tally};
pub use run::{Failure, Summary, run};
pub use trace::Trace;
