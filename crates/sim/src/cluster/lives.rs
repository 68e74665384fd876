//! Stores that are put back to what they were, and machines that run twice.

use phaki_replication::id::{Epoch, FeedId};
use rand::Rng;

use super::Cluster;
use crate::check::{self, Violation};
use crate::disk::{Contents, Disk};
use crate::federation::name;
use crate::machine::Machine;
use crate::network::Edge;
use crate::reference::NOWHERE;
use crate::schedule::Occurrence;

/// Backups that are kept of one machine.
const BACKUPS_MAX: usize = 2;

/// Clones in one run.
const CLONES_MAX: usize = 3;

/// How long after a clone was to be switched off it is looked at again.
const AGAIN_US: u64 = 5_000_000;

impl Cluster {
    /// Somebody copies a disk away.
    pub(super) fn back_up(&mut self, index: usize) {
        let machine = &mut self.machines[index];
        if machine.backups.len() == BACKUPS_MAX {
            machine.backups.remove(0);
        }
        machine.backups.push(machine.disk.contents.clone());
    }

    /// A machine loses its disk and is put back to an earlier one.
    pub(super) fn restore(
        &mut self,
        index: usize,
        nth: usize,
        epoch: Option<Epoch>,
        alone_us: u64,
    ) {
        let now_us = self.schedule.now_us();
        let backups = &self.machines[index].backups;
        let Some(mut contents) = backups.get(nth % backups.len().max(1)).cloned() else {
            return;
        };
        if self.machines[index].node.is_some() {
            self.machines[index].disk.crash(now_us, &mut self.rng);
            self.go_down(index);
        }
        let feed = FeedId {
            author: self.machines[index].id,
            epoch: contents.epoch,
        };
        match epoch {
            Some(epoch) => contents.epoch = epoch,
            None => drop(self.reference.forkable.insert(feed)),
        }
        let old = std::mem::replace(&mut self.machines[index].disk.contents, contents);
        self.note_lost(&old);
        self.frontiers.retain(|(machine, _), _| *machine != index);
        self.forget_what_is_gone(index);
        self.isolate(index, now_us + alone_us);
        self.tally.restored += 1;
        let down_us = self.rng.random_range(0..2_000_000);
        self.schedule
            .after(down_us, Occurrence::Restart { machine: index });
    }

    /// Nobody can reach a machine for a while.
    fn isolate(&mut self, index: usize, until_us: u64) {
        for edge in &mut self.network.edges {
            if edge.machines.contains(&index) {
                edge.down_until_us = until_us;
            }
        }
    }

    /// A second machine starts from a copy of the disk of another.
    pub(super) fn clone_machine(&mut self, index: usize, for_us: u64, alone_us: u64) {
        let clones = self.machines.len() - self.members();
        if clones == CLONES_MAX {
            return;
        }
        let original = &self.machines[index];
        self.reference.forkable.insert(original.feed());
        let disk = Disk::new(original.disk.contents.clone(), original.disk.commit_us);
        let twin = self.machines.len();
        let mut machine = Machine::new(twin, original.key.clone(), disk);
        machine
            .durable_manifests
            .clone_from(&original.durable_manifests);
        machine.is_clone = true;
        let edges: Vec<Edge> = self.network.edges.clone();
        for mut edge in edges.into_iter().filter(|e| e.machines.contains(&index)) {
            for end in edge.machines.iter_mut().filter(|end| **end == index) {
                *end = twin;
            }
            self.network.edges.push(edge);
        }
        self.machines.push(machine);
        self.isolate(twin, self.schedule.now_us() + alone_us);
        self.tally.cloned += 1;
        self.note(format_args!("{} is a clone of {}", name(twin), name(index)));
        let restart = Occurrence::Restart { machine: twin };
        self.schedule.after(1_000, restart);
        let retire = Occurrence::Retire { machine: twin };
        self.schedule.after(alone_us + for_us, retire);
    }

    /// A clone is switched off for good, when everything that it acknowledged is elsewhere too.
    pub(super) fn retire(&mut self, index: usize) -> Result<(), Violation> {
        let elsewhere = |known: &_| {
            let others = self
                .machines
                .iter()
                .filter(|m| m.index != index && !m.retired);
            others
                .into_iter()
                .any(|m| check::is_held(&m.disk.contents, known))
        };
        let mut own = self.reference.acknowledged.iter();
        if !self.is_healed() && !own.all(|known| known.machine != index || elsewhere(known)) {
            let again = Occurrence::Retire { machine: index };
            self.schedule.after(AGAIN_US, again);
            return Ok(());
        }
        self.note(format_args!("{} is switched off", name(index)));
        self.go_down(index);
        self.machines[index].retired = true;
        let old = self.machines[index].disk.contents.clone();
        self.note_lost(&old);
        self.forget_what_is_gone(index);
        Ok(())
    }

    /// Clones that still run when everything has healed are switched off.
    pub(super) fn retire_all(&mut self) -> Result<(), Violation> {
        for index in self.members()..self.machines.len() {
            if !self.machines[index].retired {
                self.retire(index)?;
            }
        }
        Ok(())
    }

    /// Takes note of the spaces in which a disk that is lost held more than any other.
    fn note_lost(&mut self, old: &Contents) {
        for ((space, feed), stored) in &old.feeds {
            let others = self.machines.iter().filter(|machine| !machine.retired);
            let mut others = others.filter_map(|m| m.disk.contents.feeds.get(&(*space, *feed)));
            if !others.any(|other| other.entries.starts_with(&stored.entries)) {
                self.reference.lossy.insert(*space);
            }
        }
        self.reference
            .lossy
            .extend(old.severed.iter().map(|severed| severed.space));
    }

    /// The disk of a machine is not what it was: what only it had nobody can be asked for, and
    /// what others have they must bring.
    fn forget_what_is_gone(&mut self, index: usize) {
        let machines = &self.machines;
        let has = |machine: &Machine, known: &_| {
            !machine.retired && check::is_held(&machine.disk.contents, known)
        };
        self.reference
            .acknowledged
            .retain(|known| machines.iter().any(|machine| has(machine, known)));
        for known in &mut self.reference.acknowledged {
            if known.machine == index && !has(&machines[index], known) {
                known.machine = NOWHERE;
            }
        }
        self.reference
            .enacted
            .retain(|(machine, _), _| *machine != index);
    }
}
