//! A federation of real processes on one machine, with lines between them that can go bad.
//!
//! [`federation::Federation`] makes the nodes, [`node::Node`] is one of them, [`local::Local`]
//! talks to it over its socket, and a [`proxy::Proxy`] is the line between two. Nothing here
//! sleeps to let something happen: [`wait`] polls for a condition until a deadline.

#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails the test, with the line that failed"
)]

pub mod federation;
pub mod node;

pub mod local;
pub mod log;
pub mod proxy;
pub mod samples;
pub mod wait;
