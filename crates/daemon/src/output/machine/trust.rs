//! Entries in quarantine, receipts, backups.

use phaki_wire::proto::local::v1::{
    Coverage, MissingChange, NewestChange, NodeReceipt, QuarantinedEntry, ShowQuarantinedReply,
    ShowReceiptsReply,
};
use serde_json::{Value, json};

use super::{field_changes, rfc3339};

/// A line of `quarantine list`.
pub(crate) fn quarantined(entry: &QuarantinedEntry) -> Value {
    json!({
        "id": entry.id,
        "space": entry.space,
        "author": entry.author,
        "author_key": entry.author_key,
        "epoch": entry.epoch,
        "position": entry.position,
        "document": entry.document,
        "title": entry.title,
        "time": rfc3339(entry.time_ms),
        "reason": entry.reason,
        "state": entry.state,
        "waiting": entry.waiting,
    })
}

/// The answer to `quarantine show`.
pub(crate) fn quarantined_in_full(reply: &ShowQuarantinedReply) -> Value {
    let missing = |missing: &MissingChange| json!({"change": missing.change, "quarantined": missing.quarantined});
    json!({
        "entry": reply.entry.as_ref().map(quarantined),
        "account": reply.account,
        "message": reply.message,
        "fields": field_changes(&reply.fields),
        "new_conflicts": reply.conflicts,
        "missing": reply.missing.iter().map(missing).collect::<Vec<_>>(),
        "unreadable": reply.unreadable,
    })
}

/// The answer to `quarantine adopt` and `quarantine discard`.
pub(crate) fn decided(field: &str, done: &[String], before: &[String]) -> Value {
    json!({field: done, "already": before})
}

/// The answer to `receipts`.
pub(crate) fn receipts(reply: &ShowReceiptsReply) -> Value {
    let change = |change: &NewestChange| {
        json!({
            "change": change.change,
            "node": change.node,
            "published": change.published,
            "position": change.position,
            "time": rfc3339(change.time_ms),
        })
    };
    let node = |node: &NodeReceipt| {
        json!({
            "node": node.node,
            "role": node.role,
            "state": node.state,
            "time": Some(node.time_ms).filter(|ms| *ms != 0).and_then(rfc3339),
            "missing": node.missing,
            "self": node.self_,
        })
    };
    json!({
        "id": reply.id,
        "space": reply.space,
        "changes": reply.changes.iter().map(change).collect::<Vec<_>>(),
        "nodes": reply.nodes.iter().map(node).collect::<Vec<_>>(),
        "durable": reply.durable,
        "collects": reply.collects,
        "readers": reply.nodes.len(),
        "national_reader": reply.national_reader,
        "national_durable": reply.national_durable,
    })
}

/// How far others hold a space.
pub(crate) fn coverage(coverage: &Coverage) -> Value {
    json!({
        "readers": coverage.readers,
        "complete": coverage.complete,
        "silent": coverage.silent,
        "oldest": coverage.oldest,
        "oldest_time": Some(coverage.oldest_ms).filter(|ms| *ms != 0).and_then(rfc3339),
    })
}
