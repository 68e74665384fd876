//! The loop that drives the node: whatever happens goes in, and what shall happen is carried out.
//!
//! It runs on a thread of its own and never waits for anybody who may wait for it: completions of
//! writes and reads come through unbounded queues, whose length is bounded by what was submitted,
//! and outboxes never block. Only the queue of the store's writer can make it wait, and the writer
//! waits for nobody.

mod clock;
mod complaints;
mod disk;
mod in_force;
mod links;
mod quiet;
mod recording;
mod request;
mod telling;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use phaki_net::event::{Events, NetEvent};
use phaki_replication::id::{Epoch, NodeId};
use phaki_replication::node::{Act, Change, Effect, Event, Node, Notice, RequestId};
use phaki_store::{Completion, Reader};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tracing::info;

pub(crate) use clock::{Clock, wall_ms};
pub(crate) use disk::{Journal, Written};
pub(crate) use in_force::InForce;
pub(crate) use request::{
    Attempts, Commands, LinkState, NodeRequests, Overview, RequestError, Taken, Vaults, requests,
};

use self::complaints::Complaints;
use self::disk::Disk;
use self::links::Links;
use self::quiet::Quiet;
use self::recording::{Origin, Recording};
use self::request::{Answer, Command};
use crate::identity;
use crate::quiet_hours::QuietHours;

/// Told of the keys to be accepted and the addresses to be dialled, whenever they may differ.
pub(crate) type FollowRoster = Box<dyn FnMut(&Node) + Send>;

/// The loop before it runs.
pub(crate) struct NodeLoop {
    node: Node,
    clock: Clock,
    links: Links,
    complaints: Complaints,
    disk: Disk,
    recording: Recording,
    quiet: Quiet,
    /// An epoch that the node asked for.
    drawn: Option<Epoch>,
    waiting: BTreeMap<RequestId, oneshot::Sender<Answer>>,
    /// Whom to tell that the append that is being given to the node was not refused.
    taken: Option<(RequestId, oneshot::Sender<()>)>,
    requests_begun: u64,
    /// Writes that have failed.
    failures: Arc<AtomicU64>,
    follow_roster: FollowRoster,
    in_force: watch::Sender<Arc<InForce>>,
    inputs: Inputs,
}

/// Everything from which something can happen.
struct Inputs {
    network: Events,
    commands: mpsc::Receiver<Command>,
    written: mpsc::UnboundedReceiver<Written>,
    reads: mpsc::UnboundedReceiver<Event>,
}

enum Input {
    Network(NetEvent),
    Command(Command),
    Written(Written),
    Read(Event),
    Drawn(Epoch),
    Time,
    Probe,
    Counts,
    Quiet,
    Stop,
}

impl NodeLoop {
    /// A loop for `node` with everything that it drives.
    pub(crate) fn new(
        node: Node,
        network: Events,
        commands: Commands,
        (journal, written): (Journal, mpsc::UnboundedReceiver<Written>),
        reader: Reader,
        follow_roster: FollowRoster,
    ) -> Self {
        let (disk, reads) = Disk::new(journal, reader);
        let inputs = Inputs {
            network,
            commands: commands.receiver,
            written,
            reads,
        };
        let clock = Clock::start();
        Self {
            node,
            clock,
            links: Links::default(),
            complaints: Complaints::default(),
            disk,
            recording: Recording::new(clock.monotonic_ms()),
            quiet: Quiet::default(),
            drawn: None,
            waiting: BTreeMap::new(),
            taken: None,
            requests_begun: 0,
            failures: commands.failures,
            follow_roster,
            in_force: commands.in_force,
            inputs,
        }
    }

    /// The same with quiet hours of nodes, by name.
    pub(crate) fn with_quiet_hours(self, hours: BTreeMap<String, Vec<QuietHours>>) -> Self {
        let quiet = Quiet::new(hours);
        Self { quiet, ..self }
    }

    /// Runs until `stop`, or until the store cannot be trusted any more.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> anyhow::Result<()> {
        (self.follow_roster)(&self.node);
        self.give(Event::Start)?;
        loop {
            let input = self.next_input(&stop).await;
            self.recording.origin = Origin::Itself;
            let event = match input {
                Input::Stop => break,
                Input::Network(event) => self.network(event),
                Input::Command(command) => self.command(command),
                Input::Written(written) => self.written(written)?,
                Input::Read(event) => Some(event),
                Input::Drawn(epoch) => Some(Event::EpochDrawn { epoch }),
                Input::Time => Some(Event::Tick),
                Input::Probe => {
                    self.disk.probe();
                    None
                }
                Input::Quiet => self.quiet.look(&self.node, &self.clock),
                Input::Counts => {
                    self.record_counts();
                    None
                }
            };
            if let Some(event) = event {
                self.give(event)?;
            }
            if let Some((request, taken)) = self.taken.take()
                && self.waiting.contains_key(&request)
            {
                // Only who goes on before it is durable wants to know.
                taken.send(()).ok();
            }
        }
        self.record_stop();
        Ok(())
    }

    /// Lets the node take in an event, and carries out what follows.
    fn give(&mut self, event: Event) -> anyhow::Result<()> {
        let reverted = matches!(event, Event::StoreFailed);
        let effects = self.node.handle(self.clock.now(), event);
        if reverted || effects.iter().any(changes_in_force) {
            self.in_force
                .send_replace(Arc::new(InForce::of(&self.node)));
        }
        effects
            .into_iter()
            .try_for_each(|effect| self.carry_out(effect))
    }

    async fn next_input(&mut self, stop: &CancellationToken) -> Input {
        let wake = self.clock.sleep_until(self.node.wake_at());
        let probe = self.disk.next_probe();
        let counts = self.clock.sleep_until(self.recording.due_at());
        let quiet = self.clock.sleep_until(self.quiet.due_at());
        if let Some(epoch) = self.drawn.take() {
            return Input::Drawn(epoch);
        }
        let inputs = &mut self.inputs;
        tokio::select! {
            () = stop.cancelled() => Input::Stop,
            Some(written) = inputs.written.recv() => Input::Written(written),
            Some(read) = inputs.reads.recv() => Input::Read(read),
            Some(command) = inputs.commands.recv() => Input::Command(command),
            Some(event) = inputs.network.recv() => Input::Network(event),
            () = wake => Input::Time,
            () = probe => Input::Probe,
            () = counts => Input::Counts,
            () = quiet => Input::Quiet,
        }
    }

    fn network(&mut self, event: NetEvent) -> Option<Event> {
        match event {
            NetEvent::Opened {
                link,
                peer,
                dialled,
                outbox,
                counters,
            } => {
                info!(
                    link = link.0,
                    peer = self.name(&peer),
                    dialled,
                    "link opened"
                );
                self.links.opened(link, peer, outbox, counters);
                Some(Event::LinkOpened {
                    link,
                    peer,
                    dialled,
                })
            }
            NetEvent::Received { link, message } => {
                if let Some(peer) = self.links.peer(link) {
                    self.recording.origin = Origin::Peer(peer);
                }
                Some(Event::Received { link, message })
            }
            NetEvent::Alive { link } => Some(Event::Alive { link }),
            NetEvent::Closed { link, why } => {
                if let Some(peer) = self.links.closed(link) {
                    info!(link = link.0, peer = self.name(&peer), why, "link closed");
                }
                Some(Event::LinkClosed { link })
            }
            NetEvent::Refused {
                key,
                joining,
                why,
                untold,
            } => {
                self.note_refusal(key, joining, why, untold);
                None
            }
            NetEvent::RosterTold { roster } => {
                // Only one that the federation's key signed, and that is newer, comes in force; who
                // brought it does not matter, and nobody waits for an answer.
                let request = self.begin(oneshot::channel().0)?;
                let act = Act::Roster(roster);
                Some(Event::Enact { request, act })
            }
            NetEvent::DialFailed {
                peer,
                address,
                error,
                retry_in,
            } => {
                let name = self.name(&peer);
                let error = anyhow::Error::from(error);
                self.links
                    .dial_failed(peer, &name, &address, &error, retry_in);
                None
            }
        }
    }

    fn command(&mut self, command: Command) -> Option<Event> {
        match command {
            Command::Append {
                epoch,
                failures,
                space,
                entries,
                audit,
                taken,
                answer,
            } => {
                let failed = self.failures.load(Ordering::Acquire);
                if failures.is_some_and(|failures| failures != failed) {
                    answer.send(Err(RequestError::Behind)).ok();
                    return None;
                }
                let request = self.begin(answer)?;
                self.taken = Some((request, taken));
                self.recording.origin = Origin::Local(audit);
                Some(Event::Append {
                    request,
                    epoch,
                    space,
                    entries,
                })
            }
            Command::Enact { act, audit, answer } => {
                let request = self.begin(answer)?;
                self.recording.origin = Origin::Local(audit);
                Some(Event::Enact { request, act })
            }
            Command::Note { draft } => {
                self.note(draft);
                None
            }
            Command::Vaults { answer } => {
                let vaults = self
                    .node
                    .spaces()
                    .map(|(space, held)| (*space, held.vault().clone()));
                answer.send(vaults.collect()).ok();
                None
            }
            Command::Look { answer } => {
                let (now, trouble) = (self.clock.now(), self.disk.trouble());
                let overview = Overview::take(now, &self.node, &self.links, &self.quiet, trouble);
                // Whoever asked may have gone.
                answer.send(Box::new(overview)).ok();
                None
            }
        }
    }

    /// Numbers a request; refuses it at once while the disk fails.
    fn begin(&mut self, answer: oneshot::Sender<Answer>) -> Option<RequestId> {
        if let Some(trouble) = self.disk.trouble() {
            answer.send(Err(RequestError::Disk(trouble))).ok();
            return None;
        }
        self.requests_begun += 1;
        let request = RequestId(self.requests_begun);
        self.waiting.insert(request, answer);
        Some(request)
    }

    fn written(&mut self, written: Written) -> anyhow::Result<Option<Event>> {
        Ok(match written {
            Written::Completion(Completion::Stored { write, .. }) => {
                self.disk.succeeded();
                Some(Event::Stored { write })
            }
            Written::Unrecorded(draft) => {
                self.unrecorded(draft);
                None
            }
            Written::Probed => {
                self.disk.succeeded();
                None
            }
            Written::Completion(Completion::Failed { error, .. }) | Written::Failed(error) => {
                let is_news = self.disk.failed(error).context("write the store")?;
                // Told first, so that nobody builds on what is about to be reverted.
                self.failures
                    .fetch_add(u64::from(is_news), Ordering::AcqRel);
                is_news.then_some(Event::StoreFailed)
            }
            Written::Completion(Completion::Resumed) => {
                self.disk.resumed();
                None
            }
        })
    }

    fn carry_out(&mut self, effect: Effect) -> anyhow::Result<()> {
        match effect {
            Effect::Send { link, message } => self.links.send(link, message),
            Effect::Close { link, reason } => self.links.close(link, reason),
            Effect::Store { write, change } => {
                let audit = self.records_of(&change);
                self.disk.store(write, change, audit)?;
            }
            Effect::Read {
                read,
                space,
                feed,
                from,
                bytes_target,
            } => self.disk.read(read, space, feed, from, bytes_target),
            Effect::Examine {
                read,
                space,
                feed,
                from,
            } => self
                .disk
                .examine(self.node.federation(), read, space, feed, from),
            Effect::ReadSevered { read, space, run } => self.disk.read_severed(read, space, run),
            Effect::ListSevered { space } => self.disk.list_severed(space),
            Effect::Recall { space } => {
                let own = self.node.roster().lineage(&self.node.id()).collect();
                self.disk.recall(space, own);
            }
            Effect::DrawEpoch => {
                let epoch = Epoch(identity::random().context("draw an epoch")?);
                self.drawn = Some(epoch);
            }
            Effect::Accept { request } => self.answer(request, Ok(())),
            Effect::Refuse { request, refusal } => {
                let error = match self.disk.trouble() {
                    Some(trouble) => RequestError::Disk(trouble),
                    None => RequestError::Refused(refusal),
                };
                self.answer(request, Err(error));
            }
            Effect::RosterInForce => {
                info!(version = self.node.roster().version, "roster in force");
                (self.follow_roster)(&self.node);
                self.quiet.look_soon();
                let roster = self.node.roster();
                self.links.keep_unreached(|peer| roster.is_active(peer));
            }
            Effect::Notice(notice) => {
                self.record_notice(&notice);
                if self.may_tell(&notice) {
                    self.notice(&notice);
                }
            }
        }
        Ok(())
    }

    fn answer(&mut self, request: RequestId, answer: Answer) {
        if let Some(waiting) = self.waiting.remove(&request) {
            // Whoever asked may have gone; what was accepted stays.
            waiting.send(answer).ok();
        }
    }

    pub(super) fn name(&self, node: &NodeId) -> String {
        self.node.roster().name(node)
    }
}

/// Whether an effect comes with another roster or manifest in force.
fn changes_in_force(effect: &Effect) -> bool {
    match effect {
        Effect::RosterInForce
        | Effect::Notice(
            Notice::Superseded { .. } | Notice::Renewed { .. } | Notice::Cloned { .. },
        ) => true,
        Effect::Store { change, .. } => {
            !matches!(change, Change::Runs { .. } | Change::Receipts { .. })
        }
        _ => false,
    }
}
