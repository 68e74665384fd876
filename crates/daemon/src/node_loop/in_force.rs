//! Who and what there is: the roster and the manifests in force, for everybody to read.

use std::collections::BTreeMap;

use phaki_replication::branch::{Branch, SignedBranch};
use phaki_replication::id::{Epoch, FederationId, FeedId, NodeId, SpaceId};
use phaki_replication::manifest::Manifest;
use phaki_replication::node::Node;
use phaki_replication::roster::{Roster, SignedRoster};

/// The roster and the manifests in force at one moment.
#[derive(Clone, Debug)]
pub(crate) struct InForce {
    pub(crate) node: NodeId,
    pub(crate) epoch: Epoch,
    pub(crate) federation: FederationId,
    pub(crate) roster: Roster,
    pub(crate) signed_roster: SignedRoster,
    /// The nodes that this node admitted by itself.
    pub(crate) branch: Option<(Branch, SignedBranch)>,
    /// What nodes admitted under keys that have been replaced.
    pub(crate) former_branches: BTreeMap<NodeId, SignedBranch>,
    pub(crate) spaces: BTreeMap<SpaceId, Manifest>,
    /// Whether this data folder is an older copy of one that wrote on.
    pub(crate) superseded: bool,
}

fn former_branches(node: &Node) -> BTreeMap<NodeId, SignedBranch> {
    let replaced = node.roster().nodes.values();
    let replaced = replaced.filter_map(|record| record.replaces);
    let branch = |key: NodeId| Some((key, node.branch(&key)?.1.clone()));
    replaced.filter_map(branch).collect()
}

impl InForce {
    pub(crate) fn of(node: &Node) -> Self {
        let manifests = node
            .spaces()
            .map(|(space, held)| (*space, held.manifest().clone()));
        Self {
            node: node.id(),
            epoch: node.epoch(),
            federation: node.federation(),
            roster: node.roster().clone(),
            signed_roster: node.signed_roster().clone(),
            branch: node.branch(&node.id()).cloned(),
            former_branches: former_branches(node),
            spaces: manifests.collect(),
            superseded: node.is_superseded(),
        }
    }

    /// The feed to which this node appends in any space.
    pub(crate) fn own_feed(&self) -> FeedId {
        FeedId {
            author: self.node,
            epoch: self.epoch,
        }
    }

    /// The name of a node, or the beginning of its key.
    pub(crate) fn name(&self, node: &NodeId) -> String {
        self.roster.name(node)
    }

    /// The name of a space, or its id.
    pub(crate) fn space_name(&self, space: &SpaceId) -> String {
        match self.spaces.get(space) {
            Some(manifest) => manifest.name.clone(),
            None => space.to_string(),
        }
    }

    /// The space with that id, or those with that name.
    pub(crate) fn find_space(&self, text: &str) -> Vec<&Manifest> {
        let by_id = SpaceId::from_hex(text).and_then(|id| self.spaces.get(&id));
        match by_id {
            Some(manifest) => vec![manifest],
            None => self
                .spaces
                .values()
                .filter(|manifest| manifest.name == text)
                .collect(),
        }
    }
}
