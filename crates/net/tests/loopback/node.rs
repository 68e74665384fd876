//! One node under test: its network, its events with a deadline, and what it says.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use phaki_net::dial::Retry;
use phaki_net::enrol::Enrol;
use phaki_net::event::{Events, NetEvent};
use phaki_net::network::{self, Network, Settings};
use phaki_net::outbox::Outbox;
use phaki_net::peers::PeerKeys;
use phaki_net::socket::bind;
use phaki_net::traffic::LinkCounters;
use phaki_replication::id::{NodeId, ShortDigest};
use phaki_replication::message::{Heartbeat, Message};
use phaki_replication::node::LinkId;
use phaki_replication::sign::SecretKey;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// No step of a test takes this long unless something is broken.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) address: String,
    pub(crate) network: Network,
    pub(crate) peers: PeerKeys,
    pub(crate) events: Events,
    /// Refusals that were told since they were last looked at.
    refused: Vec<Refused>,
    stop: CancellationToken,
    driver: JoinHandle<()>,
}

/// Whom, whether it asked to join, and why.
pub(crate) type Refused = (Option<NodeId>, bool, &'static str);

pub(crate) struct OpenLink {
    pub(crate) link: LinkId,
    pub(crate) peer: NodeId,
    pub(crate) dialled: bool,
    pub(crate) outbox: Outbox,
    pub(crate) counters: Arc<LinkCounters>,
}

pub(crate) fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

pub(crate) fn id(seed: u8) -> NodeId {
    key(seed).node()
}

/// A message that can be told from others.
pub(crate) fn message(number: i64) -> Message {
    Message::Heartbeat(Heartbeat {
        time_ms: number,
        shared: ShortDigest([7; 16]),
    })
}

impl Node {
    /// The node of `seed`, which gives sessions to the nodes of the seeds `peers`.
    pub(crate) async fn start(seed: u8, peers: &[u8]) -> Self {
        Self::start_with(seed, peers, Retry::default(), None).await
    }

    pub(crate) async fn start_with(
        seed: u8,
        peers: &[u8],
        retry: Retry,
        enrol: Option<Arc<dyn Enrol>>,
    ) -> Self {
        let peers = PeerKeys::new(peers.iter().map(|seed| id(*seed)).collect());
        let settings = Settings {
            key: key(seed),
            peers: peers.clone(),
            enrol,
            retry,
        };
        let (network, driver, events) = network::create(settings).unwrap();
        let listener = bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let stop = CancellationToken::new();
        let driver = tokio::spawn(driver.run(vec![listener], stop.clone(), DEADLINE));
        Self {
            id: id(seed),
            address,
            network,
            peers,
            events,
            refused: Vec::new(),
            stop,
            driver,
        }
    }

    pub(crate) fn dial(&self, peer: &Self) {
        self.dial_at(peer.id, &[&peer.address]);
    }

    pub(crate) fn dial_at(&self, peer: NodeId, addresses: &[&str]) {
        let addresses = addresses
            .iter()
            .map(|address| (*address).to_owned())
            .collect();
        self.network.dial(vec![(peer, addresses)]);
    }

    /// The next event that is no refusal.
    pub(crate) async fn event(&mut self) -> NetEvent {
        loop {
            match self.any_event().await {
                NetEvent::Refused {
                    key, joining, why, ..
                } => self.refused.push((key, joining, why)),
                event => return event,
            }
        }
    }

    /// The next refusal: whom, whether it asked to join, and why.
    pub(crate) async fn refused(&mut self) -> Refused {
        if self.refused.is_empty() {
            match self.any_event().await {
                NetEvent::Refused {
                    key, joining, why, ..
                } => self.refused.push((key, joining, why)),
                other => panic!("not refused: {other:?}"),
            }
        }
        self.refused.remove(0)
    }

    async fn any_event(&mut self) -> NetEvent {
        let event = timeout(DEADLINE, self.events.recv()).await;
        event
            .expect("an event comes in time")
            .expect("the network runs")
    }

    pub(crate) async fn opened(&mut self) -> OpenLink {
        match self.event().await {
            NetEvent::Opened {
                link,
                peer,
                dialled,
                outbox,
                counters,
            } => OpenLink {
                link,
                peer,
                dialled,
                outbox,
                counters,
            },
            other => panic!("not opened: {other:?}"),
        }
    }

    pub(crate) async fn received(&mut self) -> (LinkId, Message) {
        match self.event().await {
            NetEvent::Received { link, message } => (link, message),
            other => panic!("not received: {other:?}"),
        }
    }

    pub(crate) async fn closed(&mut self) -> (LinkId, String) {
        match self.event().await {
            NetEvent::Closed { link, why } => (link, why),
            other => panic!("not closed: {other:?}"),
        }
    }

    pub(crate) async fn dial_failed(&mut self) -> (String, String, Duration) {
        match self.event().await {
            NetEvent::DialFailed {
                address,
                error,
                retry_in,
                ..
            } => (address, error.to_string(), retry_in),
            other => panic!("not failed: {other:?}"),
        }
    }

    /// Puts exactly the keys of these seeds in force.
    pub(crate) fn admit(&self, peers: &[u8]) {
        self.peers
            .replace(peers.iter().map(|seed| id(*seed)).collect::<BTreeSet<_>>());
    }

    /// Stops the node as on a signal; returns what it still told.
    pub(crate) async fn stop(mut self) -> Vec<NetEvent> {
        self.stop.cancel();
        let mut told = Vec::new();
        while let Some(event) = timeout(DEADLINE, self.events.recv()).await.unwrap() {
            told.push(event);
            if self.driver.is_finished() {
                break;
            }
        }
        timeout(DEADLINE, self.driver).await.unwrap().unwrap();
        told
    }
}

/// Two nodes with one link, dialled by the first.
pub(crate) async fn pair() -> ((Node, OpenLink), (Node, OpenLink)) {
    let (mut one, mut two) = (Node::start(1, &[2]).await, Node::start(2, &[1]).await);
    one.dial(&two);
    let dialled = one.opened().await;
    let accepted = two.opened().await;
    ((one, dialled), (two, accepted))
}
