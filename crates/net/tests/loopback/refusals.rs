//! Who and what gets no session: unknown keys, other servers, other clients, forbidden frames.

use futures_util::stream;
use phaki_net::limits::LINKS_PER_PEER_MAX;
use phaki_replication::limits::SPACES_MAX;
use phaki_replication::message::{CloseReason, Message};
use phaki_wire::frame::{from_wire, to_wire};
use phaki_wire::proto::enrol::v1::JoinRequest;
use phaki_wire::proto::enrol::v1::enrolment_client::EnrolmentClient;
use phaki_wire::proto::sync::v1 as pb;
use phaki_wire::proto::sync::v1::sync_client::SyncClient;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tonic::Code;

use crate::hostile::{http2, ordinary_tls, origin, tls_with_key};
use crate::node::{DEADLINE, Node, id, key, message, pair};

/// The next thing that happens at `node`, refusals aside, is an ordinary link, so nothing happened
/// before.
async fn nothing_happened(mut node: Node) {
    let mut friend = Node::start(9, &[1, 2, 3]).await;
    friend.dial(&node);
    friend.opened().await;
    assert_eq!(node.opened().await.peer, id(9));
}

#[tokio::test]
async fn an_unknown_key_gets_no_session_and_both_sides_know_why() {
    let mut two = Node::start(2, &[9]).await;
    let mut stranger = Node::start(1, &[2]).await;
    stranger.dial(&two);
    // The dialler cannot know yet that it will be refused; it learns so at once.
    let link = stranger.opened().await;
    link.outbox.send(message(1));
    assert_eq!(
        stranger.closed().await.1,
        "peer does not accept this node's key"
    );
    let (address, error, _) = stranger.dial_failed().await;
    assert_eq!(address, two.address);
    assert_eq!(error, "peer does not accept this node's key");
    // The stranger has proved its key before it was refused for it.
    let refused = (Some(id(1)), false, "key-not-in-roster");
    assert_eq!(two.refused().await, refused);
    nothing_happened(two).await;
}

#[tokio::test]
async fn a_node_does_not_dial_a_key_that_it_would_not_accept() {
    let mut one = Node::start(1, &[9]).await;
    let two = Node::start(2, &[1, 9]).await;
    one.dial(&two);
    assert_eq!(
        one.dial_failed().await.1,
        "peer is not in the roster in force"
    );
    nothing_happened(two).await;
}

#[tokio::test]
async fn a_server_with_another_key_than_the_expected_one_is_refused() {
    let mut one = Node::start(1, &[2, 3]).await;
    let three = Node::start(3, &[1, 9]).await;
    one.dial_at(id(2), &[&three.address]);
    let (_, error, _) = one.dial_failed().await;
    assert_eq!(
        error,
        "another node answers: its key is not the expected one"
    );
    nothing_happened(three).await;
}

#[tokio::test]
async fn a_key_removed_from_the_roster_is_refused_on_its_next_connection() {
    let ((mut one, dialled), (mut two, _)) = pair().await;
    dialled.outbox.close(CloseReason::Shutdown);
    two.received().await;
    two.admit(&[9]);
    two.closed().await;
    one.closed().await;
    one.opened().await;
    assert_eq!(one.closed().await.1, "peer does not accept this node's key");
    assert_eq!(
        one.dial_failed().await.1,
        "peer does not accept this node's key"
    );
    nothing_happened(two).await;
}

#[tokio::test]
async fn ordinary_tls_clients_get_nothing() {
    let mut node = Node::start(1, &[9]).await;
    for alpn in [b"phaki/1".as_slice(), b"phaki-join/1", b"h2", b"http/1.1"] {
        assert!(ordinary_tls(&node.address, alpn).await.is_err());
        assert_eq!(node.refused().await, (None, false, "handshake-failed"));
    }
    nothing_happened(node).await;
}

#[tokio::test]
async fn a_known_key_without_the_right_protocol_gets_nothing() {
    let mut node = Node::start(1, &[2, 9]).await;
    for alpn in [b"h2".as_slice(), b"phaki/2", b"phaki-join/1"] {
        assert!(tls_with_key(&node.address, &key(2), alpn).await.is_err());
        // It was hung up on before it could prove its key.
        assert_eq!(node.refused().await, (None, false, "handshake-failed"));
    }
    nothing_happened(node).await;
}

#[tokio::test]
async fn plain_tcp_clients_get_an_alert_at_most() {
    let mut node = Node::start(1, &[9]).await;
    for greeting in [
        b"GET / HTTP/1.1\r\nHost: phaki\r\n\r\n".as_slice(),
        b"PRI * HTTP/2.0\r\n\r\n",
    ] {
        let mut tcp = TcpStream::connect(&node.address).await.unwrap();
        tcp.write_all(greeting).await.unwrap();
        let mut answer = Vec::new();
        // The end may come as a reset, since nobody reads the rest of the greeting.
        timeout(DEADLINE, tcp.read_to_end(&mut answer))
            .await
            .unwrap()
            .ok();
        assert!(
            answer.is_empty() || (answer[0] == 21 && answer.len() == 7),
            "{answer:?}"
        );
        assert_eq!(node.refused().await, (None, false, "handshake-failed"));
    }
    nothing_happened(node).await;
}

/// What a node says to one frame of a known but hostile peer, and what it tells of it.
async fn answer_to(frame: pb::Frame) -> (Option<Message>, String) {
    let mut node = Node::start(1, &[2]).await;
    let stream = tls_with_key(&node.address, &key(2), b"phaki/1")
        .await
        .unwrap();
    let mut client = SyncClient::with_origin(http2(stream).await, origin())
        .max_encoding_message_size(usize::MAX);
    let frames = stream::once(async { frame });
    let open = futures_util::StreamExt::chain(frames, stream::pending());
    let answers = client.session(open).await;
    node.opened().await;
    let mut answers = answers.unwrap().into_inner();
    let answer = timeout(DEADLINE, answers.message()).await.unwrap().unwrap();
    let closed = node.closed().await.1;
    let (refused, joining, why) = node.refused().await;
    assert_eq!((refused, joining), (Some(id(2)), false));
    assert!(closed.contains(why), "{closed} is for {why}");
    (answer.map(|frame| from_wire(frame).unwrap()), closed)
}

#[tokio::test]
async fn a_frame_above_the_size_limit_closes_the_link() {
    let content = vec![0; 9 << 20].into();
    let body = pb::frame::Body::Roster(pb::Roster {
        content,
        signature: vec![0; 64].into(),
    });
    let (answer, why) = answer_to(pb::Frame { body: Some(body) }).await;
    assert_eq!(answer, Some(Message::Close(CloseReason::Limit)));
    assert!(
        why.starts_with("peer sent a frame that is refused (limit)"),
        "{why}"
    );
}

#[tokio::test]
async fn a_frame_with_too_many_items_closes_the_link() {
    let spaces = vec![pb::SpaceState::default(); SPACES_MAX + 1];
    let body = pb::frame::Body::Have(pb::Have { spaces });
    let (answer, why) = answer_to(pb::Frame { body: Some(body) }).await;
    assert_eq!(answer, Some(Message::Close(CloseReason::Limit)));
    assert!(
        why.contains("number of spaces is 4097 and may be 4096 at most"),
        "{why}"
    );
}

#[tokio::test]
async fn a_frame_without_a_meaning_closes_the_link() {
    let (answer, why) = answer_to(pb::Frame { body: None }).await;
    assert_eq!(answer, Some(Message::Close(CloseReason::Protocol)));
    assert!(why.contains("protocol-violation"), "{why}");
    let mut frame = to_wire(message(1));
    if let Some(pb::frame::Body::Heartbeat(heartbeat)) = &mut frame.body {
        heartbeat.shared = vec![1; 15].into();
    }
    let (answer, why) = answer_to(frame).await;
    assert_eq!(answer, Some(Message::Close(CloseReason::Protocol)));
    assert!(why.contains("15 bytes instead of 16"), "{why}");
}

#[tokio::test]
async fn a_connection_carries_one_session_and_no_other_service() {
    let mut node = Node::start(1, &[2]).await;
    let stream = tls_with_key(&node.address, &key(2), b"phaki/1")
        .await
        .unwrap();
    let requests = http2(stream).await;
    let mut enrolment = EnrolmentClient::with_origin(requests.clone(), origin());
    let refused = enrolment.join(JoinRequest::default()).await;
    assert_eq!(refused.unwrap_err().code(), Code::Unimplemented);
    let mut client = SyncClient::with_origin(requests, origin());
    let (end, ended) = oneshot::channel::<()>();
    let last = stream::once(async move {
        ended.await.ok();
        to_wire(Message::Close(CloseReason::Replaced))
    });
    let first = client.session(last).await;
    node.opened().await;
    end.send(()).unwrap();
    node.received().await;
    node.closed().await;
    let second = timeout(DEADLINE, client.session(stream::pending()))
        .await
        .unwrap();
    assert!(second.is_err());
    drop(first);
}

#[tokio::test]
async fn one_peer_cannot_take_all_the_links() {
    let mut node = Node::start(1, &[2, 9]).await;
    let mut sessions = Vec::new();
    for _ in 0..LINKS_PER_PEER_MAX {
        let stream = tls_with_key(&node.address, &key(2), b"phaki/1")
            .await
            .unwrap();
        let mut client = SyncClient::with_origin(http2(stream).await, origin());
        sessions.push(client.session(stream::pending()).await.unwrap());
        node.opened().await;
    }
    let stream = tls_with_key(&node.address, &key(2), b"phaki/1")
        .await
        .unwrap();
    let mut client = SyncClient::with_origin(http2(stream).await, origin());
    let refused = client.session(stream::pending()).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    let refused = (Some(id(2)), false, "too-many-links");
    assert_eq!(node.refused().await, refused);
    nothing_happened(node).await;
}
