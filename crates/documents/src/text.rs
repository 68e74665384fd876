//! Thai text: sorting by the dictionary, and folding for search and comparison.
//!
//! Stored text is never changed by any of this.

mod collator;
mod fold;

pub use collator::Collator;
pub use fold::{Folded, fold, fold_number};
pub(crate) use fold::{fold_chars, is_mark};
