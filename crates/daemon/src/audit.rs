//! Recording what is done at this node, and what is refused, in the audit log of its store.
//!
//! An act of administration is recorded before it is answered, or in the transaction that makes
//! it durable; when the disk refuses the record, the act fails. Refusals come as often as others
//! like: equal ones are counted by [`coalesce`], so that nobody can fill the disk with them.

pub(crate) mod coalesce;
mod deed;
pub(crate) mod reading;

use std::fmt;
use std::sync::Arc;

use phaki_store::{AuditDraft, WriteError};

pub(crate) use deed::Deed;

use crate::node_loop::{Journal, NodeRequests, wall_ms};

/// The program with its version, as the log names it.
pub(crate) const PROGRAM: &str = concat!("phaki ", env!("CARGO_PKG_VERSION"));

/// Records what is done here. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Audit {
    journal: Journal,
    requests: NodeRequests,
    /// The account on this machine that administers.
    account: Arc<str>,
}

impl Audit {
    pub(crate) fn new(journal: Journal, requests: NodeRequests, account: &str) -> Self {
        Self {
            journal,
            requests,
            account: account.into(),
        }
    }

    /// The account on this machine that administers.
    pub(crate) fn account(&self) -> &str {
        &self.account
    }

    /// An act of the administrator of this machine, to be recorded with what it brings about:
    /// see [`NodeRequests::enact`]. Nodes and spaces are named by key and id, not by name.
    pub(crate) fn act(
        &self,
        deed: Deed,
        subject: impl fmt::Display,
        detail: impl fmt::Display,
    ) -> AuditDraft {
        deed.by(&self.account, subject, detail)
    }

    /// Records an act of the administrator of this machine. On return it is durable.
    pub(crate) async fn record(
        &self,
        deed: Deed,
        subject: impl fmt::Display,
        detail: impl fmt::Display,
    ) -> Result<(), WriteError> {
        self.record_draft(self.act(deed, subject, detail)).await
    }

    /// As [`Self::record`], for what [`Self::act`] made.
    pub(crate) async fn record_draft(&self, draft: AuditDraft) -> Result<(), WriteError> {
        self.journal.record(draft).await
    }

    /// Records that `who`, an account or a node's key, was refused something; `why` is a word that
    /// is the same for equal refusals.
    pub(crate) async fn refused(
        &self,
        who: impl fmt::Display,
        deed: Deed,
        subject: impl fmt::Display,
        why: &str,
    ) {
        // A node that stops has nobody to refuse anything to.
        self.requests.note(deed.by(who, subject, why)).await.ok();
    }
}

impl Deed {
    /// This deed by `who`, now.
    pub(crate) fn by(
        self,
        who: impl fmt::Display,
        subject: impl fmt::Display,
        detail: impl fmt::Display,
    ) -> AuditDraft {
        let (who, subject) = (who.to_string(), subject.to_string());
        AuditDraft::new(wall_ms(), &who, self.word(), &subject, &detail.to_string())
    }
}
