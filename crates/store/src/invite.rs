//! Invitations to enrol: kept by the hash of their secret, redeemed once.

use phaki_replication::id::{Hash, NodeId};
use phaki_replication::roster::NodeRole;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// An invitation for one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// SHA-256 of the secret in the invitation.
    pub secret_hash: Hash,
    /// The name that the node is to have.
    pub name: String,
    /// The area it stands for.
    pub area: String,
    /// What it is to be.
    pub role: NodeRole,
    /// Milliseconds since 1970 when it was made.
    pub created_ms: i64,
    /// Milliseconds since 1970 from when on it is worthless.
    pub expires_ms: i64,
    /// The node that redeemed it.
    pub used_by: Option<NodeId>,
}

/// What came of an attempt to redeem an invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redemption {
    /// It is the node's now.
    Redeemed(Invite),
    /// It is not.
    Refused(InviteRefusal),
}

/// Why an invitation is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InviteRefusal {
    /// Nobody made it here, or it was withdrawn.
    Unknown,
    /// It is too old.
    Expired,
    /// Another node redeemed it.
    Used,
}

const COLUMNS: &str = "secret_hash, name, area, role, created_ms, expires_ms, used_by";

/// Keeps an invitation; whether its secret is new.
pub(crate) fn insert(connection: &Connection, invite: &Invite) -> rusqlite::Result<bool> {
    let sql = format!(
        "INSERT INTO invite ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (secret_hash) DO NOTHING"
    );
    let inserted = connection.execute(
        &sql,
        params![
            invite.secret_hash.0,
            invite.name,
            invite.area,
            invite.role.name(),
            invite.created_ms,
            invite.expires_ms,
            invite.used_by.map(|node| node.0),
        ],
    )?;
    Ok(inserted == 1)
}

/// Gives the invitation with that secret to `node`. A node that did not hear the answer may ask
/// again: it gets its own invitation whatever the time.
pub(crate) fn redeem(
    connection: &Connection,
    secret_hash: &Hash,
    node: &NodeId,
    now_ms: i64,
) -> rusqlite::Result<Redemption> {
    let sql = format!("SELECT {COLUMNS} FROM invite WHERE secret_hash = ?1");
    let found = connection
        .query_row(&sql, [secret_hash.0], read)
        .optional()?;
    let Some(mut invite) = found else {
        return Ok(Redemption::Refused(InviteRefusal::Unknown));
    };
    match invite.used_by {
        Some(user) if user == *node => return Ok(Redemption::Redeemed(invite)),
        Some(_) => return Ok(Redemption::Refused(InviteRefusal::Used)),
        None if invite.expires_ms <= now_ms => {
            return Ok(Redemption::Refused(InviteRefusal::Expired));
        }
        None => {}
    }
    connection.execute(
        "UPDATE invite SET used_by = ?2 WHERE secret_hash = ?1",
        params![secret_hash.0, node.0],
    )?;
    invite.used_by = Some(*node);
    Ok(Redemption::Redeemed(invite))
}

/// Forgets an unused invitation; whether there was one.
pub(crate) fn withdraw(connection: &Connection, secret_hash: &Hash) -> rusqlite::Result<bool> {
    let sql = "DELETE FROM invite WHERE secret_hash = ?1 AND used_by IS NULL";
    Ok(connection.execute(sql, [secret_hash.0])? == 1)
}

/// All invitations, the newest first.
pub(crate) fn list(connection: &Connection) -> rusqlite::Result<Vec<Invite>> {
    let sql = format!("SELECT {COLUMNS} FROM invite ORDER BY created_ms DESC, secret_hash");
    let mut statement = connection.prepare(&sql)?;
    statement.query_map([], read)?.collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Invite> {
    let role: String = row.get(3)?;
    let unknown = || {
        let text = format!("unknown role {role:?}");
        rusqlite::Error::FromSqlConversionFailure(3, rusqlite::types::Type::Text, text.into())
    };
    Ok(Invite {
        secret_hash: Hash(row.get(0)?),
        name: row.get(1)?,
        area: row.get(2)?,
        role: NodeRole::from_name(&role).ok_or_else(unknown)?,
        created_ms: row.get(4)?,
        expires_ms: row.get(5)?,
        used_by: row.get::<_, Option<[u8; 32]>>(6)?.map(NodeId),
    })
}
