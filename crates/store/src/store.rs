//! Creating and opening a store, and what a node must know of it when it starts.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use phaki_replication::branch::{Branch, SignedBranch};
use phaki_replication::fork::ForkProof;
use phaki_replication::id::{Epoch, FederationId, FeedId, Hash, NodeId, SpaceId};
use phaki_replication::manifest::SignedManifest;
use phaki_replication::node::{Durable, DurableFeed};
use phaki_replication::receipt::SignedReceipt;
use phaki_replication::roster::SignedRoster;
use phaki_replication::sign::Signature;
use rusqlite::{Connection, OptionalExtension, Row, params};
use thiserror::Error;

use crate::append::{insert_branch, insert_roster};
use crate::audit::{self, AuditDraft};
use crate::connection::{open_reader, open_writer};
use crate::file::{self, Lock};
use crate::reader::{ReadError, Reader};
use crate::schema::{self, APPLICATION_ID};

/// Whose store it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The federation.
    pub federation: FederationId,
    /// The node that writes here.
    pub node: NodeId,
    /// This life of the store.
    pub epoch: Epoch,
}

/// An open store. While it, or its writer, exists no other process can open it.
#[derive(Debug)]
pub struct Store {
    identity: Identity,
    reader: Reader,
    lock: Arc<Lock>,
}

/// Why a store could not be created.
#[derive(Debug, Error)]
pub enum CreateError {
    /// There is a file already.
    #[error("database {} exists already", path.display())]
    Exists {
        /// The database.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("create file of database {}", path.display())]
    File {
        /// The database.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// SQLite refused.
    #[error("set up database {}", path.display())]
    Sqlite {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// It was created and could not be opened.
    #[error("open what was just created")]
    Open(#[source] OpenError),
}

/// Why a store could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// There is no such file.
    #[error("database {} does not exist", path.display())]
    Missing {
        /// The database.
        path: PathBuf,
    },
    /// Another process has it open.
    #[error("database {} is in use by another process", path.display())]
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// The lock file could not be used.
    #[error("lock database {}", path.display())]
    Lock {
        /// The database.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file is a database of something else, or none.
    #[error("{} is not a database of phaki", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer program wrote it.
    #[error(
        "database {} has schema {found}, and this program knows schemas up to {known}: \
         use the newer program that wrote it",
        path.display()
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest schema version known here.
        known: i64,
    },
    /// SQLite refused.
    #[error("open database {}", path.display())]
    Sqlite {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// A migration failed; nothing of it remains.
    #[error("migrate database {}", path.display())]
    Migrate {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// The store does not say whose it is.
    #[error("database {} does not name its {what}", path.display())]
    Unnamed {
        /// The database.
        path: PathBuf,
        /// What is missing.
        what: &'static str,
    },
}

impl Store {
    /// Creates a store that holds nothing but a roster and the first record of its audit log, and
    /// opens it. Until it is complete the
    /// file does not have its final name; what a crash left behind is replaced.
    ///
    /// # Errors
    /// When there is a file at `path` already or it cannot be written.
    pub fn create(
        path: &Path,
        identity: &Identity,
        roster: &SignedRoster,
        branches: &[SignedBranch],
        founding: &AuditDraft,
    ) -> Result<Self, CreateError> {
        if path.exists() {
            return Err(CreateError::Exists {
                path: path.to_owned(),
            });
        }
        let failed = |source| CreateError::File {
            path: path.to_owned(),
            source,
        };
        let lock = take_lock(path).map_err(CreateError::Open)?;
        let unfinished = file::beside(path, ".new");
        for leftover in ["", "-wal", "-shm"] {
            match std::fs::remove_file(file::beside(&unfinished, leftover)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
                Ok(()) | Err(_) => {}
            }
        }
        file::create_private(&unfinished).map_err(failed)?;
        set_up(&unfinished, identity, (roster, branches), founding).map_err(|source| {
            CreateError::Sqlite {
                path: path.to_owned(),
                source,
            }
        })?;
        file::put_in_place(&unfinished, path).map_err(failed)?;
        Self::open_locked(path, lock).map_err(CreateError::Open)
    }

    /// Opens a store and brings its schema up to date.
    ///
    /// # Errors
    /// When the file is missing, in use, not a store, of a newer program, or unreadable.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        if !path.exists() {
            return Err(OpenError::Missing {
                path: path.to_owned(),
            });
        }
        let lock = take_lock(path)?;
        Self::open_locked(path, lock)
    }

    fn open_locked(path: &Path, lock: Lock) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Sqlite {
            path: path.to_owned(),
            source,
        };
        // Looked at before anything is written: a foreign database stays as it is.
        let existing = open_reader(path).map_err(|source| not_ours(path, source))?;
        check_origin(path, &existing)?;
        let mut connection = open_writer(path).map_err(failed)?;
        schema::migrate(&mut connection).map_err(|source| OpenError::Migrate {
            path: path.to_owned(),
            source,
        })?;
        let identity = read_identity(path, &connection)?;
        Ok(Self {
            identity,
            reader: Reader::new(path),
            lock: Arc::new(lock),
        })
    }

    /// Whose store it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        self.reader.path()
    }

    /// A handle for reading; clones of it may go to any thread.
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    pub(crate) fn set_identity(&mut self, identity: Identity) {
        self.identity = identity;
    }

    pub(crate) fn lock(&self) -> Arc<Lock> {
        Arc::clone(&self.lock)
    }

    /// What the node must know when it starts.
    ///
    /// # Errors
    /// When reading fails.
    pub fn durable(&self) -> Result<Durable, ReadError> {
        let (roster, branches, manifests, receipts, forks, feeds) =
            self.reader.with(|connection| {
                let roster = connection
                    .query_row("SELECT bytes, signature FROM roster", [], |row| {
                        let signature = Signature(row.get(1)?);
                        Ok(SignedRoster {
                            bytes: row.get(0)?,
                            signature,
                        })
                    })
                    .optional()?;
                let branches = signed(connection, "SELECT bytes, signature FROM branch")?;
                let manifests = signed(
                    connection,
                    "SELECT manifest, signature FROM space ORDER BY key",
                )?;
                // They come again; without them everything else goes on.
                let receipts = signed(connection, "SELECT bytes, signature FROM receipt")
                    .inspect_err(|error| self.reader.note_damage(&error.to_string()))
                    .unwrap_or_default();
                let mut statement = connection.prepare("SELECT proof FROM fork ORDER BY feed")?;
                let forks = statement
                    .query_map([], |row| row.get::<_, Vec<u8>>(0))?
                    .collect::<rusqlite::Result<Vec<_>>>()?;
                let mut statement = connection.prepare(DURABLE_FEEDS)?;
                let feeds = statement
                    .query_map([], durable_feed)?
                    .collect::<Result<Vec<_>, _>>()?;
                Ok((roster, branches, manifests, receipts, forks, feeds))
            })?;
        let forks = forks.iter().map(|bytes| ForkProof::decode(bytes));
        let forks = forks.collect::<Result<_, _>>();
        let roster = roster.ok_or_else(|| self.reader.damaged("roster"))?;
        Ok(Durable {
            roster,
            branches: branches.into_iter().map(branch_of).collect(),
            manifests: manifests.into_iter().map(manifest_of).collect(),
            forks: forks.map_err(|_| self.reader.damaged("proof of a fork"))?,
            receipts: receipts.into_iter().map(receipt_of).collect(),
            vault: self.reader.vaults()?,
            severed: self.reader.kept_everywhere()?,
            feeds,
        })
    }

    /// Begins a new life of the store: the next entries go to a new feed. To be called when the
    /// store was restored from a backup or found to be a clone, before its node starts.
    ///
    /// # Errors
    /// When writing fails.
    pub fn begin_epoch(&mut self, epoch: Epoch) -> Result<(), OpenError> {
        let failed = |source| OpenError::Sqlite {
            path: self.path().to_owned(),
            source,
        };
        let connection = open_writer(self.path()).map_err(failed)?;
        connection
            .execute("UPDATE meta SET value = ?1 WHERE name = 'epoch'", [epoch.0])
            .map_err(failed)?;
        self.identity.epoch = epoch;
        Ok(())
    }
}

/// Bytes with the signature over them.
type Signed = (Vec<u8>, Signature);

fn signed(connection: &Connection, select: &str) -> rusqlite::Result<Vec<Signed>> {
    let mut statement = connection.prepare(select)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, Signature(row.get(1)?))))?;
    rows.collect()
}

fn branch_of((bytes, signature): Signed) -> SignedBranch {
    SignedBranch { bytes, signature }
}

fn manifest_of((bytes, signature): Signed) -> SignedManifest {
    SignedManifest { bytes, signature }
}

fn receipt_of((bytes, signature): Signed) -> SignedReceipt {
    SignedReceipt { bytes, signature }
}

const DURABLE_FEEDS: &str = "
    SELECT space.id, feed.author, feed.epoch, feed.length, feed.head, feed.bytes
    FROM feed JOIN space ON space.key = feed.space
    WHERE feed.length > 0 ORDER BY feed.key";

fn durable_feed(row: &Row<'_>) -> rusqlite::Result<DurableFeed> {
    Ok(DurableFeed {
        space: SpaceId(row.get(0)?),
        feed: FeedId {
            author: NodeId(row.get(1)?),
            epoch: Epoch(row.get(2)?),
        },
        length: row.get(3)?,
        head: Hash(row.get(4)?),
        bytes: row.get(5)?,
    })
}

fn take_lock(path: &Path) -> Result<Lock, OpenError> {
    file::lock(path)
        .map_err(|source| OpenError::Lock {
            path: path.to_owned(),
            source,
        })?
        .ok_or_else(|| OpenError::InUse {
            path: path.to_owned(),
        })
}

fn set_up(
    path: &Path,
    identity: &Identity,
    (roster, branches): (&SignedRoster, &[SignedBranch]),
    founding: &AuditDraft,
) -> rusqlite::Result<()> {
    let mut connection = open_writer(path)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    schema::migrate(&mut connection)?;
    let transaction = connection.transaction()?;
    let Identity {
        federation,
        node,
        epoch,
    } = identity;
    for (name, value) in [
        ("federation", federation.as_bytes()),
        ("node", node.as_bytes()),
        ("epoch", epoch.as_bytes()),
    ] {
        transaction.execute(
            "INSERT INTO meta (name, value) VALUES (?1, ?2)",
            params![name, value],
        )?;
    }
    insert_roster(&transaction, roster)?;
    for branch in branches {
        // One that is none is not told here: nobody could start from it.
        if let Ok(parent) = Branch::decode(&branch.bytes).map(|branch| branch.parent) {
            insert_branch(&transaction, &parent, branch)?;
        }
    }
    audit::append(&transaction, founding)?;
    transaction.commit()?;
    // Closing the last connection moves the write-ahead log into the file that gets its name.
    connection.close().map_err(|(_, error)| error)
}

fn check_origin(path: &Path, connection: &Connection) -> Result<(), OpenError> {
    let application: i32 = connection
        .query_row("PRAGMA application_id", [], |row| row.get(0))
        .map_err(|source| not_ours(path, source))?;
    if application != APPLICATION_ID {
        return Err(OpenError::Foreign {
            path: path.to_owned(),
        });
    }
    let found = schema::version_of(connection).map_err(|source| OpenError::Sqlite {
        path: path.to_owned(),
        source,
    })?;
    let known = schema::version();
    if found > known {
        return Err(OpenError::Newer {
            path: path.to_owned(),
            found,
            known,
        });
    }
    Ok(())
}

fn not_ours(path: &Path, source: rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match source.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => OpenError::Foreign { path },
        _ => OpenError::Sqlite { path, source },
    }
}

fn read_identity(path: &Path, connection: &Connection) -> Result<Identity, OpenError> {
    let value = |what: &'static str| {
        connection
            .query_row("SELECT value FROM meta WHERE name = ?1", [what], |row| {
                row.get(0)
            })
            .optional()
            .map(Option::<Vec<u8>>::unwrap_or_default)
            .map_err(|source| OpenError::Sqlite {
                path: path.to_owned(),
                source,
            })
    };
    let unnamed = |what| OpenError::Unnamed {
        path: path.to_owned(),
        what,
    };
    Ok(Identity {
        federation: FederationId::from_slice(&value("federation")?)
            .ok_or_else(|| unnamed("federation"))?,
        node: NodeId::from_slice(&value("node")?).ok_or_else(|| unnamed("node"))?,
        epoch: Epoch::from_slice(&value("epoch")?).ok_or_else(|| unnamed("epoch"))?,
    })
}
