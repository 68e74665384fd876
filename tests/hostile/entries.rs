//! Entries that are forged, altered, moved or attributed to another.

use bytes::Bytes;
use phaki_replication::entry::{Entry, Payload};
use phaki_replication::feed::Run;
use phaki_replication::id::{Epoch, FederationId, FeedId, Hash};
use phaki_replication::message::{CloseReason, Message};

use crate::kit::evidence::refusal_is_recorded;
use crate::kit::pen::{Pen, malleated};
use crate::kit::say;
use crate::kit::world::{ATTACKER, NOTHING, World, key};

/// An enrolled writer sends a run of its own that is broken: the session ends, and the log says
/// why in that word.
async fn a_writer_sends(broken: impl FnOnce(&World, Pen) -> Run, word: &str) {
    let world = World::with_attacker_as(Some("writer")).await;
    let run = broken(&world, world.pen());
    let mut peer = world.attack().await;
    peer.say(say::batch(world.plans, vec![run])).await;
    peer.is_closed(CloseReason::Forged).await;
    refusal_is_recorded(&world.hub, &["entries refused", ATTACKER, word]).await;
    refusal_is_recorded(&world.hub, &["peer refused", ATTACKER, "forged"]).await;
    world.stands(&[&peer], NOTHING).await;
}

/// A relay passes on honest work that it has changed: the session ends, and the work arrives
/// unchanged once its author has a line again.
async fn a_relay_sends(changed: impl FnOnce(&mut Run), word: &str) {
    let mut world = World::with_attacker_as(Some("reader")).await;
    let mut run = world.withheld_run().await;
    changed(&mut run);
    let mut peer = world.attack().await;
    peer.say(say::batch(world.plans, vec![run])).await;
    peer.is_closed(CloseReason::Forged).await;
    refusal_is_recorded(&world.hub, &["entries refused", ATTACKER, word]).await;
    world.stands(&[&peer], NOTHING).await;
}

#[tokio::test]
async fn an_entry_without_its_authors_signature_is_refused() {
    a_writer_sends(
        |_, pen| {
            let mut run = pen.plans(1);
            run.checkpoint.signature.0 = [7; 64];
            run
        },
        "signature",
    )
    .await;
}
