//! Receipts that are forged, replayed, misplaced or inflated: nobody loses anything by them.

use std::collections::BTreeMap;

use phaki_replication::id::SpaceId;
use phaki_replication::message::Message;
use phaki_replication::receipt::{Receipt, SignedReceipt};
use phaki_replication::sign::SecretKey;

use crate::acts::a_node_brings;
use crate::kit::world::{NOTHING, World, key};

/// What whoever has that key says to hold of the space under attack.
fn receipt(world: &World, key: &SecretKey, number: u64) -> Receipt {
    Receipt {
        federation: world.id,
        space: world.plans,
        node: key.node(),
        number,
        time_ms: 1_700_000_000_000,
        feeds: BTreeMap::new(),
    }
}

fn told(space: SpaceId, receipts: Vec<SignedReceipt>) -> Message {
    Message::Receipts { space, receipts }
}

/// Receipts that do not end the session do not harm anybody either.
async fn harm_nobody(receipts: impl FnOnce(&World) -> Vec<Vec<SignedReceipt>>) {
    let mut world = World::with_attacker_as(Some("reader")).await;
    let mut peer = world.attack().await;
    for part in receipts(&world) {
        peer.say(told(world.plans, part)).await;
    }
    world.goes_on().await;
    peer.was_ignored().await;
    world.stands([peer], NOTHING).await;
}

#[tokio::test]
async fn a_receipt_in_the_name_of_another_is_refused() {
    let forged = |world: &World| {
        let mut receipt = receipt(world, &world.witness_key(), u64::MAX);
        receipt.node = world.witness_key().node();
        told(world.plans, vec![receipt.sign(&world.attacker)])
    };
    a_node_brings(forged, "receipt is not signed").await;
}

#[tokio::test]
async fn a_receipt_for_another_space_is_refused() {
    let moved = |world: &World| {
        let mut receipt = receipt(world, &world.attacker, 1);
        receipt.space = world.secret;
        told(world.plans, vec![receipt.sign(&world.attacker)])
    };
    a_node_brings(moved, "of another federation or space").await;
}

#[tokio::test]
async fn a_receipt_that_is_none_is_refused() {
    let broken = |world: &World| {
        let mut signed = receipt(world, &world.attacker, 1).sign(&world.attacker);
        signed.bytes.push(0);
        told(world.plans, vec![signed])
    };
    a_node_brings(broken, "read receipt").await;
}

#[tokio::test]
async fn receipts_of_nodes_that_may_not_read_are_left_out() {
    harm_nobody(|world| {
        let strangers = (0x90..0xb0).map(key);
        let receipts = strangers.map(|key| receipt(world, &key, 1).sign(&key));
        vec![receipts.collect()]
    })
    .await;
}

#[tokio::test]
async fn a_receipt_for_more_than_there_is_keeps_nobody_from_it() {
    harm_nobody(|world| {
        let mut inflated = receipt(world, &world.attacker, u64::MAX);
        inflated.time_ms = i64::MIN;
        let own = world.pen().feed;
        let mut honest = own;
        honest.author = world.witness_key().node();
        inflated.feeds = BTreeMap::from([(own, u64::MAX), (honest, u64::MAX)]);
        let older = receipt(world, &world.attacker, 1);
        vec![
            vec![inflated.sign(&world.attacker)],
            vec![older.sign(&world.attacker)],
        ]
    })
    .await;
}

#[tokio::test]
async fn thousands_of_receipts_of_one_node_hold_nobody_up() {
    harm_nobody(|world| {
        let one = |number| receipt(world, &world.attacker, number).sign(&world.attacker);
        let numbers: Vec<u64> = (1..=3_000).collect();
        let parts = numbers.chunks(500);
        parts
            .map(|part| part.iter().map(|number| one(*number)).collect())
            .collect()
    })
    .await;
}
