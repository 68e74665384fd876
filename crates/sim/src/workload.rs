//! What happens to a federation from outside, drawn from the seed: clients, administrators,
//! broken lines, crashes, full disks and hostile messages.

use std::collections::BTreeSet;

use phaki_documents::kind::{DocumentId, Kind};
use phaki_replication::id::{NodeId, SpaceId};
use phaki_replication::manifest::{Manifest, MemberRole};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::cluster::Cluster;
use crate::federation::{border, is_connected};

/// One thing that happens from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Transition {
    /// An officer makes `changes` edits of one field of a document, in one request.
    Edit {
        machine: usize,
        space: SpaceId,
        document: DocumentId,
        field: u8,
        value: u32,
        changes: u8,
    },
    /// A client appends entries that no document is in: opaque ones, or malformed changes.
    Write {
        machine: usize,
        space: SpaceId,
        kind: u8,
        salt: u64,
        entries: u8,
        bytes: u32,
    },
    /// A steward gives a node a role; with `adopt` whatever it wrote counts again.
    Grant {
        machine: usize,
        space: SpaceId,
        node: NodeId,
        role: MemberRole,
        adopt: bool,
    },
    /// A steward takes the right to write from a node, from `adopted` of its entries on (in
    /// thousandths of those known), and the right to read as well when `entirely`.
    Revoke {
        machine: usize,
        space: SpaceId,
        node: NodeId,
        entirely: bool,
        adopted: u32,
    },
    /// An administrator enacts a manifest again that is no longer new.
    Repeat { machine: usize, space: SpaceId },
    /// A node founds a space and admits its neighbours.
    Found {
        machine: usize,
        nonce: [u8; 16],
        writers: bool,
    },
    /// The federation signs a new roster in which one node may be suspended.
    Publish {
        machine: usize,
        suspended: Option<usize>,
    },
    /// A live connection is cut; when half open, one side learns of it only much later.
    Cut {
        nth: usize,
        half_open: Option<usize>,
    },
    /// Nothing passes between a group and everybody else for a while.
    Partition { group: BTreeSet<usize>, for_ms: u64 },
    /// A machine dials a peer to which it may have a link already.
    Dial { machine: usize, peer: usize },
    /// A machine crashes after some more effects.
    Crash {
        machine: usize,
        effects: u32,
        down_ms: u64,
    },
    /// A disk is full for a while.
    FillDisk { machine: usize, for_ms: u64 },
    /// A wall clock is set to something else.
    SetClock { machine: usize, skew_ms: i64 },
    /// An edge mistreats single messages for a while.
    Degrade { edge: usize, for_ms: u64 },
    /// A hostile message comes over a live link; see `cluster/hostile.rs`.
    Attack {
        nth: usize,
        side: usize,
        captured: usize,
        mutation: u8,
    },
}

/// How often what happens in one run. Every run draws its own, so that runs differ in kind: some
/// know no crash, some little else.
#[derive(Clone, Debug)]
pub(crate) struct Weather {
    weights: Vec<(Sort, u32)>,
    pub(crate) lossy: bool,
    pub(crate) hostile: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Edit,
    Write,
    Grant,
    Revoke,
    Repeat,
    Found,
    Publish,
    Cut,
    Partition,
    Dial,
    Crash,
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
            (Sort::Grant, 25),
            (Sort::Revoke, 15),
            (Sort::Repeat, 3),
            (Sort::Found, 2),
            (Sort::Publish, 4),
            (Sort::Cut, 40),
            (Sort::Partition, 6),
            (Sort::Dial, 15),
            (Sort::Crash, 20),
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
        Draw { cluster, rng }.transition(sort)
    }
}

struct Draw<'a> {
    cluster: &'a Cluster,
    rng: &'a mut ChaCha8Rng,
}

impl Draw<'_> {
    fn transition(&mut self, sort: Sort) -> Option<Transition> {
        match sort {
            Sort::Edit => self.edit(),
            Sort::Write => self.write(),
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
            Sort::Cut
            | Sort::Partition
            | Sort::Dial
            | Sort::Crash
            | Sort::FillDisk
            | Sort::SetClock
            | Sort::Degrade
            | Sort::Attack => self.trouble(sort),
        }
    }

    /// What happens to lines, disks and clocks.
    fn trouble(&mut self, sort: Sort) -> Option<Transition> {
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
            Sort::Crash => {
                let effects = self.rng.random_range(0..25);
                let down_ms = self.duration_ms();
                Some(Transition::Crash {
                    machine: self.running()?,
                    effects,
                    down_ms,
                })
            }
            Sort::FillDisk => {
                let (machine, for_ms) = (self.any(), self.duration_ms());
                Some(Transition::FillDisk { machine, for_ms })
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

    fn grant(&mut self) -> Option<Transition> {
        let manifest = self.manifest()?;
        let machine = self.cluster.index_of(&manifest.steward())?;
        let readers = self.cluster.readers(&manifest);
        let beside = border(&self.cluster.network.edges, &readers);
        let candidates: Vec<usize> = readers.union(&beside).copied().collect();
        let chosen = *self.pick(&candidates)?;
        let node = self.cluster.machines[chosen].id;
        let writer = self.rng.random_bool(0.7);
        let role = if writer {
            MemberRole::Writer
        } else {
            MemberRole::Reader
        };
        let (space, adopt) = (manifest.space, self.rng.random_bool(0.8));
        let another = node != manifest.steward();
        another.then_some(Transition::Grant {
            machine,
            space,
            node,
            role,
            adopt,
        })
    }

    fn revoke(&mut self) -> Option<Transition> {
        let manifest = self.manifest()?;
        let machine = self.cluster.index_of(&manifest.steward())?;
        let members = manifest.members.keys().copied();
        let members: Vec<NodeId> = members
            .filter(|node| manifest.may_read(&self.cluster.roster, node))
            .collect();
        let node = *self.pick(&members)?;
        let mut remaining = self.cluster.readers(&manifest);
        remaining.remove(&self.cluster.index_of(&node)?);
        let separable = is_connected(&self.cluster.network.edges, &remaining);
        let entirely = separable && self.rng.random_bool(0.4);
        let adopted = if self.rng.random_bool(0.6) {
            1_000
        } else {
            self.rng.random_range(0..1_000)
        };
        Some(Transition::Revoke {
            machine,
            space: manifest.space,
            node,
            entirely,
            adopted,
        })
    }

    /// The manifest of some space as its steward has it in force.
    fn manifest(&mut self) -> Option<Manifest> {
        let spaces: Vec<SpaceId> = self.cluster.reference.spaces().copied().collect();
        let space = self.pick(&spaces)?;
        self.cluster.manifest_at_steward(space)
    }

    /// A roster that suspends nobody or one node without which all others still reach each
    /// other: otherwise nobody could bring them the roster that reinstates it.
    fn publish(&mut self) -> Option<Transition> {
        let candidate = self.rng.random_range(1..self.cluster.machines.len().max(2));
        let mut others: BTreeSet<usize> = (0..self.cluster.machines.len()).collect();
        let known = others.remove(&candidate);
        let separable = known && is_connected(&self.cluster.network.edges, &others);
        let suspended = (separable && self.rng.random_bool(0.6)).then_some(candidate);
        let machine = if self.rng.random_bool(0.8) {
            0
        } else {
            self.any()
        };
        Some(Transition::Publish { machine, suspended })
    }

    fn partition(&mut self) -> Option<Transition> {
        let count = self.cluster.machines.len();
        let size = self.rng.random_range(1..=count.div_ceil(2));
        let group = (0..size).map(|_| self.rng.random_range(0..count)).collect();
        Some(Transition::Partition {
            group,
            for_ms: self.duration_ms(),
        })
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
