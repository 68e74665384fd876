//! Documents that cannot be read, or take long to: each is alone with that, and the others go on.
//!
//! That every single refusal of Automerge is met is shown in `crates/documents/tests`, and what
//! inflates or claims too much in [`crate::bombs`].

use std::time::{Duration, Instant};

use phaki_documents::payload;
use phaki_tests::wait;

use crate::kit::pen::plan_id;
use crate::kit::say;
use crate::kit::world::World;

/// Documents that take long, so that together they take seconds.
const LABORIOUS: u64 = 6;

/// How long an honest edit may take meanwhile, on a machine that is busy with tests.
const EDIT_MAX: Duration = Duration::from_secs(10);

#[tokio::test]
async fn documents_that_take_long_to_read_hold_up_no_other() {
    let mut world = World::with_attacker_as(Some("writer")).await;
    let pen = world.pen();
    let mut peer = world.attack().await;
    let mut start = pen.start();
    for number in 0..LABORIOUS {
        let run = pen.continue_after(start, vec![pen.laborious_plan(number)]);
        start = (run.checkpoint.length, run.checkpoint.head);
        peer.say(say::batch(world.plans, vec![run])).await;
    }
    world
        .until_held(&world.witness, "plans", 3 + LABORIOUS)
        .await;
    let began = Instant::now();
    world.write_honestly(3).await;
    assert!(began.elapsed() < EDIT_MAX, "{:?}", began.elapsed());
    let last = plan_id(LABORIOUS - 1);
    wait::until("it is shown in the end", async || {
        world.witness.local().show(&last).await.ok()
    })
    .await;
    let held = 3 + LABORIOUS + 3;
    world.until_held(&world.hub, "plans", held).await;
    world.until_held(&world.witness, "plans", held).await;
    world.leaks_nothing(&peer);
}

/// A change whose bytes Automerge refuses stands between changes of two sound documents.
#[tokio::test]
async fn a_change_that_automerge_refuses_is_counted_and_takes_nothing_with_it() {
    let world = World::with_attacker_as(Some("writer")).await;
    let pen = world.pen();
    let sound = payload::decode(&pen.plan(1)).unwrap().change.to_vec();
    let mut poison = pen.plan(1)[..17].to_vec();
    // The frame is whole and says the truth; what is in it is no list of columns.
    poison.extend(&sound[..sound.len() - 20]);
    poison.extend([0xff; 20]);
    let run = pen.sign(vec![pen.plan(0), poison.into(), pen.plan(2)]);
    let mut peer = world.attack().await;
    peer.say(say::batch(world.plans, vec![run])).await;
    world.until_held(&world.witness, "plans", 6).await;
    for number in [0, 2] {
        let shown = world.witness.local().show(&plan_id(number)).await.unwrap();
        assert_eq!(shown["id"], plan_id(number));
    }
    assert!(world.witness.local().show(&plan_id(1)).await.is_err());
    let told = world.witness.local().status().await.unwrap().problems;
    assert!(
        told.iter().any(|one| one.contains("never be applied")),
        "{told:?}"
    );
    for node in [&world.hub, &world.witness] {
        let space = node.local().space("plans").await.unwrap();
        assert_eq!((space.refused, space.waiting), (1, 0), "{space:?}");
    }
    world.leaks_nothing(&peer);
}
