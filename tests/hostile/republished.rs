//! Entries published again by one who may not, or that are none.

use bytes::Bytes;
use phaki_replication::entry::{Entry, EntryKind, Payload};
use phaki_replication::feed::Run;
use phaki_replication::id::FeedId;
use phaki_replication::republish::Republished;

use crate::kit::pen::plan_by;
use crate::kit::say;
use crate::kit::world::{Kept, NOTHING, World};

/// The attacker, in that role, publishes again what it says to have found.
async fn is_without_effect(role: &str, payload: impl FnOnce(&World, &Run) -> Bytes, kept: Kept) {
    let world = World::with_attacker_as(Some(role)).await;
    let honest = world.known_run().await;
    let pen = world.pen();
    let entry = Entry {
        kind: EntryKind::REPUBLISHED,
        time_ms: 1_700_000_000_000,
        payload: Payload::Present(payload(&world, &honest)),
    };
    let (feed, start, entries) = (pen.feed, pen.start(), vec![entry]);
    let run = Run::sign(&pen.key, &world.id, &world.plans, feed, start, entries);
    let mut peer = world.attack().await;
    peer.say(say::batch(world.plans, vec![run])).await;
    peer.was_ignored().await;
    world.stands([peer], kept).await;
}

const REFUSED: Kept = Kept {
    refused: 1,
    ..NOTHING
};

const QUARANTINED: Kept = Kept {
    quarantined: 1,
    ..NOTHING
};

fn again(feed: FeedId, seq: u64, payload: Bytes) -> Bytes {
    Republished { feed, seq, payload }.encode()
}

#[tokio::test]
async fn a_reader_that_publishes_again_what_a_writer_wrote_changes_nothing() {
    let copy =
        |_: &World, honest: &Run| Republished::again(&honest.feed, 0, &honest.entries[0]).unwrap();
    is_without_effect("reader", copy, QUARANTINED).await;
}

#[tokio::test]
async fn a_writer_that_publishes_again_what_another_wrote_changes_nothing() {
    let copy =
        |_: &World, honest: &Run| Republished::again(&honest.feed, 0, &honest.entries[0]).unwrap();
    is_without_effect("writer", copy, REFUSED).await;
}

#[tokio::test]
async fn a_writer_cannot_take_the_place_of_anothers_change_with_one_of_its_own() {
    // The same actor and the same sequence number, in a change that its author never made.
    let other = |_: &World, honest: &Run| again(honest.feed, 0, plan_by(&honest.feed, 0));
    is_without_effect("writer", other, REFUSED).await;
}

#[tokio::test]
async fn an_entry_published_again_that_is_too_short_has_no_effect() {
    is_without_effect("writer", |_, _| Bytes::from_static(&[1; 40]), REFUSED).await;
}

#[tokio::test]
async fn an_entry_published_again_within_another_has_no_effect() {
    let nested = |world: &World, _: &Run| {
        let own = world.pen().feed;
        again(own, 1, again(own, 0, plan_by(&own, 0)))
    };
    is_without_effect("writer", nested, REFUSED).await;
}
