//! The durable store of a node on SQLite.
//!
//! One thread writes, everything that waits in one transaction; any thread reads. An entry, the
//! length of its feed and the heads of its document become durable together. Nothing is reported
//! as stored before it is.

mod append;
mod apply;
pub mod audit;
pub mod backup;
mod batch;
mod change_entry;
mod connection;
mod discard;
mod fault;
mod file;
mod index;
pub mod invite;
pub mod job;
pub mod limits;
pub mod materialise;
pub mod pending;
mod place;
mod prepared;
pub mod progress;
mod queue;
pub mod reader;
pub mod repair;
pub mod restore;
pub mod rotate;
mod schema;
mod search;
mod severed;
pub mod store;
pub mod vault;
pub mod verify;
pub mod writer;

pub use audit::{AuditCheck, AuditDraft, AuditFilter, AuditRecord, BrokenRecord};
pub use fault::is_full;
pub use invite::{Closed, Invite, InviteRefusal, Redemption};
pub use job::{Completion, FailureClass, Job, Reply, Touched, WriteError};
pub use materialise::{Materialised, Materialiser, materialise, start_materialiser};
pub use pending::{Decision, Pending};
pub use reader::{ReadError, Reader};
pub use store::{Identity, Store};
pub use verify::{Problem, Verification};
pub use writer::{Writer, WriterOptions, WriterThread};
