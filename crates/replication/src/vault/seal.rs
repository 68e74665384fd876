//! Sealing what a record says with a key of its own: ChaCha20-Poly1305, RFC 8439.

use std::fmt;

use bytes::Bytes;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use thiserror::Error;

use crate::canonical::Encoder;
use crate::id::{FederationId, Hash, SpaceId, Subject};

/// The key of one record. Prints as `…`.
#[derive(Clone, PartialEq, Eq)]
pub struct VaultKey([u8; 32]);

/// Why a record does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("record of a person does not open with its key")]
pub struct SealError;

impl VaultKey {
    /// The key of 32 random bytes, to be drawn anew for every record: the nonce is always the same.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to be kept secret, and to be destroyed.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What a record says of its key, so that nobody can give it another one.
    pub fn hash(&self) -> Hash {
        Hash::of("phaki/vault-key/v1", &[&self.0])
    }

    /// Seals what is recorded of a person.
    ///
    /// # Errors
    /// When there is far too much of it.
    pub fn seal(
        &self,
        federation: &FederationId,
        space: &SpaceId,
        subject: &Subject,
        plain: &[u8],
    ) -> Result<Bytes, SealError> {
        let place = place(federation, space, subject);
        let (msg, aad) = (plain, place.as_slice());
        let sealed = self
            .cipher()
            .encrypt(&Nonce::default(), Payload { msg, aad });
        sealed.map(Bytes::from).map_err(|_| SealError)
    }

    /// Opens what was sealed for that person in that place.
    ///
    /// # Errors
    /// When it was sealed with another key or for another place, or was altered.
    pub fn open(
        &self,
        federation: &FederationId,
        space: &SpaceId,
        subject: &Subject,
        sealed: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let place = place(federation, space, subject);
        let (msg, aad) = (sealed, place.as_slice());
        let opened = self
            .cipher()
            .decrypt(&Nonce::default(), Payload { msg, aad });
        opened.map_err(|_| SealError)
    }

    fn cipher(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(Key::from_slice(&self.0))
    }
}

fn place(federation: &FederationId, space: &SpaceId, subject: &Subject) -> Vec<u8> {
    let mut encoder = Encoder::with_domain("phaki/vault-seal/v1");
    encoder.fixed(&federation.0);
    encoder.fixed(&space.0);
    encoder.fixed(&subject.0);
    encoder.finish()
}

impl fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_with_its_key_in_its_place_only() {
        let (federation, space) = (FederationId([1; 32]), SpaceId([2; 16]));
        let (one, other) = (Subject([3; 17]), Subject([4; 17]));
        let key = VaultKey::new([5; 32]);
        let sealed = key.seal(&federation, &space, &one, b"0").unwrap();
        assert_eq!(key.open(&federation, &space, &one, &sealed).unwrap(), b"0");
        assert_eq!(
            key.open(&federation, &space, &other, &sealed),
            Err(SealError)
        );
        let stranger = VaultKey::new([6; 32]);
        assert_eq!(
            stranger.open(&federation, &space, &one, &sealed),
            Err(SealError)
        );
        assert_eq!(format!("{key:?}"), "VaultKey(…)");
    }
}
