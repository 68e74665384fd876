//! Giving a store to another key of its node.

use std::path::PathBuf;

use phaki_replication::branch::{Branch, SignedBranch};
use phaki_replication::id::{Epoch, NodeId};
use phaki_replication::roster::SignedRoster;
use rusqlite::{Connection, params};
use thiserror::Error;

use crate::append::{insert_branch, insert_roster};
use crate::audit::{self, AuditDraft};
use crate::connection::open_writer;
use crate::reader::ReadError;
use crate::store::Store;

/// Another key for the node of a store.
#[derive(Clone, Debug)]
pub struct KeyReplacement<'a> {
    /// The new key.
    pub node: NodeId,
    /// A new life of the store: no feed is of two keys.
    pub epoch: Epoch,
    /// The roster in which the new key stands in the place of the old one.
    pub roster: &'a SignedRoster,
    /// The branches that came with it.
    pub branches: &'a [SignedBranch],
    /// Whether somebody else may have signed with the old key: then of its feeds only what this
    /// store wrote in its present life is taken to be the node's own.
    pub stolen: bool,
    /// Recorded with it.
    pub audit: &'a AuditDraft,
}

/// Why a store was not given to another key. Nothing of it was changed.
#[derive(Debug, Error)]
#[error("give database {} to another key", path.display())]
pub struct ReplaceKeyError {
    /// The database.
    pub path: PathBuf,
    /// What SQLite said.
    #[source]
    pub source: rusqlite::Error,
}

impl Store {
    /// Gives the store to another key of its node, in one transaction. To be called before its node
    /// starts.
    ///
    /// # Errors
    /// When writing fails.
    pub fn replace_key(&mut self, what: &KeyReplacement<'_>) -> Result<(), ReplaceKeyError> {
        let mut next = *self.identity();
        let replaced = open_writer(self.path())
            .and_then(|mut connection| replace(&mut connection, &next.node, &next.epoch, what));
        replaced.map_err(|source| ReplaceKeyError {
            path: self.path().to_owned(),
            source,
        })?;
        (next.node, next.epoch) = (what.node, what.epoch);
        self.set_identity(next);
        Ok(())
    }

    /// The keys that the store had before the present one.
    ///
    /// # Errors
    /// When reading fails.
    pub fn former_keys(&self) -> Result<Vec<NodeId>, ReadError> {
        self.reader().with(|connection| {
            let mut select = connection.prepare("SELECT node FROM former_key ORDER BY node")?;
            let keys = select.query_map([], |row| row.get(0).map(NodeId))?;
            keys.collect()
        })
    }
}

fn replace(
    connection: &mut Connection,
    old: &NodeId,
    epoch: &Epoch,
    what: &KeyReplacement<'_>,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute(
        "INSERT INTO former_feed (feed, counted, head)
         SELECT key, applied, head FROM feed
         WHERE author = ?1 AND (epoch = ?2 OR NOT ?3) AND length > 0",
        params![old.0, epoch.0, what.stolen],
    )?;
    transaction.execute(
        "INSERT INTO former_key (node, stolen) VALUES (?1, ?2)",
        params![old.0, what.stolen],
    )?;
    for (name, value) in [
        ("node", what.node.as_bytes()),
        ("epoch", what.epoch.as_bytes()),
    ] {
        transaction.execute(
            "UPDATE meta SET value = ?2 WHERE name = ?1",
            params![name, value],
        )?;
    }
    insert_roster(&transaction, what.roster)?;
    for branch in what.branches {
        // One that is none could not be read again.
        if let Ok(parent) = Branch::decode(&branch.bytes).map(|branch| branch.parent) {
            insert_branch(&transaction, &parent, branch)?;
        }
    }
    audit::append(&transaction, what.audit)?;
    transaction.commit()
}
