//! A federation in one thread: machines, network and disks under one virtual time.

mod administration;
mod effects;
mod equivocation;
mod faults;
mod hostile;
mod links;
mod lives;
mod orders;
mod people;
mod requests;
mod settle;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use phaki_replication::id::{FeedId, NodeId, SpaceId};
use phaki_replication::manifest::Manifest;
use phaki_replication::message::Message;
use phaki_replication::node::{Event, Node};
use phaki_replication::roster::Roster;
use phaki_replication::sign::SecretKey;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::check::{self, Violation, holds};
use crate::disk::{Contents, Disk};
use crate::federation::{Founding, name};
use crate::machine::{Attachment, Machine};
use crate::network::{Network, Notification};
use crate::options::{Options, Sabotage, Tally};
use crate::reference::Reference;
use crate::replica::Readings;
use crate::schedule::{Occurrence, Place, Schedule};
use crate::trace::Trace;
use crate::weather::Weather;

/// The federation.
#[derive(Debug)]
pub struct Cluster {
    options: Options,
    /// For the network and the disks.
    rng: ChaCha8Rng,
    /// For what happens from outside.
    outside: ChaCha8Rng,
    pub(crate) weather: Weather,
    federation: SecretKey,
    /// The roster in which everybody is active.
    pub(crate) roster: Roster,
    /// Edge nodes with the nodes that admit them.
    branches: BTreeMap<usize, usize>,
    first_manifests: Vec<Manifest>,
    /// Nothing goes wrong any more.
    healed: bool,
    schedule: Schedule,
    pub(crate) network: Network,
    pub(crate) machines: Vec<Machine>,
    pub(crate) reference: Reference,
    readings: Readings,
    /// The durable frontiers that nodes reported last.
    frontiers: BTreeMap<(usize, SpaceId), BTreeMap<FeedId, u64>>,
    /// The last messages of the whole federation, for hostile repetition.
    captured: VecDeque<Message>,
    /// Messages besides heartbeats since this was last set to zero.
    chatter: u64,
    tally: Tally,
    trace: Trace,
}

impl Cluster {
    /// Draws a federation and starts its machines.
    pub fn new(options: Options) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
        let mut outside = rng.clone();
        outside.set_stream(1);
        let founding = Founding::draw(&mut rng, options.nodes.max(1));
        let weather = Weather::draw(&mut rng);
        let signed = founding.roster.sign(&founding.federation);
        let federation = founding.federation.federation();
        let machines = founding
            .nodes
            .into_iter()
            .enumerate()
            .map(|(index, (key, epoch))| {
                let contents = Contents::new(federation, epoch, signed.clone());
                let least = rng.random_range(100..2_000);
                let most = least + [500, 5_000, 300_000][rng.random_range(0..3)];
                Machine::new(index, key, Disk::new(contents, (least, most)))
            });
        let mut cluster = Self {
            options,
            weather,
            schedule: Schedule::default(),
            network: Network::new(founding.edges),
            machines: machines.collect(),
            reference: Reference::new(),
            readings: Readings::default(),
            frontiers: BTreeMap::new(),
            captured: VecDeque::new(),
            chatter: 0,
            tally: Tally::default(),
            trace: Trace::new(options.print),
            federation: founding.federation,
            roster: founding.roster,
            branches: founding.branches,
            first_manifests: founding.manifests,
            healed: false,
            outside,
            rng,
        };
        for machine in 0..cluster.machines.len() {
            cluster.schedule.after(0, Occurrence::Restart { machine });
        }
        cluster
    }

    /// Runs the whole simulation: what happens from outside, then healing, then the comparison.
    pub fn run(&mut self) -> Result<(), Violation> {
        self.found_spaces()?;
        let weather = self.weather.clone();
        for _ in 0..self.options.steps {
            let mut outside = self.outside.clone();
            let transition = weather.next(self, &mut outside);
            let pause_us = pause_us(&mut outside);
            self.outside = outside;
            if let Some(transition) = transition {
                self.note(format_args!("* {transition:?}"));
                self.apply(transition)?;
            }
            self.run_for(pause_us)?;
        }
        self.settle()
    }

    /// What happened so far.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// What happened so far, in numbers.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// The virtual time in seconds.
    pub fn seconds(&self) -> u64 {
        self.schedule.now_us() / 1_000_000
    }

    /// The machine of a node.
    pub(crate) fn index_of(&self, node: &NodeId) -> Option<usize> {
        self.machines.iter().position(|machine| machine.id == *node)
    }

    /// The machines that may read a space.
    pub(crate) fn readers(&self, manifest: &Manifest) -> BTreeSet<usize> {
        let readers = self
            .machines
            .iter()
            .filter(|machine| !machine.is_clone)
            .filter(|machine| manifest.may_read(&self.roster, &machine.id));
        readers.map(|machine| machine.index).collect()
    }

    /// The machines that are nodes, without their clones.
    pub(crate) fn members(&self) -> usize {
        self.machines.iter().filter(|m| !m.is_clone).count()
    }

    /// Edge nodes with the nodes that admit them.
    pub(crate) fn branches(&self) -> impl Iterator<Item = (usize, usize)> {
        self.branches.iter().map(|(edge, parent)| (*edge, *parent))
    }

    fn note(&mut self, text: std::fmt::Arguments<'_>) {
        self.trace.line(self.schedule.now_us(), text);
    }

    /// Lets virtual time pass.
    fn run_for(&mut self, duration_us: u64) -> Result<(), Violation> {
        let until_us = self.schedule.now_us() + duration_us;
        while let Some(occurrence) = self.schedule.next(until_us) {
            self.occur(occurrence)?;
        }
        Ok(())
    }

    fn is_current(&self, place: Place) -> bool {
        let machine = &self.machines[place.machine];
        machine.life == place.life && machine.node.is_some()
    }

    fn occur(&mut self, occurrence: Occurrence) -> Result<(), Violation> {
        match occurrence {
            Occurrence::Arrival {
                connection,
                at,
                cargo,
            } => self.arrive(connection, at, cargo),
            Occurrence::Dial { place, peer } if self.is_current(place) => {
                self.machines[place.machine].dialling.remove(&peer);
                if !self.machines[place.machine].is_linked_to(peer) {
                    self.dial(place.machine, peer);
                }
                Ok(())
            }
            Occurrence::Restart { machine } => self.start(machine),
            Occurrence::Retire { machine } => self.retire(machine),
            Occurrence::CommitEnds { place } if self.is_current(place) => {
                self.end_commit(place.machine)
            }
            Occurrence::Stored { place, write } if self.is_current(place) => {
                self.tell_stored(place.machine, write)
            }
            Occurrence::StoreFailed { place } if self.is_current(place) => {
                self.machines[place.machine].disk.acknowledge_failure();
                self.handle(place.machine, Event::StoreFailed)
            }
            Occurrence::OrderEnds { place, order } if self.is_current(place) => {
                self.deliver(place.machine, order)
            }
            Occurrence::Wake { place } if self.is_current(place) => self.wake(place.machine),
            Occurrence::Dial { .. }
            | Occurrence::CommitEnds { .. }
            | Occurrence::Stored { .. }
            | Occurrence::StoreFailed { .. }
            | Occurrence::OrderEnds { .. }
            | Occurrence::Wake { .. } => Ok(()),
        }
    }

    fn wake(&mut self, machine: usize) -> Result<(), Violation> {
        let now_us = self.schedule.now_us();
        if self.machines[machine].wake_us != Some(now_us) {
            return Ok(());
        }
        self.machines[machine].wake_us = None;
        self.handle(machine, Event::Tick)?;
        let again = self.machines[machine].wake_us;
        holds(
            "a tick makes progress",
            again.is_none_or(|again| again > now_us),
            || name(machine),
        )
    }

    /// Starts a machine that is down.
    fn start(&mut self, index: usize) -> Result<(), Violation> {
        let uptime_us = self.rng.random_range(0..100_000_000_000);
        let (salt, instance) = (self.rng.random(), self.rng.random());
        let now_us = self.schedule.now_us();
        let machine = &mut self.machines[index];
        if machine.node.is_some() || machine.retired {
            return Ok(());
        }
        let federation = self.federation.federation();
        let durable = machine.disk.contents.durable();
        let started = Node::new(
            machine.key.clone(),
            machine.disk.contents.epoch,
            instance,
            federation,
            durable,
        );
        machine.begin_life(now_us, uptime_us, salt);
        match started {
            Ok(node) => machine.node = Some(node),
            Err(error) => {
                let detail = format!("{}: {error}", name(index));
                return Err(Violation {
                    invariant: "a node starts from what it stored",
                    detail,
                });
            }
        }
        self.note(format_args!("{} starts", name(index)));
        self.after_start(index)?;
        self.handle(index, Event::Start)?;
        for (peer, dials) in self.network.neighbours(index) {
            if dials {
                self.plan_dial(index, peer);
            }
        }
        Ok(())
    }

    fn after_start(&mut self, index: usize) -> Result<(), Violation> {
        let machine = &self.machines[index];
        check::acknowledged(machine, &self.reference)?;
        let Some(node) = &machine.node else {
            return Ok(());
        };
        check::node(machine, node)?;
        for space in node.spaces().map(|(space, _)| space) {
            let before = self.frontiers.entry((index, *space)).or_default();
            *before = check::frontier(machine, node, space, before)?;
        }
        Ok(())
    }

    /// Ends a machine's life; its peers learn of it sooner or later.
    fn crash(&mut self, index: usize) -> Result<(), Violation> {
        let now_us = self.schedule.now_us();
        let survivors = self.machines[index].disk.crash(now_us, &mut self.rng);
        self.note(format_args!(
            "{} crashes, {} writes survive",
            name(index),
            survivors.len()
        ));
        for (_, change) in survivors {
            self.commit(index, change)?;
        }
        if self.options.sabotage == Some(Sabotage::ForgetOnCrash) {
            let own = self.machines[index].feed();
            self.machines[index].disk.contents.forget(own);
        }
        self.go_down(index);
        let down_us = self.machines[index].down_us;
        self.tally.crashes += 1;
        self.schedule
            .after(down_us, Occurrence::Restart { machine: index });
        check::acknowledged(&self.machines[index], &self.reference)
    }

    /// Ends all links and the life of a machine.
    fn go_down(&mut self, index: usize) {
        let links: Vec<Attachment> = self.machines[index].links.values().copied().collect();
        for attachment in links {
            let silent = self.rng.random_bool(0.3) && !self.is_healed();
            let notification = if silent {
                Notification::HalfOpen(attachment.side)
            } else {
                Notification::Soon
            };
            self.lose(attachment.connection, notification);
            self.network.shut(attachment.connection, attachment.side);
        }
        self.machines[index].end_life();
    }
}

/// How long nothing happens from outside.
fn pause_us(rng: &mut ChaCha8Rng) -> u64 {
    match rng.random_range(0..100) {
        0..60 => rng.random_range(0..20_000),
        60..90 => rng.random_range(20_000..300_000),
        90..99 => rng.random_range(300_000..3_000_000),
        _ => rng.random_range(10_000_000..40_000_000),
    }
}
