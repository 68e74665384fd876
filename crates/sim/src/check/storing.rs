//! What becomes durable: only what was signed, in its place, and applied only when it counts.

use std::collections::BTreeMap;

use phaki_replication::branch::{Branch, SignedBranch};
use phaki_replication::id::{FeedId, SpaceId};
use phaki_replication::manifest::{Manifest, SignedManifest};
use phaki_replication::node::{Change, Node};
use phaki_replication::roster::Roster;
use phaki_replication::vault::{Content, Statement, Told, Vault};

use super::{Violation, holds};
use crate::disk::Contents;
use crate::machine::Machine;
use crate::reference::Reference;
use crate::trace::Brief;

/// A node asks for a write: its own entries only while it has the right, and everybody's entries
/// are applied only as far as they count.
pub(crate) fn store(machine: &Machine, node: &Node, change: &Change) -> Result<(), Violation> {
    let seen = || format!("{} {}", Brief(&machine.id), Brief(change));
    let applied = "only what is permitted is applied";
    match change {
        Change::Runs { space, runs } => {
            let own = node.own_feed();
            let allowed = runs
                .iter()
                .all(|(run, limit)| run.feed != own || run.end() <= *limit);
            holds("a node writes only with the right to", allowed, seen)?;
            let right = runs
                .iter()
                .all(|(run, limit)| permitted(node, space, &run.feed) == Some(*limit));
            holds(applied, right, seen)
        }
        Change::Manifest {
            space,
            manifest,
            permitted,
        } => {
            let right = counts_rightly(node, space, manifest, permitted);
            holds(applied, right, seen)
        }
        _ => Ok(()),
    }
}

/// How many entries of a feed count, by the rights in force.
fn permitted(node: &Node, space: &SpaceId, feed: &FeedId) -> Option<u64> {
    let held = node.space(space)?;
    let permitted = held.manifest().permitted(node.roster(), feed);
    Some(held.cut(feed).map_or(permitted, |cut| permitted.min(cut)))
}

/// Whether a manifest's write says rightly how much of each feed counts.
fn counts_rightly(
    node: &Node,
    space: &SpaceId,
    signed: &SignedManifest,
    permitted: &[(FeedId, u64)],
) -> bool {
    let (Ok(manifest), Some(held)) = (Manifest::decode(&signed.bytes), node.space(space)) else {
        return false;
    };
    permitted.iter().all(|(feed, limit)| {
        let most = manifest.permitted(node.roster(), feed);
        *limit == held.cut(feed).map_or(most, |cut| most.min(cut))
    })
}

/// A write becomes durable; called before it does.
pub(crate) fn commit(
    machine: &Machine,
    reference: &Reference,
    change: &Change,
) -> Result<(), Violation> {
    let contents = &machine.disk.contents;
    let seen = || format!("{} {}", Brief(&machine.id), Brief(change));
    match change {
        Change::Runs { space, runs } => {
            let readable = reference.ever_readable(&contents.roster, space, &machine.id);
            holds("a node holds only what it may read", readable, seen)?;
            let mut lengths = BTreeMap::new();
            for (run, _) in runs {
                let length = lengths
                    .entry(run.feed)
                    .or_insert_with(|| contents.length(space, &run.feed));
                holds(
                    "a write continues what is durable",
                    run.from == *length,
                    seen,
                )?;
                *length = run.end();
                let original = run.feed == machine.feed() || reference.wrote(*space, run);
                holds("a feed is a prefix of its author's", original, seen)?;
            }
            Ok(())
        }
        Change::Manifest {
            space,
            manifest: signed,
            permitted,
        } => {
            let rank = |signed: &SignedManifest| {
                let manifest = Manifest::decode(&signed.bytes).ok()?;
                Some(manifest.rank(&contents.roster, signed.hash()))
            };
            let ours = contents.manifests.get(space);
            let newer = ours.is_none_or(|(_, ours)| rank(signed) > rank(ours));
            holds("a manifest never rolls back", newer, seen)?;
            let all = covers(contents, space, permitted);
            holds("only what is permitted is applied", all, seen)
        }
        Change::Roster(signed) => {
            let version = Roster::decode(&signed.bytes).map_or(0, |roster| roster.version);
            let newer = version > contents.roster.version;
            holds("a roster never rolls back", newer, seen)
        }
        Change::Branch(signed) => {
            let newer = is_newer_branch(contents, signed);
            holds("a branch never rolls back", newer, seen)
        }
        Change::Cut {
            space, feed, proof, ..
        } => {
            let excused = proof.is_some() || feed.author == machine.id;
            holds("a feed is cut only by a proof", excused, seen)?;
            let forkable = reference.forkable.contains(feed);
            holds("nothing that was signed once is cut off", forkable, || {
                format!("{} {}", Brief(space), seen())
            })
        }
        Change::Severed { space, run, .. } => {
            let original = reference.wrote(*space, run);
            holds("a feed is a prefix of its author's", original, seen)
        }
        Change::Receipts { space, receipts } => receipts
            .iter()
            .try_for_each(|signed| receipt(machine, reference, space, signed)),
        Change::Vault { space, statements } => {
            let returns = brings_back(contents.vaults.get(space), statements);
            holds("nobody who was erased is recorded again", !returns, seen)
        }
        Change::VaultLeft { .. } | Change::Permitted { .. } | Change::Epoch(_) => Ok(()),
    }
}

/// Whether a record is among them of somebody who was erased.
fn brings_back(vault: Option<&Vault>, statements: &[Told]) -> bool {
    statements.iter().any(|told| {
        let statement = Statement::decode(&told.signed.bytes).ok();
        let record = statement.filter(|said| matches!(said.content, Content::Record(_)));
        let held = record.and_then(|said| vault?.subject(&said.subject));
        held.is_some_and(|held| held.order.is_some())
    })
}

fn is_newer_branch(contents: &Contents, signed: &SignedBranch) -> bool {
    Branch::decode(&signed.bytes).is_ok_and(|branch| {
        let ours = contents.branches.get(&branch.parent);
        ours.is_none_or(|(ours, ours_signed)| {
            (branch.version, signed.hash()) > (ours.version, ours_signed.hash())
        })
    })
}

/// Nobody signs that it holds more than it ever did.
fn receipt(
    machine: &Machine,
    reference: &Reference,
    space: &SpaceId,
    signed: &phaki_replication::receipt::SignedReceipt,
) -> Result<(), Violation> {
    let Ok(receipt) = phaki_replication::receipt::Receipt::decode(&signed.bytes) else {
        return Ok(());
    };
    let honest = receipt.feeds.iter().all(|(feed, length)| {
        let reached = reference.reached.get(&(receipt.node, *space, *feed));
        reached.is_some_and(|reached| reached >= length)
    });
    holds("a receipt claims only what is durable", honest, || {
        format!("{} {receipt:?}", Brief(&machine.id))
    })
}

/// Whether a manifest's write says of every feed on disk how much of it counts.
fn covers(contents: &Contents, space: &SpaceId, permitted: &[(FeedId, u64)]) -> bool {
    let told: BTreeMap<_, _> = permitted.iter().copied().collect();
    contents
        .feeds_of(space)
        .all(|(feed, _)| told.contains_key(feed))
}
