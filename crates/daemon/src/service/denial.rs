//! Why a request of a local client is not fulfilled: a gRPC code, a reason word and a sentence
//! that names what, where and what to do next.

use phaki_replication::node::Refusal;
use phaki_store::{ReadError, WriteError};
use tonic::metadata::MetadataValue;
use tonic::{Code, Status};
use tracing::error;

use crate::node_loop::RequestError;
use crate::output::remedy;

/// A request that is not fulfilled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Denial {
    pub(super) code: Code,
    /// Goes into the metadata `phaki-reason`.
    pub(super) reason: &'static str,
    pub(super) sentence: String,
}

impl Denial {
    pub(super) fn new(code: Code, reason: &'static str, sentence: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            sentence: sentence.into(),
        }
    }

    /// Something in the request is not as it must be.
    pub(super) fn invalid(sentence: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, "invalid-request", sentence)
    }

    /// A failure of this program or its disk; the cause goes to the log only.
    pub(super) fn internal(what: &str, cause: impl std::fmt::Display) -> Self {
        error!(error = %cause, "{what}");
        let sentence = format!("{what}: the node's log says why");
        Self::new(Code::Internal, "internal", sentence)
    }

    pub(super) fn unreadable(error: ReadError) -> Self {
        if error.is_damage() {
            let sentence = format!("{error}: {}", remedy::DAMAGED);
            return Self::new(Code::DataLoss, "damaged", sentence);
        }
        Self::internal(
            "store not read",
            format!("{:#}", anyhow::Error::from(error)),
        )
    }

    pub(super) fn unwritten(error: WriteError) -> Self {
        let sentence = format!(
            "the node cannot write its disk: {:#}: nothing was kept, `phaki status` tells when \
             it can",
            anyhow::Error::from(error)
        );
        Self::new(Code::Unavailable, "storage", sentence)
    }

    pub(super) fn stopping() -> Self {
        let sentence = "the node is stopping: try again when it runs";
        Self::new(Code::Unavailable, "stopping", sentence)
    }

    /// What became of a request to the node's loop; `what` says what it was about.
    pub(super) fn of_request(what: &str, error: &RequestError) -> Self {
        match error {
            RequestError::Stopping => Self::stopping(),
            RequestError::Disk(trouble) => {
                let sentence = format!(
                    "{what}: the disk takes no writes ({}): {}; nothing was kept",
                    trouble.text,
                    trouble.remedy()
                );
                Self::new(Code::Unavailable, "storage", sentence)
            }
            RequestError::Refused(refusal) => Self::of_refusal(what, *refusal),
            RequestError::Behind => Self::of_refusal(what, Refusal::Storage),
        }
    }

    fn of_refusal(what: &str, refusal: Refusal) -> Self {
        let (code, reason, text) = match refusal {
            Refusal::UnknownSpace => (
                Code::NotFound,
                "unknown-space",
                "the space is not known here any more: `phaki space list` shows those that are",
            ),
            Refusal::NotWriter => (
                Code::PermissionDenied,
                "not-writer",
                "this node may not write the space: its steward can grant that",
            ),
            Refusal::TooLarge => (
                Code::OutOfRange,
                "too-large",
                "it is too large for one request: send less at once",
            ),
            Refusal::Busy => (
                Code::Unavailable,
                "busy",
                "too many edits wait for the disk: try again in a moment",
            ),
            Refusal::Storage => (
                Code::Unavailable,
                "storage",
                "the node could not write its disk: nothing was kept, try again",
            ),
            Refusal::Superseded => (
                Code::Unavailable,
                "superseded",
                "this data folder is an older copy of one that wrote on, and is about to begin a \
                 new epoch: try again in a moment",
            ),
            Refusal::Limit => (
                Code::ResourceExhausted,
                "limit",
                "this node holds as many as it may: use a space that exists",
            ),
            Refusal::Erased => (
                Code::FailedPrecondition,
                "erased",
                "the person was erased, for ever: `phaki contact show` tells when and why; a new \
                 person needs a new document",
            ),
            Refusal::NotSteward => (
                Code::PermissionDenied,
                "not-steward",
                "only the steward of the space orders an erasure: ask it, `phaki space list` \
                 shows who it is",
            ),
            Refusal::Stale => (
                Code::Aborted,
                "stale",
                "somebody else changed the same meanwhile: look and try again",
            ),
        };
        Self::new(code, reason, format!("{what}: {text}"))
    }

    /// Whether a right was missing, rather than anything in the request or the disk.
    pub(super) fn lacks_right(&self) -> bool {
        matches!(self.reason, "not-writer" | "not-steward" | "superseded")
    }

    pub(super) fn into_status(self) -> Status {
        let mut status = Status::new(self.code, self.sentence);
        let reason = MetadataValue::from_static(self.reason);
        status.metadata_mut().insert("phaki-reason", reason);
        status
    }
}

impl From<RequestError> for Denial {
    fn from(error: RequestError) -> Self {
        Self::of_request("the node", &error)
    }
}
