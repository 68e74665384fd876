//! Peers that break the rules of the conversation, or lie in it.

use bytes::Bytes;
use phaki_replication::id::{Epoch, FederationId, FeedId, Hash, ShortDigest};
use phaki_replication::message::{CloseReason, Message};
use phaki_tests::samples;

use crate::kit::evidence::{log_tells, refusal_is_recorded};
use crate::kit::peer::Peer;
use crate::kit::pen::{Pen, plan_by};
use crate::kit::say;
use crate::kit::world::{ATTACKER, Kept, NOTHING, PLANS, World, key};

/// A node begins its session with that: it ends for the reason, which is on record.
async fn a_session_begins_with(first: impl FnOnce(&World) -> Vec<Message>, reason: CloseReason) {
    let world = World::with_attacker_as(Some("writer")).await;
    let mut peer = Peer::open(world.hub.listen(), &world.attacker, world.id)
        .await
        .unwrap();
    for message in first(&world) {
        peer.say(message).await;
    }
    peer.is_closed(reason).await;
    refusal_is_recorded(&world.hub, "peer-refused", &[ATTACKER, reason.name()]).await;
    world.stands([peer], NOTHING).await;
}

/// After the greetings a node sends a frame that is none: the session ends for the reason, and
/// the record tells what was wrong.
async fn a_frame_is_refused(frame: impl FnOnce(&World) -> Bytes, wrong: &str) {
    let world = World::with_attacker_as(Some("writer")).await;
    let mut peer = world.attack().await;
    peer.say_bytes(&frame(&world)).await;
    peer.is_closed(CloseReason::Protocol).await;
    let words = ["link closed", ATTACKER, "protocol-violation", wrong];
    log_tells(&world.hub, &words).await;
    let words = [ATTACKER, "protocol-violation"];
    refusal_is_recorded(&world.hub, "connection-refused", &words).await;
    world.stands([peer], NOTHING).await;
}

/// A lie is believed by nobody: the session goes on, and so does everything else while it does.
async fn a_lie_harms_nobody(lie: impl FnOnce(&World, FeedId) -> Vec<Message>) {
    let mut world = World::with_attacker_as(Some("writer")).await;
    let honest = world.known_run().await.feed;
    let mut peer = world.attack().await;
    for message in lie(&world, honest) {
        peer.say(message).await;
    }
    world.goes_on().await;
    peer.was_ignored().await;
    world.stands([peer], NOTHING).await;
}

#[tokio::test]
async fn one_that_asks_before_it_greets_is_refused() {
    let before = |world: &World| {
        let feed = world.pen().feed;
        vec![say::want(world.plans, feed), say::hello(world.id)]
    };
    a_session_begins_with(before, CloseReason::Protocol).await;
}

#[tokio::test]
async fn one_that_writes_before_it_greets_is_refused() {
    let before = |world: &World| {
        let run = world.pen().plans(1);
        vec![say::batch(world.plans, vec![run])]
    };
    a_session_begins_with(before, CloseReason::Protocol).await;
}

#[tokio::test]
async fn one_that_greets_twice_is_refused() {
    let twice = |world: &World| vec![say::hello(world.id), say::hello(world.id)];
    a_session_begins_with(twice, CloseReason::Protocol).await;
}

#[tokio::test]
async fn one_of_another_federation_is_refused() {
    let other = |_: &World| vec![say::hello(FederationId([9; 32]))];
    a_session_begins_with(other, CloseReason::Federation).await;
}

#[tokio::test]
async fn one_that_speaks_no_version_in_common_is_refused() {
    let newer = |world: &World| {
        let mut hello = say::greeting(world.id);
        (hello.protocol, hello.protocol_min) = (u32::MAX, u32::MAX);
        vec![Message::Hello(hello)]
    };
    a_session_begins_with(newer, CloseReason::Version).await;
}

#[tokio::test]
async fn a_frame_without_anything_in_it_is_refused() {
    a_frame_is_refused(|_| Bytes::new(), "body of a frame is missing").await;
}

#[tokio::test]
async fn a_frame_that_is_no_protobuf_is_refused() {
    let noise = |_: &World| Bytes::from_static(&[0xff; 100]);
    a_frame_is_refused(noise, "no protobuf fields").await;
}

#[tokio::test]
async fn an_id_of_another_length_is_refused() {
    let short = |_: &World| say::want_with_id_of(15);
    a_frame_is_refused(short, "has 15 bytes instead of 16").await;
}

#[tokio::test]
async fn a_close_for_no_reason_is_refused() {
    let closed = |_: &World| say::close_for_no_reason();
    a_frame_is_refused(closed, "has the unknown code 0").await;
}

#[tokio::test]
async fn a_run_that_ends_beyond_all_numbers_is_refused() {
    let beyond = |world: &World| say::batch_at_the_end_of_numbers(world.plans);
    a_frame_is_refused(beyond, "ends beyond the largest number").await;
}

#[tokio::test]
async fn a_greeting_that_claims_the_newest_of_everything_harms_nobody() {
    let mut world = World::with_attacker_as(Some("writer")).await;
    let mut peer = Peer::open(world.hub.listen(), &world.attacker, world.id)
        .await
        .unwrap();
    let mut hello = say::greeting(world.id);
    hello.epoch = Epoch([0xff; 16]);
    (hello.roster_version, hello.roster) = (u64::MAX, ShortDigest([0xff; 16]));
    hello.branches = ShortDigest([0xff; 16]);
    hello.time_ms = i64::MIN;
    peer.say(Message::Hello(hello)).await;
    for time in [i64::MAX, i64::MIN, 0] {
        peer.say(say::heartbeat(time)).await;
    }
    world.goes_on().await;
    peer.was_ignored().await;
    world.stands([peer], NOTHING).await;
}

#[tokio::test]
async fn a_greeting_in_the_name_of_the_victims_own_store_harms_nobody() {
    let mut world = World::with_attacker_as(Some("writer")).await;
    let mut spy = Peer::open(world.hub.listen(), &world.attacker, world.id)
        .await
        .unwrap();
    spy.say(say::hello(world.id)).await;
    let greeting = |message: &Message| match message {
        Message::Hello(hello) => Some(hello.clone()),
        _ => None,
    };
    let own = spy.hear_until("the hub greets", greeting).await;
    spy.was_ignored().await;
    let mut peers = Vec::new();
    for node in [&world.hub, &world.witness] {
        let opened = Peer::open(node.listen(), &world.attacker, world.id).await;
        let mut peer = opened.unwrap();
        peer.say(Message::Hello(own.clone())).await;
        // Entries that the hub would have written in that epoch of its store.
        let mut pen = world.pen();
        pen.feed.author = world.steward_key().node();
        pen.feed.epoch = own.epoch;
        peer.say(say::batch(world.plans, vec![pen.plans(1)])).await;
        peer.is_closed(CloseReason::Forged).await;
        refusal_is_recorded(node, "entries-refused", &[ATTACKER]).await;
        peers.push(peer);
    }
    world.goes_on().await;
    for node in [&world.hub, &world.witness] {
        for act in [
            "key-on-two-machines",
            "own-key-elsewhere",
            "store-superseded",
        ] {
            let listed = node.command(&["audit", "--act", act, "--json"]);
            assert!(!listed.contains(ATTACKER), "{listed}");
        }
    }
    world.stands(peers, NOTHING).await;
}

#[tokio::test]
async fn a_relay_that_claims_entries_and_withholds_them_keeps_nobody_from_them() {
    a_lie_harms_nobody(|world, honest| {
        vec![say::frontier(world.plans, [(honest, u64::MAX)], true)]
    })
    .await;
}

#[tokio::test]
async fn a_relay_that_invents_authors_is_not_asked_for_them() {
    a_lie_harms_nobody(|world, _| {
        let nobody = key(0x99).node();
        vec![say::frontier(
            world.plans,
            say::feeds(nobody, 100).map(|feed| (feed, 9)),
            true,
        )]
    })
    .await;
}

#[tokio::test]
async fn a_relay_that_acknowledges_what_it_never_got_keeps_nobody_from_it() {
    a_lie_harms_nobody(|world, honest| vec![say::ack(world.plans, honest, u64::MAX)]).await;
}

#[tokio::test]
async fn one_that_tells_another_head_of_honest_work_parts_nobody() {
    a_lie_harms_nobody(|world, honest| vec![say::frontier(world.plans, [(honest, 3)], true)]).await;
}

/// Only entries that bear a node's own signature prove that another life of its store wrote on.
#[tokio::test]
async fn one_that_claims_more_of_the_hubs_own_work_does_not_keep_it_from_working() {
    let mut world = World::with_attacker_as(Some("writer")).await;
    let status = world.hub.local().status().await.unwrap();
    let own = FeedId {
        author: world.steward_key().node(),
        epoch: Epoch::from_hex(&status.epoch).unwrap(),
    };
    let mut peer = world.attack().await;
    let claim = say::frontier(world.plans, [(own, 1_000)], false);
    peer.say(claim).await;
    let asked = |message: &Message| match message {
        Message::Want(range) => (range.feed == own).then_some(()),
        _ => None,
    };
    peer.hear_until("the proof is asked for", asked).await;
    // Another's entries in its place are none.
    let run = Pen {
        feed: own,
        ..world.pen()
    }
    .plans(1);
    peer.say(say::batch(world.plans, vec![run])).await;
    peer.is_closed(CloseReason::Forged).await;
    let plan = samples::plan(2, 1);
    world.hub.local().put(PLANS, &[plan]).await.unwrap();
    world.is_valid(samples::plan_id(2, 1));
    refusal_is_recorded(&world.hub, "own-feed-ahead", &[ATTACKER]).await;
    refusal_is_recorded(&world.hub, "entries-refused", &[ATTACKER, "signature"]).await;
    world.stands([peer], NOTHING).await;
}

#[tokio::test]
async fn one_that_shows_an_author_its_own_work_altered_does_not_keep_it_from_working() {
    let world = World::with_attacker_as(Some("writer")).await;
    let mut run = world.known_run().await;
    run.entries[1].time_ms += 1;
    let mut forged = run.clone();
    forged.checkpoint.head = Hash([9; 32]);
    let mut peer = world.attack_witness().await;
    for shown in [run, forged] {
        peer.say(say::batch(world.plans, vec![shown])).await;
    }
    peer.was_ignored().await;
    world.stands([peer], NOTHING).await;
}

#[tokio::test]
async fn a_session_of_a_key_takes_the_place_of_its_older_one_and_of_no_other() {
    let mut world = World::with_attacker_as(Some("writer")).await;
    let mut older = world.attack().await;
    let mut newer = world.attack().await;
    older.is_closed(CloseReason::Replaced).await;
    world.goes_on().await;
    newer.was_ignored().await;
    world.stands([older, newer], NOTHING).await;
}

/// The hub has two members tell it different things of one honest feed, and believes neither.
#[tokio::test]
async fn relays_that_show_different_views_part_nobody() {
    let mut world = World::with_attacker_as(Some("reader")).await;
    let run = world.withheld_run().await;
    let (mut one, mut other) = (world.attack().await, world.member().await);
    // One gives the beginning of the work under a head that it made up, the other only claims more.
    let mut shorter = run.clone();
    shorter.entries.truncate(1);
    shorter.checkpoint.length = 4;
    let claim = [(run.feed, 1_000)];
    other.say(say::frontier(world.plans, claim, false)).await;
    one.say(say::batch(world.plans, vec![shorter])).await;
    one.is_closed(CloseReason::Forged).await;
    other.was_ignored().await;
    drop(other);
    refusal_is_recorded(&world.hub, "entries-refused", &[ATTACKER, "chain"]).await;
    world.stands([one], NOTHING).await;
}

/// What a writer may write and no document can take is kept apart, and harms nothing.
async fn a_writer_publishes(payload: impl FnOnce(&World, FeedId) -> Bytes, kept: Kept) {
    let world = World::with_attacker_as(Some("writer")).await;
    let honest = world.known_run().await.feed;
    let run = world.pen().sign(vec![payload(&world, honest)]);
    let mut peer = world.attack().await;
    peer.say(say::batch(world.plans, vec![run])).await;
    peer.was_ignored().await;
    world.stands([peer], kept).await;
}

const REFUSED: Kept = Kept {
    refused: 1,
    ..NOTHING
};

#[tokio::test]
async fn a_change_under_another_authors_actor_has_no_effect() {
    let theirs = |_: &World, honest: FeedId| plan_by(&honest, 0);
    a_writer_publishes(theirs, REFUSED).await;
}

#[tokio::test]
async fn a_payload_that_is_no_change_has_no_effect() {
    a_writer_publishes(|_, _| Bytes::from(vec![0x66; 500]), REFUSED).await;
}

#[tokio::test]
async fn a_change_of_a_change_that_nobody_has_waits() {
    let orphan = |world: &World, _| world.pen().second_change();
    let kept = Kept {
        waiting: 1,
        ..NOTHING
    };
    a_writer_publishes(orphan, kept).await;
}
