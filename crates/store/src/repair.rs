//! Making a damaged store anew from everything in it that can still be read and proves true.
//!
//! Of every feed that part is kept from its beginning for which its author's signatures vouch, of
//! rosters, branches and manifests what was signed, of the audit log what its hashes bind together;
//! all that is derived is computed again. What is missing then comes from peers, as after a
//! restore: therefore the store begins a new epoch.

mod copying;

use std::io;
use std::path::{Path, PathBuf};

use phaki_replication::branch::{Branch, SignedBranch};
use phaki_replication::id::{Epoch, FederationId, FeedId, NodeId, SpaceId};
use phaki_replication::roster::{Roster, SignedRoster};
use phaki_replication::sign::Signature;
use rusqlite::{Connection, OptionalExtension, params};
use thiserror::Error;

use self::copying::Copying;
use crate::audit::{self, AuditDraft};
use crate::connection::{open_reader, open_writer};
use crate::fault::Fault;
use crate::file;
use crate::reader::ReadError;
use crate::schema::{self, APPLICATION_ID};
use crate::store::{Identity, OpenError, Store};

/// What is made anew, and as what.
#[derive(Clone, Copy, Debug)]
pub struct Repair<'a> {
    /// The damaged store.
    pub database: &'a Path,
    /// Where it is moved to, whole as it is.
    pub aside: &'a Path,
    /// Whose store it must be.
    pub node: NodeId,
    /// The new life of the store.
    pub epoch: Epoch,
    /// Recorded in the audit log of the new store.
    pub audit: &'a AuditDraft,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Entries that the new store holds.
    pub entries: u64,
    /// Feeds of which the damaged store held more.
    pub shortened: Vec<Shortened>,
    /// Tables of which not everything could be read or is not what was signed.
    pub unread: Vec<&'static str>,
}

/// A feed of which not everything could be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortened {
    /// The space.
    pub space: SpaceId,
    /// The feed.
    pub feed: FeedId,
    /// Entries that were kept.
    pub kept: u64,
    /// Entries that there were.
    pub held: u64,
}

/// Why a store was not made anew. It is where it was.
#[derive(Debug, Error)]
pub enum RepairError {
    /// The file system refused.
    #[error("write {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Not even its outline can be read, or the new one cannot be written.
    #[error("copy what can be read of database {}", path.display())]
    Sqlite {
        /// The damaged store.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// It was written by a program of another age.
    #[error("database {} has schema {found}, and this program repairs schema {known}", path.display())]
    Schema {
        /// The damaged store.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// That of this program.
        known: i64,
    },
    /// Without it nothing else can be checked.
    #[error("the roster in database {} cannot be read", path.display())]
    NoRoster {
        /// The damaged store.
        path: PathBuf,
    },
    /// The store belongs to another node.
    #[error("database {} belongs to node {found}", path.display())]
    OtherNode {
        /// The damaged store.
        path: PathBuf,
        /// Whose it is.
        found: NodeId,
    },
    /// What was read does not fit together.
    #[error("put together what can be read of database {}: {what}", path.display())]
    Parts {
        /// The damaged store.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
    /// The new store could not be opened.
    #[error("open what was put together")]
    Open(#[source] OpenError),
    /// The new store could not be checked.
    #[error("check what was put together")]
    Read(#[source] ReadError),
}

/// Makes the store anew and puts it in its place. Whose lock protects the folder must be held.
///
/// # Errors
/// When too little can be read, or nothing can be written.
pub fn repair(what: &Repair<'_>) -> Result<Kept, RepairError> {
    let unfinished = file::beside(what.database, ".new");
    let made = make(what, &unfinished);
    let kept = match made.and_then(|kept| check(what, &unfinished).map(|()| kept)) {
        Ok(kept) => kept,
        Err(error) => {
            // The error that came first says more than one about what is left behind.
            file::remove_database(&unfinished).ok();
            return Err(error);
        }
    };
    file::replace_database(&unfinished, what.database, Some(what.aside))
        .map_err(|(path, source)| RepairError::File { path, source })?;
    Ok(kept)
}

fn make(what: &Repair<'_>, unfinished: &Path) -> Result<Kept, RepairError> {
    let path = || what.database.to_owned();
    let failed = |source| RepairError::Sqlite {
        path: path(),
        source,
    };
    let source = open_reader(what.database).map_err(failed)?;
    let (found, known) = (
        schema::version_of(&source).map_err(failed)?,
        schema::version(),
    );
    if found != known {
        return Err(RepairError::Schema {
            path: path(),
            found,
            known,
        });
    }
    let (federation, signed, roster) =
        roster_of(&source).ok_or_else(|| RepairError::NoRoster { path: path() })?;
    if let Some(found) = meta(&source, "node").and_then(|bytes| NodeId::from_slice(&bytes))
        && found != what.node
    {
        return Err(RepairError::OtherNode {
            path: path(),
            found,
        });
    }
    file::remove_database(unfinished)
        .and_then(|()| file::create_private(unfinished))
        .map_err(|source| RepairError::File {
            path: unfinished.to_owned(),
            source,
        })?;
    let identity = Identity {
        federation,
        node: what.node,
        epoch: what.epoch,
    };
    let parts = |fault| match fault {
        Fault::Sqlite(source) => failed(source),
        other => RepairError::Parts {
            path: path(),
            what: format!("{other:?}"),
        },
    };
    fill(what, &source, (identity, signed, roster), unfinished).map_err(parts)
}

fn fill(
    what: &Repair<'_>,
    source: &Connection,
    (identity, signed, roster): (Identity, SignedRoster, Roster),
    unfinished: &Path,
) -> Result<Kept, Fault> {
    let mut target = open_writer(unfinished)?;
    target.pragma_update(None, "application_id", APPLICATION_ID)?;
    schema::migrate(&mut target)?;
    let mut copying = Copying::new(source, identity.federation);
    let transaction = target.transaction()?;
    for (name, value) in [
        ("federation", identity.federation.as_bytes()),
        ("node", identity.node.as_bytes()),
        ("epoch", identity.epoch.as_bytes()),
    ] {
        transaction.execute(
            "INSERT INTO meta (name, value) VALUES (?1, ?2)",
            params![name, value],
        )?;
    }
    crate::append::insert_roster(&transaction, &signed)?;
    copying.acts(&transaction, roster)?;
    transaction.commit()?;
    copying.entries(&mut target)?;
    let transaction = target.transaction()?;
    copying.notes(&transaction)?;
    let kept = copying.kept;
    audit::append(&transaction, what.audit)?;
    transaction.commit()?;
    // Everything shall be in the one file that is going to be renamed.
    target.pragma_update(None, "journal_mode", "DELETE")?;
    target.close().map_err(|(_, error)| error)?;
    Ok(kept)
}

/// The new store must be sound in every respect.
fn check(what: &Repair<'_>, unfinished: &Path) -> Result<(), RepairError> {
    let store = Store::open(unfinished).map_err(RepairError::Open)?;
    let found = store.reader().verify(&store.identity().federation);
    let found = found.map_err(RepairError::Read)?;
    match found.problems.first() {
        None => Ok(()),
        Some(problem) => Err(RepairError::Parts {
            path: what.database.to_owned(),
            what: problem.to_string(),
        }),
    }
}

fn meta(source: &Connection, name: &str) -> Option<Vec<u8>> {
    let select = "SELECT value FROM meta WHERE name = ?1";
    source.query_row(select, [name], |row| row.get(0)).ok()
}

/// The federation, and the roster that its key signed with the branches that were signed.
fn roster_of(source: &Connection) -> Option<(FederationId, SignedRoster, Roster)> {
    let signed = source
        .query_row("SELECT bytes, signature FROM roster", [], |row| {
            let signature = Signature(row.get(1)?);
            Ok(SignedRoster {
                bytes: row.get(0)?,
                signature,
            })
        })
        .optional()
        .ok()??;
    let named = meta(source, "federation").and_then(|bytes| FederationId::from_slice(&bytes));
    // The roster names it too.
    let federation = match named {
        Some(federation) => federation,
        None => Roster::decode(&signed.bytes).ok()?.federation,
    };
    let roster = signed.open(&federation).ok()?;
    Some((
        federation,
        signed,
        roster.with_branches(&branches(source, &federation)),
    ))
}

fn branches(source: &Connection, federation: &FederationId) -> Vec<Branch> {
    let mut branches = Vec::new();
    let Ok(mut select) = source.prepare("SELECT bytes, signature FROM branch ORDER BY parent")
    else {
        return branches;
    };
    let Ok(rows) = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))) else {
        return branches;
    };
    // As far as they can be read; the others come from peers.
    for (bytes, signature) in rows.map_while(Result::ok) {
        let signature = Signature(signature);
        branches.extend((SignedBranch { bytes, signature }).open(federation).ok());
    }
    branches
}
