//! Two running nodes over copies of a seed, and the line between them.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use phaki_tests::federation::HUB;
use phaki_tests::node::{Node, Program};
use phaki_tests::proxy::{Proxy, Side, Traffic};
use phaki_tests::wait;
use serde_json::Value;
use tempfile::TempDir;

use super::seed::{PROVINCE, Seed};
use crate::copy::copy_folder;

/// Longer than any phase of a workload that works.
pub(crate) const DEADLINE: Duration = Duration::from_secs(600);

/// After so much silence nothing more belongs to what was measured; receipts wait two seconds.
const SILENCE: Duration = Duration::from_secs(3);

/// How often the end of something is looked for that is not measured by when it is found.
const LOOK: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) hub: Node,
    pub(crate) province: Node,
    pub(crate) line: Proxy,
    /// From launching a process until it says that it is ready: of the last start of both.
    pub(crate) start_times: [Duration; 2],
    _folder: TempDir,
}

/// A connection of which both ends have said that they are in sync.
#[derive(Debug)]
pub(crate) struct Meeting {
    pub(crate) traffic: Arc<Traffic>,
    /// Since the last flight of the handshake reached the hub.
    pub(crate) took: Duration,
}

impl Pair {
    /// Both run; the line is cut.
    pub(crate) async fn start(program: &Program, seed: &Seed) -> Self {
        let folder = tempfile::Builder::new().prefix("phaki-").tempdir().unwrap();
        let node = |name: &str| {
            let own = folder.path().join(name);
            copy_folder(&seed.data(name), &own.join("data")).unwrap();
            Node::new(program, name, &own, &own.join("data"))
        };
        let (mut hub, mut province) = (node(HUB), node(PROVINCE));
        hub.accept_peers();
        let hub_start = start(&mut hub).await;
        let line = Proxy::start(hub.listen()).await;
        line.cut();
        province.dial(HUB, &line.address());
        let province_start = start(&mut province).await;
        Self {
            hub,
            province,
            line,
            start_times: [hub_start, province_start],
            _folder: folder,
        }
    }

    /// Stops both and starts them again, with the line cut.
    pub(crate) async fn restart(&mut self) {
        self.line.cut();
        assert!(self.province.stop().await.0.success());
        assert!(self.hub.stop().await.0.success());
        let hub = start(&mut self.hub).await;
        self.line.set_target(self.hub.listen());
        self.start_times = [hub, start(&mut self.province).await];
    }

    /// The processes, the one that has everything first.
    pub(crate) fn pids(&self) -> [u32; 2] {
        [self.hub.pid(), self.province.pid()]
    }

    /// Lets everything end that is under way, then cuts the line, and waits until both know.
    pub(crate) async fn part(&self) {
        self.silent().await;
        self.line.cut();
        for node in [&self.hub, &self.province] {
            wait::until("the link is gone", async || {
                node.local().links().await.is_empty().then_some(())
            })
            .await;
        }
    }

    /// Lets the line work again, and waits until both have said that they are in sync.
    ///
    /// They are not asked, which would take time from them: their logs tell when it was.
    pub(crate) async fn meet(&self) -> Meeting {
        let before = self.line.connections().len();
        let restored = SystemTime::now();
        self.line.restore();
        let mut ends = [restored; 2];
        for (end, node) in ends.iter_mut().zip([&self.hub, &self.province]) {
            *end =
                wait::until_within(DEADLINE, "in sync", async || in_sync_at(node, restored)).await;
        }
        let connections = self.line.connections();
        assert_eq!(connections.len(), before + 1, "one connection is measured");
        let traffic = Arc::clone(&connections[before]);
        let begin = traffic.towards(Side::Target).first_sealed_at.unwrap();
        let took = ends[0].max(ends[1]).duration_since(begin).unwrap();
        Meeting { traffic, took }
    }

    /// Waits until nothing has passed for a while.
    pub(crate) async fn silent(&self) {
        let last = |side| {
            let connections = self.line.connections();
            connections
                .last()
                .and_then(|last| last.towards(side).last_at)
        };
        wait::until_within(DEADLINE, "the line is silent", async || {
            let last = last(Side::Target).max(last(Side::Dialler));
            let silent = last.is_none_or(|last| last.elapsed().is_ok_and(|past| past > SILENCE));
            if !silent {
                tokio::time::sleep(LOOK).await;
            }
            silent.then_some(())
        })
        .await;
    }

    /// Bytes of the present link above TLS in both directions, as the province counts.
    pub(crate) async fn bytes_above_tls(&self) -> u64 {
        let links = self.province.local().links().await;
        assert_eq!(links.len(), 1);
        links[0].bytes_sent + links[0].bytes_received
    }
}

/// Starts a node; how long it took until it was ready.
async fn start(node: &mut Node) -> Duration {
    let launched = SystemTime::now();
    node.start().await;
    // Its clients can be answered a moment before.
    let said = async || said_at(node, "ready", launched);
    let ready = wait::until("a node that answers says so", said).await;
    ready.duration_since(launched).unwrap()
}

/// When a node last began to say that it is in sync, from `since` on.
pub(crate) fn in_sync_at(node: &Node, since: SystemTime) -> Option<SystemTime> {
    said_at(node, "in sync", since)
}

/// When the log of a node first said these words, from `since` on.
fn said_at(node: &Node, words: &str, since: SystemTime) -> Option<SystemTime> {
    node.log().text().lines().find_map(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        let at: Timestamp = line["timestamp"].as_str()?.parse().ok()?;
        let at = SystemTime::from(at);
        (line["message"] == words && at >= since).then_some(at)
    })
}
