//! The store from outside: what is written, failed, killed and read again.
#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails shall fail its test"
)]

mod applying;
mod auditing;
mod failing;
mod inviting;
mod materialising;
mod model;
mod opening;
mod quarantine;
mod reading;
mod repairing;
mod restoring;
mod rotating;
mod searching;
mod severed;
mod upgrading;
mod vaulting;
mod verifying;
mod world;
mod writing;
