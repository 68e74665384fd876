//! How often what happens to a federation in one run.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::cluster::Cluster;
use crate::transition::Transition;
use crate::workload::Draw;

/// How often what happens in one run. Every run draws its own, so that runs differ in kind: some
/// know no crash, some little else.
#[derive(Clone, Debug)]
pub(crate) struct Weather {
    weights: Vec<(Sort, u32)>,
    pub(crate) lossy: bool,
    pub(crate) hostile: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    Edit,
    Write,
    Record,
    Erase,
    Grant,
    Revoke,
    Repeat,
    Found,
    Publish,
    Group,
    Transfer,
    Admit,
    BackUp,
    Restore,
    Clone,
    Equivocate,
    Cut,
    Partition,
    Dial,
    Crash,
    Tear,
    SlowDisk,
    FillDisk,
    SetClock,
    Degrade,
    Attack,
}

impl Weather {
    /// Draws the weather of one run.
    pub(crate) fn draw(rng: &mut ChaCha8Rng) -> Self {
        let lossy = rng.random_bool(0.25);
        let hostile = rng.random_bool(0.25);
        let base = [
            (Sort::Edit, 600),
            (Sort::Write, 40),
            (Sort::Record, 30),
            (Sort::Erase, 8),
            (Sort::Grant, 25),
            (Sort::Revoke, 15),
            (Sort::Repeat, 3),
            (Sort::Found, 2),
            (Sort::Publish, 8),
            (Sort::Group, 8),
            (Sort::Transfer, 6),
            (Sort::Admit, 12),
            (Sort::BackUp, 16),
            (Sort::Restore, 8),
            (Sort::Clone, 4),
            (Sort::Equivocate, 8),
            (Sort::Cut, 40),
            (Sort::Partition, 6),
            (Sort::Dial, 15),
            (Sort::Crash, 20),
            (Sort::Tear, 12),
            (Sort::SlowDisk, 5),
            (Sort::FillDisk, 5),
            (Sort::SetClock, 5),
            (Sort::Degrade, if lossy { 20 } else { 0 }),
            (Sort::Attack, if hostile { 60 } else { 0 }),
        ];
        let scale = |(sort, weight)| {
            let factor = if sort == Sort::Edit {
                2
            } else {
                [0_u32, 1, 2, 6][rng.random_range(0..4)]
            };
            (sort, weight * factor)
        };
        Self {
            weights: base.into_iter().map(scale).collect(),
            lossy,
            hostile,
        }
    }

    /// Draws what happens next; `None` when it cannot happen now.
    pub(crate) fn next(&self, cluster: &Cluster, rng: &mut ChaCha8Rng) -> Option<Transition> {
        let total: u32 = self.weights.iter().map(|(_, weight)| weight).sum();
        let mut ticket = rng.random_range(0..total);
        let mut sort = Sort::Edit;
        for (candidate, weight) in &self.weights {
            sort = *candidate;
            if ticket < *weight {
                break;
            }
            ticket -= weight;
        }
        Draw::new(cluster, rng).transition(sort)
    }
}
