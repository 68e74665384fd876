//! Bytes that nobody honest sends: refused by name, and before they cost anything.

use bytes::Bytes;
use phaki_replication::limits::{
    BATCH_BYTES_MAX, BATCH_RUNS_MAX, ENTRY_BYTES_MAX, FEEDS_PER_SPACE_MAX, MANIFEST_BYTES_MAX,
    PAYLOAD_BYTES_MAX, ROSTER_BYTES_MAX, RUN_ENTRIES_MAX, SEVERED_AT_ONCE_MAX, SPACES_MAX,
};
use phaki_replication::message::Message;
use phaki_wire::codec::decode;
use phaki_wire::field::DecodeError;
use phaki_wire::frame::{cost, from_wire, to_wire};
use phaki_wire::limits::RESTORED_FACTOR_MAX;
use phaki_wire::proto::sync::v1 as pb;
use phaki_wire::proto::sync::v1::frame::Body;
use proptest::prelude::*;
use prost::Message as _;

use crate::messages::{batch, message};

fn read(bytes: &[u8]) -> Result<Message, DecodeError> {
    from_wire(decode(Bytes::copy_from_slice(bytes))?)
}

fn read_body(body: Body) -> Result<Message, DecodeError> {
    read(&pb::Frame { body: Some(body) }.encode_to_vec())
}

fn zstd_batch(zstd: Vec<u8>) -> Body {
    let body = Some(pb::batch::Body::Zstd(zstd.into()));
    Body::Batch(pb::Batch {
        space: vec![1; 16].into(),
        body,
    })
}

fn plain_batch(runs: Vec<pb::Run>) -> Body {
    let body = Some(pb::batch::Body::Plain(pb::BatchBody { runs }));
    Body::Batch(pb::Batch {
        space: vec![1; 16].into(),
        body,
    })
}

fn too_large(result: Result<Message, DecodeError>, expected: &str) -> bool {
    matches!(result, Err(DecodeError::TooLarge { what, .. }) if what == expected)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        read(&bytes).ok();
    }

    #[test]
    fn damaged_frames_never_panic(
        message in message(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = to_wire(message).encode_to_vec();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        read(&bytes).ok();
        bytes.truncate(cut.index(bytes.len()));
        read(&bytes).ok();
    }

    #[test]
    fn arbitrary_compressed_content_never_panics(
        plain in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let compressed = zstd::bulk::compress(&plain, 3).unwrap();
        read_body(zstd_batch(compressed)).ok();
    }
}

#[test]
fn a_zstd_bomb_is_refused_by_its_stated_size() {
    let bomb = zstd::bulk::compress(&vec![0; 1 << 30], 3).unwrap();
    assert!(bomb.len() < 100_000);
    let frame = pb::Frame {
        body: Some(zstd_batch(bomb)),
    };
    assert_eq!(cost(&frame), RESTORED_FACTOR_MAX * BATCH_BYTES_MAX);
    assert!(too_large(from_wire(frame), "bytes of a batch"));
}

#[test]
fn a_zstd_bomb_that_lies_about_its_size_is_refused_at_the_stated_size() {
    let content = vec![0_u8; 1 << 20];
    let mut bomb = zstd::bulk::compress(&content, 3).unwrap();
    // A single-segment frame has its size in the four bytes behind magic and descriptor.
    let size: [u8; 4] = u32::try_from(content.len()).unwrap().to_le_bytes();
    let place = bomb.windows(4).position(|window| window == size).unwrap();
    bomb[place..place + 4].copy_from_slice(&1000_u32.to_le_bytes());
    assert_eq!(read_body(zstd_batch(bomb)), Err(DecodeError::Decompress));

    let mut twice = zstd::bulk::compress(&vec![0; 500], 3).unwrap();
    twice.extend_from_within(..);
    assert_eq!(read_body(zstd_batch(twice)), Err(DecodeError::Decompress));

    let unstated = zstd::stream::encode_all(&content[..], 3).unwrap();
    assert_eq!(
        read_body(zstd_batch(unstated)),
        Err(DecodeError::UnstatedSize)
    );
    assert_eq!(
        read_body(zstd_batch(vec![1, 2, 3])),
        Err(DecodeError::Decompress)
    );
}

#[test]
fn numbers_of_items_are_limited() {
    let spaces = vec![pb::SpaceState::default(); SPACES_MAX + 1];
    assert!(too_large(
        read_body(Body::Have(pb::Have { spaces })),
        "number of spaces"
    ));
    let feeds = vec![pb::FeedReport::default(); FEEDS_PER_SPACE_MAX + 1];
    let frontier = pb::Frontier {
        feeds,
        ..Default::default()
    };
    assert!(too_large(
        read_body(Body::Frontier(frontier)),
        "number of feeds"
    ));
    let feeds = vec![pb::AckedFeed::default(); FEEDS_PER_SPACE_MAX + 1];
    let ack = pb::Ack {
        feeds,
        ..Default::default()
    };
    assert!(too_large(read_body(Body::Ack(ack)), "number of feeds"));
    let severed = pb::SeveredHeld {
        runs: vec![pb::SeveredRun::default(); SEVERED_AT_ONCE_MAX + 1],
        ..Default::default()
    };
    let severed = Body::SeveredHeld(severed);
    assert!(too_large(read_body(severed), "number of cut-off runs"));
    let runs = vec![pb::Run::default(); BATCH_RUNS_MAX + 1];
    assert!(too_large(
        read_body(plain_batch(runs.clone())),
        "number of runs"
    ));
    let body = pb::BatchBody { runs }.encode_to_vec();
    let compressed = zstd::bulk::compress(&body, 3).unwrap();
    assert!(too_large(
        read_body(zstd_batch(compressed)),
        "number of runs"
    ));
    let run = |entries| pb::Run {
        entries: vec![pb::Entry::default(); entries],
        ..Default::default()
    };
    let long = plain_batch(vec![run(RUN_ENTRIES_MAX + 1)]);
    assert!(too_large(read_body(long), "number of entries in a run"));
    let many = plain_batch(vec![run(RUN_ENTRIES_MAX); 33]);
    assert!(too_large(read_body(many), "number of entries in a batch"));
}

#[test]
fn items_split_over_repeated_fields_are_counted_together() {
    let half = pb::Have {
        spaces: vec![pb::SpaceState::default(); SPACES_MAX / 2 + 1],
    };
    let mut bytes = pb::Frame {
        body: Some(Body::Have(half)),
    }
    .encode_to_vec();
    bytes.extend_from_within(..);
    assert!(too_large(read(&bytes), "number of spaces"));
}

#[test]
fn sizes_are_limited() {
    let payload = Bytes::from(vec![0; ENTRY_BYTES_MAX + 1]);
    assert!(too_large(
        from_wire(to_wire(batch([payload]))),
        "bytes of a payload"
    ));
    let payloads = vec![Bytes::from(vec![0; PAYLOAD_BYTES_MAX]); 2];
    assert!(too_large(
        from_wire(to_wire(batch(payloads))),
        "payload bytes of a run"
    ));
    let signature = Bytes::from(vec![0; 64]);
    let content = Bytes::from(vec![0; ROSTER_BYTES_MAX + 1]);
    let roster = pb::Roster {
        content,
        signature: signature.clone(),
    };
    assert!(too_large(
        read_body(Body::Roster(roster)),
        "bytes of a roster"
    ));
    let content = Bytes::from(vec![0; MANIFEST_BYTES_MAX + 1]);
    let manifest = pb::Manifest { content, signature };
    assert!(too_large(
        read_body(Body::Manifest(manifest)),
        "bytes of a manifest"
    ));
}

#[test]
fn missing_and_meaningless_fields_are_named() {
    assert_eq!(read(&[]), Err(DecodeError::Missing("body of a frame")));
    let hello = read_body(Body::Hello(pb::Hello::default()));
    let expected = DecodeError::Length {
        what: "federation",
        found: 0,
        expected: 32,
    };
    assert_eq!(hello, Err(expected));
    assert_eq!(
        read_body(plain_batch(vec![])),
        Err(DecodeError::Missing("number of runs"))
    );
    let close = read_body(Body::Close(pb::Close { reason: 99 }));
    assert_eq!(
        close,
        Err(DecodeError::UnknownCode {
            what: "close reason",
            code: 99
        })
    );
    let want = pb::Want {
        space: vec![1; 16].into(),
        feed: vec![1; 48].into(),
        from: u64::MAX,
        count: 1,
    };
    assert_eq!(
        read_body(Body::Want(want)),
        Err(DecodeError::Overflow("wanted range"))
    );
    assert_eq!(read(&[0x0b, 0x0c]), Err(DecodeError::Fields));
}

#[test]
fn unknown_fields_are_skipped() {
    let mut bytes = to_wire(batch([Bytes::from_static(b"x")])).encode_to_vec();
    let known = read(&bytes).unwrap();
    // Field 200 with two bytes, and field 201 as a number.
    bytes.extend([0xc2, 0x0c, 2, 1, 2, 0xc8, 0x0c, 7]);
    assert_eq!(read(&bytes), Ok(known));
}
