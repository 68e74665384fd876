//! Why a transaction cannot go on, inside the writer; [`crate::writer::WriteError`] outside.

use std::sync::Arc;

use phaki_replication::id::{FeedId, SpaceId};
use rusqlite::{ErrorCode, ffi};

/// What stopped a transaction.
#[derive(Debug)]
pub(crate) enum Fault {
    Sqlite(rusqlite::Error),
    /// Entries or rows of a space of which there is no manifest.
    UnknownSpace(SpaceId),
    /// A run that does not continue its feed.
    Gap {
        feed: FeedId,
        from: u64,
        length: u64,
    },
    /// A feed longer, or more feeds, than places can count.
    TooMany,
    /// A stored row is not what was once written.
    Damaged(&'static str),
}

/// Whether the database is damaged, rather than busy, gone, or without room.
pub(crate) fn is_damage(error: &rusqlite::Error) -> bool {
    match error {
        // A value of another type or size than this crate writes.
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::IntegralValueOutOfRange(..) => true,
        other => matches!(
            other.sqlite_error_code(),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
        ),
    }
}

/// Whether an error says that the disk has no room.
pub fn is_full(error: &(dyn std::error::Error + 'static)) -> bool {
    let shared = error.downcast_ref::<Arc<rusqlite::Error>>();
    let sqlite = error.downcast_ref().or(shared.map(Arc::as_ref));
    sqlite.is_some_and(lacks_room)
}

/// Of the index beside the write-ahead log SQLite says only that it could not make it larger.
pub(crate) fn lacks_room(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| {
        error.code == ErrorCode::DiskFull || error.extended_code == ffi::SQLITE_IOERR_SHMSIZE
    })
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<rusqlite::types::FromSqlError> for Fault {
    fn from(error: rusqlite::types::FromSqlError) -> Self {
        Self::Sqlite(error.into())
    }
}
