//! The state of the node on one screen, with what a person must look at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use phaki_replication::id::{NodeId, SpaceId};
use phaki_replication::roster::NodeRecord;
use phaki_store::FailureClass;
use phaki_store::reader::SpaceRow;
use phaki_wire::proto::local::v1 as pb;

use super::accepting::Starved;
use super::contacts::open_matters;
use super::denial::Denial;
use super::receipts::coverage;
use super::spaces::{Spaces, spaces_to_wire};
use crate::data_folder::DataFolder;
use crate::node_loop::{InForce, LinkState, Overview, wall_ms};
use crate::output::remedy;

/// Entries in quarantine about which nobody decided, by space.
pub(super) type Decide = BTreeMap<SpaceId, u64>;

/// How far other nodes hold what this node holds, by space.
pub(super) type Coverages = BTreeMap<SpaceId, pb::Coverage>;

/// Clocks that differ by more than this are worth a look.
const SKEW_MS_NOTABLE: u64 = 1000;

/// The Buddhist era is 543 years ahead; nothing honest is more than five hundred.
const ERA_MS: u64 = 500 * 365 * 24 * 60 * 60 * 1000;

/// The year 2400 in milliseconds since 1970; a clock beyond it counts in the Buddhist era.
const YEAR_2400_MS: i64 = 13_569_465_600_000;

/// What does not change while the node runs.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// The address in use; empty when the node only dials.
    pub(super) listen: String,
    pub(super) data: PathBuf,
    pub(super) starved: Starved,
}

impl Facts {
    pub(super) fn new(listen: String, data: PathBuf) -> Self {
        Self {
            listen,
            data,
            starved: Starved::default(),
        }
    }

    /// That a change of this node's key was begun and is not finished.
    pub(super) fn rotation_problem(&self) -> Option<String> {
        let folder = DataFolder::at(&self.data);
        let text = "a change of this node's key was begun and is not finished: stop the node and \
                    repeat `phaki rotate-key` with its invite";
        folder.next_node_key().exists().then(|| text.to_owned())
    }
}

impl Spaces {
    /// `others` is what a person must look at besides.
    pub(super) async fn status(
        &self,
        facts: &Facts,
        others: Vec<String>,
    ) -> Result<pb::StatusReply, Denial> {
        let overview = self.requests.look().await?;
        // A disk that cannot be read must not hide the rest.
        let (rows, unread) = match self.rows().await {
            Ok(rows) => (rows, None),
            Err(denial) => (Vec::new(), Some(denial.sentence)),
        };
        let (decide, coverage) = self.looked_up(&overview.in_force).await?;
        let mut problems = problems(&overview, &rows);
        if let Some(what) = self.reader.damage() {
            let remedy = remedy::DAMAGED;
            problems.push(format!("the store is damaged ({what}): {remedy}"));
        }
        problems.extend(quarantine_problems(&overview.in_force, &decide));
        problems.extend(facts.starved.problem());
        problems.extend(unread.into_iter().chain(others));
        let vaults = self.requests.vaults().await?;
        let (erasures, about_people) = open_matters(&overview.in_force, &vaults);
        problems.extend(about_people);
        let link = |link: &LinkState| link_to_wire(&overview, link);
        let in_force = &overview.in_force;
        Ok(pb::StatusReply {
            node: in_force.node.to_string(),
            name: in_force.name(&in_force.node),
            federation: in_force.federation.to_string(),
            roster_version: in_force.roster.version,
            epoch: in_force.epoch.to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime_ms: overview.monotonic_ms,
            spaces: spaces_to_wire(&overview, &rows, &decide, coverage),
            links: overview.links.iter().map(link).collect(),
            peers: peers_to_wire(&overview, false),
            problems,
            listen: facts.listen.clone(),
            data: facts.data.display().to_string(),
            accepts_writes: overview.trouble.is_none(),
            erasures,
        })
    }

    /// Entries that wait for a decision, and how far others hold what is held here, by space.
    async fn looked_up(&self, in_force: &Arc<InForce>) -> Result<(Decide, Coverages), Denial> {
        let (reader, in_force) = (self.reader.clone(), Arc::clone(in_force));
        let look_up = move || {
            // A disk that cannot be read is told of as such, and must not hide the rest.
            let decide = reader.unsettled().unwrap_or_default();
            let spaces = in_force.spaces.keys();
            let known =
                |space: &SpaceId| Some((*space, coverage(&reader, &in_force, space).ok()??));
            Ok((decide, spaces.filter_map(known).collect()))
        };
        self.workers.run(look_up).await
    }

    pub(super) async fn roster(&self) -> Result<pb::ShowRosterReply, Denial> {
        let overview = self.requests.look().await?;
        Ok(pb::ShowRosterReply {
            version: overview.in_force.roster.version,
            nodes: peers_to_wire(&overview, true),
        })
    }
}

fn link_to_wire(overview: &Overview, link: &LinkState) -> pb::Link {
    let session = &link.session;
    pb::Link {
        link: session.link.0,
        peer: overview.in_force.name(&session.peer),
        dialled: session.dialled,
        in_sync: session.in_sync,
        since_ms: overview.monotonic_ms.saturating_sub(session.opened_ms),
        bytes_sent: link.bytes_sent,
        bytes_received: link.bytes_received,
        entries_sent: session.entries_sent,
        entries_received: session.entries_received,
        entries_to_come: session.entries_to_come,
        bytes_to_come: session.bytes_to_come,
        clock_skew_ms: session.clock_skew_ms,
        entries_to_go: link.outgoing.left.entries,
        bytes_to_go: link.outgoing.left.bytes,
        to_come_ms: link.incoming.left_ms,
        to_go_ms: link.outgoing.left_ms,
        payload_in: link.incoming.bytes_per_second.unwrap_or(0),
        payload_out: link.outgoing.bytes_per_second.unwrap_or(0),
        spaces: spaces_under_way(overview, link),
        held_back: held_back(link).to_owned(),
        quiet_until_ms: link.quiet_until_ms.unwrap_or(0),
        upload_limit: link.rates.up.unwrap_or(0).saturating_mul(8),
        download_limit: link.rates.down.unwrap_or(0).saturating_mul(8),
    }
}

/// Why a link is slower than its line; nothing when it is not, or nothing is to pass.
fn held_back(link: &LinkState) -> &'static str {
    let (come, go) = (&link.incoming.left, &link.outgoing.left);
    if link.session.in_sync {
        ""
    } else if link.quiet_until_ms.is_some() {
        "quiet-hours"
    } else if (link.rates.up.is_some() && go.entries > 0)
        || (link.rates.down.is_some() && come.entries > 0)
    {
        "capped"
    } else {
        ""
    }
}

/// What is to come and to go of each space.
fn spaces_under_way(overview: &Overview, link: &LinkState) -> Vec<pb::SpaceProgress> {
    let (come, go) = (&link.incoming.spaces, &link.outgoing.spaces);
    let spaces: BTreeSet<&SpaceId> = come.keys().chain(go.keys()).collect();
    let spaces = spaces.into_iter().map(|space| {
        let [come, go] = [come, go].map(|side| side.get(space).copied().unwrap_or_default());
        pb::SpaceProgress {
            space: overview.in_force.space_name(space),
            entries_to_come: come.entries,
            bytes_to_come: come.bytes,
            entries_to_go: go.entries,
            bytes_to_go: go.bytes,
        }
    });
    spaces.collect()
}

/// The nodes of the roster by name, each with its present key, with or without this one.
fn peers_to_wire(overview: &Overview, with_self: bool) -> Vec<pb::Peer> {
    let nodes = &overview.in_force.roster.nodes;
    let replaced: BTreeSet<_> = nodes.values().filter_map(|node| node.replaces).collect();
    let present = nodes.iter().filter(|(node, _)| !replaced.contains(node));
    let shown = present.filter(|(node, _)| with_self || **node != overview.in_force.node);
    let mut peers: Vec<_> = shown
        .map(|(node, record)| peer_to_wire(overview, node, record))
        .collect();
    peers.sort_by(|one, other| one.name.cmp(&other.name));
    peers
}

fn peer_to_wire(overview: &Overview, node: &NodeId, record: &NodeRecord) -> pb::Peer {
    let linked = overview.links.iter().any(|link| link.session.peer == *node);
    let unreached = overview.unreached.get(node).filter(|_| !linked);
    let (last_error, retry_in) = unreached.cloned().unwrap_or_default();
    pb::Peer {
        name: record.name.clone(),
        key: node.to_string(),
        role: record.role.name().to_owned(),
        area: record.area.clone(),
        status: record.status.name().to_owned(),
        linked,
        last_error,
        retry_in_ms: u64::try_from(retry_in.as_millis()).unwrap_or(u64::MAX),
    }
}

/// What a person must look at, in plain words.
fn problems(overview: &Overview, rows: &[SpaceRow]) -> Vec<String> {
    let mut problems = Vec::new();
    let in_force = &overview.in_force;
    if let Some(trouble) = &overview.trouble {
        let again = match trouble.class {
            FailureClass::Corrupt => "",
            FailureClass::Full | FailureClass::Other => "; it is tried again every few seconds",
        };
        problems.push(format!(
            "the disk takes no writes, so no edit is accepted: {}: {}{again}",
            trouble.text,
            trouble.remedy()
        ));
    }
    if !in_force.roster.is_active(&in_force.node) {
        let text = "this node is not active in the roster, so no peer talks to it: ask the \
                    federation's administrator";
        problems.push(text.to_owned());
    }
    if in_force.superseded {
        let text = "this data folder is an older copy of one that wrote on; it begins a new \
                    epoch, and edits wait until that is on disk";
        problems.push(text.to_owned());
    }
    if wall_ms() > YEAR_2400_MS {
        let text = "this machine's clock seems to count in the Buddhist era: set it to the \
                    Common Era";
        problems.push(text.to_owned());
    }
    problems.extend(
        overview
            .links
            .iter()
            .filter_map(|link| skewed(overview, link)),
    );
    problems.extend(rows.iter().flat_map(|row| space_problems(overview, row)));
    problems
}

fn skewed(overview: &Overview, link: &LinkState) -> Option<String> {
    let skew_ms = link.session.clock_skew_ms;
    let size_ms = skew_ms.unsigned_abs();
    if size_ms <= SKEW_MS_NOTABLE {
        return None;
    }
    let peer = overview.in_force.name(&link.session.peer);
    if size_ms > ERA_MS {
        let whose = match skew_ms > 0 {
            true => peer,
            false => "this machine".to_owned(),
        };
        return Some(format!(
            "the clock of {whose} seems to count in the Buddhist era"
        ));
    }
    let direction = match skew_ms > 0 {
        true => "ahead of",
        false => "behind",
    };
    let (seconds, tenths) = (size_ms / 1000, size_ms % 1000 / 100);
    Some(format!(
        "the clock of {peer} is {seconds}.{tenths} s {direction} this machine's: times of edits \
         may look out of order"
    ))
}

fn quarantine_problems(in_force: &InForce, decide: &Decide) -> Vec<String> {
    let problem = |(space, count): (&SpaceId, &u64)| {
        let name = in_force.space_name(space);
        format!(
            "space {name}: {count} entries are in quarantine and wait for a decision: see `phaki \
             quarantine list`"
        )
    };
    decide.iter().map(problem).collect()
}

fn space_problems(overview: &Overview, row: &SpaceRow) -> Vec<String> {
    let name = overview.in_force.space_name(&row.space);
    let counted = [
        (row.waiting, "changes wait for others that have not arrived"),
        (row.refused, "entries can never be applied"),
        (row.broken, "documents cannot be shown"),
    ];
    let some = counted.into_iter().filter(|(count, _)| *count > 0);
    some.map(|(count, text)| format!("space {name}: {count} {text}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_2400_is_where_it_should_be() {
        let year = jiff::civil::date(2400, 1, 1)
            .to_zoned(jiff::tz::TimeZone::UTC)
            .unwrap();
        assert_eq!(year.timestamp().as_millisecond(), YEAR_2400_MS);
    }
}
