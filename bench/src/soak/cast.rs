//! The ten nodes, what befalls them, and what they write meanwhile.

mod seat;

use std::time::{Duration, Instant};

use phaki_replication::id::FederationId;
use phaki_store::Store;
use phaki_tests::federation::{Federation, HUB};
use phaki_tests::node::{Node, Program};
use phaki_tests::samples::Random;
use phaki_tests::wait;
use phaki_wire::proto::local::v1::ChangeRosterRequest;

use super::fate::Fate;
use super::ledger::Ledger;
use crate::daemon::seed::{create, edit_all, later_changes, request};
use crate::workload::{mark, small_edits};
use seat::Seat;

/// The space in which everybody writes.
pub(super) use crate::daemon::SPACE;

/// The provinces. The first of them is only ever cut off, so that it has one process and one store
/// from the beginning to the end, as the national node has.
const PROVINCES: [&str; 9] = [
    "TH-41", "TH-10", "TH-20", "TH-30", "TH-40", "TH-50", "TH-57", "TH-83", "TH-90",
];

/// Plans that exist from the beginning, as a province has them.
const DOCUMENTS: u64 = 200;

/// Edits of one person who sits down.
const EDITS_MAX: usize = 5;

/// The longest time that a line is cut, a process down or a node suspended.
const TROUBLE_MS_MAX: usize = 12_000;

/// At the end everybody must agree within this.
const SETTLED: Duration = Duration::from_secs(120);

/// Ten nodes.
#[derive(Debug)]
pub(super) struct Cast {
    federation: Federation,
    hub: Node,
    seats: Vec<Seat>,
    /// Edits so far, from which the next ones follow.
    edits: u64,
}

impl Cast {
    /// All enrolled and linked; they share one space with documents in it.
    pub(super) async fn assemble(program: Program) -> Self {
        let federation = Federation::new(program);
        let hub = federation.found().await;
        hub.local().create_space(SPACE).await;
        hub.local().grant(SPACE, "role:province", "writer").await;
        let numbers: Vec<u64> = (0..DOCUMENTS).collect();
        create(hub.local(), SPACE, numbers).await;
        edit_all(hub.local(), (0..DOCUMENTS).flat_map(later_changes)).await;
        let mut seats = Vec::new();
        for name in PROVINCES {
            seats.push(Seat::take(&federation, &hub, name).await);
        }
        let mut cast = Self {
            federation,
            hub,
            seats,
            edits: 0,
        };
        cast.settle().await;
        cast
    }

    pub(super) fn hub(&self) -> &Node {
        &self.hub
    }

    /// The nodes that run, the national one first, then those that had one life so far.
    pub(super) fn running(&self) -> impl Iterator<Item = &Node> {
        let seats = self.seats.iter().filter(|seat| seat.runs());
        std::iter::once(&self.hub).chain(seats.map(|seat| &seat.node))
    }

    /// Ends the troubles whose time has come.
    pub(super) async fn attend(&mut self, now: Instant) {
        for seat in &mut self.seats {
            if seat.suspended.is_some_and(|until| until <= now) {
                change_roster(&self.hub, "reinstate", &seat.node).await;
                seat.suspended = None;
            }
            seat.attend(now).await;
        }
    }

    /// Something befalls a node; `false` when it cannot, as things are.
    pub(super) async fn befall(&mut self, fate: Fate, random: &mut Random) -> bool {
        let steady = fate != Fate::Cut;
        let least = usize::from(steady);
        let chosen = least + random.below(self.seats.len() - least);
        let trouble = random.below(TROUBLE_MS_MAX);
        let trouble = Duration::from_millis(u64::try_from(trouble).unwrap());
        let (until, seat) = (Instant::now() + trouble, &mut self.seats[chosen]);
        if seat.is_troubled() {
            return false;
        }
        match fate {
            Fate::Cut => seat.cut(until),
            Fate::Kill => seat.kill(until),
            Fate::BackUp => seat.back_up(),
            Fate::Restore => {
                let held = seat.backup.is_some();
                if held {
                    agreed(&self.hub, &seat.node).await;
                    seat.restore().await;
                }
                return held;
            }
            Fate::Suspend => {
                change_roster(&self.hub, "suspend", &seat.node).await;
                seat.suspended = Some(until);
            }
            Fate::Replace => {
                // What it has told nobody would be lost with it.
                agreed(&self.hub, &seat.node).await;
                change_roster(&self.hub, "remove", &seat.node).await;
                let name = seat.node.name().to_owned();
                let old = std::mem::replace(
                    seat,
                    Seat::take_anew(&self.federation, &self.hub, &name).await,
                );
                old.leave();
                // People sit down at it once it has what they want to edit.
                agreed(&self.hub, &seat.node).await;
            }
        }
        true
    }

    /// Somebody sits down at one of the nodes and edits some documents.
    pub(super) async fn edit(&mut self, ledger: &mut Ledger, random: &mut Random) {
        let chosen = random.below(self.seats.len() + 1);
        let (node, suspended) = match self.seats.get(chosen) {
            None => (&self.hub, false),
            Some(seat) if seat.runs() => (&seat.node, seat.suspended.is_some()),
            Some(_) => return,
        };
        let mut local = node.local();
        for _ in 0..=random.below(EDITS_MAX) {
            let number = u64::try_from(random.below(usize::try_from(DOCUMENTS).unwrap())).unwrap();
            self.edits += 1;
            let mut change = small_edits(self.edits, 1).next().unwrap();
            change.extend(mark(self.edits));
            let request = request(SPACE, number, &change);
            match local.client().edit_document(request).await {
                Ok(reply) => {
                    let reply = reply.into_inner();
                    assert!(reply.changed, "{reply:?}");
                    ledger.acknowledged(&reply.id, reply.change);
                }
                // It may know already that it may not, or not yet that it may again.
                Err(refused) => assert!(
                    suspended || !node_may_write(&mut local).await,
                    "{refused:?} at {}",
                    node.name()
                ),
            }
        }
    }

    /// Ends all troubles and waits until everybody holds the same; how long that took.
    pub(super) async fn settle(&mut self) -> Duration {
        let began = Instant::now();
        let far = began + Duration::from_secs(3_600);
        self.attend(far).await;
        for seat in &self.seats {
            agreed(&self.hub, &seat.node).await;
        }
        // Whoever was agreed with first may have heard something since.
        for seat in &self.seats {
            agreed(&self.hub, &seat.node).await;
        }
        let settled = began.elapsed();
        let space = self.hub.local().space(SPACE).await.unwrap();
        let doubtful = (space.needs_decision, space.waiting, space.refused);
        assert_eq!(doubtful, (0, 0, 0), "{space:?}");
        settled
    }

    /// Stops all and verifies every store; what is wrong.
    pub(super) async fn verify(mut self) -> Vec<String> {
        let status = self.hub.local().status().await.unwrap();
        let federation = FederationId::from_hex(&status.federation).unwrap();
        let mut problems = Vec::new();
        let nodes = self.seats.iter_mut().map(|seat| &mut seat.node);
        for node in nodes.chain([&mut self.hub]) {
            assert!(node.stop().await.0.success());
            let store = Store::open(&node.data().join("phaki.db")).unwrap();
            let found = store.reader().verify(&federation).unwrap().problems;
            let found = found.iter().map(|one| format!("{}: {one:?}", node.name()));
            problems.extend(found);
        }
        problems
    }
}

async fn node_may_write(local: &mut phaki_tests::local::Local) -> bool {
    let space = local.space(SPACE).await;
    space.is_some_and(|space| space.may_write)
}

async fn change_roster(hub: &Node, change: &str, node: &Node) {
    let request = ChangeRosterRequest {
        change: change.to_owned(),
        nodes: vec![node.name().to_owned()],
        reason: String::new(),
    };
    let reply = hub.local().client().change_roster(request).await;
    assert!(reply.unwrap().into_inner().in_force);
}

/// Waits until a node holds what the national one holds.
async fn agreed(hub: &Node, node: &Node) {
    let what = format!("{} agrees with {HUB}", node.name());
    wait::until_within(SETTLED, &what, async || {
        let there = node.local().space(SPACE).await?;
        let here = hub.local().space(SPACE).await?;
        let digests = |space: &phaki_wire::proto::local::v1::Space| {
            (space.frontier_digest.clone(), space.heads_digest.clone())
        };
        (there.may_write && digests(&here) == digests(&there)).then_some(())
    })
    .await;
}
