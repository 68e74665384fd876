//! The branch of this node: who is on it, and what its next version says.

use std::collections::BTreeMap;

use anyhow::bail;
use phaki_replication::branch::{Admitted, Branch};
use phaki_replication::consent::Consent;
use phaki_replication::id::NodeId;
use phaki_replication::limits::BRANCH_NODES_MAX;
use phaki_replication::roster::{NodeRecord, NodeRole, NodeStatus};

use crate::node_loop::InForce;
use crate::roster::{Change, Replacement};

/// Whether this node may admit edge nodes by itself.
pub(super) fn may_have(in_force: &InForce) -> bool {
    let own = in_force.roster.nodes.get(&in_force.node);
    own.is_some_and(|own| {
        own.admitted_by.is_none() && own.role != NodeRole::Edge && own.status == NodeStatus::Active
    })
}

/// The node that admits a new node in that role by itself; `None` when the federation does, as it
/// does always where its key is.
pub(super) fn parent_of_new(in_force: &InForce, signs: bool, role: NodeRole) -> Option<NodeId> {
    let own = role == NodeRole::Edge && !signs && may_have(in_force);
    own.then_some(in_force.node)
}

/// The node on whose branch a change is to be made; `None` when it concerns the roster of the
/// federation.
pub(super) fn parent(in_force: &InForce, signs: bool, change: &Change) -> Option<NodeId> {
    match change {
        Change::Admit { record, .. } => parent_of_new(in_force, signs, record.role),
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

/// The next version of this node's branch.
///
/// # Errors
/// When somebody on it never asked for it, or it is full.
pub(super) fn next(in_force: &InForce, changes: &[Change]) -> anyhow::Result<Branch> {
    let (version, mut nodes) = match &in_force.branch {
        Some((branch, _)) => (branch.version, branch.nodes.clone()),
        None => (0, BTreeMap::new()),
    };
    for change in changes {
        match change {
            Change::Admit {
                node,
                record,
                consent,
            } => admit(in_force, &mut nodes, *node, record.clone(), *consent)?,
            Change::Suspend(node) => set(&mut nodes, node, NodeStatus::Suspended),
            Change::Reinstate(node) => set(&mut nodes, node, NodeStatus::Active),
            Change::Remove(node) => set(&mut nodes, node, NodeStatus::Removed),
            Change::Replace(replacement) => replace(in_force, &mut nodes, replacement)?,
        }
    }
    if nodes.len() > BRANCH_NODES_MAX {
        bail!(
            "this node has admitted {BRANCH_NODES_MAX} nodes, which is the most: let the \
             federation admit more, or another node of the province"
        );
    }
    Ok(Branch {
        federation: in_force.federation,
        parent: in_force.node,
        version: version + 1,
        nodes,
    })
}

/// The nodes on a branch by key.
type Nodes = BTreeMap<NodeId, Admitted>;

fn admit(
    in_force: &InForce,
    nodes: &mut Nodes,
    node: NodeId,
    mut record: NodeRecord,
    consent: Consent,
) -> anyhow::Result<()> {
    if !consent.verify(&in_force.federation, &node) {
        bail!(
            "{} has not consented yet to be admitted by this node: let it run the same command \
             again, then approve it",
            record.name
        );
    }
    record.admitted_by = Some(in_force.node);
    nodes.insert(node, Admitted { record, consent });
    Ok(())
}

fn replace(in_force: &InForce, nodes: &mut Nodes, replacement: &Replacement) -> anyhow::Result<()> {
    let old = nodes.get(&replacement.replaces);
    let (Some(old), Some(consent)) = (old, replacement.consent) else {
        bail!(
            "key {} is not on the branch of this node",
            replacement.replaces
        );
    };
    let record = replacement.record(&old.record);
    set(nodes, &replacement.replaces, NodeStatus::Removed);
    admit(in_force, nodes, replacement.node, record, consent)
}

fn set(nodes: &mut Nodes, node: &NodeId, status: NodeStatus) {
    if let Some(admitted) = nodes.get_mut(node) {
        admitted.record.status = status;
    }
}
