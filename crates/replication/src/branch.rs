//! A branch: the nodes that one node admits by itself, signed with its own key.
//!
//! A province admits its districts, health centres and laptops without asking the federation. What
//! they get by it is a session and authorship, not rights: these a steward grants to each of them.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::canonical::{DecodeError, Decoder, Encoder};
use crate::id::{FederationId, Hash, NodeId};
use crate::limits::BRANCH_NODES_MAX;
use crate::roster::{
    NodeRecord, NodeRole, NodeStatus, Roster, RosterError, check, decode_nodes, encode_nodes,
};
use crate::sign::{SecretKey, Signature, verify};

const DOMAIN: &str = "phaki/branch/v1";

/// The nodes that one node of the roster admits, at one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The federation in which it counts.
    pub federation: FederationId,
    /// The node that admits: its key, which signs the branch.
    pub parent: NodeId,
    /// Grows with every signature; an older version never replaces a newer one.
    pub version: u64,
    /// The nodes by key. Their role is always [`NodeRole::Edge`].
    pub nodes: BTreeMap<NodeId, NodeRecord>,
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
}

impl Branch {
    /// The canonical encoding, with its domain tag.
    pub fn encode(&self) -> Vec<u8> {
        let mut encoder = Encoder::with_domain(DOMAIN);
        encoder.fixed(&self.federation.0);
        encoder.fixed(&self.parent.0);
        encoder.u64(self.version);
        encode_nodes(&mut encoder, &self.nodes.iter().collect());
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
        let nodes = decode_nodes(&mut decoder, Some(parent))?;
        decoder.finish()?;
        if nodes.len() > BRANCH_NODES_MAX {
            return Err(DecodeError::TooLarge {
                what: "number of nodes on a branch",
                found: nodes.len(),
                max: BRANCH_NODES_MAX,
            });
        }
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
    /// decided by [`Roster::with_branches`].
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
        let foreign = |record: &&NodeRecord| record.role != NodeRole::Edge;
        if let Some(record) = branch.nodes.values().find(foreign) {
            return Err(BranchError::Role(record.name.clone()));
        }
        check(&branch.nodes).map_err(BranchError::Nodes)?;
        Ok(branch)
    }

    /// Orders signed branches of one version, so that all nodes settle on the same.
    pub fn hash(&self) -> Hash {
        Hash::of("phaki/branch-order/v1", &[&self.bytes])
    }
}

impl Roster {
    /// This roster of the federation, and what its nodes admitted.
    ///
    /// A branch counts when its parent is a node of the federation and no edge node itself; what
    /// it says of a key that the federation lists, or of a name that is taken, does not count. The
    /// nodes of a parent that may not take part may not either.
    #[must_use]
    pub fn with_branches<'a>(&self, branches: impl IntoIterator<Item = &'a Branch>) -> Self {
        let mut merged = self.clone();

        let mut names: std::collections::BTreeSet<String> = self
            .nodes
            .values()
            .filter(|record| record.status != NodeStatus::Removed)
            .map(|record| record.name.clone())
            .collect();
        // A parent whose key was replaced has a second branch: the active one counts first.
        let branches = branches.into_iter().filter_map(|branch| {
            let parent = self.nodes.get(&branch.parent)?;
            (parent.role != NodeRole::Edge).then_some((branch, parent))
        });
        let (active, others): (Vec<_>, Vec<_>) =
            branches.partition(|(_, parent)| parent.status == NodeStatus::Active);
        for (branch, parent) in active.into_iter().chain(others) {
            for (node, record) in &branch.nodes {
                let mut record = record.clone();
                if parent.status != NodeStatus::Active && record.status == NodeStatus::Active {
                    record.status = NodeStatus::Suspended;
                }
                let named =
                    record.status == NodeStatus::Removed || names.insert(record.name.clone());
                if !named {
                    record.status = NodeStatus::Suspended;
                    record.name = node.to_string();
                }
                merged.nodes.entry(*node).or_insert(record);
            }
        }
        merged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str, role: NodeRole) -> NodeRecord {
        NodeRecord {
            name: name.to_owned(),
            role,
            area: "90".to_owned(),
            within: vec!["TH".to_owned()],
            addresses: Vec::new(),
            status: NodeStatus::Active,
            replaces: None,
            admitted_by: None,
        }
    }

    fn roster(parent: &SecretKey, role: NodeRole) -> Roster {
        Roster {
            federation: FederationId([1; 32]),
            version: 1,
            nodes: BTreeMap::from([(parent.node(), record("TH-90", role))]),
        }
    }

    fn branch(parent: &SecretKey, role: NodeRole, name: &str) -> Branch {
        let mut record = record(name, role);
        record.admitted_by = Some(parent.node());
        Branch {
            federation: FederationId([1; 32]),
            parent: parent.node(),
            version: 1,
            nodes: BTreeMap::from([(NodeId([7; 32]), record)]),
        }
    }

    #[test]
    fn a_signed_branch_reads_back_equal_and_has_golden_bytes() {
        let key = SecretKey::from_seed(&[5; 32]);
        let branch = branch(&key, NodeRole::Edge, "TH-90-laptop");
        let signed = branch.sign(&key);
        assert_eq!(signed.open(&branch.federation), Ok(branch));
        assert_eq!(signed.hash().to_string(), GOLDEN);
    }

    const GOLDEN: &str = "75df056735dbe3787acd1366748caca1d0cebe359795db3d6e264944ceac45db";

    #[test]
    fn a_province_admits_edge_nodes_and_nothing_more() {
        let key = SecretKey::from_seed(&[5; 32]);
        let wide = branch(&key, NodeRole::National, "TH-2").sign(&key);
        let refused = wide.open(&FederationId([1; 32]));
        assert_eq!(refused, Err(BranchError::Role("TH-2".to_owned())));
        let other = SecretKey::from_seed(&[6; 32]);
        let forged = branch(&key, NodeRole::Edge, "x").sign(&other);
        let refused = forged.open(&FederationId([1; 32]));
        assert_eq!(refused, Err(BranchError::Signature));
    }

    #[test]
    fn what_a_branch_says_counts_as_far_as_its_parent_does() {
        let key = SecretKey::from_seed(&[5; 32]);
        let laptop = NodeId([7; 32]);
        let named = branch(&key, NodeRole::Edge, "TH-90-laptop");
        let merged = roster(&key, NodeRole::Province).with_branches([&named]);
        assert!(merged.is_active(&laptop));
        assert_eq!(
            merged.own_nodes().count(),
            1,
            "only these are signed by the federation"
        );
        let of_edge = roster(&key, NodeRole::Edge).with_branches([&named]);
        assert!(!of_edge.nodes.contains_key(&laptop));
        let mut suspended = roster(&key, NodeRole::Province);
        for record in suspended.nodes.values_mut() {
            record.status = NodeStatus::Suspended;
        }
        assert!(!suspended.with_branches([&named]).is_active(&laptop));
        let twin = branch(&key, NodeRole::Edge, "TH-90");
        let merged = roster(&key, NodeRole::Province).with_branches([&twin]);
        assert!(!merged.is_active(&laptop), "its name is another's");
        assert_eq!(merged.find("TH-90"), Some(key.node()));
    }
}
