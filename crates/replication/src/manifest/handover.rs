//! How a space comes to another steward: the one before names it, with a signature that stays.

use crate::canonical::{DecodeError, Decoder, Encoder};
use crate::id::{FederationId, NodeId, SpaceId};
use crate::sign::{SecretKey, Signature, verify};

/// One steward names the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handover {
    /// The key that signs: that of the steward before, or one that replaced it.
    pub by: NodeId,
    /// The next steward.
    pub to: NodeId,
    signature: Signature,
}

impl Handover {
    /// Names `to` as steward after `from`, whose node now has the key `key`.
    pub fn sign(
        key: &SecretKey,
        federation: &FederationId,
        space: &SpaceId,
        from: &NodeId,
        to: NodeId,
    ) -> Self {
        let signature = key.sign(&signed_bytes(federation, space, from, &to));
        Self {
            by: key.node(),
            to,
            signature,
        }
    }

    pub(super) fn is_signed(
        &self,
        federation: &FederationId,
        space: &SpaceId,
        from: &NodeId,
    ) -> bool {
        let message = signed_bytes(federation, space, from, &self.to);
        verify(&self.by.0, &message, &self.signature)
    }

    pub(super) fn encode(&self, encoder: &mut Encoder) {
        encoder.fixed(&self.by.0);
        encoder.fixed(&self.to.0);
        encoder.fixed(&self.signature.0);
    }

    pub(super) fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            by: NodeId(decoder.fixed()?),
            to: NodeId(decoder.fixed()?),
            signature: Signature(decoder.fixed()?),
        })
    }
}

fn signed_bytes(federation: &FederationId, space: &SpaceId, from: &NodeId, to: &NodeId) -> Vec<u8> {
    let mut encoder = Encoder::with_domain("phaki/handover/v1");
    encoder.fixed(&federation.0);
    encoder.fixed(&space.0);
    encoder.fixed(&from.0);
    encoder.fixed(&to.0);
    encoder.finish()
}
