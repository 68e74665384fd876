//! What is sent arrives, and batches arrive compressed where that pays.

use phaki_wire::codec::decode;
use phaki_wire::frame::{cost, from_wire, to_wire};
use phaki_wire::proto::sync::v1 as pb;
use proptest::prelude::*;
use prost::Message as _;

use crate::messages::{batch, message};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_message_survives_the_wire(message in message()) {
        let bytes = to_wire(message.clone()).encode_to_vec();
        prop_assert_eq!(from_wire(decode(bytes.into()).unwrap()), Ok(message));
    }
}

fn body_of(frame: pb::Frame) -> pb::batch::Body {
    match frame.body {
        Some(pb::frame::Body::Batch(batch)) => batch.body.unwrap(),
        other => panic!("no batch: {other:?}"),
    }
}

#[test]
fn a_batch_of_alike_changes_is_compressed_across_entries() {
    let phrase = "แผนงานส่งเสริมสุขภาพและป้องกันโรค ".repeat(3);
    let message = batch((0..100).map(|n| format!("{phrase}{n}").into()));
    let frame = to_wire(message.clone());
    assert!(frame.encoded_len() < 2000, "{}", frame.encoded_len());
    assert!(cost(&frame) > 100 * phrase.len());
    assert!(matches!(body_of(frame), pb::batch::Body::Zstd(_)));
    assert_eq!(from_wire(to_wire(message.clone())), Ok(message));
}

#[test]
fn a_small_batch_is_not_compressed_and_noise_does_not_grow() {
    let small = batch([bytes::Bytes::from_static(b"plan")]);
    assert!(matches!(body_of(to_wire(small)), pb::batch::Body::Plain(_)));
    let mut state = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(5000)
    .collect();
    assert!(to_wire(batch([noise.into()])).encoded_len() < 5000 + 220);
}
