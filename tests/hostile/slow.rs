//! Peers that begin and do not go on: each loses its place in time, and holds up nobody.
//!
//! All of them are tried beside each other, because each takes as long as the node's patience.

use std::time::{Duration, Instant};

use bytes::Bytes;
use phaki_replication::message::CloseReason;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::kit::call::{Connection, framed};
use crate::kit::evidence::{log_tells, refusal_is_recorded};
use crate::kit::peer::Peer;
use crate::kit::world::{ATTACKER, NOTHING, World};
use crate::kit::{say, tls};

/// A handshake, the opening of a session and the greeting may take ten seconds each; a machine
/// with much to do gets some more.
const PATIENCE_MAX: Duration = Duration::from_secs(16);

/// Waits until that has ended, which must not take longer than the patience.
async fn ends(attack: &str, end: impl Future<Output = ()>) {
    let begun = Instant::now();
    let ended = tokio::time::timeout(PATIENCE_MAX, end).await;
    assert!(ended.is_ok(), "{attack} lasts for {:?}", begun.elapsed());
}

/// Until the other side ends a connection.
async fn hangs_up(mut stream: impl AsyncReadExt + Unpin) {
    // How it ends, in order or as a reset, is up to the system.
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

/// Sends the beginning of a record of TLS, byte by byte, until the other side has had enough.
async fn drips(mut stream: TcpStream) {
    let (reader, mut writer) = stream.split();
    let mut pace = tokio::time::interval(Duration::from_millis(250));
    let dripping = async {
        for byte in [0x16, 3, 1, 2, 0].into_iter().chain([1; 512]) {
            pace.tick().await;
            if writer.write_all(&[byte]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = dripping => {}
        () = hangs_up(reader) => {}
    }
}

#[tokio::test]
async fn whoever_begins_and_does_not_go_on_loses_its_place_in_time() {
    let mut world = World::with_attacker_as(Some("writer")).await;
    let (address, key) = (world.hub.listen(), &world.attacker);
    let silent = TcpStream::connect(address).await.unwrap();
    let dripping = TcpStream::connect(address).await.unwrap();
    let idle_tls = tls::connect(address, Some(key), tls::SESSION)
        .await
        .unwrap();
    let idle_http = Connection::open(address, Some(key), tls::SESSION).await;
    let idle_http = idle_http.unwrap().ended();
    let mut mute = Peer::open(address, key, world.id).await.unwrap();
    let other = world.accomplice();
    let mut halting = Peer::open(address, other, world.id).await.unwrap();
    let hello = framed(&say::encoded(say::hello(world.id)));
    let half: Bytes = hello.slice(..hello.len() / 2);
    halting.send(half).await;
    let quiet = async {
        tokio::join!(
            ends("a connection that says nothing", hangs_up(silent)),
            ends("a handshake byte by byte", drips(dripping)),
            ends("tls without a session", hangs_up(idle_tls)),
            ends("http without a session", idle_http),
            ends(
                "a session without a greeting",
                mute.is_closed(CloseReason::Silence)
            ),
            ends("half a greeting", halting.is_closed(CloseReason::Silence)),
        );
    };
    tokio::join!(quiet, world.goes_on());
    refusal_is_recorded(&world.hub, "connection-refused", &["handshake-timeout"]).await;
    let words = [ATTACKER, "session-timeout"];
    refusal_is_recorded(&world.hub, "connection-refused", &words).await;
    log_tells(&world.hub, &["link closed", ATTACKER, "silence"]).await;
    drop(halting);
    world.stands([mute], NOTHING).await;
}
