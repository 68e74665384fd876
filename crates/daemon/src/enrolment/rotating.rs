//! Another key for a node that the federation knows: the invitation for it, and whether whoever
//! presents that one may have it.

use anyhow::bail;
use phaki_replication::id::NodeId;
use phaki_replication::roster::{NodeStatus, Roster};
use phaki_replication::sign::Signature;
use phaki_replication::vouch::is_vouched;
use phaki_store::Invite as StoredInvite;
use phaki_wire::enrol::{JoinRequest, Refusal};

use super::admit::Admission;
use super::invite::Replaced;
use super::inviting::{InviteMade, Promise};
use super::recording::Decided;
use super::registrar::Changed;
use crate::audit::Deed;
use crate::node_loop::InForce;
use crate::roster::{Change, ChangeError, check_replaceable};

/// An invitation to be made for another key of a node.
#[derive(Clone, Debug)]
pub(crate) struct RotationDraft {
    /// The node, by name or key.
    pub(crate) node: String,
    /// Whether its present key is in other hands.
    pub(crate) stolen: bool,
    /// Milliseconds; 0 is a week.
    pub(crate) valid_ms: u64,
    /// Where the node reaches this one; empty: those of the roster.
    pub(crate) addresses: Vec<String>,
    /// Whether a person decides once it is used.
    pub(crate) approval: bool,
    /// Why the present key is suspended; may be empty.
    pub(crate) reason: String,
}

/// An invitation that was made for another key of a node.
#[derive(Clone, Debug)]
pub(crate) struct RotationMade {
    pub(crate) invite: InviteMade,
    /// Of the node.
    pub(crate) name: String,
    /// Its present key.
    pub(crate) replaces: NodeId,
    /// What became of the suspension of the present key, if that was to be suspended.
    pub(crate) suspended: Option<Changed>,
}

impl Admission {
    /// Makes an invitation for another key of a node. A stolen key is suspended first.
    pub(crate) async fn rotate(&self, draft: RotationDraft) -> anyhow::Result<RotationMade> {
        let key = self.node(&draft.node)?;
        let in_force = self.requests.in_force();
        check_replaceable(&in_force.roster, &key, draft.stolen)?;
        check_place(&in_force, &key)?;
        let Some(record) = in_force.roster.nodes.get(&key).cloned() else {
            return Err(ChangeError::Unknown(key).into());
        };
        let suspended = match draft.stolen && record.status == NodeStatus::Active {
            true => {
                let suspend = Change::Suspend(key);
                let decided =
                    Decided::of_member(suspend, Deed::NodeSuspended, &record.name, &draft.reason);
                Some(self.registrar.change(&[decided]).await?)
            }
            false => None,
        };
        let promise = Promise {
            name: record.given_name().to_owned(),
            role: record.role,
            area: record.area,
            replaces: Some(Replaced {
                key,
                stolen: draft.stolen,
            }),
            valid_ms: draft.valid_ms,
            addresses: draft.addresses,
            approval: draft.approval,
            signs: self.registrar.signs_for(&key)?,
        };
        Ok(RotationMade {
            invite: self.promise(promise).await?,
            name: record.name,
            replaces: key,
            suspended,
        })
    }
}

/// Whether another key of that node can be admitted from here.
fn check_place(in_force: &InForce, key: &NodeId) -> anyhow::Result<()> {
    let name = in_force.name(key);
    if *key == in_force.node {
        bail!(
            "{name} is the node on which this command runs: where the federation's key lies in its \
             data folder, stop it and run `phaki rotate-key` there; otherwise run this command at \
             another node"
        );
    }
    let record = in_force.roster.nodes.get(key);
    let parent = record.and_then(|record| record.admitted_by);
    if let Some(parent) = parent.filter(|parent| *parent != in_force.node) {
        bail!(
            "{name} was admitted by {} itself: run the command there",
            in_force.name(&parent)
        );
    }
    Ok(())
}

/// Whether `peer` may present an invitation for another key: what it is refused for otherwise. The
/// invitation is not spent by it.
pub(super) fn check_rotation(
    in_force: &InForce,
    invite: &StoredInvite,
    peer: NodeId,
    request: &JoinRequest,
) -> Result<(), Refusal> {
    let roster = &in_force.roster;
    let Some(old) = invite.replaces else {
        // A voucher says that the bearer means to be a node that there is.
        return match request.voucher {
            Some(_) => Err(Refusal::InvalidRequest),
            None => Ok(()),
        };
    };
    if let Some(known) = roster.nodes.get(&peer) {
        // The answer to an earlier request was lost, or a person has decided since.
        return match known.replaces == Some(old) {
            true => Ok(()),
            false => Err(Refusal::InvalidRequest),
        };
    }
    check_replaceable(roster, &old, invite.stolen).map_err(|_| Refusal::NotActive)?;
    match invite.stolen {
        true => Ok(()),
        false => check_voucher(roster, &old, &peer, request.voucher.as_ref()),
    }
}

fn check_voucher(
    roster: &Roster,
    old: &NodeId,
    new: &NodeId,
    voucher: Option<&Signature>,
) -> Result<(), Refusal> {
    let voucher = voucher.ok_or(Refusal::VoucherMissing)?;
    match is_vouched(voucher, &roster.federation, old, new) {
        true => Ok(()),
        false => Err(Refusal::VoucherInvalid),
    }
}
