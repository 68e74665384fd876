//! Arbitrary messages.

use bytes::Bytes;
use phaki_replication::branch::SignedBranch;
use phaki_replication::entry::{Entry, EntryKind, Payload};
use phaki_replication::feed::{Checkpoint, Run};
use phaki_replication::fork::ForkProof;
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
use proptest::array::{uniform16, uniform32};
use proptest::collection::vec;
use proptest::prelude::*;

fn space() -> impl Strategy<Value = SpaceId> {
    uniform16(any::<u8>()).prop_map(SpaceId)
}

fn hash() -> impl Strategy<Value = Hash> {
    uniform32(any::<u8>()).prop_map(Hash)
}

fn digest() -> impl Strategy<Value = ShortDigest> {
    uniform16(any::<u8>()).prop_map(ShortDigest)
}

fn feed() -> impl Strategy<Value = FeedId> {
    (uniform32(any::<u8>()), uniform16(any::<u8>())).prop_map(|(author, epoch)| FeedId {
        author: NodeId(author),
        epoch: Epoch(epoch),
    })
}

fn signature() -> impl Strategy<Value = Signature> {
    vec(any::<u8>(), 64).prop_map(|bytes| Signature(bytes.try_into().unwrap()))
}

fn payload() -> impl Strategy<Value = Payload> {
    prop_oneof![
        vec(any::<u8>(), 0..200).prop_map(|bytes| Payload::Present(bytes.into())),
        // What compresses well.
        (any::<u8>(), 0..5000_usize).prop_map(|(byte, n)| Payload::Present(vec![byte; n].into())),
        (hash(), 0..=1_u32 << 20).prop_map(|(hash, length)| Payload::Dropped { hash, length }),
    ]
}

fn entry() -> impl Strategy<Value = Entry> {
    let time = prop_oneof![any::<i64>(), 1_700_000_000_000..1_700_000_100_000_i64];
    (any::<u8>(), time, payload()).prop_map(|(kind, time_ms, payload)| Entry {
        kind: EntryKind(kind),
        time_ms,
        payload,
    })
}

fn run() -> impl Strategy<Value = Run> {
    // A run's payloads, dropped ones included, stay below 1.25 MiB.
    let small = |entries: &Vec<Entry>| {
        entries
            .iter()
            .map(|entry| entry.payload.length())
            .sum::<usize>()
            <= 1 << 20
    };
    let from = prop_oneof![
        0..1000_u64,
        any::<u64>().prop_map(|n| n.min(u64::MAX - 100))
    ];
    let entries = vec(entry(), 1..12).prop_filter("small", small);
    (feed(), from, entries, hash(), signature()).prop_map(
        |(feed, from, entries, head, signature)| {
            let length = from + u64::try_from(entries.len()).unwrap();
            Run {
                feed,
                from,
                entries,
                checkpoint: Checkpoint {
                    length,
                    head,
                    signature,
                },
            }
        },
    )
}

fn hello() -> impl Strategy<Value = Message> {
    let ids = (uniform32(any::<u8>()), uniform16(any::<u8>()));
    let state = (any::<u64>(), digest(), digest(), any::<[u8; 8]>());
    (any::<u32>(), any::<u32>(), ids, state, any::<i64>()).prop_map(
        |(protocol, protocol_min, (federation, epoch), state, time_ms)| {
            let (roster_version, roster, branches, instance) = state;
            Message::Hello(Hello {
                protocol,
                protocol_min,
                federation: FederationId(federation),
                epoch: Epoch(epoch),
                instance,
                roster_version,
                roster,
                branches,
                time_ms,
            })
        },
    )
}

fn have() -> impl Strategy<Value = Message> {
    let optional = || proptest::option::of(digest());
    let state = (
        space(),
        digest(),
        digest(),
        digest(),
        (optional(), optional()),
    )
        .prop_map(
            |(space, manifest, frontier, receipts, (severed, vault))| SpaceState {
                space,
                manifest,
                frontier,
                receipts,
                severed,
                vault,
            },
        );
    vec(state, 0..20).prop_map(Message::Have)
}

fn frontier() -> impl Strategy<Value = Message> {
    let report =
        (feed(), any::<u64>(), hash(), any::<u64>()).prop_map(|(feed, length, head, bytes)| {
            FeedReport {
                feed,
                length,
                head,
                bytes,
            }
        });
    (space(), any::<bool>(), vec(report, 0..20)).prop_map(|(space, complete, feeds)| {
        Message::Frontier(FrontierReport {
            space,
            complete,
            feeds,
        })
    })
}

fn node() -> impl Strategy<Value = NodeId> {
    uniform32(any::<u8>()).prop_map(NodeId)
}

fn fork() -> impl Strategy<Value = Message> {
    let parting = (run(), run()).prop_filter("they part", |(one, other)| {
        one.entries[0] != other.entries[0]
    });
    (space(), hash(), parting).prop_map(|(space, previous, (one, other))| {
        let other = Run {
            from: one.from,
            ..other
        };
        Message::Fork(ForkProof::between(space, previous, &one, &other).unwrap())
    })
}

fn receipts() -> impl Strategy<Value = Message> {
    let receipt = (vec(any::<u8>(), 0..500), signature())
        .prop_map(|(bytes, signature)| SignedReceipt { bytes, signature });
    (space(), vec(receipt, 1..10))
        .prop_map(|(space, receipts)| Message::Receipts { space, receipts })
}

fn statement() -> impl Strategy<Value = Told> {
    let key = proptest::option::of(uniform32(any::<u8>()));
    (vec(any::<u8>(), 0..500), signature(), key).prop_map(|(bytes, signature, key)| Told {
        signed: SignedStatement {
            bytes: bytes.into(),
            signature,
        },
        key: key.map(VaultKey::new),
    })
}

fn subject() -> impl Strategy<Value = Subject> {
    proptest::array::uniform17(any::<u8>()).prop_map(Subject)
}

fn severed_run() -> impl Strategy<Value = SeveredRun> {
    (feed(), any::<u64>(), hash()).prop_map(|(feed, from, head)| SeveredRun { feed, from, head })
}

/// Any message that a node may send.
pub(crate) fn message() -> impl Strategy<Value = Message> {
    let signed = || (vec(any::<u8>(), 0..500), signature());
    prop_oneof![
        hello(),
        signed().prop_map(|(bytes, signature)| Message::Roster(SignedRoster { bytes, signature })),
        signed()
            .prop_map(|(bytes, signature)| Message::Manifest(SignedManifest { bytes, signature })),
        signed().prop_map(|(bytes, signature)| Message::Branch(SignedBranch { bytes, signature })),
        fork(),
        (space(), hash(), run()).prop_map(|(space, previous, run)| Message::Severed {
            space,
            previous,
            run
        }),
        (space(), vec(severed_run(), 1..20))
            .prop_map(|(space, runs)| Message::SeveredHeld { space, runs }),
        (space(), severed_run()).prop_map(|(space, run)| Message::WantSevered { space, run }),
        receipts(),
        (space(), vec((node(), any::<u64>()), 0..20))
            .prop_map(|(space, numbers)| Message::ReceiptsHeld { space, numbers }),
        (space(), vec(statement(), 1..10))
            .prop_map(|(space, statements)| Message::Vault { space, statements }),
        (space(), any::<bool>(), vec((subject(), digest()), 0..20)).prop_map(
            |(space, answer, subjects)| Message::VaultHeld {
                space,
                answer,
                subjects
            }
        ),
        have(),
        frontier(),
        (space(), feed(), any::<u64>(), any::<u64>()).prop_map(|(space, feed, one, two)| {
            Message::Want(Range {
                space,
                feed,
                from: one.min(two),
                to: one.max(two),
            })
        }),
        (space(), any::<u64>(), any::<u64>()).prop_map(|(space, entries, bytes)| Message::Plan {
            space,
            entries,
            bytes
        }),
        (space(), vec(run(), 1..5)).prop_map(|(space, runs)| Message::Batch { space, runs }),
        (space(), vec((feed(), any::<u64>()), 1..20))
            .prop_map(|(space, feeds)| Message::Ack { space, feeds }),
        (any::<i64>(), digest())
            .prop_map(|(time_ms, shared)| Message::Heartbeat(Heartbeat { time_ms, shared })),
        (0..CloseReason::ALL.len()).prop_map(|n| Message::Close(CloseReason::ALL[n].0)),
    ]
}

/// A batch of one run with these payloads.
pub(crate) fn batch(payloads: impl IntoIterator<Item = Bytes>) -> Message {
    let entries: Vec<_> = payloads
        .into_iter()
        .zip(0..)
        .map(|(payload, number)| Entry {
            kind: EntryKind::CHANGE,
            time_ms: 1_700_000_000_000 + number,
            payload: Payload::Present(payload),
        })
        .collect();
    let run = Run {
        feed: FeedId {
            author: NodeId([1; 32]),
            epoch: Epoch([2; 16]),
        },
        from: 5,
        checkpoint: Checkpoint {
            length: 5 + u64::try_from(entries.len()).unwrap(),
            head: Hash([3; 32]),
            signature: Signature([4; 64]),
        },
        entries,
    };
    Message::Batch {
        space: SpaceId([5; 16]),
        runs: vec![run],
    }
}
