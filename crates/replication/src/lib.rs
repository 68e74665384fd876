//! Feeds, rights and the session state machine of phaki; pure logic.
//!
//! Nothing here does input or output, reads a clock or draws a random number: time, keys and
//! what was read from disk are arguments, and what shall happen comes back as a list of effects.
#![warn(clippy::wildcard_enum_match_arm)]

pub mod branch;
pub mod canonical;
pub mod consent;
pub mod entry;
pub mod feed;
pub mod fork;
pub mod frontier;
pub mod id;
pub mod invariants;
pub mod limits;
pub mod manifest;
pub mod message;
pub mod node;
pub mod receipt;
pub mod republish;
pub mod roster;
pub mod sign;
pub mod vault;
pub mod vouch;
