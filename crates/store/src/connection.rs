//! SQLite connections, set up the same way everywhere.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::limits::{
    LOCK_PATIENCE, LOG_BYTES_MAX, READER_CACHE_BYTES, STATEMENTS_MAX, WRITER_CACHE_BYTES,
};

/// Opens the one connection that writes.
///
/// The write-ahead log lets readers go on during a write; `FULL` makes a commit reach the disk
/// before it is reported.
pub(crate) fn open_writer(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(LOCK_PATIENCE)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES_MAX)?;
    set_up(&connection, WRITER_CACHE_BYTES)?;
    Ok(connection)
}

/// Opens a connection that cannot write.
pub(crate) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(LOCK_PATIENCE)?;
    connection.pragma_update(None, "query_only", true)?;
    set_up(&connection, READER_CACHE_BYTES)?;
    Ok(connection)
}

/// Opens an empty database in memory, for computing what a store should hold. It does not check
/// references, since the entries stay where they are.
pub(crate) fn open_scratch() -> rusqlite::Result<Connection> {
    let connection = Connection::open_in_memory()?;
    set_up(&connection, WRITER_CACHE_BYTES)?;
    connection.pragma_update(None, "foreign_keys", false)?;
    Ok(connection)
}

fn set_up(connection: &Connection, cache_bytes: usize) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // Otherwise SQLite plans some statements anew for every value that is bound.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // A negative size counts KiB instead of pages.
    let kib = i64::try_from(cache_bytes / 1024).unwrap_or(i64::MAX);
    connection.pragma_update(None, "cache_size", -kib)
}

/// Empties the cache: pages that were read or written lately stay in it, though nobody may write for
/// hours.
pub(crate) fn give_memory_back(connection: &Connection) {
    if let Err(error) = connection.execute_batch("PRAGMA shrink_memory") {
        tracing::debug!(%error, "pages stay in the cache");
    }
}

/// Limits the bytes of the database file.
pub(crate) fn limit_file(connection: &Connection, bytes: u64) -> rusqlite::Result<()> {
    let page: u64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    connection.pragma_update(Some("main"), "max_page_count", (bytes / page).max(1))
}
