//! Single changes: what they say about themselves, checked without building a document.
//!
//! The bytes come from peers. Size, compression and claimed counts are checked before Automerge
//! decodes them, and a panic of Automerge is an error like any other.

mod frame;
mod operations;

use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::{Change, ExpandedChange};
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use frame::FrameError;
pub use operations::OperationError;

/// The SHA-256 of a change: its identity.
pub type ChangeHash = [u8; 32];

/// What a change says about itself; the hash is verified, the author is only claimed (the feed's
/// signature vouches for it).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeSummary {
    pub hash: ChangeHash,
    /// The changes it follows, ascending.
    pub deps: Vec<ChangeHash>,
    /// Automerge's actor id: 8 bytes of the author's feed, 8 drawn at process start.
    pub actor: Vec<u8>,
    /// Number of this change among those of the actor in this document, from one.
    pub seq: u64,
    /// Number of its first operation.
    pub start_op: u64,
    /// Number of its last operation; `start_op - 1` when it has none.
    pub last_op: u64,
    /// Author's clock, seconds since 1970. Never decides anything.
    pub time_secs: i64,
    /// Opaque account id of the author; `None` when another program wrote the change.
    pub account: Option<String>,
    /// What the author said about the edit.
    pub message: Option<String>,
}

/// Why bytes are not a change that may be stored.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SummariseError {
    #[error("open change chunk")]
    Frame(#[source] FrameError),
    #[error("change does not decode: {reason}")]
    Undecodable { reason: String },
    #[error("checksum of change does not match its bytes")]
    BadChecksum,
    #[error("change is not encoded canonically")]
    NotCanonical,
    #[error("change has sequence number {seq}, which no actor can use")]
    BadSequence { seq: u64 },
    #[error("change numbers its operations from {start_op}, past the 32-bit counter")]
    BadStartOp { start_op: u64 },
    #[error("operation {index} of the change can be part of no document")]
    BadOperation {
        index: usize,
        #[source]
        source: OperationError,
    },
}

/// Verifies one change and reads what it says about itself.
///
/// # Errors
/// When the bytes are not exactly one change chunk, exceed a limit of [`crate::limits`], do not
/// decode, do not match their checksum, or are not what Automerge would write for their content
/// (such a change could not be saved and loaded again under the same hash), or when an operation
/// is malformed or refers to one that cannot come before it.
pub fn summarise(bytes: &[u8]) -> Result<ChangeSummary, SummariseError> {
    let change = parse(bytes)?;
    let hash = change.hash().0;
    let expanded = guarded(|| change.decode()).map_err(|_| SummariseError::NotCanonical)?;
    check_operations(&expanded)?;
    if guarded(|| Change::from(expanded).hash().0) != Ok(hash) {
        return Err(SummariseError::NotCanonical);
    }
    let (account, message) = decode_message(change.message());
    let start_op = change.start_op().get();
    let mut deps: Vec<ChangeHash> = change.deps().iter().map(|dep| dep.0).collect();
    deps.sort_unstable();
    deps.dedup();
    Ok(ChangeSummary {
        hash,
        deps,
        actor: change.actor_id().to_bytes().to_vec(),
        seq: change.seq(),
        start_op,
        last_op: start_op - 1 + change.len() as u64,
        time_secs: change.timestamp(),
        account,
        message,
    })
}

/// The change in the form that entries carry: one uncompressed chunk. Clients of other programs
/// may send it compressed.
///
/// # Errors
/// As [`summarise`].
pub fn normalise(bytes: &[u8]) -> Result<Vec<u8>, SummariseError> {
    summarise(bytes)?;
    frame::open(bytes)
        .map(std::borrow::Cow::into_owned)
        .map_err(SummariseError::Frame)
}

/// Decodes a change within the limits and verifies its checksum.
pub(crate) fn parse(bytes: &[u8]) -> Result<Change, SummariseError> {
    let open = frame::open(bytes).map_err(SummariseError::Frame)?;
    let change = guarded(|| Change::from_bytes(open.to_vec()))
        .and_then(|parsed| parsed.map_err(|error| error.to_string()))
        .map_err(|reason| SummariseError::Undecodable { reason })?;
    // Automerge computes the hash from the bytes but leaves the comparison to the caller.
    if open.get(4..8) != Some(&change.hash().0[..4]) {
        return Err(SummariseError::BadChecksum);
    }
    let seq = change.seq();
    // Automerge asserts that only an actor's first change names an author of its own kind.
    if seq == 0 || u32::try_from(seq).is_err() || (seq > 1 && change.author().is_some()) {
        return Err(SummariseError::BadSequence { seq });
    }
    let start_op = change.start_op().get();
    if start_op + change.len() as u64 > u64::from(u32::MAX) {
        return Err(SummariseError::BadStartOp { start_op });
    }
    Ok(change)
}

/// Checks what can be said of the operations without the document.
pub(crate) fn check_operations(change: &ExpandedChange) -> Result<(), SummariseError> {
    operations::check(change)
        .map_err(|(index, source)| SummariseError::BadOperation { index, source })
}

/// Runs code of Automerge on bytes of a peer; a panic becomes its message.
pub(crate) fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| {
        let text = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        format!("automerge panicked: {text}")
    })
}

#[derive(Serialize, Deserialize)]
struct StoredMessage {
    a: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    m: Option<String>,
}

/// The message field of a change: compact JSON with the author's account and the message.
pub(crate) fn encode_message(account: &str, message: Option<&str>) -> String {
    let stored = StoredMessage {
        a: account.to_owned(),
        m: message.map(str::to_owned),
    };
    serde_json::to_string(&stored).unwrap_or_default()
}

/// Account and message of a change; what is not ours is all message.
pub(crate) fn decode_message(text: Option<&str>) -> (Option<String>, Option<String>) {
    let Some(text) = text else {
        return (None, None);
    };
    match serde_json::from_str::<StoredMessage>(text) {
        Ok(stored) => (Some(stored.a), stored.m),
        Err(_) => (None, Some(text.to_owned())),
    }
}
