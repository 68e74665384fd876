//! The gRPC codec of sessions: prost's, with the numbers of items checked before it allocates.

use bytes::{Buf, Bytes};
use prost::Message;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

use crate::field::DecodeError;
use crate::proto::sync::v1::Frame;
use crate::scan::check_frame;

/// Reads one frame. The checks of its fields are made by [`crate::frame::from_wire`].
pub fn decode(bytes: Bytes) -> Result<Frame, DecodeError> {
    check_frame(&bytes)?;
    Frame::decode(bytes).map_err(DecodeError::Protobuf)
}

/// Encodes and decodes frames.
#[derive(Clone, Copy, Debug, Default)]
pub struct FrameCodec;

impl Codec for FrameCodec {
    type Encode = Frame;
    type Decode = Frame;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for FrameCodec {
    type Item = Frame;
    type Error = Status;

    fn encode(&mut self, frame: Frame, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        frame
            .encode(buffer)
            .map_err(|_| Status::internal("frame does not fit its buffer"))
    }
}

impl Decoder for FrameCodec {
    type Item = Frame;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Frame>, Status> {
        let bytes = buffer.copy_to_bytes(buffer.remaining());
        decode(bytes).map(Some).map_err(|error| {
            if error.is_limit() {
                Status::out_of_range(error.to_string())
            } else {
                Status::invalid_argument(error.to_string())
            }
        })
    }
}
