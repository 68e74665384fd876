//! Checking a whole store: chains, signatures, payloads, heads, summaries, the audit log.
//!
//! Everything that is derived is computed anew from the entries and compared.

mod derived;
mod index;

use phaki_documents::kind::DocumentId;
use phaki_replication::branch::{Branch, BranchError, SignedBranch};
use phaki_replication::entry;
use phaki_replication::feed::{Checkpoint, Run, RunError};
use phaki_replication::fork::{ForkError, ForkProof};
use phaki_replication::id::{Epoch, FederationId, FeedId, Hash, NodeId, SpaceId};
use phaki_replication::manifest::{ManifestError, SignedManifest};
use phaki_replication::roster::{RosterError, SignedRoster};
use phaki_replication::sign::Signature;
use rusqlite::{Connection, OptionalExtension};
use std::path::Path;
use thiserror::Error;

use crate::audit::{self, BrokenRecord};
use crate::fault::is_damage;
use crate::limits::PROBLEMS_MAX;
use crate::place::{FeedKey, Place};
use crate::reader::entries::read_entries;
use crate::reader::place::{Before, place_of};
use crate::reader::severed::run_beyond;
use crate::reader::{ReadError, Reader};

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// Feeds that were read.
    pub feeds: u64,
    /// Entries that were read.
    pub entries: u64,
    /// Documents whose heads were computed anew.
    pub documents: u64,
    /// Records of the audit log, up to the first that is not as it was written.
    pub audit_records: u64,
    /// What is wrong; the first [`PROBLEMS_MAX`].
    pub problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// SQLite finds its own structures damaged.
    #[error("database structure: {0}")]
    Structure(String),
    /// The roster does not verify.
    #[error("roster does not verify")]
    Roster(#[source] RosterError),
    /// A manifest does not verify.
    #[error("manifest of space {space} does not verify")]
    Manifest {
        /// The space.
        space: SpaceId,
        /// Why.
        #[source]
        source: ManifestError,
    },
    /// Entries between two checkpoints do not verify: one of them, or the checkpoint, is damaged.
    #[error("entries {from}..{to} of feed {feed} in space {space} do not verify")]
    Entries {
        /// The space.
        space: SpaceId,
        /// The feed.
        feed: FeedId,
        /// The first entry.
        from: u64,
        /// One past the last.
        to: u64,
        /// Why.
        #[source]
        source: RunError,
    },
    /// The feed's row does not say what its entries add up to.
    #[error("{what} of feed {feed} in space {space} is not that of its entries")]
    Feed {
        /// The space.
        space: SpaceId,
        /// The feed.
        feed: FeedId,
        /// Which number.
        what: &'static str,
    },
    /// The entries lead to other heads.
    #[error("heads of document {document} in space {space} are not those of its changes")]
    Heads {
        /// The space.
        space: SpaceId,
        /// The document.
        document: DocumentId,
    },
    /// The documents have another digest.
    #[error("digest of space {space} is not that of its documents")]
    Digest {
        /// The space.
        space: SpaceId,
    },
    /// The changes lead to another summary.
    #[error("summary of document {document} in space {space} is not that of its changes")]
    Summary {
        /// The space.
        space: SpaceId,
        /// The document.
        document: DocumentId,
    },
    /// A search looks at other texts than the document has.
    #[error("what is searched of document {document} in space {space} is not what stands in it")]
    Searchable {
        /// The space.
        space: SpaceId,
        /// The document.
        document: DocumentId,
    },
    /// A branch is not what its node signed.
    #[error("a stored branch is not what was signed")]
    Branch(#[source] BranchError),
    /// A proof of a fork proves nothing.
    #[error("a stored proof of a fork proves nothing")]
    Fork(#[source] ForkError),
    /// The audit log was altered; what follows the record cannot be trusted either.
    #[error("record {number} of the audit log {what}")]
    Audit {
        /// The first record that is not as it was written.
        number: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A value is not what was once written, so that its part could not be checked.
    #[error("{0} cannot be read")]
    Unreadable(&'static str),
}

impl Verification {
    pub(crate) fn add(&mut self, problem: Problem) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        }
    }

    /// Checks one part; that it cannot be read is a finding.
    fn part(
        &mut self,
        what: &'static str,
        check: impl FnOnce(&mut Self) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        match check(self) {
            Err(error) if is_damage(&error) => {
                self.add(Problem::Structure(format!("{what}: {error}")));
                Ok(())
            }
            outcome => outcome,
        }
    }
}

/// Lines about the structure of one table that are listed: the first ones tell where it is.
const LINES_MAX: usize = 10;

impl Reader {
    /// Checks everything that is stored, as far as it can be read. Takes about as long as
    /// receiving it again; writing goes on meanwhile.
    ///
    /// # Errors
    /// When reading fails. What is wrong is a result, not an error.
    pub fn verify(&self, federation: &FederationId) -> Result<Verification, ReadError> {
        let mut found = Verification::default();
        self.with(|connection| {
            found.part("structure", |found| check_structure(connection, found))?;
            let acts = |found: &mut Verification| check_acts(connection, federation, found);
            found.part("roster, branches and manifests", acts)?;
            found.part("audit log", |found| check_audit(connection, found))?;
            let mut known = Vec::new();
            found.part("feeds", |_| feeds(connection).map(|feeds| known = feeds))?;
            for feed in known {
                let check =
                    |found: &mut Verification| check_feed(connection, federation, &feed, found);
                found.part("entries and checkpoints", check)?;
            }
            let heads =
                |found: &mut Verification| derived::check_heads(connection, federation, found);
            found.part("documents", heads)
        })?;
        derived::check_summaries(self, &mut found)?;
        Ok(found)
    }
}

/// Checks the store at `database`, whichever process has it open.
///
/// # Errors
/// When it cannot be opened, or does not say of which federation it is. What is wrong inside is a
/// result, not an error.
pub fn verify(database: &Path) -> Result<Verification, ReadError> {
    let reader = Reader::new(database);
    let federation = reader.with(|connection| {
        let select = "SELECT value FROM meta WHERE name = 'federation'";
        connection.query_row(select, [], |row| row.get(0).map(FederationId))
    })?;
    reader.verify(&federation)
}

/// Each table with its indices by itself, so that its name can be told.
fn check_structure(connection: &Connection, found: &mut Verification) -> rusqlite::Result<()> {
    let select = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let mut select = connection.prepare(select)?;
    let tables = select.query_map([], |row| row.get::<_, String>(0))?;
    for table in tables.collect::<rusqlite::Result<Vec<_>>>()? {
        let mut check = connection.prepare(&format!("PRAGMA quick_check('{table}')"))?;
        let lines = check.query_map([], |row| row.get::<_, String>(0))?;
        for line in lines.take(LINES_MAX) {
            let line = line?;
            if line != "ok" {
                found.add(Problem::Structure(format!("table {table}: {line}")));
            }
        }
    }
    Ok(())
}

fn check_audit(connection: &Connection, found: &mut Verification) -> rusqlite::Result<()> {
    let audit = audit::check(connection, None)?;
    found.audit_records = audit.records;
    if let Some(BrokenRecord { number, what }) = audit.broken {
        found.add(Problem::Audit { number, what });
    }
    Ok(())
}

fn check_acts(
    connection: &Connection,
    federation: &FederationId,
    found: &mut Verification,
) -> rusqlite::Result<()> {
    let roster = connection
        .query_row("SELECT bytes, signature FROM roster", [], |row| {
            Ok(SignedRoster {
                bytes: row.get(0)?,
                signature: Signature(row.get(1)?),
            })
        })
        .optional()?;
    let roster = match roster.map(|roster| roster.open(federation)) {
        Some(Ok(roster)) => roster,
        Some(Err(error)) => {
            found.add(Problem::Roster(error));
            return Ok(());
        }
        None => {
            found.add(Problem::Unreadable("roster"));
            return Ok(());
        }
    };
    let roster = roster.with_branches(&check_branches(connection, federation, found)?);
    check_forks(connection, federation, found)?;
    let mut select = connection.prepare("SELECT id, manifest, signature FROM space ORDER BY id")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let space = SpaceId(row.get(0)?);
        let manifest = SignedManifest {
            bytes: row.get(1)?,
            signature: Signature(row.get(2)?),
        };
        if let Err(source) = manifest.open(federation, &roster) {
            found.add(Problem::Manifest { space, source });
        }
    }
    Ok(())
}

fn check_branches(
    connection: &Connection,
    federation: &FederationId,
    found: &mut Verification,
) -> rusqlite::Result<Vec<Branch>> {
    let mut branches = Vec::new();
    let mut select = connection.prepare("SELECT bytes, signature FROM branch ORDER BY parent")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let signature = Signature(row.get(1)?);
        let bytes = row.get(0)?;
        match (SignedBranch { bytes, signature }).open(federation) {
            Ok(branch) => branches.push(branch),
            Err(error) => found.add(Problem::Branch(error)),
        }
    }
    Ok(branches)
}

fn check_forks(
    connection: &Connection,
    federation: &FederationId,
    found: &mut Verification,
) -> rusqlite::Result<()> {
    let mut select = connection.prepare("SELECT proof FROM fork")?;
    for proof in select.query_map([], |row| row.get::<_, Vec<u8>>(0))? {
        let proof = ForkProof::decode(&proof?).map_err(ForkError::Decode);
        if let Err(error) = proof.and_then(|proof| proof.verify(federation)) {
            found.add(Problem::Fork(error));
        }
    }
    Ok(())
}

/// A feed's row.
struct Feed {
    space: SpaceId,
    feed: FeedId,
    key: FeedKey,
    length: u64,
    head: Hash,
    bytes: u64,
}

fn feeds(connection: &Connection) -> rusqlite::Result<Vec<Feed>> {
    let mut select = connection.prepare(
        "SELECT space.id, author, epoch, feed.key, length, head, bytes
         FROM feed JOIN space ON space.key = feed.space ORDER BY feed.key",
    )?;
    let rows = select.query_map([], |row| {
        Ok(Feed {
            space: SpaceId(row.get(0)?),
            feed: FeedId {
                author: NodeId(row.get(1)?),
                epoch: Epoch(row.get(2)?),
            },
            key: FeedKey(row.get(3)?),
            length: row.get(4)?,
            head: Hash(row.get(5)?),
            bytes: row.get(6)?,
        })
    })?;
    rows.collect()
}

/// A feed that was cut ends without a checkpoint: that of what was cut off vouches for it.
fn check_tail(
    connection: &Connection,
    federation: &FederationId,
    feed: &Feed,
    (length, head): (u64, Hash),
    found: &mut Verification,
) -> rusqlite::Result<Option<Before>> {
    let (space, tail) = (feed.space, (length, feed.length));
    let Some(run) = run_beyond(connection, &feed.feed, feed.key, tail, feed.head)? else {
        return Ok(None);
    };
    if let Err(source) = run.verify(federation, &space, (length, head)) {
        let (feed, from, to) = (feed.feed, length, run.end());
        found.add(Problem::Entries {
            space,
            feed,
            from,
            to,
            source,
        });
    }
    found.entries += feed.length - length;
    let root = entry::root(federation, &space, &feed.feed);
    place_of(connection, root, feed.key, feed.length).map(Some)
}

fn check_feed(
    connection: &Connection,
    federation: &FederationId,
    feed: &Feed,
    found: &mut Verification,
) -> rusqlite::Result<()> {
    let mut select = connection.prepare_cached(
        "SELECT place, head, signature, bytes FROM checkpoint
         WHERE place BETWEEN ?1 AND ?2 ORDER BY place",
    )?;
    let (space, places) = (feed.space, feed.key.places());
    let mut rows = select.query([places.start(), places.end()])?;
    let (mut length, mut head) = (0, entry::root(federation, &space, &feed.feed));
    let (mut bytes, mut wrong_bytes) = (0, false);
    while let Some(row) = rows.next()? {
        let place = Place(row.get(0)?);
        let signature = Signature(row.get(2)?);
        let checkpoint = Checkpoint {
            length: place.seq() + 1,
            head: Hash(row.get(1)?),
            signature,
        };
        let entries = read_entries(connection, feed.key.at(length), place)?;
        found.entries += u64::try_from(entries.len()).unwrap_or(u64::MAX);
        let run = Run {
            feed: feed.feed,
            from: length,
            entries,
            checkpoint,
        };
        if let Err(source) = run.verify(federation, &space, (length, head)) {
            let (feed, from, to) = (feed.feed, length, checkpoint.length);
            found.add(Problem::Entries {
                space,
                feed,
                from,
                to,
                source,
            });
        }
        bytes += u64::try_from(run.bytes()).unwrap_or(u64::MAX);
        wrong_bytes |= bytes != row.get::<_, u64>(3)?;
        (length, head) = (checkpoint.length, checkpoint.head);
    }
    if length < feed.length
        && let Some(end) = check_tail(connection, federation, feed, (length, head), found)?
    {
        (length, head, bytes) = (feed.length, end.head, end.bytes);
    }
    for (wrong, what) in [
        (length != feed.length, "length"),
        (head != feed.head, "head"),
        (wrong_bytes || bytes != feed.bytes, "number of bytes"),
    ] {
        if wrong {
            found.add(Problem::Feed {
                space,
                feed: feed.feed,
                what,
            });
        }
    }
    found.feeds += 1;
    Ok(())
}
