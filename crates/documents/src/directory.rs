//! The directory: which records are of one organisation, and which organisation belonged to which.
//!
//! Everything follows from the documents of kind `org` alone, in whatever order they come, so that
//! nodes with the same documents show the same directory.

mod canonical;
mod duplicate;
mod hierarchy;
mod likeness;
mod office;

use std::collections::{BTreeMap, BTreeSet};

pub use canonical::{Merge, Merges};
pub use duplicate::{Pair, SCORE_MIN};
pub use hierarchy::{Dropped, Hierarchy, Place, Why};
pub use likeness::{Likeness, Reason};
pub use office::{Membership, Office};

use crate::date::Date;
use crate::kind::DocumentId;

/// What is known of all organisations.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    offices: BTreeMap<DocumentId, Office>,
    merges: Merges,
}

impl Directory {
    /// Takes one more organisation. One that is there already, since it lies in several spaces,
    /// counts once.
    pub fn insert(&mut self, office: Office) {
        if self.offices.contains_key(&office.id) {
            return;
        }
        self.merges.insert(office.id, office.merge());
        self.offices.insert(office.id, office);
    }

    /// What is known of one organisation.
    pub fn office(&self, id: &DocumentId) -> Option<&Office> {
        self.offices.get(id)
    }

    /// All organisations, by id.
    pub fn offices(&self) -> impl Iterator<Item = &Office> {
        self.offices.values()
    }

    /// Which record stands for which.
    pub fn merges(&self) -> &Merges {
        &self.merges
    }

    /// The pairs that may be one organisation, the likeliest first. Records that were merged into
    /// others, that were withdrawn, and pairs of which a person has said that they are two do not
    /// come up.
    pub fn duplicates(&self) -> Vec<Pair> {
        duplicate::pairs(&self.stand_alone())
    }

    /// Who belonged to whom on a day.
    pub fn hierarchy(&self, at: Date) -> Hierarchy {
        Hierarchy::of(self, at)
    }

    /// The organisations that stand for themselves.
    fn stand_alone(&self) -> Vec<&Office> {
        let all = self.offices.values();
        all.filter(|office| !office.is_retired && self.merges.canonical(office.id) == office.id)
            .collect()
    }

    /// The records that others stand for, by the one that stands for them.
    pub fn represented(&self) -> BTreeMap<DocumentId, BTreeSet<DocumentId>> {
        let mut by_canonical: BTreeMap<DocumentId, BTreeSet<DocumentId>> = BTreeMap::new();
        for id in self.offices.keys() {
            let canonical = self.merges.canonical(*id);
            if canonical != *id {
                by_canonical.entry(canonical).or_default().insert(*id);
            }
        }
        by_canonical
    }
}
