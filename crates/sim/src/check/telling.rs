//! What one node tells another: only what that one may know, and only what is durable.

use phaki_replication::branch::Branch;
use phaki_replication::feed::Run;
use phaki_replication::id::{NodeId, SpaceId};
use phaki_replication::manifest::Manifest;
use phaki_replication::message::Message;
use phaki_replication::node::Node;
use phaki_replication::roster::Roster;

use super::{Violation, holds};
use crate::disk::Contents;
use crate::machine::Machine;
use crate::reference::Reference;
use crate::trace::Brief;

/// A message may be sent: the receiver may read the space that it is about, and it claims
/// nothing that is not on disk.
pub(crate) fn send(
    machine: &Machine,
    node: &Node,
    reference: &Reference,
    peer: &NodeId,
    message: &Message,
) -> Result<(), Violation> {
    let contents = &machine.disk.contents;
    let who =
        |what: &dyn std::fmt::Display| format!("{} to {}: {what}", Brief(&machine.id), Brief(peer));
    for space in spaces_of(message) {
        // Whoever was removed may be told just that.
        let told = |manifest: &Manifest| match message {
            Message::Manifest(_) => {
                manifest.may_read(node.roster(), peer)
                    || reference.ever_readable(node.roster(), &manifest.space, peer)
            }
            _ => manifest.may_read(node.roster(), peer),
        };
        let readable = node.manifest(&space).is_some_and(told);
        holds(
            "a node is told only of spaces that it may read",
            readable,
            || who(&Brief(message)),
        )?;
    }
    let durable = match message {
        Message::Ack { space, feeds } => feeds
            .iter()
            .all(|(feed, length)| *length <= contents.length(space, feed)),
        Message::Frontier(report) => report
            .feeds
            .iter()
            .all(|told| told.length <= contents.length(&report.space, &told.feed)),
        Message::Batch { space, runs } => runs.iter().all(|run| holds_run(contents, space, run)),
        Message::Severed { space, run, .. } => {
            let mut severed = contents.severed.iter();
            severed.any(|severed| severed.space == *space && severed.run == *run)
        }
        Message::Manifest(signed) => Manifest::decode(&signed.bytes).is_ok_and(|manifest| {
            let told = (manifest.space, signed.hash().shorten());
            machine.durable_manifests.contains(&told)
        }),
        Message::Roster(signed) => {
            let told = Roster::decode(&signed.bytes);
            told.is_ok_and(|told| contents.roster.version >= told.version)
        }
        Message::Branch(signed) => {
            let told = Branch::decode(&signed.bytes).ok();
            let ours = told.as_ref().and_then(|b| contents.branches.get(&b.parent));
            ours.zip(told)
                .is_some_and(|((ours, _), told)| ours.version >= told.version)
        }
        Message::Have(states) => states.iter().all(|state| {
            let durable = &machine.durable_manifests;
            durable.contains(&(state.space, state.manifest))
        }),
        Message::Hello(hello) => hello.roster_version <= contents.roster.version,
        Message::Want(_)
        | Message::Plan { .. }
        | Message::Fork(_)
        | Message::Receipts { .. }
        | Message::ReceiptsHeld { .. }
        | Message::Vault { .. }
        | Message::VaultHeld { .. }
        | Message::SeveredHeld { .. }
        | Message::WantSevered { .. }
        | Message::Heartbeat(_)
        | Message::Close(_) => true,
    };
    holds("a node tells only what is durable", durable, || {
        who(&Brief(message))
    })
}

/// Whether a run is on disk; a part of it may have been cut off.
fn holds_run(contents: &Contents, space: &SpaceId, run: &Run) -> bool {
    let held = run.end() <= contents.length(space, &run.feed);
    let cut = contents.severed.iter().any(|severed| {
        (severed.space, severed.run.feed) == (*space, run.feed)
            && severed.run.checkpoint == run.checkpoint
    });
    held || cut
}

fn spaces_of(message: &Message) -> Vec<SpaceId> {
    match message {
        Message::Manifest(signed) => Manifest::decode(&signed.bytes)
            .map(|manifest| manifest.space)
            .into_iter()
            .collect(),
        Message::Have(states) => states.iter().map(|state| state.space).collect(),
        Message::Frontier(report) => vec![report.space],
        Message::Want(range) => vec![range.space],
        Message::Fork(proof) => vec![proof.space],
        Message::Plan { space, .. }
        | Message::Batch { space, .. }
        | Message::Severed { space, .. }
        | Message::SeveredHeld { space, .. }
        | Message::WantSevered { space, .. }
        | Message::Receipts { space, .. }
        | Message::ReceiptsHeld { space, .. }
        | Message::Vault { space, .. }
        | Message::VaultHeld { space, .. }
        | Message::Ack { space, .. } => vec![*space],
        Message::Hello(_)
        | Message::Roster(_)
        | Message::Branch(_)
        | Message::Heartbeat(_)
        | Message::Close(_) => Vec::new(),
    }
}
