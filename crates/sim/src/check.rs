//! What must hold after every step, by name, and what must hold in the end.

mod acknowledging;
mod storing;
mod telling;

use std::fmt;

use phaki_replication::branch::Branch;
use phaki_replication::id::{NodeId, SpaceId};
use phaki_replication::invariants;
use phaki_replication::manifest::Manifest;
use phaki_replication::message::CloseReason;
use phaki_replication::node::{Act, Node, Refusal};
use phaki_replication::roster::Roster;
use phaki_replication::vault::{Rights, Statement, Told};

pub(crate) use acknowledging::{accept, acknowledged, frontier, is_held};
pub(crate) use storing::{commit, store};
pub(crate) use telling::send;

use crate::machine::{Machine, Request};
use crate::trace::Brief;

/// An invariant that does not hold, with what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Its name.
    pub invariant: &'static str,
    /// Where and how.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.detail)
    }
}

/// Holds, or is violated with the given words.
pub(crate) fn holds(
    invariant: &'static str,
    condition: bool,
    detail: impl FnOnce() -> String,
) -> Result<(), Violation> {
    if condition {
        Ok(())
    } else {
        Err(Violation {
            invariant,
            detail: detail(),
        })
    }
}

/// The node's own predicates.
pub(crate) fn node(machine: &Machine, node: &Node) -> Result<(), Violation> {
    let checked = invariants::check(node);
    holds("the node is consistent in itself", checked.is_ok(), || {
        format!("{} {checked:?}", Brief(&machine.id))
    })
}

/// Whether a statement about a person was refused for a reason that is true.
fn statement_refusal(node: &Node, space: &SpaceId, told: &Told, refusal: Refusal) -> bool {
    let (Some(manifest), Some(vault)) = (node.manifest(space), node.vault(space)) else {
        return refusal == Refusal::UnknownSpace;
    };
    let roster = node.roster();
    let rights = Rights { manifest, roster };
    let said = Statement::decode(&told.signed.bytes).ok();
    let held = said.and_then(|said| vault.subject(&said.subject));
    match refusal {
        Refusal::Erased => held.is_some_and(|held| held.order.is_some()),
        Refusal::Stale => held.is_some_and(|held| held.record.is_some()),
        Refusal::NotSteward => !rights.orders(&node.id()),
        _ => refusal == Refusal::NotWriter && !rights.holds(&node.id()),
    }
}

/// A client's request was refused for a reason that is true.
pub(crate) fn refusal(
    machine: &Machine,
    node: &Node,
    request: &Request,
    refusal: Refusal,
) -> Result<(), Violation> {
    let honest = match (request, refusal) {
        (_, Refusal::Storage | Refusal::Busy) => true,
        (Request::Append { space, .. }, Refusal::UnknownSpace) => node.manifest(space).is_none(),
        (Request::Append { space, .. }, Refusal::NotWriter) => node
            .manifest(space)
            .is_some_and(|m| m.permitted(node.roster(), &node.own_feed()) < u64::MAX),
        (Request::Append { space, .. }, Refusal::Superseded) => {
            let held = node.space(space);
            node.is_superseded() || held.is_some_and(|held| held.cut(&node.own_feed()).is_some())
        }
        (
            Request::Append { .. },
            Refusal::TooLarge
            | Refusal::Stale
            | Refusal::Limit
            | Refusal::Erased
            | Refusal::NotSteward,
        ) => false,
        (Request::Enact(Act::Statement(space, told)), refusal) => {
            statement_refusal(node, space, told, refusal)
        }
        (Request::Enact(Act::Roster(signed)), Refusal::Stale) => {
            let version = Roster::decode(&signed.bytes).map_or(0, |roster| roster.version);
            node.roster().version >= version
        }
        (Request::Enact(Act::Manifest(signed)), Refusal::Stale) => {
            let manifest = Manifest::decode(&signed.bytes).ok();
            manifest.is_some_and(|manifest| {
                let ours = node.manifest(&manifest.space);
                ours.is_some_and(|ours| {
                    ours.version >= manifest.version || ours.handovers != manifest.handovers
                })
            })
        }
        // An edge node that nobody admitted yet is no steward to anybody.
        (Request::Enact(Act::Manifest(_)), Refusal::Limit) => {
            !node.roster().nodes.contains_key(&machine.id)
        }
        (Request::Enact(Act::Branch(signed)), Refusal::Stale) => {
            let branch = Branch::decode(&signed.bytes).ok();
            branch.is_some_and(|branch| {
                let ours = node.branch(&branch.parent);
                let admitted = |parent| node.roster().own_nodes().any(|(id, _)| id == parent);
                ours.is_some_and(|(ours, _)| ours.version >= branch.version)
                    || !admitted(&branch.parent)
            })
        }
        (Request::Enact(_), _) => false,
    };
    holds("a refusal gives a true reason", honest, || {
        format!("{} {refusal:?} for {request:?}", Brief(&machine.id))
    })
}

/// While the network is orderly, all nodes are honest: none is ever taken for something else.
pub(crate) fn close(
    machine: &Machine,
    peer: &NodeId,
    reason: CloseReason,
) -> Result<(), Violation> {
    let innocent = matches!(
        reason,
        CloseReason::Shutdown
            | CloseReason::Replaced
            | CloseReason::NotInRoster
            | CloseReason::Silence
            | CloseReason::Clone
            | CloseReason::Storage
    );
    holds("honest nodes are not refused", innocent, || {
        format!(
            "{} closes {} for {}",
            Brief(&machine.id),
            Brief(peer),
            reason.name()
        )
    })
}
