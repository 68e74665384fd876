//! Nodes that redeemed an invitation and wait until a person decides.

use phaki_replication::consent::Consent;
use phaki_replication::id::{Hash, NodeId};
use phaki_replication::sign::Signature;
use rusqlite::{Connection, Row, params};

use crate::invite::{self, Invite};
use crate::limits::PENDING_MAX;

/// A node that waits for a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The invitation that it redeemed, by the SHA-256 of its secret.
    pub secret_hash: Hash,
    /// Its key.
    pub node: NodeId,
    /// Where it wishes to be dialled, `host:port`.
    pub addresses: Vec<String>,
    /// The software that it says it runs.
    pub software: String,
    /// To be admitted by this node, as far as it gave that.
    pub consent: Consent,
    /// Milliseconds since 1970 when it asked first.
    pub since_ms: i64,
}

/// What becomes of invitations and of the nodes that wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A node waits from now on. Asking again renews its wishes, not its place. Not done when
    /// [`PENDING_MAX`] others wait.
    Wait(Pending),
    /// A node does not wait any more: it was admitted.
    Admit(NodeId),
    /// A node does not wait any more, and its invitation is spent.
    Reject {
        /// The invitation, by the SHA-256 of its secret.
        secret_hash: Hash,
        /// Why, in words of the person who decided; may be empty.
        reason: String,
    },
    /// An invitation that nobody used becomes worthless.
    Withdraw(Hash),
}

/// Carries out a decision; whether there was anything to decide.
pub(crate) fn decide(connection: &Connection, decision: &Decision) -> rusqlite::Result<bool> {
    match decision {
        Decision::Wait(pending) => wait(connection, pending),
        Decision::Admit(node) => {
            let sql = "DELETE FROM pending WHERE node = ?1";
            Ok(connection.execute(sql, [node.0])? > 0)
        }
        Decision::Reject {
            secret_hash,
            reason,
        } => reject(connection, secret_hash, reason),
        Decision::Withdraw(secret_hash) => invite::withdraw(connection, secret_hash),
    }
}

/// A node waits once, for the invitation that it presented last.
fn wait(connection: &Connection, pending: &Pending) -> rusqlite::Result<bool> {
    let sql = "DELETE FROM pending WHERE node = ?1 AND secret_hash <> ?2";
    connection.execute(sql, params![pending.node.0, pending.secret_hash.0])?;
    let sql = "INSERT INTO pending (secret_hash, node, addresses, software, since_ms, parent,
                                    consent)
               SELECT ?1, ?2, ?3, ?4, ?5, ?7, ?8
               WHERE (SELECT count(*) FROM pending WHERE secret_hash <> ?1) < ?6
               ON CONFLICT (secret_hash) DO UPDATE
               SET addresses = excluded.addresses, software = excluded.software,
                   parent = excluded.parent, consent = excluded.consent";
    let changed = connection.execute(
        sql,
        params![
            pending.secret_hash.0,
            pending.node.0,
            pending.addresses.join("\n"),
            pending.software,
            pending.since_ms,
            PENDING_MAX,
            pending.consent.parent.0,
            pending.consent.signature.0,
        ],
    )?;
    Ok(changed == 1)
}

fn reject(connection: &Connection, secret_hash: &Hash, reason: &str) -> rusqlite::Result<bool> {
    let sql = "DELETE FROM pending WHERE secret_hash = ?1";
    if connection.execute(sql, [secret_hash.0])? == 0 {
        return Ok(false);
    }
    connection.execute(
        "UPDATE invite SET closed = 'rejected', reason = ?2 WHERE secret_hash = ?1",
        params![secret_hash.0, reason],
    )?;
    Ok(true)
}

/// Everything that waits, with its invitation, the oldest first.
pub(crate) fn list(connection: &Connection) -> rusqlite::Result<Vec<(Pending, Invite)>> {
    let columns = invite::columns_of("invite");
    let sql = format!(
        "SELECT {columns}, pending.node, pending.addresses, pending.software, pending.since_ms,
                pending.parent, pending.consent
         FROM pending JOIN invite USING (secret_hash)
         ORDER BY pending.since_ms, secret_hash"
    );
    let mut statement = connection.prepare(&sql)?;
    statement.query_map([], read)?.collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<(Pending, Invite)> {
    let invite = invite::read(row)?;
    let addresses: String = row.get("addresses")?;
    let pending = Pending {
        secret_hash: invite.secret_hash,
        node: NodeId(row.get("node")?),
        addresses: addresses.lines().map(str::to_owned).collect(),
        software: row.get("software")?,
        consent: Consent {
            parent: NodeId(row.get("parent")?),
            signature: Signature(row.get("consent")?),
        },
        since_ms: row.get("since_ms")?,
    };
    Ok((pending, invite))
}
