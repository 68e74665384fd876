//! Becoming a node of a federation with one string.

mod admit;
mod branch;
mod deciding;
mod invite;
mod inviting;
mod prospect;
mod recording;
mod registrar;
mod rotating;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use phaki_net::enrol::{JoinError, join as ask};
use phaki_replication::branch::SignedBranch;
use phaki_replication::consent::Consent;
use phaki_replication::id::{Epoch, FederationId, NodeId};
use phaki_replication::roster::{Roster, SignedRoster};
use phaki_replication::sign::{SecretKey, Signature};
use phaki_store::{Identity, Store};
use phaki_wire::enrol::{JoinRequest, JoinResponse, Refusal};
use thiserror::Error;
use tokio::time::{Instant, sleep};

pub(crate) use admit::Admission;
pub(crate) use deciding::Waiting;
pub(crate) use invite::Invite;
pub(crate) use inviting::{InviteDraft, state as invite_state};
pub(crate) use prospect::{Prospect, Size, rights};
pub(crate) use registrar::Changed;
pub(crate) use rotating::RotationDraft;

use crate::audit::Deed;
use crate::data_folder::DataFolder;
use crate::federation::check_addresses;
use crate::fingerprint::fingerprint;
use crate::identity;
use crate::limits::{JOIN_PAUSE_FIRST, JOIN_PAUSE_MAX};
use crate::node_loop::wall_ms;

/// What a node says to join. The data folder is initialised when it is not yet.
#[derive(Clone, Debug)]
pub struct Join {
    /// The data folder.
    pub data: PathBuf,
    /// The invite as it was printed.
    pub invite: String,
    /// Where others reach this node, `host:port`; may be empty.
    pub addresses: Vec<String>,
    /// The account that joins, for the audit log.
    pub account: String,
}

/// A node that was admitted.
#[derive(Clone, Debug)]
pub struct Joined {
    /// The federation.
    pub federation: FederationId,
    /// This node.
    pub node: NodeId,
    /// The name under which the federation knows it.
    pub name: String,
    /// Nodes in the roster.
    pub nodes: usize,
    /// Whether it belonged to the federation before this call, under this key, already.
    pub already: bool,
}

/// Why a node has not joined.
#[derive(Debug, Error)]
pub enum NotJoined {
    /// A person must approve it first; asking again tells what became of it.
    #[error(
        "join as {name}: {} ({}): run the same command again later, or with --wait",
        Refusal::Pending.sentence(),
        Refusal::Pending.word()
    )]
    Pending {
        /// The name that it is to have.
        name: String,
        /// Its key.
        node: NodeId,
        /// Its key in digits, for whoever approves to compare.
        fingerprint: String,
    },
    /// The node that made the invite refuses.
    #[error("join as {name}: {refusal} ({}): {}", refusal.word(), remedy(*refusal))]
    Refused {
        /// The name that it was to have.
        name: String,
        /// Why.
        refusal: Refusal,
    },
    /// The node that made the invite was not reached.
    #[error("{0}")]
    Unreached(String),
}

impl NotJoined {
    /// Whether a node that waits for approval should ask again all the same.
    fn may_pass(&self) -> bool {
        match self {
            Self::Pending { .. } | Self::Unreached(_) => true,
            Self::Refused { refusal, .. } => refusal.is_temporary(),
        }
    }
}

/// Asks again, in pauses that grow to a minute, for a node that was told to wait for approval:
/// until it is admitted or refused, or `patience` is over, which ends with the last answer.
pub async fn join_waiting(join: &Join, patience: Duration) -> anyhow::Result<Joined> {
    ask_again(patience, async || self::join(join).await).await
}

/// As [`join_waiting`], for whatever asks.
pub(crate) async fn ask_again(
    patience: Duration,
    ask: impl AsyncFn() -> anyhow::Result<Joined>,
) -> anyhow::Result<Joined> {
    let deadline = Instant::now() + patience;
    let mut pause = JOIN_PAUSE_FIRST;
    loop {
        sleep(pause.min(deadline.saturating_duration_since(Instant::now()))).await;
        let joined = ask().await;
        let not_yet = joined.as_ref().err().and_then(|error| error.downcast_ref());
        if Instant::now() >= deadline || !not_yet.is_some_and(NotJoined::may_pass) {
            return joined;
        }
        pause = JOIN_PAUSE_MAX.min(pause * 2);
    }
}

/// Presents an invite to the node that made it and creates the store from the roster it answers.
pub async fn join(join: &Join) -> anyhow::Result<Joined> {
    let invite = Invite::parse(&join.invite).context("read the invite")?;
    check_addresses(&join.addresses)?;
    let folder = DataFolder::make(&join.data)?;
    let _lock = folder.lock()?;
    if folder.database().exists() {
        return already_joined(&folder, &invite);
    }
    if let Some(replaced) = invite.replaces.filter(|replaced| !replaced.stolen) {
        bail!(
            "this invite is for another key of {}, whose present key {} must vouch for it: on the \
             machine where that lies, run `phaki rotate-key INVITE`",
            invite.name,
            replaced.key
        );
    }
    if folder.init()?.node == invite.inviter {
        bail!("this node made the invite itself: use it on the machine of the new node");
    }
    let node = folder.init_to_ask(invite.inviter)?.node;
    let key = identity::read(&folder.node_key())?;
    let (response, roster) = present(&invite, &key, &join.addresses, None).await?;
    let branches = &response.branches;
    let identity = Identity {
        federation: invite.federation,
        node,
        epoch: Epoch(identity::random()?),
    };
    let detail = format!(
        "{}, roster version {}, invited by {}",
        invite.name, roster.version, invite.inviter
    );
    let founding = Deed::FederationJoined.by(&join.account, invite.federation, detail);
    Store::create(
        &folder.database(),
        &identity,
        &response.roster,
        branches,
        &founding,
    )
    .context("create the store")?;
    Ok(joined(&roster, node, false))
}

/// Presents an invite, with a voucher where it needs one: the answer, and the roster in it, in which
/// the node with that key is active.
pub(crate) async fn present(
    invite: &Invite,
    key: &SecretKey,
    addresses: &[String],
    voucher: Option<Signature>,
) -> anyhow::Result<(JoinResponse, Roster)> {
    let node = key.node();
    let consent = Consent::sign(key, &invite.federation, invite.inviter);
    let request = JoinRequest {
        secret: invite.secret,
        name: Some(invite.name.clone()),
        addresses: addresses.to_vec(),
        software: concat!("phaki ", env!("CARGO_PKG_VERSION")).to_owned(),
        consent: consent.signature,
        voucher,
    };
    let mut failures = Vec::new();
    for address in &invite.addresses {
        match ask(address, invite.inviter, key, request.clone()).await {
            Ok(response) => {
                let roster = check_answer(&response, invite, node).context("check the answer")?;
                return Ok((response, roster));
            }
            Err(JoinError::Refused(refusal)) => return Err(refused(refusal, invite, node).into()),
            Err(error) => failures.push(format!("{address}: {:#}", anyhow!(error))),
        }
    }
    Err(unreached(&failures, invite))
}

/// The node belongs to a federation; that is success when it is the one of the invite.
fn already_joined(folder: &DataFolder, invite: &Invite) -> anyhow::Result<Joined> {
    let store = Store::open(&folder.database()).context("open the store")?;
    let Identity {
        federation, node, ..
    } = *store.identity();
    if federation != invite.federation {
        bail!(
            "data folder {} belongs to federation {federation}, and the invite is to {}: \
             name another folder",
            folder.path().display(),
            invite.federation
        );
    }
    let durable = store.durable().context("read the roster")?;
    let roster = open_roster(&durable.roster, &durable.branches, &federation)?;
    Ok(joined(&roster, node, true))
}

/// The node that answered is the inviter; that it may speak for the federation is checked here.
fn check_answer(response: &JoinResponse, invite: &Invite, node: NodeId) -> anyhow::Result<Roster> {
    let roster = open_roster(&response.roster, &response.branches, &invite.federation)?;
    if !roster.is_active(&node) {
        bail!("the roster does not name this node: ask for a new invite");
    }
    Ok(roster)
}

/// The roster of the federation with what its nodes admitted by themselves.
pub(crate) fn open_roster(
    signed: &SignedRoster,
    branches: &[SignedBranch],
    federation: &FederationId,
) -> anyhow::Result<Roster> {
    let roster = signed.open(federation).context("open the roster")?;
    let branches = branches.iter().map(|branch| branch.open(federation));
    let branches = branches.collect::<Result<Vec<_>, _>>();
    Ok(roster.with_branches(&branches.context("open a branch")?))
}

pub(crate) fn joined(roster: &Roster, node: NodeId, already: bool) -> Joined {
    Joined {
        federation: roster.federation,
        node,
        name: roster.name(&node),
        nodes: roster.nodes.len(),
        already,
    }
}

fn refused(refusal: Refusal, invite: &Invite, node: NodeId) -> NotJoined {
    let name = invite.name.clone();
    match refusal {
        Refusal::Pending => NotJoined::Pending {
            name,
            node,
            fingerprint: fingerprint(&node),
        },
        refusal => NotJoined::Refused { name, refusal },
    }
}

fn remedy(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::InviteUnknown
        | Refusal::InviteUsed
        | Refusal::InviteExpired
        | Refusal::InviteWithdrawn => "ask for a new invite",
        Refusal::VoucherMissing | Refusal::VoucherInvalid => {
            "run `phaki rotate-key` with it on the machine where the node's present key lies"
        }
        Refusal::NameTaken => "ask for an invite with another name",
        Refusal::NotActive | Refusal::Rejected => "ask the federation's administrator",
        Refusal::Pending | Refusal::TooMany | Refusal::Unavailable => "try again later",
        Refusal::InvalidRequest => "check the addresses of this node, and that phaki is up to date",
    }
}

fn unreached(failures: &[String], invite: &Invite) -> anyhow::Error {
    if failures.is_empty() {
        return anyhow!("the invite names no address: ask for one that does");
    }
    let tried = failures.join("; ");
    let late = match invite.is_expired(wall_ms()) {
        true => "; by this machine's clock the invite has expired besides",
        false => "",
    };
    let sentence = format!(
        "reach the node that made the invite: {tried}{late}: try again when the line is up"
    );
    NotJoined::Unreached(sentence).into()
}
