//! Canonical encodings: everything reads back equal, and nothing else is read.

use std::collections::BTreeMap;

use phaki_replication::branch::SignedBranch;
use phaki_replication::fork::ForkProof;
use phaki_replication::id::{Epoch, FederationId, FeedId, NodeId};
use phaki_replication::manifest::{Manifest, MemberRole, SignedManifest};
use phaki_replication::roster::{NodeRecord, NodeRole, NodeStatus, Roster, SignedRoster};
use phaki_replication::sign::{SecretKey, Signature};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

fn node() -> impl Strategy<Value = NodeId> {
    any::<[u8; 32]>().prop_map(NodeId)
}

fn record() -> impl Strategy<Value = NodeRecord> {
    let role = prop::sample::select(NodeRole::NAMES.map(|(_, role)| role).to_vec());
    let status = [
        NodeStatus::Active,
        NodeStatus::Suspended,
        NodeStatus::Removed,
    ];
    let status = prop::sample::select(status.to_vec());
    let texts = (
        ".{0,20}",
        "[0-9]{0,6}",
        vec("R[0-9]", 0..3),
        vec("[a-z0-9.:]{1,20}", 0..3),
    );
    let replaces = prop::option::of(node());
    (texts, role, status, replaces).prop_map(|(texts, role, status, replaces)| {
        let (name, area, within, addresses) = texts;
        NodeRecord {
            name,
            role,
            area,
            within,
            addresses,
            status,
            replaces,
            admitted_by: None,
        }
    })
}

fn roster() -> impl Strategy<Value = Roster> {
    let parts = (
        any::<[u8; 32]>(),
        any::<u64>(),
        btree_map(node(), record(), 0..6),
    );
    parts.prop_map(|(federation, version, nodes)| Roster {
        federation: FederationId(federation),
        version,
        nodes,
    })
}

fn manifest() -> impl Strategy<Value = Manifest> {
    let role = prop_oneof![Just(MemberRole::Reader), Just(MemberRole::Writer)];
    let feed = (node(), any::<[u8; 16]>()).prop_map(|(author, epoch)| FeedId {
        author,
        epoch: Epoch(epoch),
    });
    let members = btree_map(node(), role, 0..6);
    let caps = btree_map(feed, any::<u64>(), 0..4);
    (
        any::<[u8; 32]>(),
        node(),
        any::<[u8; 16]>(),
        any::<u64>(),
        ".{0,20}",
        members,
        caps,
    )
        .prop_map(
            |(federation, steward, nonce, version, name, members, caps)| {
                let federation = FederationId(federation);
                let founded = Manifest::found(federation, steward, nonce, &name);
                Manifest {
                    version,
                    members,
                    caps,
                    ..founded
                }
            },
        )
}

proptest! {
    #[test]
    fn rosters_read_back_equal(roster in roster()) {
        prop_assert_eq!(Roster::decode(&roster.encode()), Ok(roster));
    }

    #[test]
    fn manifests_read_back_equal(manifest in manifest()) {
        prop_assert_eq!(Manifest::decode(&manifest.encode()), Ok(manifest));
    }

    #[test]
    fn an_encoding_with_any_byte_changed_is_another_value_or_none(
        manifest in manifest(), at in any::<prop::sample::Index>(), flip in 1..=255_u8,
    ) {
        let mut bytes = manifest.encode();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(read) = Manifest::decode(&bytes) {
            prop_assert_ne!(&read, &manifest);
            prop_assert_eq!(read.encode(), bytes);
        }
    }

    #[test]
    fn arbitrary_bytes_are_refused_or_are_exactly_an_encoding(bytes in vec(any::<u8>(), 0..400)) {
        if let Ok(roster) = Roster::decode(&bytes) {
            prop_assert_eq!(roster.encode(), bytes.clone());
        }
        if let Ok(manifest) = Manifest::decode(&bytes) {
            prop_assert_eq!(manifest.encode(), bytes);
        }
    }

    #[test]
    fn arbitrary_bytes_behind_the_domain_tag_never_panic(tail in vec(any::<u8>(), 0..600)) {
        let federation = FederationId([1; 32]);
        let signature = Signature([0; 64]);
        let mut bytes = b"phaki/roster/v2\0".to_vec();
        bytes.extend(&tail);
        let roster = SignedRoster { bytes, signature };
        prop_assert!(roster.open(&federation).is_err());
        let mut bytes = b"phaki/manifest/v2\0".to_vec();
        bytes.extend(&tail);
        let manifest = SignedManifest { bytes, signature };
        let nobody = Roster { federation, version: 1, nodes: BTreeMap::new() };
        prop_assert!(manifest.open(&federation, &nobody).is_err());
        let mut bytes = b"phaki/branch/v2\0".to_vec();
        bytes.extend(&tail);
        let branch = SignedBranch { bytes, signature };
        prop_assert!(branch.open(&federation).is_err());
        let mut bytes = b"phaki/fork/v1\0".to_vec();
        bytes.extend(&tail);
        if let Ok(proof) = ForkProof::decode(&bytes) {
            prop_assert_eq!(proof.encode(), bytes);
            prop_assert!(proof.verify(&federation).is_err());
        }
    }
}

#[test]
fn lists_out_of_order_or_with_doubles_are_refused() {
    let key = SecretKey::from_seed(&[1; 32]);
    let record = |name: &str| NodeRecord {
        name: name.to_owned(),
        role: NodeRole::Edge,
        area: String::new(),
        within: vec![],
        addresses: vec![],
        status: NodeStatus::Active,
        replaces: None,
        admitted_by: None,
    };
    let nodes = BTreeMap::from([
        (NodeId([1; 32]), record("a")),
        (NodeId([2; 32]), record("a")),
    ]);
    let bytes = Roster {
        federation: key.federation(),
        version: 1,
        nodes,
    }
    .encode();
    let entry = (bytes.len() - (15 + 1 + 32 + 8 + 4)) / 2;
    let head = bytes.len() - 2 * entry;
    let (first, second) = (&bytes[head..head + entry], &bytes[head + entry..]);
    let swapped = [&bytes[..head], second, first].concat();
    let doubled = [&bytes[..head], first, first].concat();
    assert!(Roster::decode(&bytes).is_ok());
    assert!(Roster::decode(&swapped).is_err());
    assert!(Roster::decode(&doubled).is_err());
}
