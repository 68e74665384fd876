//! Enrolment for local clients: invitations, nodes that wait, and changes of the roster.

use phaki_replication::id::NodeId;
use phaki_replication::roster::NodeRole;
use phaki_store::{Closed, Invite, ReadError, WriteError};
use phaki_wire::proto::local::v1 as pb;
use tonic::Code;

use super::denial::Denial;
use crate::audit::Deed;
use crate::enrolment::{
    Admission, Changed, InviteDraft, Prospect, RotationDraft, Waiting, invite_state,
};
use crate::fingerprint::fingerprint;
use crate::limits::{CANDIDATES_MAX, REASON_BYTES_MAX};
use crate::node_loop::{RequestError, wall_ms};
use crate::quote::quoted;
use crate::roster::{Change, ChangeError, Difference};

/// What enrolment needs.
#[derive(Debug)]
pub(super) struct Enrolling {
    pub(super) admission: Admission,
    /// Where others reach this node, for invites that name no address.
    pub(super) addresses: Vec<String>,
}

impl Enrolling {
    pub(super) async fn invite(
        &self,
        request: pb::CreateInviteRequest,
    ) -> Result<pb::CreateInviteReply, Denial> {
        let role = NodeRole::from_name(&request.role).ok_or_else(|| {
            Denial::invalid(format!(
                "there is no role {}: use national, region, province or edge",
                quoted(&request.role)
            ))
        })?;
        let addresses = match request.addresses.is_empty() {
            true => self.addresses.clone(),
            false => request.addresses,
        };
        let draft = InviteDraft {
            name: request.name,
            role,
            area: request.area,
            valid_ms: request.valid_ms,
            addresses,
            approval: request.approval,
        };
        let made = self.admission.invite(draft).await.map_err(denied)?;
        Ok(pb::CreateInviteReply {
            invite: made.text,
            expires_ms: made.expires_ms,
            waits: made.waits,
        })
    }

    pub(super) async fn rotate_key(
        &self,
        request: pb::RotateKeyRequest,
    ) -> Result<pb::RotateKeyReply, Denial> {
        check_reason(&request.reason)?;
        let addresses = match request.addresses.is_empty() {
            true => self.addresses.clone(),
            false => request.addresses,
        };
        let draft = RotationDraft {
            node: request.node,
            stolen: request.stolen,
            valid_ms: request.valid_ms,
            addresses,
            approval: request.approval,
            reason: request.reason,
        };
        let made = self.admission.rotate(draft).await.map_err(denied)?;
        Ok(pb::RotateKeyReply {
            invite: made.invite.text,
            expires_ms: made.invite.expires_ms,
            waits: made.invite.waits,
            name: made.name,
            replaces: made.replaces.to_string(),
            suspended: made.suspended.as_ref().map(changed_to_wire),
        })
    }

    pub(super) async fn invites(&self) -> Result<pb::ListInvitesReply, Denial> {
        let invites = self.admission.invites().await.map_err(denied)?;
        let now_ms = wall_ms();
        let invites = invites.into_iter();
        Ok(pb::ListInvitesReply {
            invites: invites
                .map(|invite| invite_to_wire(invite, now_ms))
                .collect(),
        })
    }

    pub(super) async fn withdraw(
        &self,
        request: pb::WithdrawInviteRequest,
    ) -> Result<pb::WithdrawInviteReply, Denial> {
        let withdrawn = self.admission.withdraw(&request.name).await;
        let withdrawn = withdrawn.map_err(denied)?;
        Ok(pb::WithdrawInviteReply { withdrawn })
    }

    pub(super) async fn list_pending(&self) -> Result<pb::ListPendingReply, Denial> {
        let waiting = self.admission.waiting().await.map_err(denied)?;
        Ok(pb::ListPendingReply {
            nodes: waiting.into_iter().map(waiting_to_wire).collect(),
        })
    }

    /// What a person must look at, if anything.
    pub(super) async fn problem(&self) -> Option<String> {
        let waiting = self.admission.waiting().await;
        // A disk that cannot be read is told by the rest of the status.
        let waiting = waiting.ok().filter(|waiting| !waiting.is_empty())?;
        let names: Vec<_> = waiting
            .iter()
            .take(CANDIDATES_MAX)
            .map(|waiting| waiting.invite.name.as_str())
            .collect();
        Some(format!(
            "{} node(s) wait for approval ({}): `phaki federation pending` shows them",
            waiting.len(),
            names.join(", ")
        ))
    }

    pub(super) async fn show_pending(
        &self,
        request: pb::ShowPendingRequest,
    ) -> Result<pb::ShowPendingReply, Denial> {
        let found = self.admission.prospect(&request.node).await;
        let (waiting, prospect) = found.map_err(denied)?;
        Ok(pb::ShowPendingReply {
            node: Some(waiting_to_wire(waiting)),
            prospect: Some(prospect_to_wire(prospect)),
        })
    }

    pub(super) async fn reject(
        &self,
        request: pb::RejectPendingRequest,
    ) -> Result<pb::RejectPendingReply, Denial> {
        check_reason(&request.reason)?;
        let rejected = self.admission.reject(&request.node, &request.reason).await;
        let node = Some(waiting_to_wire(rejected.map_err(denied)?));
        Ok(pb::RejectPendingReply { node })
    }

    pub(super) async fn change(
        &self,
        request: pb::ChangeRosterRequest,
    ) -> Result<pb::ChangeRosterReply, Denial> {
        let pb::ChangeRosterRequest {
            change,
            nodes,
            reason,
        } = &request;
        check_reason(reason)?;
        if nodes.is_empty() {
            return Err(Denial::invalid("no node is named: give names or keys"));
        }
        let admission = &self.admission;
        let changed = match change.as_str() {
            "approve" => admission.approve(nodes).await,
            "suspend" => {
                let suspend = admission.change(nodes, Change::Suspend, Deed::NodeSuspended, reason);
                suspend.await
            }
            "reinstate" => {
                let reinstate =
                    admission.change(nodes, Change::Reinstate, Deed::NodeReinstated, reason);
                reinstate.await
            }
            "remove" => {
                let remove = admission.change(nodes, Change::Remove, Deed::NodeRemoved, reason);
                remove.await
            }
            other => {
                return Err(Denial::invalid(format!(
                    "there is no change {}: use approve, suspend, reinstate or remove",
                    quoted(other)
                )));
            }
        };
        Ok(changed_to_wire(&changed.map_err(denied)?))
    }

    pub(super) async fn enact(
        &self,
        request: pb::EnactRosterRequest,
    ) -> Result<pb::EnactRosterReply, Denial> {
        let enacted = self.admission.enact(&request.signed).await;
        let enacted = enacted.map_err(denied)?;
        Ok(pb::EnactRosterReply {
            version: enacted.version,
            differences: differences_to_wire(&enacted),
        })
    }
}

/// What fails for want of a disk or of the node itself is not the client's mistake.
fn denied(error: anyhow::Error) -> Denial {
    for cause in error.chain() {
        if let Some(failure) = cause.downcast_ref::<WriteError>() {
            return Denial::unwritten(failure.clone());
        }
        if let Some(failure) = cause.downcast_ref::<RequestError>() {
            return Denial::of_request("the roster", failure);
        }
        if cause.is::<ReadError>() {
            return Denial::internal("store not read", format!("{error:#}"));
        }
        if cause.is::<ChangeError>() {
            let sentence = format!("{error:#}");
            return Denial::new(Code::FailedPrecondition, "not-possible", sentence);
        }
    }
    Denial::invalid(format!("{error:#}"))
}

pub(super) fn check_reason(reason: &str) -> Result<(), Denial> {
    if reason.len() > REASON_BYTES_MAX {
        let sentence = format!("the reason is longer than {REASON_BYTES_MAX} bytes: shorten it");
        return Err(Denial::invalid(sentence));
    }
    Ok(())
}

fn invite_to_wire(invite: Invite, now_ms: i64) -> pb::Invite {
    pb::Invite {
        state: invite_state(&invite, now_ms).to_owned(),
        node: key_text(invite.used_by),
        reason: match invite.closed {
            Some(Closed::Rejected { reason }) => reason,
            Some(Closed::Withdrawn) | None => String::new(),
        },
        replaces: key_text(invite.replaces),
        stolen: invite.stolen,
        name: invite.name,
        role: invite.role.name().to_owned(),
        area: invite.area,
        created_ms: invite.created_ms,
        expires_ms: invite.expires_ms,
        approval: invite.approval,
    }
}

fn waiting_to_wire(waiting: Waiting) -> pb::PendingNode {
    let Waiting { pending, invite } = waiting;
    pb::PendingNode {
        name: invite.name,
        role: invite.role.name().to_owned(),
        area: invite.area,
        key: pending.node.to_string(),
        fingerprint: fingerprint(&pending.node),
        addresses: pending.addresses,
        software: pending.software,
        since_ms: pending.since_ms,
        replaces: key_text(invite.replaces),
        stolen: invite.stolen,
    }
}

/// A key, or nothing.
fn key_text(key: Option<NodeId>) -> String {
    key.map(|key| key.to_string()).unwrap_or_default()
}

pub(super) fn prospect_to_wire(prospect: Prospect) -> pb::Prospect {
    let total = prospect.total();
    let spaces = prospect.spaces.into_iter().map(|space| pb::SpaceProspect {
        name: space.name,
        id: space.space.to_string(),
        may_write: space.writes,
        documents: space.size.documents,
        entries: space.size.entries,
        bytes: space.size.bytes,
    });
    pb::Prospect {
        spaces: spaces.collect(),
        spaces_known: u64::try_from(prospect.known).unwrap_or(u64::MAX),
        documents: total.documents,
        entries: total.entries,
        bytes: total.bytes,
    }
}

fn changed_to_wire(changed: &Changed) -> pb::ChangeRosterReply {
    let unsigned = changed.unsigned.as_ref().map(ToString::to_string);
    pb::ChangeRosterReply {
        version: changed.version,
        in_force: unsigned.is_none(),
        unsigned: unsigned.unwrap_or_default(),
        differences: differences_to_wire(changed),
    }
}

fn differences_to_wire(changed: &Changed) -> Vec<pb::RosterDifference> {
    let differences = changed.differences.iter();
    differences.map(Difference::to_wire).collect()
}
