//! Granting a space and taking rights away again, by its steward.

use std::collections::BTreeMap;

use phaki_replication::id::{FeedId, SpaceId};
use phaki_replication::limits::{GROUPS_MAX, MEMBERS_MAX};
use phaki_replication::manifest::{Manifest, MemberRole};
use phaki_replication::node::Act;
use phaki_store::AuditDraft;
use phaki_wire::proto::local::v1 as pb;
use tonic::Code;

use super::denial::Denial;
use super::enrolling::check_reason;
use super::find;
use super::grantee::{self, grantee};
use super::spaces::Spaces;
use crate::audit::Deed;
use crate::default_spaces::never_leaves;
use crate::node_loop::{Attempts, InForce};
use crate::quote::quoted;
use crate::rights::{Grantee, assign};

/// The feeds of a space with the entries that count here.
pub(super) type Counting = BTreeMap<FeedId, u64>;

impl Spaces {
    pub(super) async fn grant(
        &self,
        request: pb::GrantSpaceRequest,
    ) -> Result<pb::GrantSpaceReply, Denial> {
        let role = role(&request.role)?;
        let change = |in_force: &InForce, manifest: &Manifest, counting: &Counting| {
            let to = grantee(in_force, &request.node)?;
            check(in_force, manifest, &to, role)?;
            let next = assign(manifest, &in_force.roster, &to, role, counting);
            let detail = format!("{}, {to}", role.name());
            let granted = self.audit.act(Deed::SpaceGranted, manifest.space, detail);
            Ok(next.map(|next| (next, granted)))
        };
        let space = Some(self.amend(&request.space, change).await?);
        Ok(pb::GrantSpaceReply { space })
    }

    pub(super) async fn revoke(
        &self,
        request: pb::RevokeSpaceRequest,
    ) -> Result<pb::RevokeSpaceReply, Denial> {
        check_reason(&request.reason)?;
        let role = MemberRole::Removed;
        let change = |in_force: &InForce, manifest: &Manifest, counting: &Counting| {
            let from = grantee(in_force, &request.node)?;
            check(in_force, manifest, &from, role)?;
            let next = assign(manifest, &in_force.roster, &from, role, counting);
            let detail = match request.reason.as_str() {
                "" => from.to_string(),
                reason => format!("{from}: {reason}"),
            };
            let revoked = self.audit.act(Deed::SpaceRevoked, manifest.space, detail);
            Ok(next.map(|next| (next, revoked)))
        };
        let space = Some(self.amend(&request.space, change).await?);
        Ok(pb::RevokeSpaceReply { space })
    }

    /// Puts the manifest in force that `change` makes of the one in force, and records with it what
    /// was done; `None` changes nothing. Begins anew when another came in force meanwhile.
    pub(super) async fn amend(
        &self,
        space: &str,
        change: impl Fn(
            &InForce,
            &Manifest,
            &Counting,
        ) -> Result<Option<(Manifest, AuditDraft)>, Denial>,
    ) -> Result<pb::Space, Denial> {
        let _turn = self.turn.lock().await;
        let mut attempts = Attempts::default();
        loop {
            let in_force = self.requests.in_force();
            let manifest = find::space(&in_force, space)?;
            let counting = self.counting(manifest.space).await?;
            let Some((next, done)) = change(&in_force, manifest, &counting)? else {
                return self.one(&manifest.space).await;
            };
            let act = Act::Manifest(next.sign(&self.key));
            let answer = self.requests.enact(act, vec![done]).await;
            if !attempts.again(&answer) {
                let what = format!("space {}", next.name);
                answer.map_err(|error| Denial::of_request(&what, &error))?;
                return self.one(&next.space).await;
            }
        }
    }

    /// The feeds held of a space with the entries that count.
    pub(super) async fn counting(&self, space: SpaceId) -> Result<Counting, Denial> {
        let reader = self.reader.clone();
        let read = move || reader.feeds(&space).map_err(Denial::unreadable);
        let rows = self.workers.run(read).await?.into_iter();
        Ok(rows.map(|row| (row.feed, row.applied)).collect())
    }
}

/// The role that a grant names.
pub(super) fn role(text: &str) -> Result<MemberRole, Denial> {
    let role = MemberRole::from_name(text).filter(|role| *role != MemberRole::Removed);
    role.ok_or_else(|| {
        let sentence = format!("there is no role {}: use reader or writer", quoted(text));
        Denial::invalid(sentence)
    })
}

/// Whether that can be granted, or taken away, here.
pub(super) fn check(
    in_force: &InForce,
    manifest: &Manifest,
    to: &Grantee,
    role: MemberRole,
) -> Result<(), Denial> {
    check_steward(in_force, manifest, "change who may read and write it")?;
    let name = &manifest.name;
    if role != MemberRole::Removed && never_leaves(name) {
        return Err(stays_here(name));
    }
    let full = |what, max| {
        let sentence = format!("space {name} has {max} {what}, which is the most");
        Err(Denial::new(Code::OutOfRange, "too-large", sentence))
    };
    match to {
        Grantee::Node(node) => {
            if manifest.is_steward(&in_force.roster, node) {
                let sentence =
                    format!("this node is the steward of space {name} and may do everything");
                return Err(Denial::invalid(sentence));
            }
            if !manifest.members.contains_key(node) && manifest.members.len() >= MEMBERS_MAX {
                return full("members", MEMBERS_MAX);
            }
        }
        Grantee::Group(group) => {
            if !manifest.groups.contains_key(group) && manifest.groups.len() >= GROUPS_MAX {
                return full("groups", GROUPS_MAX);
            }
        }
    }
    let had = match to {
        Grantee::Node(node) => manifest.role_of(&in_force.roster, node),
        Grantee::Group(group) => manifest.groups.get(group).copied(),
    };
    if role == MemberRole::Removed && had.is_none() {
        let to = grantee::name(in_force, to);
        let sentence = format!(
            "{to} has no right in space {name} that could be taken away: `phaki space show \
             {name}` shows who has"
        );
        return Err(Denial::new(Code::NotFound, "no-right", sentence));
    }
    Ok(())
}

pub(super) fn check_steward(
    in_force: &InForce,
    manifest: &Manifest,
    what: &str,
) -> Result<(), Denial> {
    if manifest.is_steward(&in_force.roster, &in_force.node) {
        return Ok(());
    }
    let steward = in_force.name(&in_force.roster.newest(&manifest.steward()));
    let sentence = format!(
        "only {steward}, the steward of space {}, can {what}: run the command there",
        manifest.name
    );
    Err(Denial::new(
        Code::FailedPrecondition,
        "not-steward",
        sentence,
    ))
}

/// Why a space of drafts is shared with nobody.
pub(super) fn stays_here(name: &str) -> Denial {
    let sentence = format!(
        "space {name} is for drafts and never leaves this node: make another space with `phaki \
         space create NAME`, grant that, and put there what is to be shared"
    );
    Denial::new(Code::FailedPrecondition, "never-leaves", sentence)
}
