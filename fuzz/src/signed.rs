//! Everything that is signed, from arbitrary bytes behind its domain tag.

use phaki_replication::branch::{Branch, SignedBranch};
use phaki_replication::fork::ForkProof;
use phaki_replication::id::{FederationId, SpaceId};
use phaki_replication::manifest::{Manifest, SignedManifest};
use phaki_replication::receipt::{Receipt, SignedReceipt};
use phaki_replication::republish::Republished;
use phaki_replication::roster::{Roster, SignedRoster};
use phaki_replication::sign::Signature;
use phaki_replication::vault::{SignedStatement, Statement, Told};

/// The tags, so that the fuzzer need not guess them.
const TAGS: [&[u8]; 6] = [
    b"phaki/roster/v2\0",
    b"phaki/branch/v2\0",
    b"phaki/manifest/v2\0",
    b"phaki/receipt/v1\0",
    b"phaki/fork/v1\0",
    b"phaki/vault/v1\0",
];

/// Bytes are refused, or are exactly the encoding of what is read from them; and nothing is
/// believed that nobody signed.
pub fn signed(data: &[u8]) {
    let Some((kind, body)) = data.split_first() else {
        return;
    };
    let tag = TAGS[usize::from(*kind) % TAGS.len()];
    let bytes = [tag, body].concat();
    let federation = FederationId([1; 32]);
    let signature = Signature([0; 64]);
    let nobody = Roster {
        federation,
        version: 1,
        nodes: std::collections::BTreeMap::new(),
    };
    match usize::from(*kind) % TAGS.len() {
        0 => {
            if let Ok(roster) = Roster::decode(&bytes) {
                assert_eq!(roster.encode(), bytes);
                for node in roster.nodes.keys() {
                    assert!(roster.generation(node) < 64);
                }
            }
            assert!(SignedRoster { bytes, signature }.open(&federation).is_err());
        }
        1 => {
            if let Ok(branch) = Branch::decode(&bytes) {
                assert_eq!(branch.encode(), bytes);
                assert!(nobody.with_branches([&branch]).nodes.is_empty());
            }
            assert!(SignedBranch { bytes, signature }.open(&federation).is_err());
        }
        2 => {
            if let Ok(manifest) = Manifest::decode(&bytes) {
                assert_eq!(manifest.encode(), bytes);
                assert!(manifest.may_read(&nobody, &manifest.steward()));
            }
            let signed = SignedManifest { bytes, signature };
            assert!(signed.open(&federation, &nobody).is_err());
        }
        3 => {
            if let Ok(receipt) = Receipt::decode(&bytes) {
                assert_eq!(receipt.encode(), bytes);
            }
            let signed = SignedReceipt { bytes, signature };
            assert!(signed.open(&federation, &SpaceId([2; 16])).is_err());
        }
        4 => {
            if let Ok(proof) = ForkProof::decode(&bytes) {
                assert_eq!(proof.encode(), bytes);
                assert!(proof.verify(&FederationId([9; 32])).is_err());
            }
            if let Some((feed, seq, payload)) = Republished::decode(body) {
                let payload = bytes::Bytes::copy_from_slice(payload);
                let republished = Republished { feed, seq, payload };
                assert_eq!(republished.encode(), body);
            }
        }
        _ => {
            let signed = SignedStatement {
                bytes: bytes.clone().into(),
                signature,
            };
            let told = Told { signed, key: None };
            if let Ok(statement) = Statement::decode(&bytes) {
                assert_eq!(statement.encode(), bytes);
                assert!(told.check(&statement).is_err());
            }
        }
    }
}
