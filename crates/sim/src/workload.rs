//! What happens to a federation from outside, drawn from the seed: clients first.

mod administration;
mod calamities;

use phaki_documents::kind::{DocumentId, Kind};
use phaki_replication::id::SpaceId;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::cluster::Cluster;
use crate::transition::Transition;
use crate::weather::Sort;

/// People of each space: few, so that many say something about the same.
const PEOPLE: u8 = 8;

/// Draws what happens next.
pub(crate) struct Draw<'a> {
    cluster: &'a Cluster,
    rng: &'a mut ChaCha8Rng,
}

impl<'a> Draw<'a> {
    pub(crate) fn new(cluster: &'a Cluster, rng: &'a mut ChaCha8Rng) -> Self {
        Self { cluster, rng }
    }

    pub(crate) fn transition(&mut self, sort: Sort) -> Option<Transition> {
        match sort {
            Sort::Edit => self.edit(),
            Sort::Write => self.write(),
            Sort::Record => self.record(),
            Sort::Erase => self.erase(),
            Sort::Grant => self.grant(),
            Sort::Revoke => self.revoke(),
            Sort::Repeat => {
                let manifest = self.manifest()?;
                let machine = self.cluster.index_of(&manifest.steward())?;
                Some(Transition::Repeat {
                    machine,
                    space: manifest.space,
                })
            }
            Sort::Found => {
                let (nonce, writers) = (self.rng.random(), self.rng.random_bool(0.5));
                Some(Transition::Found {
                    machine: self.running()?,
                    nonce,
                    writers,
                })
            }
            Sort::Publish => self.publish(),
            Sort::Group => self.group(),
            Sort::Transfer => self.transfer(),
            Sort::Admit => self.admit(),
            Sort::BackUp | Sort::Restore | Sort::Clone | Sort::Equivocate => self.calamity(sort),
            Sort::Cut
            | Sort::Partition
            | Sort::Dial
            | Sort::Crash
            | Sort::Tear
            | Sort::SlowDisk
            | Sort::FillDisk
            | Sort::SetClock
            | Sort::Degrade
            | Sort::Attack => self.trouble(sort),
        }
    }

    fn edit(&mut self) -> Option<Transition> {
        let machine = self.running()?;
        let space = self.space_for(machine)?;
        let document = self.document(machine, space);
        let (field, value) = (self.rng.random_range(0..3), self.rng.random());
        let changes = if self.rng.random_bool(0.9) {
            1
        } else {
            self.rng.random_range(2..6)
        };
        Some(Transition::Edit {
            machine,
            space,
            document,
            field,
            value,
            changes,
        })
    }

    fn write(&mut self) -> Option<Transition> {
        let machine = self.running()?;
        let space = self.space_for(machine)?;
        let kind = [1, 2, 3, 77][self.rng.random_range(0..4)];
        let (entries, bytes) = match self.rng.random_range(0..20) {
            0 => (40, 60_000),
            1 => (200, 30),
            _ => (self.rng.random_range(1..4), self.rng.random_range(0..200)),
        };
        let salt = self.rng.random();
        Some(Transition::Write {
            machine,
            space,
            kind,
            salt,
            entries,
            bytes,
        })
    }

    fn record(&mut self) -> Option<Transition> {
        let machine = self.running()?;
        Some(Transition::Record {
            machine,
            space: self.space_for(machine)?,
            person: self.rng.random_range(0..PEOPLE),
            salt: self.rng.random(),
        })
    }

    fn erase(&mut self) -> Option<Transition> {
        let manifest = self.manifest()?;
        let steward = self.cluster.index_of(&manifest.steward());
        let machine = match self.rng.random_bool(0.9) {
            true => steward,
            false => self.running(),
        };
        Some(Transition::Erase {
            machine: machine?,
            space: manifest.space,
            person: self.rng.random_range(0..PEOPLE),
        })
    }

    /// Mostly a space that the machine may write, sometimes one that it may only read, seldom
    /// one that it does not know. Of two the one with fewer members, so that runs are quick.
    fn space_for(&mut self, machine: usize) -> Option<SpaceId> {
        let machine = &self.cluster.machines[machine];
        let node = machine.node.as_ref()?;
        let luck = self.rng.random_range(0..100);
        let spaces: Vec<SpaceId> = if luck < 2 {
            self.cluster.reference.spaces().copied().collect()
        } else {
            let writable = |space: &SpaceId| {
                node.manifest(space)
                    .is_some_and(|manifest| manifest.may_write(node.roster(), &machine.id))
            };
            let known = node.spaces().map(|(space, _)| *space);
            known.filter(|space| luck < 6 || writable(space)).collect()
        };
        let (one, other) = (*self.pick(&spaces)?, *self.pick(&spaces)?);
        let members = |space: &SpaceId| node.manifest(space).map_or(0, |m| m.members.len());
        Some(if members(&other) < members(&one) {
            other
        } else {
            one
        })
    }

    /// An existing document of few changes, most often the first one, so that many edit the
    /// same; or a new one.
    fn document(&mut self, machine: usize, space: SpaceId) -> DocumentId {
        let machine = &self.cluster.machines[machine];
        let fresh = DocumentId::new(Kind::Org, self.rng.random());
        let Some(replica) = machine.disk.contents.replicas.get(&space) else {
            return fresh;
        };
        if self.rng.random_bool(0.3) {
            return fresh;
        }
        let known: Vec<&DocumentId> = replica.documents().collect();
        let nth = if self.rng.random_bool(0.5) {
            0
        } else {
            self.rng.random_range(0..1_000_000)
        };
        let free = |document: &&&DocumentId| {
            !machine.editing.contains(&(space, ***document))
                && (1..30).contains(&replica.places(document).len())
        };
        let from = nth % known.len().max(1);
        known[from..]
            .iter()
            .take(5)
            .find(free)
            .map_or(fresh, |document| **document)
    }

    fn duration_ms(&mut self) -> u64 {
        match self.rng.random_range(0..10) {
            0..4 => self.rng.random_range(1..500),
            4..8 => self.rng.random_range(500..10_000),
            _ => self.rng.random_range(10_000..120_000),
        }
    }

    fn any(&mut self) -> usize {
        self.rng.random_range(0..self.cluster.machines.len())
    }

    fn running(&mut self) -> Option<usize> {
        let machine = self.any();
        self.cluster.machines[machine]
            .node
            .is_some()
            .then_some(machine)
    }

    fn pick<'b, T>(&mut self, from: &'b [T]) -> Option<&'b T> {
        (!from.is_empty()).then(|| &from[self.rng.random_range(0..from.len())])
    }
}
