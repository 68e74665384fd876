//! One first copy over a bad line, with what disturbs it.

use std::time::{Duration, Instant, SystemTime};

use anyhow::Result;
use phaki_tests::federation::HUB;
use phaki_tests::local::Local;
use phaki_tests::node::{Node, Program};
use phaki_tests::wait;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::watch;

use super::air::Quality;
use super::networks::Networks;
use crate::copy::copy_folder;
use crate::daemon::SPACE;
use crate::daemon::pair::in_sync_at;
use crate::daemon::seed::{PROVINCE, Seed};
use crate::workload::{MARK, changes_of_all, flat, plan};

/// Longer than any copy that works.
const DEADLINE: Duration = Duration::from_secs(3_600);

/// A space beside the one that is copied, with a document for each end to edit: of two edits of one
/// field that do not know of each other only one is shown.
const NOTES: &str = "notes";
const NOTE: [u64; 2] = [999_998, 999_999];

/// How long the line is away at a cut.
const AWAY: Duration = Duration::from_secs(3);

/// The time between two edits, in each direction.
const EDIT_EVERY: Duration = Duration::from_secs(3);

/// How often progress is looked at: rarely, since that takes time from the nodes.
const LOOK: Duration = Duration::from_millis(50);

/// What is copied over what.
pub(super) struct Site<'a> {
    pub(super) program: &'a Program,
    pub(super) seed: &'a Seed,
    pub(super) quality: Quality,
    pub(super) congestion: Option<&'a str>,
    pub(super) documents: u64,
}

/// What happens during the copy.
#[derive(Clone, Copy, Debug)]
pub(super) enum Disturbance {
    None,
    Edits,
    /// So long after the line has come back it is cut again.
    Cuts(Duration),
}

/// Seconds until edits were seen.
#[derive(Debug, Default)]
pub(super) struct Edits {
    /// Made where the copy comes from, in another space.
    pub(super) down: Vec<f64>,
    /// Made where the copy goes to, in another space and in the one that is copied.
    pub(super) up: Vec<f64>,
    pub(super) same: Vec<f64>,
    /// Made where the copy comes from, in the same feed.
    pub(super) behind: f64,
}

/// What was observed.
#[derive(Debug, Default)]
pub(super) struct Copied {
    pub(super) took: Duration,
    /// Received by the node that was empty, above TLS, over its last connection.
    pub(super) above_tls: u64,
    /// Bytes of IP that reached that node, and that both sent.
    pub(super) arrived: u64,
    pub(super) sent: u64,
    pub(super) edits: Edits,
    pub(super) cuts: u64,
    /// From the first packet of the new connection until both are in sync.
    pub(super) reconnected: Duration,
    /// From the moment in which the line is there again: who has nothing to send notices late.
    pub(super) noticed: Duration,
    pub(super) reconnect_bytes: u64,
}

struct Ends {
    networks: Networks,
    hub: Node,
    province: Node,
    _folder: TempDir,
}

/// Copies everything once.
pub(super) async fn copy(site: &Site<'_>, disturbance: Disturbance) -> Result<Copied> {
    let ends = Ends::start(site).await?;
    let total = changes_of_all(site.documents);
    let mut copied = Copied::default();
    let (before, above) = (ends.networks.arrived(1), ends.received().await);
    let sent = ends.sent();
    let began = Instant::now();
    ends.hub.local().grant(SPACE, PROVINCE, "writer").await;
    let (done, is_done) = watch::channel(false);
    let copying = async {
        wait::until_within(DEADLINE, "everything is copied", async || {
            tokio::time::sleep(LOOK).await;
            let space = ends.province.local().space(SPACE).await?;
            (space.entries >= total).then_some(())
        })
        .await;
        let took = began.elapsed();
        done.send_replace(true);
        took
    };
    match disturbance {
        Disturbance::None => copied.took = copying.await,
        Disturbance::Edits => {
            let (hub, province) = (ends.hub.local(), ends.province.local());
            let behind = behind(hub.clone(), province.clone(), is_done.clone());
            let down = edits(hub.clone(), province.clone(), NOTE[0], 1, is_done.clone());
            let up = edits(province.clone(), hub.clone(), NOTE[1], 2, is_done.clone());
            let same = edits(province, hub, 0, 3, is_done);
            let edits = &mut copied.edits;
            (copied.took, edits.behind, edits.down, edits.up, edits.same) =
                tokio::join!(copying, behind, down, up, same);
        }
        Disturbance::Cuts(every) => {
            (copied.took, copied.cuts) = tokio::join!(copying, ends.cut_again(every, is_done));
        }
    }
    copied.arrived = ends.networks.arrived(1) - before;
    copied.sent = ends.sent() - sent;
    copied.above_tls = ends.received().await.saturating_sub(above);
    if matches!(disturbance, Disturbance::None) {
        ends.reconnect(&mut copied).await;
    }
    Ok(copied)
}

impl Ends {
    /// Both run, are linked over the line, and hold the space beside.
    async fn start(site: &Site<'_>) -> Result<Self> {
        let networks = Networks::create(site.quality, site.congestion)?;
        let folder = tempfile::Builder::new().prefix("phaki-").tempdir()?;
        let node = |name: &str, end: usize| {
            let own = folder.path().join(name);
            copy_folder(&site.seed.data(name), &own.join("data")).unwrap();
            let mut node = Node::new(site.program, name, &own, &own.join("data"));
            node.wrap(Some(&networks.inside(end)));
            node
        };
        let (mut hub, mut province) = (node(HUB, 0), node(PROVINCE, 1));
        hub.accept_peers_at(Networks::address(0));
        let began = SystemTime::now();
        hub.start().await;
        province.dial(HUB, &hub.listen().to_string());
        province.start().await;
        let ends = Self {
            networks,
            hub,
            province,
            _folder: folder,
        };
        ends.until_in_sync(began).await;
        let mut hub = ends.hub.local();
        hub.create_space(NOTES).await;
        hub.grant(NOTES, PROVINCE, "writer").await;
        let notes = NOTE.map(|note| flat::created(note, &plan(note)[0]));
        hub.put(NOTES, &notes).await?;
        wait::until_within(DEADLINE, "the note is there", async || {
            ends.province.local().show(&flat::id(NOTE[1])).await.ok()
        })
        .await;
        Ok(ends)
    }

    fn sent(&self) -> u64 {
        self.networks.sent(0) + self.networks.sent(1)
    }

    async fn received(&self) -> u64 {
        let links = self.province.local().links().await;
        links.first().map_or(0, |link| link.bytes_received)
    }

    async fn until_in_sync(&self, since: SystemTime) -> SystemTime {
        let mut last = since;
        for node in [&self.hub, &self.province] {
            let at = wait::until_within(DEADLINE, "in sync", async || in_sync_at(node, since));
            last = last.max(at.await);
        }
        last
    }

    async fn cut_again(&self, every: Duration, mut done: watch::Receiver<bool>) -> u64 {
        let mut cuts = 0;
        loop {
            tokio::select! {
                _ = done.wait_for(|done| *done) => return cuts,
                () = tokio::time::sleep(every) => {}
            }
            self.networks.cut();
            tokio::time::sleep(AWAY).await;
            self.networks.restore();
            cuts += 1;
        }
    }

    /// Cuts the line for a while; how long it takes then, and what it costs.
    async fn reconnect(&self, copied: &mut Copied) {
        // What follows a copy, receipts for instance, belongs to the copy.
        tokio::time::sleep(2 * AWAY).await;
        self.networks.cut();
        tokio::time::sleep(AWAY).await;
        let (sent, restored) = (self.sent(), SystemTime::now());
        self.networks.restore();
        let both = self.until_in_sync(restored).await;
        tokio::time::sleep(AWAY).await;
        let began = self.networks.connection_began().unwrap();
        copied.reconnected = both.duration_since(began).unwrap();
        copied.noticed = both.duration_since(restored).unwrap();
        copied.reconnect_bytes = self.sent() - sent;
    }
}

/// Edits a document again and again until the copy is done; seconds until each was seen.
async fn edits(
    mut here: Local,
    there: Local,
    number: u64,
    series: u64,
    done: watch::Receiver<bool>,
) -> Vec<f64> {
    let (mut seconds, id) = (Vec::new(), flat::id(number));
    for value in series * 1_000_000.. {
        tokio::time::sleep(EDIT_EVERY).await;
        if *done.borrow() {
            break;
        }
        // The document may not have been copied yet.
        if here.show(&id).await.is_ok() {
            seconds.push(seen(&mut here, there.clone(), &id, value).await);
        }
    }
    seconds
}

/// One edit in the feed that is being copied.
async fn behind(mut here: Local, there: Local, done: watch::Receiver<bool>) -> f64 {
    tokio::time::sleep(EDIT_EVERY).await;
    match *done.borrow() {
        true => 0.0,
        false => seen(&mut here, there, &flat::id(1), 4_000_000).await,
    }
}

/// Makes an edit; seconds until the other end shows it.
async fn seen(here: &mut Local, mut there: Local, id: &str, value: u64) -> f64 {
    let began = Instant::now();
    here.edit(id, MARK, &json!(value)).await.unwrap();
    wait::until_within(DEADLINE, "an edit is seen", async || {
        let shown = there.show(id).await.ok()?;
        (shown[MARK] == value).then_some(())
    })
    .await;
    began.elapsed().as_secs_f64()
}
