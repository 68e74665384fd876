//! The files of a store: readable by their owner alone, used by one process at a time.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Held while a store is open, given up when the process ends in whatever way.
///
/// Two processes that write one store would append different entries at one place of a feed,
/// which the whole federation sees as forgery.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Takes the lock of the database at `path`; `None` when another process has it.
pub(crate) fn lock(path: &Path) -> io::Result<Option<Lock>> {
    let file = private()
        .write(true)
        .create(true)
        .truncate(false)
        .open(beside(path, ".lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock { _file: file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Creates an empty file that only its owner may read; an error when there is one already.
pub(crate) fn create_private(path: &Path) -> io::Result<()> {
    private().write(true).create_new(true).open(path).map(drop)
}

/// Gives a finished file its final name, durably.
pub(crate) fn put_in_place(from: &Path, to: &Path) -> io::Result<()> {
    File::open(from)?.sync_all()?;
    std::fs::rename(from, to)?;
    match to.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

/// The files of a database.
const FILES: [&str; 3] = ["", "-wal", "-shm"];

/// Removes a database with everything beside it.
pub(crate) fn remove_database(database: &Path) -> io::Result<()> {
    for suffix in FILES.into_iter().chain([".lock"]) {
        match std::fs::remove_file(beside(database, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Puts a finished database that is one file in the place of another, which is moved `aside` with
/// everything beside it. The error names the file.
pub(crate) fn replace_database(
    finished: &Path,
    database: &Path,
    aside: Option<&Path>,
) -> Result<(), (PathBuf, io::Error)> {
    if let Some(aside) = aside {
        for suffix in FILES {
            let (from, to) = (beside(database, suffix), beside(aside, suffix));
            if from.exists() {
                std::fs::rename(&from, &to).map_err(|error| (from, error))?;
            }
        }
    }
    put_in_place(finished, database).map_err(|error| (database.to_owned(), error))?;
    remove_database(finished).map_err(|error| (finished.to_owned(), error))
}

/// The path with `suffix` behind the file name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
