//! Contact data of people: signed statements beside the feeds, of which only the newest is kept.
//!
//! Feeds never forget, so nothing that must be erased may stand in one. A record holds the sealed
//! fields of one person; an order erases it for ever; an acknowledgement says who has done so. The
//! key of a record is beside it, never inside what is signed, so that it can be kept apart.

mod contents;
mod seal;

use std::fmt;

use bytes::Bytes;
use thiserror::Error;

use crate::canonical::{DecodeError, Decoder, Encoder};
use crate::id::{FederationId, Hash, NodeId, SpaceId, Subject};
use crate::limits::VAULT_SEALED_BYTES_MAX;
use crate::sign::{SecretKey, Signature, verify};

pub(crate) use contents::digest_of;
pub use contents::{Holding, Kept, Reception, Rights, Unheeded, Vault};
pub use seal::{SealError, VaultKey};

const DOMAIN: &str = "phaki/vault/v1";

/// What a node says about one person in one space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The federation in which it counts.
    pub federation: FederationId,
    /// The space.
    pub space: SpaceId,
    /// The person.
    pub subject: Subject,
    /// The node that says so.
    pub node: NodeId,
    /// The node's clock when it signed, milliseconds since 1970. Never decides which one counts.
    pub time_ms: i64,
    /// What it says.
    pub content: Content,
}

/// What a statement says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Everything that is held of the person is to be erased, and nothing to be recorded again.
    Order(Ground),
    /// The node has erased what it held, and will take no record of the person any more.
    Done,
    /// The person's contact data.
    Record(Record),
}

/// The person's contact data, all fields together: they are held on one lawful basis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Larger than that of the record that the author knew.
    pub number: u64,
    /// [`VaultKey::hash`] of the key that opens it. Each record has a key of its own.
    pub key: Hash,
    /// Sealed with that key, at most [`VAULT_SEALED_BYTES_MAX`] bytes.
    pub sealed: Bytes,
}

/// Why a person's data is erased: section 33 of the Personal Data Protection Act B.E. 2562.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ground {
    /// It is no longer needed for its purpose; s. 33 (1).
    NoLongerNeeded,
    /// The person has withdrawn consent, and there is no other basis; s. 33 (2).
    ConsentWithdrawn,
    /// The person has objected; s. 33 (3).
    Objection,
    /// It was recorded unlawfully; s. 33 (4).
    Unlawful,
}

impl Ground {
    /// All grounds with their code in signed bytes and their name in commands and output.
    pub const ALL: [(Self, u8, &'static str); 4] = [
        (Self::NoLongerNeeded, 1, "no-longer-needed"),
        (Self::ConsentWithdrawn, 2, "consent-withdrawn"),
        (Self::Objection, 3, "objection"),
        (Self::Unlawful, 4, "unlawful"),
    ];

    /// The name in commands and output.
    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(ground, ..)| *ground == self);
        found.map_or("", |(.., name)| *name)
    }

    /// The ground of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(.., known)| *known == name);
        found.map(|(ground, ..)| *ground)
    }

    fn code(self) -> u8 {
        let found = Self::ALL.iter().find(|(ground, ..)| *ground == self);
        found.map_or(0, |(_, code, _)| *code)
    }

    fn from_code(code: u8) -> Result<Self, DecodeError> {
        let found = Self::ALL.iter().find(|(_, known, _)| *known == code);
        found
            .map(|(ground, ..)| *ground)
            .ok_or(DecodeError::UnknownCode {
                what: "ground of an erasure",
                code,
            })
    }
}

/// A statement in the bytes that were signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedStatement {
    /// The canonical encoding.
    pub bytes: Bytes,
    /// By the node that the bytes name.
    pub signature: Signature,
}

/// A statement as nodes pass it on to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// As it was signed.
    pub signed: SignedStatement,
    /// What opens it, if it is a record.
    pub key: Option<VaultKey>,
}

/// Why a statement is not believed. Whoever sends such a one has made it up.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StatementError {
    /// The bytes are no statement.
    #[error("read statement about a person")]
    Decode(#[source] DecodeError),
    /// It belongs to another federation or another space.
    #[error("statement about a person is of another federation or space")]
    Place,
    /// The signature is not that of the node that it names.
    #[error("statement about a person is not signed by the node that it names")]
    Signature,
    /// The key is missing, or not the one that the record names.
    #[error("record of a person comes without its key")]
    Key,
}

impl Content {
    /// Where it stands among the statements about one person, in storage and when they arrive
    /// together.
    pub fn code(&self) -> u8 {
        match self {
            Self::Order(_) => 1,
            Self::Done => 2,
            Self::Record(_) => 3,
        }
    }
}

impl Statement {
    /// The canonical encoding, with its domain tag.
    pub fn encode(&self) -> Vec<u8> {
        let mut encoder = Encoder::with_domain(DOMAIN);
        encoder.fixed(&self.federation.0);
        encoder.fixed(&self.space.0);
        encoder.fixed(&self.subject.0);
        encoder.fixed(&self.node.0);
        encoder.i64(self.time_ms);
        encoder.u8(self.content.code());
        match &self.content {
            Content::Order(ground) => encoder.u8(ground.code()),
            Content::Done => {}
            Content::Record(record) => {
                encoder.u64(record.number);
                encoder.fixed(&record.key.0);
                encoder.bytes(&record.sealed);
            }
        }
        encoder.finish()
    }

    /// Reads the canonical encoding.
    ///
    /// # Errors
    /// When the bytes are not exactly one statement within the limits.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut decoder = Decoder::new(bytes);
        decoder.domain(DOMAIN)?;
        let statement = Self {
            federation: FederationId(decoder.fixed()?),
            space: SpaceId(decoder.fixed()?),
            subject: Subject(decoder.fixed()?),
            node: NodeId(decoder.fixed()?),
            time_ms: decoder.i64()?,
            content: match decoder.u8()? {
                1 => Content::Order(Ground::from_code(decoder.u8()?)?),
                2 => Content::Done,
                3 => Content::Record(Record {
                    number: decoder.u64()?,
                    key: Hash(decoder.fixed()?),
                    sealed: Bytes::copy_from_slice(
                        decoder.bytes("sealed bytes", VAULT_SEALED_BYTES_MAX)?,
                    ),
                }),
                code => {
                    return Err(DecodeError::UnknownCode {
                        what: "kind of a statement about a person",
                        code,
                    });
                }
            },
        };
        decoder.finish()?;
        Ok(statement)
    }

    /// Signs the statement with the key of its node; `key` opens it, if it is a record.
    pub fn sign(&self, signer: &SecretKey, key: Option<VaultKey>) -> Told {
        let bytes = self.encode();
        let signature = signer.sign(&bytes);
        let signed = SignedStatement {
            bytes: bytes.into(),
            signature,
        };
        Told { signed, key }
    }

    /// The number of a record.
    pub fn number(&self) -> Option<u64> {
        match &self.content {
            Content::Record(record) => Some(record.number),
            Content::Order(_) | Content::Done => None,
        }
    }
}

impl Told {
    /// What it says, whoever signed it.
    ///
    /// # Errors
    /// When the bytes are no statement of that federation and space, or come without their key.
    pub fn read(
        &self,
        federation: &FederationId,
        space: &SpaceId,
    ) -> Result<Statement, StatementError> {
        let statement = Statement::decode(&self.signed.bytes).map_err(StatementError::Decode)?;
        if (&statement.federation, &statement.space) != (federation, space) {
            return Err(StatementError::Place);
        }
        let expected = match &statement.content {
            Content::Record(record) => Some(record.key),
            Content::Order(_) | Content::Done => None,
        };
        if self.key.as_ref().map(VaultKey::hash) != expected {
            return Err(StatementError::Key);
        }
        Ok(statement)
    }

    /// Whether the node that the statement names has signed it.
    ///
    /// # Errors
    /// When it has not.
    pub fn check(&self, statement: &Statement) -> Result<(), StatementError> {
        let SignedStatement { bytes, signature } = &self.signed;
        match verify(&statement.node.0, bytes, signature) {
            true => Ok(()),
            false => Err(StatementError::Signature),
        }
    }
}

impl fmt::Display for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests;
