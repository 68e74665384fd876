//! Links between nodes that know each other: talk, order, ends, and queues that are full.

use phaki_net::event::NetEvent;
use phaki_net::limits::{EVENT_BYTES_MAX, WINDOW_BYTES};
use phaki_replication::message::{CloseReason, Message};
use phaki_replication::roster::SignedRoster;
use phaki_replication::sign::Signature;

use crate::node::{DEADLINE, Node, id, message, pair};

#[tokio::test]
async fn two_nodes_talk_both_ways_in_order() {
    let ((mut one, dialled), (mut two, accepted)) = pair().await;
    assert_eq!((dialled.peer, dialled.dialled), (id(2), true));
    assert_eq!((accepted.peer, accepted.dialled), (id(1), false));
    for number in 0..100 {
        dialled.outbox.send(message(number));
        accepted.outbox.send(message(-number));
    }
    for number in 0..100 {
        assert_eq!(two.received().await, (accepted.link, message(number)));
        assert_eq!(one.received().await, (dialled.link, message(-number)));
    }
}

#[tokio::test]
async fn closing_delivers_what_is_queued_and_the_reason() {
    let ((mut one, dialled), (mut two, accepted)) = pair().await;
    dialled.outbox.send(message(1));
    dialled.outbox.close(CloseReason::Replaced);
    dialled.outbox.send(message(2));
    assert_eq!(two.received().await, (accepted.link, message(1)));
    let close = Message::Close(CloseReason::Replaced);
    assert_eq!(two.received().await, (accepted.link, close));
    assert_eq!(
        two.closed().await,
        (accepted.link, "closed by peer: replaced".to_owned())
    );
    assert_eq!(
        one.closed().await,
        (dialled.link, "closed here: replaced".to_owned())
    );
}

#[tokio::test]
async fn the_accepting_end_can_close_as_well() {
    let ((mut one, dialled), (mut two, accepted)) = pair().await;
    accepted.outbox.send(Message::Close(CloseReason::Version));
    let close = Message::Close(CloseReason::Version);
    assert_eq!(one.received().await, (dialled.link, close));
    assert_eq!(one.closed().await.1, "closed by peer: protocol-version");
    assert_eq!(two.closed().await.1, "closed here: protocol-version");
}

#[tokio::test]
async fn stopping_tells_the_peers_and_ends_in_time() {
    let ((one, _), (mut two, accepted)) = pair().await;
    let told = one.stop().await;
    assert!(
        matches!(told.as_slice(), [NetEvent::Closed { .. }]),
        "{told:?}"
    );
    let close = Message::Close(CloseReason::Shutdown);
    assert_eq!(two.received().await, (accepted.link, close));
    assert_eq!(two.closed().await.1, "closed by peer: shutdown");
}

#[tokio::test]
async fn a_key_that_leaves_the_roster_loses_its_links_at_once() {
    let ((mut one, _), (mut two, _)) = pair().await;
    two.admit(&[3]);
    assert_eq!(two.closed().await.1, "closed here: not-in-roster");
    assert_eq!(
        one.received().await.1,
        Message::Close(CloseReason::NotInRoster)
    );
    assert_eq!(one.closed().await.1, "closed by peer: not-in-roster");
}

#[tokio::test]
async fn link_numbers_are_never_used_twice() {
    let ((mut one, first), (mut two, _)) = pair().await;
    first.outbox.close(CloseReason::Shutdown);
    one.closed().await;
    two.received().await;
    two.closed().await;
    assert_ne!(one.opened().await.link, first.link);
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_cut_and_nothing_grows_beyond_its_limit() {
    const MESSAGE_BYTES: usize = 1 << 20;
    let ((mut one, dialled), (mut two, _)) = pair().await;
    let large = Message::Roster(SignedRoster {
        bytes: vec![7; MESSAGE_BYTES],
        signature: Signature([7; 64]),
    });
    // Nobody takes the events of `two`, so it stops reading, and then the outbox of `one` fills.
    let sending = async {
        loop {
            tokio::select! {
                biased;
                closed = one.closed() => return closed.1,
                () = tokio::task::yield_now() => dialled.outbox.send(large.clone()),
            }
        }
    };
    let why = tokio::time::timeout(DEADLINE, sending).await.unwrap();
    assert!(why.contains("reads too slowly"), "{why}");
    let (refused, _, why) = one.refused().await;
    assert_eq!((refused, why), (Some(two.id), "reads-too-slowly"));
    let mut received = 0;
    while let NetEvent::Received { .. } = two.event().await {
        received += MESSAGE_BYTES;
    }
    let window = usize::try_from(WINDOW_BYTES).unwrap();
    assert!(
        received <= EVENT_BYTES_MAX + window + 2 * MESSAGE_BYTES,
        "{received}"
    );
}

#[tokio::test]
async fn both_ends_may_dial_at_once() {
    let (mut one, mut two) = (Node::start(1, &[2]).await, Node::start(2, &[1]).await);
    one.dial(&two);
    two.dial(&one);
    let (mine, theirs) = (one.opened().await, two.opened().await);
    mine.outbox.send(message(1));
    theirs.outbox.send(message(2));
    for node in [&mut one, &mut two] {
        loop {
            match node.event().await {
                NetEvent::Received { .. } => break,
                NetEvent::Opened { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }
}
