//! The driver of a node as the simulator has it: events in, effects carried out in their order.

use phaki_replication::feed::Run;
use phaki_replication::id::SpaceId;
use phaki_replication::message::{CloseReason, Message};
use phaki_replication::node::{Change, Effect, Event, LinkId, RequestId, WriteId};
use rand::Rng;

use super::Cluster;
use crate::check::{self, Violation, holds};
use crate::federation::name;
use crate::machine::Request;
use crate::options::Sabotage;
use crate::schedule::Occurrence;
use crate::trace::Brief;

/// Messages kept for hostile repetition.
const CAPTURED: usize = 400;

/// What a slow disk takes longer for each commit.
const SLOW_COMMIT_US: u64 = 3_000_000;

/// Where the waiting between attempts begins when a session ended because of a disk or a
/// clone.
const ATTEMPTS_AFTER_TROUBLE: u32 = 5;

impl Cluster {
    /// Gives an event to a node and carries out what it says, perhaps only a part of it.
    pub(super) fn handle(&mut self, index: usize, event: Event) -> Result<(), Violation> {
        let now_us = self.schedule.now_us();
        self.trace
            .line(now_us, format_args!("{} {}", name(index), Brief(&event)));
        let machine = &mut self.machines[index];
        let now = machine.now(now_us);
        let Some(node) = &mut machine.node else {
            return Ok(());
        };
        self.tally.events += 1;
        let effects = node.handle(now, event);
        let machine = &self.machines[index];
        // With debug assertions the node has asserted its invariants itself.
        if let Some(node) = machine.node.as_ref().filter(|_| !cfg!(debug_assertions)) {
            check::node(machine, node)?;
        }
        for effect in effects {
            if self.machines[index].crash_in == Some(0) {
                return self.crash(index);
            }
            self.trace
                .line(now_us, format_args!("{}   {}", name(index), Brief(&effect)));
            self.carry_out(index, effect)?;
            let countdown = &mut self.machines[index].crash_in;
            *countdown = countdown.map(|effects| effects.saturating_sub(1));
        }
        if self.machines[index].crash_in == Some(0) {
            return self.crash(index);
        }
        self.plan_wake(index);
        Ok(())
    }

    fn plan_wake(&mut self, index: usize) {
        let machine = &mut self.machines[index];
        let wake_at = machine
            .node
            .as_ref()
            .and_then(phaki_replication::node::Node::wake_at);
        let wake_us = wake_at.map(|wake_at| machine.virtual_us(wake_at));
        if wake_us == machine.wake_us {
            return;
        }
        machine.wake_us = wake_us;
        if let Some(wake_us) = wake_us {
            let place = machine.place();
            let wake_us = wake_us.max(self.schedule.now_us());
            self.machines[index].wake_us = Some(wake_us);
            self.schedule.at(wake_us, Occurrence::Wake { place });
        }
    }

    fn carry_out(&mut self, index: usize, effect: Effect) -> Result<(), Violation> {
        match effect {
            Effect::Send { link, message } => self.send(index, link, message),
            Effect::Close { link, reason } => self.close(index, link, reason),
            Effect::Store { write, change } => self.store(index, write, change),
            Effect::Accept { request } => self.accept(index, request),
            Effect::Refuse { request, refusal } => {
                let answered = self.machines[index].answered(request);
                let machine = &self.machines[index];
                self.tally.refused += 1;
                match (answered, &machine.node) {
                    (Some(request), Some(node)) => check::refusal(machine, node, &request, refusal),
                    _ => self.answered_twice(index, request),
                }
            }
            Effect::RosterInForce | Effect::Notice(_) => Ok(()),
            order => {
                self.order(index, order);
                Ok(())
            }
        }
    }

    fn send(&mut self, index: usize, link: LinkId, message: Message) -> Result<(), Violation> {
        let machine = &self.machines[index];
        let attachment = machine
            .links
            .get(&link)
            .filter(|attachment| attachment.opened)
            .copied();
        let Some(attachment) = attachment else {
            let detail = format!("{} link {}: {}", name(index), link.0, Brief(&message));
            return Err(Violation {
                invariant: "nothing is sent on a link that is gone",
                detail,
            });
        };
        let peer = self.machines[attachment.peer].id;
        if let Some(node) = &machine.node {
            check::send(machine, node, &self.reference, &peer, &message)?;
        }
        self.tally.messages += 1;
        if !matches!(message, Message::Heartbeat(_)) {
            self.chatter += 1;
            if self.weather.hostile {
                self.captured.push_back(message.clone());
                if self.captured.len() > CAPTURED {
                    self.captured.pop_front();
                }
            }
        }
        let (connection, side) = (attachment.connection, attachment.side);
        self.network
            .send(&mut self.schedule, &mut self.rng, connection, side, message);
        Ok(())
    }

    fn close(&mut self, index: usize, link: LinkId, reason: CloseReason) -> Result<(), Violation> {
        let Some(attachment) = self.machines[index].links.remove(&link) else {
            let detail = format!("{} link {}", name(index), link.0);
            return Err(Violation {
                invariant: "only a link that exists is closed",
                detail,
            });
        };
        let (connection, side) = (attachment.connection, attachment.side);
        self.network
            .close(&mut self.schedule, &mut self.rng, connection, side);
        if matches!(reason, CloseReason::Storage | CloseReason::Clone) {
            // A full disk does not get empty within milliseconds, and a clone does not go away.
            self.machines[index]
                .attempts
                .insert(attachment.peer, ATTEMPTS_AFTER_TROUBLE);
        }
        self.plan_dial(index, attachment.peer);
        if self.is_orderly() {
            let peer = self.machines[attachment.peer].id;
            check::close(&self.machines[index], &peer, reason)?;
        }
        Ok(())
    }

    fn accept(&mut self, index: usize, number: RequestId) -> Result<(), Violation> {
        let Some(request) = self.machines[index].answered(number) else {
            return self.answered_twice(index, number);
        };
        let machine = &self.machines[index];
        let Some(node) = &machine.node else {
            return Ok(());
        };
        let acknowledged = check::accept(machine, node, &request)?;
        self.tally.acknowledged += u64::try_from(acknowledged.len()).unwrap_or(u64::MAX);
        self.reference.acknowledged.extend(acknowledged);
        if let Request::Enact(act) = &request {
            self.enacted(index, act);
        }
        Ok(())
    }

    fn answered_twice(&self, index: usize, number: RequestId) -> Result<(), Violation> {
        let detail = format!("{} request {}", name(index), number.0);
        Err(Violation {
            invariant: "a request is answered once",
            detail,
        })
    }

    fn store(&mut self, index: usize, write: WriteId, change: Change) -> Result<(), Violation> {
        let change = match self.options.sabotage {
            Some(Sabotage::SkipRightsCheck) => permit_everything(change),
            _ => change,
        };
        if let Change::Cut {
            space, feed, at, ..
        } = &change
        {
            self.tally.cuts += 1;
            let before = self.frontiers.entry((index, *space)).or_default();
            if let Some(length) = before.get_mut(feed) {
                *length = (*at).min(*length);
            }
        }
        let machine = &mut self.machines[index];
        if let Some(node) = &machine.node {
            check::store(machine, node, &change)?;
        }
        machine.writing.insert(write, space_of(&change));
        machine.disk.store(write, change);
        self.begin_commit(index);
        if self.options.sabotage == Some(Sabotage::AcknowledgeBeforeStored) {
            self.report(index, write);
        }
        Ok(())
    }

    fn begin_commit(&mut self, index: usize) {
        let disk = &mut self.machines[index].disk;
        if disk.begin_commit() {
            let (least, most) = disk.commit_us;
            let slow = self.schedule.now_us() < disk.slow_until_us;
            let waits_us = if slow { SLOW_COMMIT_US } else { 0 };
            let delay_us = waits_us + self.rng.random_range(least..=most);
            let place = self.machines[index].place();
            self.schedule
                .after(delay_us, Occurrence::CommitEnds { place });
        }
    }

    /// The commit under way ends: its writes are durable, and the node is told after a moment.
    pub(super) fn end_commit(&mut self, index: usize) -> Result<(), Violation> {
        let now_us = self.schedule.now_us();
        let Some(writes) = self.machines[index].disk.end_commit(now_us) else {
            let place = self.machines[index].place();
            let time_us = self.report_time_us(index);
            self.schedule.at(time_us, Occurrence::StoreFailed { place });
            return Ok(());
        };
        for (write, change) in writes {
            if self.is_torn(index) {
                return self.tear(index, change);
            }
            self.commit(index, change)?;
            if self.options.sabotage != Some(Sabotage::AcknowledgeBeforeStored) {
                self.report(index, write);
            }
        }
        if self.machines[index].tear_in == Some(0) {
            self.tally.torn += 1;
            return self.crash(index);
        }
        self.begin_commit(index);
        Ok(())
    }

    /// Whether the power goes before the next write of a commit is durable.
    fn is_torn(&mut self, index: usize) -> bool {
        let left = &mut self.machines[index].tear_in;
        let torn = *left == Some(0);
        *left = left.map(|writes| writes.saturating_sub(1));
        torn
    }

    /// The power goes between two writes of one commit. `next` is lost with all behind it, or with
    /// a store that tears its own transactions, half of it is there.
    fn tear(&mut self, index: usize, next: Change) -> Result<(), Violation> {
        self.tally.torn += 1;
        if self.options.sabotage == Some(Sabotage::TearTransactions) {
            self.commit(index, permit_nothing(next))?;
        }
        self.crash(index)
    }

    fn report(&mut self, index: usize, write: WriteId) {
        let place = self.machines[index].place();
        let time_us = self.report_time_us(index);
        self.schedule
            .at(time_us, Occurrence::Stored { place, write });
    }

    /// When the next report of a disk reaches its node: behind all earlier ones.
    fn report_time_us(&mut self, index: usize) -> u64 {
        let delay_us = self.rng.random_range(0..3_000);
        let disk = &mut self.machines[index].disk;
        disk.last_report_us = disk.last_report_us.max(self.schedule.now_us() + delay_us);
        disk.last_report_us
    }

    /// Makes one write durable.
    pub(super) fn commit(&mut self, index: usize, change: Change) -> Result<(), Violation> {
        let machine = &self.machines[index];
        check::commit(machine, &self.reference, &change)?;
        if let Change::Runs { space, runs } = &change {
            self.note_runs(index, *space, runs)?;
        }
        if let Change::Manifest {
            space, manifest, ..
        } = &change
        {
            let digest = manifest.hash().shorten();
            let durable = &mut self.machines[index].durable_manifests;
            durable.insert((*space, digest));
        }
        let ignored = matches!(change, Change::Cut { .. })
            && self.options.sabotage == Some(Sabotage::IgnoreCuts);
        if ignored {
            return Ok(());
        }
        let contents = &mut self.machines[index].disk.contents;
        if contents.apply(change, &mut self.readings) {
            let salt = self.rng.random();
            self.machines[index].take_new_actor(salt);
        }
        Ok(())
    }

    /// Takes note of what an author signed, and of what a node holds.
    fn note_runs(
        &mut self,
        index: usize,
        space: SpaceId,
        runs: &[(Run, u64)],
    ) -> Result<(), Violation> {
        let machine = &self.machines[index];
        let feeds = &machine.disk.contents.feeds;
        let mut last = None;
        for (run, _) in runs {
            self.tally.stored += u64::try_from(run.entries.len()).unwrap_or(u64::MAX);
            let reached = self.reference.reached.entry((machine.id, space, run.feed));
            let reached = reached.or_default();
            *reached = run.end().max(*reached);
            if run.feed == machine.feed() && !self.reference.wrote(space, run) {
                let stored = feeds.get(&(space, run.feed));
                let head = last.or_else(|| stored.map(|stored| stored.head));
                let intact = self.reference.authored(space, run, head, stored);
                holds("an author never rewrites its feed", intact, || {
                    format!("{} {}", name(index), Brief(run))
                })?;
                last = Some(run.checkpoint.head);
            }
        }
        Ok(())
    }

    /// The node learns that a write is durable.
    pub(super) fn tell_stored(&mut self, index: usize, write: WriteId) -> Result<(), Violation> {
        let space = self.machines[index].writing.remove(&write).flatten();
        self.handle(index, Event::Stored { write })?;
        let machine = &self.machines[index];
        let (Some(space), Some(node)) = (space, &machine.node) else {
            return Ok(());
        };
        let before = self.frontiers.entry((index, space)).or_default();
        *before = check::frontier(machine, node, &space, before)?;
        Ok(())
    }
}

fn space_of(change: &Change) -> Option<SpaceId> {
    match change {
        Change::Runs { space, .. }
        | Change::Manifest { space, .. }
        | Change::Permitted { space, .. }
        | Change::Cut { space, .. }
        | Change::Severed { space, .. }
        | Change::Receipts { space, .. }
        | Change::Vault { space, .. }
        | Change::VaultLeft { space } => Some(*space),
        Change::Roster(_) | Change::Branch(_) | Change::Epoch(_) => None,
    }
}

/// The entries of a write without what they lead to.
fn permit_nothing(change: Change) -> Change {
    match change {
        Change::Runs { space, runs } => {
            let runs = runs.into_iter().map(|(run, _)| (run, 0)).collect();
            Change::Runs { space, runs }
        }
        other => other,
    }
}

fn permit_everything(change: Change) -> Change {
    match change {
        Change::Runs { space, runs } => {
            let runs = runs.into_iter().map(|(run, _)| (run, u64::MAX)).collect();
            Change::Runs { space, runs }
        }
        Change::Manifest {
            space,
            manifest,
            permitted,
        } => {
            let permitted = permitted
                .into_iter()
                .map(|(feed, _)| (feed, u64::MAX))
                .collect();
            Change::Manifest {
                space,
                manifest,
                permitted,
            }
        }
        other => other,
    }
}
