//! Another key for a node: only who holds the present one gets it, and whoever keeps a replaced key
//! has nothing of it.

use phaki_replication::id::FederationId;
use phaki_replication::manifest::{Manifest, MemberRole};
use phaki_replication::message::CloseReason;
use phaki_replication::node::Act;
use phaki_replication::roster::{NodeStatus, SignedRoster};
use phaki_replication::sign::SecretKey;
use phaki_replication::vouch::vouch;
use phaki_tests::wait;
use phaki_wire::proto::enrol::v1::{JoinRequest, RosterRequest};
use phaki_wire::proto::local::v1::{CreateInviteRequest, RotateKeyRequest};

use crate::kit::enrol::{Invite, entrance, join, read, request, word};
use crate::kit::evidence::refusal_is_recorded;
use crate::kit::impostor::Impostor;
use crate::kit::peer::Peer;
use crate::kit::say;
use crate::kit::world::{ATTACKER, NOTHING, World, key};

/// The key that is to replace the attacker's.
fn heir() -> SecretKey {
    key(0x67)
}

/// An invite for another key of the attacker's node.
async fn invite(world: &World, stolen: bool) -> Invite {
    let request = RotateKeyRequest {
        node: ATTACKER.to_owned(),
        stolen,
        addresses: vec!["127.0.0.1:9".to_owned()],
        ..RotateKeyRequest::default()
    };
    let made = world.hub.local().client().rotate_key(request).await;
    read(&made.unwrap().into_inner().invite)
}

/// What `bearer` sends with an invite and a voucher of another key, for whomever that is.
fn vouched(
    (bearer, invite): (&SecretKey, Invite),
    by: &SecretKey,
    federation: FederationId,
    whom: &SecretKey,
) -> JoinRequest {
    let voucher = vouch(by, &federation, &whom.node());
    JoinRequest {
        voucher: Some(voucher.0.to_vec().into()),
        ..request(invite, bearer)
    }
}

async fn roster_version(world: &World) -> u64 {
    world.hub.local().status().await.unwrap().roster_version
}

/// The hub refuses that key, with that word, which is on record, and the roster stays as it is.
async fn is_refused(world: &World, key: &SecretKey, request: JoinRequest, expected: &str) {
    let version = roster_version(world).await;
    let refused = join(world.hub.listen(), key, request).await.unwrap_err();
    assert_eq!(word(&refused), expected);
    assert_eq!(roster_version(world).await, version);
    let who = key.node().to_string();
    refusal_is_recorded(&world.hub, "join-refused", &[&who, expected]).await;
}

/// The roster in which the heir has the place of the attacker's key.
fn replaced(world: &World) -> SignedRoster {
    let mut roster = world.roster_in_force();
    roster.version += 1;
    let old = world.attacker.node();
    let mut record = roster.nodes[&old].clone();
    record.replaces = Some(old);
    roster.nodes.get_mut(&old).unwrap().status = NodeStatus::Removed;
    roster.nodes.insert(heir().node(), record);
    roster.sign(&world.federation_key())
}

#[tokio::test]
async fn an_invite_for_another_key_is_good_only_with_the_voucher_of_the_old_key_for_that_one() {
    let world = World::with_attacker_as(Some("writer")).await;
    let (thief, owner) = (key(0x99), &world.attacker);
    let (invite, id) = (invite(&world, false).await, world.id);
    is_refused(&world, &thief, request(invite, &thief), "voucher-missing").await;
    // By a key of its own, by that of another node, for another federation, and for another key.
    let other = FederationId([9; 32]);
    for voucher in [
        vouched((&thief, invite), &thief, id, &thief),
        vouched((&thief, invite), world.accomplice(), id, &thief),
        vouched((&thief, invite), owner, other, &thief),
        vouched((&thief, invite), owner, id, &heir()),
    ] {
        is_refused(&world, &thief, voucher, "voucher-invalid").await;
    }
    // Nor does a key take its own place, or that of another node.
    for known in [owner, world.accomplice()] {
        let itself = vouched((known, invite), owner, id, known);
        is_refused(&world, known, itself, "invalid-request").await;
    }

    // None of this has spent it. Replayed, it gives the same to the same key, and nothing to others.
    let genuine = vouched((&heir(), invite), owner, id, &heir());
    let hub = world.hub.listen();
    let first = join(hub, &heir(), genuine.clone()).await.unwrap();
    let again = join(hub, &heir(), genuine.clone()).await.unwrap();
    assert_eq!(first.roster, again.roster);
    let replayed = vouched((&thief, invite), owner, id, &heir());
    is_refused(&world, &thief, replayed, "invite-used").await;
    world.stands([], NOTHING).await;
}

#[tokio::test]
async fn an_invite_for_a_new_node_replaces_no_key() {
    let world = World::with_attacker_as(Some("writer")).await;
    let request = CreateInviteRequest {
        name: "TH-55".to_owned(),
        role: "province".to_owned(),
        area: "55".to_owned(),
        addresses: vec!["127.0.0.1:9".to_owned()],
        ..CreateInviteRequest::default()
    };
    let made = world.hub.local().client().create_invite(request).await;
    let invite = read(&made.unwrap().into_inner().invite);
    let voucher = vouched((&heir(), invite), &world.attacker, world.id, &heir());
    is_refused(&world, &heir(), voucher, "invalid-request").await;
    world.stands([], NOTHING).await;
}

#[tokio::test]
async fn a_stolen_key_loses_its_session_at_once_and_opens_no_invite_made_before() {
    let world = World::with_attacker_as(Some("writer")).await;
    let mut thief = world.attack().await;
    let planned = invite(&world, false).await;
    let after_theft = invite(&world, true).await;
    thief.is_closed(CloseReason::NotInRoster).await;
    let other = key(0x99);
    let voucher = vouched((&other, planned), &world.attacker, world.id, &other);
    is_refused(&world, &other, voucher, "not-active").await;
    // The owner needs no voucher of it.
    let owner = join(world.hub.listen(), &heir(), request(after_theft, &heir())).await;
    owner.unwrap();
    world.stands([thief], NOTHING).await;
}

#[tokio::test]
async fn a_key_that_was_replaced_gets_no_session_and_no_roster() {
    let world = World::with_attacker_as(Some("writer")).await;
    let mut thief = world.attack().await;
    world.bring(&world.hub, Act::Roster(replaced(&world))).await;
    thief.is_closed(CloseReason::NotInRoster).await;
    let opened = Peer::open(world.hub.listen(), &world.attacker, world.id).await;
    let why = opened.err().unwrap();
    assert!(why.contains("AccessDenied"), "{why}");
    let words = [&world.attacker.node().to_string(), "key-not-in-roster"];
    refusal_is_recorded(&world.hub, "connection-refused", &words).await;
    // Whoever has its place now has a session.
    Peer::greet(world.hub.listen(), &heir(), world.id).await;

    for stranger in [&world.attacker, &key(0x99)] {
        let mut entrance = entrance(world.hub.listen(), stranger).await;
        let refused = entrance.roster(RosterRequest {}).await.unwrap_err();
        assert_eq!(word(&refused), "not-active");
    }
    world.stands([thief], NOTHING).await;
}

#[tokio::test]
async fn a_manifest_that_a_replaced_key_signs_never_wins() {
    let world = World::with_attacker_as(None).await;
    let mut manifest = Manifest::found(world.id, world.attacker.node(), [7; 16], "ours");
    for member in [&world.steward_key(), world.accomplice()] {
        manifest.members.insert(member.node(), MemberRole::Reader);
    }
    let founded = manifest.sign(&world.attacker);
    world.bring(&world.hub, Act::Manifest(founded)).await;
    world.bring(&world.hub, Act::Roster(replaced(&world))).await;
    manifest.version = 2;
    let kept = manifest.sign(&heir());
    world.bring(&world.hub, Act::Manifest(kept)).await;

    manifest.version = u64::MAX;
    "taken".clone_into(&mut manifest.name);
    let thief = key(0x99).node();
    manifest.members.insert(thief, MemberRole::Writer);
    let mut courier = world.member().await;
    courier
        .say(say::manifest(manifest.sign(&world.attacker)))
        .await;
    courier.was_ignored().await;
    assert!(world.hub.local().space("taken").await.is_none());
    assert!(world.hub.local().space("ours").await.is_some());
    world.stands([], NOTHING).await;
}

/// The hub dials nobody, so the witness is the one that finds another key where the hub was.
#[tokio::test]
async fn one_that_answers_in_the_hubs_place_can_tell_no_roster_of_its_own() {
    let mut world = World::with_attacker_as(Some("writer")).await;
    let version = roster_version(&world).await;
    world.cut().await;
    let mut forged = world.roster_in_force();
    forged.version += 1;
    forged
        .nodes
        .retain(|node, _| *node == world.attacker.node());
    let told = vec![forged.sign(&world.attacker), world.roster().clone()];
    let impostor = Impostor::start(&world.attacker, told).await;
    world.line.set_target(impostor.address());
    world.line.restore();
    wait::until("the witness asks for the roster", async || {
        (impostor.asked() > 1).then_some(())
    })
    .await;
    let witness = world.witness.local().status().await.unwrap();
    assert_eq!(witness.roster_version, version);
    world.line.set_target(world.hub.listen());
    world.stands([], NOTHING).await;
}
