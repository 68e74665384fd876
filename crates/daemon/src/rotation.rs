//! A node goes on under another key: with an invite of whoever admits it, or, where the federation's
//! key lies in its folder, by itself. The node must not run.
//!
//! The steps can be repeated at any point: the next key is drawn once, the same invite and key get
//! the same answer, the store changes in one transaction, and then the key gets its name.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use phaki_replication::branch::SignedBranch;
use phaki_replication::id::{Epoch, NodeId};
use phaki_replication::roster::{Roster, SignedRoster};
use phaki_replication::sign::SecretKey;
use phaki_replication::vouch::vouch;
use phaki_store::Store;
use phaki_store::rotate::KeyReplacement;

use crate::audit::Deed;
use crate::data_folder::{DataFolder, Lock};
use crate::enrolment::{Invite, Joined, ask_again, joined, open_roster, present};
use crate::federation::check_addresses;
use crate::identity;
use crate::roster::{Change, Replacement, apply};

/// What a node says to go on under another key.
#[derive(Clone, Debug)]
pub struct Rotate {
    /// The data folder.
    pub data: PathBuf,
    /// The invite as it was printed; none where the federation's key lies in the folder.
    pub invite: Option<String>,
    /// Where others reach this node, `host:port`; when empty, where they did before.
    pub addresses: Vec<String>,
    /// The account that does so, for the audit log.
    pub account: String,
}

/// What there is before.
struct Before {
    folder: DataFolder,
    store: Store,
    roster: SignedRoster,
    branches: Vec<SignedBranch>,
    /// Both together.
    merged: Roster,
    _lock: Lock,
}

/// What was decided about the next key, to be put in the store.
struct Decided {
    roster: SignedRoster,
    branches: Vec<SignedBranch>,
    merged: Roster,
    stolen: bool,
}

/// As [`rotate`], asking again for as long as `patience` while a person has not decided.
///
/// # Errors
/// As [`rotate`].
pub async fn rotate_waiting(rotate: &Rotate, patience: Duration) -> anyhow::Result<Joined> {
    ask_again(patience, async || self::rotate(rotate).await).await
}

/// Puts another key in the place of the node's.
///
/// # Errors
/// When the node runs, the invite is not good, or nothing can be written. Until the new key is
/// admitted the node can go on under the old one; afterwards the same call finishes it.
pub async fn rotate(rotate: &Rotate) -> anyhow::Result<Joined> {
    check_addresses(&rotate.addresses)?;
    let invite = rotate.invite.as_deref().map(Invite::parse).transpose();
    let invite = invite.context("read the invite")?;
    let (mut before, finished) = open(&DataFolder::open(&rotate.data)?)?;
    let own = before.store.identity().node;
    if already_rotated(&before, invite.as_ref())? || (finished && invite.is_none()) {
        return Ok(joined(&before.merged, own, true));
    }
    let decided = match &invite {
        Some(invite) => ask(&before, invite, &rotate.addresses).await?,
        None => decide(&before, &rotate.addresses)?,
    };
    let next = before.folder.draw_next_node_key()?.node();
    check_newer(&before, &decided)?;
    let version = decided.merged.version;
    let detail = format!("instead of {own}, roster version {version}");
    let audit = Deed::OwnKeyReplaced.by(&rotate.account, next, detail);
    let replacement = KeyReplacement {
        node: next,
        epoch: Epoch(identity::random()?),
        roster: &decided.roster,
        branches: &decided.branches,
        stolen: decided.stolen,
        audit: &audit,
    };
    before
        .store
        .replace_key(&replacement)
        .context("put the new key in force: the same command again finishes it")?;
    before.folder.finish_rotation(next)?;
    Ok(joined(&decided.merged, next, false))
}

/// Besides: whether a change of the key that was all but done is finished by it.
fn open(folder: &DataFolder) -> anyhow::Result<(Before, bool)> {
    let lock = folder.lock()?;
    if !folder.database().exists() {
        bail!(
            "there is no store in {}: where it is lost with the machine, make an invite with \
             `phaki federation rotate-key NAME --stolen` and use it with `phaki join`",
            folder.path().display()
        );
    }
    let store = Store::open(&folder.database()).context("open the store")?;
    let finished = folder.finish_rotation(store.identity().node)?;
    let durable = store.durable().context("read the store")?;
    let (roster, branches) = (durable.roster, durable.branches);
    let merged = open_roster(&roster, &branches, &store.identity().federation)?;
    let before = Before {
        folder: folder.clone(),
        store,
        roster,
        branches,
        merged,
        _lock: lock,
    };
    Ok((before, finished))
}

/// Whether the node has changed its key as the invite says before; refused when that is for others.
fn already_rotated(before: &Before, invite: Option<&Invite>) -> anyhow::Result<bool> {
    let identity = before.store.identity();
    let own = identity.node;
    let Some(invite) = invite else {
        return Ok(false);
    };
    if invite.federation != identity.federation {
        bail!(
            "data folder {} belongs to federation {}, and the invite is to {}: name another folder",
            before.folder.path().display(),
            identity.federation,
            invite.federation
        );
    }
    let Some(replaced) = invite.replaces else {
        bail!(
            "this invite is for a new node: `phaki federation rotate-key NAME` makes one for \
             another key"
        );
    };
    let succeeded = replaced.key != own && before.merged.succeeds(&own, &replaced.key);
    if !succeeded && replaced.key != own {
        bail!(
            "this invite is for another key of {}, and data folder {} is that of {}: name the \
             folder of {}",
            invite.name,
            before.folder.path().display(),
            before.merged.name(&own),
            invite.name
        );
    }
    Ok(succeeded)
}

/// Asks whoever made the invite.
async fn ask(before: &Before, invite: &Invite, addresses: &[String]) -> anyhow::Result<Decided> {
    let next = before.folder.draw_next_node_key()?;
    let stolen = invite.replaces.is_some_and(|replaced| replaced.stolen);
    let voucher = match stolen {
        true => None,
        false => {
            let own = identity::read(&before.folder.node_key())?;
            check_own(before, &own)?;
            Some(vouch(&own, &invite.federation, &next.node()))
        }
    };
    let (response, merged) = present(invite, &next, addresses, voucher).await?;
    Ok(Decided {
        roster: response.roster,
        branches: news(before, response.branches)?,
        merged,
        stolen,
    })
}

/// The branches that are not known here, or only in an older version. Of its own nobody knows better.
fn news(before: &Before, told: Vec<SignedBranch>) -> anyhow::Result<Vec<SignedBranch>> {
    let identity = before.store.identity();
    let open = |signed: &SignedBranch| {
        let branch = signed.open(&identity.federation).context("open a branch");
        branch.map(|branch| (branch.parent, (branch.version, signed.hash())))
    };
    let known = before.branches.iter().map(open);
    let known = known.collect::<anyhow::Result<BTreeMap<_, _>>>()?;
    let mut news = Vec::new();
    for signed in told {
        let (parent, order) = open(&signed)?;
        let newer = known.get(&parent).is_none_or(|known| *known < order);
        if newer && parent != identity.node {
            news.push(signed);
        }
    }
    Ok(news)
}

/// Signs the roster with the federation's key, which lies in the folder.
fn decide(before: &Before, addresses: &[String]) -> anyhow::Result<Decided> {
    let identity = before.store.identity();
    let Some(federation_key) = before.folder.read_federation_key(identity.federation)? else {
        bail!(
            "the federation's key does not lie in {}: give an invite, which `phaki federation \
             rotate-key {}` makes at another node",
            before.folder.path().display(),
            before.merged.name(&identity.node)
        );
    };
    let own = identity::read(&before.folder.node_key())?;
    check_own(before, &own)?;
    let next = before.folder.draw_next_node_key()?.node();
    let roster = before.roster.open(&identity.federation);
    let roster = roster.context("open the roster")?;
    let replacement = Replacement {
        node: next,
        replaces: own.node(),
        addresses: addresses.to_vec(),
        stolen: false,
        consent: None,
    };
    let roster = apply(&roster, &own.node(), &[Change::Replace(replacement)])?;
    let signed = roster.sign(&federation_key);
    let merged = open_roster(&signed, &before.branches, &identity.federation)?;
    Ok(Decided {
        roster: signed,
        branches: Vec::new(),
        merged,
        stolen: false,
    })
}

/// Whether the key in the folder is that of the store.
fn check_own(before: &Before, key: &SecretKey) -> anyhow::Result<()> {
    let own: NodeId = before.store.identity().node;
    if key.node() != own {
        bail!(
            "the store in {} is that of node {own}, and {} is the key of {}: put the key back that \
             belongs to it",
            before.folder.path().display(),
            before.folder.node_key().display(),
            key.node()
        );
    }
    Ok(())
}

/// Whether the roster in the answer is newer than the one here; otherwise others have changed the
/// roster without knowing of the new key.
fn check_newer(before: &Before, decided: &Decided) -> anyhow::Result<()> {
    let order = |roster: &Roster, signed: &SignedRoster| (roster.version, signed.hash());
    let (ours, theirs) = (
        order(&before.merged, &before.roster),
        order(&decided.merged, &decided.roster),
    );
    if theirs < ours {
        bail!(
            "the roster in the answer has version {}, and version {} is known here: run the same \
             command again once the node that made the invite has heard of that",
            theirs.0,
            ours.0
        );
    }
    Ok(())
}
