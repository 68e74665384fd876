//! What goes wrong: lines, machines, disks and clocks.

use std::collections::BTreeSet;

use rand::Rng;

use super::Cluster;
use crate::check::Violation;
use crate::network::{ConnectionId, Notification};
use crate::transition::Transition;

impl Cluster {
    /// Lets one thing go wrong.
    pub(super) fn fail(&mut self, fault: Transition) -> Result<(), Violation> {
        let now_us = self.schedule.now_us();
        match fault {
            Transition::Cut { nth, half_open } => {
                let live = self.network.live();
                if let Some(connection) = live.get(nth % live.len().max(1)) {
                    let notification = half_open.map_or(Notification::Soon, Notification::HalfOpen);
                    self.lose(*connection, notification);
                }
            }
            Transition::Partition { group, for_ms } => {
                self.partition(&group, now_us + for_ms * 1_000);
            }
            Transition::Dial { machine, peer } => self.dial(machine, peer),
            Transition::Crash {
                machine,
                effects,
                down_ms,
            } => {
                let machine = &mut self.machines[machine];
                if machine.node.is_some() {
                    machine.crash_in = Some(effects);
                    machine.down_us = down_ms * 1_000;
                }
            }
            Transition::Tear {
                machine,
                writes,
                down_ms,
            } => {
                let machine = &mut self.machines[machine];
                if machine.node.is_some() {
                    machine.tear_in = Some(writes);
                    machine.down_us = down_ms * 1_000;
                }
            }
            Transition::SlowDisk { machine, for_ms } => {
                self.machines[machine].disk.slow_until_us = now_us + for_ms * 1_000;
            }
            Transition::FillDisk { machine, for_ms } => {
                self.machines[machine].disk.full_until_us = now_us + for_ms * 1_000;
            }
            Transition::SetClock { machine, skew_ms } => {
                self.machines[machine].wall_skew_ms = skew_ms;
            }
            Transition::Degrade { edge, for_ms } => {
                self.network.edges[edge].lossy_until_us = now_us + for_ms * 1_000;
            }
            Transition::Attack {
                nth,
                side,
                captured,
                mutation,
            } => {
                self.attack(nth, side, captured, mutation);
            }
            calamity => self.befall(calamity),
        }
        Ok(())
    }

    /// Lets something happen to a whole store or to a key.
    fn befall(&mut self, calamity: Transition) {
        match calamity {
            Transition::BackUp { machine } => self.back_up(machine),
            Transition::Restore {
                machine,
                nth,
                epoch,
                alone_ms,
            } => self.restore(machine, nth, epoch, alone_ms * 1_000),
            Transition::Clone {
                machine,
                for_ms,
                alone_ms,
            } => self.clone_machine(machine, for_ms * 1_000, alone_ms * 1_000),
            Transition::Equivocate {
                machine,
                space,
                back,
                salt,
                sides,
            } => self.equivocate(machine, space, back, salt, sides),
            _ => {}
        }
    }

    /// Takes down every edge between a group and the rest, and cuts what runs over it.
    fn partition(&mut self, group: &BTreeSet<usize>, until_us: u64) {
        for edge in 0..self.network.edges.len() {
            let inside = self.network.edges[edge]
                .machines
                .map(|end| group.contains(&end));
            if inside[0] == inside[1] {
                continue;
            }
            self.network.edges[edge].down_until_us = until_us;
            for connection in self.network.on_edge(edge) {
                let half_open = self.rng.random_bool(0.3);
                let side = self.rng.random_range(0..2);
                let notification = if half_open {
                    Notification::HalfOpen(side)
                } else {
                    Notification::Soon
                };
                self.lose(connection, notification);
            }
        }
    }

    /// Ends all that goes wrong. What sessions have noticed of it they must get over themselves,
    /// except where messages were lost or forged: there all connections are made anew.
    pub(super) fn heal(&mut self) -> Result<(), Violation> {
        self.healed = true;
        for edge in &mut self.network.edges {
            edge.down_until_us = 0;
            edge.lossy_until_us = 0;
        }
        for machine in &mut self.machines {
            machine.disk.full_until_us = 0;
            machine.disk.slow_until_us = 0;
            machine.crash_in = None;
            machine.tear_in = None;
        }
        if !self.is_orderly() {
            let connections: Vec<ConnectionId> = self.network.all();
            for connection in connections {
                self.lose(connection, Notification::Soon);
            }
        }
        for machine in 0..self.machines.len() {
            self.start(machine)?;
        }
        Ok(())
    }

    /// Whether nothing goes wrong any more.
    pub(super) fn is_healed(&self) -> bool {
        self.healed
    }

    /// Whether messages arrive as they were sent, and come from honest nodes only.
    pub(super) fn is_orderly(&self) -> bool {
        !self.weather.lossy && !self.weather.hostile
    }
}
