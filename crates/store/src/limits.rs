//! Every limit of the store, with its reason.

use std::time::Duration;

/// Jobs that wait for the writer: as many as a node may have appends pending, and as many again
/// for what peers send. Beyond, submitting blocks.
pub const QUEUE_JOBS_MAX: usize = 2048;

/// Payload bytes that wait for the writer. What replication has in flight from four peers; beyond,
/// submitting blocks. A single larger job still gets in when nothing else waits.
pub const QUEUE_BYTES_MAX: usize = 16 << 20;

/// After so long without a job the writer gives its cache of pages back: it fills again within
/// milliseconds, and most nodes write nothing most of the day.
pub const REST: Duration = Duration::from_secs(10);

/// Jobs of one transaction: one sync of the disk shared by so many is as good as free.
pub const GROUP_JOBS_MAX: usize = 512;

/// Payload bytes of one transaction. At some 20 MiB a second an edit waits a tenth of a second
/// at most behind a bulk transfer. A single larger job makes a transaction of its own.
pub const GROUP_BYTES_MAX: usize = 2 << 20;

/// Connections for reading that are open at one time: more readers than that on the two cores of
/// a small machine only wait for each other. Further ones wait their turn.
pub const READERS_MAX: usize = 4;

/// Bytes of pages that the writing connection keeps in memory: the inner nodes of the indexes of
/// a million changes.
pub const WRITER_CACHE_BYTES: usize = 32 << 20;

/// Bytes of pages that one reading connection keeps in memory.
pub const READER_CACHE_BYTES: usize = 4 << 20;

/// Prepared statements kept by one connection: all of this crate.
pub const STATEMENTS_MAX: usize = 96;

/// Bytes to which the write-ahead log is cut back after a checkpoint, so that one bulk transfer
/// does not occupy the disk for ever.
pub const LOG_BYTES_MAX: usize = 64 << 20;

/// How long SQLite waits for another process (a backup, an inspection) that holds a lock.
pub const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// Entries that one feed can hold, and with it what a place has room for. At a thousand edits a
/// second that is thirty years.
pub const FEED_ENTRIES_MAX: u64 = 1 << 40;

/// Documents that the materialiser computes between two writes: the summaries become visible
/// together, and a crash repeats little.
pub const MATERIALISE_DOCUMENTS_MAX: usize = 128;

/// Bytes of summaries and snapshots that the materialiser collects before it writes them.
pub const MATERIALISE_BYTES_MAX: usize = 4 << 20;

/// Dirty documents of which the materialiser reads the names at one time: with so many, finding
/// them costs nothing, and a first copy of thousands is summarised without a pause.
pub const MATERIALISE_AHEAD_MAX: usize = 1024;

/// Documents from which on a second thread helps the materialiser: fewer are done before it runs.
pub const MATERIALISE_TOGETHER_MIN: usize = 16;

/// How long nothing may have been written before the materialiser goes to work: longer than commits
/// of a first copy follow each other, shorter than a person needs to look at a list.
pub const GIVE_WAY_PATIENCE: Duration = Duration::from_millis(100);

/// How long the materialiser waits for that pause. Lists make up for what is behind.
pub const GIVE_WAY_MAX: Duration = Duration::from_secs(5);

/// Changes that a document must have beyond its snapshot before a new one is saved. Fewer are
/// loaded in less time than saving them takes, and most documents never have as many.
pub const SNAPSHOT_CHANGES_MIN: u64 = 64;

/// Nodes that wait for a decision at one time: all provinces and districts could ask on one day.
/// Each costs 3 KiB at most.
pub const PENDING_MAX: usize = 1024;

/// Rows that one call returns at most, where the caller can ask for the next ones.
pub const ROWS_MAX: usize = 10_000;

/// Bytes of each of the four texts of an audit record; longer ones are cut. The longest is what a
/// person gives as the reason of an act, 2,048 bytes, after whom it concerns.
pub const AUDIT_TEXT_BYTES_MAX: usize = 3072;

/// Problems that one verification lists: the first ones tell what happened.
pub const PROBLEMS_MAX: usize = 1000;

/// Hits of one search: a person who is shown more asks for something narrower.
pub const HITS_MAX: usize = 1000;

/// Documents that match by their names and are put in order, so that the best come first: some ten
/// milliseconds, and more of equal merit nobody reads through.
pub const RANKED_MAX: usize = 1000;
