//! The audit log as clients read it, from a running node or from the folder of a stopped one.

use phaki_replication::id::{Hash, NodeId, SpaceId};
use phaki_store::limits::ROWS_MAX;
use phaki_store::{AuditCheck, AuditFilter, AuditRecord, ReadError, Reader};
use phaki_wire::proto::local::v1 as pb;

use super::Deed;
use crate::node_loop::InForce;
use crate::quote::quoted;

/// Records, with the names that nodes and spaces have now.
pub(crate) fn list(
    reader: &Reader,
    in_force: &InForce,
    filter: &AuditFilter,
) -> Result<Vec<pb::AuditRecord>, ReadError> {
    let records = reader.audit(filter)?.into_iter();
    Ok(records.map(|record| to_wire(record, in_force)).collect())
}

/// Checks the whole log.
pub(crate) fn verify(
    reader: &Reader,
    known: Option<&Hash>,
) -> Result<pb::VerifyAuditReply, ReadError> {
    reader.check_audit(known).map(|check| check_to_wire(&check))
}

/// What a request asks for; otherwise what is wrong with it.
pub(crate) fn filter(request: pb::ListAuditRequest) -> Result<AuditFilter, String> {
    let act = Some(request.act).filter(|act| !act.is_empty());
    if let Some(unknown) = act.as_ref().filter(|act| Deed::from_word(act).is_none()) {
        let known: Vec<_> = Deed::ALL.iter().map(|(_, word, _)| *word).collect();
        let (unknown, known) = (quoted(unknown), known.join(", "));
        return Err(format!(
            "nothing is recorded as {unknown}: use one of {known}"
        ));
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

/// The hash that somebody wrote down; otherwise what is wrong with it.
pub(crate) fn known_hash(text: &str) -> Result<Option<Hash>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let hash = Hash::from_hex(text).ok_or_else(|| {
        format!(
            "{} is no hash of a record: it has 64 hexadecimal digits, as `phaki audit --verify` \
             prints them",
            quoted(text)
        )
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
