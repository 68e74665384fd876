//! Branches: who may admit nodes, and what it can say of the nodes of others.

use std::collections::BTreeMap;

use phaki_replication::branch::{Admitted, Branch, SignedBranch};
use phaki_replication::consent::Consent;
use phaki_replication::id::NodeId;
use phaki_replication::message::{CloseReason, Message};
use phaki_replication::node::Act;
use phaki_replication::roster::{NodeRecord, NodeRole, NodeStatus};
use phaki_replication::sign::SecretKey;
use phaki_tests::node::Node;
use phaki_tests::wait;
use phaki_wire::proto::local::v1::{CreateInviteRequest, ShowRosterRequest};

use crate::acts::a_node_brings;
use crate::bombs::a_bomb_is_refused;
use crate::kit::call::framed;
use crate::kit::enrol;
use crate::kit::evidence::refusal_is_recorded;
use crate::kit::peer::Peer;
use crate::kit::say;
use crate::kit::world::{NOTHING, PLANS, World, key};

/// An edge node that asked `parent` to admit it.
fn admitted(world: &World, parent: &SecretKey, name: &str, edge: &SecretKey) -> Admitted {
    let roster = world.roster_in_force();
    let record = NodeRecord {
        name: name.to_owned(),
        role: NodeRole::Edge,
        admitted_by: Some(parent.node()),
        ..roster.nodes[&world.attacker.node()].clone()
    };
    let consent = Consent::sign(edge, &world.id, parent.node());
    Admitted { record, consent }
}

/// A branch of whoever has the key `parent`, with an edge node of that name and key.
fn branch(world: &World, parent: &SecretKey, name: &str, edge: &SecretKey) -> Branch {
    Branch {
        federation: world.id,
        parent: parent.node(),
        version: 1,
        nodes: BTreeMap::from([(edge.node(), admitted(world, parent, name, edge))]),
    }
}

fn with_status(mut branch: Branch, status: NodeStatus) -> Branch {
    for admitted in branch.nodes.values_mut() {
        admitted.record.status = status;
    }
    branch
}

/// The key of the node that the attacker wants to bring in.
fn edge() -> SecretKey {
    key(0x88)
}

/// The hub refuses that key a session.
async fn stays_out(world: &World, edge: &SecretKey) {
    let opened = Peer::open(world.hub.listen(), edge, world.id).await;
    let why = opened.err().unwrap();
    assert!(why.contains("AccessDenied"), "{why}");
}

/// A branch that verifies brings its node in or not, as far as its parent may.
async fn brings_nobody_in(acts: impl FnOnce(&World) -> Vec<SignedBranch>) {
    let mut world = World::with_attacker_as(Some("writer")).await;
    let mut peer = world.attack().await;
    for act in acts(&world) {
        peer.say(Message::Branch(act)).await;
    }
    peer.was_ignored().await;
    // What comes later is durable, so the branches are as well.
    world.goes_on().await;
    stays_out(&world, &edge()).await;
    refusal_is_recorded(
        &world.hub,
        "connection-refused",
        &[&edge().node().to_string()],
    )
    .await;
    world.stands([peer], NOTHING).await;
}

/// The laptop of the witness, which that has admitted by itself.
async fn laptop_of_the_witness(world: &World) -> SecretKey {
    let laptop = key(0x41);
    let request = CreateInviteRequest {
        name: LAPTOP.to_owned(),
        role: "edge".to_owned(),
        area: "41".to_owned(),
        addresses: vec!["127.0.0.1:9".to_owned()],
        ..CreateInviteRequest::default()
    };
    let made = world.witness.local().client().create_invite(request).await;
    let invite = enrol::read(&made.unwrap().into_inner().invite);
    let request = enrol::request(invite, &laptop);
    enrol::join(world.witness.listen(), &laptop, request)
        .await
        .unwrap();
    until_listed(&world.hub, LAPTOP, "active").await;
    laptop
}

const LAPTOP: &str = "laptop";

/// A node shows another one under that name and in that state.
async fn until_listed(at: &Node, name: &str, status: &str) {
    let what = format!("{} shows {name} as {status}", at.name());
    wait::until(&what, async || {
        let mut local = at.local();
        let reply = local.client().show_roster(ShowRosterRequest {}).await;
        let nodes = reply.unwrap().into_inner().nodes;
        let mut nodes = nodes.iter();
        nodes
            .any(|node| node.name == name && node.status == status)
            .then_some(())
    })
    .await;
}

/// An edge node gets a session with the hub, once what lists it is durable there.
async fn takes_part(world: &World, edge: &SecretKey) {
    wait::until("the edge node gets a session", async || {
        Peer::open(world.hub.listen(), edge, world.id).await.ok()
    })
    .await;
    Peer::greet(world.hub.listen(), edge, world.id)
        .await
        .was_ignored()
        .await;
}

#[tokio::test]
async fn a_province_cannot_shut_out_the_edge_node_of_another() {
    let mut world = World::with_attacker_as(Some("writer")).await;
    let laptop = laptop_of_the_witness(&world).await;
    // All that it can know of the laptop: what stands on the branch of the other province.
    let witness = world.witness_key().node();
    let mut shut = branch(&world, &world.attacker, "another", &laptop);
    let known = Consent::sign(&laptop, &world.id, witness);
    for status in [NodeStatus::Suspended, NodeStatus::Removed] {
        shut.version += 1;
        for admitted in shut.nodes.values_mut() {
            admitted.consent = known;
            admitted.record.status = status;
        }
        let signed = shut.sign(&world.attacker);
        world.bring(&world.hub, Act::Branch(signed)).await;
        world.goes_on().await;
        takes_part(&world, &laptop).await;
        until_listed(&world.hub, LAPTOP, "active").await;
    }
    world.stands([], NOTHING).await;
}

#[tokio::test]
async fn a_province_cannot_list_whoever_did_not_ask_for_it() {
    let unasked = |world: &World| {
        let mut branch = branch(world, &world.attacker, LAPTOP, &edge());
        let (_, admitted) = branch.nodes.pop_first().unwrap();
        branch.nodes.insert(key(0x41).node(), admitted);
        Message::Branch(branch.sign(&world.attacker))
    };
    a_node_brings(unasked, "did not consent").await;
}

#[tokio::test]
async fn a_province_that_takes_the_name_of_anothers_edge_node_takes_nothing_but_the_label() {
    let mut world = World::with_attacker_as(Some("writer")).await;
    let laptop = laptop_of_the_witness(&world).await;
    let twin = branch(&world, &world.attacker, LAPTOP, &edge());
    let signed = twin.sign(&world.attacker);
    world.bring(&world.hub, Act::Branch(signed)).await;
    until_listed(&world.hub, "laptop@TH-41", "active").await;
    until_listed(&world.hub, "laptop@TH-66", "active").await;
    takes_part(&world, &laptop).await;
    let refused = world
        .hub
        .run(&["space", "grant", PLANS, LAPTOP, "--role", "writer"]);
    assert!(!refused.status.success(), "whose laptop?");
    world
        .witness
        .command(&["federation", "suspend", "laptop@TH-41"]);
    until_listed(&world.hub, "laptop@TH-41", "suspended").await;
    until_listed(&world.hub, "laptop@TH-66", "active").await;
    world.goes_on().await;
    world.stands([], NOTHING).await;
}

#[tokio::test]
async fn a_stolen_edge_node_does_not_come_back_by_way_of_another_province() {
    let mut world = World::with_attacker_as(Some("writer")).await;
    let stolen = laptop_of_the_witness(&world).await;
    world
        .witness
        .command(&["federation", "remove", LAPTOP, "--yes"]);
    wait::until("the removal is durable", async || {
        let opened = Peer::open(world.hub.listen(), &stolen, world.id).await;
        opened.err()
    })
    .await;
    let back = branch(&world, &world.attacker, LAPTOP, &stolen);
    let signed = back.sign(&world.attacker);
    world.bring(&world.hub, Act::Branch(signed)).await;
    world.goes_on().await;
    stays_out(&world, &stolen).await;
    world.stands([], NOTHING).await;
}

#[tokio::test]
async fn no_key_on_a_branch_takes_the_place_of_a_node_of_the_federation() {
    let mut world = World::with_attacker_as(Some("writer")).await;
    let victim = world.accomplice().clone();
    // Even with the consent of the victim's key, which somebody may have stolen.
    let mut heir = branch(&world, &world.attacker, "old", &victim);
    heir = with_status(heir, NodeStatus::Removed);
    let mut admitted = admitted(&world, &world.attacker, "heir", &edge());
    admitted.record.replaces = Some(victim.node());
    heir.nodes.insert(edge().node(), admitted);
    let signed = heir.sign(&world.attacker);
    world.bring(&world.hub, Act::Branch(signed)).await;
    takes_part(&world, &edge()).await;
    let mut peer = Peer::greet(world.hub.listen(), &edge(), world.id).await;
    peer.was_ignored().await;
    let told = |bytes| matches!(say::decoded(bytes), Message::Have(s) if !s.is_empty());
    assert!(
        !peer.heard().iter().any(told),
        "it reads nothing that the victim reads"
    );
    world.member().await.was_ignored().await;
    world.goes_on().await;
    world.stands([peer], NOTHING).await;
}

#[tokio::test]
async fn a_name_with_the_sign_between_node_and_parent_is_refused() {
    let marked = |world: &World| {
        let branch = branch(world, &world.attacker, "laptop@TH-41", &edge());
        Message::Branch(branch.sign(&world.attacker))
    };
    a_node_brings(marked, "holds an @").await;
}

#[tokio::test]
async fn a_branch_that_an_edge_node_signed_brings_nobody_in() {
    brings_nobody_in(|world| {
        let middle = key(0x99);
        let first = branch(world, &world.attacker, "middle", &middle).sign(&world.attacker);
        vec![
            first,
            branch(world, &middle, "laptop", &edge()).sign(&middle),
        ]
    })
    .await;
}

#[tokio::test]
async fn a_branch_that_a_suspended_node_signed_brings_nobody_in() {
    let mut world = World::with_attacker_as(Some("writer")).await;
    let suspension = world.next_roster(&world.attacker, NodeStatus::Suspended);
    world.bring(&world.hub, Act::Roster(suspension)).await;
    let signed = branch(&world, &world.attacker, "laptop", &edge()).sign(&world.attacker);
    world.bring(&world.hub, Act::Branch(signed)).await;
    world.goes_on().await;
    stays_out(&world, &edge()).await;
    refusal_is_recorded(
        &world.hub,
        "connection-refused",
        &[&edge().node().to_string()],
    )
    .await;
    world.stands([], NOTHING).await;
}

#[tokio::test]
async fn a_branch_of_a_hundred_thousand_nodes_is_refused() {
    let giant = |world: &World| {
        let mut giant = branch(world, &world.attacker, "laptop", &edge());
        giant.nodes = copies(&giant, 100_000);
        framed(&say::encoded(Message::Branch(giant.sign(&world.attacker))))
    };
    a_bomb_is_refused(giant, CloseReason::Limit, "too large").await;
}

/// So many nodes like the one on a branch.
fn copies(branch: &Branch, count: u32) -> BTreeMap<NodeId, Admitted> {
    let one = branch.nodes.values().next().unwrap();
    let numbered = |number: u32| {
        let mut id = [0; 32];
        id[..4].copy_from_slice(&number.to_be_bytes());
        (NodeId(id), one.clone())
    };
    (0..count).map(numbered).collect()
}

#[tokio::test]
async fn a_branch_of_a_node_that_nobody_enrolled_brings_nobody_in() {
    brings_nobody_in(|world| {
        let stranger = key(0x99);
        vec![branch(world, &stranger, "laptop", &edge()).sign(&stranger)]
    })
    .await;
}

#[tokio::test]
async fn a_branch_cannot_shut_out_a_node_of_the_federation() {
    let mut world = World::with_attacker_as(Some("writer")).await;
    let victim = world.accomplice().clone();
    let branch = branch(&world, &world.attacker, "shut", &victim);
    let signed = with_status(branch, NodeStatus::Removed).sign(&world.attacker);
    world.bring(&world.hub, Act::Branch(signed)).await;
    world.goes_on().await;
    world.member().await.was_ignored().await;
    world.stands([], NOTHING).await;
}

#[tokio::test]
async fn an_older_branch_does_not_bring_back_who_was_removed_by_a_newer_one() {
    brings_nobody_in(|world| {
        let older = branch(world, &world.attacker, "laptop", &edge());
        let mut newer = with_status(older.clone(), NodeStatus::Removed);
        newer.version = u64::MAX;
        let [newer, older] = [newer, older].map(|branch| branch.sign(&world.attacker));
        vec![newer, older]
    })
    .await;
}

#[tokio::test]
async fn a_branch_that_another_signed_is_refused() {
    let forged = |world: &World| {
        let witness = world.witness_key();
        let branch = branch(world, &witness, "laptop", &edge());
        Message::Branch(branch.sign(&world.attacker))
    };
    a_node_brings(forged, "branch is not signed").await;
}

#[tokio::test]
async fn a_branch_with_a_national_node_is_refused() {
    let proud = |world: &World| {
        let mut branch = branch(world, &world.attacker, "TH-0", &edge());
        for admitted in branch.nodes.values_mut() {
            admitted.record.role = NodeRole::National;
        }
        Message::Branch(branch.sign(&world.attacker))
    };
    a_node_brings(proud, "is no edge node").await;
}

#[tokio::test]
async fn a_branch_larger_than_any_province_is_refused() {
    let large = |world: &World| {
        let mut large = branch(world, &world.attacker, "laptop", &edge());
        large.nodes = copies(&large, 3_000);
        Message::Branch(large.sign(&world.attacker))
    };
    a_node_brings(large, "read branch").await;
}
