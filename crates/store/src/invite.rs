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
    /// Whether a person must approve the node that redeems it.
    pub approval: bool,
    /// The key whose place the new one takes; otherwise it is for a new node.
    pub replaces: Option<NodeId>,
    /// Whether that key was stolen, so that it need not vouch for the new one.
    pub stolen: bool,
    /// The node that redeemed it.
    pub used_by: Option<NodeId>,
    /// Why it is worthless, when somebody made it so.
    pub closed: Option<Closed>,
}

/// Why an invitation became worthless before its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// Whoever made it took it back, unused.
    Withdrawn,
    /// The node that redeemed it was not approved.
    Rejected {
        /// As the person who decided wrote it; may be empty.
        reason: String,
    },
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
    /// Nobody made it here.
    Unknown,
    /// It is too old.
    Expired,
    /// Another node redeemed it.
    Used,
    /// It was withdrawn.
    Withdrawn,
    /// The node redeemed it, and a person rejected the node.
    Rejected,
}

const COLUMNS: &str = "secret_hash, name, area, role, created_ms, expires_ms, approval, used_by, \
                       closed, reason, replaces, stolen";

/// The columns that [`read`] expects first, of a table with that name.
pub(crate) fn columns_of(table: &str) -> String {
    let columns = COLUMNS
        .split(", ")
        .map(|column| format!("{table}.{column}"));
    columns.collect::<Vec<_>>().join(", ")
}

/// Keeps an invitation; whether its secret is new.
pub(crate) fn insert(connection: &Connection, invite: &Invite) -> rusqlite::Result<bool> {
    let sql = format!(
        "INSERT INTO invite ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NULL, '', ?9, ?10)
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
            invite.approval,
            invite.used_by.map(|node| node.0),
            invite.replaces.map(|node| node.0),
            invite.stolen,
        ],
    )?;
    Ok(inserted == 1)
}

/// Gives the invitation with that secret to `node`. A node that did not hear the answer may ask
/// again: it gets its own invitation whatever the time. Besides: whether it did not have it before.
pub(crate) fn redeem(
    connection: &Connection,
    secret_hash: &Hash,
    node: &NodeId,
    now_ms: i64,
) -> rusqlite::Result<(Redemption, bool)> {
    let refused = |why| Ok((Redemption::Refused(why), false));
    let sql = format!("SELECT {COLUMNS} FROM invite WHERE secret_hash = ?1");
    let found = connection
        .query_row(&sql, [secret_hash.0], read)
        .optional()?;
    let Some(mut invite) = found else {
        return refused(InviteRefusal::Unknown);
    };
    match invite.used_by {
        Some(user) if user != *node => return refused(InviteRefusal::Used),
        _ if invite.closed == Some(Closed::Withdrawn) => {
            return refused(InviteRefusal::Withdrawn);
        }
        _ if invite.closed.is_some() => return refused(InviteRefusal::Rejected),
        Some(_) => return Ok((Redemption::Redeemed(invite), false)),
        None if invite.expires_ms <= now_ms => {
            return refused(InviteRefusal::Expired);
        }
        None => {}
    }
    connection.execute(
        "UPDATE invite SET used_by = ?2 WHERE secret_hash = ?1",
        params![secret_hash.0, node.0],
    )?;
    invite.used_by = Some(*node);
    Ok((Redemption::Redeemed(invite), true))
}

/// Forgets an unused invitation; whether there was one.
pub(crate) fn forget(connection: &Connection, secret_hash: &Hash) -> rusqlite::Result<bool> {
    let sql = "DELETE FROM invite WHERE secret_hash = ?1 AND used_by IS NULL";
    Ok(connection.execute(sql, [secret_hash.0])? == 1)
}

/// Makes an unused invitation worthless; whether there was one.
pub(crate) fn withdraw(connection: &Connection, secret_hash: &Hash) -> rusqlite::Result<bool> {
    let sql = "UPDATE invite SET closed = 'withdrawn'
               WHERE secret_hash = ?1 AND used_by IS NULL AND closed IS NULL";
    Ok(connection.execute(sql, [secret_hash.0])? == 1)
}

/// All invitations, the newest first.
pub(crate) fn list(connection: &Connection) -> rusqlite::Result<Vec<Invite>> {
    let sql = format!("SELECT {COLUMNS} FROM invite ORDER BY created_ms DESC, secret_hash");
    let mut statement = connection.prepare(&sql)?;
    statement.query_map([], read)?.collect()
}

pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Invite> {
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
        approval: row.get(6)?,
        replaces: row.get::<_, Option<[u8; 32]>>(10)?.map(NodeId),
        stolen: row.get(11)?,
        used_by: row.get::<_, Option<[u8; 32]>>(7)?.map(NodeId),
        closed: match row.get::<_, Option<String>>(8)?.as_deref() {
            None => None,
            Some("withdrawn") => Some(Closed::Withdrawn),
            Some(_) => Some(Closed::Rejected {
                reason: row.get(9)?,
            }),
        },
    })
}
