//! The spaces that a node founds for itself when it first runs, so that nobody has to design any.

/// The end of the name of a space that is for drafts.
const DRAFT: &str = "/draft";

/// Whether the space with that name is for drafts: it is shared with nobody.
pub(crate) fn never_leaves(name: &str) -> bool {
    name.ends_with(DRAFT)
}
