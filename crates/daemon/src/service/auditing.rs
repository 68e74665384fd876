//! Reading the audit log, and recording what was denied to local clients for want of a right.

use phaki_replication::id::{Hash, NodeId, SpaceId};
use phaki_store::limits::ROWS_MAX;
use phaki_store::{AuditCheck, AuditFilter, AuditRecord, Reader};
use phaki_wire::proto::local::v1 as pb;

use super::denial::Denial;
use super::workers::Workers;
use crate::audit::{Audit, Deed};
use crate::node_loop::{InForce, NodeRequests};
use crate::quote::quoted;

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
        let reader = self.reader.clone();
        let filter = filter(request)?;
        let read = move || reader.audit(&filter).map_err(Denial::unreadable);
        let records = self.workers.run(read).await?;
        let in_force = self.requests.in_force();
        let records = records.into_iter();
        Ok(pb::ListAuditReply {
            records: records.map(|record| to_wire(record, &in_force)).collect(),
        })
    }

    pub(super) async fn verify(
        &self,
        request: pb::VerifyAuditRequest,
    ) -> Result<pb::VerifyAuditReply, Denial> {
        let known = known_hash(&request.known_hash)?;
        let reader = self.reader.clone();
        let check = move || {
            reader
                .check_audit(known.as_ref())
                .map_err(Denial::unreadable)
        };
        Ok(check_to_wire(&self.workers.run(check).await?))
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

fn filter(request: pb::ListAuditRequest) -> Result<AuditFilter, Denial> {
    let act = Some(request.act).filter(|act| !act.is_empty());
    if let Some(unknown) = act.as_ref().filter(|act| Deed::from_word(act).is_none()) {
        let known: Vec<_> = Deed::ALL.iter().map(|(_, word, _)| *word).collect();
        let (unknown, known) = (quoted(unknown), known.join(", "));
        let sentence = format!("nothing is recorded as {unknown}: use one of {known}");
        return Err(Denial::invalid(sentence));
    }
    let limit = match request.limit {
        0 => ROWS_MAX,
        limit => usize::try_from(limit).unwrap_or(ROWS_MAX),
    };
    Ok(AuditFilter {
        since_ms: Some(request.since_ms).filter(|since_ms| *since_ms != 0),
        act,
        oldest_first: request.oldest_first,
        limit,
    })
}

fn known_hash(text: &str) -> Result<Option<Hash>, Denial> {
    if text.is_empty() {
        return Ok(None);
    }
    let hash = Hash::from_hex(text).ok_or_else(|| {
        Denial::invalid(format!(
            "{} is no hash of a record: it has 64 hexadecimal digits, as `phaki audit --verify` \
             prints them",
            quoted(text)
        ))
    })?;
    Ok(Some(hash))
}

fn to_wire(record: AuditRecord, in_force: &InForce) -> pb::AuditRecord {
    let what = record.what;
    let node_name = |text: &str| {
        let node = NodeId::from_hex(text)?;
        let record = in_force.roster.nodes.get(&node)?;
        Some(record.name.clone())
    };
    let space_name = |text: &str| {
        let space = SpaceId::from_hex(text)?;
        Some(in_force.spaces.get(&space)?.name.clone())
    };
    let subject_name = node_name(&what.subject).or_else(|| space_name(&what.subject));
    pb::AuditRecord {
        number: record.number,
        time_ms: what.time_ms,
        who_name: node_name(&what.who).unwrap_or_default(),
        who: what.who,
        act: what.act,
        subject_name: subject_name.unwrap_or_default(),
        subject: what.subject,
        detail: what.detail,
        count: what.count,
        hash: record.hash.to_string(),
    }
}

fn check_to_wire(check: &AuditCheck) -> pb::VerifyAuditReply {
    pb::VerifyAuditReply {
        records: check.records,
        last_hash: check.last.to_string(),
        broken_record: check.broken.map_or(0, |broken| broken.number),
        broken_why: check.broken.map_or("", |broken| broken.what).to_owned(),
        known_hash_found: check.holds_known,
    }
}
