//! The change in an entry, whether it stands there first or is published again.

use phaki_documents::payload::{self, Payload};
use phaki_replication::entry::EntryKind;
use phaki_replication::id::FeedId;
use phaki_replication::republish::Republished;

/// Where a change stood first when its entry publishes it again.
pub(crate) type Origin = Option<(FeedId, u64)>;

/// The document and the change that an entry carries, and where it stood before; `None` when it
/// carries none.
pub(crate) fn decode(kind: EntryKind, bytes: &[u8]) -> Option<(Payload<'_>, Origin)> {
    let (bytes, origin) = match kind {
        EntryKind::CHANGE => (bytes, None),
        EntryKind::REPUBLISHED => {
            let (feed, seq, bytes) = Republished::decode(bytes)?;
            (bytes, Some((feed, seq)))
        }
        _ => return None,
    };
    Some((payload::decode(bytes).ok()?, origin))
}
