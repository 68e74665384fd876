//! What entries in quarantine are called, and why they are there.

use phaki_replication::id::Hash;
use phaki_replication::manifest::MemberRole;
use phaki_replication::roster::NodeStatus;
use phaki_store::reader::QuarantinedRow;
use tonic::Code;

use crate::limits::{QUARANTINE_ID_DIGITS, QUARANTINE_ID_DIGITS_MIN};
use crate::node_loop::InForce;
use crate::quote::quoted;
use crate::service::denial::Denial;

/// The id of an entry, in full: the same at every node that holds it.
fn whole_id(row: &QuarantinedRow) -> String {
    let parts: [&[u8]; 5] = [
        &row.space.0,
        &row.feed.author.0,
        &row.feed.epoch.0,
        &row.seq.to_be_bytes(),
        &row.payload_hash().0,
    ];
    Hash::of("phaki/quarantined/v1", &parts).to_string()
}

/// As much of the id as people see and type.
pub(super) fn short_id(row: &QuarantinedRow) -> String {
    let mut id = whole_id(row);
    id.truncate(QUARANTINE_ID_DIGITS);
    id
}

/// The one entry whose id begins with `text`.
pub(super) fn pick<'a>(
    rows: &'a [QuarantinedRow],
    text: &str,
) -> Result<&'a QuarantinedRow, Denial> {
    let wanted = text.to_ascii_lowercase();
    if wanted.len() < QUARANTINE_ID_DIGITS_MIN {
        return Err(Denial::invalid(format!(
            "{} is too short for the id of an entry: give {QUARANTINE_ID_DIGITS_MIN} digits or \
             more",
            quoted(text)
        )));
    }
    let mut found = rows.iter().filter(|row| whole_id(row).starts_with(&wanted));
    match (found.next(), found.next()) {
        (Some(row), None) => Ok(row),
        (None, _) => {
            let sentence = format!(
                "there is no entry {} in quarantine: `phaki quarantine list --all` shows those \
                 there are",
                quoted(text)
            );
            Err(Denial::new(Code::NotFound, "unknown-entry", sentence))
        }
        (Some(_), Some(_)) => Err(Denial::invalid(format!(
            "several entries in quarantine begin with {}: give more digits",
            quoted(text)
        ))),
    }
}

/// Why it does not count: a word.
pub(super) fn reason(in_force: &InForce, row: &QuarantinedRow) -> &'static str {
    if row.severed {
        return "behind-cut";
    }
    let author = &row.feed.author;
    let roster = &in_force.roster;
    let status = roster.nodes.get(author).map(|record| record.status);
    let Some(manifest) = in_force.spaces.get(&row.space) else {
        return "no-right";
    };
    let removed = status == Some(NodeStatus::Removed)
        || manifest.role_of(roster, author) == Some(MemberRole::Removed);
    if roster.newest(author) != *author {
        "key-replaced"
    } else if status == Some(NodeStatus::Suspended) {
        "suspended"
    } else if removed || manifest.caps.contains_key(&row.feed) {
        "revoked"
    } else if manifest.frozen.contains(author) {
        "suspended"
    } else {
        "no-right"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phaki_replication::entry::{Entry, EntryKind, Payload};
    use phaki_replication::id::{Epoch, FeedId, NodeId, SpaceId};

    fn row(seq: u64) -> QuarantinedRow {
        QuarantinedRow {
            space: SpaceId([1; 16]),
            feed: FeedId {
                author: NodeId([2; 32]),
                epoch: Epoch([3; 16]),
            },
            seq,
            severed: false,
            republished: false,
            discarded: false,
            entry: Entry {
                kind: EntryKind::CHANGE,
                time_ms: 0,
                payload: Payload::Present(b"change".as_slice().into()),
            },
        }
    }

    #[test]
    fn an_entry_is_found_by_the_beginning_of_its_id_in_either_case() {
        let rows: Vec<_> = (0..3).map(row).collect();
        let id = short_id(&rows[1]);
        assert_eq!(id.len(), QUARANTINE_ID_DIGITS);
        assert_eq!(pick(&rows, &id), Ok(&rows[1]));
        assert_eq!(pick(&rows, &id[..6].to_uppercase()), Ok(&rows[1]));
        assert_eq!(pick(&rows, "").unwrap_err().reason, "invalid-request");
        assert_eq!(pick(&rows[..1], &id).unwrap_err().reason, "unknown-entry");
    }

    #[test]
    fn whether_it_was_decided_about_does_not_change_the_id() {
        let mut decided = row(1);
        decided.discarded = true;
        assert_eq!(short_id(&decided), short_id(&row(1)));
        assert_ne!(short_id(&row(1)), short_id(&row(2)));
    }
}
