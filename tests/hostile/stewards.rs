//! Who signs for a space: only its steward does, and nobody before it or beside it.

use phaki_replication::id::{FederationId, NodeId};
use phaki_replication::manifest::{Group, Handover, Manifest, MemberRole, SignedManifest};
use phaki_replication::message::Message;
use phaki_replication::node::Act;
use phaki_replication::roster::NodeRole;

use crate::acts::{a_node_brings, is_not_taken};
use crate::kit::evidence::refusal_is_recorded;
use crate::kit::say;
use crate::kit::world::{ATTACKER, NOTHING, World};

/// A manifest that verifies, by one who is not the steward: nothing changes.
async fn is_by_no_steward(act: impl FnOnce(&World) -> SignedManifest) {
    let world = World::with_attacker_as(Some("reader")).await;
    let mut peer = world.attack().await;
    let act = say::manifest(act(&world));
    is_not_taken(&world, &mut peer, act).await;
    let words = [ATTACKER, "is not known to be the steward"];
    refusal_is_recorded(&world.hub, "act-refused", &words).await;
    world.stands([peer], NOTHING).await;
}

/// The next manifest in force, with a handover to the attacker, which signs it.
fn handed_over(
    world: &World,
    handover: impl FnOnce(FederationId, NodeId, NodeId) -> Handover,
) -> SignedManifest {
    let mut manifest = world.manifest_in_force();
    manifest.version += 1;
    let steward = world.steward_key().node();
    let handover = handover(world.id, steward, world.attacker.node());
    manifest.handovers.push(handover);
    manifest.sign(&world.attacker)
}

#[tokio::test]
async fn a_member_that_grants_a_right_to_all_provinces_is_not_heard() {
    is_by_no_steward(|world| {
        let mut manifest = world.manifest_in_force();
        manifest.version += 1;
        let provinces = Group::Role(NodeRole::Province);
        manifest.groups.insert(provinces, MemberRole::Writer);
        manifest.sign(&world.attacker)
    })
    .await;
}

#[tokio::test]
async fn the_largest_version_of_all_makes_nobody_steward() {
    is_by_no_steward(|world| {
        let mut manifest = world.manifest_in_force();
        manifest.version = u64::MAX;
        manifest.sign(&world.attacker)
    })
    .await;
}

#[tokio::test]
async fn a_space_that_a_stranger_hands_over_stays_with_its_steward() {
    is_by_no_steward(|world| {
        handed_over(world, |federation, steward, to| {
            Handover::sign(&world.attacker, &federation, &world.plans, &steward, to)
        })
    })
    .await;
}

#[tokio::test]
async fn a_handover_of_another_space_is_refused() {
    let replayed = |world: &World| {
        say::manifest(handed_over(world, |federation, steward, to| {
            let key = world.steward_key();
            Handover::sign(&key, &federation, &world.secret, &steward, to)
        }))
    };
    a_node_brings(replayed, "not signed by its steward").await;
}

#[tokio::test]
async fn what_a_former_steward_signs_on_counts_no_more() {
    let world = World::with_attacker_as(Some("reader")).await;
    let old = world.steward_key();
    let new = world.witness_key();
    let mut manifest = world.manifest_in_force();
    manifest.version += 1;
    let handover = Handover::sign(&old, &world.id, &world.plans, &old.node(), new.node());
    manifest.handovers.push(handover);
    manifest.members.insert(old.node(), MemberRole::Writer);
    let transfer = manifest.sign(&new);
    world.bring(&world.hub, Act::Manifest(transfer)).await;
    let coup = |change: &dyn Fn(&mut Manifest)| {
        let mut manifest = world.manifest_in_force();
        manifest.version = u64::MAX;
        let attacker = world.attacker.node();
        manifest.members.insert(attacker, MemberRole::Writer);
        change(&mut manifest);
        say::manifest(manifest.sign(&old))
    };
    let mut peer = world.attack().await;
    // As if the space had never been handed over, and as if it had been and did not matter.
    peer.say(coup(&|_| {})).await;
    let beside = coup(&|manifest| manifest.handovers.push(handover));
    is_not_taken(&world, &mut peer, beside).await;
    let words = [ATTACKER, "is not known to be the steward"];
    refusal_is_recorded(&world.hub, "act-refused", &words).await;
    world.stands([peer], NOTHING).await;
}

/// A manifest with more of something than any space has is refused as it is read.
async fn is_too_much(grow: impl FnOnce(&mut Manifest)) {
    let large = |world: &World| -> Message {
        let mut manifest = world.manifest_in_force();
        manifest.version += 1;
        grow(&mut manifest);
        say::manifest(manifest.sign(&world.steward_key()))
    };
    a_node_brings(large, "read manifest").await;
}

fn numbers() -> impl Iterator<Item = u32> {
    0..10_000
}

#[tokio::test]
async fn a_manifest_with_ten_thousand_groups_is_refused_even_when_it_is_signed() {
    is_too_much(|manifest| {
        let groups = numbers().map(|number| Group::Area(number.to_string()));
        let groups = groups.map(|group| (group, MemberRole::Reader));
        manifest.groups = groups.collect();
    })
    .await;
}

#[tokio::test]
async fn a_manifest_with_ten_thousand_frozen_authors_is_refused_even_when_it_is_signed() {
    is_too_much(|manifest| {
        let node = |number: u32| {
            let mut id = [0; 32];
            id[..4].copy_from_slice(&number.to_be_bytes());
            NodeId(id)
        };
        manifest.frozen = numbers().map(node).collect();
    })
    .await;
}
