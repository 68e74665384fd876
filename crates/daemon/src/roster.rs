//! The roster's next version: which changes there are, what they change, and the file in which it
//! travels to the federation's key and back.

mod change;
mod difference;
mod file;

pub(crate) use change::{Change, ChangeError, Replacement, apply, check_replaceable, holder_of};
pub(crate) use difference::{Difference, differences};
pub(crate) use file::RosterFile;
