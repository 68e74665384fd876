//! Proofs that a feed was signed in two ways: those that prove nothing harm nobody, those that do
//! cut the feed of whoever signed both, at the same place everywhere, and no other.

use phaki_replication::fork::ForkProof;
use phaki_replication::id::{Epoch, FederationId, SpaceId};
use phaki_replication::limits::FORK_BYTES_MAX;
use phaki_replication::message::{CloseReason, Message};
use phaki_wire::proto::sync::v1 as pb;
use prost::Message as _;

use crate::kit::evidence::refusal_is_recorded;
use crate::kit::pen::Pen;
use crate::kit::say;
use crate::kit::world::{ATTACKER, NOTHING, PLANS, World, key};

/// The proof that a pen signed its first entry in two ways.
fn proof(pen: &Pen) -> ForkProof {
    let [one, other] = [1, 2].map(|number| pen.sign(vec![pen.plan(number)]));
    ForkProof::between(pen.space, pen.start().1, &one, &other).unwrap()
}

/// A proof that does not verify ends the session, and cuts nothing.
async fn proves_nothing(made_up: impl FnOnce(&World, Pen) -> ForkProof, why: &str) {
    let mut world = World::with_attacker_as(Some("writer")).await;
    let honest = world.known_run().await.feed;
    let innocent = Pen {
        feed: honest,
        ..world.pen()
    };
    let mut peer = world.attack().await;
    peer.say(Message::Fork(made_up(&world, innocent))).await;
    peer.is_closed(CloseReason::Forged).await;
    refusal_is_recorded(&world.hub, "act-refused", &[ATTACKER, why]).await;
    world.goes_on().await;
    world.stands([peer], NOTHING).await;
}

const UNSIGNED: &str = "not signed by the author";

#[tokio::test]
async fn a_proof_against_an_innocent_author_is_refused() {
    proves_nothing(|_, innocent| proof(&innocent), UNSIGNED).await;
}

#[tokio::test]
async fn a_proof_at_another_place_than_the_signed_one_is_refused() {
    let moved = |world: &World, _| {
        let mut proof = proof(&world.pen());
        proof.at = 7;
        proof
    };
    // What the sides hash to depends on the place, so their order may be wrong too.
    proves_nothing(moved, "of the proof").await;
}

#[tokio::test]
async fn a_proof_from_another_space_is_refused() {
    let moved = |world: &World, innocent: Pen| {
        let space = innocent.space;
        let elsewhere = Pen {
            space: SpaceId([9; 16]),
            ..world.pen()
        };
        let mut proof = proof(&elsewhere);
        proof.space = space;
        proof
    };
    proves_nothing(moved, UNSIGNED).await;
}

#[tokio::test]
async fn a_proof_from_another_federation_is_refused() {
    let other = |world: &World, _| {
        proof(&Pen {
            federation: FederationId([9; 32]),
            ..world.pen()
        })
    };
    proves_nothing(other, UNSIGNED).await;
}

#[tokio::test]
async fn a_proof_whose_sides_are_the_same_is_refused() {
    let same = |world: &World, _| {
        let mut bytes = proof(&world.pen()).encode();
        // A side is a count, one header and a signature.
        let side = bytes.split_off(bytes.len() - (4 + 45 + 64));
        bytes.truncate(bytes.len() - side.len());
        ForkProof::decode(&[bytes, side.clone(), side].concat()).unwrap()
    };
    proves_nothing(same, "begin with the same entry").await;
}

#[tokio::test]
async fn a_proof_larger_than_any_two_runs_is_refused() {
    let world = World::with_attacker_as(Some("writer")).await;
    let mut peer = world.attack().await;
    let content = vec![0; FORK_BYTES_MAX + 1].into();
    let body = Some(pb::frame::Body::Fork(pb::Fork { content }));
    peer.say_bytes(&pb::Frame { body }.encode_to_vec()).await;
    peer.is_closed(CloseReason::Limit).await;
    world.stands([peer], NOTHING).await;
}

#[tokio::test]
async fn a_proof_about_a_space_that_one_may_not_read_is_not_taken() {
    let world = World::with_attacker_as(Some("writer")).await;
    let pen = Pen::new(&world.attacker, world.id, world.secret);
    let mut peer = world.attack().await;
    peer.say(Message::Fork(proof(&pen))).await;
    peer.was_ignored().await;
    world.stands([peer], NOTHING).await;
}

#[tokio::test]
async fn proofs_against_keys_that_nobody_enrolled_take_no_place() {
    let mut world = World::with_attacker_as(Some("reader")).await;
    let mut peer = world.attack().await;
    for seed in 0x90..0xb0 {
        let made_up = Pen::new(&key(seed), world.id, world.plans);
        peer.say(Message::Fork(proof(&made_up))).await;
    }
    world.goes_on().await;
    peer.was_ignored().await;
    world.stands([peer], NOTHING).await;
}

#[tokio::test]
async fn a_feed_that_its_author_forked_takes_no_more_entries_and_its_next_one_does() {
    let mut world = World::with_attacker_as(Some("writer")).await;
    world.expect_errors();
    let pen = world.pen();
    let author = pen.key.node().to_string();
    let mut peer = world.attack().await;
    // Nobody holds anything of that feed.
    peer.say(Message::Fork(proof(&pen))).await;
    for node in [&world.hub, &world.witness] {
        refusal_is_recorded(node, "feed-forked", &[&author, "at position 0"]).await;
    }
    let mut next = pen.clone();
    next.feed.epoch = Epoch([0x67; 16]);
    for run in [pen.plans(3), next.sign(vec![next.plan(9)])] {
        peer.say(say::batch(world.plans, vec![run])).await;
    }
    world.is_valid(crate::kit::pen::plan_id(9));
    peer.was_ignored().await;
    world.stands([peer], NOTHING).await;
}

#[tokio::test]
async fn three_histories_shown_to_two_nodes_are_cut_at_the_same_place_by_both() {
    let mut world = World::with_attacker_as(Some("writer")).await;
    world.expect_errors();
    let pen = world.pen();
    let author = pen.key.node().to_string();
    let (mut to_hub, mut to_witness) = (world.attack().await, world.attack_witness().await);
    let run = |number| say::batch(world.plans, vec![pen.sign(vec![pen.plan(number)])]);
    let (first, second, third) = (run(1), run(2), run(3));
    to_hub.say(first).await;
    to_witness.say(second).await;
    to_hub.say(third).await;
    to_hub.was_ignored().await;
    to_witness.was_ignored().await;
    for node in [&world.hub, &world.witness] {
        refusal_is_recorded(node, "feed-forked", &[&author, "at position 0"]).await;
    }
    world.goes_on().await;
    world.stands([to_hub, to_witness], NOTHING).await;
}

#[tokio::test]
async fn a_proof_reaches_a_node_that_never_met_who_signed_in_two_ways() {
    let mut world = World::with_attacker_as(Some("writer")).await;
    world.expect_errors();
    let mut third = world.behind_the_witness().await;
    third.expect_errors();
    let pen = world.pen();
    // The hub and the witness are shown one each; what they find out the third hears of one of them.
    let mut peers = [world.attack().await, world.attack_witness().await];
    for (number, peer) in (1..).zip(&mut peers) {
        let run = pen.sign(vec![pen.plan(number)]);
        peer.say(say::batch(world.plans, vec![run])).await;
    }
    let author = pen.key.node().to_string();
    refusal_is_recorded(&third, "feed-forked", &[&author, "at position 0"]).await;
    let met = third
        .local()
        .links()
        .await
        .into_iter()
        .map(|link| link.peer);
    assert_eq!(met.collect::<Vec<_>>(), ["TH-41"]);
    world.goes_on().await;
    let honest = u64::try_from(world.honest_plans().len()).unwrap();
    let held = world.until_held(&third, PLANS, honest).await;
    assert_eq!((held.documents, held.quarantined), (honest, 0));
    world.stands(peers, NOTHING).await;
}

#[tokio::test]
async fn entries_behind_a_cut_that_nobody_asked_for_are_not_taken() {
    let world = World::with_attacker_as(Some("writer")).await;
    let pen = world.pen();
    let severed = |run| Message::Severed {
        space: world.plans,
        previous: pen.start().1,
        run,
    };
    let mut peer = world.attack().await;
    peer.say(severed(pen.plans(2))).await;
    // Of the hub's own, behind no cut.
    let own = Pen {
        feed: phaki_replication::id::FeedId {
            author: world.steward_key().node(),
            ..pen.feed
        },
        ..pen.clone()
    };
    peer.say(severed(own.plans(2))).await;
    peer.was_ignored().await;
    world.stands([peer], NOTHING).await;
}
