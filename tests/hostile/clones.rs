//! Authors that sign two histories, and thieves with a copy of somebody's store: what is done in
//! another's name is noticed, and honest nodes do not part over it.

use phaki_tests::wait;

use crate::kit::evidence::refusal_is_recorded;
use crate::kit::peer::Peer;
use crate::kit::pen::{Pen, plan_id};
use crate::kit::say;
use crate::kit::world::{NOTHING, PLANS, World};

#[tokio::test]
async fn an_author_that_signs_two_histories_parts_no_honest_work() {
    let mut world = World::with_attacker_as(Some("writer")).await;
    world.expect_errors();
    world.cut().await;
    let pen = world.pen();
    let histories = [pen.plan(1), pen.plan(2)].map(|plan| pen.sign(vec![plan]));
    let (mut to_hub, mut to_witness) = (world.attack().await, world.attack_witness().await);
    // Each node hears both, and each another one first.
    let [one, other] = histories;
    for run in [&one, &other] {
        to_hub.say(say::batch(world.plans, vec![run.clone()])).await;
    }
    for run in [&other, &one] {
        let run = vec![run.clone()];
        to_witness.say(say::batch(world.plans, run)).await;
    }
    to_hub.was_ignored().await;
    to_witness.was_ignored().await;
    world.line.restore();
    world.write_honestly(2).await;
    wait::until("honest work goes on", async || {
        let there = world.hub.local().export(PLANS).await;
        world
            .honest_plans()
            .iter()
            .all(|plan| there.contains_key(plan))
            .then_some(())
    })
    .await;
    for node in [&world.hub, &world.witness] {
        let author = world.attacker.node().to_string();
        let words = [author.as_str(), "two different entries at position 0"];
        refusal_is_recorded(node, "feed-forked", &words).await;
    }
    // None of the histories counts.
    world.stands([to_hub, to_witness], NOTHING).await;
}

#[tokio::test]
async fn a_thief_that_writes_on_in_a_stolen_copy_is_noticed_by_the_one_it_robbed() {
    let mut world = World::with_attacker_as(None).await;
    world.expect_errors();
    let stolen = world.known_run().await;
    world.cut().await;
    let thief = Pen {
        feed: stolen.feed,
        ..Pen::new(&world.witness_key(), world.id, world.plans)
    };
    let end = (stolen.checkpoint.length, stolen.checkpoint.head);
    let run = thief.continue_after(end, vec![thief.plan(0)]);
    let mut peer = Peer::greet(world.hub.listen(), &thief.key, world.id).await;
    peer.say(say::batch(world.plans, vec![run])).await;
    world.until_held(&world.hub, PLANS, 4).await;
    peer.was_ignored().await;
    world.line.restore();
    refusal_is_recorded(&world.witness, "store-superseded", &[]).await;
    // It goes on in an epoch that the thief does not know.
    refusal_is_recorded(&world.witness, "epoch-begun", &[]).await;
    world.is_valid(plan_id(0));
    // With that key it may read what the one it robbed may.
    drop(peer);
    world.stands([], NOTHING).await;
}
