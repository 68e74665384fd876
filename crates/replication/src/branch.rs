//! A branch: the nodes that one node admits by itself, signed with its own key.
//!
//! A province admits its districts, health centres and laptops without asking the federation. What
//! they get by it is a session and authorship, not rights: these a steward grants to each of them.

mod merging;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use thiserror::Error;

use crate::canonical::{DecodeError, Decoder, Encoder};
use crate::consent::Consent;
use crate::id::{FederationId, Hash, NodeId};
use crate::limits::BRANCH_NODES_MAX;
use crate::roster::{NodeRecord, NodeRole, RosterError, check, decode_record, encode_record};
use crate::sign::{SecretKey, Signature, verify};

const DOMAIN: &str = "phaki/branch/v2";

/// The nodes that one node of the roster admits, at one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The federation in which it counts.
    pub federation: FederationId,
    /// The node that admits: its key, which signs the branch.
    pub parent: NodeId,
    /// Grows with every signature; an older version never replaces a newer one.
    pub version: u64,
    /// The nodes by key.
    pub nodes: BTreeMap<NodeId, Admitted>,
}

/// A node on a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// What it is. Its role is always [`NodeRole::Edge`].
    pub record: NodeRecord,
    /// By which it asked to be there.
    pub consent: Consent,
}

/// A branch in the bytes that were signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedBranch {
    /// The canonical encoding.
    pub bytes: Vec<u8>,
    /// By the parent.
    pub signature: Signature,
}

/// Why a branch is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BranchError {
    /// The bytes are no branch.
    #[error("read branch")]
    Decode(#[source] DecodeError),
    /// It belongs to another federation.
    #[error("branch is of another federation")]
    Federation,
    /// The signature is not the parent's.
    #[error("branch is not signed by the node whose it is")]
    Signature,
    /// Its nodes contradict each other.
    #[error("read the nodes of a branch")]
    Nodes(#[source] RosterError),
    /// A node on it is more than an edge node.
    #[error("{0} is no edge node, and only the federation admits others")]
    Role(String),
    /// A node on it did not consent.
    #[error("{0} did not consent to be on a branch")]
    Consent(String),
}

impl Branch {
    /// The canonical encoding, with its domain tag.
    pub fn encode(&self) -> Vec<u8> {
        let mut encoder = Encoder::with_domain(DOMAIN);
        encoder.fixed(&self.federation.0);
        encoder.fixed(&self.parent.0);
        encoder.u64(self.version);
        encoder.length(self.nodes.len());
        for (node, admitted) in &self.nodes {
            encoder.fixed(&node.0);
            encode_record(&mut encoder, &admitted.record);
            admitted.consent.encode(&mut encoder);
        }
        encoder.finish()
    }

    /// Reads the canonical encoding.
    ///
    /// # Errors
    /// When the bytes are not exactly one branch within the limits.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut decoder = Decoder::new(bytes);
        decoder.domain(DOMAIN)?;
        let federation = FederationId(decoder.fixed()?);
        let parent = NodeId(decoder.fixed()?);
        let version = decoder.u64()?;
        let nodes = decoder.map("nodes on a branch", BRANCH_NODES_MAX, |decoder| {
            let node = NodeId(decoder.fixed()?);
            let record = decode_record(decoder, Some(parent))?;
            let consent = Consent::decode(decoder)?;
            Ok((node, Admitted { record, consent }))
        })?;
        decoder.finish()?;
        Ok(Self {
            federation,
            parent,
            version,
            nodes,
        })
    }

    /// Signs the branch with its parent's key.
    pub fn sign(&self, key: &SecretKey) -> SignedBranch {
        let bytes = self.encode();
        let signature = key.sign(&bytes);
        SignedBranch { bytes, signature }
    }
}

impl SignedBranch {
    /// Checks signature and content for `federation`. Whether its parent may have a branch is
    /// decided by [`crate::roster::Roster::with_branches`].
    ///
    /// # Errors
    /// When it is not what its parent can have signed for this federation.
    pub fn open(&self, federation: &FederationId) -> Result<Branch, BranchError> {
        let branch = Branch::decode(&self.bytes).map_err(BranchError::Decode)?;
        if branch.federation != *federation {
            return Err(BranchError::Federation);
        }
        if !verify(&branch.parent.0, &self.bytes, &self.signature) {
            return Err(BranchError::Signature);
        }
        let name = |admitted: &Admitted| admitted.record.name.clone();
        let foreign = |admitted: &&Admitted| admitted.record.role != NodeRole::Edge;
        if let Some(admitted) = branch.nodes.values().find(foreign) {
            return Err(BranchError::Role(name(admitted)));
        }
        let records = branch.nodes.iter().map(|(node, one)| (node, &one.record));
        check(&records.collect()).map_err(BranchError::Nodes)?;
        for (node, admitted) in &branch.nodes {
            if !admitted.consent.verify(federation, node) {
                return Err(BranchError::Consent(name(admitted)));
            }
        }
        Ok(branch)
    }

    /// Orders signed branches of one version, so that all nodes settle on the same.
    pub fn hash(&self) -> Hash {
        Hash::of("phaki/branch-order/v1", &[&self.bytes])
    }
}
