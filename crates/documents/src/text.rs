//! Thai text: sorting by the dictionary, and folding for search and comparison.
//!
//! Stored text is never changed by any of this.

mod collator;
mod fold;

pub use collator::Collator;
pub(crate) use fold::is_mark;
pub use fold::{Folded, fold, fold_number};
