//! The manifest: who may read and write a space, signed by its steward.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::canonical::{DecodeError, Decoder, Encoder};
use crate::id::{FederationId, FeedId, Hash, NodeId, SpaceId};
use crate::limits::{FEEDS_PER_SPACE_MAX, MEMBERS_MAX, NAME_BYTES_MAX};
use crate::sign::{SecretKey, Signature, verify};

const DOMAIN: &str = "phaki/manifest/v1";

/// What a member may do in a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MemberRole {
    /// Receives everything.
    Reader,
    /// Receives everything, and its entries count.
    Writer,
    /// Was a member once. Receives nothing but the manifest that says so.
    Removed,
}

/// The rights in a space at one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The federation in which it counts.
    pub federation: FederationId,
    /// The space; always [`SpaceId::derive`] of federation, steward and nonce.
    pub space: SpaceId,
    /// The node that founded the space and signs its manifests. Reads and writes without
    /// being listed as a member.
    pub steward: NodeId,
    /// Drawn at random by the founder.
    pub nonce: [u8; 16],
    /// Grows with every signature; an older version never replaces a newer one.
    pub version: u64,
    /// The name that people read.
    pub name: String,
    /// The members besides the steward.
    pub members: BTreeMap<NodeId, MemberRole>,
    /// Feeds that count only up to a length, whatever their author may do today.
    pub caps: BTreeMap<FeedId, u64>,
}

/// A manifest in the bytes that were signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedManifest {
    /// The canonical encoding.
    pub bytes: Vec<u8>,
    /// By the steward.
    pub signature: Signature,
}

/// Why a manifest is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ManifestError {
    /// The bytes are no manifest.
    #[error("read manifest")]
    Decode(#[source] DecodeError),
    /// It belongs to another federation.
    #[error("manifest is of another federation")]
    Federation,
    /// The space is not one that this steward can have founded.
    #[error("space {0} was not founded by the steward of its manifest")]
    Founder(SpaceId),
    /// The signature is not the steward's.
    #[error("manifest is not signed by its steward")]
    Signature,
}

impl Manifest {
    /// The first manifest of a new space.
    pub fn found(federation: FederationId, steward: NodeId, nonce: [u8; 16], name: &str) -> Self {
        Self {
            federation,
            space: SpaceId::derive(&federation, &steward, &nonce),
            steward,
            nonce,
            version: 1,
            name: name.to_owned(),
            members: BTreeMap::new(),
            caps: BTreeMap::new(),
        }
    }

    /// Whether `node` may receive the space.
    pub fn may_read(&self, node: &NodeId) -> bool {
        let role = self.members.get(node);
        *node == self.steward || role.is_some_and(|role| *role != MemberRole::Removed)
    }

    /// Whether `node` was a member and is to be told that it is one no longer.
    pub fn was_removed(&self, node: &NodeId) -> bool {
        self.members.get(node) == Some(&MemberRole::Removed)
    }

    /// Whether entries that `node` makes now count.
    pub fn may_write(&self, node: &NodeId) -> bool {
        *node == self.steward || self.members.get(node) == Some(&MemberRole::Writer)
    }

    /// How many entries of `feed` count. What is beyond is quarantined.
    pub fn permitted(&self, feed: &FeedId) -> u64 {
        let otherwise = if self.may_write(&feed.author) {
            u64::MAX
        } else {
            0
        };
        self.caps.get(feed).copied().unwrap_or(otherwise)
    }

    /// The canonical encoding, with its domain tag.
    pub fn encode(&self) -> Vec<u8> {
        let mut encoder = Encoder::with_domain(DOMAIN);
        encoder.fixed(&self.federation.0);
        encoder.fixed(&self.space.0);
        encoder.fixed(&self.steward.0);
        encoder.fixed(&self.nonce);
        encoder.u64(self.version);
        encoder.bytes(self.name.as_bytes());
        encoder.length(self.members.len());
        for (node, role) in &self.members {
            encoder.fixed(&node.0);
            encoder.u8(role.code());
        }
        encoder.length(self.caps.len());
        for (feed, length) in &self.caps {
            feed.encode(&mut encoder);
            encoder.u64(*length);
        }
        encoder.finish()
    }

    /// Reads the canonical encoding.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut decoder = Decoder::new(bytes);
        decoder.domain(DOMAIN)?;
        let federation = FederationId(decoder.fixed()?);
        let space = SpaceId(decoder.fixed()?);
        let steward = NodeId(decoder.fixed()?);
        let nonce = decoder.fixed()?;
        let version = decoder.u64()?;
        let name = decoder.text("name of a space", NAME_BYTES_MAX)?;
        let mut members = BTreeMap::new();
        for _ in 0..decoder.length("number of members", MEMBERS_MAX)? {
            let node = NodeId(decoder.fixed()?);
            if members
                .last_key_value()
                .is_some_and(|(last, _)| *last >= node)
            {
                return Err(DecodeError::NotSorted("list of members"));
            }
            members.insert(node, MemberRole::from_code(decoder.u8()?)?);
        }
        let mut caps = BTreeMap::new();
        for _ in 0..decoder.length("number of capped feeds", FEEDS_PER_SPACE_MAX)? {
            let feed = FeedId::decode(&mut decoder)?;
            if caps.last_key_value().is_some_and(|(last, _)| *last >= feed) {
                return Err(DecodeError::NotSorted("list of capped feeds"));
            }
            caps.insert(feed, decoder.u64()?);
        }
        decoder.finish()?;
        Ok(Self {
            federation,
            space,
            steward,
            nonce,
            version,
            name,
            members,
            caps,
        })
    }

    /// Signs the manifest with the steward's key.
    pub fn sign(&self, key: &SecretKey) -> SignedManifest {
        let bytes = self.encode();
        let signature = key.sign(&bytes);
        SignedManifest { bytes, signature }
    }
}

impl SignedManifest {
    /// Checks signature and content for `federation`.
    pub fn open(&self, federation: &FederationId) -> Result<Manifest, ManifestError> {
        let manifest = Manifest::decode(&self.bytes).map_err(ManifestError::Decode)?;
        if manifest.federation != *federation {
            return Err(ManifestError::Federation);
        }
        if manifest.space != SpaceId::derive(federation, &manifest.steward, &manifest.nonce) {
            return Err(ManifestError::Founder(manifest.space));
        }
        if !verify(&manifest.steward.0, &self.bytes, &self.signature) {
            return Err(ManifestError::Signature);
        }
        Ok(manifest)
    }

    /// Orders signed manifests of one version, so that all nodes settle on the same.
    pub fn hash(&self) -> Hash {
        Hash::of("phaki/manifest-order/v1", &[&self.bytes])
    }
}

impl MemberRole {
    /// The role with that name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "reader" => Some(Self::Reader),
            "writer" => Some(Self::Writer),
            "removed" => Some(Self::Removed),
            _ => None,
        }
    }

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Writer => "writer",
            Self::Removed => "removed",
        }
    }

    fn code(self) -> u8 {
        match self {
            Self::Reader => 1,
            Self::Writer => 2,
            Self::Removed => 3,
        }
    }

    fn from_code(code: u8) -> Result<Self, DecodeError> {
        match code {
            1 => Ok(Self::Reader),
            2 => Ok(Self::Writer),
            3 => Ok(Self::Removed),
            code => Err(DecodeError::UnknownCode {
                what: "role of a member",
                code,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Epoch;

    fn sample(key: &SecretKey) -> Manifest {
        let mut manifest =
            Manifest::found(FederationId([1; 32]), key.node(), [2; 16], "แผนจังหวัดสงขลา");
        manifest.members.insert(NodeId([3; 32]), MemberRole::Writer);
        manifest.members.insert(NodeId([4; 32]), MemberRole::Reader);
        manifest.caps.insert(
            FeedId {
                author: NodeId([5; 32]),
                epoch: Epoch([6; 16]),
            },
            7,
        );
        manifest
    }

    #[test]
    fn a_signed_manifest_reads_back_equal() {
        let key = SecretKey::from_seed(&[5; 32]);
        let manifest = sample(&key);
        assert_eq!(manifest.sign(&key).open(&manifest.federation), Ok(manifest));
    }

    #[test]
    fn golden_bytes() {
        let key = SecretKey::from_seed(&[5; 32]);
        let golden = "8136a8663463b2827fcd3bc8271585695061ae3c93370631ba66cd4f3382b4f9";
        assert_eq!(sample(&key).sign(&key).hash().to_string(), golden);
    }

    #[test]
    fn a_manifest_for_somebody_elses_space_is_refused() {
        let (owner, thief) = (
            SecretKey::from_seed(&[5; 32]),
            SecretKey::from_seed(&[6; 32]),
        );
        let manifest = sample(&owner);
        let forged = manifest.sign(&thief).open(&manifest.federation);
        assert_eq!(forged, Err(ManifestError::Signature));
        let mut stolen = manifest.clone();
        stolen.steward = thief.node();
        let founded = stolen.sign(&thief).open(&manifest.federation);
        assert_eq!(founded, Err(ManifestError::Founder(manifest.space)));
    }

    #[test]
    fn entries_count_while_their_author_may_write_and_never_beyond_a_cap() {
        let manifest = sample(&SecretKey::from_seed(&[5; 32]));
        let feed = |author| FeedId {
            author: NodeId([author; 32]),
            epoch: Epoch([6; 16]),
        };
        assert_eq!(manifest.permitted(&feed(3)), u64::MAX);
        assert_eq!(manifest.permitted(&feed(4)), 0);
        assert_eq!(manifest.permitted(&feed(5)), 7);
        assert_eq!(manifest.permitted(&feed(8)), 0);
    }
}
