//! The network of one node: a handle to steer it, a driver that runs it, and its events.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use phaki_replication::id::NodeId;
use phaki_replication::sign::SecretKey;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::accept::Gate;
use crate::dial::{DialPlan, Dialler, Poke, Retry};
use crate::enrol::{Desk, Enrol};
use crate::event::{self, Events};
use crate::limits::POKES_MAX;
use crate::links::Links;
use crate::peers::PeerKeys;
use crate::tasks::Tasks;
use crate::tls::Identity;
use crate::valve::{Rates, Valves};

pub use crate::tls::TlsError;

/// What a node's network needs to know.
pub struct Settings {
    /// The node's key: its identity towards every peer.
    pub key: SecretKey,
    /// The keys that get a session.
    pub peers: PeerKeys,
    /// Decides on requests to join; without it they are refused in the handshake.
    pub enrol: Option<Arc<dyn Enrol>>,
    /// The time between attempts to dial.
    pub retry: Retry,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("node", &self.key.node())
            .finish_non_exhaustive()
    }
}

/// Steers a running network. Cheap to clone; dialling ends with the last one.
#[derive(Clone, Debug)]
pub struct Network {
    plan: Arc<watch::Sender<DialPlan>>,
    pokes: mpsc::Sender<Poke>,
    valves: Valves,
}

impl Network {
    /// Says whom to keep a link with. Links of peers that the plan no longer names stay.
    pub fn dial(&self, plan: DialPlan) {
        self.plan.send_replace(plan);
    }

    /// Says which peers have a cap; links from now on keep to it.
    pub fn limit(&self, rates: BTreeMap<NodeId, Rates>) {
        self.valves.replace(rates);
    }

    /// Dials a peer of the plan now, when there is no link with it.
    pub fn poke(&self, peer: NodeId) {
        // A full queue means that pokes are on their way already.
        self.pokes.try_send(Poke::One(peer)).ok();
    }

    /// Dials all peers of the plan that there is no link with now, as when the line came back.
    pub fn poke_all(&self) {
        self.pokes.try_send(Poke::All).ok();
    }
}

/// Runs the network: all its tasks live inside [`Driver::run`].
pub struct Driver {
    gate: Gate,
    dialler: Dialler,
    plan: watch::Receiver<DialPlan>,
    pokes: mpsc::Receiver<Poke>,
    links: Links,
    tasks: Tasks,
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").finish_non_exhaustive()
    }
}

/// A network that does nothing until its driver runs.
pub fn create(settings: Settings) -> Result<(Network, Driver, Events), TlsError> {
    let Settings {
        key,
        peers,
        enrol,
        retry,
    } = settings;
    let identity = Identity::new(&key)?;
    let sync = identity.sync_server(peers.clone())?;
    let (sender, events) = event::channel();
    let join = match enrol {
        Some(enrol) => Some((identity.join_server()?, Desk::new(enrol, sender.clone()))),
        None => None,
    };
    let (valves, tasks) = (Valves::default(), Tasks::default());
    let links = Links::new(sender, peers, valves.clone());
    let (plan, planned) = watch::channel(DialPlan::new());
    let (pokes, poked) = mpsc::channel(POKES_MAX);
    let driver = Driver {
        gate: Gate::new(sync, join, links.clone(), tasks.clone()),
        dialler: Dialler {
            identity,
            links: links.clone(),
            retry,
            tasks: tasks.clone(),
        },
        plan: planned,
        pokes: poked,
        links,
        tasks,
    };
    Ok((
        Network {
            plan: Arc::new(plan),
            pokes,
            valves,
        },
        driver,
        events,
    ))
}

impl Driver {
    /// Serves `listeners` and dials until `stop`; then tells peers, and waits for at most `drain`
    /// until all links have ended. Events must be taken all the while.
    pub async fn run(self, listeners: Vec<TcpListener>, stop: CancellationToken, drain: Duration) {
        let Self {
            gate,
            dialler,
            plan,
            pokes,
            links,
            tasks,
        } = self;
        let (dialling, mut keys) = (tasks.group(), links.peers().subscribe());
        for listener in listeners {
            tasks.spawn(gate.clone().listen(listener, stop.clone()));
        }
        dialling.spawn(dialler.run(plan, pokes));
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Ok(()) = keys.changed() => links.close_strangers(),
            }
        }
        dialling.end();
        links.stop();
        if timeout(drain, tasks.all_ended()).await.is_err() {
            tracing::debug!("links did not end in time");
        }
        tasks.end();
        tasks.all_ended().await;
    }
}
