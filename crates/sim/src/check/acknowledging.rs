//! What is told to clients: only what is durable, and it stays so.

use std::collections::BTreeMap;

use phaki_replication::branch::Branch;
use phaki_replication::entry::{Entry, Payload};
use phaki_replication::id::{FeedId, SpaceId};
use phaki_replication::manifest::Manifest;
use phaki_replication::node::{Act, NewEntry, Node};
use phaki_replication::roster::Roster;
use phaki_replication::vault::Statement;

use super::{Violation, holds};
use crate::disk::Contents;
use crate::machine::{Machine, Request};
use crate::reference::{Acknowledged, Reference};
use crate::replica::index_of;
use crate::trace::Brief;

/// A client is told that its request is durable. Returns the entries that were acknowledged.
pub(crate) fn accept(
    machine: &Machine,
    node: &Node,
    request: &Request,
) -> Result<Vec<Acknowledged>, Violation> {
    let contents = &machine.disk.contents;
    let name = "only what is durable is acknowledged";
    match request {
        Request::Append { space, entries, .. } => {
            let feed = node.own_feed();
            let mut acknowledged = Vec::new();
            for NewEntry { kind, payload } in entries {
                let is_it = |entry: &Entry| {
                    entry.kind == *kind && entry.payload == Payload::Present(payload.clone())
                };
                let seq = locate(contents, *space, feed, is_it);
                holds(name, seq.is_some(), || {
                    format!("{} an entry of {}", Brief(&machine.id), Brief(space))
                })?;
                acknowledged.push(Acknowledged {
                    machine: machine.index,
                    space: *space,
                    feed,
                    seq: seq.unwrap_or_default(),
                    kind: *kind,
                    payload: payload.clone(),
                });
            }
            Ok(acknowledged)
        }
        Request::Enact(act) => {
            holds(name, is_durable(contents, act), || {
                format!("{} {act:?}", Brief(&machine.id))
            })?;
            Ok(Vec::new())
        }
    }
}

fn is_durable(contents: &Contents, act: &Act) -> bool {
    match act {
        Act::Roster(signed) => {
            let version = Roster::decode(&signed.bytes).map_or(0, |roster| roster.version);
            contents.roster.version >= version
        }
        Act::Branch(signed) => Branch::decode(&signed.bytes).is_ok_and(|branch| {
            let ours = contents.branches.get(&branch.parent);
            ours.is_some_and(|(ours, _)| ours.version >= branch.version)
        }),
        Act::Manifest(signed) => Manifest::decode(&signed.bytes).is_ok_and(|manifest| {
            let ours = contents.manifests.get(&manifest.space);
            ours.is_some_and(|(ours, _)| {
                ours.version >= manifest.version || ours.handovers != manifest.handovers
            })
        }),
        Act::Statement(space, told) => Statement::decode(&told.signed.bytes).is_ok_and(|said| {
            let vault = contents.vaults.get(space);
            let held = vault.and_then(|vault| vault.subject(&said.subject));
            let erased = held.is_some_and(|held| held.order.is_some());
            let record = held.and_then(|held| held.record.as_ref());
            // Records are given up with the right to hold them.
            let left = contents
                .manifests
                .get(space)
                .is_some_and(|(manifest, _)| !manifest.may_write(&contents.roster, &said.node));
            erased || (said.number().is_some() && (record.is_some() || left))
        }),
    }
}

/// Where an entry of a feed is on disk, looked for from the end; cut off or not.
fn locate(
    contents: &Contents,
    space: SpaceId,
    feed: FeedId,
    is_it: impl Fn(&Entry) -> bool,
) -> Option<u64> {
    let stored = contents.feeds.get(&(space, feed));
    let held = stored.and_then(|stored| stored.entries.iter().rposition(&is_it));
    if let Some(position) = held {
        return u64::try_from(position).ok();
    }
    let severed = contents.severed.iter().map(|severed| &severed.run);
    severed
        .filter(|run| run.feed == feed)
        .flat_map(|run| (run.from..).zip(&run.entries))
        .find(|(_, entry)| is_it(entry))
        .map(|(seq, _)| seq)
}

/// What a node calls durable is on its disk and never becomes less, unless it was cut off.
pub(crate) fn frontier(
    machine: &Machine,
    node: &Node,
    space: &SpaceId,
    before: &BTreeMap<FeedId, u64>,
) -> Result<BTreeMap<FeedId, u64>, Violation> {
    let frontier = node.frontier(space).unwrap_or_default();
    let contents = &machine.disk.contents;
    let durable = frontier
        .iter()
        .all(|(feed, length)| *length <= contents.length(space, feed));
    holds("a frontier is durable", durable, || {
        format!("{} {} {frontier:?}", Brief(&machine.id), Brief(space))
    })?;
    let grown = before
        .iter()
        .all(|(feed, length)| frontier.get(feed).unwrap_or(&0) >= length);
    holds("a frontier never shrinks", grown, || {
        format!(
            "{} {} {before:?} {frontier:?}",
            Brief(&machine.id),
            Brief(space)
        )
    })?;
    Ok(frontier)
}

/// Whether an acknowledged entry is on a disk: in its place, or set aside.
pub(crate) fn is_held(contents: &Contents, known: &Acknowledged) -> bool {
    let is_it = |entry: &Entry| {
        entry.kind == known.kind && entry.payload == Payload::Present(known.payload.clone())
    };
    let stored = contents.feeds.get(&(known.space, known.feed));
    let entry = stored.and_then(|stored| stored.entries.get(index_of(known.seq)));
    entry.is_some_and(is_it)
        || contents.severed.iter().any(|severed| {
            let run = &severed.run;
            (severed.space, run.feed) == (known.space, known.feed)
                && run.from <= known.seq
                && run
                    .entries
                    .get(index_of(known.seq - run.from))
                    .is_some_and(is_it)
        })
}

/// Everything that was acknowledged is on its author's disk as it was written.
pub(crate) fn acknowledged(machine: &Machine, reference: &Reference) -> Result<(), Violation> {
    let contents = &machine.disk.contents;
    let here = |known: &&Acknowledged| known.machine == machine.index;
    for known in reference.acknowledged.iter().filter(here) {
        holds(
            "no acknowledged entry is lost",
            is_held(contents, known),
            || format!("{} {known:?}", Brief(&machine.id)),
        )?;
    }
    for ((_, space), version) in reference
        .enacted
        .iter()
        .filter(|((enactor, _), _)| *enactor == machine.index)
    {
        let kept = contents.manifests.get(space).is_some_and(|(manifest, _)| {
            manifest.version >= *version || !manifest.handovers.is_empty()
        });
        holds("no acknowledged manifest is lost", kept, || {
            format!("{} {} {version}", Brief(&machine.id), Brief(space))
        })?;
    }
    Ok(())
}
