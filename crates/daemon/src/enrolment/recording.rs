//! What the audit log says of changes of the roster: one line for each node concerned.

use phaki_replication::id::Hash;
use phaki_store::{AuditDraft, Invite as StoredInvite};

use crate::audit::{Audit, Deed};
use crate::roster::{Change, Difference};

/// A change of the roster that somebody decided.
#[derive(Clone, Debug)]
pub(super) struct Decided {
    /// What is changed.
    pub(super) change: Change,
    deed: Deed,
    /// Whom it concerns in words.
    whom: String,
    /// In words of the person who decided; may be empty.
    reason: String,
}

impl Decided {
    /// About a node that redeemed this invitation.
    pub(super) fn about(change: Change, deed: Deed, invite: &StoredInvite) -> Self {
        let whom = format!("{}, by {}", invited(invite), invite_id(&invite.secret_hash));
        Self {
            change,
            deed,
            whom,
            reason: String::new(),
        }
    }

    /// About the node of the roster with that name.
    pub(super) fn of_member(change: Change, deed: Deed, name: &str, reason: &str) -> Self {
        Self {
            change,
            deed,
            whom: name.to_owned(),
            reason: reason.to_owned(),
        }
    }

    /// When it comes into force with that version of the roster.
    pub(super) fn in_force(&self, audit: &Audit, version: u64) -> AuditDraft {
        audit.act(self.deed, self.change.node(), self.detail(version))
    }

    /// When it comes into force with that version of this node's branch.
    pub(super) fn on_branch(&self, audit: &Audit, version: u64) -> AuditDraft {
        let detail = format!("{}, branch version {version}", self.whom);
        let detail = match self.reason.as_str() {
            "" => detail,
            reason => format!("{detail}: {reason}"),
        };
        audit.act(self.deed, self.change.node(), detail)
    }

    /// When that version of the roster is made, to be signed elsewhere.
    pub(super) fn prepared(&self, audit: &Audit, version: u64) -> AuditDraft {
        let detail = format!("{}: {}", self.deed.word(), self.detail(version));
        audit.act(Deed::RosterPrepared, self.change.node(), detail)
    }

    fn detail(&self, version: u64) -> String {
        let detail = format!("{}, roster version {version}", self.whom);
        match self.reason.as_str() {
            "" => detail,
            reason => format!("{detail}: {reason}"),
        }
    }
}

/// What a roster changes that was signed elsewhere.
pub(super) fn enacted(audit: &Audit, version: u64, differences: &[Difference]) -> Vec<AuditDraft> {
    if differences.is_empty() {
        let detail = format!("roster version {version}, nothing changed");
        return vec![audit.act(Deed::RosterEnacted, "", detail)];
    }
    let drafts = differences.iter().map(|difference| {
        let (what, name) = (difference.what.word(), &difference.record.name);
        let fields = difference.fields.join(", ");
        let fields = match fields.as_str() {
            "" => String::new(),
            fields => format!(": {fields}"),
        };
        let detail = format!("{name} {what}, roster version {version}{fields}");
        audit.act(Deed::RosterEnacted, difference.node, detail)
    });
    drafts.collect()
}

/// What an invitation promises, in words.
pub(super) fn invited(invite: &StoredInvite) -> String {
    let (name, role, area) = (&invite.name, invite.role.name(), &invite.area);
    let replaced = match (invite.replaces, invite.stolen) {
        (Some(key), true) => format!(", instead of its stolen key {key}"),
        (Some(key), false) => format!(", instead of its key {key}"),
        (None, _) => String::new(),
    };
    format!("{name}, {role}, area {area}{replaced}")
}

/// The name of an invite in the audit log: enough of its hash to tell it from others.
pub(super) fn invite_id(secret_hash: &Hash) -> String {
    format!("invite {}", &secret_hash.to_string()[..16])
}
