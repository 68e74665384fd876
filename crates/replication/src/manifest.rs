//! The manifest: who may read and write a space, signed by its steward.
//!
//! Rights are granted to single nodes and to groups of nodes, so what a manifest means is said
//! together with the roster: see [`Manifest::may_read`] and its neighbours.

mod handover;
mod keeping;
mod role;

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::canonical::{DecodeError, Decoder, Encoder};
use crate::id::{FederationId, FeedId, Hash, NodeId, SpaceId};
use crate::limits::{FEEDS_PER_SPACE_MAX, GROUPS_MAX, HANDOVERS_MAX, MEMBERS_MAX, NAME_BYTES_MAX};
use crate::roster::Roster;
use crate::sign::{SecretKey, Signature, verify};

pub use handover::Handover;
pub use keeping::Keeping;
pub use role::{Group, MemberRole};

const DOMAIN: &str = "phaki/manifest/v2";

/// The rights in a space at one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The federation in which it counts.
    pub federation: FederationId,
    /// The space; always [`SpaceId::derive`] of federation, founder and nonce.
    pub space: SpaceId,
    /// The node that founded the space and was its first steward.
    pub founder: NodeId,
    /// Drawn at random by the founder.
    pub nonce: [u8; 16],
    /// The stewards after the founder, each named by the one before it.
    pub handovers: Vec<Handover>,
    /// The key that signs: the steward's, or one that replaced it.
    pub signer: NodeId,
    /// Grows with every signature; an older version never replaces a newer one.
    pub version: u64,
    /// The name that people read.
    pub name: String,
    /// The members besides the steward.
    pub members: BTreeMap<NodeId, MemberRole>,
    /// Groups of nodes that are members as long as a node is not listed by itself.
    pub groups: BTreeMap<Group, MemberRole>,
    /// Authors of whose feeds only those in `caps` count, because they were suspended.
    pub frozen: BTreeSet<NodeId>,
    /// Feeds that count only up to a length, whatever their author may do today.
    pub caps: BTreeMap<FeedId, u64>,
    /// Who may take the space over.
    pub offer: Option<Handover>,
}

/// A manifest in the bytes that were signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedManifest {
    /// The canonical encoding.
    pub bytes: Vec<u8>,
    /// By the signer that the bytes name.
    pub signature: Signature,
}

/// Orders manifests of one space: what a replaced key or a former steward signs never replaces
/// what its successor signed, whatever version it claims.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ManifestRank {
    /// How many keys each signer on the way from the founder to this manifest had before.
    generations: Vec<usize>,
    version: u64,
    hash: Hash,
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
    /// The space is not one that this node can have founded.
    #[error("space {0} was not founded by the founder in its manifest")]
    Founder(SpaceId),
    /// The signer is not the steward, as far as the roster says.
    #[error("{0} is not known to be the steward of the space")]
    Steward(NodeId),
    /// A signature does not verify.
    #[error("manifest is not signed by its steward")]
    Signature,
}

impl ManifestError {
    /// Whether somebody made it up. Otherwise this node may only lack a newer roster.
    pub fn is_forgery(&self) -> bool {
        !matches!(self, Self::Steward(_))
    }
}

impl Manifest {
    /// The first manifest of a new space.
    pub fn found(federation: FederationId, founder: NodeId, nonce: [u8; 16], name: &str) -> Self {
        Self {
            federation,
            space: SpaceId::derive(&federation, &founder, &nonce),
            founder,
            nonce,
            handovers: Vec::new(),
            signer: founder,
            version: 1,
            name: name.to_owned(),
            members: BTreeMap::new(),
            groups: BTreeMap::new(),
            frozen: BTreeSet::new(),
            caps: BTreeMap::new(),
            offer: None,
        }
    }

    /// The steward's key when it became steward; [`Roster::newest`] is the one that it has now.
    pub fn steward(&self) -> NodeId {
        self.handovers.last().map_or(self.founder, |last| last.to)
    }

    /// Whether `node` is the steward.
    pub fn is_steward(&self, roster: &Roster, node: &NodeId) -> bool {
        roster.succeeds(node, &self.steward())
    }

    /// Whether `node` is or was steward.
    pub fn was_steward(&self, roster: &Roster, node: &NodeId) -> bool {
        let stewards = self.handovers.iter().map(|handover| handover.to);
        let mut stewards = std::iter::once(self.founder).chain(stewards);
        stewards.any(|steward| roster.succeeds(node, &steward))
    }

    /// What was granted to `node`, by itself or in a group. Groups are of nodes that the federation
    /// admitted; those on a branch are members by themselves only.
    pub fn role_of(&self, roster: &Roster, node: &NodeId) -> Option<MemberRole> {
        let mut own = roster
            .lineage(node)
            .filter_map(|key| self.members.get(&key));
        if let Some(role) = own.next() {
            return Some(*role);
        }
        let record = roster.nodes.get(node)?;
        let groups = self.groups.iter().filter(|(group, _)| group.has(record));
        groups
            .map(|(_, role)| *role)
            .max_by_key(|role| role.reach())
    }

    /// Whether `node` may receive the space.
    pub fn may_read(&self, roster: &Roster, node: &NodeId) -> bool {
        let role = self.role_of(roster, node);
        role.is_some_and(|role| role != MemberRole::Removed) || self.is_steward(roster, node)
    }

    /// Whether `node` was a member and is to be told that it is one no longer.
    pub fn was_removed(&self, roster: &Roster, node: &NodeId) -> bool {
        self.role_of(roster, node) == Some(MemberRole::Removed) && !self.is_steward(roster, node)
    }

    /// Whether entries that `node` makes now count.
    pub fn may_write(&self, roster: &Roster, node: &NodeId) -> bool {
        let writer = self.role_of(roster, node) == Some(MemberRole::Writer);
        (writer || self.is_steward(roster, node)) && !self.frozen.contains(node)
    }

    /// How many entries of `feed` count. What is beyond is quarantined.
    pub fn permitted(&self, roster: &Roster, feed: &FeedId) -> u64 {
        let otherwise = || match self.may_write(roster, &feed.author) {
            true => u64::MAX,
            false => 0,
        };
        self.caps.get(feed).copied().unwrap_or_else(otherwise)
    }

    /// Whether `publisher` may publish again what `author` wrote first: its own from another life
    /// of its store, or as steward what it adopts.
    pub fn may_republish(&self, roster: &Roster, publisher: &NodeId, author: &NodeId) -> bool {
        roster.succeeds(publisher, author) || self.was_steward(roster, publisher)
    }

    /// The canonical encoding, with its domain tag.
    pub fn encode(&self) -> Vec<u8> {
        let mut encoder = Encoder::with_domain(DOMAIN);
        encoder.fixed(&self.federation.0);
        encoder.fixed(&self.space.0);
        encoder.fixed(&self.founder.0);
        encoder.fixed(&self.nonce);
        encoder.length(self.handovers.len());
        for handover in &self.handovers {
            handover.encode(&mut encoder);
        }
        encoder.fixed(&self.signer.0);
        encoder.u64(self.version);
        encoder.bytes(self.name.as_bytes());
        encoder.length(self.members.len());
        for (node, role) in &self.members {
            encoder.fixed(&node.0);
            encoder.u8(role.code());
        }
        encoder.length(self.groups.len());
        for (group, role) in &self.groups {
            group.encode(&mut encoder);
            encoder.u8(role.code());
        }
        encoder.length(self.frozen.len());
        for node in &self.frozen {
            encoder.fixed(&node.0);
        }
        encoder.length(self.caps.len());
        for (feed, length) in &self.caps {
            feed.encode(&mut encoder);
            encoder.u64(*length);
        }
        encoder.length(usize::from(self.offer.is_some()));
        if let Some(offer) = &self.offer {
            offer.encode(&mut encoder);
        }
        encoder.finish()
    }

    /// Reads the canonical encoding.
    ///
    /// # Errors
    /// When the bytes are not exactly one manifest within the limits.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut decoder = Decoder::new(bytes);
        decoder.domain(DOMAIN)?;
        let federation = FederationId(decoder.fixed()?);
        let space = SpaceId(decoder.fixed()?);
        let founder = NodeId(decoder.fixed()?);
        let nonce = decoder.fixed()?;
        let handovers = (0..decoder.length("number of handovers", HANDOVERS_MAX)?)
            .map(|_| Handover::decode(&mut decoder))
            .collect::<Result<_, _>>()?;
        let manifest = Self {
            federation,
            space,
            founder,
            nonce,
            handovers,
            signer: NodeId(decoder.fixed()?),
            version: decoder.u64()?,
            name: decoder.text("name of a space", NAME_BYTES_MAX)?,
            members: decoder.map("members", MEMBERS_MAX, |decoder| {
                let node = NodeId(decoder.fixed()?);
                Ok((node, MemberRole::from_code(decoder.u8()?)?))
            })?,
            groups: decoder.map("groups", GROUPS_MAX, |decoder| {
                let group = Group::decode(decoder)?;
                Ok((group, MemberRole::from_code(decoder.u8()?)?))
            })?,
            frozen: decoder
                .map("frozen authors", MEMBERS_MAX, |decoder| {
                    Ok((NodeId(decoder.fixed()?), ()))
                })?
                .into_keys()
                .collect(),
            caps: decoder.map("capped feeds", FEEDS_PER_SPACE_MAX, |decoder| {
                let feed = FeedId::decode(decoder)?;
                Ok((feed, decoder.u64()?))
            })?,
            offer: match decoder.length("number of offers", 1)? {
                0 => None,
                _ => Some(Handover::decode(&mut decoder)?),
            },
        };
        decoder.finish()?;
        Ok(manifest)
    }

    /// Signs the manifest with the steward's key, which it then names as its signer.
    #[must_use]
    pub fn sign(&self, key: &SecretKey) -> SignedManifest {
        let named = Self {
            signer: key.node(),
            ..self.clone()
        };
        let bytes = named.encode();
        let signature = key.sign(&bytes);
        SignedManifest { bytes, signature }
    }

    /// Where it stands among the manifests of its space.
    pub fn rank(&self, roster: &Roster, hash: Hash) -> ManifestRank {
        let signers = self.handovers.iter().map(|handover| handover.by);
        let signers = signers.chain(std::iter::once(self.signer));
        ManifestRank {
            generations: signers.map(|signer| roster.generation(&signer)).collect(),
            version: self.version,
            hash,
        }
    }
}

impl SignedManifest {
    /// Checks signatures and content for `federation`; `roster` tells which keys replaced which.
    ///
    /// # Errors
    /// When it is not what the steward of the space can have signed.
    pub fn open(
        &self,
        federation: &FederationId,
        roster: &Roster,
    ) -> Result<Manifest, ManifestError> {
        let manifest = Manifest::decode(&self.bytes).map_err(ManifestError::Decode)?;
        if manifest.federation != *federation {
            return Err(ManifestError::Federation);
        }
        if manifest.space != SpaceId::derive(federation, &manifest.founder, &manifest.nonce) {
            return Err(ManifestError::Founder(manifest.space));
        }
        let mut steward = manifest.founder;
        for handover in &manifest.handovers {
            if !roster.succeeds(&handover.by, &steward) {
                return Err(ManifestError::Steward(handover.by));
            }
            if !handover.is_signed(federation, &manifest.space, &steward) {
                return Err(ManifestError::Signature);
            }
            steward = handover.to;
        }
        if !roster.succeeds(&manifest.signer, &steward) {
            return Err(ManifestError::Steward(manifest.signer));
        }
        if !verify(&manifest.signer.0, &self.bytes, &self.signature) {
            return Err(ManifestError::Signature);
        }
        Ok(manifest)
    }

    /// Orders signed manifests of one version, so that all nodes settle on the same.
    pub fn hash(&self) -> Hash {
        Hash::of("phaki/manifest-order/v1", &[&self.bytes])
    }
}

#[cfg(test)]
mod tests;
