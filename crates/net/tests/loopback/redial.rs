//! Keeping a link: after a cut, after failures, at another address, and on contact.

use std::time::Duration;

use phaki_net::dial::Retry;
use phaki_net::event::NetEvent;
use phaki_replication::message::CloseReason;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::node::{Node, id, message};

/// A line between two nodes that can be cut.
struct Line {
    address: String,
    cut: CancellationToken,
    again: tokio::sync::mpsc::UnboundedSender<CancellationToken>,
}

impl Line {
    async fn to(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (cut, target) = (CancellationToken::new(), target.to_owned());
        let (again, mut cuts) = tokio::sync::mpsc::unbounded_channel::<CancellationToken>();
        let mut current = cut.clone();
        tokio::spawn(async move {
            let mut joined = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                while let Ok(next) = cuts.try_recv() {
                    current = next;
                }
                let (cut, target) = (current.clone(), target.clone());
                joined.spawn(async move {
                    let mut far = TcpStream::connect(target).await.unwrap();
                    let copy = tokio::io::copy_bidirectional(&mut near, &mut far);
                    cut.run_until_cancelled(copy).await;
                });
            }
        });
        Self {
            address,
            cut,
            again,
        }
    }

    /// Cuts all connections; new ones work.
    fn cut(&mut self) {
        let next = CancellationToken::new();
        self.again.send(next.clone()).unwrap();
        std::mem::replace(&mut self.cut, next).cancel();
    }
}

#[tokio::test]
async fn a_cut_link_is_dialled_again() {
    let (mut one, mut two) = (Node::start(1, &[2]).await, Node::start(2, &[1]).await);
    let mut line = Line::to(&two.address).await;
    one.dial_at(id(2), &[&line.address]);
    let (first, accepted) = (one.opened().await, two.opened().await);
    accepted.outbox.send(message(1));
    one.received().await;
    line.cut();
    let (link, why) = one.closed().await;
    assert_eq!(link, first.link);
    assert!(why.starts_with("connection lost: "), "{why}");
    assert_eq!(two.closed().await.0, accepted.link);
    let (again, accepted) = (one.opened().await, two.opened().await);
    again.outbox.send(message(2));
    assert_eq!(two.received().await, (accepted.link, message(2)));
}

#[tokio::test]
async fn all_addresses_are_tried() {
    let (mut one, mut two) = (Node::start(1, &[2]).await, Node::start(2, &[1]).await);
    let gone = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    one.dial_at(id(2), &[&gone, &two.address]);
    let (address, error, retry_in) = one.dial_failed().await;
    assert_eq!(
        (address, error, retry_in),
        (gone, "connect".to_owned(), Duration::ZERO)
    );
    one.opened().await;
    two.opened().await;
}

/// Fails to dial so often that the next attempt would come in hours.
async fn in_deep_backoff(peer: &Node) -> (Node, String) {
    let retry = Retry {
        first: Duration::from_secs(1),
        max: Duration::from_secs(1 << 30),
    };
    let mut one = Node::start_with(1, &[2], retry, None).await;
    let gone = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    one.dial_at(peer.id, &[&gone]);
    for _ in 0..30 {
        one.dial_failed().await;
        one.network.poke(peer.id);
    }
    one.dial_failed().await;
    (one, gone)
}

#[tokio::test]
async fn poking_dials_at_once() {
    let mut two = Node::start(2, &[1]).await;
    let (mut one, _) = in_deep_backoff(&two).await;
    let listener_now_there = two.address.clone();
    // A new address counts as a poke; so does the line coming back.
    one.dial_at(two.id, &[&listener_now_there]);
    one.network.poke_all();
    one.opened().await;
    two.opened().await;
}

#[tokio::test]
async fn inbound_contact_ends_a_long_backoff() {
    let mut two = Node::start(2, &[1]).await;
    let (mut one, gone) = in_deep_backoff(&two).await;
    two.dial(&one);
    let (inbound, dialled) = (one.opened().await, two.opened().await);
    assert!(!inbound.dialled);
    dialled.outbox.send(message(1));
    one.received().await;
    two.network.dial(Vec::new());
    dialled.outbox.close(CloseReason::Shutdown);
    one.received().await;
    one.closed().await;
    // From thirty doublings back to the first second.
    let (address, _, retry_in) = one.dial_failed().await;
    assert_eq!(address, gone);
    assert!(retry_in <= Duration::from_secs(2), "{retry_in:?}");
}

#[tokio::test]
async fn nobody_dials_while_a_link_exists() {
    let (mut one, mut two) = (Node::start(1, &[2]).await, Node::start(2, &[1]).await);
    one.dial(&two);
    let (_, accepted) = (one.opened().await, two.opened().await);
    two.dial(&one);
    two.network.poke(one.id);
    one.network.poke_all();
    accepted.outbox.send(message(1));
    assert!(matches!(one.event().await, NetEvent::Received { .. }));
    accepted.outbox.send(message(2));
    assert!(matches!(one.event().await, NetEvent::Received { .. }));
}
