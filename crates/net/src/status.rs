//! What peers are told when a call is refused: a code and a fixed sentence, nothing from inside.

use phaki_wire::enrol::Refusal;
use tonic::metadata::MetadataValue;
use tonic::{Code, Status};

use crate::links::OpenError;

/// The metadata that holds the word of a [`Refusal`].
const REASON: &str = "phaki-reason";

/// Why a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deny {
    /// A session that cannot be opened.
    Session(OpenError),
    /// A connection carries one session.
    SecondSession,
    /// A node that is not admitted.
    Join(Refusal),
}

/// The one place where reasons become gRPC statuses.
pub(crate) fn status(deny: Deny) -> Status {
    match deny {
        Deny::Session(OpenError::NotInRoster) => {
            Status::permission_denied("node is not in the roster")
        }
        Deny::Session(OpenError::Full) => Status::resource_exhausted("no room for another link"),
        Deny::Session(OpenError::Stopping) => Status::unavailable("node is stopping"),
        Deny::SecondSession => Status::failed_precondition("a connection carries one session"),
        Deny::Join(refusal) => {
            let mut status = Status::new(refusal_code(refusal), refusal.sentence());
            status
                .metadata_mut()
                .insert(REASON, MetadataValue::from_static(refusal.word()));
            status
        }
    }
}

/// The refusal that a status carries.
pub(crate) fn refusal(status: &Status) -> Option<Refusal> {
    Refusal::from_word(status.metadata().get(REASON)?.to_str().ok()?)
}

fn refusal_code(refusal: Refusal) -> Code {
    match refusal {
        Refusal::InviteUnknown
        | Refusal::NotActive
        | Refusal::Rejected
        | Refusal::VoucherMissing
        | Refusal::VoucherInvalid => Code::PermissionDenied,
        Refusal::InviteExpired
        | Refusal::InviteUsed
        | Refusal::InviteWithdrawn
        | Refusal::Pending => Code::FailedPrecondition,
        Refusal::NameTaken => Code::AlreadyExists,
        Refusal::InvalidRequest => Code::InvalidArgument,
        Refusal::TooMany => Code::ResourceExhausted,
        Refusal::Unavailable => Code::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_survives_its_status() {
        for (known, _, sentence) in Refusal::ALL {
            let status = status(Deny::Join(known));
            assert_eq!(refusal(&status), Some(known));
            assert_eq!(status.message(), sentence);
        }
        assert_eq!(refusal(&Status::internal("x")), None);
    }
}
