//! What nodes said about people. The keys of records lie in a database beside the store, which no
//! backup holds: without its key a record says nothing, and a destroyed key is in no copy.
//!
//! The two are written in one transaction, which a crash may leave done in one of them only. A
//! record without its key is as good as none, and a key without its record opens nothing; what is
//! left of either is erased when the writer starts.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use phaki_replication::id::{SpaceId, Subject};
use phaki_replication::node::Change;
use phaki_replication::vault::{Content, Statement, Told, VaultKey};
use rusqlite::{Connection, OpenFlags, params};

use crate::batch::Batch;
use crate::fault::Fault;
use crate::file;
use crate::schema;

/// All migrations of the database of keys, in order. A released one is never changed.
const MIGRATIONS: &[&str] = &[include_str!("../keys/0001-init.sql")];

const DROP_RECORD: &str = "DELETE FROM vault WHERE space = ?1 AND subject = ?2 AND kind = 3";

/// The database of keys of the store at `database`.
pub fn keys_beside(database: &Path) -> PathBuf {
    file::beside(database, ".keys")
}

/// Opens the database of keys under the name `keys` on the connection that writes the store, and
/// erases what a crash, or a backup that was put back, left without its counterpart.
pub(crate) fn attach(connection: &Connection, database: &Path) -> rusqlite::Result<()> {
    let path = keys_beside(database);
    match file::create_private(&path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(rusqlite::Error::InvalidPath(path));
        }
        Ok(()) | Err(_) => {}
    }
    let mut own = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // No write-ahead log, in which a key would live on; what is deleted is overwritten.
    own.pragma_update(None, "journal_mode", "TRUNCATE")?;
    schema::apply(&mut own, MIGRATIONS)?;
    own.close().map_err(|(_, error)| error)?;
    let text = path.to_str();
    let text = text.ok_or_else(|| rusqlite::Error::InvalidPath(path.clone()))?;
    connection.execute("ATTACH ?1 AS keys", [text])?;
    connection.pragma_update(Some("keys"), "journal_mode", "TRUNCATE")?;
    connection.pragma_update(Some("keys"), "synchronous", "FULL")?;
    connection.pragma_update(Some("keys"), "secure_delete", true)?;
    sweep(connection)
}

fn sweep(connection: &Connection) -> rusqlite::Result<()> {
    let mut select = connection.prepare(
        "SELECT space.key, space.id, vault.subject, vault.bytes FROM vault
         JOIN space ON space.key = vault.space WHERE vault.kind = 3",
    )?;
    let records = select.query_map([], |row| {
        let bytes: Vec<u8> = row.get(3)?;
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, hash_of(&bytes)))
    })?;
    let records = records.collect::<rusqlite::Result<Vec<(i64, [u8; 16], [u8; 17], _)>>>()?;
    let mut held = BTreeSet::new();
    for (key, space, subject, hash) in records {
        let found = "SELECT count(*) FROM keys.record_key
                     WHERE space = ?1 AND subject = ?2 AND hash = ?3";
        let found: i64 =
            connection.query_row(found, params![space, subject, hash], |row| row.get(0))?;
        match found {
            0 => drop(connection.execute(DROP_RECORD, params![key, subject])?),
            _ => drop(held.insert((space, subject))),
        }
    }
    let mut select = connection.prepare("SELECT space, subject FROM keys.record_key")?;
    let keys = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for of in keys.collect::<rusqlite::Result<Vec<([u8; 16], [u8; 17])>>>()? {
        if !held.contains(&of) {
            connection.execute(
                "DELETE FROM keys.record_key WHERE space = ?1 AND subject = ?2",
                params![of.0, of.1],
            )?;
        }
    }
    Ok(())
}

fn hash_of(bytes: &[u8]) -> Option<[u8; 32]> {
    let statement = Statement::decode(bytes).ok()?;
    match statement.content {
        Content::Record(record) => Some(record.key.0),
        Content::Order(_) | Content::Done => None,
    }
}

/// Whether a change takes something away that must not linger in the write-ahead log.
pub(crate) fn erases(change: &Change) -> bool {
    let order = |told: &Told| {
        let statement = Statement::decode(&told.signed.bytes);
        statement.is_ok_and(|said| matches!(said.content, Content::Order(_)))
    };
    match change {
        Change::Vault { statements, .. } => statements.iter().any(order),
        Change::VaultLeft { .. } => true,
        _ => false,
    }
}

/// Empties the write-ahead log, in which what was erased still stands, sealed. While somebody reads
/// it cannot be emptied: then the next checkpoint overwrites it.
pub(crate) fn empty_log(connection: &Connection) {
    let checkpoint = "PRAGMA main.wal_checkpoint(TRUNCATE)";
    if let Err(error) = connection.query_row(checkpoint, [], |_| Ok(())) {
        tracing::debug!(%error, "the write-ahead log stays");
    }
}

/// Keeps verified statements, in their order.
pub(crate) fn put(
    batch: &mut Batch<'_>,
    space: &SpaceId,
    statements: &[Told],
) -> Result<(), Fault> {
    overwriting(batch.connection, true)?;
    for told in statements {
        let said = Statement::decode(&told.signed.bytes);
        let said = said.map_err(|_| Fault::Damaged("statement about a person"))?;
        put_one(batch, space, &said, told)?;
    }
    Ok(overwriting(batch.connection, false)?)
}

fn put_one(
    batch: &mut Batch<'_>,
    space: &SpaceId,
    said: &Statement,
    told: &Told,
) -> Result<(), Fault> {
    let key = batch.space(space)?;
    let (connection, kind) = (batch.connection, said.content.code());
    match &said.content {
        Content::Done => {}
        Content::Order(_) => {
            let drop_order = "DELETE FROM vault WHERE space = ?1 AND subject = ?2 AND kind = 1";
            connection.execute(drop_order, params![key.0, said.subject.0])?;
            connection.execute(DROP_RECORD, params![key.0, said.subject.0])?;
            connection.execute(
                "DELETE FROM keys.record_key WHERE space = ?1 AND subject = ?2",
                params![space.0, said.subject.0],
            )?;
        }
        Content::Record(record) => {
            connection.execute(DROP_RECORD, params![key.0, said.subject.0])?;
            let opens = told.key.as_ref().ok_or(Fault::Damaged("key of a record"))?;
            connection.execute(
                "INSERT OR REPLACE INTO keys.record_key (space, subject, hash, key)
                 VALUES (?1, ?2, ?3, ?4)",
                params![space.0, said.subject.0, record.key.0, opens.as_bytes()],
            )?;
        }
    }
    connection.execute(
        "INSERT OR REPLACE INTO vault (space, subject, kind, node, bytes, signature)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            key.0,
            said.subject.0,
            kind,
            said.node.0,
            told.signed.bytes.as_ref(),
            told.signed.signature.0
        ],
    )?;
    Ok(())
}

/// Erases all records of a space, and their keys.
pub(crate) fn leave(batch: &mut Batch<'_>, space: &SpaceId) -> Result<(), Fault> {
    let (key, connection) = (batch.space(space)?, batch.connection);
    overwriting(connection, true)?;
    connection.execute("DELETE FROM vault WHERE space = ?1 AND kind = 3", [key.0])?;
    connection.execute("DELETE FROM keys.record_key WHERE space = ?1", [space.0])?;
    Ok(overwriting(connection, false)?)
}

/// Whether what is deleted from the store is overwritten. It costs, so only what concerns people is.
fn overwriting(connection: &Connection, on: bool) -> rusqlite::Result<()> {
    connection.pragma_update(Some("main"), "secure_delete", on)
}

/// The keys of all records, by space and person; none when there is no such database yet.
pub(crate) fn keys(
    connection: &Connection,
) -> rusqlite::Result<Vec<((SpaceId, Subject), VaultKey)>> {
    if schema::version_of(connection)? == 0 {
        return Ok(Vec::new());
    }
    let mut select = connection.prepare("SELECT space, subject, key FROM record_key")?;
    let rows = select.query_map([], |row| {
        let of = (SpaceId(row.get(0)?), Subject(row.get(1)?));
        Ok((of, VaultKey::new(row.get(2)?)))
    })?;
    rows.collect()
}
