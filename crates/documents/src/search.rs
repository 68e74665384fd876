//! Searching documents by words: what is looked at, what a query asks for, what matched.
//!
//! A word matches wherever its folded letters stand, also inside unspaced text, or where its
//! abbreviation or full form does. An index may propose documents by [`grams`]; whether one matches
//! is decided here alone.

mod abbreviation;
mod excerpt;
mod grams;
mod query;

pub use abbreviation::Abbreviations;
pub(crate) use abbreviation::FORMS;
pub use excerpt::{Excerpt, excerpt, marked};
pub use grams::{Gram, grams};
pub use query::{Part, Query, QueryError, Rank, Word};

/// The texts of a document that a search looks at, as written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Texts {
    /// Titles, names, short names and other spellings, one a line.
    pub names: String,
    /// All other texts, one or more lines each.
    pub body: String,
}
