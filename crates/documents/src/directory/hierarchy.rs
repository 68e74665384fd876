//! Who belonged to whom on a day.
//!
//! Two offices may write at once that a unit belongs to each of them, or that each belongs to the
//! other. Lines of the lists of parents therefore count in the order of their first days; one that
//! would give a unit a second parent of the same kind, or close a circle, is shown but does not
//! count. That is the same at every node that has the same documents.

use std::collections::{BTreeMap, BTreeSet};

use super::Directory;
use super::office::{Membership, PART_OF};
use crate::date::Date;
use crate::kind::DocumentId;

/// Why a line does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The unit has a parent of that kind already.
    Second,
    /// The parent belongs to the unit itself.
    Circle,
}

/// A line that does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    pub unit: DocumentId,
    pub line: Membership,
    pub why: Why,
}

/// Who belonged to whom. Records that were merged are taken for those that stand for them.
#[derive(Debug, Clone, Default)]
pub struct Hierarchy {
    parents: BTreeMap<DocumentId, Vec<Membership>>,
    children: BTreeMap<DocumentId, BTreeSet<DocumentId>>,
    dropped: Vec<Dropped>,
}

/// One organisation in the drawing of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub id: DocumentId,
    /// Steps below the top, which has 0.
    pub depth: usize,
}

impl Hierarchy {
    pub(super) fn of(directory: &Directory, day: Date) -> Hierarchy {
        let mut hierarchy = Hierarchy::default();
        for (unit, line) in lines(directory, day) {
            let parents = hierarchy.parents.get(&unit);
            let same_kind = parents.and_then(|all| all.iter().find(|one| one.kind == line.kind));
            let why = match same_kind {
                // Two records of one organisation say the same.
                Some(known) if known.parent == line.parent => continue,
                _ if hierarchy.is_above(unit, line.parent) => Some(Why::Circle),
                Some(_) => Some(Why::Second),
                None => None,
            };
            if let Some(why) = why {
                hierarchy.dropped.push(Dropped { unit, line, why });
                continue;
            }
            let children = hierarchy.children.entry(line.parent).or_default();
            children.insert(unit);
            hierarchy.parents.entry(unit).or_default().push(line);
        }
        hierarchy
    }

    /// What an organisation belonged to, one line for each kind of relation.
    pub fn parents(&self, id: &DocumentId) -> &[Membership] {
        self.parents.get(id).map(Vec::as_slice).unwrap_or_default()
    }

    /// The lines that do not count.
    pub fn dropped(&self) -> &[Dropped] {
        &self.dropped
    }

    /// The organisations below one, itself first, each once and behind one to which it belongs.
    pub fn below(&self, id: DocumentId) -> Vec<Place> {
        let mut places = Vec::new();
        let mut met = BTreeSet::new();
        let mut open = vec![Place { id, depth: 0 }];
        while let Some(place) = open.pop() {
            if !met.insert(place.id) {
                continue;
            }
            places.push(place);
            let children = self.children.get(&place.id).into_iter().flatten().rev();
            let depth = place.depth + 1;
            open.extend(children.map(|id| Place { id: *id, depth }));
        }
        places
    }

    /// Those that others belong to and that belong to nobody.
    pub fn tops(&self) -> impl Iterator<Item = DocumentId> {
        let all = self.children.keys();
        all.filter(|id| !self.parents.contains_key(id)).copied()
    }

    /// True when `unit` is `other` or above it.
    fn is_above(&self, unit: DocumentId, other: DocumentId) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![other];
        while let Some(id) = open.pop() {
            if id == unit {
                return true;
            }
            if seen.insert(id) {
                open.extend(self.parents(&id).iter().map(|line| line.parent));
            }
        }
        false
    }
}

/// The lines in force on that day, the earliest first.
fn lines(directory: &Directory, day: Date) -> Vec<(DocumentId, Membership)> {
    let merges = directory.merges();
    let mut lines = Vec::new();
    for office in directory.offices().filter(|office| !office.is_retired) {
        let unit = merges.canonical(office.id);
        let in_force = office.memberships.iter().filter(|line| line.holds_at(day));
        let dated = in_force.clone().any(|line| line.path != PART_OF);
        let counting = in_force.filter(|line| line.path != PART_OF || !dated);
        lines.extend(counting.map(|line| {
            let parent = merges.canonical(line.parent);
            (
                unit,
                Membership {
                    parent,
                    ..line.clone()
                },
            )
        }));
    }
    lines.sort_by(|(unit, line), (other, others)| (line, unit).cmp(&(others, other)));
    // A record and the one that it was merged into are no parent and child.
    lines.retain(|(unit, line)| *unit != line.parent);
    lines
}
