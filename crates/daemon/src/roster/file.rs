//! The file in which a roster travels to the federation's key and back, by mail or on a stick.
//!
//! Text between two lines of dashes: base64 of the roster that was in force with its signature,
//! the one that is to follow, the signature over that once there is one, and a checksum. So
//! whoever signs sees what changes against something that the key has signed before.

use std::fmt;

use data_encoding::BASE64;
use phaki_replication::canonical::{DecodeError, Decoder, Encoder};
use phaki_replication::id::{FederationId, Hash};
use phaki_replication::limits::ROSTER_BYTES_MAX;
use phaki_replication::roster::{Roster, RosterError, SignedRoster};
use phaki_replication::sign::{SecretKey, Signature};
use thiserror::Error;

use super::difference::{Difference, differences};
use crate::limits::ROSTER_FILE_BYTES_MAX;

const DOMAIN: &str = "phaki/roster-file/v1";
const UNSIGNED: &str = "PHAKI ROSTER TO BE SIGNED";
const SIGNED: &str = "PHAKI SIGNED ROSTER";
const CHECKSUM_BYTES: usize = 8;
const LINE_LETTERS: usize = 64;

/// A roster on its way, with the one that it follows. That one is signed by the federation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RosterFile {
    signed_before: SignedRoster,
    before: Roster,
    after: Roster,
    signature: Option<Signature>,
}

/// Why a text is no such file, or the roster in it none that may follow.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum RosterFileError {
    #[error(
        "there is no line `-----BEGIN {UNSIGNED}-----` or `-----BEGIN {SIGNED}-----`: name the \
         file that phaki wrote"
    )]
    NoFrame,
    #[error("the file is larger than {ROSTER_FILE_BYTES_MAX} bytes: no roster is")]
    TooLarge,
    #[error("the file is damaged or not whole: get it again from whoever sent it")]
    Damaged,
    #[error("read roster file")]
    Decode(#[source] DecodeError),
    #[error("the roster that was in force is not genuine: do not trust the file")]
    Before(#[source] RosterError),
    #[error("the roster that is to follow is not genuine: do not trust the file")]
    After(#[source] RosterError),
    #[error("the roster that is to follow is of another federation: do not trust the file")]
    Federation,
    #[error("the roster that is to follow has version {found} and not {expected}")]
    Version { found: u64, expected: u64 },
    #[error(
        "the roster that is to follow brings removed node {0} back or forgets it, which no \
         roster may: do not trust the file"
    )]
    Unlawful(String),
    #[error("the key is not that of federation {0}: name the right federation.key")]
    Key(FederationId),
    #[error("the roster is signed already: hand it to `phaki federation enact`")]
    SignedAlready,
}

impl RosterFile {
    /// What is to be signed so that `after` follows what is in force: of both what the federation
    /// itself says, without the branches of its nodes.
    pub(crate) fn prepare(
        signed_before: SignedRoster,
        mut after: Roster,
    ) -> Result<Self, RosterFileError> {
        let federation = after.federation;
        after.nodes.retain(|_, record| record.admitted_by.is_none());
        let before = signed_before.open(&federation);
        let file = Self {
            before: before.map_err(RosterFileError::Before)?,
            signed_before,
            after,
            signature: None,
        };
        file.check()?;
        Ok(file)
    }

    /// Reads a file; what stands around the frame does not matter.
    pub(crate) fn parse(text: &str) -> Result<Self, RosterFileError> {
        if text.len() > ROSTER_FILE_BYTES_MAX {
            return Err(RosterFileError::TooLarge);
        }
        let (begin, label) = [UNSIGNED, SIGNED]
            .iter()
            .find_map(|label| {
                let line = format!("-----BEGIN {label}-----");
                Some((text.find(&line)? + line.len(), label))
            })
            .ok_or(RosterFileError::NoFrame)?;
        let rest = &text[begin..];
        let end = rest.find(&format!("-----END {label}-----"));
        let body = &rest[..end.ok_or(RosterFileError::Damaged)?];
        let letters: Vec<u8> = body.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
        let bytes = BASE64
            .decode(&letters)
            .map_err(|_| RosterFileError::Damaged)?;
        let (content, sum) = bytes
            .len()
            .checked_sub(CHECKSUM_BYTES)
            .and_then(|content| bytes.split_at_checked(content))
            .ok_or(RosterFileError::Damaged)?;
        if sum != checksum(content) {
            return Err(RosterFileError::Damaged);
        }
        let file = Self::decode(content)?;
        file.check()?;
        Ok(file)
    }

    /// Signs the roster with the federation's key.
    pub(crate) fn sign(self, key: &SecretKey) -> Result<Self, RosterFileError> {
        if self.signature.is_some() {
            return Err(RosterFileError::SignedAlready);
        }
        if key.federation() != self.federation() {
            return Err(RosterFileError::Key(self.federation()));
        }
        let file = Self {
            signature: Some(self.after.sign(key).signature),
            ..self
        };
        file.check()?;
        Ok(file)
    }

    /// The signed roster; `None` before it is signed.
    pub(crate) fn signed(&self) -> Option<SignedRoster> {
        let bytes = self.after.encode();
        let signature = self.signature?;
        Some(SignedRoster { bytes, signature })
    }

    /// The roster that is to follow.
    pub(crate) fn after(&self) -> &Roster {
        &self.after
    }

    /// The roster that was in force when the file was made.
    pub(crate) fn before(&self) -> &Roster {
        &self.before
    }

    pub(crate) fn federation(&self) -> FederationId {
        self.before.federation
    }

    /// What changes.
    pub(crate) fn differences(&self) -> Vec<Difference> {
        differences(&self.before, &self.after)
    }

    fn check(&self) -> Result<(), RosterFileError> {
        if self.after.federation != self.before.federation {
            return Err(RosterFileError::Federation);
        }
        let (found, expected) = (self.after.version, self.before.version.saturating_add(1));
        if found != expected {
            return Err(RosterFileError::Version { found, expected });
        }
        let differences = self.differences();
        let unlawful = differences.iter().find(|found| found.what.is_unlawful());
        if let Some(found) = unlawful {
            return Err(RosterFileError::Unlawful(found.record.name.clone()));
        }
        if let Some(signed) = self.signed() {
            let opened = signed.open(&self.federation());
            opened.map_err(RosterFileError::After)?;
        }
        Ok(())
    }

    fn encode(&self) -> Vec<u8> {
        let mut encoder = Encoder::with_domain(DOMAIN);
        encoder.bytes(&self.signed_before.bytes);
        encoder.fixed(&self.signed_before.signature.0);
        encoder.bytes(&self.after.encode());
        encoder.u8(u8::from(self.signature.is_some()));
        if let Some(signature) = &self.signature {
            encoder.fixed(&signature.0);
        }
        encoder.finish()
    }

    fn decode(bytes: &[u8]) -> Result<Self, RosterFileError> {
        let mut decoder = Decoder::new(bytes);
        let mut read = || -> Result<_, DecodeError> {
            decoder.domain(DOMAIN)?;
            let signed_before = SignedRoster {
                bytes: decoder
                    .bytes("bytes of a roster", ROSTER_BYTES_MAX)?
                    .to_vec(),
                signature: Signature(decoder.fixed()?),
            };
            let after = Roster::decode(decoder.bytes("bytes of a roster", ROSTER_BYTES_MAX)?)?;
            let signature = match decoder.u8()? {
                0 => None,
                1 => Some(Signature(decoder.fixed()?)),
                code => {
                    let what = "signature of a roster file";
                    return Err(DecodeError::UnknownCode { what, code });
                }
            };
            Ok((signed_before, after, signature))
        };
        let (signed_before, after, signature) = read().map_err(RosterFileError::Decode)?;
        decoder.finish().map_err(RosterFileError::Decode)?;
        // Which federation it is, the file says; the signer and the enacting node compare.
        let federation = Roster::decode(&signed_before.bytes)
            .map_err(RosterFileError::Decode)?
            .federation;
        let before = signed_before.open(&federation);
        Ok(Self {
            before: before.map_err(RosterFileError::Before)?,
            signed_before,
            after,
            signature,
        })
    }
}

impl fmt::Display for RosterFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = match self.signature {
            Some(_) => SIGNED,
            None => UNSIGNED,
        };
        let mut bytes = self.encode();
        bytes.extend(checksum(&bytes));
        writeln!(f, "-----BEGIN {label}-----")?;
        let text = BASE64.encode(&bytes);
        let mut rest = text.as_str();
        while let Some((line, after)) = rest.split_at_checked(LINE_LETTERS) {
            writeln!(f, "{line}")?;
            rest = after;
        }
        if !rest.is_empty() {
            writeln!(f, "{rest}")?;
        }
        writeln!(f, "-----END {label}-----")
    }
}

fn checksum(content: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let hash = Hash::of("phaki/roster-file-sum/v1", &[content]);
    let mut sum = [0; CHECKSUM_BYTES];
    sum.copy_from_slice(&hash.0[..CHECKSUM_BYTES]);
    sum
}

#[cfg(test)]
mod tests;
