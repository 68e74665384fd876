//! Approvals: which state of a document was approved, and what differs since.
//!
//! An approval (an entry of the field `approvals`) is bound to what was approved by `content_hash`:
//! the heads of the document as the approving office saw it, each the SHA-256 hash of a change and of
//! all that went before it. One that came without, from a list or from another system, is taken for
//! an approval of what its author saw.

use crate::change::ChangeHash;
use crate::date::Date;
use crate::document::{Difference, Document};
use crate::path::Path;
use crate::subject::{Subject, name};

/// Fields that an approval is not about: what happens to approved work, and upkeep of the record.
pub const APART: [&str; 19] = [
    "approvals",
    "created",
    "disbursements",
    "dq",
    "files",
    "home",
    "identifiers",
    "links",
    "official",
    "reports",
    "retired",
    "review",
    "schema_version",
    "sources",
    "status",
    "status_log",
    "tags",
    "updated",
    "values",
];

/// The decision that approves.
const APPROVED: &str = "approved";

/// What was approved last.
#[derive(Debug, Clone)]
pub struct Approved {
    /// Encoded path of the approval.
    pub path: String,
    pub heads: Vec<ChangeHash>,
    /// The document as it was approved; `None` when its changes have not arrived here.
    pub document: Option<Document>,
}

/// The last approval of a document: by the day of the decision, then by how much was known, then by
/// its key. `None` when it was never approved.
pub fn last(document: &Document) -> Option<Approved> {
    let subject = Subject::of(document);
    let entries = subject.entries("approvals").into_iter();
    let approvals =
        entries.filter(|entry| subject.text(&format!("{entry}/decision")) == Some(APPROVED));
    let dated = approvals.map(|path| {
        let day = subject.span(&format!("{path}/at")).map(|(_, last)| last);
        let heads = heads(document, &subject, &path);
        let version = document.at(&heads);
        let known = version.as_ref().map(|version| version.hashes().len());
        let order: (Option<Date>, Option<usize>, String) = (day, known, name(&path));
        let approved = Approved {
            path,
            heads,
            document: version,
        };
        (order, approved)
    });
    let last = dated.max_by(|(one, _), (other, _)| one.cmp(other));
    last.map(|(_, approved)| approved)
}

/// What differs in a document since it was approved.
pub fn differences(document: &Document, approved: &Document) -> Vec<Difference> {
    document.differences(approved, &APART)
}

/// The text of `content_hash` for a document with these heads.
pub fn content_hash(heads: &[ChangeHash]) -> String {
    let hex = |head: &ChangeHash| head.iter().map(|byte| format!("{byte:02x}")).collect();
    let heads: Vec<String> = heads.iter().map(hex).collect();
    heads.join(",")
}

fn heads(document: &Document, subject: &Subject, approval: &str) -> Vec<ChangeHash> {
    let text = subject.text(&format!("{approval}/content_hash"));
    if let Some(heads) = text.and_then(parse) {
        return heads;
    }
    let decision = Path::parse(&format!("{approval}/decision"));
    let writers = decision.map(|path| document.writers(&path));
    writers.unwrap_or_default().into_iter().collect()
}

fn parse(text: &str) -> Option<Vec<ChangeHash>> {
    text.split(',').map(parse_hash).collect()
}

fn parse_hash(text: &str) -> Option<ChangeHash> {
    let mut hash = [0; 32];
    if text.len() != 2 * hash.len() || !text.is_ascii() {
        return None;
    }
    for (at, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_hash_reads_back() {
        let heads = [[7; 32], [0xab; 32]];
        assert_eq!(parse(&content_hash(&heads)), Some(heads.to_vec()));
        for text in ["", "ab", "เลขที่ 12/2567"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
