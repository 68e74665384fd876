//! Finding whom a client names in a grant: a node by name or key, or a group of nodes.

use phaki_replication::id::NodeId;
use phaki_replication::manifest::Group;
use phaki_replication::roster::{NodeRole, NodeStatus};
use tonic::Code;

use super::denial::Denial;
use crate::federation::check_area;
use crate::node_loop::InForce;
use crate::quote::quoted;
use crate::rights::{Grantee, group_text};

/// The node or group that `text` names.
pub(super) fn grantee(in_force: &InForce, text: &str) -> Result<Grantee, Denial> {
    if let Some(role) = text.strip_prefix("role:") {
        let role = NodeRole::from_name(role).ok_or_else(|| {
            Denial::invalid(format!(
                "there is no role {} of nodes: use role:national, role:region, role:province or \
                 role:edge",
                quoted(role)
            ))
        })?;
        return Ok(Grantee::Group(Group::Role(role)));
    }
    if let Some(area) = text.strip_prefix("area:") {
        check_area(area).map_err(|error| Denial::invalid(format!("{error:#}")))?;
        return Ok(Grantee::Group(Group::Area(area.to_owned())));
    }
    node(in_force, text).map(Grantee::Node)
}

/// The node that `text` names: by its key, or one that is not removed by its name.
pub(super) fn node(in_force: &InForce, text: &str) -> Result<NodeId, Denial> {
    let nodes = &in_force.roster.nodes;
    let by_key = NodeId::from_hex(text).filter(|node| nodes.contains_key(node));
    let is_left = |node: &NodeId| nodes[node].status != NodeStatus::Removed;
    let found = by_key.or_else(|| in_force.roster.find(text).filter(is_left));
    found.ok_or_else(|| {
        let sentence = format!(
            "there is no active node {} in the federation: `phaki status` lists its nodes",
            quoted(text)
        );
        Denial::new(Code::NotFound, "unknown-node", sentence)
    })
}

/// The name of a node, or the group as people write it.
pub(super) fn name(in_force: &InForce, grantee: &Grantee) -> String {
    match grantee {
        Grantee::Node(node) => in_force.name(node),
        Grantee::Group(group) => group_text(group),
    }
}
