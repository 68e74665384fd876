//! The document kinds of phaki over Automerge; pure logic.
//!
//! A document is one Automerge document whose root map is flat: path to value. No nested object
//! is ever made but the texts of long fields, so two nodes that make the same document, entry or
//! item concurrently merge field by field, and every value keeps its concurrent rivals.
//! Nothing here does input or output, reads a clock or draws a random number.
#![warn(clippy::wildcard_enum_match_arm)]

pub mod amount;
pub mod approval;
pub mod area;
pub mod carry;
pub mod causal;
pub mod change;
pub mod contact;
pub mod date;
pub mod decimal;
pub mod directory;
pub mod document;
pub mod handbook;
pub mod kind;
mod leaves;
pub mod limits;
mod order;
pub mod path;
pub mod payload;
pub mod reference;
pub mod rules;
pub mod schema;
pub mod search;
mod subject;
pub mod text;

pub use document::{Document, Edit, Editor};
pub use kind::{DocumentId, Kind};
pub use path::Path;
