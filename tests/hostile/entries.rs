//! Entries that are forged, altered, moved or attributed to another.

use bytes::Bytes;
use phaki_replication::entry::{EntryKind, Payload};
use phaki_replication::feed::Run;
use phaki_replication::id::{Epoch, FederationId, FeedId, Hash};
use phaki_replication::message::{CloseReason, Message};

use crate::kit::evidence::refusal_is_recorded;
use crate::kit::peer::Peer;
use crate::kit::pen::{Pen, malleated};
use crate::kit::say;
use crate::kit::world::{ATTACKER, NOTHING, World, key};

/// An enrolled writer sends a run of its own that is broken: the session ends, and the record says
/// why in that word.
async fn a_writer_sends(broken: impl FnOnce(&World, Pen) -> Run, word: &str) {
    let world = World::with_attacker_as(Some("writer")).await;
    let run = broken(&world, world.pen());
    let mut peer = world.attack().await;
    peer.say(say::batch(world.plans, vec![run])).await;
    peer.is_closed(CloseReason::Forged).await;
    refusal_is_recorded(&world.hub, "entries-refused", &[ATTACKER, word]).await;
    refusal_is_recorded(&world.hub, "peer-refused", &[ATTACKER, "forged"]).await;
    world.stands([peer], NOTHING).await;
}

/// A relay passes on honest work that it has changed in a way that shows who did it: the session
/// ends, and the work arrives unchanged once its author has a line again.
async fn a_relay_sends(changed: impl FnOnce(&mut Run), word: &str) {
    let (world, mut peer) = changed_work_arrives(changed).await;
    peer.is_closed(CloseReason::Forged).await;
    refusal_is_recorded(&world.hub, "entries-refused", &[ATTACKER, word]).await;
    world.stands([peer], NOTHING).await;
}

/// As [`a_relay_sends`], where the head that the author signed is there: it looks as if the author
/// had signed two feeds. The relay is asked for what comes before, until it is plain that what it
/// shows does not lead to that head.
async fn a_relay_sends_under_a_true_head(changed: impl FnOnce(&mut Run)) {
    let mut world = World::with_attacker_as(Some("writer")).await;
    let before = world.known_run().await;
    let mut run = world.withheld_run().await;
    changed(&mut run);
    let mut peer = world.attack().await;
    peer.say(say::batch(world.plans, vec![run.clone()])).await;
    let mut whole = run;
    whole.from = 0;
    whole.entries.splice(..0, before.entries);
    let asked = |message: &Message| match message {
        Message::Want(range) => Some(range.from),
        _ => None,
    };
    loop {
        let from = peer
            .hear_until("what comes before is asked for", asked)
            .await;
        let shown = whole.clone().starting_at(from);
        peer.say(say::batch(world.plans, vec![shown])).await;
        if from == 0 {
            break;
        }
    }
    peer.is_closed(CloseReason::Forged).await;
    refusal_is_recorded(&world.hub, "entries-refused", &[ATTACKER, "altered"]).await;
    world.stands([peer], NOTHING).await;
}

async fn changed_work_arrives(changed: impl FnOnce(&mut Run)) -> (World, Peer) {
    let mut world = World::with_attacker_as(Some("writer")).await;
    let mut run = world.withheld_run().await;
    assert_eq!((run.from, run.entries.len()), (3, 3));
    changed(&mut run);
    let mut peer = world.attack().await;
    peer.say(say::batch(world.plans, vec![run])).await;
    (world, peer)
}

/// The same feed in another place.
fn elsewhere(pen: Pen, change: impl FnOnce(&mut Pen)) -> Run {
    let mut other = pen;
    change(&mut other);
    other.plans(1)
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

#[tokio::test]
async fn a_signature_in_its_other_form_is_refused() {
    a_writer_sends(
        |_, pen| {
            let mut run = pen.plans(1);
            run.checkpoint.signature = malleated(&run.checkpoint.signature);
            run
        },
        "signature",
    )
    .await;
}

#[tokio::test]
async fn a_signature_of_another_domain_is_refused() {
    a_writer_sends(
        |_, pen| pen.sign_as("phaki/manifest/v1", pen.plans(1)),
        "signature",
    )
    .await;
}

#[tokio::test]
async fn entries_signed_for_another_space_are_refused() {
    let secret = |world: &World, pen| elsewhere(pen, |pen| pen.space = world.secret);
    a_writer_sends(secret, "chain").await;
}

#[tokio::test]
async fn entries_signed_for_another_federation_are_refused() {
    let other = |_: &World, pen| elsewhere(pen, |pen| pen.federation = FederationId([9; 32]));
    a_writer_sends(other, "chain").await;
}

#[tokio::test]
async fn entries_moved_to_another_epoch_are_refused() {
    a_writer_sends(
        |_, pen| {
            let mut run = pen.plans(1);
            run.feed.epoch = Epoch([9; 16]);
            run
        },
        "chain",
    )
    .await;
}

#[tokio::test]
async fn entries_signed_for_another_place_in_the_feed_are_refused() {
    a_writer_sends(
        |_, pen| {
            let (_, root) = pen.start();
            let mut run = pen.continue_after((5, root), vec![pen.plan(0)]);
            (run.from, run.checkpoint.length) = (0, 1);
            run
        },
        "chain",
    )
    .await;
}

#[tokio::test]
async fn entries_signed_by_the_attacker_are_not_taken_for_another_authors() {
    a_writer_sends(
        |world, pen| {
            let author = world.witness_key().node();
            let epoch = Epoch([9; 16]);
            Pen {
                feed: FeedId { author, epoch },
                ..pen
            }
            .plans(1)
        },
        "signature",
    )
    .await;
}

#[tokio::test]
async fn a_run_that_says_of_a_change_that_its_payload_was_dropped_is_refused() {
    a_writer_sends(
        |_, pen| {
            let mut run = pen.plans(1);
            let payload = &run.entries[0].payload;
            run.entries[0].payload = Payload::Dropped {
                hash: payload.hash(),
                length: u32::try_from(payload.length()).unwrap(),
            };
            run
        },
        "missing-payload",
    )
    .await;
}

#[tokio::test]
async fn a_relay_that_alters_a_payload_achieves_nothing() {
    a_relay_sends_under_a_true_head(|run| {
        run.entries[1].payload = Payload::Present(Bytes::from_static(b"altered"));
    })
    .await;
}

#[tokio::test]
async fn a_relay_that_alters_a_time_achieves_nothing() {
    a_relay_sends_under_a_true_head(|run| run.entries[0].time_ms += 1).await;
}

#[tokio::test]
async fn a_relay_that_alters_the_kind_of_an_entry_achieves_nothing() {
    a_relay_sends_under_a_true_head(|run| run.entries[2].kind = EntryKind::ERASE).await;
}

#[tokio::test]
async fn a_relay_that_alters_entries_and_then_says_nothing_keeps_nobody_from_the_true_ones() {
    let (world, mut peer) = changed_work_arrives(|run| run.entries[1].time_ms += 1).await;
    let asked = |message: &Message| matches!(message, Message::Want(_)).then_some(());
    peer.hear_until("what comes before is asked for", asked)
        .await;
    world.stands([peer], NOTHING).await;
}

#[tokio::test]
async fn a_relay_that_shows_honest_entries_behind_altered_ones_is_believed_neither() {
    let (world, mut peer) = changed_work_arrives(|run| run.entries[1].time_ms += 1).await;
    let asked = |message: &Message| matches!(message, Message::Want(_)).then_some(());
    peer.hear_until("what comes before is asked for", asked)
        .await;
    let honest = world.known_run().await.starting_at(2);
    peer.say(say::batch(world.plans, vec![honest])).await;
    refusal_is_recorded(&world.hub, "feeds-differ", &[ATTACKER]).await;
    peer.was_ignored().await;
    world.stands([peer], NOTHING).await;
}

#[tokio::test]
async fn a_relay_that_swaps_entries_achieves_nothing() {
    a_relay_sends_under_a_true_head(|run| run.entries.swap(0, 2)).await;
}

#[tokio::test]
async fn a_relay_that_leaves_out_the_last_entry_is_refused() {
    a_relay_sends(|run| drop(run.entries.pop()), "chain").await;
}

#[tokio::test]
async fn a_relay_that_leaves_out_an_entry_in_the_middle_is_refused() {
    a_relay_sends(|run| drop(run.entries.remove(1)), "chain").await;
}

#[tokio::test]
async fn a_relay_that_repeats_an_entry_is_refused() {
    a_relay_sends(|run| run.entries.push(run.entries[2].clone()), "chain").await;
}

#[tokio::test]
async fn a_relay_that_gives_honest_work_as_its_own_is_refused() {
    let attacker = key(0x66).node();
    a_relay_sends(
        |run| {
            (run.feed.author, run.from) = (attacker, 0);
            run.checkpoint.length = 3;
        },
        "chain",
    )
    .await;
}

#[tokio::test]
async fn a_relay_that_lies_about_the_head_is_refused() {
    a_relay_sends(|run| run.checkpoint.head = Hash([9; 32]), "chain").await;
}

#[tokio::test]
async fn a_batch_with_one_forged_run_is_refused_whole() {
    let world = World::with_attacker_as(Some("writer")).await;
    let honest = world.pen().plans(1);
    let mut forged = Pen {
        feed: FeedId {
            epoch: Epoch([9; 16]),
            ..honest.feed
        },
        ..world.pen()
    }
    .plans(1);
    forged.checkpoint.signature.0 = [7; 64];
    let mut peer = world.attack().await;
    peer.say(say::batch(world.plans, vec![honest, forged]))
        .await;
    peer.is_closed(CloseReason::Forged).await;
    refusal_is_recorded(&world.hub, "entries-refused", &[ATTACKER, "signature"]).await;
    world.stands([peer], NOTHING).await;
}

#[tokio::test]
async fn entries_of_an_author_whom_nobody_enrolled_are_left_out() {
    let world = World::with_attacker_as(Some("writer")).await;
    let stranger = Pen::new(&key(0x99), world.id, world.plans);
    let mut peer = world.attack().await;
    peer.say(say::batch(world.plans, vec![stranger.plans(2)]))
        .await;
    peer.was_ignored().await;
    let words = [ATTACKER, "unknown-author"];
    refusal_is_recorded(&world.hub, "entries-refused", &words).await;
    world.stands([peer], NOTHING).await;
}

#[tokio::test]
async fn entries_far_behind_the_end_of_a_feed_are_not_kept() {
    let world = World::with_attacker_as(Some("writer")).await;
    let pen = world.pen();
    let far = pen.continue_after((1_000, Hash([9; 32])), vec![pen.plan(0)]);
    let mut peer = world.attack().await;
    peer.say(say::batch(world.plans, vec![far])).await;
    // The hub asks for what lies before, and gets nothing.
    let asked = |message: &Message| match message {
        Message::Want(range) => Some((range.from, range.to)),
        _ => None,
    };
    let asked = peer.hear_until("the gap is asked for", asked).await;
    assert_eq!(asked, (0, 1_001));
    peer.was_ignored().await;
    world.stands([peer], NOTHING).await;
}

#[tokio::test]
async fn replayed_entries_change_nothing() {
    let world = World::with_attacker_as(Some("reader")).await;
    let old = world.known_run().await;
    let mut peer = world.attack().await;
    for from in [0, 1, 2] {
        let again = old.clone().starting_at(from);
        peer.say(say::batch(world.plans, vec![again])).await;
        // They are held, so that is what the hub says.
        let held = |message: &Message| match message {
            Message::Ack { feeds, .. } => Some(feeds.clone()),
            _ => None,
        };
        let held = peer.hear_until("entries are acknowledged", held).await;
        assert_eq!(held, [(old.feed, 3)]);
    }
    peer.was_ignored().await;
    world.stands([peer], NOTHING).await;
}
