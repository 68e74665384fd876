//! Starting and stopping a node: every long-lived task begins here and ends here.

pub(crate) mod opened;
mod part;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use phaki_net::dial::Retry;
use phaki_net::enrol::Enrol;
use phaki_net::event::Events;
use phaki_net::network::{self, Driver, Network, Settings};
use phaki_net::peers::PeerKeys;
use phaki_net::socket;
use phaki_net::valve::Rates;
use phaki_replication::id::NodeId;
use phaki_replication::node::Node;
use phaki_replication::sign::SecretKey;
use phaki_store::{
    Completion, Materialiser, Reply, Store, WriterOptions, WriterThread, start_materialiser,
};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use self::opened::Opened;
use self::part::Part;
use crate::audit::{Audit, Deed, PROGRAM};
use crate::config::{Config, LineTerms};
use crate::data_folder::Lock;
use crate::default_spaces;
use crate::enrolment::Admission;
use crate::node_loop::{FollowRoster, Journal, NodeLoop, Written, requests};
use crate::quiet_hours::QuietHours;
use crate::service::{self, Commits, LocalApi, Parts};
use crate::{logging, shutdown};

/// How long the process waits at the end for threads that read for clients who have gone.
const LAST_THREADS: Duration = Duration::from_millis(500);

/// Runs a node until SIGTERM or SIGINT: sets up logging, makes a runtime, starts everything and
/// drains it at the end. A second signal ends the process at once.
pub fn serve(config: Config) -> anyhow::Result<()> {
    logging::start(&config.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("start the runtime")?;
    let outcome = runtime.block_on(async {
        let stop = CancellationToken::new();
        shutdown::on_signal(stop.clone())?;
        let running = start_until(config, stop).await?;
        running.ended().await
    });
    runtime.shutdown_timeout(LAST_THREADS);
    outcome
}

/// A running node in this process (for the demonstration and for tests; [`serve`] uses it too).
#[derive(Debug)]
pub struct Running {
    /// Where it listens for peers, with the real port.
    pub listen: Option<SocketAddr>,
    /// The socket for local clients.
    pub socket: PathBuf,
    stop: CancellationToken,
    supervision: JoinHandle<anyhow::Result<()>>,
}

/// Starts a node inside a tokio runtime; no signals are handled, no logging is set up.
pub async fn start(config: Config) -> anyhow::Result<Running> {
    start_until(config, CancellationToken::new()).await
}

impl Running {
    /// Stops listening, finishes what is under way within the drain deadline, and ends.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.ended().await
    }

    /// Returns once the node has ended; an error when nobody had asked it to.
    pub async fn ended(self) -> anyhow::Result<()> {
        self.supervision.await.context("supervise the node")?
    }
}

async fn start_until(config: Config, stop: CancellationToken) -> anyhow::Result<Running> {
    let Opened {
        folder,
        lock,
        key,
        store,
        node,
    } = opened::open(&config)?;
    let name = node.roster().name(&node.id());
    let local_socket = service::bind(&config.socket).await?;
    let listeners = listen(&config).await?;
    let listen = address_in_use(&listeners)?;
    let commits = Commits::new();
    let writing = start_writing(&store, commits.clone()).await?;
    let (reader, journal) = (store.reader(), writing.journal);
    let (requests, commands) = requests(&node);
    let audit = Audit::new(journal.clone(), requests.clone(), &config.account);
    let own = key.clone();
    let admission = Admission::new(&folder, &requests, &reader, &journal, audit.clone(), own);
    let (driver, events, follow) = create_network(key.clone(), admission.clone(), &config)?;
    let writes = (journal.clone(), writing.written);
    let node_loop = NodeLoop::new(node, events, commands, writes, reader.clone(), follow);
    let node_loop = node_loop.with_quiet_hours(quiet_hours(&config));
    let node_part = Part::on_thread("node", move |stop| node_loop.run(stop))?;
    if config.default_spaces {
        default_spaces::found(&key, &requests, &audit).await;
    }
    let listen_text = listen.map(|address| address.to_string());
    let api = LocalApi::new(Parts {
        key,
        requests,
        journal,
        commits,
        audit,
        reader,
        admission,
        account: config.account,
        addresses: config.addresses,
        listen: listen_text.clone().unwrap_or_default(),
        data: folder.path().to_owned(),
    })?;

    let drain = config.drain_deadline;
    let supervised = Supervised {
        local: Part::spawn("local service", move |stop| api.serve(local_socket, stop)),
        network: Part::spawn("network", move |stop| async move {
            driver.run(listeners, stop, drain).await;
            Ok(())
        }),
        node: node_part,
        materialiser: writing.materialiser,
        writer: writing.thread,
        store_ended: writing.ended,
        _lock: lock,
    };
    let supervision = tokio::spawn(supervised.supervise(stop.clone(), drain));
    let socket = config.socket;
    info!(
        name,
        listen = listen_text.as_deref().unwrap_or("none"),
        socket = %socket.display(),
        data = %folder.path().display(),
        "ready"
    );
    Ok(Running {
        listen,
        socket,
        stop,
        supervision,
    })
}

/// The threads that write the store.
struct Writing {
    journal: Journal,
    written: mpsc::UnboundedReceiver<Written>,
    thread: WriterThread,
    materialiser: Materialiser,
    /// Resolves when one of the two has ended.
    ended: oneshot::Receiver<()>,
}

/// Starts them; the first that they write is that the program has started.
async fn start_writing(store: &Store, commits: Commits) -> anyhow::Result<Writing> {
    let (sender, written) = mpsc::unbounded_channel();
    let report = sender.clone();
    let started = store.start_writer(&WriterOptions::default(), move |completion| {
        if let Completion::Stored { touched, .. } = &completion {
            commits.tell(touched);
        }
        // Once the loop has ended, nobody waits for completions.
        report.send(Written::Completion(completion)).ok();
    });
    let (writer, thread) = started.context("start the store's writer")?;
    let materialiser = start_materialiser(store.reader(), writer.clone());
    let materialiser = materialiser.context("start the materialiser")?;
    let (end, ended) = oneshot::channel();
    // Once the node stops, nobody waits for that.
    materialiser.tell_at_end(Reply::new(move |_| {
        end.send(()).ok();
    }));
    let journal = Journal::new(writer, sender);
    let start = Deed::NodeStarted.by("", store.identity().node, PROGRAM);
    // A full disk must not keep a node from running, that one may read and make room.
    if let Err(failure) = journal.record(start).await {
        let error = format!("{:#}", anyhow::Error::from(failure));
        warn!(error, "start not recorded");
    }
    Ok(Writing {
        journal,
        written,
        thread,
        materialiser,
        ended,
    })
}

async fn listen(config: &Config) -> anyhow::Result<Vec<TcpListener>> {
    match &config.listen {
        Some(address) => Ok(vec![socket::bind(address).await?]),
        None => Ok(Vec::new()),
    }
}

fn address_in_use(listeners: &[TcpListener]) -> anyhow::Result<Option<SocketAddr>> {
    let first = listeners.first().map(TcpListener::local_addr);
    first.transpose().context("read the address in use")
}

fn create_network(
    key: SecretKey,
    admission: Admission,
    config: &Config,
) -> anyhow::Result<(Driver, Events, FollowRoster)> {
    let peers = PeerKeys::new(BTreeSet::new());
    let retry = Retry {
        max: config.retry_max,
        ..Retry::default()
    };
    let settings = Settings {
        key,
        peers: peers.clone(),
        enrol: Some(Arc::new(admission) as Arc<dyn Enrol>),
        retry,
    };
    let (network, driver, events) = network::create(settings).context("prepare the network")?;
    let (overrides, lines) = (config.peers.clone(), config.lines.clone());
    let follow = move |node: &Node| {
        follow_roster(node, &peers, &network, &overrides);
        network.limit(rates(node, &lines));
    };
    Ok((driver, events, Box::new(follow)))
}

/// The quiet hours of nodes by name.
fn quiet_hours(config: &Config) -> BTreeMap<String, Vec<QuietHours>> {
    let lines = config.lines.iter();
    let quiet = lines.filter(|(_, terms)| !terms.quiet.is_empty());
    quiet
        .map(|(name, terms)| (name.clone(), terms.quiet.clone()))
        .collect()
}

/// The caps on the lines with nodes, by their keys in force.
fn rates(node: &Node, lines: &BTreeMap<String, LineTerms>) -> BTreeMap<NodeId, Rates> {
    let nodes = node.roster().nodes.iter();
    let capped = nodes.filter_map(|(peer, record)| {
        let terms = lines.get(&record.name)?;
        let rates = Rates {
            up: terms.upload.map(|bits| bits / 8),
            down: terms.download.map(|bits| bits / 8),
        };
        (rates != Rates::default()).then_some((*peer, rates))
    });
    capped.collect()
}

/// Accepts and dials all other active nodes of the roster in force.
fn follow_roster(
    node: &Node,
    peers: &PeerKeys,
    network: &Network,
    overrides: &BTreeMap<String, Vec<String>>,
) {
    // Also while this node is suspended itself: how else would it hear that it is not any more?
    let (own, roster) = (node.id(), node.roster());
    let others = roster
        .nodes
        .iter()
        .filter(|(peer, _)| **peer != own && roster.is_active(peer));
    let (mut keys, mut plan) = (BTreeSet::new(), Vec::new());
    for (peer, record) in others {
        let addresses = overrides.get(&record.name).unwrap_or(&record.addresses);
        keys.insert(*peer);
        plan.push((*peer, addresses.clone()));
    }
    peers.replace(keys);
    network.dial(plan);
}

/// Everything that runs as long as the node does.
struct Supervised {
    local: Part,
    network: Part,
    node: Part,
    materialiser: Materialiser,
    writer: WriterThread,
    store_ended: oneshot::Receiver<()>,
    _lock: Lock,
}

impl Supervised {
    /// Waits until it is time to stop, or until a part ends by itself, which is an error. Then
    /// ends everything, from the outside to the inside.
    async fn supervise(mut self, stop: CancellationToken, drain: Duration) -> anyhow::Result<()> {
        let outcome = tokio::select! {
            () = stop.cancelled() => Ok(()),
            error = self.local.ended() => Err(error),
            error = self.network.ended() => Err(error),
            error = self.node.ended() => Err(error),
            _ = &mut self.store_ended => Err(anyhow!("a thread of the store ended unexpectedly")),
        };
        let (now, deadline) = (Instant::now(), Instant::now() + drain);
        // A client that never ends must leave time to take leave of the peers.
        self.local.finish(now + drain * 3 / 4).await;
        self.network.finish(deadline).await;
        self.node.finish(deadline).await;
        let (materialiser, writer) = (self.materialiser, self.writer);
        // The last connection that closes moves the write-ahead log into the database.
        let stored = tokio::task::spawn_blocking(move || {
            drop(materialiser);
            writer.stop();
        });
        if timeout_at(deadline, stored).await.is_err() {
            warn!("store did not end in time");
        }
        info!("stopped");
        outcome
    }
}
