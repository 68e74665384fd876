//! The floor of W5: Automerge merges two loaded documents.

use std::time::Instant;

use automerge::AutoCommit;

use crate::catalogue::{self, Workload};
use crate::sheet::Round;
use crate::workload::{changes_of, nested, small_edits};

/// Two documents that began as the same one.
#[derive(Debug)]
pub(super) struct Prepared {
    sides: [AutoCommit; 2],
    changes: u64,
}

impl Prepared {
    pub(super) fn new(edits: u64) -> Self {
        let plan = nested::complete(0);
        let side = |author| {
            let mut document = plan.clone();
            nested::write(&mut document, author, small_edits(author, edits));
            document
        };
        Self {
            sides: [side(1), side(2)],
            changes: changes_of(0) + 2 * edits,
        }
    }

    pub(super) fn measure(&self) -> Round {
        let [mut one, mut other] = self.sides.clone();
        let began = Instant::now();
        one.merge(&mut other).unwrap();
        let took = began.elapsed().as_secs_f64();
        let merged = u64::try_from(one.get_changes(&[]).len()).unwrap();
        assert_eq!(merged, self.changes);
        let mut round = Round::of(Workload::Merge);
        round.add(catalogue::MERGE_S, took);
        round
    }
}
