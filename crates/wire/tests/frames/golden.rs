//! One frame of each kind in its exact bytes. A change here is a change of the protocol: old nodes
//! read what new ones write, and the other way round.

use bytes::Bytes;
use data_encoding::HEXLOWER;
use phaki_replication::branch::SignedBranch;
use phaki_replication::entry::{Entry, EntryKind, Payload};
use phaki_replication::id::{
    Epoch, FederationId, FeedId, Hash, NodeId, ShortDigest, SpaceId, Subject,
};
use phaki_replication::manifest::SignedManifest;
use phaki_replication::message::{
    CloseReason, FeedReport, FrontierReport, Heartbeat, Hello, Message, Range, SeveredRun,
    SpaceState,
};
use phaki_replication::receipt::SignedReceipt;
use phaki_replication::roster::SignedRoster;
use phaki_replication::sign::Signature;
use phaki_replication::vault::{SignedStatement, Told, VaultKey};
use phaki_wire::codec::decode;
use phaki_wire::frame::{from_wire, to_wire};
use phaki_wire::proto::sync::v1 as pb;
use prost::Message as _;

use crate::messages::batch;

const SPACE: SpaceId = SpaceId([0x5a; 16]);
const FEED: FeedId = FeedId {
    author: NodeId([0xa1; 32]),
    epoch: Epoch([0xe2; 16]),
};

fn check(message: Message, golden: &str) {
    let bytes = to_wire(message.clone()).encode_to_vec();
    assert_eq!(HEXLOWER.encode(&bytes), golden.replace([' ', '\n'], ""));
    assert_eq!(from_wire(decode(bytes.into()).unwrap()), Ok(message));
}

#[test]
fn hello() {
    let hello = Hello {
        protocol: 1,
        protocol_min: 1,
        federation: FederationId([0xf0; 32]),
        epoch: Epoch([0xe2; 16]),
        roster_version: 300,
        instance: [0x15; 8],
        roster: ShortDigest([0x40; 16]),
        branches: ShortDigest([0xb4; 16]),
        time_ms: 1_700_000_000_000,
    };
    check(
        Message::Hello(hello),
        "
        0a70080110011a20f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f02210
        e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e228ac023080a0abfef9623a10404040404040404040404040404040
        404210b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b44a081515151515151515",
    );
}

#[test]
fn roster_and_manifest() {
    let (bytes, signature) = (b"signed".to_vec(), Signature([0x51; 64]));
    let roster = SignedRoster {
        bytes: bytes.clone(),
        signature,
    };
    check(
        Message::Roster(roster),
        "
        124a0a067369676e65641240515151515151515151515151515151515151515151515151515151515151
        51515151515151515151515151515151515151515151515151515151515151515151",
    );
    check(
        Message::Manifest(SignedManifest { bytes, signature }),
        "
        1a4a0a067369676e65641240515151515151515151515151515151515151515151515151515151515151
        51515151515151515151515151515151515151515151515151515151515151515151",
    );
}

#[test]
fn branch_and_receipts() {
    let (bytes, signature) = (b"signed".to_vec(), Signature([0x51; 64]));
    let signed = "
        0a067369676e65641240515151515151515151515151515151515151515151515151515151515151
        51515151515151515151515151515151515151515151515151515151515151515151";
    let branch = SignedBranch {
        bytes: bytes.clone(),
        signature,
    };
    check(Message::Branch(branch), &format!("624a{signed}"));
    let receipts = vec![SignedReceipt { bytes, signature }];
    let receipts = Message::Receipts {
        space: SPACE,
        receipts,
    };
    let space = "0a105a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";
    check(receipts, &format!("7a5e{space}124a{signed}"));
    let held = Message::ReceiptsHeld {
        space: SPACE,
        numbers: vec![(NodeId([0xa1; 32]), 300)],
    };
    let node = "0a20a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1";
    check(held, &format!("820139{space}1225{node}10ac02"));
}

#[test]
fn statements_about_people() {
    let statement = Told {
        signed: SignedStatement {
            bytes: Bytes::from_static(b"signed"),
            signature: Signature([0x51; 64]),
        },
        key: Some(VaultKey::new([0x6b; 32])),
    };
    let signed = "
        0a067369676e65641240515151515151515151515151515151515151515151515151515151515151
        51515151515151515151515151515151515151515151515151515151515151515151";
    let space = "0a105a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";
    let key = format!("1a20{}", "6b".repeat(32));
    let vault = Message::Vault {
        space: SPACE,
        statements: vec![statement],
    };
    check(vault, &format!("9a018001{space}126c{signed}{key}"));
    let held = Message::VaultHeld {
        space: SPACE,
        answer: true,
        subjects: vec![(Subject([0x50; 17]), ShortDigest([0xd1; 16]))],
    };
    let (subject, digest) = ("50".repeat(17), "d1".repeat(16));
    check(
        held,
        &format!("a2013b{space}10011a250a11{subject}1210{digest}"),
    );
}

#[test]
fn have() {
    let state = SpaceState {
        space: SPACE,
        manifest: ShortDigest([0x3a; 16]),
        frontier: ShortDigest([0xf7; 16]),
        receipts: ShortDigest([0x4e; 16]),
        severed: None,
        vault: None,
    };
    check(
        Message::Have(vec![state]),
        "
        224a0a480a105a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a12103a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a
        1a10f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f722104e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e",
    );
    check(Message::Have(Vec::new()), "2200");
    let severed = Some(ShortDigest([0xc5; 16]));
    check(
        Message::Have(vec![SpaceState { severed, ..state }]),
        "
        225c0a5a0a105a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a12103a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a
        1a10f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f722104e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e
        2a10c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5",
    );
}

#[test]
fn severed_runs() {
    let run = SeveredRun {
        feed: FEED,
        from: 812,
        head: Hash([0x4e; 32]),
    };
    let space = "0a105a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";
    let name = "
        12570a30a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1e2e2e2e2e2e2e2e2
        e2e2e2e2e2e2e2e210ac061a204e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e";
    let held = Message::SeveredHeld {
        space: SPACE,
        runs: vec![run],
    };
    check(held, &format!("8a016b{space}{name}"));
    let want = Message::WantSevered { space: SPACE, run };
    check(want, &format!("92016b{space}{name}"));
}

#[test]
fn frontier_and_ack() {
    let feeds = vec![FeedReport {
        feed: FEED,
        length: 812,
        head: Hash([0x4e; 32]),
        bytes: 99_000,
    }];
    let report = FrontierReport {
        space: SPACE,
        complete: true,
        feeds,
    };
    check(
        Message::Frontier(report),
        "
        2a710a105a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a10011a5b0a30a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1
        a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e210ac0618b88506
        22204e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e",
    );
    check(
        Message::Ack {
            space: SPACE,
            feeds: vec![(FEED, 812)],
        },
        "
        4a490a105a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a12350a30a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1
        a1a1a1a1a1a1a1a1a1a1a1a1a1a1e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e210ac06",
    );
}

#[test]
fn want_and_plan() {
    let range = Range {
        space: SPACE,
        feed: FEED,
        from: 812,
        to: 1000,
    };
    check(
        Message::Want(range),
        "
        324a0a105a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a1230a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1
        a1a1a1a1a1a1a1a1a1a1a1a1e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e218ac0620bc01",
    );
    check(
        Message::Plan {
            space: SPACE,
            entries: 188,
            bytes: 40_000,
        },
        "3a190a105a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a10bc0118c0b802",
    );
}

#[test]
fn plain_batch() {
    let mut message = batch([Bytes::from_static(b"one"), Bytes::from_static(b"two")]);
    if let Message::Batch { runs, .. } = &mut message {
        let payload = Payload::Dropped {
            hash: Hash([0xd0; 32]),
            length: 77,
        };
        let entry = Entry {
            kind: EntryKind::ERASE,
            time_ms: 1_600_000_000_000,
            payload,
        };
        runs[0].entries.push(entry);
        runs[0].checkpoint.length += 1;
    }
    check(
        message,
        "
        42fc010a100505050505050505050505050505050512e7010ae4010a3001010101010101010101010101
        010101010101010101010101010101010101010202020202020202020202020202020210051a0e080110
        80a0abfef9621a036f6e651a09080110021a0374776f1a2f08031081a0b787e90522240a20d0d0d0d0d0
        d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0104d22200303030303030303030303
        0303030303030303030303030303030303030303032a4004040404040404040404040404040404040404
        040404040404040404040404040404040404040404040404040404040404040404040404040404040404
        040404",
    );
}

#[test]
fn heartbeat_and_close() {
    let shared = ShortDigest([0x5d; 16]);
    let heartbeat = Heartbeat {
        time_ms: 1_700_000_000_000,
        shared,
    };
    check(
        Message::Heartbeat(heartbeat),
        "52190880a0abfef96212105d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d",
    );
    check(Message::Close(CloseReason::Limit), "5a02080a");
}

#[test]
fn every_close_reason_is_in_the_protocol_under_its_name() {
    for (reason, code, name) in CloseReason::ALL {
        let known = pb::CloseReason::try_from(i32::from(code)).unwrap();
        let first = name.split('-').next().unwrap().to_uppercase();
        let expected = if reason == CloseReason::Federation {
            "FEDERATION"
        } else {
            &first
        };
        let expected = if reason == CloseReason::Version {
            "VERSION"
        } else {
            expected
        };
        assert!(
            known
                .as_str_name()
                .starts_with(&format!("CLOSE_REASON_{expected}")),
            "{name}"
        );
    }
    assert!(pb::CloseReason::try_from(i32::try_from(CloseReason::ALL.len() + 1).unwrap()).is_err());
}

/// Compression may change with the library, so only reading is fixed.
#[test]
fn a_compressed_batch_of_the_first_version_is_read() {
    let bytes = HEXLOWER
        .decode(COMPRESSED.replace('\n', "").as_bytes())
        .unwrap();
    let expected = batch((0..20).map(|n| Bytes::from(format!("แผนสุขภาพ {n}"))));
    assert_eq!(from_wire(decode(bytes.into()).unwrap()), Ok(expected));
}

const COMPRESSED: &str = "
42ac010a10050505050505050505050505050505051a970128b52ffd608e026d040064050a8b070a30010210051a
2808011080a0abfef9621a1de0b981e0b89ce0b899e0b8aae0b8b8e0b882e0b8a0e0b8b2e0b89e20301a23080110
023132333435363738391a241e31303132333435363738392220032a4004180004d2c035043c073c0c7804780e78
18f008f01cf030493d0db000d704e405240b4809c80b481690129017904c901237e844038a";
