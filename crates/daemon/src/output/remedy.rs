//! What to do about an error of the system, for whoever reads it: the error itself says what and
//! where.

use std::io::{self, ErrorKind};

use phaki_replication::node::StartError;
use phaki_store::ReadError;
use phaki_store::store::OpenError;

/// What to do about a store that is damaged while its node runs.
pub(crate) const DAMAGED: &str = "what can be read is still shown and sent; stop the node and type \
                                  `phaki repair`, which keeps all that can be read and has the \
                                  rest sent again by the other nodes";

/// The same while the node does not run.
const DAMAGED_AT_REST: &str = "type `phaki repair`, which keeps all that can be read and has the \
                               rest sent again by the other nodes; if it cannot, restore a backup \
                               with `phaki restore --replace`, or join again with a new invite and \
                               an empty data folder";

/// What to do next; `None` when the error says so itself.
pub(crate) fn remedy(error: &anyhow::Error) -> Option<&'static str> {
    // An error of the store says only in its cause that there is no room.
    if error.chain().any(phaki_store::is_full) {
        return of_system(ErrorKind::StorageFull);
    }
    error.chain().find_map(|cause| {
        if let Some(error) = cause.downcast_ref::<io::Error>() {
            return of_system(error.kind());
        }
        if cause.is::<StartError>() {
            return Some(DAMAGED_AT_REST);
        }
        if let Some(error) = cause.downcast_ref::<ReadError>() {
            return error.is_damage().then_some(DAMAGED_AT_REST);
        }
        cause.downcast_ref::<OpenError>().and_then(of_store)
    })
}

fn of_system(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::AddrInUse => "another program uses the address: stop it, or choose another",
        ErrorKind::AddrNotAvailable => "this machine does not have the address: choose another",
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "run it as the user to whom that belongs, or choose another place"
        }
        ErrorKind::NotFound | ErrorKind::NotADirectory => "check the path",
        ErrorKind::IsADirectory => "name a file, not a folder",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "make room on the disk",
        _ => return None,
    })
}

fn of_store(error: &OpenError) -> Option<&'static str> {
    match error {
        OpenError::Sqlite { .. } | OpenError::Migrate { .. } | OpenError::Unnamed { .. } => {
            Some(DAMAGED_AT_REST)
        }
        OpenError::Foreign { .. } => Some(
            "put the data folder aside, and restore it from a backup or join again with a new \
             invite",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn errors_of_the_system_come_with_what_to_do() {
        let failed: io::Result<()> = Err(ErrorKind::AddrInUse.into());
        let error = failed.context("listen on 127.0.0.1:7440").unwrap_err();
        assert!(
            remedy(&error)
                .unwrap()
                .contains("stop it, or choose another")
        );
        let failed: io::Result<()> = Err(ErrorKind::BrokenPipe.into());
        assert_eq!(remedy(&failed.context("write").unwrap_err()), None);
        assert_eq!(remedy(&anyhow::anyhow!("no such kind")), None);
    }
}
