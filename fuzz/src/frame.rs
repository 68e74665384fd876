//! Frames and requests to join, from arbitrary bytes.

use bytes::Bytes;
use phaki_wire::enrol::{JoinRequest, JoinResponse};
use phaki_wire::proto::enrol::v1 as pb;
use phaki_wire::{codec, frame as frames};
use prost::Message as _;

/// A frame is refused, or is a message whose own frame reads back equal.
pub fn frame(data: &[u8]) {
    let Ok(frame) = codec::decode(Bytes::copy_from_slice(data)) else {
        return;
    };
    let cost = frames::cost(&frame);
    let Ok(message) = frames::from_wire(frame) else {
        return;
    };
    assert!(
        cost > 0 || data.len() < 16,
        "a message of some size costs nothing"
    );
    let again = frames::to_wire(message.clone()).encode_to_vec();
    let again = codec::decode(again.into()).expect("what is sent can be received");
    assert_eq!(frames::from_wire(again), Ok(message));
}

/// So is a request to join, and the answer to one.
pub fn enrol(data: &[u8]) {
    if let Ok(request) = pb::JoinRequest::decode(data)
        && let Ok(request) = JoinRequest::from_wire(request)
    {
        assert_eq!(
            JoinRequest::from_wire(request.clone().to_wire()),
            Ok(request)
        );
    }
    if let Ok(response) = pb::JoinResponse::decode(data)
        && let Ok(response) = JoinResponse::from_wire(response)
    {
        assert_eq!(
            JoinResponse::from_wire(response.clone().to_wire()),
            Ok(response)
        );
    }
}
