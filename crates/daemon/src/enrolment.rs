//! Becoming a node of a federation with one string.

mod admit;
mod invite;

use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use phaki_net::enrol::{JoinError, join as ask};
use phaki_replication::id::{Epoch, FederationId, NodeId};
use phaki_replication::roster::{Roster, SignedRoster};
use phaki_store::{Identity, Store};
use phaki_wire::enrol::{JoinRequest, JoinResponse, Refusal};

pub(crate) use admit::{Admission, InviteDraft};

use self::invite::Invite;
use crate::audit::Deed;
use crate::data_folder::DataFolder;
use crate::federation::check_addresses;
use crate::identity;
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
    /// Whether it belonged to the federation before this call already.
    pub already: bool,
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
    let node = folder.init()?.node;
    if node == invite.inviter {
        bail!("this node made the invite itself: use it on the machine of the new node");
    }
    let key = identity::read(&folder.node_key())?;
    let request = JoinRequest {
        secret: invite.secret,
        name: Some(invite.name.clone()),
        addresses: join.addresses.clone(),
        software: concat!("phaki ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    let mut failures = Vec::new();
    let mut answer = None;
    for address in &invite.addresses {
        match ask(address, invite.inviter, &key, request.clone()).await {
            Ok(response) => {
                answer = Some(response);
                break;
            }
            Err(JoinError::Refused(refusal)) => return Err(refused(refusal, &invite)),
            Err(error) => failures.push(format!("{address}: {:#}", anyhow!(error))),
        }
    }
    let response = answer.ok_or_else(|| unreached(&failures, &invite))?;
    let roster = check_answer(&response, &invite, node).context("check the answer")?;
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
    Store::create(&folder.database(), &identity, &response.roster, &founding)
        .context("create the store")?;
    Ok(joined(&roster, node, false))
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
    let roster = open_roster(
        &store.durable().context("read the roster")?.roster,
        &federation,
    )?;
    Ok(joined(&roster, node, true))
}

/// The node that answered is the inviter; that it may speak for the federation is checked here.
fn check_answer(response: &JoinResponse, invite: &Invite, node: NodeId) -> anyhow::Result<Roster> {
    let roster = open_roster(&response.roster, &invite.federation)?;
    if !roster.is_active(&node) {
        bail!("the roster does not name this node: ask for a new invite");
    }
    Ok(roster)
}

fn open_roster(signed: &SignedRoster, federation: &FederationId) -> anyhow::Result<Roster> {
    signed.open(federation).context("open the roster")
}

fn joined(roster: &Roster, node: NodeId, already: bool) -> Joined {
    Joined {
        federation: roster.federation,
        node,
        name: roster.name(&node),
        nodes: roster.nodes.len(),
        already,
    }
}

fn refused(refusal: Refusal, invite: &Invite) -> anyhow::Error {
    let remedy = match refusal {
        Refusal::InviteUnknown | Refusal::InviteUsed | Refusal::InviteExpired => {
            "ask for a new invite"
        }
        Refusal::NameTaken => "ask for an invite with another name",
        Refusal::NotActive => "ask the federation's administrator",
        Refusal::Pending | Refusal::TooMany | Refusal::Unavailable => "try again later",
        Refusal::InvalidRequest => "check the addresses of this node, and that phaki is up to date",
    };
    let (word, name) = (refusal.word(), &invite.name);
    anyhow!("join as {name}: {refusal} ({word}): {remedy}")
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
    anyhow!("reach the node that made the invite: {tried}{late}: try again when the line is up")
}
