//! A small pool of read-only connections, usable from any thread.

mod documents;
pub(crate) mod entries;
mod history;
pub(crate) mod place;
mod quarantine;
mod recall;
mod receipts;
mod search;
pub(crate) mod severed;
mod spaces;
mod vault;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use rusqlite::Connection;
use thiserror::Error;

pub use documents::{DocumentChanges, DocumentFilter, DocumentRow, SummaryRow};
pub use history::ChangePlace;
pub use quarantine::{QuarantineFilter, QuarantinedRow};
pub use search::{Found, Hit, Search};
pub use spaces::{FeedRow, RefusedRow, SpaceRow};

use crate::connection::open_reader;
use crate::fault::is_damage;
use crate::invite::{self, Invite};
use crate::limits::READERS_MAX;
use crate::pending::{self, Pending};

/// Reads a store. Every call sees one committed state; clones share their connections.
#[derive(Clone)]
pub struct Reader {
    pool: Arc<Pool>,
}

/// Why something could not be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// SQLite refused.
    #[error("read database {}", path.display())]
    Sqlite {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// A stored value is not what was once written.
    #[error("database {} holds a damaged {what}", path.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What is damaged.
        what: &'static str,
    },
}

impl ReadError {
    /// Whether the store is damaged, rather than busy, gone, or without room.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Sqlite { source, .. } => is_damage(source),
            Self::Damaged { .. } => true,
        }
    }
}

struct Pool {
    path: PathBuf,
    connections: Mutex<Connections>,
    returned: Condvar,
    /// What was found damaged first.
    damage: OnceLock<String>,
}

#[derive(Default)]
struct Connections {
    idle: Vec<Connection>,
    in_use: usize,
}

/// A connection on loan.
struct Lease<'a> {
    pool: &'a Pool,
    connection: Option<Connection>,
}

impl Reader {
    pub(crate) fn new(path: &Path) -> Self {
        let pool = Pool {
            path: path.to_owned(),
            connections: Mutex::default(),
            returned: Condvar::new(),
            damage: OnceLock::new(),
        };
        Self {
            pool: Arc::new(pool),
        }
    }

    /// The database.
    pub fn path(&self) -> &Path {
        &self.pool.path
    }

    /// Runs `read` on one committed state of the store.
    pub(crate) fn with<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, ReadError> {
        let result = self.pool.lease().and_then(|mut lease| {
            let connection = lease.open()?;
            let transaction = connection.unchecked_transaction()?;
            read(&transaction)
        });
        result.map_err(|source| {
            let error = ReadError::Sqlite {
                path: self.pool.path.clone(),
                source,
            };
            if let ReadError::Sqlite { source, .. } = &error
                && error.is_damage()
            {
                self.note_damage(&source.to_string());
            }
            error
        })
    }

    /// What was found damaged first since the store was opened, in words of SQLite or of this
    /// crate.
    pub fn damage(&self) -> Option<&str> {
        self.pool.damage.get().map(String::as_str)
    }

    pub(crate) fn note_damage(&self, what: &str) {
        if self.pool.damage.set(what.to_owned()).is_ok() {
            tracing::error!(what, path = %self.pool.path.display(), "the store is damaged");
        }
    }

    /// All invitations to enrol, the newest first.
    ///
    /// # Errors
    /// When reading fails.
    pub fn invites(&self) -> Result<Vec<Invite>, ReadError> {
        self.with(invite::list)
    }

    /// The nodes that wait for a decision, with the invitations that they redeemed, the oldest
    /// first.
    ///
    /// # Errors
    /// When reading fails.
    pub fn pending(&self) -> Result<Vec<(Pending, Invite)>, ReadError> {
        self.with(pending::list)
    }

    pub(crate) fn damaged(&self, what: &'static str) -> ReadError {
        self.note_damage(what);
        ReadError::Damaged {
            path: self.pool.path.clone(),
            what,
        }
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("path", &self.pool.path)
            .finish_non_exhaustive()
    }
}

impl Pool {
    fn lease(&self) -> rusqlite::Result<Lease<'_>> {
        let connections = self.lock();
        let mut connections = self
            .returned
            .wait_while(connections, |connections| connections.in_use >= READERS_MAX)
            .unwrap_or_else(PoisonError::into_inner);
        connections.in_use += 1;
        Ok(Lease {
            pool: self,
            connection: connections.idle.pop(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Connections> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease<'_> {
    fn open(&mut self) -> rusqlite::Result<&Connection> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => open_reader(&self.pool.path)?,
        };
        Ok(self.connection.insert(connection))
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut connections = self.pool.lock();
        connections.in_use -= 1;
        connections.idle.extend(self.connection.take());
        self.pool.returned.notify_one();
    }
}
