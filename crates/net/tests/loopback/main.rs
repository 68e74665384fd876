//! Nodes that talk over real TLS on this machine, and clients that should not get to.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod enrolment;
mod hostile;
mod idle;
mod links;
mod node;
mod redial;
mod refusals;
