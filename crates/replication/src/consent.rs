//! The consent of an edge node: signed with its own key, it names the one node that may admit it.
//!
//! Without it a province could list the edge nodes of another on its own branch, and suspend them.

use crate::canonical::{DecodeError, Decoder, Encoder};
use crate::id::{FederationId, NodeId};
use crate::sign::{SecretKey, Signature, verify};

const DOMAIN: &str = "phaki/consent/v1";

/// What a node signs when it asks to be admitted. A key consents to one parent in its life; see
/// [`crate::roster::Roster::with_branches`] for what becomes of one that did so to several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consent {
    /// The node that may admit it, by the key which that had then.
    pub parent: NodeId,
    /// By the node that is to be admitted.
    pub signature: Signature,
}

impl Consent {
    /// The consent of the node with that key.
    pub fn sign(key: &SecretKey, federation: &FederationId, parent: NodeId) -> Self {
        let signature = key.sign(&signed_bytes(federation, &parent, &key.node()));
        Self { parent, signature }
    }

    /// Whether `node` gave it, for that federation.
    pub fn verify(&self, federation: &FederationId, node: &NodeId) -> bool {
        let bytes = signed_bytes(federation, &self.parent, node);
        verify(&node.0, &bytes, &self.signature)
    }

    pub(crate) fn encode(&self, encoder: &mut Encoder) {
        encoder.fixed(&self.parent.0);
        encoder.fixed(&self.signature.0);
    }

    pub(crate) fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let parent = NodeId(decoder.fixed()?);
        let signature = Signature(decoder.fixed()?);
        Ok(Self { parent, signature })
    }
}

fn signed_bytes(federation: &FederationId, parent: &NodeId, node: &NodeId) -> Vec<u8> {
    let mut encoder = Encoder::with_domain(DOMAIN);
    encoder.fixed(&federation.0);
    encoder.fixed(&parent.0);
    encoder.fixed(&node.0);
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consent_is_for_one_node_one_parent_and_one_federation() {
        let key = SecretKey::from_seed(&[5; 32]);
        let (federation, parent) = (FederationId([1; 32]), NodeId([2; 32]));
        let consent = Consent::sign(&key, &federation, parent);
        assert!(consent.verify(&federation, &key.node()));
        assert!(!consent.verify(&FederationId([3; 32]), &key.node()));
        assert!(!consent.verify(&federation, &SecretKey::from_seed(&[6; 32]).node()));
        let other = NodeId([4; 32]);
        let moved = Consent {
            parent: other,
            ..consent
        };
        assert!(!moved.verify(&federation, &key.node()));
    }
}
