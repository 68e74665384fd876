//! Reading the audit log, and recording what was denied to local clients for want of a right.

use phaki_store::Reader;
use phaki_wire::proto::local::v1 as pb;

use super::denial::Denial;
use super::workers::Workers;
use crate::audit::{Audit, Deed, reading};
use crate::limits::BACKUP_PATH_BYTES_MAX;
use crate::node_loop::NodeRequests;

/// What the audit log needs. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Auditing {
    pub(super) audit: Audit,
    pub(super) requests: NodeRequests,
    pub(super) reader: Reader,
    pub(super) workers: Workers,
}

impl Auditing {
    pub(super) async fn list(
        &self,
        request: pb::ListAuditRequest,
    ) -> Result<pb::ListAuditReply, Denial> {
        let filter = reading::filter(request).map_err(Denial::invalid)?;
        let (reader, in_force) = (self.reader.clone(), self.requests.in_force());
        let list = move || reading::list(&reader, &in_force, &filter).map_err(Denial::unreadable);
        let records = self.workers.run(list).await?;
        Ok(pb::ListAuditReply { records })
    }

    pub(super) async fn verify(
        &self,
        request: pb::VerifyAuditRequest,
    ) -> Result<pb::VerifyAuditReply, Denial> {
        let known = reading::known_hash(&request.known_hash).map_err(Denial::invalid)?;
        let reader = self.reader.clone();
        let verify = move || reading::verify(&reader, known.as_ref()).map_err(Denial::unreadable);
        self.workers.run(verify).await
    }

    /// A client on this machine has copied the store.
    pub(super) async fn backed_up(
        &self,
        request: pb::RecordBackupRequest,
    ) -> Result<pb::RecordBackupReply, Denial> {
        if request.file.len() > BACKUP_PATH_BYTES_MAX {
            let sentence = format!("the path is longer than {BACKUP_PATH_BYTES_MAX} bytes");
            return Err(Denial::invalid(sentence));
        }
        let node = self.requests.in_force().node;
        let recorded = self.audit.record(Deed::StoreBackedUp, node, request.file);
        recorded.await.map_err(Denial::unwritten)?;
        Ok(pb::RecordBackupReply {})
    }

    /// Records that a local client was denied something, when a right was missing for it. `what`
    /// was asked for of `subject`, by `account` if it names one.
    pub(super) async fn denied(&self, what: &str, subject: &str, account: &str, denial: &Denial) {
        if !denial.lacks_right() {
            return;
        }
        let in_force = self.requests.in_force();
        let spaces = in_force.find_space(subject);
        let subject = match spaces[..] {
            [manifest] => manifest.space.to_string(),
            _ => subject.to_owned(),
        };
        let who = match account {
            "" => self.audit.account(),
            account => account,
        };
        let why = format!("{what}: {}", denial.reason);
        let refused = self.audit.refused(who, Deed::RequestRefused, subject, &why);
        refused.await;
    }
}
