//! Documents as spreadsheets and in the formats of other systems, and spreadsheets as edits.
//!
//! All of it is from bytes and JSON to bytes and JSON: nothing here opens a file, asks a node or
//! reads a clock. What a spreadsheet looks like follows from the schema of the documents.

pub mod calendar;
pub mod cell;
pub mod delimited;
pub mod directory;
pub mod heading;
pub mod import;
mod language;
pub mod layout;
pub mod limits;
pub mod local_fund;
pub mod office_contact;
pub mod rows;
pub mod value;
pub mod workbook;

pub use cell::{Cell, Table};
pub use language::Language;
