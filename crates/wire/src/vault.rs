//! Statements about people on the wire.

use phaki_replication::id::{ShortDigest, SpaceId, Subject};
use phaki_replication::limits::{VAULT_AT_ONCE_MAX, VAULT_STATEMENT_BYTES_MAX, VAULT_SUBJECTS_MAX};
use phaki_replication::message::Message;
use phaki_replication::vault::{SignedStatement, Told, VaultKey};

use crate::field::{self, DecodeError, at_most, copy, fixed, one_to};
use crate::proto::sync::v1 as pb;

pub(crate) fn to_wire(space: &SpaceId, statements: Vec<Told>) -> pb::Vault {
    let statement = |told: Told| pb::Statement {
        key: told
            .key
            .map_or_else(Default::default, |key| copy(key.as_bytes())),
        content: told.signed.bytes,
        signature: copy(&told.signed.signature.0),
    };
    pb::Vault {
        space: copy(&space.0),
        statements: statements.into_iter().map(statement).collect(),
    }
}

pub(crate) fn from_wire(vault: pb::Vault) -> Result<Message, DecodeError> {
    let count = vault.statements.len();
    one_to("number of statements", count, VAULT_AT_ONCE_MAX)?;
    let statement = |statement: pb::Statement| {
        let bytes = statement.content.len();
        at_most("bytes of a statement", bytes, VAULT_STATEMENT_BYTES_MAX)?;
        let key = match statement.key.is_empty() {
            true => None,
            false => Some(VaultKey::new(fixed("key of a record", &statement.key)?)),
        };
        let signed = SignedStatement {
            // A copy, so that it does not keep the whole frame in memory.
            bytes: copy(&statement.content),
            signature: field::signature(&statement.signature)?,
        };
        Ok(Told { signed, key })
    };
    Ok(Message::Vault {
        space: field::space(&vault.space)?,
        statements: vault
            .statements
            .into_iter()
            .map(statement)
            .collect::<Result<_, _>>()?,
    })
}

pub(crate) fn held_to_wire(
    space: &SpaceId,
    answer: bool,
    subjects: &[(Subject, ShortDigest)],
) -> pb::VaultHeld {
    let subject = |(subject, digest): &(Subject, ShortDigest)| pb::VaultSubject {
        subject: copy(&subject.0),
        digest: copy(&digest.0),
    };
    pb::VaultHeld {
        space: copy(&space.0),
        answer,
        subjects: subjects.iter().map(subject).collect(),
    }
}

pub(crate) fn held_from_wire(held: &pb::VaultHeld) -> Result<Message, DecodeError> {
    at_most("number of people", held.subjects.len(), VAULT_SUBJECTS_MAX)?;
    let subject = |held: &pb::VaultSubject| {
        let subject = Subject(fixed("id of a person", &held.subject)?);
        let digest = field::digest("digest of a person", &held.digest)?;
        Ok((subject, digest))
    };
    Ok(Message::VaultHeld {
        space: field::space(&held.space)?,
        answer: held.answer,
        subjects: held
            .subjects
            .iter()
            .map(subject)
            .collect::<Result<_, _>>()?,
    })
}
