//! A document as it was: what somebody saw when they decided on an edit.

use std::collections::BTreeSet;

use super::Document;
use crate::change::{self, ChangeHash};

impl Document {
    /// The hashes of all changes, those left out included, ascending.
    pub fn hashes(&self) -> Vec<ChangeHash> {
        let sound = self.inner.get_changes(&[]);
        let all: BTreeSet<ChangeHash> = sound
            .iter()
            .chain(&self.left_out)
            .map(|change| change.hash().0)
            .collect();
        all.into_iter().collect()
    }

    /// The document with these heads and what they follow, and nothing that came since; `None`
    /// when one of them is not known.
    ///
    /// An edit of it is concurrent with all that came since, so it supersedes nothing that its
    /// author did not see. Its actor must be one without changes in this document: one that has
    /// some would use the number of a later one again.
    pub fn at(&self, heads: &[ChangeHash]) -> Option<Document> {
        let mut open = heads.to_vec();
        let (mut seen, mut sound) = (BTreeSet::new(), Vec::new());
        while let Some(hash) = open.pop() {
            if !seen.insert(hash) {
                continue;
            }
            // Of a change that was left out, only what it follows was seen.
            let left_out = self.left_out.iter().find(|change| change.hash().0 == hash);
            if let Some(change) = left_out {
                open.extend(change.deps().iter().map(|dep| dep.0));
                continue;
            }
            let hash = automerge::ChangeHash(hash);
            self.inner.get_change_meta_by_hash(&hash)?;
            sound.push(hash);
        }
        let since = self.inner.get_changes(&sound);
        let since: BTreeSet<_> = since.iter().map(automerge::Change::hash).collect();
        let mut past = self.inner.get_changes(&[]);
        past.retain(|change| !since.contains(&change.hash()));
        let mut document = Document::empty(self.id);
        let applied = change::guarded(|| document.inner.apply_changes(past));
        matches!(applied, Ok(Ok(()))).then_some(document)
    }
}
