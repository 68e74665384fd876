//! Writes the seeds of the corpus: valid input of every kind, from which fuzzers set out.
//!
//! `cargo run -p phaki-fuzz --example seeds -- fuzz/corpus`
#![expect(clippy::unwrap_used, reason = "a tool that cannot go on shall stop")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use phaki_documents::document::Editor;
use phaki_documents::{Document, DocumentId, Edit, Kind};
use phaki_replication::branch::{Admitted, Branch};
use phaki_replication::consent::Consent;
use phaki_replication::entry::{Entry, EntryKind, Payload, root};
use phaki_replication::feed::Run;
use phaki_replication::fork::ForkProof;
use phaki_replication::id::{Epoch, FederationId, FeedId, Hash, NodeId, ShortDigest, SpaceId};
use phaki_replication::manifest::{Group, Handover, Manifest, MemberRole};
use phaki_replication::message::{
    CloseReason, FeedReport, FrontierReport, Heartbeat, Hello, Message, Range, SeveredRun,
    SpaceState,
};
use phaki_replication::receipt::Receipt;
use phaki_replication::roster::{NodeRecord, NodeRole, NodeStatus, Roster, SignedRoster};
use phaki_replication::sign::{SecretKey, Signature};
use phaki_wire::enrol::{InviteSecret, JoinRequest, JoinResponse};
use phaki_wire::frame::to_wire;
use prost::Message as _;

const FEDERATION: FederationId = FederationId([1; 32]);
const SPACE: SpaceId = SpaceId([5; 16]);
const DIGEST: ShortDigest = ShortDigest([4; 16]);

fn key() -> SecretKey {
    SecretKey::from_seed(&[7; 32])
}

fn feed() -> FeedId {
    FeedId {
        author: key().node(),
        epoch: Epoch([3; 16]),
    }
}

fn run(payloads: &[&'static str]) -> Run {
    let entry = |text: &&'static str| Entry {
        kind: EntryKind::CHANGE,
        time_ms: 1_700_000_000_000,
        payload: Payload::Present(Bytes::from_static(text.as_bytes())),
    };
    let entries = payloads.iter().map(entry).collect();
    let start = (0, root(&FEDERATION, &SPACE, &feed()));
    Run::sign(&key(), &FEDERATION, &SPACE, feed(), start, entries)
}

fn proof() -> ForkProof {
    let start = root(&FEDERATION, &SPACE, &feed());
    ForkProof::between(SPACE, start, &run(&["a", "b", "c"]), &run(&["a", "x"])).unwrap()
}

fn roster(count: u8) -> Roster {
    let record = |number: u8| NodeRecord {
        name: format!("TH-{number}"),
        role: NodeRole::Province,
        area: number.to_string(),
        within: vec!["R12".to_owned(), "TH".to_owned()],
        addresses: vec!["10.0.0.1:7440".to_owned()],
        status: NodeStatus::Active,
        replaces: None,
        admitted_by: None,
    };
    Roster {
        federation: FEDERATION,
        version: 3,
        nodes: (1..=count)
            .map(|number| (NodeId([number; 32]), record(number)))
            .collect(),
    }
}

fn branch() -> Branch {
    let admitted = |(number, mut record): (u8, NodeRecord)| {
        record.role = NodeRole::Edge;
        let edge = SecretKey::from_seed(&[50 + number; 32]);
        let consent = Consent::sign(&edge, &FEDERATION, key().node());
        (edge.node(), Admitted { record, consent })
    };
    let nodes = (0..)
        .zip(roster(2).nodes.into_values())
        .map(admitted)
        .collect();
    Branch {
        federation: FEDERATION,
        parent: key().node(),
        version: 1,
        nodes,
    }
}

fn manifest() -> Manifest {
    let mut manifest = Manifest::found(FEDERATION, key().node(), [2; 16], "แผนจังหวัด");
    manifest.members.insert(NodeId([1; 32]), MemberRole::Writer);
    manifest
        .groups
        .insert(Group::Role(NodeRole::National), MemberRole::Reader);
    manifest
        .groups
        .insert(Group::Area("R12".to_owned()), MemberRole::Writer);
    manifest.frozen.insert(NodeId([2; 32]));
    manifest.caps.insert(feed(), 7);
    let to = NodeId([1; 32]);
    manifest.offer = Some(Handover::sign(
        &key(),
        &FEDERATION,
        &SPACE,
        &key().node(),
        to,
    ));
    manifest
}

fn receipt() -> Receipt {
    Receipt {
        federation: FEDERATION,
        space: SPACE,
        node: key().node(),
        number: 9,
        time_ms: 1_700_000_000_000,
        feeds: BTreeMap::from([(feed(), 3)]),
    }
}

fn messages() -> Vec<Message> {
    let report = FeedReport {
        feed: feed(),
        length: 3,
        head: Hash([6; 32]),
        bytes: 99,
    };
    vec![
        Message::Hello(Hello {
            protocol: 1,
            protocol_min: 1,
            federation: FEDERATION,
            epoch: Epoch([3; 16]),
            instance: [8; 8],
            roster_version: 3,
            roster: DIGEST,
            branches: DIGEST,
            time_ms: 1_700_000_000_000,
        }),
        Message::Roster(roster(3).sign(&key())),
        Message::Branch(branch().sign(&key())),
        Message::Manifest(manifest().sign(&key())),
        Message::Have(vec![SpaceState {
            space: SPACE,
            manifest: DIGEST,
            frontier: DIGEST,
            receipts: DIGEST,
            severed: None,
            vault: None,
        }]),
        Message::Frontier(FrontierReport {
            space: SPACE,
            complete: true,
            feeds: vec![report, report],
        }),
        Message::Want(Range {
            space: SPACE,
            feed: feed(),
            from: 1,
            to: 9,
        }),
        Message::Plan {
            space: SPACE,
            entries: 8,
            bytes: 999,
        },
        Message::Batch {
            space: SPACE,
            runs: vec![run(&["แผน", "โครงการ"])],
        },
        Message::Batch {
            space: SPACE,
            runs: vec![run(
                &["กิจกรรม กิจกรรม กิจกรรม กิจกรรม กิจกรรม กิจกรรม กิจกรรม"; 20]
            )],
        },
        Message::Heartbeat(Heartbeat {
            time_ms: 5,
            shared: DIGEST,
        }),
        Message::Close(CloseReason::Limit),
    ]
}

fn severed_run() -> SeveredRun {
    let run = run(&["a", "b"]);
    SeveredRun {
        feed: run.feed,
        from: run.from,
        head: run.checkpoint.head,
    }
}

fn messages_of_trust() -> Vec<Message> {
    vec![
        Message::Fork(proof()),
        Message::Severed {
            space: SPACE,
            previous: Hash([6; 32]),
            run: run(&["a", "b"]),
        },
        Message::SeveredHeld {
            space: SPACE,
            runs: vec![severed_run()],
        },
        Message::WantSevered {
            space: SPACE,
            run: severed_run(),
        },
        Message::Receipts {
            space: SPACE,
            receipts: vec![receipt().sign(&key())],
        },
        Message::ReceiptsHeld {
            space: SPACE,
            numbers: vec![(key().node(), 9)],
        },
        Message::Ack {
            space: SPACE,
            feeds: vec![(feed(), 3)],
        },
    ]
}

/// What follows the domain tag, behind the number of its kind.
fn untagged(kind: u8, bytes: &[u8]) -> Vec<u8> {
    let tag = bytes.iter().position(|byte| *byte == 0).unwrap() + 1;
    [&[kind], &bytes[tag..]].concat()
}

fn signed() -> Vec<Vec<u8>> {
    let mut seeds = vec![
        untagged(1, &branch().encode()),
        untagged(2, &manifest().encode()),
        untagged(3, &receipt().encode()),
        untagged(4, &proof().encode()),
    ];
    seeds.extend((0..6).map(|count| untagged(0, &roster(count).encode())));
    seeds
}

fn enrolments() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for count in 0..6 {
        let request = JoinRequest {
            secret: InviteSecret([count; 32]),
            name: (count > 2).then(|| "TH-90".to_owned()),
            addresses: vec!["10.0.0.1:7440".to_owned(); usize::from(count)],
            software: "phaki 0.1.0".to_owned(),
            consent: Signature([count; 64]),
            voucher: (count > 3).then_some(Signature([count; 64])),
        };
        seeds.push(request.to_wire().encode_to_vec());
        let SignedRoster { bytes, signature } = roster(count).sign(&key());
        let response = JoinResponse {
            roster: SignedRoster { bytes, signature },
            manifests: vec![manifest().sign(&key()); usize::from(count % 2)],
            branches: vec![branch().sign(&key()); usize::from(count % 3)],
        };
        seeds.push(response.to_wire().encode_to_vec());
    }
    seeds
}

fn changes() -> Vec<Vec<u8>> {
    let mut document = Document::empty(DocumentId::new(Kind::Plan, [1; 16]));
    let mut seeds = Vec::new();
    let fields = [
        r#"{"title": {"th": "แผนสุขภาพ"}, "areas": ["40", "41"]}"#,
        r#"{"title": {"th": "แผน"}, "situation": "ข้อความยาว"}"#,
        r#"{"title": {"th": "แผน", "en": "plan"}, "fiscal_years": [2567]}"#,
        r#"{"title": {"th": "อีกครั้ง"}, "unknown": {"a": 1, "b": [true, null]}}"#,
        r#"{"title": {"th": "สุดท้าย"}, "situation": "ข้อความยาวกว่า"}"#,
    ];
    for (second, json) in (0..).zip(fields) {
        let value: serde_json::Value = serde_json::from_str(json).unwrap();
        let edits: Vec<Edit> = document.import_edits(&value).unwrap();
        let editor = Editor {
            actor: [9; 24],
            account: "account-1",
            time_secs: 1_700_000_000 + second,
            message: Some("แก้ไข"),
        };
        let made = document.edit(&editor, &edits).unwrap().unwrap().bytes;
        // A chunk: four bytes of mark, four of checksum, its kind, its length, its content.
        let length = made[9..].iter().take_while(|byte| **byte >= 0x80).count() + 1;
        seeds.push([&[1], &made[9 + length..]].concat());
        seeds.push([&[0], made.as_slice()].concat());
    }
    seeds
}

fn sessions() -> Vec<Vec<u8>> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[3]
    };
    (1..=20)
        .map(|size| (0..size * 60).map(|_| byte()).collect())
        .collect()
}

fn write(corpus: &Path, target: &str, seeds: Vec<Vec<u8>>) {
    let folder = corpus.join(target);
    fs::create_dir_all(&folder).unwrap();
    for (number, seed) in seeds.into_iter().enumerate() {
        fs::write(folder.join(format!("seed-{number:02}")), seed).unwrap();
    }
}

fn main() {
    let corpus = PathBuf::from(std::env::args().nth(1).unwrap());
    let frames = messages()
        .into_iter()
        .chain(messages_of_trust())
        .map(|message| to_wire(message).encode_to_vec());
    write(&corpus, "frame", frames.collect());
    write(&corpus, "enrol", enrolments());
    write(&corpus, "signed", signed());
    write(&corpus, "change", changes());
    write(&corpus, "session", sessions());
}
