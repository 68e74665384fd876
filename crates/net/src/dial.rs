//! Keeping one link with every peer that can be dialled.
//!
//! One task per peer: it waits while a link exists, dialled by either side, and dials otherwise.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use phaki_replication::id::NodeId;
use thiserror::Error;
use tokio::sync::{Notify, Semaphore, mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::connect::{ConnectError, Connection, connect};
use crate::dialled;
use crate::enrol::ask_roster;
use crate::event::NetEvent;
use crate::limits::DIALS_MAX;
use crate::links::Links;
use crate::tasks::Tasks;
use crate::tls::{ALPN_SYNC, Identity, TlsError};

/// The peers to be dialled, each with its addresses (`host:port`) in the order of preference.
pub type DialPlan = Vec<(NodeId, Vec<String>)>;

/// The bounds of the time between two attempts to dial a peer.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// The bound of the first waiting time; doubles with each failure.
    pub first: Duration,
    /// The bound that it grows to.
    pub max: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(200),
            max: Duration::from_secs(60),
        }
    }
}

/// Why dialling an address gave no session.
#[derive(Debug, Error)]
pub enum DialError {
    /// The address was not reached, or another node is there.
    #[error(transparent)]
    Connect(ConnectError),
    /// This node's key cannot be used.
    #[error("prepare the connection")]
    Tls(#[source] TlsError),
    /// The peer does not have this node's key in its roster.
    #[error("peer does not accept this node's key")]
    KeyRefused,
    /// The peer has no room for another link.
    #[error("peer has no room for another link")]
    PeerFull,
    /// The peer is stopping.
    #[error("peer is stopping")]
    PeerStopping,
    /// The peer does not open the session in time.
    #[error("peer does not open the session in time")]
    Silent,
    /// The connection ended before the peer opened the session.
    #[error("connection lost before the session")]
    Lost,
    /// The peer is not among the keys that get a session.
    #[error("peer is not in the roster in force")]
    NotInRoster,
    /// This node has no room for another link.
    #[error("no room for another link")]
    Full,
    /// This node is stopping.
    #[error("node is stopping")]
    Stopping,
}

/// Asks for peers to be dialled now.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Poke {
    One(NodeId),
    All,
}

/// Keeps a dialling task for each peer of the plan.
pub(crate) struct Dialler {
    pub(crate) identity: Identity,
    pub(crate) links: Links,
    pub(crate) retry: Retry,
    pub(crate) tasks: Tasks,
}

impl Dialler {
    /// Follows the plan until `tasks` end.
    pub(crate) async fn run(
        self,
        mut plan: watch::Receiver<DialPlan>,
        mut pokes: mpsc::Receiver<Poke>,
    ) {
        let slots = Arc::new(Semaphore::new(DIALS_MAX));
        let mut lines = BTreeMap::<NodeId, LineHandle>::new();
        plan.mark_changed();
        loop {
            tokio::select! {
                changed = plan.changed() => match changed {
                    Ok(()) => self.follow(&plan.borrow_and_update(), &slots, &mut lines),
                    Err(_) => return,
                },
                poke = pokes.recv() => match poke {
                    Some(Poke::One(peer)) => {
                        lines.get(&peer).into_iter().for_each(LineHandle::poke);
                    }
                    Some(Poke::All) => lines.values().for_each(LineHandle::poke),
                    None => return,
                },
            }
        }
    }

    fn follow(
        &self,
        plan: &DialPlan,
        slots: &Arc<Semaphore>,
        lines: &mut BTreeMap<NodeId, LineHandle>,
    ) {
        let wanted: BTreeMap<_, _> = plan
            .iter()
            .filter(|(_, addresses)| !addresses.is_empty())
            .cloned()
            .collect();
        lines.retain(|peer, _| wanted.contains_key(peer));
        for (peer, addresses) in wanted {
            if let Some(line) = lines.get(&peer) {
                line.readdress(addresses);
                continue;
            }
            let (sender, receiver) = watch::channel(addresses);
            let (poked, tasks) = (Arc::new(Notify::new()), self.tasks.group());
            let line = Line {
                peer,
                addresses: receiver,
                poked: Arc::clone(&poked),
                slots: Arc::clone(slots),
                backoff: Backoff::new(self.retry.first, self.retry.max),
                identity: self.identity.clone(),
                links: self.links.clone(),
                // Links outlive the plan that they were dialled for.
                link_tasks: self.tasks.clone(),
            };
            tasks.spawn(line.run());
            lines.insert(
                peer,
                LineHandle {
                    addresses: sender,
                    poked,
                    tasks,
                },
            );
        }
    }
}

/// Ends the task when dropped.
struct LineHandle {
    addresses: watch::Sender<Vec<String>>,
    poked: Arc<Notify>,
    tasks: Tasks,
}

impl LineHandle {
    fn poke(&self) {
        self.poked.notify_one();
    }

    fn readdress(&self, addresses: Vec<String>) {
        let changed = self.addresses.send_if_modified(|known| {
            let changed = *known != addresses;
            *known = addresses;
            changed
        });
        if changed {
            self.poke();
        }
    }
}

impl Drop for LineHandle {
    fn drop(&mut self) {
        self.tasks.end();
    }
}

/// The dialling of one peer.
struct Line {
    peer: NodeId,
    addresses: watch::Receiver<Vec<String>>,
    poked: Arc<Notify>,
    slots: Arc<Semaphore>,
    backoff: Backoff,
    identity: Identity,
    links: Links,
    link_tasks: Tasks,
}

impl Line {
    async fn run(mut self) {
        let mut linked = self.links.watch(self.peer);
        let mut wait = Duration::ZERO;
        loop {
            if *linked.borrow_and_update() > 0 {
                count_is(&mut linked, |count| count == 0).await;
                self.backoff.reset(Instant::now());
                wait = self.next_wait();
            }
            tokio::select! {
                biased;
                () = count_is(&mut linked, |count| count > 0) => continue,
                () = self.poked.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
            let reached = tokio::select! {
                biased;
                // The peer was quicker.
                () = count_is(&mut linked, |count| count > 0) => continue,
                reached = self.reach() => reached,
            };
            wait = match reached {
                Ok((address, connection)) => self.hold(address, connection).await,
                Err(wait) => wait,
            };
        }
    }

    /// The first address that answers, or when to try again.
    async fn reach(&mut self) -> Result<(String, Connection), Duration> {
        let addresses = self.addresses.borrow_and_update().clone();
        let mut left = addresses.len();
        for address in addresses {
            left -= 1;
            let error = match self.reach_one(&address).await {
                Ok(connection) => return Ok((address, connection)),
                Err(error) => error,
            };
            if matches!(error, DialError::Connect(ConnectError::WrongKey)) {
                self.hear_roster(&address).await;
            }
            let wait = match left {
                0 => self.next_wait(),
                _ => Duration::ZERO,
            };
            self.report(address, error, wait).await;
            if left == 0 {
                return Err(wait);
            }
        }
        Err(self.next_wait())
    }

    /// Another key answers in the place of the peer's: one that has replaced it, perhaps. Then the
    /// roster there says so.
    async fn hear_roster(&self, address: &str) {
        let Ok(_slot) = self.slots.acquire().await else {
            return;
        };
        match ask_roster(address, &self.identity).await {
            Ok(told) => {
                let events = self.links.events();
                // Without listeners there is nobody to be told.
                if let Ok(room) = events.reserve(told.roster.bytes.len()).await {
                    let roster = told.roster;
                    let told = NetEvent::RosterTold { roster };
                    events.send_in(room, told).await.ok();
                }
            }
            Err(error) => tracing::debug!(%address, %error, "no roster told"),
        }
    }

    async fn reach_one(&self, address: &str) -> Result<Connection, DialError> {
        if !self.links.peers().contains(&self.peer) {
            return Err(DialError::NotInRoster);
        }
        let config = self
            .identity
            .client(self.peer, ALPN_SYNC)
            .map_err(DialError::Tls)?;
        let _slot = self
            .slots
            .acquire()
            .await
            .map_err(|_| DialError::Stopping)?;
        connect(address, config).await.map_err(DialError::Connect)
    }

    /// Holds a session until it ends; returns when to dial again.
    async fn hold(&mut self, address: String, connection: Connection) -> Duration {
        let (ended, outcome) = oneshot::channel();
        let (peer, links, tasks) = (self.peer, self.links.clone(), self.link_tasks.group());
        // A task of its own: the link outlives this line when the plan drops the peer.
        self.link_tasks.spawn(async move {
            ended
                .send(dialled::run(connection, peer, links, tasks).await)
                .ok();
        });
        let outcome = outcome.await.unwrap_or(Err(DialError::Stopping));
        if outcome.is_ok() {
            self.backoff.reset(Instant::now());
        }
        let wait = self.next_wait();
        if let Err(error) = outcome {
            self.report(address, error, wait).await;
        }
        wait
    }

    fn next_wait(&mut self) -> Duration {
        // Without randomness the whole bound is waited for.
        self.backoff.next(getrandom::u64().unwrap_or(u64::MAX))
    }

    async fn report(&self, address: String, error: DialError, retry_in: Duration) {
        let failed = NetEvent::DialFailed {
            peer: self.peer,
            address,
            error,
            retry_in,
        };
        // Without listeners there is nobody to be told.
        self.links.events().send(failed).await.ok();
    }
}

async fn count_is(linked: &mut watch::Receiver<usize>, wanted: impl Fn(usize) -> bool) {
    if linked.wait_for(|count| wanted(*count)).await.is_err() {
        // The table of links is gone: the node stops, and this task with it.
        std::future::pending::<()>().await;
    }
}
