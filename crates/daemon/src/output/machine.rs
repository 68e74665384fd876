//! The forms that programs read. Field names are part of the interface: never rename one.

mod checking;
mod directory;
mod people;
mod trust;

use phaki_wire::proto::local::v1::{
    AuditRecord, Conflict, ConflictValue, DocumentRow, Excerpt, FieldChange, HistoryEntry, Link,
    Peer, Prospect, SearchHit, Space, SpaceProgress, SpaceProspect, StatusReply, VerifyAuditReply,
};
use serde_json::{Value, json};

pub(crate) use self::checking::checked;
pub(crate) use self::directory::{diff, duplicate, tree};
pub(crate) use self::people::{contact, erasure};
pub(crate) use self::trust::{coverage, decided, quarantined, quarantined_in_full, receipts};
use super::time::rfc3339;
use crate::inbox;

/// The answer to `status`.
pub(crate) fn status(reply: &StatusReply) -> Value {
    json!({
        "node": reply.node,
        "name": reply.name,
        "federation": reply.federation,
        "roster_version": reply.roster_version,
        "epoch": reply.epoch,
        "version": reply.version,
        "uptime_ms": reply.uptime_ms,
        "listen": reply.listen,
        "data": reply.data,
        "accepts_writes": reply.accepts_writes,
        "spaces": reply.spaces.iter().map(space).collect::<Vec<_>>(),
        "links": reply.links.iter().map(link).collect::<Vec<_>>(),
        "peers": reply.peers.iter().map(peer).collect::<Vec<_>>(),
        "erasures": reply.erasures.iter().map(erasure).collect::<Vec<_>>(),
        "problems": reply.problems,
    })
}

/// A space with its members and counts.
pub(crate) fn space(space: &Space) -> Value {
    let members: Vec<Value> = space
        .members
        .iter()
        .map(|member| json!({"node": member.node, "role": member.role}))
        .collect();
    json!({
        "id": space.id,
        "name": space.name,
        "steward": space.steward,
        "manifest_version": space.manifest_version,
        "may_write": space.may_write,
        "members": members,
        "offered_to": space.offered_to,
        "documents": space.documents,
        "entries": space.entries,
        "bytes": space.bytes,
        "feeds": space.feeds,
        "quarantined": space.quarantined,
        "needs_decision": space.needs_decision,
        "coverage": space.coverage.as_ref().map(coverage),
        "waiting": space.waiting,
        "refused": space.refused,
        "conflicts": space.conflicts,
        "heads_digest": space.heads_digest,
        "frontier_digest": space.frontier_digest,
    })
}

/// What a node could read.
pub(crate) fn prospect(prospect: &Prospect) -> Value {
    let space = |space: &SpaceProspect| {
        json!({
            "name": space.name,
            "id": space.id,
            "may_write": space.may_write,
            "documents": space.documents,
            "entries": space.entries,
            "bytes": space.bytes,
        })
    };
    json!({
        "spaces": prospect.spaces.iter().map(space).collect::<Vec<_>>(),
        "spaces_known": prospect.spaces_known,
        "documents": prospect.documents,
        "entries": prospect.entries,
        "bytes": prospect.bytes,
    })
}

/// A live connection.
pub(crate) fn link(link: &Link) -> Value {
    json!({
        "link": link.link,
        "peer": link.peer,
        "dialled": link.dialled,
        "in_sync": link.in_sync,
        "since_ms": link.since_ms,
        "bytes_sent": link.bytes_sent,
        "bytes_received": link.bytes_received,
        "entries_sent": link.entries_sent,
        "entries_received": link.entries_received,
        "entries_to_come": link.entries_to_come,
        "bytes_to_come": link.bytes_to_come,
        "clock_skew_ms": link.clock_skew_ms,
        "entries_to_go": link.entries_to_go,
        "bytes_to_go": link.bytes_to_go,
        "to_come_ms": link.to_come_ms,
        "to_go_ms": link.to_go_ms,
        "payload_in": link.payload_in,
        "payload_out": link.payload_out,
        "spaces": link.spaces.iter().map(space_progress).collect::<Vec<_>>(),
        "held_back": link.held_back,
        "quiet_until": Some(link.quiet_until_ms).filter(|ms| *ms != 0).map(rfc3339),
        "upload_limit": Some(link.upload_limit).filter(|limit| *limit != 0),
        "download_limit": Some(link.download_limit).filter(|limit| *limit != 0),
    })
}

fn space_progress(space: &SpaceProgress) -> Value {
    json!({
        "space": space.space,
        "entries_to_come": space.entries_to_come,
        "bytes_to_come": space.bytes_to_come,
        "entries_to_go": space.entries_to_go,
        "bytes_to_go": space.bytes_to_go,
    })
}

/// A node of the roster.
pub(crate) fn peer(peer: &Peer) -> Value {
    json!({
        "name": peer.name,
        "key": peer.key,
        "role": peer.role,
        "area": peer.area,
        "status": peer.status,
        "linked": peer.linked,
        "last_error": peer.last_error,
        "retry_in_ms": peer.retry_in_ms,
    })
}

/// A line of `audit`.
pub(crate) fn audit_record(record: &AuditRecord) -> Value {
    json!({
        "number": record.number,
        "time": rfc3339(record.time_ms),
        "who": record.who,
        "who_name": record.who_name,
        "act": record.act,
        "subject": record.subject,
        "subject_name": record.subject_name,
        "detail": record.detail,
        "count": record.count,
        "hash": record.hash,
    })
}

/// The answer to `audit --verify`.
pub(crate) fn audit_check(reply: &VerifyAuditReply) -> Value {
    json!({
        "sound": reply.broken_record == 0 && reply.known_hash_found,
        "records": reply.records,
        "last_hash": reply.last_hash,
        "broken_record": Some(reply.broken_record).filter(|number| *number != 0),
        "broken_why": reply.broken_why,
        "known_hash_found": reply.known_hash_found,
    })
}

/// A line of `list`.
pub(crate) fn row(row: &DocumentRow) -> Value {
    json!({
        "id": row.id,
        "kind": row.kind,
        "space": row.space,
        "title": row.title,
        "title_en": row.title_en,
        "status": row.status,
        "subtype": row.subtype,
        "areas": row.areas,
        "fiscal_years": row.fiscal_years,
        "conflicts": row.conflicts,
        "home": row.home,
        "broken": row.broken,
        "merged_into": Some(&row.merged_into).filter(|id| !id.is_empty()),
    })
}

/// A document that was found; marks are pairs of code points, the second one past the last.
pub(crate) fn hit(hit: &SearchHit) -> Value {
    let excerpt = |excerpt: &Option<Excerpt>| {
        let excerpt = excerpt.as_ref()?;
        let marks = excerpt.marks.iter().map(|mark| [mark.from, mark.to]);
        Some(json!({
            "text": excerpt.text,
            "marks": marks.collect::<Vec<_>>(),
            "cut_before": excerpt.cut_before,
            "cut_behind": excerpt.cut_behind,
        }))
    };
    json!({
        "document": hit.document.as_ref().map(row),
        "rank": hit.rank,
        "title": excerpt(&hit.title),
        "found": excerpt(&hit.found),
    })
}

/// One change of a document.
pub(crate) fn history(entry: &HistoryEntry) -> Value {
    json!({
        "change": entry.change,
        "node": entry.node,
        "adopted_by": entry.adopted_by,
        "account": entry.account,
        "time": rfc3339(entry.time_ms),
        "message": entry.message,
        "fields": field_changes(&entry.fields),
    })
}

fn field_changes(fields: &[FieldChange]) -> Vec<Value> {
    let from = |field: &FieldChange| field.from_json.iter().map(|from| embedded(from)).collect();
    let field = |field: &FieldChange| {
        json!({
            "path": field.path,
            "from": Value::Array(from(field)),
            "to": embedded(&field.to_json),
        })
    };
    fields.iter().map(field).collect()
}

/// A path with concurrent values.
pub(crate) fn conflict(conflict: &Conflict) -> Value {
    json!({
        "id": conflict.id,
        "space": conflict.space,
        "title": conflict.title,
        "path": conflict.path,
        "label_th": conflict.label_th,
        "label_en": conflict.label_en,
        "shown": embedded(&conflict.shown_json),
        "values": conflict.values.iter().map(conflict_value).collect::<Vec<_>>(),
        "heads": conflict.heads,
        "since": rfc3339(inbox::since_ms(conflict)),
        "at_stake_satang": inbox::at_stake(conflict),
    })
}

fn conflict_value(value: &ConflictValue) -> Value {
    json!({
        "value": embedded(&value.value_json),
        "node": value.node,
        "account": value.account,
        "time": rfc3339(value.time_ms),
        "change": value.change,
    })
}

/// A JSON text inside JSON: its value, `null` when there is none.
pub(crate) fn embedded(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or(Value::Null)
}
