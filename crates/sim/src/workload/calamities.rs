//! What happens to lines, disks, clocks and keys.

use phaki_replication::id::{Epoch, SpaceId};
use rand::Rng;

use super::Draw;
use crate::transition::Transition;
use crate::weather::Sort;

impl Draw<'_> {
    /// What happens to lines, disks and clocks.
    pub(super) fn trouble(&mut self, sort: Sort) -> Option<Transition> {
        match sort {
            Sort::Cut => {
                let half_open = self
                    .rng
                    .random_bool(0.3)
                    .then(|| self.rng.random_range(0..2_usize));
                Some(Transition::Cut {
                    nth: self.rng.random_range(0..1_000),
                    half_open,
                })
            }
            Sort::Partition => self.partition(),
            Sort::Dial => {
                let machine = self.running()?;
                let neighbours = self.cluster.network.neighbours(machine);
                let (peer, _) = *self.pick(&neighbours)?;
                Some(Transition::Dial { machine, peer })
            }
            Sort::Crash | Sort::Tear | Sort::SlowDisk | Sort::FillDisk => {
                self.machine_trouble(sort)
            }
            Sort::SetClock => {
                let skews = [0, 543 * 31_557_600_000, -31_557_600_000, 90_000, -1_200_000];
                let skew_ms = skews[self.rng.random_range(0..skews.len())];
                Some(Transition::SetClock {
                    machine: self.any(),
                    skew_ms,
                })
            }
            Sort::Degrade => {
                let edges: Vec<usize> = (0..self.cluster.network.edges.len()).collect();
                let edge = *self.pick(&edges)?;
                Some(Transition::Degrade {
                    edge,
                    for_ms: self.duration_ms(),
                })
            }
            Sort::Attack => {
                let (nth, side) = (self.rng.random_range(0..1_000), self.rng.random_range(0..2));
                let captured = self.rng.random_range(0..1_000);
                let mutation = self.rng.random_range(0..8);
                Some(Transition::Attack {
                    nth,
                    side,
                    captured,
                    mutation,
                })
            }
            _ => None,
        }
    }

    /// What happens to machines and their disks.
    fn machine_trouble(&mut self, sort: Sort) -> Option<Transition> {
        match sort {
            Sort::Crash => {
                let effects = self.rng.random_range(0..25);
                let down_ms = self.duration_ms();
                Some(Transition::Crash {
                    machine: self.running()?,
                    effects,
                    down_ms,
                })
            }
            Sort::Tear => {
                let (writes, down_ms) = (self.rng.random_range(1..20), self.duration_ms());
                Some(Transition::Tear {
                    machine: self.running()?,
                    writes,
                    down_ms,
                })
            }
            Sort::SlowDisk => {
                let (machine, for_ms) = (self.any(), self.duration_ms());
                Some(Transition::SlowDisk { machine, for_ms })
            }
            Sort::FillDisk => {
                let (machine, for_ms) = (self.any(), self.duration_ms());
                Some(Transition::FillDisk { machine, for_ms })
            }
            _ => None,
        }
    }

    pub(super) fn partition(&mut self) -> Option<Transition> {
        let count = self.cluster.machines.len();
        let size = self.rng.random_range(1..=count.div_ceil(2));
        let group = (0..size).map(|_| self.rng.random_range(0..count)).collect();
        Some(Transition::Partition {
            group,
            for_ms: self.duration_ms(),
        })
    }

    /// What happens to a whole store or to a key.
    pub(super) fn calamity(&mut self, sort: Sort) -> Option<Transition> {
        let machine = self.rng.random_range(0..self.cluster.members());
        match sort {
            Sort::BackUp => Some(Transition::BackUp { machine }),
            Sort::Restore => {
                let raw = self.rng.random_bool(0.7);
                Some(Transition::Restore {
                    machine,
                    nth: self.rng.random_range(0..100),
                    epoch: (!raw).then(|| Epoch(self.rng.random())),
                    alone_ms: self.duration_ms(),
                })
            }
            Sort::Clone => Some(Transition::Clone {
                machine,
                for_ms: self.duration_ms(),
                alone_ms: self.duration_ms(),
            }),
            Sort::Equivocate => {
                let contents = &self.cluster.machines[machine].disk.contents;
                let spaces: Vec<SpaceId> = contents.manifests.keys().copied().collect();
                let (space, salt) = (*self.pick(&spaces)?, self.rng.random());
                Some(Transition::Equivocate {
                    machine,
                    space,
                    back: self.rng.random_range(0..3),
                    salt,
                    sides: self.rng.random_range(2..4),
                })
            }
            _ => None,
        }
    }
}
