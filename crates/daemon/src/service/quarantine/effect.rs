//! What an entry in quarantine would change if it counted: its document without it and with it.

use std::collections::{BTreeMap, BTreeSet};

use phaki_documents::change::{ChangeHash, summarise};
use phaki_documents::document::LoadError;
use phaki_documents::{Document, Path};
use phaki_store::Reader;
use phaki_store::reader::QuarantinedRow;
use phaki_wire::proto::local::v1 as pb;
use serde_json::Value;

use super::naming::short_id;
use crate::service::denial::Denial;
use crate::service::editing::{hex, leaves_of};
use crate::service::find::Found;
use crate::service::loading::load_if_any;

/// What one of the entries in quarantine would change.
pub(super) fn of(
    reader: &Reader,
    row: &QuarantinedRow,
    rows: &[QuarantinedRow],
) -> Result<pb::ShowQuarantinedReply, Denial> {
    let unreadable = |why: String| pb::ShowQuarantinedReply {
        unreadable: why,
        ..pb::ShowQuarantinedReply::default()
    };
    let Some((document, bytes)) = row.change() else {
        return Ok(unreadable("it holds no change of a document".to_owned()));
    };
    let summary = match summarise(bytes) {
        Ok(summary) => summary,
        Err(error) => return Ok(unreadable(format!("{:#}", anyhow::Error::from(error)))),
    };
    let said = pb::ShowQuarantinedReply {
        account: summary.account.unwrap_or_default(),
        message: summary.message.unwrap_or_default(),
        ..pb::ShowQuarantinedReply::default()
    };
    let space = row.space;
    let without = load_if_any(reader, Found { space, document })?;
    let without = without.unwrap_or_else(|| Document::empty(document));
    let held: BTreeSet<ChangeHash> = without.hashes().into_iter().collect();
    let missing = summary.deps.iter().filter(|dep| !held.contains(*dep));
    let missing: Vec<_> = missing.map(|dep| missing_change(row, rows, dep)).collect();
    if !missing.is_empty() {
        return Ok(pb::ShowQuarantinedReply { missing, ..said });
    }
    let mut with = without.clone();
    match with.apply([bytes]) {
        Ok(()) => {}
        Err(error @ (LoadError::Missing { .. } | LoadError::Apply { .. })) => {
            let why = format!("{:#}", anyhow::Error::from(error));
            return Ok(unreadable(why));
        }
        Err(error) => return Err(Denial::internal("change not applied", error)),
    }
    let before = open_conflicts(&without);
    let conflicts = open_conflicts(&with).difference(&before).count();
    Ok(pb::ShowQuarantinedReply {
        fields: differences(&leaves_of(&without), &leaves_of(&with)),
        conflicts: u64::try_from(conflicts).unwrap_or(u64::MAX),
        ..said
    })
}

/// A change that is not there, by its own id if it is in quarantine.
fn missing_change(
    row: &QuarantinedRow,
    rows: &[QuarantinedRow],
    dep: &ChangeHash,
) -> pb::MissingChange {
    let is_it = |other: &&QuarantinedRow| {
        let change = other.change().filter(|_| other.space == row.space);
        let summary = change.and_then(|(_, bytes)| summarise(bytes).ok());
        summary.is_some_and(|summary| summary.hash == *dep)
    };
    pb::MissingChange {
        change: hex(dep),
        quarantined: rows.iter().find(is_it).map(short_id).unwrap_or_default(),
    }
}

fn open_conflicts(document: &Document) -> BTreeSet<Path> {
    let conflicts = document.conflicts().into_iter();
    conflicts.map(|conflict| conflict.path).collect()
}

fn differences(
    before: &BTreeMap<Path, Value>,
    after: &BTreeMap<Path, Value>,
) -> Vec<pb::FieldChange> {
    let paths: BTreeSet<&Path> = before.keys().chain(after.keys()).collect();
    let differing = paths
        .into_iter()
        .filter(|path| before.get(*path) != after.get(*path));
    differing
        .map(|path| pb::FieldChange {
            path: path.as_str().to_owned(),
            from_json: before.get(path).map(Value::to_string).into_iter().collect(),
            to_json: after.get(path).map(Value::to_string).unwrap_or_default(),
        })
        .collect()
}
