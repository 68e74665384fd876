//! How a federation begins: its keys, its roster, who can reach whom, and its first spaces.

use std::collections::{BTreeMap, BTreeSet};

use phaki_replication::id::{Epoch, NodeId};
use phaki_replication::manifest::{Manifest, MemberRole};
use phaki_replication::roster::{NodeRecord, NodeRole, NodeStatus, Roster};
use phaki_replication::sign::SecretKey;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::network::Edge;

/// Everything that is drawn before a run begins.
#[derive(Debug)]
pub(crate) struct Founding {
    pub(crate) federation: SecretKey,
    pub(crate) nodes: Vec<(SecretKey, Epoch)>,
    pub(crate) roster: Roster,
    /// The edge nodes, which the roster does not list, with the nodes that are to admit them.
    pub(crate) branches: BTreeMap<usize, usize>,
    pub(crate) edges: Vec<Edge>,
    pub(crate) manifests: Vec<Manifest>,
}

impl Founding {
    /// Draws a federation of `count` nodes; the first is the national one.
    pub(crate) fn draw(rng: &mut ChaCha8Rng, count: usize) -> Self {
        let federation = SecretKey::from_seed(&rng.random());
        let nodes: Vec<_> = (0..count)
            .map(|_| (SecretKey::from_seed(&rng.random()), Epoch(rng.random())))
            .collect();
        let own = count - count / 8;
        let branches: BTreeMap<usize, usize> = (own..count)
            .map(|edge| (edge, rng.random_range(0..own)))
            .collect();
        let records = nodes
            .iter()
            .take(own)
            .enumerate()
            .map(|(index, (key, _))| (key.node(), record(index)));
        let roster = Roster {
            federation: federation.federation(),
            version: 1,
            nodes: records.collect(),
        };
        let edges = draw_edges(rng, count, &branches);
        let ids: Vec<NodeId> = nodes.iter().take(own).map(|(key, _)| key.node()).collect();
        let draft = Draft {
            federation: &federation,
            ids: &ids,
            edges: &edges,
        };
        let manifests = draft.spaces(rng);
        Self {
            federation,
            nodes,
            roster,
            branches,
            edges,
            manifests,
        }
    }
}

/// The name of a machine: the national one, then provinces.
pub(crate) fn name(index: usize) -> String {
    if index == 0 {
        "TH".to_owned()
    } else {
        format!("TH-{}", index + 9)
    }
}

/// An edge node as its parent lists it.
pub(crate) fn edge_record(edge: usize, parent: usize, status: NodeStatus) -> NodeRecord {
    NodeRecord {
        name: name(edge),
        role: NodeRole::Edge,
        within: Vec::new(),
        addresses: Vec::new(),
        status,
        ..record(parent)
    }
}

/// The health region of a province; there are three.
pub(crate) fn region(index: usize) -> String {
    format!("R{}", 1 + index % 3)
}

fn record(index: usize) -> NodeRecord {
    let role = if index == 0 {
        NodeRole::National
    } else {
        NodeRole::Province
    };
    let area = if index == 0 {
        "TH".to_owned()
    } else {
        (index + 9).to_string()
    };
    let within = if index == 0 {
        Vec::new()
    } else {
        vec![region(index), "TH".to_owned()]
    };
    let addresses = vec![format!("node-{index}.example:7440")];
    NodeRecord {
        name: name(index),
        role,
        area,
        within,
        addresses,
        status: NodeStatus::Active,
        replaces: None,
        admitted_by: None,
    }
}

/// A connected graph: most provinces reach the national node, some only another province; a few
/// more links between provinces.
fn draw_edges(rng: &mut ChaCha8Rng, count: usize, branches: &BTreeMap<usize, usize>) -> Vec<Edge> {
    let mut pairs = BTreeSet::new();
    for machine in 1..count {
        let hub = if let Some(parent) = branches.get(&machine) {
            *parent
        } else if machine < 3 || rng.random_bool(0.75) {
            0
        } else {
            rng.random_range(1..machine)
        };
        pairs.insert((hub, machine));
    }
    for _ in 0..count / 2 {
        let (one, other) = (rng.random_range(0..count), rng.random_range(0..count));
        if one != other {
            pairs.insert((one.min(other), one.max(other)));
        }
    }
    pairs
        .into_iter()
        .map(|(one, other)| draw_edge(rng, [one, other]))
        .collect()
}

fn draw_edge(rng: &mut ChaCha8Rng, machines: [usize; 2]) -> Edge {
    let dials = match rng.random_range(0..4) {
        0 => [true, false],
        1 => [false, true],
        _ => [true, true],
    };
    let least = rng.random_range(200..20_000);
    let most = least + rng.random_range(1_000..150_000);
    Edge {
        machines,
        dials,
        delay_us: (least, most),
        down_until_us: 0,
        lossy_until_us: 0,
    }
}

/// Whether the machines of `among` can all reach each other over edges between them.
pub(crate) fn is_connected(edges: &[Edge], among: &BTreeSet<usize>) -> bool {
    let first = among.first();
    first.is_none_or(|first| reachable(edges, *first, among).len() == among.len())
}

/// The machine `first`, and those of `among` that it can reach over edges between them.
pub(crate) fn reachable(edges: &[Edge], first: usize, among: &BTreeSet<usize>) -> BTreeSet<usize> {
    let mut reached = BTreeSet::from([first]);
    loop {
        let frontier = border(edges, &reached);
        let fresh: Vec<usize> = frontier.intersection(among).copied().collect();
        if fresh.is_empty() {
            return reached;
        }
        reached.extend(fresh);
    }
}

/// The machines outside `inside` that one inside can reach directly.
pub(crate) fn border(edges: &[Edge], inside: &BTreeSet<usize>) -> BTreeSet<usize> {
    let across = edges.iter().filter_map(|edge| {
        let [one, other] = edge.machines;
        match (inside.contains(&one), inside.contains(&other)) {
            (true, false) => Some(other),
            (false, true) => Some(one),
            _ => None,
        }
    });
    across.collect()
}

struct Draft<'a> {
    federation: &'a SecretKey,
    ids: &'a [NodeId],
    edges: &'a [Edge],
}

impl Draft<'_> {
    /// One space that all read and the national node writes, one that all write, and provinces'
    /// spaces of all sizes. The readers of each are connected among themselves, since entries
    /// travel only through nodes that may read them.
    fn spaces(&self, rng: &mut ChaCha8Rng) -> Vec<Manifest> {
        let count = self.ids.len();
        let mut manifests = vec![
            self.space(rng, "national plan", 0, count - 1, 0.0),
            self.space(rng, "national directory", 0, count - 1, 1.0),
        ];
        let busy = rng.random_range(0..count);
        manifests.push(self.space(rng, "busy region", busy, count / 2, 1.0));
        for _ in 0..count.div_ceil(3) {
            let steward = rng.random_range(0..count);
            let members = rng.random_range(0..=5.min(count - 1));
            manifests.push(self.space(rng, &name(steward), steward, members, 0.4));
        }
        manifests
    }

    fn space(
        &self,
        rng: &mut ChaCha8Rng,
        name: &str,
        steward: usize,
        members: usize,
        writers: f64,
    ) -> Manifest {
        let federation = self.federation.federation();
        let mut manifest = Manifest::found(federation, self.ids[steward], rng.random(), name);
        let mut inside = BTreeSet::from([steward]);
        let mut roles = BTreeMap::new();
        while roles.len() < members {
            let mut candidates: Vec<usize> = border(self.edges, &inside).into_iter().collect();
            candidates.retain(|candidate| *candidate < self.ids.len());
            if candidates.is_empty() {
                break;
            }
            let chosen = candidates[rng.random_range(0..candidates.len())];
            let role = if rng.random_bool(writers) {
                MemberRole::Writer
            } else {
                MemberRole::Reader
            };
            inside.insert(chosen);
            roles.insert(self.ids[chosen], role);
        }
        manifest.members = roles;
        manifest
    }
}
