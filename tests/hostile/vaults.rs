//! A member that means harm and the vault: it erases nobody, brings nobody back, and fills nothing.

use phaki_replication::id::Subject;
use phaki_replication::limits::VAULT_RECORDS_PER_AUTHOR_MAX;
use phaki_replication::message::Message;
use phaki_replication::sign::SecretKey;
use phaki_replication::vault::{Content, Ground, Record, Statement, Told, VaultKey};
use phaki_tests::samples;
use serde_json::{Value, json};

use crate::acts::{a_node_brings, is_not_taken};
use crate::kit::evidence::refusal_is_recorded;
use crate::kit::world::{ATTACKER, NOTHING, PLANS, World};

const NUMBER: u64 = 1;

fn id() -> String {
    samples::id("person", 0x55, NUMBER)
}

fn subject() -> Subject {
    let id: phaki_documents::DocumentId = id().parse().unwrap();
    Subject(id.to_bytes())
}

/// What whoever has that key says of a person in the space under attack.
fn says(world: &World, key: &SecretKey, subject: Subject, content: Content) -> Told {
    let opens = matches!(content, Content::Record(_)).then(|| VaultKey::new([6; 32]));
    let statement = Statement {
        federation: world.id,
        space: world.plans,
        subject,
        node: key.node(),
        time_ms: 1_700_000_000_000,
        content,
    };
    statement.sign(key, opens)
}

fn record(number: u64) -> Content {
    Content::Record(Record {
        number,
        key: VaultKey::new([6; 32]).hash(),
        sealed: vec![6; 100].into(),
    })
}

fn told(world: &World, statements: Vec<Told>) -> Message {
    let space = world.plans;
    Message::Vault { space, statements }
}

/// A world in whose vault the hub has recorded somebody.
async fn world(role: &str) -> World {
    let world = World::with_attacker_as(Some(role)).await;
    let person = json!({"id": id(), "kind": "person", "roles": {"r1": {"title": "ผู้อำนวยการ"}}});
    world.hub.local().put(PLANS, &[person]).await.unwrap();
    let set = [
        "contact",
        "set",
        &id(),
        "--basis",
        "s24-4",
        "--until",
        "2570-09-30",
        "note=x",
    ];
    world.hub.command(&set);
    world
}

fn shown(world: &World) -> Value {
    let shown = world.hub.command(&["contact", "show", &id(), "--json"]);
    serde_json::from_str(&shown).unwrap()
}

#[tokio::test]
async fn a_writer_that_orders_an_erasure_erases_nobody() {
    let world = world("writer").await;
    let mut peer = world.attack().await;
    let order = says(
        &world,
        &world.attacker,
        subject(),
        Content::Order(Ground::Unlawful),
    );
    let done = says(&world, &world.attacker, subject(), Content::Done);
    is_not_taken(&world, &mut peer, told(&world, vec![order, done])).await;
    refusal_is_recorded(&world.hub, "statement-refused", &[ATTACKER, "no right"]).await;
    assert_eq!(shown(&world)["fields"]["note"], "x");
}

#[tokio::test]
async fn an_order_in_the_name_of_the_steward_is_refused() {
    let forged = |world: &World| {
        let order = Content::Order(Ground::Unlawful);
        let steward = world.steward_key();
        let mut forged = says(world, &steward, subject(), order.clone());
        forged.signed.signature = says(world, &world.attacker, subject(), order)
            .signed
            .signature;
        told(world, vec![forged])
    };
    a_node_brings(forged, "is not signed by the node").await;
}

#[tokio::test]
async fn a_record_with_another_key_than_it_names_is_refused() {
    let other = |world: &World| {
        let mut record = says(world, &world.attacker, subject(), record(1));
        record.key = Some(VaultKey::new([7; 32]));
        told(world, vec![record])
    };
    a_node_brings(other, "comes without its key").await;
}

#[tokio::test]
async fn who_was_erased_is_not_recorded_again_whatever_a_member_sends() {
    let world = world("writer").await;
    world
        .hub
        .command(&["contact", "erase", &id(), "--reason", "objection", "--yes"]);
    let mut peer = world.attack().await;
    let records = [1, 2, u64::MAX].map(|n| says(&world, &world.attacker, subject(), record(n)));
    is_not_taken(&world, &mut peer, told(&world, records.to_vec())).await;
    refusal_is_recorded(&world.hub, "statement-refused", &[ATTACKER, "was erased"]).await;
    assert_eq!(shown(&world)["number"], 0);
}

#[tokio::test]
async fn a_reader_is_told_nothing_of_anybody_and_records_nobody() {
    let world = world("reader").await;
    let mut peer = world.attack().await;
    let record = says(&world, &world.attacker, Subject([9; 17]), record(1));
    is_not_taken(&world, &mut peer, told(&world, vec![record])).await;
    let list = world.hub.command(&["contact", "list", "--json"]);
    assert_eq!(list.lines().count(), 1, "{list}");
    let heard = peer.heard().iter().map(crate::kit::say::decoded);
    let vault =
        |message: &Message| matches!(message, Message::Vault { .. } | Message::VaultHeld { .. });
    assert_eq!(heard.filter(vault).count(), 0);
    world.stands([peer], NOTHING).await;
}

#[tokio::test]
async fn a_writer_that_records_people_without_end_leaves_room_for_others() {
    let world = world("writer").await;
    let mut peer = world.attack().await;
    let numbers: Vec<usize> = (0..VAULT_RECORDS_PER_AUTHOR_MAX + 500).collect();
    for part in numbers.chunks(500) {
        let person = |number: &usize| {
            let mut id = subject();
            id.0[9..].copy_from_slice(&u64::try_from(*number).unwrap().to_be_bytes());
            says(&world, &world.attacker, id, record(1))
        };
        peer.say(told(&world, part.iter().map(person).collect()))
            .await;
    }
    peer.was_ignored().await;
    refusal_is_recorded(
        &world.hub,
        "statement-refused",
        &[ATTACKER, "vault is full"],
    )
    .await;
    world.hub.command(&["contact", "set", &id(), "note=y"]);
    assert_eq!(shown(&world)["fields"]["note"], "y");
}
