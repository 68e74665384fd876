//! The node that holds the federation's key: it invites, and admits who was invited.
//!
//! Admissions take turns, so that two at once cannot lose one of the two. An answer is given only
//! once the roster with the new node is durable.

use std::sync::Arc;

use anyhow::{Context, bail};
use phaki_net::enrol::{Enrol, async_trait};
use phaki_replication::id::{Hash, NodeId};
use phaki_replication::limits::NODES_MAX;
use phaki_replication::node::{Act, Refusal as NodeRefusal};
use phaki_replication::roster::{NodeRecord, NodeRole, NodeStatus, Roster};
use phaki_replication::sign::SecretKey;
use phaki_store::{AuditDraft, Invite as StoredInvite, InviteRefusal, Reader, Redemption};
use phaki_wire::enrol::{InviteSecret, JoinRequest, JoinResponse, Refusal};
use tokio::sync::Mutex;
use tracing::{error, info, warn};

use super::invite::Invite;
use crate::audit::{Audit, Deed};
use crate::federation::{check_addresses, check_area, check_name};
use crate::identity;
use crate::limits::{INVITE_VALID_MS, INVITE_VALID_MS_MAX};
use crate::node_loop::{InForce, Journal, NodeRequests, RequestError, wall_ms};

/// How often a roster is signed anew when another one came in between.
const ATTEMPTS: usize = 3;

/// Invites and admits. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    federation_key: SecretKey,
    requests: NodeRequests,
    reader: Reader,
    journal: Journal,
    audit: Audit,
    turn: Arc<Mutex<()>>,
}

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
}

/// An invitation that was made.
#[derive(Clone, Debug)]
pub(crate) struct InviteMade {
    /// The string for the new node.
    pub(crate) text: String,
    pub(crate) expires_ms: i64,
}

impl Admission {
    pub(crate) fn new(
        federation_key: SecretKey,
        requests: NodeRequests,
        reader: Reader,
        journal: Journal,
        audit: Audit,
    ) -> Self {
        Self {
            federation_key,
            requests,
            reader,
            journal,
            audit,
            turn: Arc::default(),
        }
    }

    /// Makes an invitation. Only the hash of its secret is kept here.
    pub(crate) async fn invite(&self, draft: InviteDraft) -> anyhow::Result<InviteMade> {
        check_name(&draft.name)?;
        check_area(&draft.area)?;
        let valid_ms = match draft.valid_ms {
            0 => INVITE_VALID_MS,
            valid_ms if valid_ms <= INVITE_VALID_MS_MAX => valid_ms,
            _ => bail!("an invite is valid for 90 days at most"),
        };
        let in_force = self.requests.in_force();
        let own = in_force.roster.nodes.get(&in_force.node);
        let addresses = match (draft.addresses.is_empty(), own) {
            (true, Some(own)) => own.addresses.clone(),
            (_, _) => draft.addresses,
        };
        check_addresses(&addresses)?;
        if addresses.is_empty() {
            bail!(
                "the new node must know where to reach this one: give an address, or set \
                 `addresses` in the configuration"
            );
        }
        if let Some(holder) = holder_of(&in_force.roster, &draft.name) {
            bail!(
                "name {} belongs to node {holder}: choose another",
                draft.name
            );
        }
        let created_ms = wall_ms();
        let expires_ms = created_ms.saturating_add_unsigned(valid_ms);
        let secret = InviteSecret(identity::random()?);
        let secret_hash = Invite::secret_hash(&secret);
        let id = invite_id(&secret_hash);
        let stored = StoredInvite {
            secret_hash,
            name: draft.name.clone(),
            area: draft.area.clone(),
            role: draft.role,
            created_ms,
            expires_ms,
            used_by: None,
        };
        let kept = self.journal.insert_invite(stored).await;
        kept.context("keep the invite")?;
        let detail = format!("{}, {}, area {}", draft.name, draft.role.name(), draft.area);
        let recorded = self.audit.record(Deed::InviteMade, id, detail).await;
        recorded.context("record the invite")?;
        info!(name = draft.name, role = draft.role.name(), "invite made");
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
        Ok(InviteMade { text, expires_ms })
    }

    async fn admit(&self, peer: NodeId, request: JoinRequest) -> Result<JoinResponse, Refusal> {
        check_addresses(&request.addresses).map_err(|_| Refusal::InvalidRequest)?;
        let _turn = self.turn.lock().await;
        let known = self
            .requests
            .in_force()
            .roster
            .nodes
            .get(&peer)
            .map(|record| record.status);
        if matches!(known, Some(NodeStatus::Suspended | NodeStatus::Removed)) {
            return Err(Refusal::NotActive);
        }
        let hash = Invite::secret_hash(&request.secret);
        if self.is_name_taken(hash, peer).await? {
            // The invite stays good, for when the name is free.
            return Err(Refusal::NameTaken);
        }
        let redeemed = self.journal.redeem_invite(hash, peer, wall_ms()).await;
        let invite = match redeemed {
            Ok(Redemption::Redeemed(invite)) => invite,
            Ok(Redemption::Refused(refusal)) => return Err(refuse(refusal)),
            Err(failure) => {
                let text = format!("{:#}", anyhow::Error::from(failure));
                error!(%peer, error = text, "invite not redeemed");
                return Err(Refusal::Unavailable);
            }
        };
        for _ in 0..ATTEMPTS {
            let in_force = self.requests.in_force();
            // The answer to an earlier request of the same node was lost.
            if in_force.roster.is_active(&peer) {
                return Ok(answer(&in_force));
            }
            let roster = with_node(&in_force.roster, peer, &invite, &request.addresses)?;
            let records = self.records(peer, &invite, roster.version);
            let act = Act::Roster(roster.sign(&self.federation_key));
            match self.requests.enact(act, records).await {
                Ok(()) => {
                    info!(peer = invite.name, key = %peer, "node admitted");
                    return Ok(answer(&self.requests.in_force()));
                }
                Err(RequestError::Refused(NodeRefusal::Stale)) => {}
                Err(failure) => {
                    let text = format!("{:#}", anyhow::Error::from(failure));
                    error!(%peer, error = text, "node not admitted");
                    return Err(Refusal::Unavailable);
                }
            }
        }
        Err(Refusal::Unavailable)
    }
}

impl Admission {
    /// What the audit log says of an admission: who showed the invite, and what became of it.
    fn records(&self, peer: NodeId, invite: &StoredInvite, version: u64) -> Vec<AuditDraft> {
        let id = invite_id(&invite.secret_hash);
        let (name, role, area) = (&invite.name, invite.role.name(), &invite.area);
        let admitted = format!("{name}, {role}, area {area}, by {id}, roster version {version}");
        vec![
            Deed::InviteRedeemed.by(peer, &id, name),
            Deed::NodeAdmitted.by(self.audit.account(), peer, admitted),
        ]
    }

    /// Whether the name that an invite promises belongs to another node.
    async fn is_name_taken(&self, secret_hash: Hash, peer: NodeId) -> Result<bool, Refusal> {
        let reader = self.reader.clone();
        let invites = tokio::task::spawn_blocking(move || reader.invites()).await;
        let Ok(Ok(invites)) = invites else {
            error!(%peer, "invites not read");
            return Err(Refusal::Unavailable);
        };
        let invite = invites
            .iter()
            .find(|invite| invite.secret_hash == secret_hash && invite.used_by.is_none());
        let in_force = self.requests.in_force();
        let holder = invite.and_then(|invite| holder_of(&in_force.roster, &invite.name));
        Ok(holder.is_some_and(|holder| holder != peer))
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
        if let Err(refusal) = &outcome {
            let why = refusal.word();
            warn!(%peer, reason = why, "request to join refused");
            self.audit.refused(peer, Deed::JoinRefused, id, why).await;
        }
        outcome
    }
}

/// The name of an invite in the audit log: enough of its hash to tell it from others.
fn invite_id(secret_hash: &Hash) -> String {
    format!("invite {}", &secret_hash.to_string()[..16])
}

fn answer(in_force: &InForce) -> JoinResponse {
    JoinResponse {
        roster: in_force.signed_roster.clone(),
        // What the node may read it hears in its first session.
        manifests: Vec::new(),
    }
}

fn with_node(
    roster: &Roster,
    node: NodeId,
    invite: &StoredInvite,
    addresses: &[String],
) -> Result<Roster, Refusal> {
    if holder_of(roster, &invite.name).is_some() {
        return Err(Refusal::NameTaken);
    }
    if roster.nodes.len() >= NODES_MAX {
        return Err(Refusal::Unavailable);
    }
    let record = NodeRecord {
        name: invite.name.clone(),
        role: invite.role,
        area: invite.area.clone(),
        addresses: addresses.to_vec(),
        status: NodeStatus::Active,
    };
    let mut roster = roster.clone();
    roster.version += 1;
    roster.nodes.insert(node, record);
    Ok(roster)
}

/// The node that has a name; names of removed nodes are free again.
fn holder_of(roster: &Roster, name: &str) -> Option<NodeId> {
    roster
        .nodes
        .iter()
        .find(|(_, record)| record.name == name && record.status != NodeStatus::Removed)
        .map(|(node, _)| *node)
}

fn refuse(refusal: InviteRefusal) -> Refusal {
    match refusal {
        InviteRefusal::Unknown => Refusal::InviteUnknown,
        InviteRefusal::Expired => Refusal::InviteExpired,
        InviteRefusal::Used => Refusal::InviteUsed,
    }
}
