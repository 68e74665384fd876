//! Which peers are in quiet hours now: looked at every minute, by the wall clock.

use std::collections::{BTreeMap, BTreeSet};

use phaki_replication::id::NodeId;
use phaki_replication::node::{Event, Node};
use phaki_replication::roster::Roster;

use super::clock::Clock;
use crate::quiet_hours::{MINUTE_MS, QuietHours, quiet_until};

/// The quiet hours of peers, and what the node was told of them last.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    /// By name in the roster.
    hours: BTreeMap<String, Vec<QuietHours>>,
    /// When those that are quiet now stop being so, milliseconds since 1970.
    now: BTreeMap<NodeId, i64>,
    /// When to look again, in milliseconds of the monotonic clock.
    due_at: Option<u64>,
}

impl Quiet {
    pub(super) fn new(hours: BTreeMap<String, Vec<QuietHours>>) -> Self {
        let due_at = (!hours.is_empty()).then_some(0);
        Self {
            hours,
            now: BTreeMap::new(),
            due_at,
        }
    }

    pub(super) fn due_at(&self) -> Option<u64> {
        self.due_at
    }

    /// Another roster is in force: names may be those of other keys.
    pub(super) fn look_soon(&mut self) {
        self.due_at = self.due_at.map(|_| 0);
    }

    /// Looks at the clock; what the node is to be told, when that changed.
    pub(super) fn look(&mut self, node: &Node, clock: &Clock) -> Option<Event> {
        let now = clock.now();
        let into_minute = now.wall_ms.rem_euclid(MINUTE_MS);
        let wait = u64::try_from(MINUTE_MS - into_minute).unwrap_or(0);
        self.due_at = Some(now.monotonic_ms + wait);
        let quiet = quiet_peers(&self.hours, node.roster(), now.wall_ms);
        let same = quiet.keys().eq(self.now.keys());
        self.now = quiet;
        let peers: BTreeSet<NodeId> = self.now.keys().copied().collect();
        (!same).then_some(Event::BulkWaits { peers })
    }

    /// When quiet hours with a peer end, milliseconds since 1970; `None` when there are none now.
    pub(super) fn until(&self, peer: &NodeId) -> Option<i64> {
        self.now.get(peer).copied()
    }
}

fn quiet_peers(
    hours: &BTreeMap<String, Vec<QuietHours>>,
    roster: &Roster,
    now_ms: i64,
) -> BTreeMap<NodeId, i64> {
    let quiet = roster.nodes.iter().filter_map(|(peer, record)| {
        let until = quiet_until(hours.get(&record.name)?, now_ms)?;
        Some((*peer, until))
    });
    quiet.collect()
}
