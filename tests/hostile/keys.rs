//! Keys in the wrong hands, and nodes that were suspended.

use phaki_replication::id::Epoch;
use phaki_replication::message::Message;
use phaki_replication::node::Act;
use phaki_replication::roster::NodeStatus;

use crate::kit::evidence::refusal_is_recorded;
use crate::kit::peer::Peer;
use crate::kit::pen::plan_id;
use crate::kit::say;
use crate::kit::world::{ATTACKER, Kept, NOTHING, PLANS, World};

/// A session of a process behind the attacker's key, which says hello and no more.
async fn process(world: &World, instance: [u8; 8]) -> Peer {
    let mut peer = Peer::open(world.hub.listen(), &world.attacker, world.id)
        .await
        .unwrap();
    let mut hello = say::greeting(world.id);
    hello.instance = instance;
    peer.say(Message::Hello(hello)).await;
    peer.was_ignored().await;
    peer
}

#[tokio::test]
async fn two_machines_that_take_turns_behind_one_key_are_named() {
    let mut world = World::with_attacker_as(Some("writer")).await;
    world.hub.expect_errors();
    let mut peers = Vec::new();
    for instance in [1, 2, 1] {
        peers.push(process(&world, [instance; 8]).await);
    }
    refusal_is_recorded(&world.hub, "key-on-two-machines", &[ATTACKER]).await;
    world.goes_on().await;
    world.stands(peers, NOTHING).await;
}

#[tokio::test]
async fn a_peer_that_is_another_process_in_every_session_harms_nobody() {
    const SESSIONS: usize = 40;
    let mut world = World::with_attacker_as(Some("writer")).await;
    let before = world.hub.log().text().len();
    for number in 0..SESSIONS {
        process(&world, [u8::try_from(number).unwrap(); 8]).await;
    }
    world.goes_on().await;
    let grown = world.hub.log().text().len() - before;
    assert!(grown < 2_000 * SESSIONS, "the log grew by {grown} bytes");
    world.stands([], NOTHING).await;
}

/// The federation suspends the attacker, and the steward is told so first.
async fn suspend(world: &World) {
    let roster = world.next_roster(&world.attacker, NodeStatus::Suspended);
    world.bring(&world.hub, Act::Roster(roster)).await;
}

#[tokio::test]
async fn work_of_a_suspended_node_that_a_member_passes_on_does_not_count() {
    let mut world = World::with_attacker_as(Some("writer")).await;
    let pen = world.pen();
    let mut peer = world.attack().await;
    peer.say(say::batch(world.plans, vec![pen.plans(1)])).await;
    world.is_valid(plan_id(0));
    world.until_held(&world.witness, PLANS, 4).await;
    peer.was_ignored().await;
    suspend(&world).await;
    let first = pen.plans(1).checkpoint;
    let late = pen.continue_after((first.length, first.head), vec![pen.plan(1), pen.plan(2)]);
    let mut other_life = pen.clone();
    other_life.feed.epoch = Epoch([0x67; 16]);
    let mut member = world.member().await;
    for run in [late, other_life.sign(vec![pen.plan(3)])] {
        member.say(say::batch(world.plans, vec![run])).await;
    }
    member.was_ignored().await;
    let author = pen.key.node().to_string();
    refusal_is_recorded(&world.hub, "entries-quarantined", &[&author]).await;
    let kept = Kept {
        quarantined: 3,
        ..NOTHING
    };
    world.stands([peer], kept).await;
}

#[tokio::test]
async fn a_thief_that_writes_in_a_new_epoch_before_the_suspension_is_quarantined_after_it() {
    let mut world = World::with_attacker_as(Some("writer")).await;
    world.cut().await;
    suspend(&world).await;
    // The witness has not heard of it, and takes what the thief writes.
    let mut thief = world.pen();
    thief.feed.epoch = Epoch([0x67; 16]);
    let mut peer = world.attack_witness().await;
    let run = say::batch(world.plans, vec![thief.plans(2)]);
    peer.say(run).await;
    world.until_held(&world.witness, PLANS, 5).await;
    peer.was_ignored().await;
    let kept = Kept {
        quarantined: 2,
        ..NOTHING
    };
    world.stands([peer], kept).await;
}
