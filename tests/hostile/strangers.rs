//! Who has no place in the roster gets no session, whatever it shows, and nobody is deceived by
//! one that answers in another's place.

use std::time::{Duration, Instant};

use http::HeaderMap;
use phaki_replication::message::CloseReason;
use phaki_replication::node::Act;
use phaki_replication::roster::NodeStatus;
use phaki_replication::sign::SecretKey;
use phaki_tests::wait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::kit::call::{Connection, SESSION};
use crate::kit::evidence::{log_tells, refusal_is_recorded};
use crate::kit::peer::Peer;
use crate::kit::tls;
use crate::kit::world::{ATTACKER, NOTHING, World, key};

/// Nobody is linked to the hub but the witness, once it has noticed that whoever prepared the attack
/// has hung up.
async fn only_the_witness_is_linked(world: &World) {
    wait::until("only the witness is linked", async || {
        let links = world.hub.local().links().await;
        let mut peers = links.iter().map(|link| link.peer.as_str());
        peers.clone().any(|peer| peer == "TH-41").then_some(())?;
        peers.all(|peer| peer == "TH-41").then_some(())
    })
    .await;
}

/// The hub refuses a session in the TLS handshake.
async fn is_refused(world: &World, key: &SecretKey) {
    let opened = Peer::open(world.hub.listen(), key, world.id).await;
    let why = opened.err().unwrap();
    assert!(why.contains("AccessDenied"), "{why}");
    let words = [&key.node().to_string(), "key-not-in-roster"];
    refusal_is_recorded(&world.hub, "connection-refused", &words).await;
    only_the_witness_is_linked(world).await;
}

#[tokio::test]
async fn a_key_that_nobody_enrolled_gets_no_session() {
    let world = World::with_attacker_as(None).await;
    is_refused(&world, &key(0x99)).await;
    world.stands([], NOTHING).await;
}

#[tokio::test]
async fn the_key_of_the_federation_is_no_nodes_key() {
    let world = World::with_attacker_as(None).await;
    is_refused(&world, &world.federation_key()).await;
    world.stands([], NOTHING).await;
}

#[tokio::test]
async fn a_copy_of_the_hubs_own_key_gets_no_session_with_it() {
    let world = World::with_attacker_as(None).await;
    is_refused(&world, &world.steward_key()).await;
    world.stands([], NOTHING).await;
}

#[tokio::test]
async fn a_suspended_node_gets_no_session() {
    let world = World::with_attacker_as(Some("writer")).await;
    let roster = world.next_roster(&world.attacker, NodeStatus::Suspended);
    world.bring(&world.hub, Act::Roster(roster)).await;
    is_refused(&world, &world.attacker).await;
    world.stands([], NOTHING).await;
}

#[tokio::test]
async fn a_removed_node_gets_no_session() {
    let world = World::with_attacker_as(Some("writer")).await;
    let roster = world.next_roster(&world.attacker, NodeStatus::Removed);
    world.bring(&world.hub, Act::Roster(roster)).await;
    is_refused(&world, &world.attacker).await;
    world.stands([], NOTHING).await;
}

#[tokio::test]
async fn a_node_that_is_suspended_loses_its_session_within_a_second() {
    let world = World::with_attacker_as(Some("writer")).await;
    let mut peer = world.attack().await;
    let roster = world.next_roster(&world.attacker, NodeStatus::Suspended);
    world.bring(&world.hub, Act::Roster(roster)).await;
    let known = Instant::now();
    peer.is_closed(CloseReason::NotInRoster).await;
    assert!(known.elapsed() < Duration::from_secs(1));
    log_tells(&world.hub, &["link closed", ATTACKER, "not-in-roster"]).await;
    is_refused(&world, &world.attacker).await;
    world.stands([peer], NOTHING).await;
}

#[tokio::test]
async fn a_client_without_a_key_gets_no_session() {
    let world = World::with_attacker_as(None).await;
    let opening = async {
        let connection = Connection::open(world.hub.listen(), None, tls::SESSION).await?;
        connection.call(SESSION, HeaderMap::new()).await
    };
    let why = opening.await.err().unwrap();
    assert!(why.contains("alert"), "{why}");
    refusal_is_recorded(&world.hub, "connection-refused", &["handshake-failed"]).await;
    only_the_witness_is_linked(&world).await;
    world.stands([], NOTHING).await;
}

#[tokio::test]
async fn an_enrolled_key_gets_no_session_under_another_protocol() {
    let world = World::with_attacker_as(Some("writer")).await;
    for alpn in [b"h2".as_slice(), b"phaki/2", b"http/1.1"] {
        let opened = Connection::open(world.hub.listen(), Some(&world.attacker), alpn).await;
        let why = opened.err().unwrap();
        assert!(why.contains("NoApplicationProtocol"), "{why}");
    }
    refusal_is_recorded(&world.hub, "connection-refused", &["handshake-failed"]).await;
    only_the_witness_is_linked(&world).await;
    world.stands([], NOTHING).await;
}

#[tokio::test]
async fn the_entrance_for_new_nodes_leads_to_no_session() {
    let world = World::with_attacker_as(Some("writer")).await;
    for key in [&world.attacker, &key(0x99)] {
        let connection = Connection::open(world.hub.listen(), Some(key), tls::JOIN).await;
        let call = connection.unwrap().call(SESSION, HeaderMap::new()).await;
        // Unimplemented.
        assert_eq!(call.err().unwrap(), "grpc-status 12");
    }
    only_the_witness_is_linked(&world).await;
    world.stands([], NOTHING).await;
}

#[tokio::test]
async fn a_session_offers_nothing_but_sessions() {
    let world = World::with_attacker_as(Some("writer")).await;
    for path in [
        "/phaki.enrol.v1.Enrolment/Join",
        "/phaki.local.v1.Local/Status",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "/",
    ] {
        let address = world.hub.listen();
        let connection = Connection::open(address, Some(&world.attacker), tls::SESSION).await;
        let call = connection.unwrap().call(path, HeaderMap::new()).await;
        assert_eq!(call.err().unwrap(), "grpc-status 12", "{path}");
    }
    only_the_witness_is_linked(&world).await;
    world.stands([], NOTHING).await;
}

#[tokio::test]
async fn bytes_that_are_no_tls_get_an_alert_at_most() {
    let world = World::with_attacker_as(None).await;
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    for bytes in [b"GET / HTTP/1.1\r\n\r\n".as_slice(), preface, &[0; 2_000]] {
        let mut stream = TcpStream::connect(world.hub.listen()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        // The end may come as a reset, since nobody reads the rest of what was said.
        let _ = wait::at_most("the hub hangs up", stream.read_to_end(&mut answer)).await;
        assert!(answer.len() <= 7, "more than an alert: {answer:?}");
    }
    refusal_is_recorded(&world.hub, "connection-refused", &["handshake-failed"]).await;
    only_the_witness_is_linked(&world).await;
    world.stands([], NOTHING).await;
}

/// Somebody has got the hub's address, though not its key: the witness says nothing to it.
#[tokio::test]
async fn one_that_answers_in_the_hubs_place_is_told_nothing() {
    let mut world = World::with_attacker_as(Some("writer")).await;
    world.cut().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    world.line.set_target(listener.local_addr().unwrap());
    world.line.restore();
    let acceptor = tls::acceptor(&world.attacker, &[tls::SESSION]);
    let meeting = async {
        let (tcp, _) = listener.accept().await.unwrap();
        match acceptor.accept(tcp).await {
            Ok(mut stream) => stream.read(&mut [0; 100]).await.map(drop),
            Err(error) => Err(error),
        }
    };
    let met = wait::at_most("the witness dials and hangs up", meeting).await;
    assert!(met.unwrap_err().to_string().contains("AccessDenied"));
    let words = ["peer not reached", "its key is not the expected one"];
    log_tells(&world.witness, &words).await;
    world.line.set_target(world.hub.listen());
    world.stands([], NOTHING).await;
}
