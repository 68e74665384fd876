//! Branches: who may admit nodes, and what it can say of the nodes of others.

use std::collections::BTreeMap;

use phaki_replication::branch::{Branch, SignedBranch};
use phaki_replication::id::NodeId;
use phaki_replication::message::Message;
use phaki_replication::roster::{NodeRecord, NodeRole, NodeStatus};
use phaki_replication::sign::SecretKey;

use crate::acts::a_node_brings;
use crate::kit::peer::Peer;
use crate::kit::world::{NOTHING, World, key};

/// A branch of whoever has the key `parent`, with an edge node of that name and key.
fn branch(world: &World, parent: &SecretKey, name: &str, node: NodeId) -> Branch {
    let roster = world.roster_in_force();
    let record = NodeRecord {
        name: name.to_owned(),
        role: NodeRole::Edge,
        admitted_by: Some(parent.node()),
        ..roster.nodes[&world.attacker.node()].clone()
    };
    Branch {
        federation: world.id,
        parent: parent.node(),
        version: 1,
        nodes: BTreeMap::from([(node, record)]),
    }
}

/// The key of the node that is to be brought in.
const EDGE: u8 = 0x88;

/// A branch that verifies brings its node in or not, as far as its parent and its name may.
async fn brings_nobody_in(acts: impl FnOnce(&World) -> Vec<SignedBranch>) {
    let mut world = World::with_attacker_as(Some("writer")).await;
    let mut peer = world.attack().await;
    for act in acts(&world) {
        peer.say(Message::Branch(act)).await;
    }
    peer.was_ignored().await;
    let opened = Peer::open(world.hub.listen(), &key(EDGE), world.id).await;
    let why = opened.err().unwrap();
    assert!(why.contains("AccessDenied"), "{why}");
    world.goes_on().await;
    world.stands([peer], NOTHING).await;
}

#[tokio::test]
async fn a_branch_of_a_node_that_nobody_enrolled_brings_nobody_in() {
    brings_nobody_in(|world| {
        let stranger = key(0x99);
        vec![branch(world, &stranger, "TH-66-laptop", key(EDGE).node()).sign(&stranger)]
    })
    .await;
}

#[tokio::test]
async fn a_branch_cannot_bring_in_a_node_under_the_name_of_another() {
    brings_nobody_in(|world| {
        vec![branch(world, &world.attacker, "TH-41", key(EDGE).node()).sign(&world.attacker)]
    })
    .await;
}

#[tokio::test]
async fn a_branch_cannot_shut_out_a_node_of_the_federation() {
    brings_nobody_in(|world| {
        let witness = world.witness_key().node();
        let mut branch = branch(world, &world.attacker, "TH-41", witness);
        for record in branch.nodes.values_mut() {
            record.status = NodeStatus::Removed;
        }
        vec![branch.sign(&world.attacker)]
    })
    .await;
}

#[tokio::test]
async fn an_older_branch_does_not_bring_back_who_was_removed_by_a_newer_one() {
    brings_nobody_in(|world| {
        let older = branch(world, &world.attacker, "laptop", key(EDGE).node());
        let mut newer = older.clone();
        newer.version = u64::MAX;
        for record in newer.nodes.values_mut() {
            record.status = NodeStatus::Removed;
        }
        let [newer, older] = [newer, older].map(|branch| branch.sign(&world.attacker));
        vec![newer, older]
    })
    .await;
}

#[tokio::test]
async fn a_branch_that_another_signed_is_refused() {
    let forged = |world: &World| {
        let witness = world.witness_key();
        let branch = branch(world, &witness, "laptop", key(EDGE).node());
        Message::Branch(branch.sign(&world.attacker))
    };
    a_node_brings(forged, "branch is not signed").await;
}

#[tokio::test]
async fn a_branch_with_a_national_node_is_refused() {
    let proud = |world: &World| {
        let mut branch = branch(world, &world.attacker, "TH-0", key(EDGE).node());
        for record in branch.nodes.values_mut() {
            record.role = NodeRole::National;
        }
        Message::Branch(branch.sign(&world.attacker))
    };
    a_node_brings(proud, "is no edge node").await;
}

#[tokio::test]
async fn a_branch_larger_than_any_province_is_refused() {
    let large = |world: &World| {
        let mut large = branch(world, &world.attacker, "laptop", key(EDGE).node());
        let record = large.nodes.values().next().unwrap().clone();
        large.nodes = (0..3_000_u32)
            .map(|number| {
                let mut id = [0; 32];
                id[..4].copy_from_slice(&number.to_be_bytes());
                let name = format!("laptop-{number}");
                let record = record.clone();
                (NodeId(id), NodeRecord { name, ..record })
            })
            .collect();
        Message::Branch(large.sign(&world.attacker))
    };
    a_node_brings(large, "read branch").await;
}
