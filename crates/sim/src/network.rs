//! The network between machines: which could be linked, which are, and what is under way.
//!
//! A connection stands for a stream over TCP: in order, nothing lost or doubled while it lives,
//! and everything under way lost when it is cut. On a lossy edge single messages are dropped,
//! doubled and overtaken as well, which no transport of ours does; the protocol must survive it.

use std::collections::BTreeMap;

use phaki_replication::message::Message;
use phaki_replication::node::LinkId;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::schedule::{Cargo, Occurrence, Schedule};

/// A connection, numbered over the whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ConnectionId(pub(crate) u64);

/// One end of a connection: 0 dialled, 1 was dialled.
pub(crate) type Side = usize;

/// Two machines that can reach each other.
#[derive(Clone, Debug)]
pub(crate) struct Edge {
    pub(crate) machines: [usize; 2],
    /// Which of the two dial.
    pub(crate) dials: [bool; 2],
    /// Bounds of the delay of one message.
    pub(crate) delay_us: (u64, u64),
    /// Until when nothing passes.
    pub(crate) down_until_us: u64,
    /// Until when single messages are mistreated.
    pub(crate) lossy_until_us: u64,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    pub(crate) machine: usize,
    pub(crate) link: LinkId,
    /// Whether this side holds the connection to exist.
    open: bool,
    /// When the connection comes into being for this side; nothing arrives earlier.
    opened_us: u64,
    /// When the last message to this side arrives; nothing sent later comes earlier.
    last_arrival_us: u64,
}

#[derive(Debug)]
struct Connection {
    edge: usize,
    ends: [End; 2],
    /// Whether anything that is sent still arrives.
    alive: bool,
}

/// How the two sides learn that a connection was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notification {
    /// Both soon.
    Soon,
    /// The given side soon, the other only after minutes, so that it must notice by itself.
    HalfOpen(Side),
}

/// All edges and connections.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) edges: Vec<Edge>,
    connections: BTreeMap<ConnectionId, Connection>,
    opened: u64,
}

impl Network {
    /// Edges without connections.
    pub(crate) fn new(edges: Vec<Edge>) -> Self {
        Self {
            edges,
            connections: BTreeMap::new(),
            opened: 0,
        }
    }

    /// The edge between two machines.
    pub(crate) fn edge_between(&self, one: usize, other: usize) -> Option<usize> {
        let same = |edge: &Edge| edge.machines == [one, other] || edge.machines == [other, one];
        self.edges.iter().position(same)
    }

    /// The machines that `machine` could be linked to, and whether it dials them.
    pub(crate) fn neighbours(&self, machine: usize) -> Vec<(usize, bool)> {
        let mut neighbours = Vec::new();
        for edge in &self.edges {
            for side in [0, 1] {
                if edge.machines[side] == machine {
                    neighbours.push((edge.machines[1 - side], edge.dials[side]));
                }
            }
        }
        neighbours
    }

    /// Connects the machines of an edge; both sides learn of it after a while.
    pub(crate) fn connect(
        &mut self,
        schedule: &mut Schedule,
        rng: &mut ChaCha8Rng,
        edge: usize,
        [dialler, dialled]: [(usize, LinkId); 2],
    ) -> ConnectionId {
        self.opened += 1;
        let connection = ConnectionId(self.opened);
        let end = |(machine, link)| {
            let (opened_us, last_arrival_us) = (0, 0);
            End {
                machine,
                link,
                open: true,
                opened_us,
                last_arrival_us,
            }
        };
        let ends = [end(dialler), end(dialled)];
        self.connections.insert(
            connection,
            Connection {
                edge,
                ends,
                alive: true,
            },
        );
        for side in [0, 1] {
            self.pass(schedule, rng, connection, side, Cargo::Opened);
            if let Some(found) = self.connections.get_mut(&connection) {
                found.ends[side].opened_us = found.ends[side].last_arrival_us;
            }
        }
        connection
    }

    /// The machine and link at one end.
    pub(crate) fn end(&self, connection: ConnectionId, side: Side) -> Option<&End> {
        self.connections
            .get(&connection)
            .map(|found| &found.ends[side])
    }

    /// Connections that both sides hold to exist and that live.
    pub(crate) fn live(&self) -> Vec<ConnectionId> {
        let lives = |c: &Connection| c.alive && c.ends.iter().all(|end| end.open);
        self.connections
            .iter()
            .filter(|(_, c)| lives(c))
            .map(|(id, _)| *id)
            .collect()
    }

    /// The connections that run over an edge.
    pub(crate) fn on_edge(&self, edge: usize) -> Vec<ConnectionId> {
        self.connections
            .iter()
            .filter(|(_, c)| c.edge == edge)
            .map(|(id, _)| *id)
            .collect()
    }

    /// All connections that one side at least holds to exist.
    pub(crate) fn all(&self) -> Vec<ConnectionId> {
        self.connections.keys().copied().collect()
    }

    /// Sends a message away from `side`.
    pub(crate) fn send(
        &mut self,
        schedule: &mut Schedule,
        rng: &mut ChaCha8Rng,
        connection: ConnectionId,
        side: Side,
        message: Message,
    ) {
        let (to, message) = (1 - side, Box::new(message));
        let Some(found) = self.connections.get(&connection) else {
            return;
        };
        let opened_us = found.ends[to].opened_us;
        if self.edges[found.edge].lossy_until_us <= schedule.now_us() {
            return self.pass(schedule, rng, connection, to, Cargo::Message(message));
        }
        match rng.random_range(0..100) {
            0..5 => {}
            5..10 => {
                self.pass(
                    schedule,
                    rng,
                    connection,
                    to,
                    Cargo::Message(message.clone()),
                );
                self.pass(schedule, rng, connection, to, Cargo::Message(message));
            }
            10..20 => {
                let delay_us = rng.random_range(1_000..2_000_000);
                let time_us = (schedule.now_us() + delay_us).max(opened_us + 1);
                let cargo = Cargo::Message(message);
                schedule.at(
                    time_us,
                    Occurrence::Arrival {
                        connection,
                        at: to,
                        cargo,
                    },
                );
            }
            _ => self.pass(schedule, rng, connection, to, Cargo::Message(message)),
        }
    }

    /// Ends a connection from one side: what it sent before still arrives.
    pub(crate) fn close(
        &mut self,
        schedule: &mut Schedule,
        rng: &mut ChaCha8Rng,
        connection: ConnectionId,
        side: Side,
    ) {
        self.shut(connection, side);
        self.pass(schedule, rng, connection, 1 - side, Cargo::Closed);
    }

    /// Cuts a connection: nothing that is under way arrives.
    pub(crate) fn cut(
        &mut self,
        schedule: &mut Schedule,
        rng: &mut ChaCha8Rng,
        connection: ConnectionId,
        notification: Notification,
    ) {
        let Some(found) = self.connections.get_mut(&connection) else {
            return;
        };
        found.alive = false;
        for at in [0, 1] {
            let delay_us = match notification {
                Notification::HalfOpen(side) if side != at => {
                    rng.random_range(5_000_000..200_000_000)
                }
                Notification::Soon | Notification::HalfOpen(_) => rng.random_range(0..80_000),
            };
            schedule.after(
                delay_us,
                Occurrence::Arrival {
                    connection,
                    at,
                    cargo: Cargo::Lost,
                },
            );
        }
    }

    /// Whether what was under way to `side` arrives there; a close makes the side closed.
    pub(crate) fn arrives(&mut self, connection: ConnectionId, side: Side, cargo: &Cargo) -> bool {
        let Some(found) = self.connections.get(&connection) else {
            return false;
        };
        let open = found.ends[side].open;
        match cargo {
            Cargo::Opened | Cargo::Message(_) => found.alive && open,
            Cargo::Closed if !found.alive => false,
            Cargo::Closed | Cargo::Lost => {
                self.shut(connection, side);
                open
            }
        }
    }

    /// Makes one side hold the connection to be gone.
    pub(crate) fn shut(&mut self, connection: ConnectionId, side: Side) {
        if let Some(found) = self.connections.get_mut(&connection) {
            found.ends[side].open = false;
            if found.ends.iter().all(|end| !end.open) {
                self.connections.remove(&connection);
            }
        }
    }

    /// Puts something on its way to `to`, behind everything that is on its way already.
    fn pass(
        &mut self,
        schedule: &mut Schedule,
        rng: &mut ChaCha8Rng,
        connection: ConnectionId,
        to: Side,
        cargo: Cargo,
    ) {
        let Some(found) = self.connections.get_mut(&connection) else {
            return;
        };
        let (least, most) = self.edges[found.edge].delay_us;
        let delay_us = rng.random_range(least..=most);
        let end = &mut found.ends[to];
        let time_us = (schedule.now_us() + delay_us).max(end.last_arrival_us + 1);
        end.last_arrival_us = time_us;
        schedule.at(
            time_us,
            Occurrence::Arrival {
                connection,
                at: to,
                cargo,
            },
        );
    }
}
