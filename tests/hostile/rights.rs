//! Who may not read hears nothing, who may not write changes nothing, whatever way it takes.

use phaki_replication::id::{Epoch, FeedId, SpaceId};
use phaki_replication::manifest::MemberRole;
use phaki_replication::message::Message;
use phaki_replication::node::Act;
use phaki_tests::wait;

use crate::kit::evidence::refusal_is_recorded;
use crate::kit::peer::Peer;
use crate::kit::pen::{Pen, plan_id};
use crate::kit::say;
use crate::kit::world::{ATTACKER, Kept, NOTHING, PLANS, World};

/// Names a space that the attacker may not read, and one that does not exist, in the same way: the
/// answers are the same too, so there is nothing to be learned.
async fn nothing_is_learned_from(message: impl Fn(&World, SpaceId) -> Message) {
    let world = World::with_attacker_as(Some("writer")).await;
    let mut answers = Vec::new();
    let mut peers = Vec::new();
    for space in [world.secret, SpaceId([0x99; 16])] {
        let mut peer = world.attack().await;
        peer.say(message(&world, space)).await;
        peer.was_ignored().await;
        answers.push(peer.heard().iter().map(kind).collect::<Vec<_>>());
        peers.push(peer);
    }
    assert_eq!(answers[0], answers[1]);
    world.stands(peers, NOTHING).await;
}

/// What kind of message that is.
fn kind(bytes: &bytes::Bytes) -> std::mem::Discriminant<Message> {
    std::mem::discriminant(&say::decoded(bytes))
}

/// A feed that exists in the secret space.
fn feed_of_the_witness(world: &World) -> FeedId {
    FeedId {
        author: world.witness_key().node(),
        epoch: Epoch([1; 16]),
    }
}

#[tokio::test]
async fn a_reader_that_writes_changes_no_document() {
    let world = World::with_attacker_as(Some("reader")).await;
    let mut peer = world.attack().await;
    let run = world.pen().plans(2);
    peer.say(say::batch(world.plans, vec![run])).await;
    peer.was_ignored().await;
    let kept = Kept {
        quarantined: 2,
        ..NOTHING
    };
    world.stands([peer], kept).await;
}

#[tokio::test]
async fn one_who_is_no_member_writes_nothing() {
    let world = World::with_attacker_as(None).await;
    let mut peer = world.attack().await;
    let run = world.pen().plans(2);
    peer.say(say::batch(world.plans, vec![run])).await;
    peer.was_ignored().await;
    refusal_is_recorded(&world.hub, "entries-refused", &[ATTACKER, "not-allowed"]).await;
    world.stands([peer], NOTHING).await;
}

#[tokio::test]
async fn a_space_that_one_may_not_read_does_not_exist_when_asked_for_entries() {
    nothing_is_learned_from(|world, space| say::want(space, feed_of_the_witness(world))).await;
}

#[tokio::test]
async fn a_space_that_one_may_not_read_does_not_exist_when_its_state_is_told() {
    nothing_is_learned_from(|_, space| say::have([space])).await;
}

#[tokio::test]
async fn a_space_that_one_may_not_read_does_not_exist_when_a_frontier_is_told() {
    nothing_is_learned_from(|world, space| {
        say::frontier(space, [(feed_of_the_witness(world), 9)], true)
    })
    .await;
}

#[tokio::test]
async fn a_space_that_one_may_not_read_does_not_exist_when_entries_are_acknowledged() {
    nothing_is_learned_from(|world, space| say::ack(space, feed_of_the_witness(world), 9)).await;
}

#[tokio::test]
async fn a_space_that_one_may_not_read_does_not_exist_when_entries_are_announced() {
    nothing_is_learned_from(|_, space| say::plan(space)).await;
}

#[tokio::test]
async fn a_space_that_one_may_not_read_does_not_exist_when_entries_are_sent() {
    nothing_is_learned_from(|world, space| {
        let pen = Pen::new(&world.attacker, world.id, space);
        say::batch(space, vec![pen.plans(1)])
    })
    .await;
}

#[tokio::test]
async fn a_question_for_a_space_that_one_may_not_read_is_on_record() {
    let world = World::with_attacker_as(Some("writer")).await;
    let mut peer = world.attack().await;
    peer.say(say::want(world.secret, feed_of_the_witness(&world)))
        .await;
    peer.was_ignored().await;
    let words = [ATTACKER, "not-allowed", &world.secret.to_string()];
    refusal_is_recorded(&world.hub, "entries-refused", &words).await;
    world.stands([peer], NOTHING).await;
}

/// The steward removes the attacker from the space, and the node that is told so first is the hub.
async fn revoke(world: &World, valid: u64) {
    let attacker = world.attacker.node();
    let feed = world.pen().feed;
    let manifest = world.next_manifest(|manifest| {
        manifest.members.insert(attacker, MemberRole::Removed);
        manifest.caps.insert(feed, valid);
    });
    world.bring(&world.hub, Act::Manifest(manifest)).await;
}

#[tokio::test]
async fn a_removed_member_is_told_of_its_removal_and_nothing_else() {
    let world = World::with_attacker_as(Some("writer")).await;
    let run = world.known_run().await;
    revoke(&world, 0).await;
    let mut peer = world.attack().await;
    peer.say(say::have([world.plans])).await;
    peer.say(say::want(world.plans, run.feed)).await;
    peer.was_ignored().await;
    let mut removals = 0;
    for message in peer.heard().iter().map(say::decoded) {
        match message {
            Message::Manifest(signed) => {
                let roster = world.roster_in_force();
                let manifest = signed.open(&world.id, &roster).unwrap();
                assert!(manifest.was_removed(&roster, &world.attacker.node()));
                removals += 1;
            }
            Message::Have(states) => assert_eq!(states, []),
            Message::Hello(_) | Message::Roster(_) | Message::Close(_) => {}
            other => panic!("told to a removed member: {other:?}"),
        }
    }
    assert_eq!(removals, 1);
    refusal_is_recorded(&world.hub, "entries-refused", &[ATTACKER, "not-allowed"]).await;
    world.stands([peer], NOTHING).await;
}

/// The attacker makes a plan while it may, and then loses the right.
async fn revoked_after_one_plan() -> (World, Pen, Peer) {
    let mut world = World::with_attacker_as(Some("writer")).await;
    let pen = world.pen();
    let mut peer = world.attack().await;
    peer.say(say::batch(world.plans, vec![pen.plans(1)])).await;
    world.is_valid(plan_id(0));
    world.until_held(&world.witness, PLANS, 4).await;
    peer.was_ignored().await;
    (world, pen, peer)
}

/// Two plans that the attacker makes after the one that counts.
fn late(pen: &Pen) -> phaki_replication::feed::Run {
    let first = pen.plans(1).checkpoint;
    pen.continue_after((first.length, first.head), vec![pen.plan(1), pen.plan(2)])
}

#[tokio::test]
async fn work_after_a_revocation_is_not_taken_from_its_author() {
    let (world, pen, before) = revoked_after_one_plan().await;
    revoke(&world, 1).await;
    let mut peer = world.attack().await;
    peer.say(say::batch(world.plans, vec![late(&pen)])).await;
    peer.was_ignored().await;
    refusal_is_recorded(&world.hub, "entries-refused", &[ATTACKER, "not-allowed"]).await;
    world.stands([before, peer], NOTHING).await;
}

#[tokio::test]
async fn work_after_a_revocation_that_a_member_passes_on_does_not_count() {
    let (world, pen, before) = revoked_after_one_plan().await;
    revoke(&world, 1).await;
    let mut member = world.member().await;
    member.say(say::batch(world.plans, vec![late(&pen)])).await;
    member.was_ignored().await;
    drop(member);
    let kept = Kept {
        quarantined: 2,
        ..NOTHING
    };
    world.stands([before], kept).await;
}

#[tokio::test]
async fn work_that_reached_a_node_before_the_revocation_did_does_not_count_either() {
    let (mut world, pen, before) = revoked_after_one_plan().await;
    world.cut().await;
    revoke(&world, 1).await;
    let mut peer = world.attack_witness().await;
    peer.say(say::batch(world.plans, vec![late(&pen)])).await;
    // The witness has not heard of the revocation: there it counts, for now.
    wait::until("the witness shows what was late", async || {
        let space = world.witness.local().space(PLANS).await?;
        (space.documents == 6).then_some(())
    })
    .await;
    peer.was_ignored().await;
    world.line.restore();
    let kept = Kept {
        quarantined: 2,
        ..NOTHING
    };
    world.stands([before, peer], kept).await;
}

#[tokio::test]
async fn work_after_a_revocation_counts_nowhere_though_it_takes_three_ways_at_once() {
    let (mut world, pen, before) = revoked_after_one_plan().await;
    world.cut().await;
    let run = || say::batch(world.plans, vec![late(&pen)]);
    // Through a node that has not heard of the revocation.
    let mut early = world.attack_witness().await;
    early.say(run()).await;
    world.until_held(&world.witness, PLANS, 6).await;
    early.was_ignored().await;
    revoke(&world, 1).await;
    // From its author, and again once it has connected anew.
    let mut peers = vec![before, early];
    for _ in 0..2 {
        let mut peer = world.attack().await;
        peer.say(run()).await;
        peer.was_ignored().await;
        peers.push(peer);
    }
    // Through a member that has.
    let mut member = world.member().await;
    member.say(run()).await;
    member.was_ignored().await;
    let author = pen.key.node().to_string();
    refusal_is_recorded(&world.hub, "entries-quarantined", &[&author]).await;
    let kept = Kept {
        quarantined: 2,
        ..NOTHING
    };
    world.stands(peers, kept).await;
}
