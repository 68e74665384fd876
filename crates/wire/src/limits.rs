//! Every limit of the wire form that `phaki_replication::limits` does not set, with its reason.

use phaki_replication::limits::{BRANCH_BYTES_MAX, MANIFEST_BYTES_MAX, ROSTER_BYTES_MAX};

/// Bytes of one encoded frame: the largest is a roster with its signature and framing.
pub const FRAME_BYTES_MAX: usize = ROSTER_BYTES_MAX + 1024;

/// Entries of one batch. A decoded entry costs some sixty bytes of memory and may have two on the
/// wire; an honest batch of the largest size has forty bytes an entry and more.
pub const BATCH_ENTRIES_MAX: usize = 65_536;

/// A batch body smaller than this is sent as it is: zstd gains nothing on one short change.
pub const COMPRESS_FROM_BYTES: usize = 256;

/// How many times larger than it was sent a shortened change may become. A short edit becomes half as
/// large again; a merge of many changes, which would gain more, is sent as it is.
pub const RESTORED_FACTOR_MAX: usize = 2;

/// The zstd level: higher ones gain a few per cent on Automerge changes for several times the work.
pub const COMPRESS_LEVEL: i32 = 3;

/// Bytes of an encoded request to join: eight addresses, a name and a version are 3 KiB at most.
pub const JOIN_REQUEST_BYTES_MAX: usize = 8 << 10;

/// Bytes of an encoded answer to it: the largest roster, a branch, and manifests of the first
/// spaces.
pub const JOIN_RESPONSE_BYTES_MAX: usize =
    ROSTER_BYTES_MAX + BRANCH_BYTES_MAX + 4 * MANIFEST_BYTES_MAX;

/// Bytes of a software's name and version.
pub const SOFTWARE_BYTES_MAX: usize = 128;
