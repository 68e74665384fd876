//! Links: dialled, opened, lost, and dialled again.

use phaki_replication::message::Message;
use phaki_replication::node::Event;
use rand::Rng;

use super::Cluster;
use crate::check::Violation;
use crate::machine::Attachment;
use crate::network::{ConnectionId, Notification, Side};
use crate::schedule::{Cargo, Occurrence};

/// The longest time between two attempts to reach a peer.
const DIAL_US_MAX: u64 = 60_000_000;

impl Cluster {
    pub(super) fn arrive(
        &mut self,
        connection: ConnectionId,
        at: Side,
        cargo: Cargo,
    ) -> Result<(), Violation> {
        let Some(end) = self.network.end(connection, at).copied() else {
            return Ok(());
        };
        let other = self.network.end(connection, 1 - at).copied();
        if !self.network.arrives(connection, at, &cargo) {
            return Ok(());
        }
        let (machine, link) = (end.machine, end.link);
        match cargo {
            Cargo::Opened => {
                let Some(peer) = other.map(|other| other.machine) else {
                    return Ok(());
                };
                if self.machines[machine].node.is_none() {
                    self.lose(connection, Notification::Soon);
                    return Ok(());
                }
                let attachment = Attachment {
                    connection,
                    side: at,
                    peer,
                    opened: true,
                };
                self.machines[machine].links.insert(link, attachment);
                let peer = self.machines[peer].id;
                self.handle(
                    machine,
                    Event::LinkOpened {
                        link,
                        peer,
                        dialled: at == 0,
                    },
                )
            }
            Cargo::Message(message) => {
                if let (Message::Have(_), Some(peer)) = (&*message, other.map(|end| end.machine)) {
                    self.machines[machine].attempts.remove(&peer);
                }
                let message = *message;
                self.handle(machine, Event::Received { link, message })
            }
            Cargo::Closed | Cargo::Lost => {
                let Some(attachment) = self.machines[machine].links.remove(&link) else {
                    return Ok(());
                };
                self.plan_dial(machine, attachment.peer);
                if attachment.opened {
                    self.handle(machine, Event::LinkClosed { link })?;
                }
                Ok(())
            }
        }
    }

    /// Plans to reach a peer, when this machine is one that dials it: each time later, until the
    /// peer is heard of.
    pub(super) fn plan_dial(&mut self, machine: usize, peer: usize) {
        let dials = self.network.neighbours(machine).contains(&(peer, true));
        let planning = &mut self.machines[machine];
        if !dials || planning.node.is_none() || !planning.dialling.insert(peer) {
            return;
        }
        let attempts = planning.attempts.entry(peer).or_default();
        let most_us = (200_000_u64 << (*attempts).min(10)).min(DIAL_US_MAX);
        *attempts += 1;
        let delay_us = self.rng.random_range(most_us / 4..most_us);
        let place = self.machines[machine].place();
        self.schedule
            .after(delay_us, Occurrence::Dial { place, peer });
    }

    /// Dials a peer; when it cannot be reached, tries again later.
    pub(super) fn dial(&mut self, machine: usize, peer: usize) {
        let Some(edge) = self.network.edge_between(machine, peer) else {
            return;
        };
        let Some(node) = &self.machines[machine].node else {
            return;
        };
        let active = node.roster().is_active(&self.machines[peer].id);
        let down = self.network.edges[edge].down_until_us > self.schedule.now_us();
        if !active || down || self.machines[peer].node.is_none() {
            return self.plan_dial(machine, peer);
        }
        let ends = [machine, peer].map(|machine| (machine, self.machines[machine].next_link()));
        let connection = self
            .network
            .connect(&mut self.schedule, &mut self.rng, edge, ends);
        let attachment = Attachment {
            connection,
            side: 0,
            peer,
            opened: false,
        };
        self.machines[machine].links.insert(ends[0].1, attachment);
        self.tally.connections += 1;
    }

    pub(super) fn lose(&mut self, connection: ConnectionId, notification: Notification) {
        self.network
            .cut(&mut self.schedule, &mut self.rng, connection, notification);
    }
}
