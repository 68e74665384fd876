//! Rosters and manifests that are forged, replayed or taken from elsewhere.

use phaki_replication::id::FederationId;
use phaki_replication::limits::SPACES_PER_STEWARD_MAX;
use phaki_replication::manifest::{Manifest, MemberRole, SignedManifest};
use phaki_replication::message::{CloseReason, Message};
use phaki_replication::node::Act;
use phaki_replication::roster::{NodeStatus, SignedRoster};
use phaki_replication::sign::SecretKey;

use crate::kit::evidence::refusal_is_recorded;
use crate::kit::peer::Peer;
use crate::kit::pen::plan_id;
use crate::kit::say;
use crate::kit::world::{ATTACKER, Kept, NOTHING, PLANS, World, key};

/// An enrolled node brings an act that does not verify: the session ends, and the record says why.
pub(crate) async fn a_node_brings(act: impl FnOnce(&World) -> Message, why: &str) {
    let world = World::with_attacker_as(Some("writer")).await;
    let before = in_force(&world).await;
    let mut peer = world.attack().await;
    peer.say(act(&world)).await;
    peer.is_closed(CloseReason::Forged).await;
    let words = [ATTACKER, why];
    refusal_is_recorded(&world.hub, "act-refused", &words).await;
    assert_eq!(in_force(&world).await, before);
    world.stands([peer], NOTHING).await;
}

/// An act that verifies and yet is not taken: nothing changes.
pub(crate) async fn is_not_taken(world: &World, peer: &mut Peer, act: Message) {
    let before = in_force(world).await;
    peer.say(act).await;
    peer.was_ignored().await;
    assert_eq!(in_force(world).await, before);
}

/// The version of the roster, and the spaces with theirs, at the hub.
async fn in_force(world: &World) -> (u64, Vec<(String, u64)>) {
    let status = world.hub.local().status().await.unwrap();
    let spaces = status.spaces.into_iter();
    let spaces = spaces.map(|space| (space.id, space.manifest_version));
    (status.roster_version, spaces.collect())
}

/// The next manifest of the space under attack, in which the attacker gives itself a right.
fn with_more_rights(world: &World, sign: &SecretKey) -> SignedManifest {
    let mut manifest = world.manifest_in_force();
    manifest.version += 1;
    let attacker = world.attacker.node();
    manifest.members.insert(attacker, MemberRole::Writer);
    manifest.sign(sign)
}

/// The next roster, in which the attacker suspends the witness.
fn next_roster(world: &World, sign: &SecretKey) -> SignedRoster {
    let mut roster = world.roster_in_force();
    roster.version += 1;
    let witness = world.witness_key().node();
    roster.nodes.get_mut(&witness).unwrap().status = NodeStatus::Suspended;
    roster.sign(sign)
}

#[tokio::test]
async fn a_roster_that_the_federation_did_not_sign_is_refused() {
    let forged = |world: &World| say::roster(next_roster(world, &world.attacker));
    a_node_brings(forged, "not signed by its federation").await;
}

#[tokio::test]
async fn a_roster_of_another_federation_is_refused() {
    let other = |world: &World| {
        let mut roster = world.roster_in_force();
        roster.federation = world.attacker.federation();
        roster.version += 1;
        say::roster(roster.sign(&world.attacker))
    };
    a_node_brings(other, "roster is of federation").await;
}

#[tokio::test]
async fn a_roster_with_something_behind_it_is_refused() {
    let longer = |world: &World| {
        let mut signed = next_roster(world, &world.federation_key());
        signed.bytes.push(0);
        say::roster(signed)
    };
    a_node_brings(longer, "read roster").await;
}

#[tokio::test]
async fn a_roster_that_gives_two_nodes_one_name_is_refused_even_when_it_is_signed() {
    let doubled = |world: &World| {
        let mut roster = world.roster_in_force();
        roster.version += 1;
        let witness = roster.nodes[&world.witness_key().node()].clone();
        roster.nodes.insert(key(0x99).node(), witness);
        say::roster(roster.sign(&world.federation_key()))
    };
    a_node_brings(doubled, "two nodes have the name").await;
}

#[tokio::test]
async fn a_manifest_that_the_steward_did_not_sign_is_refused() {
    let forged = |world: &World| {
        let mut signed = with_more_rights(world, &world.steward_key());
        signed.signature = world.attacker.sign(&signed.bytes);
        say::manifest(signed)
    };
    a_node_brings(forged, "not signed by its steward").await;
}

#[tokio::test]
async fn a_manifest_that_somebody_else_signed_is_not_taken() {
    let world = World::with_attacker_as(Some("writer")).await;
    let mut peer = world.attack().await;
    let other = say::manifest(with_more_rights(&world, &world.attacker));
    is_not_taken(&world, &mut peer, other).await;
    let words = [ATTACKER, "is not known to be the steward"];
    refusal_is_recorded(&world.hub, "act-refused", &words).await;
    world.stands([peer], NOTHING).await;
}

#[tokio::test]
async fn a_manifest_that_names_the_attacker_as_steward_is_refused() {
    let taken = |world: &World| {
        let mut manifest = world.manifest_in_force();
        manifest.version += 1;
        manifest.founder = world.attacker.node();
        say::manifest(manifest.sign(&world.attacker))
    };
    a_node_brings(taken, "not founded by the founder").await;
}

#[tokio::test]
async fn a_manifest_of_another_federation_is_refused() {
    let other = |world: &World| {
        let federation = FederationId([9; 32]);
        let steward = world.steward_key();
        let mut manifest = Manifest::found(federation, steward.node(), [9; 16], "plans");
        manifest
            .members
            .insert(world.attacker.node(), MemberRole::Writer);
        say::manifest(manifest.sign(&steward))
    };
    a_node_brings(other, "another federation").await;
}

#[tokio::test]
async fn a_signed_roster_is_not_taken_for_a_manifest() {
    let crossed = |world: &World| {
        let SignedRoster { bytes, signature } = world.roster().clone();
        say::manifest(SignedManifest { bytes, signature })
    };
    a_node_brings(crossed, "read manifest").await;
}

#[tokio::test]
async fn a_signed_manifest_is_not_taken_for_a_roster() {
    let crossed = |world: &World| {
        let SignedManifest { bytes, signature } = world.manifest().clone();
        say::roster(SignedRoster { bytes, signature })
    };
    a_node_brings(crossed, "read roster").await;
}

#[tokio::test]
async fn a_replayed_roster_does_not_bring_a_suspended_node_back() {
    let world = World::with_attacker_as(Some("writer")).await;
    let suspension = world.next_roster(&world.attacker, NodeStatus::Suspended);
    world.bring(&world.hub, Act::Roster(suspension)).await;
    let mut accomplice = world.member().await;
    let old = say::roster(world.roster().clone());
    is_not_taken(&world, &mut accomplice, old).await;
    drop(accomplice);
    let refused = Peer::open(world.hub.listen(), &world.attacker, world.id).await;
    assert!(refused.is_err_and(|why| why.contains("AccessDenied")));
    world.stands([], NOTHING).await;
}

#[tokio::test]
async fn a_replayed_manifest_does_not_give_a_right_back() {
    let world = World::with_attacker_as(Some("writer")).await;
    let attacker = world.attacker.node();
    let removal = world.next_manifest(|manifest| {
        manifest.members.insert(attacker, MemberRole::Removed);
    });
    world.bring(&world.hub, Act::Manifest(removal)).await;
    let mut peer = world.attack().await;
    let run = world.pen().plans(1);
    peer.say(say::manifest(world.manifest().clone())).await;
    peer.say(say::batch(world.plans, vec![run])).await;
    let old = say::manifest(world.manifest().clone());
    is_not_taken(&world, &mut peer, old).await;
    world.stands([peer], NOTHING).await;
}

#[tokio::test]
async fn a_replayed_manifest_does_not_lift_a_cap() {
    let mut world = World::with_attacker_as(Some("writer")).await;
    let pen = world.pen();
    let mut peer = world.attack().await;
    peer.say(say::batch(world.plans, vec![pen.plans(3)])).await;
    world.until_held(&world.hub, PLANS, 6).await;
    peer.was_ignored().await;
    let capped = |later, counted| {
        world.next_manifest(|manifest| {
            manifest.version += later;
            manifest.members.insert(pen.key.node(), MemberRole::Removed);
            manifest.caps.insert(pen.feed, counted);
        })
    };
    let (loose, tight) = (capped(0, 2), capped(1, 1));
    for manifest in [loose.clone(), tight] {
        world.bring(&world.hub, Act::Manifest(manifest)).await;
    }
    let mut member = world.member().await;
    is_not_taken(&world, &mut member, say::manifest(loose)).await;
    let mut again = world.attack().await;
    again.say(say::batch(world.plans, vec![pen.plans(4)])).await;
    again.was_ignored().await;
    refusal_is_recorded(&world.hub, "entries-refused", &[ATTACKER, "not-allowed"]).await;
    world.is_valid(plan_id(0));
    let kept = Kept {
        quarantined: 2,
        ..NOTHING
    };
    // What a member hears of the attack is its own to read.
    drop(member);
    world.stands([peer, again], kept).await;
}

#[tokio::test]
async fn a_space_of_a_steward_whom_nobody_enrolled_is_not_taken() {
    let world = World::with_attacker_as(Some("writer")).await;
    let stranger = key(0x99);
    let mut manifest = Manifest::found(world.id, stranger.node(), [9; 16], "gift");
    let hub = world.steward_key().node();
    manifest.members.insert(hub, MemberRole::Writer);
    let mut peer = world.attack().await;
    let gift = say::manifest(manifest.sign(&stranger));
    is_not_taken(&world, &mut peer, gift).await;
    let words = [ATTACKER, "unknown steward"];
    refusal_is_recorded(&world.hub, "act-refused", &words).await;
    world.stands([peer], NOTHING).await;
}

#[tokio::test]
async fn a_space_in_which_the_node_is_no_member_is_not_taken() {
    let world = World::with_attacker_as(Some("writer")).await;
    let manifest = Manifest::found(world.id, world.attacker.node(), [9; 16], "not yours");
    let mut peer = world.attack().await;
    let other = say::manifest(manifest.sign(&world.attacker));
    is_not_taken(&world, &mut peer, other).await;
    refusal_is_recorded(&world.hub, "act-refused", &[ATTACKER, "no member here"]).await;
    world.stands([peer], NOTHING).await;
}

#[tokio::test]
async fn one_node_cannot_take_the_places_of_all_spaces() {
    let world = World::with_attacker_as(Some("writer")).await;
    let hub = world.steward_key().node();
    let mut peer = world.attack().await;
    for nonce in 0..100 {
        let mut manifest = Manifest::found(world.id, world.attacker.node(), [nonce; 16], "gift");
        manifest.members.insert(hub, MemberRole::Reader);
        peer.say(say::manifest(manifest.sign(&world.attacker)))
            .await;
    }
    peer.was_ignored().await;
    let words = [ATTACKER, "too many spaces of one steward"];
    refusal_is_recorded(&world.hub, "act-refused", &words).await;
    let (_, spaces) = in_force(&world).await;
    assert_eq!(spaces.len(), 2 + SPACES_PER_STEWARD_MAX);
    world.hub.local().create_space("one-of-its-own").await;
    world.stands([peer], NOTHING).await;
}
