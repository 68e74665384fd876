//! A voucher: the key that a node has names the one that is to replace it.
//!
//! Whoever admits the new key sees by it that both are of one node. It is worth nothing to anybody
//! else: the new key is proved besides, when it is presented.

use crate::canonical::Encoder;
use crate::id::{FederationId, NodeId};
use crate::sign::{SecretKey, Signature, verify};

const DOMAIN: &str = "phaki/vouch/v1";

/// The node with the key `old` vouches for `new` in that federation.
pub fn vouch(old: &SecretKey, federation: &FederationId, new: &NodeId) -> Signature {
    old.sign(&signed_bytes(federation, &old.node(), new))
}

/// Whether the node with the key `old` has vouched for `new` in that federation.
pub fn is_vouched(
    voucher: &Signature,
    federation: &FederationId,
    old: &NodeId,
    new: &NodeId,
) -> bool {
    verify(&old.0, &signed_bytes(federation, old, new), voucher)
}

fn signed_bytes(federation: &FederationId, old: &NodeId, new: &NodeId) -> Vec<u8> {
    let mut encoder = Encoder::with_domain(DOMAIN);
    encoder.fixed(&federation.0);
    encoder.fixed(&old.0);
    encoder.fixed(&new.0);
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Hash;

    const FEDERATION: FederationId = FederationId([1; 32]);

    #[test]
    fn a_voucher_is_good_for_one_federation_and_two_keys_alone() {
        let (old, other) = (
            SecretKey::from_seed(&[5; 32]),
            SecretKey::from_seed(&[6; 32]),
        );
        let new = NodeId([7; 32]);
        let voucher = vouch(&old, &FEDERATION, &new);
        assert!(is_vouched(&voucher, &FEDERATION, &old.node(), &new));
        for (federation, by, whom) in [
            (FederationId([2; 32]), old.node(), new),
            (FEDERATION, other.node(), new),
            (FEDERATION, old.node(), NodeId([8; 32])),
        ] {
            assert!(!is_vouched(&voucher, &federation, &by, &whom));
        }
        let forged = vouch(&other, &FEDERATION, &new);
        assert!(!is_vouched(&forged, &FEDERATION, &old.node(), &new));
    }

    #[test]
    fn golden_bytes() {
        let old = SecretKey::from_seed(&[5; 32]);
        let bytes = signed_bytes(&FEDERATION, &old.node(), &NodeId([7; 32]));
        let golden = "6c281659bf27c14ab5e7a39e6bcc140142cc69ff0a7831bb2619db4676ca76a6";
        assert_eq!(Hash::of("golden", &[&bytes]).to_string(), golden);
    }
}
