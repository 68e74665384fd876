//! The names of things: nodes, federations, spaces, epochs, feeds and hashes.
//!
//! All are byte arrays of fixed length; none is ever shown as anything but lowercase hexadecimal.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::canonical::{DecodeError, Decoder, Encoder};

macro_rules! byte_id {
    ($(#[$doc:meta])* $name:ident, $length:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $length]);

        impl $name {
            /// Length in bytes.
            pub const LENGTH: usize = $length;

            /// The id in `bytes`; `None` when the length is wrong.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }

            /// The id written as hexadecimal; `None` when it is not exactly that.
            pub fn from_hex(text: &str) -> Option<Self> {
                let mut bytes = [0; $length];
                if text.len() != 2 * $length || !text.is_ascii() {
                    return None;
                }
                for (index, byte) in bytes.iter_mut().enumerate() {
                    *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
                }
                Some(Self(bytes))
            }

            /// The bytes.
            pub fn as_bytes(&self) -> &[u8] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), &self.to_string()[..8])
            }
        }
    };
}

byte_id! {
    /// A node: its Ed25519 public key.
    NodeId, 32
}
byte_id! {
    /// A federation: the Ed25519 public key that signs its roster.
    FederationId, 32
}
byte_id! {
    /// A space. Derived from its founder, so that nobody else can sign a manifest for it.
    SpaceId, 16
}
byte_id! {
    /// Drawn at random whenever a store is created, restored or found to be cloned.
    Epoch, 16
}
byte_id! {
    /// A SHA-256 hash.
    Hash, 32
}
byte_id! {
    /// The first half of a SHA-256 hash, where only accidents must be noticed.
    ShortDigest, 16
}

byte_id! {
    /// The person whom a vault record is about: the encoded id of a document of kind `person`.
    Subject, 17
}

/// One writer's sequence of entries in one space within one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeedId {
    /// The node whose key signs the feed.
    pub author: NodeId,
    /// The life of the author's store in which the feed was written.
    pub epoch: Epoch,
}

impl FeedId {
    /// The first sixteen bytes of every Automerge actor id that this feed may use.
    ///
    /// Bound to the feed, so that nobody can write changes under another's actor id, and two
    /// changes with the same actor and sequence can only meet in one totally ordered feed. So long
    /// that nobody finds two epochs of one prefix.
    pub fn actor_prefix(&self) -> [u8; 16] {
        let hash = Hash::of("phaki/actor/v1", &[&self.author.0, &self.epoch.0]);
        hash.shorten().0
    }

    /// An actor id of this feed: [`Self::actor_prefix`], then bytes of the process's choice.
    pub fn actor(&self, tail: [u8; 8]) -> [u8; 24] {
        let mut actor = [0; 24];
        actor[..16].copy_from_slice(&self.actor_prefix());
        actor[16..].copy_from_slice(&tail);
        actor
    }

    pub(crate) fn encode(&self, encoder: &mut Encoder) {
        encoder.fixed(&self.author.0);
        encoder.fixed(&self.epoch.0);
    }

    pub(crate) fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            author: NodeId(decoder.fixed()?),
            epoch: Epoch(decoder.fixed()?),
        })
    }
}

impl fmt::Display for FeedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.author, self.epoch)
    }
}

impl SpaceId {
    /// The id of the space that `founder` creates with `nonce` in `federation`.
    pub fn derive(federation: &FederationId, founder: &NodeId, nonce: &[u8; 16]) -> Self {
        let hash = Hash::of("phaki/space/v1", &[&federation.0, &founder.0, nonce]);
        let mut id = [0; 16];
        id.copy_from_slice(&hash.0[..16]);
        Self(id)
    }
}

impl Hash {
    /// SHA-256 over a domain tag and parts of known, fixed or self-delimiting length.
    pub fn of(domain: &str, parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(domain.as_bytes());
        hasher.update([0]);
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }

    /// The first half.
    pub fn shorten(&self) -> ShortDigest {
        let mut short = [0; 16];
        short.copy_from_slice(&self.0[..16]);
        ShortDigest(short)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_reads_back_and_nothing_else_does() {
        let id = SpaceId([0xab; 16]);
        assert_eq!(SpaceId::from_hex(&id.to_string()), Some(id));
        assert_eq!(SpaceId::from_hex("ab"), None);
        assert_eq!(SpaceId::from_hex(&"g".repeat(32)), None);
        assert_eq!(SpaceId::from_hex(&"ก".repeat(16)), None);
    }

    #[test]
    fn a_space_belongs_to_its_founder() {
        let federation = FederationId([1; 32]);
        let one = SpaceId::derive(&federation, &NodeId([2; 32]), &[3; 16]);
        assert_ne!(
            one,
            SpaceId::derive(&federation, &NodeId([4; 32]), &[3; 16])
        );
        assert_eq!(one.to_string(), "6e87545633461037fe2ee89fc5421876");
    }
}
