//! Which record stands for an organisation of which there are several.
//!
//! A merge is the field `merged_into` of one record; undoing it removes the field. Nodes may merge
//! concurrently, in chains and in circles, so what stands for what is worked out from all of them:
//! the end of the chain; in a circle the record with a national code, of several or of none the one
//! with the smallest id.

use std::collections::BTreeMap;

use crate::kind::DocumentId;

/// What one record says of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Merge {
    /// The record that stands for it.
    pub into: Option<DocumentId>,
    /// Whether it bears a code of a national register.
    pub has_code: bool,
}

/// All merges that are known.
#[derive(Debug, Clone, Default)]
pub struct Merges(BTreeMap<DocumentId, Merge>);

impl Merges {
    /// Takes what one record says.
    pub fn insert(&mut self, id: DocumentId, merge: Merge) {
        self.0.insert(id, merge);
    }

    /// The record that stands for this one; itself when it was not merged. One that is not known
    /// here ends a chain.
    pub fn canonical(&self, id: DocumentId) -> DocumentId {
        let (chain, circle) = self.chain(id);
        let ring = chain.get(circle..).unwrap_or_default();
        let by_code = |id: &&DocumentId| (!self.has_code(id), **id);
        let of_circle = ring.iter().min_by_key(by_code).copied();
        of_circle.or(chain.last().copied()).unwrap_or(id)
    }

    /// True when the chain of merges from this record comes back to it.
    pub fn is_in_circle(&self, id: DocumentId) -> bool {
        let (chain, circle) = self.chain(id);
        circle == 0 && !chain.is_empty()
    }

    /// The next record of the chain that is not known yet, so that whoever reads records one by one
    /// knows which to read.
    pub fn unknown(&self, id: DocumentId) -> Option<DocumentId> {
        let (chain, _) = self.chain(id);
        chain
            .last()
            .copied()
            .filter(|last| !self.0.contains_key(last))
    }

    /// The records from this one on, each once, and the place among them at which the chain comes
    /// back; behind the last one when it does not.
    fn chain(&self, id: DocumentId) -> (Vec<DocumentId>, usize) {
        let mut places = BTreeMap::new();
        let mut chain = Vec::new();
        let mut at = Some(id);
        while let Some(id) = at {
            if let Some(place) = places.get(&id) {
                return (chain, *place);
            }
            places.insert(id, chain.len());
            chain.push(id);
            at = self.0.get(&id).and_then(|merge| merge.into);
        }
        let end = chain.len();
        (chain, end)
    }

    fn has_code(&self, id: &DocumentId) -> bool {
        self.0.get(id).is_some_and(|merge| merge.has_code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;

    fn org(number: u8) -> DocumentId {
        DocumentId::new(Kind::Org, [number; 16])
    }

    fn merges(edges: &[(u8, u8)], coded: &[u8]) -> Merges {
        let mut merges = Merges::default();
        for number in 1..=9 {
            let into = edges.iter().find(|(from, _)| *from == number);
            let merge = Merge {
                into: into.map(|(_, to)| org(*to)),
                has_code: coded.contains(&number),
            };
            merges.insert(org(number), merge);
        }
        merges
    }

    #[test]
    fn a_chain_is_followed_to_its_end() {
        let chain = merges(&[(1, 2), (2, 5), (5, 3)], &[1]);
        for number in [1, 2, 5, 3] {
            assert_eq!(chain.canonical(org(number)), org(3));
        }
        assert_eq!(chain.canonical(org(9)), org(9));
        assert!(!chain.is_in_circle(org(1)));
    }

    #[test]
    fn in_a_circle_a_national_code_decides_and_then_the_smallest_id() {
        let circle = [(4, 2), (2, 7), (7, 4), (9, 7)];
        for (coded, expected) in [(&[][..], 2), (&[7], 7), (&[7, 4], 4), (&[9], 2)] {
            let merges = merges(&circle, coded);
            for number in [2, 4, 7, 9] {
                assert_eq!(merges.canonical(org(number)), org(expected), "{coded:?}");
            }
            assert!(merges.is_in_circle(org(2)) && !merges.is_in_circle(org(9)));
        }
    }

    #[test]
    fn a_record_that_is_not_known_ends_a_chain() {
        let unknown = DocumentId::new(Kind::Org, [77; 16]);
        let merges = merges(&[(1, 77)], &[]);
        assert_eq!(merges.canonical(org(1)), unknown);
        assert_eq!(merges.unknown(org(1)), Some(unknown));
        assert_eq!(merges.unknown(org(2)), None);
    }
}
