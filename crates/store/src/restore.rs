//! Putting a backup in the place of a store.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use phaki_replication::id::{Epoch, NodeId};
use thiserror::Error;

use crate::audit::{self, AuditDraft};
use crate::connection::open_writer;
use crate::file;
use crate::reader::ReadError;
use crate::store::{Identity, OpenError, Store};

/// What is restored, and as what.
#[derive(Clone, Debug)]
pub struct Restore<'a> {
    /// The backup; it is only read.
    pub backup: &'a Path,
    /// Where the store is to be.
    pub database: &'a Path,
    /// Where a store that is there is moved to; `None` refuses to replace one.
    pub aside: Option<&'a Path>,
    /// Whose backup it must be.
    pub node: NodeId,
    /// The new life of the store: what was written after the backup is still known to others.
    pub epoch: Epoch,
    /// Recorded in the audit log of the restored store.
    pub audit: &'a AuditDraft,
}

/// Why a backup was not restored. The store that was there is untouched.
#[derive(Debug, Error)]
pub enum RestoreError {
    /// There is a store already.
    #[error("there is a store already: {}", path.display())]
    Exists {
        /// The store.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("restore to {}", path.display())]
    File {
        /// The file that could not be read or written.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It is no backup that this program can open.
    #[error("open backup {}", path.display())]
    Open {
        /// The backup.
        path: PathBuf,
        /// Why not.
        #[source]
        source: OpenError,
    },
    /// It cannot be read to its end.
    #[error("read backup {}", path.display())]
    Read {
        /// The backup.
        path: PathBuf,
        /// Why not.
        #[source]
        source: ReadError,
    },
    /// It is not as it was written.
    #[error("backup {} is damaged in {problems} places", path.display())]
    Damaged {
        /// The backup.
        path: PathBuf,
        /// How many problems were found.
        problems: usize,
    },
    /// It is of another node.
    #[error("backup {} is of node {found}", path.display())]
    OtherNode {
        /// The backup.
        path: PathBuf,
        /// Whose it is.
        found: NodeId,
    },
    /// The new life could not be written.
    #[error("begin a new epoch in {}", path.display())]
    Sqlite {
        /// The copy of the backup.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
}

/// Puts a sound backup in the place of a store, under a new epoch from its first moment there.
/// Whose lock protects the folder must be held.
///
/// # Errors
/// When the backup is not sound, or nothing can be written.
pub fn restore(what: &Restore<'_>) -> Result<Identity, RestoreError> {
    let Restore {
        backup, database, ..
    } = *what;
    if what.aside.is_none() && database.exists() {
        let path = database.to_owned();
        return Err(RestoreError::Exists { path });
    }
    let unfinished = file::beside(database, ".new");
    let outcome = copy(backup, &unfinished).and_then(|()| begin(what, &unfinished));
    let identity = match outcome {
        Ok(identity) => identity,
        Err(error) => {
            // The error that came first says more than one about what is left behind.
            file::remove_database(&unfinished).ok();
            return Err(error);
        }
    };
    file::replace_database(&unfinished, database, what.aside)
        .map_err(|(path, source)| RestoreError::File { path, source })?;
    Ok(identity)
}

fn failed(path: &Path) -> impl Fn(io::Error) -> RestoreError + '_ {
    |source| RestoreError::File {
        path: path.to_owned(),
        source,
    }
}

fn copy(backup: &Path, to: &Path) -> Result<(), RestoreError> {
    let mut from = File::open(backup).map_err(failed(backup))?;
    file::remove_database(to)
        .and_then(|()| file::create_private(to))
        .and_then(|()| OpenOptions::new().write(true).open(to))
        .and_then(|mut file| io::copy(&mut from, &mut file))
        .map(drop)
        .map_err(failed(to))
}

/// Checks the copy of the backup and begins its new life.
fn begin(what: &Restore<'_>, copy: &Path) -> Result<Identity, RestoreError> {
    let path = what.backup.to_owned();
    let opened = Store::open(copy);
    let mut store = opened.map_err(|source| RestoreError::Open {
        path: path.clone(),
        source,
    })?;
    let found = store.identity().node;
    if found != what.node {
        return Err(RestoreError::OtherNode { path, found });
    }
    let checked = store.reader().verify(&store.identity().federation);
    let checked = checked.map_err(|source| RestoreError::Read {
        path: path.clone(),
        source,
    })?;
    if !checked.problems.is_empty() {
        let problems = checked.problems.len();
        return Err(RestoreError::Damaged { path, problems });
    }
    let unwritten = |source| RestoreError::Open {
        path: path.clone(),
        source,
    };
    store.begin_epoch(what.epoch).map_err(unwritten)?;
    let identity = *store.identity();
    drop(store);
    record(what.audit, copy).map_err(|source| RestoreError::Sqlite {
        path: copy.to_owned(),
        source,
    })?;
    Ok(identity)
}

/// Records the act, and leaves everything in the one file that is going to be renamed.
fn record(audit: &AuditDraft, copy: &Path) -> rusqlite::Result<()> {
    let connection = open_writer(copy)?;
    audit::append(&connection, audit)?;
    connection.pragma_update(None, "journal_mode", "DELETE")?;
    connection.close().map_err(|(_, error)| error)
}
