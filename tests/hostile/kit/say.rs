//! Every message that the kit sends and reads. When the protocol changes, this file follows.

use bytes::Bytes;
use phaki_replication::feed::Run;
use phaki_replication::id::{Epoch, FederationId, FeedId, Hash, ShortDigest, SpaceId};
use phaki_replication::manifest::SignedManifest;
use phaki_replication::message::{
    FeedReport, FrontierReport, Heartbeat, Hello, Message, PROTOCOL_VERSION, Range, SpaceState,
};
use phaki_replication::roster::SignedRoster;
use phaki_wire::frame::{from_wire, to_wire};
use phaki_wire::proto::sync::v1 as pb;
use prost::Message as _;

/// The epoch in which the attacker writes and greets.
pub(crate) const EPOCH: Epoch = Epoch([0x66; 16]);

/// A message in its bytes.
pub(crate) fn encoded(message: Message) -> Bytes {
    to_wire(message).encode_to_vec().into()
}

/// The message in these bytes.
pub(crate) fn decoded(bytes: &Bytes) -> Message {
    from_wire(pb::Frame::decode(bytes.clone()).unwrap()).unwrap()
}

/// The greeting of a node that knows no roster yet.
pub(crate) fn greeting(federation: FederationId) -> Hello {
    Hello {
        protocol: PROTOCOL_VERSION,
        protocol_min: PROTOCOL_VERSION,
        federation,
        epoch: EPOCH,
        instance: [0x66; 8],
        roster_version: 0,
        roster: ShortDigest([0; 16]),
        branches: ShortDigest([0; 16]),
        time_ms: 1_700_000_000_000,
    }
}

pub(crate) fn hello(federation: FederationId) -> Message {
    Message::Hello(greeting(federation))
}

/// Tells of spaces as one who holds nothing of them, under the oldest manifest.
pub(crate) fn have(spaces: impl IntoIterator<Item = SpaceId>) -> Message {
    let nothing = |space| SpaceState {
        space,
        manifest: ShortDigest([0; 16]),
        frontier: ShortDigest([0; 16]),
        receipts: ShortDigest([0; 16]),
        severed: None,
        vault: None,
    };
    Message::Have(spaces.into_iter().map(nothing).collect())
}

pub(crate) fn roster(signed: SignedRoster) -> Message {
    Message::Roster(signed)
}

pub(crate) fn manifest(signed: SignedManifest) -> Message {
    Message::Manifest(signed)
}

pub(crate) fn batch(space: SpaceId, runs: Vec<Run>) -> Message {
    Message::Batch { space, runs }
}

/// Asks for all of a feed.
pub(crate) fn want(space: SpaceId, feed: FeedId) -> Message {
    Message::Want(Range {
        space,
        feed,
        from: 0,
        to: 1_000_000,
    })
}

pub(crate) fn ack(space: SpaceId, feed: FeedId, length: u64) -> Message {
    let feeds = vec![(feed, length)];
    Message::Ack { space, feeds }
}

pub(crate) fn plan(space: SpaceId) -> Message {
    Message::Plan {
        space,
        entries: u64::MAX,
        bytes: u64::MAX,
    }
}

/// Says that the sender holds so much of these feeds, with heads that nobody knows.
pub(crate) fn frontier(
    space: SpaceId,
    feeds: impl IntoIterator<Item = (FeedId, u64)>,
    complete: bool,
) -> Message {
    let report = |(feed, length)| FeedReport {
        feed,
        length,
        head: Hash([0x66; 32]),
        bytes: 1,
    };
    Message::Frontier(FrontierReport {
        space,
        complete,
        feeds: feeds.into_iter().map(report).collect(),
    })
}

pub(crate) fn heartbeat(time_ms: i64) -> Message {
    Message::Heartbeat(Heartbeat {
        time_ms,
        shared: ShortDigest([0x66; 16]),
    })
}

/// A batch whose compressed body is given.
pub(crate) fn compressed_batch(space: SpaceId, zstd: Vec<u8>) -> Bytes {
    frame(pb::frame::Body::Batch(pb::Batch {
        space: space.0.to_vec().into(),
        body: Some(pb::batch::Body::Zstd(zstd.into())),
    }))
}

/// The bytes of a batch's body with these runs.
pub(crate) fn batch_body(runs: Vec<pb::Run>) -> Vec<u8> {
    pb::BatchBody { runs }.encode_to_vec()
}

/// A run of empty entries: two bytes each on the wire.
pub(crate) fn hollow_run(entries: usize) -> pb::Run {
    pb::Run {
        entries: vec![pb::Entry::default(); entries],
        ..pb::Run::default()
    }
}

/// A close whose reason nobody knows.
pub(crate) fn close_for_no_reason() -> Bytes {
    frame(pb::frame::Body::Close(pb::Close { reason: 0 }))
}

/// A question for a space with an id of that many bytes.
pub(crate) fn want_with_id_of(bytes: usize) -> Bytes {
    frame(pb::frame::Body::Want(pb::Want {
        space: vec![1; bytes].into(),
        feed: vec![1; 48].into(),
        from: 0,
        count: 1,
    }))
}

/// Entries that begin so far in a feed that their end has no number.
pub(crate) fn batch_at_the_end_of_numbers(space: SpaceId) -> Bytes {
    let run = pb::Run {
        feed: vec![1; 48].into(),
        from: u64::MAX,
        entries: vec![pb::Entry {
            kind: 1,
            time_delta: 0,
            content: Some(pb::entry::Content::Payload(Bytes::from_static(b"x"))),
        }],
        head: vec![1; 32].into(),
        signature: vec![1; 64].into(),
    };
    frame(pb::frame::Body::Batch(pb::Batch {
        space: space.0.to_vec().into(),
        body: Some(pb::batch::Body::Plain(pb::BatchBody { runs: vec![run] })),
    }))
}

/// Spaces by the number, each with an id of its own.
pub(crate) fn spaces(count: usize) -> impl Iterator<Item = SpaceId> {
    (0..count).map(|number| {
        let mut id = [0x66; 16];
        id[..8].copy_from_slice(&u64::try_from(number).unwrap().to_be_bytes());
        SpaceId(id)
    })
}

/// Feeds of one author by the number, each in an epoch of its own.
pub(crate) fn feeds(
    author: phaki_replication::id::NodeId,
    count: usize,
) -> impl Iterator<Item = FeedId> {
    spaces(count).map(move |SpaceId(epoch)| FeedId {
        author,
        epoch: Epoch(epoch),
    })
}

fn frame(body: pb::frame::Body) -> Bytes {
    pb::Frame { body: Some(body) }.encode_to_vec().into()
}
