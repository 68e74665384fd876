//! Invitations: made, listed, and taken back.

use anyhow::{Context, bail};
use phaki_replication::roster::NodeRole;
use phaki_store::{Closed, Decision, Invite as StoredInvite};
use phaki_wire::enrol::InviteSecret;
use tracing::info;

use super::admit::Admission;
use super::invite::{Invite, Replaced};
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

/// How long an invitation is good, in milliseconds.
fn valid_ms(asked_ms: u64) -> anyhow::Result<u64> {
    match asked_ms {
        0 => Ok(INVITE_VALID_MS),
        valid_ms if valid_ms <= INVITE_VALID_MS_MAX => Ok(valid_ms),
        _ => bail!("an invite is valid for 90 days at most"),
    }
}

/// An invitation that may be made, with what it promises.
pub(super) struct Promise {
    pub(super) name: String,
    pub(super) role: NodeRole,
    pub(super) area: String,
    pub(super) replaces: Option<Replaced>,
    pub(super) valid_ms: u64,
    /// As they were given.
    pub(super) addresses: Vec<String>,
    pub(super) approval: bool,
    /// Whether this node signs the admission by itself.
    pub(super) signs: bool,
}

impl Admission {
    /// Makes an invitation for a new node.
    pub(crate) async fn invite(&self, draft: InviteDraft) -> anyhow::Result<InviteMade> {
        check_name(&draft.name)?;
        check_place(draft.role, &draft.area)?;
        let in_force = self.requests.in_force();
        check_inside(&in_force, &draft)?;
        if let Some(holder) = holder_of(&self.registrar.list_for(draft.role)?, &draft.name) {
            let name = draft.name;
            return Err(ChangeError::NameTaken { name, holder }.into());
        }
        self.promise(Promise {
            signs: self.registrar.admits(draft.role)?,
            name: draft.name,
            role: draft.role,
            area: draft.area,
            replaces: None,
            valid_ms: draft.valid_ms,
            addresses: draft.addresses,
            approval: draft.approval,
        })
        .await
    }

    /// Makes the invitation. Only the hash of its secret is kept here.
    pub(super) async fn promise(&self, promise: Promise) -> anyhow::Result<InviteMade> {
        let in_force = self.requests.in_force();
        let valid_ms = valid_ms(promise.valid_ms)?;
        let addresses = reachable_at(&in_force, promise.addresses)?;
        let waits = promise.approval || !promise.signs;
        let created_ms = wall_ms();
        let expires_ms = created_ms.saturating_add_unsigned(valid_ms);
        let secret = InviteSecret(identity::random()?);
        let stored = StoredInvite {
            secret_hash: Invite::secret_hash(&secret),
            name: promise.name.clone(),
            area: promise.area.clone(),
            role: promise.role,
            created_ms,
            expires_ms,
            approval: promise.approval,
            replaces: promise.replaces.map(|replaced| replaced.key),
            stolen: promise.replaces.is_some_and(|replaced| replaced.stolen),
            used_by: None,
            closed: None,
        };
        let id = invite_id(&stored.secret_hash);
        let detail = match promise.approval {
            true => format!("{}, needs approval", invited(&stored)),
            false => invited(&stored),
        };
        let kept = self.journal.insert_invite(stored).await;
        kept.context("keep the invite")?;
        let recorded = self.audit.record(Deed::InviteMade, id, detail).await;
        recorded.context("record the invite")?;
        info!(
            name = promise.name,
            role = promise.role.name(),
            rotation = promise.replaces.is_some(),
            waits,
            "invite made"
        );
        let invite = Invite {
            federation: in_force.federation,
            inviter: in_force.node,
            addresses,
            secret,
            expires_ms,
            name: promise.name,
            role: promise.role,
            area: promise.area,
            replaces: promise.replaces,
        };
        Ok(InviteMade {
            text: invite.to_string(),
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
