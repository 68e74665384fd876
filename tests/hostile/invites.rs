//! An invite admits one key once, as what it says, and nothing else opens the entrance.

use phaki_replication::node::Act;
use phaki_replication::roster::{NodeRole, NodeStatus};
use phaki_replication::sign::SecretKey;
use phaki_wire::proto::enrol::v1::JoinRequest;
use phaki_wire::proto::local::v1::CreateInviteRequest;

use crate::kit::enrol::{Invite, entrance, join, read, request, word};
use crate::kit::evidence::refusal_is_recorded;
use crate::kit::world::{NOTHING, World, key};

/// An invite for a new province, which is good for that long; 0 is the usual time.
async fn invite(world: &World, valid_ms: u64) -> Invite {
    let request = CreateInviteRequest {
        name: "TH-55".to_owned(),
        role: "province".to_owned(),
        area: "55".to_owned(),
        valid_ms,
        addresses: vec!["127.0.0.1:9".to_owned()],
        approval: false,
    };
    let made = world.hub.local().client().create_invite(request).await;
    read(&made.unwrap().into_inner().invite)
}

/// The hub refuses to admit that key, with that word, and the roster stays as it is.
async fn is_refused(world: &World, key: &SecretKey, request: JoinRequest, expected: &str) {
    let version = roster_version(world).await;
    let refused = join(world.hub.listen(), key, request).await.unwrap_err();
    assert_eq!(word(&refused), expected);
    assert_eq!(roster_version(world).await, version);
}

async fn roster_version(world: &World) -> u64 {
    world.hub.local().status().await.unwrap().roster_version
}

#[tokio::test]
async fn a_stolen_invite_admits_nobody_once_it_was_used() {
    let world = World::with_attacker_as(None).await;
    let invited = invite(&world, 0).await;
    let owner = join(world.hub.listen(), &key(0x55), request(invited, &key(0x55))).await;
    owner.unwrap();
    is_refused(
        &world,
        &key(0x99),
        request(invited, &key(0x99)),
        "invite-used",
    )
    .await;
    refusal_is_recorded(&world.hub, "join-refused", &["invite-used"]).await;
    world.stands([], NOTHING).await;
}

#[tokio::test]
async fn a_guessed_invite_admits_nobody() {
    let world = World::with_attacker_as(None).await;
    let mut guess = invite(&world, 0).await;
    guess.secret[31] ^= 1;
    is_refused(
        &world,
        &key(0x99),
        request(guess, &key(0x99)),
        "invite-unknown",
    )
    .await;
    refusal_is_recorded(&world.hub, "join-refused", &["invite-unknown"]).await;
    world.stands([], NOTHING).await;
}

#[tokio::test]
async fn an_invite_whose_time_is_over_admits_nobody() {
    let world = World::with_attacker_as(None).await;
    let invited = invite(&world, 1).await;
    is_refused(
        &world,
        &key(0x99),
        request(invited, &key(0x99)),
        "invite-expired",
    )
    .await;
    refusal_is_recorded(&world.hub, "join-refused", &["invite-expired"]).await;
    world.stands([], NOTHING).await;
}

#[tokio::test]
async fn a_removed_node_does_not_come_back_with_another_invite() {
    let world = World::with_attacker_as(Some("writer")).await;
    let invited = invite(&world, 0).await;
    let removal = world.next_roster(&world.attacker, NodeStatus::Removed);
    world.bring(&world.hub, Act::Roster(removal)).await;
    is_refused(
        &world,
        &world.attacker,
        request(invited, &world.attacker),
        "not-active",
    )
    .await;
    refusal_is_recorded(&world.hub, "join-refused", &["not-active"]).await;
    world.stands([], NOTHING).await;
}

#[tokio::test]
async fn an_invite_makes_a_node_what_it_says_and_not_what_the_bearer_wishes() {
    let world = World::with_attacker_as(None).await;
    let wish = JoinRequest {
        name: Some("TH".to_owned()),
        ..request(invite(&world, 0).await, &key(0x55))
    };
    let joined = join(world.hub.listen(), &key(0x55), wish).await.unwrap();
    let roster = joined.roster.unwrap();
    let roster = phaki_replication::roster::Roster::decode(&roster.content).unwrap();
    let record = &roster.nodes[&key(0x55).node()];
    assert_eq!(
        (record.name.as_str(), record.role),
        ("TH-55", NodeRole::Province)
    );
    assert_eq!(roster.find("TH"), Some(world.steward_key().node()));
    world.stands([], NOTHING).await;
}

#[tokio::test]
async fn an_invite_is_not_spent_by_a_request_that_is_malformed() {
    let world = World::with_attacker_as(None).await;
    let invited = invite(&world, 0).await;
    let malformed = [
        JoinRequest {
            secret: vec![7; 31].into(),
            ..request(invited, &key(0x99))
        },
        JoinRequest {
            addresses: vec!["0.0.0.0:1".to_owned()],
            ..request(invited, &key(0x99))
        },
        JoinRequest {
            addresses: vec!["127.0.0.1:9".to_owned(); 9],
            ..request(invited, &key(0x99))
        },
        JoinRequest {
            software: "x".repeat(1_000),
            ..request(invited, &key(0x99))
        },
        // The consent of another key, which was overheard.
        request(invited, &key(0x55)),
    ];
    for malformed in malformed {
        is_refused(&world, &key(0x99), malformed, "invalid-request").await;
    }
    let owner = join(world.hub.listen(), &key(0x55), request(invited, &key(0x55))).await;
    owner.unwrap();
    world.stands([], NOTHING).await;
}

#[tokio::test]
async fn a_request_to_join_that_is_too_large_is_refused_unread() {
    let world = World::with_attacker_as(None).await;
    let invited = invite(&world, 0).await;
    let huge = JoinRequest {
        software: "x".repeat(1 << 20),
        ..request(invited, &key(0x99))
    };
    let refused = join(world.hub.listen(), &key(0x99), huge)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), tonic::Code::OutOfRange, "{refused}");
    world.stands([], NOTHING).await;
}

#[tokio::test]
async fn a_flood_of_guesses_is_slowed_down_and_keeps_no_member_out() {
    let mut world = World::with_attacker_as(None).await;
    let mut guess = invite(&world, 0).await;
    guess.secret = [7; 32];
    let mut client = entrance(world.hub.listen(), &key(0x99)).await;
    let mut words = Vec::new();
    for _ in 0..200 {
        let refused = client.join(request(guess, &key(0x99))).await.unwrap_err();
        words.push(word(&refused));
    }
    assert!(words.contains(&"too-many".to_owned()));
    drop(client);
    world.goes_on().await;
    world.stands([], NOTHING).await;
}
