//! Single messages that are huge, deep, or small and inflate to more: each costs no more memory
//! than its limit, and ends the session that it came on.

use std::io::Write;

use bytes::{BufMut, Bytes, BytesMut};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use http::{HeaderMap, HeaderName, HeaderValue};
use phaki_replication::limits::{
    BATCH_RUNS_MAX, FEEDS_PER_SPACE_MAX, ROSTER_BYTES_MAX, RUN_ENTRIES_MAX, SPACES_MAX,
};
use phaki_replication::message::CloseReason;
use phaki_replication::roster::SignedRoster;
use phaki_replication::sign::Signature;

use crate::kit::call::{Connection, SESSION, framed};
use crate::kit::evidence::{log_tells, memory_peak_kib, refusal_is_recorded};
use crate::kit::peer::Peer;
use crate::kit::world::{ATTACKER, Kept, NOTHING, World};
use crate::kit::{say, tls};

/// What one message of an attack may cost: some copies of the largest frame, of eight mebibytes.
const MESSAGE_KIB_MAX: u64 = 40 << 10;

/// What a bomb would weigh that went off.
const BOMB_BYTES: usize = 128 << 20;

/// Sends bytes beneath gRPC; the session ends for the reason, the record tells what was wrong, and
/// the memory of the node has not grown by more than a message may cost.
pub(crate) async fn a_bomb_is_refused(
    bomb: impl FnOnce(&World) -> Bytes,
    reason: CloseReason,
    wrong: &str,
) {
    let mut world = World::with_attacker_as(Some("writer")).await;
    let bomb = bomb(&world);
    let mut peer = world.attack().await;
    let before = memory_peak_kib(&world.hub);
    peer.send(bomb).await;
    peer.is_closed(reason).await;
    world.goes_on().await;
    costs_little(&world, before);
    let words = ["link closed", ATTACKER, reason.name(), wrong];
    log_tells(&world.hub, &words).await;
    let words = [ATTACKER, reason.name()];
    refusal_is_recorded(&world.hub, "connection-refused", &words).await;
    world.stands([peer], NOTHING).await;
}

fn costs_little(world: &World, before: u64) {
    let grown = memory_peak_kib(&world.hub) - before;
    assert!(grown < MESSAGE_KIB_MAX, "memory grew by {grown} KiB");
}

/// Zeros, compressed, in a zstd frame that states how many they are.
fn zeros(bytes: usize) -> Vec<u8> {
    zstd::bulk::compress(&vec![0; bytes], 1).unwrap()
}

#[tokio::test]
async fn a_batch_that_states_that_it_inflates_to_too_much_is_refused() {
    a_bomb_is_refused(
        |world| framed(&say::compressed_batch(world.plans, zeros(BOMB_BYTES))),
        CloseReason::Limit,
        "bytes of a batch",
    )
    .await;
}

#[tokio::test]
async fn a_batch_that_inflates_to_more_than_it_states_is_refused() {
    let liar = |world: &World| {
        let mut zstd = zeros(BOMB_BYTES);
        // The size stands in the header, behind the magic number, the descriptor and the window.
        let stated = u32::try_from(BOMB_BYTES).unwrap().to_le_bytes();
        let at = zstd.windows(4).position(|bytes| bytes == stated).unwrap();
        zstd[at..at + 4].copy_from_slice(&1_000_u32.to_le_bytes());
        framed(&say::compressed_batch(world.plans, zstd))
    };
    let wrong = "does not decompress to its stated size";
    a_bomb_is_refused(liar, CloseReason::Protocol, wrong).await;
}

#[tokio::test]
async fn a_batch_that_does_not_state_to_what_it_inflates_is_refused() {
    let silent = |world: &World| {
        let zstd = zstd::encode_all(&vec![0; BOMB_BYTES][..], 1).unwrap();
        framed(&say::compressed_batch(world.plans, zstd))
    };
    let wrong = "does not state its size";
    a_bomb_is_refused(silent, CloseReason::Protocol, wrong).await;
}

#[tokio::test]
async fn a_batch_of_more_entries_than_its_bytes_can_pay_for_is_refused() {
    let hollow = |world: &World| {
        let runs = vec![say::hollow_run(RUN_ENTRIES_MAX); BATCH_RUNS_MAX];
        let zstd = zstd::bulk::compress(&say::batch_body(runs), 1).unwrap();
        framed(&say::compressed_batch(world.plans, zstd))
    };
    let wrong = "number of entries in a batch";
    a_bomb_is_refused(hollow, CloseReason::Limit, wrong).await;
}

#[tokio::test]
async fn a_run_of_too_many_entries_is_refused() {
    let long = |world: &World| {
        let body = say::batch_body(vec![say::hollow_run(RUN_ENTRIES_MAX + 1)]);
        let zstd = zstd::bulk::compress(&body, 1).unwrap();
        framed(&say::compressed_batch(world.plans, zstd))
    };
    let wrong = "number of entries in a run";
    a_bomb_is_refused(long, CloseReason::Limit, wrong).await;
}

#[tokio::test]
async fn a_giant_frontier_is_refused() {
    let giant = |world: &World| {
        let feeds = say::feeds(world.attacker.node(), FEEDS_PER_SPACE_MAX + 1);
        let feeds = feeds.map(|feed| (feed, 1));
        framed(&say::encoded(say::frontier(world.plans, feeds, true)))
    };
    a_bomb_is_refused(giant, CloseReason::Limit, "number of feeds").await;
}

#[tokio::test]
async fn a_list_of_more_spaces_than_a_node_holds_is_refused() {
    let giant = |_: &World| framed(&say::encoded(say::have(say::spaces(SPACES_MAX + 1))));
    a_bomb_is_refused(giant, CloseReason::Limit, "number of spaces").await;
}

#[tokio::test]
async fn a_roster_larger_than_any_federation_is_refused() {
    let giant = |_: &World| {
        let bytes = vec![0; ROSTER_BYTES_MAX + 1];
        let signature = Signature([0; 64]);
        framed(&say::encoded(say::roster(SignedRoster {
            bytes,
            signature,
        })))
    };
    a_bomb_is_refused(giant, CloseReason::Limit, "bytes of a roster").await;
}

#[tokio::test]
async fn a_message_that_announces_four_gigabytes_is_refused_before_they_come() {
    let announced = |_: &World| Bytes::from_static(&[0, 0xff, 0xff, 0xff, 0xff]);
    a_bomb_is_refused(announced, CloseReason::Limit, "too large").await;
}

#[tokio::test]
async fn groups_within_groups_without_end_are_refused() {
    // Field 3 as the beginning of a group, which contains the same.
    let deep = |_: &World| framed(&vec![0x1b; 1 << 20]);
    let wrong = "no protobuf fields";
    a_bomb_is_refused(deep, CloseReason::Protocol, wrong).await;
}

#[tokio::test]
async fn messages_within_messages_without_end_are_refused() {
    let deep = |_: &World| {
        let mut inner = BytesMut::new();
        for _ in 0..1_000 {
            let mut outer = BytesMut::with_capacity(inner.len() + 5);
            // A batch, or its body, or a run.
            outer.put_u8(0x42);
            let mut length = inner.len();
            while length >= 0x80 {
                outer.put_u8(u8::try_from(length & 0x7f).unwrap() | 0x80);
                length >>= 7;
            }
            outer.put_u8(u8::try_from(length).unwrap());
            outer.put_slice(&inner);
            inner = outer;
        }
        framed(&inner)
    };
    let wrong = "space has 0 bytes instead of 16";
    a_bomb_is_refused(deep, CloseReason::Protocol, wrong).await;
}

#[tokio::test]
async fn a_roster_that_promises_more_nodes_than_it_has_is_refused_at_its_end() {
    let world = World::with_attacker_as(Some("writer")).await;
    let mut signed = world.roster().clone();
    // The count of nodes stands behind the tag, the federation and the version.
    let at = b"phaki/roster/v1\0".len() + 32 + 8;
    signed.bytes[at..at + 4].copy_from_slice(&30_000_u32.to_be_bytes());
    let mut peer = world.attack().await;
    let before = memory_peak_kib(&world.hub);
    peer.say(say::roster(signed)).await;
    peer.is_closed(CloseReason::Forged).await;
    costs_little(&world, before);
    let words = [ATTACKER, "read roster"];
    refusal_is_recorded(&world.hub, "act-refused", &words).await;
    world.stands([peer], NOTHING).await;
}

/// gRPC's own compression is not spoken, so nothing can be hidden in it.
#[tokio::test]
async fn a_message_compressed_beneath_the_protocol_is_refused() {
    let world = World::with_attacker_as(Some("writer")).await;
    let mut peer = world.attack().await;
    let mut message = framed(&say::encoded(say::heartbeat(0))).to_vec();
    message[0] = 1;
    peer.send(message.into()).await;
    peer.is_closed(CloseReason::Protocol).await;
    log_tells(&world.hub, &["link closed", ATTACKER, "ompress"]).await;
    let words = [ATTACKER, CloseReason::Protocol.name()];
    refusal_is_recorded(&world.hub, "connection-refused", &words).await;
    let connection = Connection::open(world.hub.listen(), Some(&world.attacker), tls::SESSION);
    let encoding = HeaderValue::from_static("gzip");
    let headers = HeaderMap::from_iter([(HeaderName::from_static("grpc-encoding"), encoding)]);
    let call = connection.await.unwrap().call(SESSION, headers).await;
    assert_eq!(call.err().unwrap(), "grpc-status 12");
    let words = [ATTACKER, "compressed"];
    refusal_is_recorded(&world.hub, "connection-refused", &words).await;
    world.stands([peer], NOTHING).await;
}

#[tokio::test]
async fn headers_without_end_open_no_session() {
    let world = World::with_attacker_as(Some("writer")).await;
    let before = memory_peak_kib(&world.hub);
    let headers = (0..500).map(|number| {
        let name: HeaderName = format!("x-{number}").parse().unwrap();
        (name, HeaderValue::from_static("0123456789abcdef"))
    });
    let connection = Connection::open(world.hub.listen(), Some(&world.attacker), tls::SESSION);
    let connection = connection.await.unwrap();
    let call = connection.call(SESSION, headers.collect()).await;
    let why = call.err().unwrap();
    assert!(why.contains("header_list_way_too_large"), "{why}");
    costs_little(&world, before);
    world.stands([], NOTHING).await;
}

/// A writer signs an Automerge change that inflates to more than a change may be.
#[tokio::test]
async fn a_change_that_inflates_to_too_much_has_no_effect() {
    let world = World::with_attacker_as(Some("writer")).await;
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
    deflate.write_all(&vec![0; BOMB_BYTES]).unwrap();
    let deflated = deflate.finish().unwrap();
    // The document's id, then a chunk of Automerge: magic number, checksum, compressed change.
    let mut payload = world.pen().plan(0)[..17].to_vec();
    payload.extend([0x85, 0x6f, 0x4a, 0x83, 0, 0, 0, 0, 2]);
    let mut length = deflated.len();
    while length >= 0x80 {
        payload.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    payload.push(u8::try_from(length).unwrap());
    payload.extend(deflated);
    let run = world.pen().sign(vec![payload.into()]);
    let mut peer: Peer = world.attack().await;
    let before = memory_peak_kib(&world.hub);
    peer.say(say::batch(world.plans, vec![run])).await;
    world.until_held(&world.witness, "plans", 4).await;
    costs_little(&world, before);
    peer.was_ignored().await;
    let kept = Kept {
        refused: 1,
        ..NOTHING
    };
    world.stands([peer], kept).await;
}
