//! Much of what one alone would be allowed: the flood meets a limit, and no other link feels it.

use bytes::{Bytes, BytesMut};
use phaki_replication::id::{Epoch, FeedId};
use phaki_replication::limits::{FEEDS_IN_QUARANTINE_MAX, QUARANTINE_BYTES_MAX};
use phaki_replication::message::Message;
use phaki_tests::wait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::kit::call::framed;
use crate::kit::evidence::{memory_peak_kib, refusal_is_recorded};
use crate::kit::peer::Peer;
use crate::kit::pen::Pen;
use crate::kit::world::{ATTACKER, Kept, NOTHING, World, key};
use crate::kit::{say, tls};

/// What a flood may cost: what may wait for a peer that does not read, and some air.
const FLOOD_KIB_MAX: u64 = 128 << 10;

/// Messages of a flood: more than may wait for one peer.
const FLOOD_MESSAGES: usize = 400_000;

/// Says the same over and over without ever reading an answer: the link is cut, others live.
async fn one_that_does_not_read_is_cut_off(message: impl FnOnce(&World, FeedId) -> Message) {
    let mut world = World::with_attacker_as(Some("writer")).await;
    let honest = world.known_run().await.feed;
    let mut peer = world.attack().await;
    let before = memory_peak_kib(&world.hub);
    let message = framed(&say::encoded(message(&world, honest)));
    const TOGETHER: usize = 1_000;
    let mut wave = BytesMut::with_capacity(TOGETHER * message.len());
    for _ in 0..TOGETHER {
        wave.extend_from_slice(&message);
    }
    let wave = wave.freeze();
    for number in 0..FLOOD_MESSAGES / TOGETHER {
        if !peer.send(wave.clone()).await {
            break;
        }
        if number == 10 {
            world.goes_on().await;
        }
    }
    refusal_is_recorded(
        &world.hub,
        "connection-refused",
        &[ATTACKER, "reads-too-slowly"],
    )
    .await;
    let grown = memory_peak_kib(&world.hub) - before;
    assert!(grown < FLOOD_KIB_MAX, "memory grew by {grown} KiB");
    world.stands([peer], NOTHING).await;
}

#[tokio::test]
async fn one_that_asks_without_end_and_does_not_read_is_cut_off() {
    one_that_does_not_read_is_cut_off(|world, honest| say::want(world.plans, honest)).await;
}

#[tokio::test]
async fn one_that_tells_its_state_without_end_and_does_not_read_is_cut_off() {
    one_that_does_not_read_is_cut_off(|world, _| say::have([world.plans])).await;
}

#[tokio::test]
async fn one_that_sends_signs_of_life_without_end_and_does_not_read_is_cut_off() {
    one_that_does_not_read_is_cut_off(|_, _| say::heartbeat(0)).await;
}

#[tokio::test]
async fn questions_that_are_refused_without_end_do_not_fill_the_log() {
    const QUESTIONS: usize = 5_000;
    let mut world = World::with_attacker_as(Some("writer")).await;
    let honest = world.known_run().await.feed;
    let mut peer = world.attack().await;
    let before = world.hub.log().text().len();
    for _ in 0..QUESTIONS {
        peer.say(say::want(world.secret, honest)).await;
    }
    world.goes_on().await;
    peer.was_ignored().await;
    let words = [ATTACKER, "not-allowed"];
    refusal_is_recorded(&world.hub, "entries-refused", &words).await;
    let grown = world.hub.log().text().len() - before;
    assert!(grown < 10 * QUESTIONS, "the log grew by {grown} bytes");
    world.stands([peer], NOTHING).await;
}

#[tokio::test]
async fn a_reader_cannot_fill_a_space_with_feeds() {
    let world = World::with_attacker_as(Some("reader")).await;
    let mut peer = world.attack().await;
    for epoch in 0..20 {
        let mut pen = world.pen();
        pen.feed.epoch = Epoch([epoch; 16]);
        peer.say(say::batch(world.plans, vec![pen.plans(1)])).await;
    }
    peer.was_ignored().await;
    let words = [ATTACKER, "too-many-feeds"];
    refusal_is_recorded(&world.hub, "entries-refused", &words).await;
    let kept = Kept {
        quarantined: u64::try_from(FEEDS_IN_QUARANTINE_MAX).unwrap(),
        ..NOTHING
    };
    world.stands([peer], kept).await;
}

#[tokio::test]
async fn a_reader_cannot_fill_a_disk() {
    const ENTRY_BYTES: usize = 1 << 20;
    let world = World::with_attacker_as(Some("reader")).await;
    let pen: Pen = world.pen();
    let room = QUARANTINE_BYTES_MAX / u64::try_from(ENTRY_BYTES).unwrap();
    let mut peer = world.attack().await;
    let mut end = pen.start();
    for number in 0..room + 4 {
        let payload = Bytes::from(vec![0; ENTRY_BYTES]);
        let run = pen.continue_after(end, vec![payload]);
        end = (run.checkpoint.length, run.checkpoint.head);
        peer.say(say::batch(world.plans, vec![run])).await;
        if number < room {
            let kept = |message: &Message| matches!(message, Message::Ack { .. }).then_some(());
            peer.hear_until("the entry is kept", kept).await;
        }
    }
    peer.was_ignored().await;
    let words = [ATTACKER, "quarantine-full"];
    refusal_is_recorded(&world.hub, "entries-refused", &words).await;
    let kept = Kept {
        quarantined: room,
        ..NOTHING
    };
    world.stands([peer], kept).await;
}

#[tokio::test]
async fn many_sessions_of_one_key_are_one() {
    let mut world = World::with_attacker_as(Some("writer")).await;
    let mut peers = Vec::new();
    let mut refused = 0;
    for _ in 0..20 {
        match Peer::open(world.hub.listen(), &world.attacker, world.id).await {
            Ok(peer) => peers.push(peer),
            // Resource exhausted.
            Err(why) if why == "grpc-status 8" => refused += 1,
            Err(why) => panic!("{why}"),
        }
    }
    assert!(refused > 0);
    world.goes_on().await;
    let links = world.hub.local().links().await;
    let theirs = links.iter().filter(|link| link.peer == ATTACKER).count();
    assert!(theirs <= 1, "{links:?}");
    world.stands(peers, NOTHING).await;
}

#[tokio::test]
async fn connections_that_say_nothing_give_way_to_honest_ones() {
    let mut world = World::with_attacker_as(Some("writer")).await;
    let before = memory_peak_kib(&world.hub);
    let mut silent = Vec::new();
    for _ in 0..600 {
        silent.push(TcpStream::connect(world.hub.listen()).await.unwrap());
    }
    // The oldest are gone already; the youngest hold their places for some seconds.
    let mut byte = [0];
    let gone = silent[0].read(&mut byte);
    let gone = wait::at_most("the oldest connection ends", gone).await;
    assert!(matches!(gone, Ok(0) | Err(_)));
    world.line.drop_connections();
    world.goes_on().await;
    let grown = memory_peak_kib(&world.hub) - before;
    assert!(grown < FLOOD_KIB_MAX, "memory grew by {grown} KiB");
    drop(silent);
    world.stands([], NOTHING).await;
}

/// What HTTP/2 begins with: its preface, and settings without any setting.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// One frame of HTTP/2 (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    let stream = stream.to_be_bytes();
    [&length[1..], &[kind, flags], &stream, content].concat()
}

/// Speaks HTTP/2 by hand until the hub hangs up, which it must; others live all the while.
async fn the_connection_ends_under(flood: impl Iterator<Item = Vec<u8>>) {
    let mut world = World::with_attacker_as(Some("writer")).await;
    let before = memory_peak_kib(&world.hub);
    let stream = tls::connect(world.hub.listen(), Some(&world.attacker), tls::SESSION).await;
    let (mut reader, mut writer) = tokio::io::split(stream.unwrap());
    let speaking = async {
        writer.write_all(PREFACE).await?;
        for frame in flood {
            writer.write_all(&frame).await?;
        }
        writer.flush().await
    };
    let mut answer = Vec::new();
    let listening = reader.read_to_end(&mut answer);
    let meeting = async { tokio::join!(speaking, listening) };
    let (_, ended) = wait::at_most("the hub hangs up", meeting).await;
    // GOAWAY, a frame of kind 7, unless the end came first as a reset.
    assert!(ended.is_err() || answer.windows(2).any(|bytes| bytes == [7, 0]));
    world.goes_on().await;
    let grown = memory_peak_kib(&world.hub) - before;
    assert!(grown < FLOOD_KIB_MAX, "memory grew by {grown} KiB");
    world.stands([], NOTHING).await;
}

/// Headers of a request: POST, https, the path `/` and an authority of one letter.
const HEADERS: &[u8] = &[0x83, 0x87, 0x84, 0x41, 1, b'a'];

#[tokio::test]
async fn requests_that_are_taken_back_without_end_end_the_connection() {
    let streams = (0..10_000).map(|number| 2 * number + 1);
    let flood = streams.map(|stream| {
        let request = frame(1, 4, stream, HEADERS);
        let reset = frame(3, 0, stream, &[0, 0, 0, 8]);
        [request, reset].concat()
    });
    the_connection_ends_under(flood).await;
}

#[tokio::test]
async fn headers_that_are_continued_without_end_end_the_connection() {
    let begin = std::iter::once(frame(1, 0, 1, HEADERS));
    let more = std::iter::repeat_with(|| frame(9, 0, 1, &[0; 10_000]));
    the_connection_ends_under(begin.chain(more.take(10_000))).await;
}

#[tokio::test]
async fn a_stranger_that_opens_many_connections_to_join_keeps_no_member_out() {
    let mut world = World::with_attacker_as(None).await;
    let mut connections = Vec::new();
    for _ in 0..100 {
        let stream = tls::connect(world.hub.listen(), Some(&key(0x99)), tls::JOIN).await;
        connections.push(stream.unwrap());
    }
    world.goes_on().await;
    let stranger = key(0x99).node().to_string();
    let words = [&stranger, "too-many-joining"];
    refusal_is_recorded(&world.hub, "join-refused", &words).await;
    drop(connections);
    world.stands([], NOTHING).await;
}
