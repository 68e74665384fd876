//! The branch of this node: who is on it, and what its next version says.

use phaki_replication::branch::Branch;
use phaki_replication::id::NodeId;
use phaki_replication::roster::{NodeRole, NodeStatus, Roster};

use crate::node_loop::InForce;
use crate::roster::Change;

/// Whether this node may admit edge nodes by itself.
pub(super) fn may_have(in_force: &InForce) -> bool {
    let own = in_force.roster.nodes.get(&in_force.node);
    own.is_some_and(|own| {
        own.admitted_by.is_none() && own.role != NodeRole::Edge && own.status == NodeStatus::Active
    })
}

/// The node on whose branch a change is to be made; `None` when it concerns the roster of the
/// federation. New edge nodes are admitted by the federation where its key is.
pub(super) fn parent(in_force: &InForce, signs: bool, change: &Change) -> Option<NodeId> {
    match change {
        Change::Admit { record, .. } => {
            let own = record.role == NodeRole::Edge && !signs && may_have(in_force);
            own.then_some(in_force.node)
        }
        Change::Suspend(node) | Change::Reinstate(node) | Change::Remove(node) => {
            let known = in_force.roster.nodes.get(node)?;
            known.admitted_by
        }
        Change::Replace(replacement) => {
            let known = in_force.roster.nodes.get(&replacement.replaces)?;
            known.admitted_by
        }
    }
}

/// The next version of this node's branch: what `after` says of the nodes on it.
pub(super) fn next(in_force: &InForce, after: &Roster, changes: &[Change]) -> Branch {
    let mut branch = match &in_force.branch {
        Some((branch, _)) => branch.clone(),
        None => Branch {
            federation: in_force.federation,
            parent: in_force.node,
            version: 0,
            nodes: std::collections::BTreeMap::new(),
        },
    };
    branch.version += 1;
    let concerned = changes.iter().flat_map(Change::concerns);
    for node in concerned {
        if let Some(record) = after.nodes.get(&node) {
            let mut record = record.clone();
            record.admitted_by = Some(in_force.node);
            branch.nodes.insert(node, record);
        }
    }
    branch
}
