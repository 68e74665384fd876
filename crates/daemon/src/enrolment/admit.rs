//! Requests of new nodes: redeemed invitations become nodes of the roster, or wait for a person.
//!
//! Requests take turns, so that two at once cannot have one name. An answer is given only once
//! what it says is durable.

use std::sync::Arc;

use phaki_net::enrol::{Enrol, async_trait};
use phaki_replication::consent::Consent;
use phaki_replication::id::{Hash, NodeId};
use phaki_replication::roster::{NodeRecord, NodeStatus};
use phaki_replication::sign::SecretKey;
use phaki_store::{
    AuditDraft, Decision, Invite as StoredInvite, InviteRefusal, Pending, Reader, Redemption,
};
use phaki_wire::enrol::{JoinRequest, JoinResponse, Refusal};
use tokio::sync::Mutex;
use tracing::{error, info, warn};

use super::invite::Invite;
use super::recording::{Decided, invite_id};
use super::registrar::Registrar;
use super::rotating::check_rotation;
use crate::audit::{Audit, Deed};
use crate::data_folder::DataFolder;
use crate::federation::{check_addresses, new_record};
use crate::node_loop::{InForce, Journal, NodeRequests, wall_ms};
use crate::roster::{Change, ChangeError, Replacement, holder_of};

/// Invites, admits, and lets people decide. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    pub(super) registrar: Registrar,
    pub(super) requests: NodeRequests,
    pub(super) reader: Reader,
    pub(super) journal: Journal,
    pub(super) audit: Audit,
    pub(super) turn: Arc<Mutex<()>>,
}

impl Admission {
    pub(crate) fn new(
        folder: &DataFolder,
        requests: &NodeRequests,
        reader: &Reader,
        journal: &Journal,
        audit: Audit,
        node_key: SecretKey,
    ) -> Self {
        let (folder, records) = (folder.clone(), audit.clone());
        Self {
            registrar: Registrar::new(folder, requests.clone(), records, node_key),
            requests: requests.clone(),
            reader: reader.clone(),
            journal: journal.clone(),
            audit,
            turn: Arc::default(),
        }
    }

    async fn admit(&self, peer: NodeId, request: JoinRequest) -> Result<JoinResponse, Refusal> {
        check_addresses(&request.addresses).map_err(|_| Refusal::InvalidRequest)?;
        let consent = self.consent(&request);
        if !consent.verify(&self.requests.in_force().federation, &peer) {
            return Err(Refusal::InvalidRequest);
        }
        let _turn = self.turn.lock().await;
        let in_force = self.requests.in_force();
        let known = in_force.roster.nodes.get(&peer).map(|node| node.status);
        if matches!(known, Some(NodeStatus::Suspended | NodeStatus::Removed)) {
            return Err(Refusal::NotActive);
        }
        let hash = Invite::secret_hash(&request.secret);
        if let Some(invite) = self.kept_invite(hash, peer).await? {
            self.check_name(&invite, peer)?;
            check_rotation(&in_force, &invite, peer, &request)?;
        }
        let invite = self.redeem(hash, peer).await?;
        // The answer to an earlier request was lost, or a person has decided since.
        if in_force.roster.is_active(&peer) {
            self.decide(peer, Decision::Admit(peer), None).await?;
            return Ok(answer(&in_force, &peer));
        }
        let signs = match invite.replaces {
            Some(old) => self.registrar.signs_for(&old),
            None => self.registrar.admits(invite.role),
        };
        let signs = signs.map_err(|failure| unavailable(peer, &failure))?;
        if invite.approval || !signs {
            return Err(self.wait(peer, &invite, request).await);
        }
        let change = change(&invite, peer, request.addresses, consent);
        let deed = match invite.replaces {
            Some(_) => Deed::KeyReplaced,
            None => Deed::NodeAdmitted,
        };
        let decided = Decided::about(change, deed, &invite);
        match self.registrar.change(&[decided]).await {
            Ok(_) => {
                info!(peer = invite.name, key = %peer, act = deed.word(), "node admitted");
                self.decide(peer, Decision::Admit(peer), None).await?;
                Ok(answer(&self.requests.in_force(), &peer))
            }
            Err(failure) => Err(match failure.downcast_ref::<ChangeError>() {
                Some(ChangeError::NameTaken { .. }) => Refusal::NameTaken,
                _ => unavailable(peer, &failure),
            }),
        }
    }

    /// That of whoever asks to be admitted by this node.
    fn consent(&self, request: &JoinRequest) -> Consent {
        Consent {
            parent: self.requests.in_force().node,
            signature: request.consent,
        }
    }

    async fn redeem(&self, hash: Hash, peer: NodeId) -> Result<StoredInvite, Refusal> {
        let redeemed = Deed::InviteRedeemed.by(peer, invite_id(&hash), "");
        let redemption = self
            .journal
            .redeem_invite(hash, peer, wall_ms(), Some(redeemed));
        match redemption.await {
            Ok(Redemption::Redeemed(invite)) => Ok(invite),
            Ok(Redemption::Refused(refusal)) => Err(refuse(refusal)),
            Err(failure) => Err(unavailable(peer, &failure.into())),
        }
    }

    /// Lets a node wait for a person; what it is told.
    async fn wait(&self, peer: NodeId, invite: &StoredInvite, request: JoinRequest) -> Refusal {
        let (id, name) = (invite_id(&invite.secret_hash), &invite.name);
        // Whoever waits asks again and again: that is no news.
        let waits = self.waits(&invite.secret_hash).await;
        let recorded = (!waits).then(|| Deed::JoinPending.by(peer, id, name));
        let pending = Pending {
            secret_hash: invite.secret_hash,
            node: peer,
            consent: self.consent(&request),
            addresses: request.addresses,
            software: request.software,
            since_ms: wall_ms(),
        };
        let decision = Decision::Wait(pending);
        match self.decide(peer, decision, recorded).await {
            Ok(true) => Refusal::Pending,
            Ok(false) => Refusal::TooMany,
            Err(refusal) => refusal,
        }
    }

    async fn waits(&self, secret_hash: &Hash) -> bool {
        let reader = self.reader.clone();
        let rows = tokio::task::spawn_blocking(move || reader.pending()).await;
        // When that is not known, twice in the log is better than not at all.
        let rows = rows.ok().and_then(Result::ok).unwrap_or_default();
        let mut waiting = rows.iter();
        waiting.any(|(pending, _)| pending.secret_hash == *secret_hash)
    }

    async fn decide(
        &self,
        peer: NodeId,
        decision: Decision,
        audit: Option<AuditDraft>,
    ) -> Result<bool, Refusal> {
        let decided = self.journal.decide(decision, audit).await;
        decided.map_err(|failure| unavailable(peer, &failure.into()))
    }

    /// The invitation with that secret, as long as nobody or this peer has used it.
    async fn kept_invite(
        &self,
        secret_hash: Hash,
        peer: NodeId,
    ) -> Result<Option<StoredInvite>, Refusal> {
        let reader = self.reader.clone();
        let invites = tokio::task::spawn_blocking(move || reader.invites()).await;
        let Ok(Ok(invites)) = invites else {
            error!(%peer, "invites not read");
            return Err(Refusal::Unavailable);
        };
        let open = |invite: &StoredInvite| {
            let usable = invite.used_by.is_none_or(|user| user == peer);
            invite.secret_hash == secret_hash && usable && invite.closed.is_none()
        };
        Ok(invites.into_iter().find(open))
    }

    /// Whether the name that an unused invite promises belongs to another node; then the invite
    /// stays good, for when the name is free.
    fn check_name(&self, invite: &StoredInvite, peer: NodeId) -> Result<(), Refusal> {
        if invite.used_by.is_some() || invite.replaces.is_some() {
            return Ok(());
        }
        let list = self.registrar.list_for(invite.role);
        let list = list.map_err(|failure| unavailable(peer, &failure))?;
        match holder_of(&list, &invite.name).is_some_and(|holder| holder != peer) {
            true => Err(Refusal::NameTaken),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl Enrol for Admission {
    async fn join(&self, peer: NodeId, request: JoinRequest) -> Result<JoinResponse, Refusal> {
        // A connection that breaks must not stop an admission half-way.
        let this = self.clone();
        let id = invite_id(&Invite::secret_hash(&request.secret));
        let admitted = tokio::spawn(async move { this.admit(peer, request).await });
        let outcome = admitted.await.unwrap_or(Err(Refusal::Unavailable));
        match &outcome {
            Ok(_) => {}
            Err(Refusal::Pending) => info!(%peer, "request to join waits for approval"),
            Err(refusal) => {
                let why = refusal.word();
                warn!(%peer, reason = why, "request to join refused");
                self.audit.refused(peer, Deed::JoinRefused, id, why).await;
            }
        }
        outcome
    }

    async fn roster(&self, peer: NodeId) -> Result<JoinResponse, Refusal> {
        let in_force = self.requests.in_force();
        if in_force.roster.is_active(&peer) {
            return Ok(answer(&in_force, &peer));
        }
        let refusal = Refusal::NotActive;
        let asked = Deed::JoinRefused;
        self.audit.refused(peer, asked, "", refusal.word()).await;
        Err(refusal)
    }
}

/// What a roster changes by which the bearer of an invitation is admitted.
pub(super) fn change(
    invite: &StoredInvite,
    node: NodeId,
    addresses: Vec<String>,
    consent: Consent,
) -> Change {
    match invite.replaces {
        Some(replaces) => Change::Replace(Replacement {
            node,
            replaces,
            addresses,
            stolen: invite.stolen,
            consent: Some(consent),
        }),
        None => Change::Admit {
            node,
            record: record(invite, addresses),
            consent,
        },
    }
}

/// What the node becomes that redeemed an invitation.
fn record(invite: &StoredInvite, addresses: Vec<String>) -> NodeRecord {
    new_record(
        invite.name.clone(),
        invite.role,
        invite.area.clone(),
        addresses,
    )
}

/// What `peer` starts from. Its own branch under the key before comes with it, should it have lost
/// that with its store.
fn answer(in_force: &InForce, peer: &NodeId) -> JoinResponse {
    let mut before = in_force.roster.lineage(peer).skip(1);
    let former = before.find_map(|key| in_force.former_branches.get(&key));
    let own = in_force.branch.iter().map(|(_, signed)| signed);
    JoinResponse {
        roster: in_force.signed_roster.clone(),
        // What the node may read it hears in its first session.
        manifests: Vec::new(),
        branches: own.chain(former).cloned().collect(),
    }
}

fn unavailable(peer: NodeId, failure: &anyhow::Error) -> Refusal {
    error!(%peer, error = format!("{failure:#}"), "node not admitted");
    Refusal::Unavailable
}

fn refuse(refusal: InviteRefusal) -> Refusal {
    match refusal {
        InviteRefusal::Unknown => Refusal::InviteUnknown,
        InviteRefusal::Expired => Refusal::InviteExpired,
        InviteRefusal::Used => Refusal::InviteUsed,
        InviteRefusal::Withdrawn => Refusal::InviteWithdrawn,
        InviteRefusal::Rejected => Refusal::Rejected,
    }
}
