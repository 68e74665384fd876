//! Copying a store while it is in use.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use thiserror::Error;

use crate::file;
use crate::reader::Reader;

/// Why a backup could not be made.
#[derive(Debug, Error)]
pub enum BackupError {
    /// There is a file already.
    #[error("backup {} exists already", path.display())]
    Exists {
        /// The backup.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("create backup {}", path.display())]
    File {
        /// The backup.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// SQLite refused to read the store or to write the copy.
    #[error("copy database {} to backup {}", database.display(), path.display())]
    Sqlite {
        /// The store.
        database: PathBuf,
        /// The backup.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
}

impl Reader {
    /// Writes one committed state of the store to a new file, without holding up the writer. It
    /// gets its name when it is complete. Whoever restores it calls
    /// [`crate::Store::begin_epoch`] before anything is written: what was written after the
    /// backup is still known to others.
    ///
    /// # Errors
    /// When there is a file already, or reading or writing fails.
    pub fn backup(&self, path: &Path) -> Result<(), BackupError> {
        backup(self.path(), path)
    }
}

/// As [`Reader::backup`], of the store at `database`, whichever process has it open.
///
/// # Errors
/// When there is a file already, or reading or writing fails.
pub fn backup(database: &Path, path: &Path) -> Result<(), BackupError> {
    if path.exists() {
        return Err(BackupError::Exists {
            path: path.to_owned(),
        });
    }
    let failed = |source| BackupError::File {
        path: path.to_owned(),
        source,
    };
    let unfinished = unfinished(path);
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        Ok(()) | Err(_) => {}
    }
    file::create_private(&unfinished).map_err(failed)?;
    let copied = copy(database, &unfinished).map_err(|source| BackupError::Sqlite {
        database: database.to_owned(),
        path: path.to_owned(),
        source,
    });
    let made = copied.and_then(|()| file::put_in_place(&unfinished, path).map_err(failed));
    if made.is_err() {
        // What is half made only takes room; the error that came first says more.
        std::fs::remove_file(&unfinished).ok();
    }
    made
}

/// The file that grows into the backup `path` while it is made.
pub fn unfinished(path: &Path) -> PathBuf {
    file::beside(path, ".new")
}

fn copy(from: &Path, to: &Path) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(from, flags)?;
    let to = to
        .to_str()
        .ok_or_else(|| rusqlite::Error::InvalidPath(to.to_owned()))?;
    connection.execute("VACUUM INTO ?1", [to])?;
    connection.close().map_err(|(_, error)| error)
}
