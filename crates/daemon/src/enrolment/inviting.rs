//! Invitations: made, listed, and taken back.

use anyhow::{Context, bail};
use phaki_replication::roster::NodeRole;
use phaki_store::{Closed, Decision, Invite as StoredInvite};
use phaki_wire::enrol::InviteSecret;
use tracing::info;

use super::admit::Admission;
use super::invite::Invite;
use super::recording::{invite_id, invited};
use crate::audit::Deed;
use crate::federation::{areas_around, check_addresses, check_name, check_place};
use crate::identity;
use crate::limits::{INVITE_VALID_MS, INVITE_VALID_MS_MAX};
use crate::node_loop::{InForce, wall_ms};
use crate::quote::quoted;
use crate::roster::{ChangeError, holder_of};

/// An invitation to be made.
#[derive(Clone, Debug)]
pub(crate) struct InviteDraft {
    pub(crate) name: String,
    pub(crate) role: NodeRole,
    pub(crate) area: String,
    /// Milliseconds; 0 is a week.
    pub(crate) valid_ms: u64,
    /// Where the new node reaches this one; empty: those of the roster.
    pub(crate) addresses: Vec<String>,
    /// Whether a person decides once it is used.
    pub(crate) approval: bool,
}

/// An invitation that was made.
#[derive(Clone, Debug)]
pub(crate) struct InviteMade {
    /// The string for the new node.
    pub(crate) text: String,
    pub(crate) expires_ms: i64,
    /// Whether a node that uses it now waits for a person, if only for want of the key here.
    pub(crate) waits: bool,
}

/// What became of an invitation, in one word.
pub(crate) fn state(invite: &StoredInvite, now_ms: i64) -> &'static str {
    match (&invite.closed, invite.used_by) {
        (Some(Closed::Withdrawn), _) => "withdrawn",
        (Some(Closed::Rejected { .. }), _) => "rejected",
        (None, Some(_)) => "used",
        (None, None) if invite.expires_ms <= now_ms => "expired",
        (None, None) => "open",
    }
}

/// Where the new node reaches this one: as was said, otherwise as the roster says.
fn reachable_at(in_force: &InForce, given: Vec<String>) -> anyhow::Result<Vec<String>> {
    let own = in_force.roster.nodes.get(&in_force.node);
    let addresses = match (given.is_empty(), own) {
        (true, Some(own)) => own.addresses.clone(),
        (_, _) => given,
    };
    check_addresses(&addresses)?;
    if addresses.is_empty() {
        bail!(
            "the new node must know where to reach this one: give an address, or set \
             `addresses` in the configuration"
        );
    }
    Ok(addresses)
}

/// An edge node lies in the area of the node that admits it, unless the federation does.
fn check_inside(in_force: &InForce, draft: &InviteDraft) -> anyhow::Result<()> {
    let own = in_force.roster.nodes.get(&in_force.node);
    let Some(own) = own.filter(|_| draft.role == NodeRole::Edge) else {
        return Ok(());
    };
    if draft.area != own.area && !areas_around(&draft.area).contains(&own.area) {
        bail!(
            "area {} does not lie in {}, for which this node stands: give one that does",
            quoted(&draft.area),
            own.area
        );
    }
    Ok(())
}

impl Admission {
    /// Makes an invitation. Only the hash of its secret is kept here.
    pub(crate) async fn invite(&self, draft: InviteDraft) -> anyhow::Result<InviteMade> {
        check_name(&draft.name)?;
        check_place(draft.role, &draft.area)?;
        let valid_ms = match draft.valid_ms {
            0 => INVITE_VALID_MS,
            valid_ms if valid_ms <= INVITE_VALID_MS_MAX => valid_ms,
            _ => bail!("an invite is valid for 90 days at most"),
        };
        let in_force = self.requests.in_force();
        check_inside(&in_force, &draft)?;
        let addresses = reachable_at(&in_force, draft.addresses)?;
        if let Some(holder) = holder_of(&self.registrar.list_for(draft.role)?, &draft.name) {
            let name = draft.name;
            return Err(ChangeError::NameTaken { name, holder }.into());
        }
        let waits = draft.approval || !self.registrar.admits(draft.role)?;
        let created_ms = wall_ms();
        let expires_ms = created_ms.saturating_add_unsigned(valid_ms);
        let secret = InviteSecret(identity::random()?);
        let stored = StoredInvite {
            secret_hash: Invite::secret_hash(&secret),
            name: draft.name.clone(),
            area: draft.area.clone(),
            role: draft.role,
            created_ms,
            expires_ms,
            approval: draft.approval,
            used_by: None,
            closed: None,
        };
        let id = invite_id(&stored.secret_hash);
        let detail = match draft.approval {
            true => format!("{}, needs approval", invited(&stored)),
            false => invited(&stored),
        };
        let kept = self.journal.insert_invite(stored).await;
        kept.context("keep the invite")?;
        let recorded = self.audit.record(Deed::InviteMade, id, detail).await;
        recorded.context("record the invite")?;
        info!(
            name = draft.name,
            role = draft.role.name(),
            waits,
            "invite made"
        );
        let invite = Invite {
            federation: in_force.federation,
            inviter: in_force.node,
            addresses,
            secret,
            expires_ms,
            name: draft.name,
            role: draft.role,
            area: draft.area,
        };
        let text = invite.to_string();
        Ok(InviteMade {
            text,
            expires_ms,
            waits,
        })
    }

    /// All invitations that were made here, the newest first.
    pub(crate) async fn invites(&self) -> anyhow::Result<Vec<StoredInvite>> {
        let reader = self.reader.clone();
        let invites = tokio::task::spawn_blocking(move || reader.invites()).await;
        Ok(invites.context("read the invites")??)
    }

    /// Takes back every open invitation for that name; how many.
    pub(crate) async fn withdraw(&self, name: &str) -> anyhow::Result<u64> {
        let _turn = self.turn.lock().await;
        let now_ms = wall_ms();
        let invites = self.invites().await?;
        let named = invites.iter().filter(|invite| invite.name == name);
        let mut withdrawn = 0;
        for invite in named.filter(|invite| state(invite, now_ms) == "open") {
            let decision = Decision::Withdraw(invite.secret_hash);
            let id = invite_id(&invite.secret_hash);
            let recorded = self.audit.act(Deed::InviteWithdrawn, id, name);
            let decided = self.journal.decide(decision, Some(recorded)).await?;
            withdrawn += u64::from(decided);
        }
        if withdrawn == 0 {
            bail!(
                "there is no open invite for {}: `phaki federation invites` lists those there are",
                quoted(name)
            );
        }
        info!(name, withdrawn, "invites withdrawn");
        Ok(withdrawn)
    }
}
