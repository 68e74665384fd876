//! What must hold after every step, by name, and what must hold in the end.

use std::collections::BTreeMap;
use std::fmt;

use phaki_replication::id::{FeedId, NodeId, SpaceId};
use phaki_replication::manifest::Manifest;
use phaki_replication::message::{CloseReason, Message};
use phaki_replication::node::{Act, Change, NewEntry, Node, Refusal};
use phaki_replication::roster::Roster;
use phaki_replication::{entry::Payload, invariants};

use crate::disk::Contents;
use crate::machine::{Machine, Request};
use crate::reference::{Acknowledged, Reference};
use crate::replica::index_of;
use crate::trace::Brief;

/// An invariant that does not hold, with what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Its name.
    pub invariant: &'static str,
    /// Where and how.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.detail)
    }
}

/// Holds, or is violated with the given words.
pub(crate) fn holds(
    invariant: &'static str,
    condition: bool,
    detail: impl FnOnce() -> String,
) -> Result<(), Violation> {
    if condition {
        Ok(())
    } else {
        Err(Violation {
            invariant,
            detail: detail(),
        })
    }
}

/// The node's own predicates.
pub(crate) fn node(machine: &Machine, node: &Node) -> Result<(), Violation> {
    let checked = invariants::check(node);
    holds("the node is consistent in itself", checked.is_ok(), || {
        format!("{} {checked:?}", Brief(&machine.id))
    })
}

/// A message may be sent: the receiver may read the space that it is about, and it claims
/// nothing that is not on disk.
pub(crate) fn send(
    machine: &Machine,
    node: &Node,
    peer: &NodeId,
    message: &Message,
) -> Result<(), Violation> {
    let contents = &machine.disk.contents;
    let who =
        |what: &dyn fmt::Display| format!("{} to {}: {what}", Brief(&machine.id), Brief(peer));
    for space in spaces_of(message) {
        // Whoever was removed may be told just that.
        let told = |manifest: &Manifest| match message {
            Message::Manifest(_) => manifest.may_read(peer) || manifest.was_removed(peer),
            _ => manifest.may_read(peer),
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
        Message::Batch { space, runs } => runs
            .iter()
            .all(|run| run.end() <= contents.length(space, &run.feed)),
        Message::Manifest(signed) => {
            let manifest = Manifest::decode(&signed.bytes).ok();
            let ours = manifest
                .as_ref()
                .and_then(|m| contents.manifests.get(&m.space));
            ours.zip(manifest)
                .is_some_and(|((ours, _), told)| ours.version >= told.version)
        }
        Message::Roster(signed) => {
            let told = Roster::decode(&signed.bytes);
            told.is_ok_and(|told| contents.roster_version >= told.version)
        }
        Message::Have(states) => states.iter().all(|state| {
            let ours = contents.manifests.get(&state.space);
            ours.is_some_and(|(ours, _)| ours.version >= state.manifest_version)
        }),
        Message::Hello(hello) => hello.roster_version <= contents.roster_version,
        Message::Want(_) | Message::Plan { .. } | Message::Heartbeat(_) | Message::Close(_) => true,
    };
    holds("a node tells only what is durable", durable, || {
        who(&Brief(message))
    })
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
        Message::Plan { space, .. } | Message::Batch { space, .. } | Message::Ack { space, .. } => {
            vec![*space]
        }
        Message::Hello(_) | Message::Roster(_) | Message::Heartbeat(_) | Message::Close(_) => {
            Vec::new()
        }
    }
}

/// A node asks for a write: its own entries only while it has the right.
pub(crate) fn store(machine: &Machine, change: &Change) -> Result<(), Violation> {
    let Change::Runs { runs, .. } = change else {
        return Ok(());
    };
    let own = machine.feed();
    let allowed = runs
        .iter()
        .all(|(run, limit)| run.feed != own || run.end() <= *limit);
    holds("a node writes only with the right to", allowed, || {
        format!("{} {}", Brief(&machine.id), Brief(change))
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
            let readable = reference.ever_readable(space, &machine.id);
            holds("a node holds only what it may read", readable, seen)?;
            let mut lengths = BTreeMap::new();
            for (run, limit) in runs {
                let length = lengths
                    .entry(run.feed)
                    .or_insert_with(|| contents.length(space, &run.feed));
                holds(
                    "a write continues what is durable",
                    run.from == *length,
                    seen,
                )?;
                *length = run.end();
                let original = run.feed.author == machine.id || reference.wrote(*space, run);
                holds("a feed is a prefix of its author's", original, seen)?;
                let manifest = contents.manifests.get(space);
                let permitted = manifest.map(|(manifest, _)| manifest.permitted(&run.feed));
                holds(
                    "only what is permitted is applied",
                    permitted == Some(*limit),
                    seen,
                )?;
            }
            Ok(())
        }
        Change::Manifest {
            space,
            manifest: signed,
            permitted,
        } => {
            let newer = contents
                .manifests
                .get(space)
                .is_none_or(|(_, ours)| (rank(signed), signed.hash()) > (rank(ours), ours.hash()));
            holds("a manifest never rolls back", newer, seen)?;
            let all = covers(contents, space, signed, permitted);
            holds("only what is permitted is applied", all, seen)
        }
        Change::Roster(signed) => {
            let version = Roster::decode(&signed.bytes).map_or(0, |roster| roster.version);
            holds(
                "a roster never rolls back",
                version > contents.roster_version,
                seen,
            )
        }
    }
}

fn rank(signed: &phaki_replication::manifest::SignedManifest) -> u64 {
    Manifest::decode(&signed.bytes).map_or(0, |manifest| manifest.version)
}

/// Whether a manifest's write says of every feed on disk how much of it counts, and rightly so.
fn covers(
    contents: &Contents,
    space: &SpaceId,
    signed: &phaki_replication::manifest::SignedManifest,
    permitted: &[(FeedId, u64)],
) -> bool {
    let Ok(manifest) = Manifest::decode(&signed.bytes) else {
        return false;
    };
    let told: BTreeMap<_, _> = permitted.iter().copied().collect();
    let right = told
        .iter()
        .all(|(feed, limit)| manifest.permitted(feed) == *limit);
    let feeds = contents.feeds.keys().filter(|(found, _)| found == space);
    right && feeds.into_iter().all(|(_, feed)| told.contains_key(feed))
}

/// A client is told that its request is durable. Returns the entries that were acknowledged.
pub(crate) fn accept(machine: &Machine, request: &Request) -> Result<Vec<Acknowledged>, Violation> {
    let contents = &machine.disk.contents;
    let name = "only what is durable is acknowledged";
    match request {
        Request::Append { space, entries, .. } => {
            let feed = machine.feed();
            let first = find(contents, *space, feed, entries);
            holds(name, first.is_some(), || {
                format!(
                    "{} {} entries of {}",
                    Brief(&machine.id),
                    entries.len(),
                    Brief(space)
                )
            })?;
            let first = first.unwrap_or_default();
            let last = first + u64::try_from(entries.len()).unwrap_or(u64::MAX);
            Ok((first..last)
                .map(|seq| Acknowledged {
                    space: *space,
                    feed,
                    seq,
                })
                .collect())
        }
        Request::Enact(Act::Roster(signed)) => {
            let version = Roster::decode(&signed.bytes).map_or(0, |roster| roster.version);
            holds(name, contents.roster_version >= version, || {
                format!("{} roster {version}", Brief(&machine.id))
            })?;
            Ok(Vec::new())
        }
        Request::Enact(Act::Manifest(signed)) => {
            let manifest = Manifest::decode(&signed.bytes).ok();
            let ours = manifest
                .as_ref()
                .and_then(|m| contents.manifests.get(&m.space));
            let durable = manifest
                .as_ref()
                .zip(ours)
                .is_some_and(|(manifest, (ours, _))| ours.version >= manifest.version);
            holds(name, durable, || {
                format!("{} {manifest:?}", Brief(&machine.id))
            })?;
            Ok(Vec::new())
        }
    }
}

/// Where entries stand in a durable feed, looked for from its end.
fn find(contents: &Contents, space: SpaceId, feed: FeedId, entries: &[NewEntry]) -> Option<u64> {
    let stored = &contents.feeds.get(&(space, feed))?.entries;
    let same = |first: &usize| {
        stored[*first..].iter().zip(entries).all(|(stored, new)| {
            stored.kind == new.kind && stored.payload == Payload::Present(new.payload.clone())
        })
    };
    let last = stored.len().checked_sub(entries.len())?;
    let first = (0..=last).rev().find(same)?;
    u64::try_from(first).ok()
}

/// A client's request was refused for a reason that is true.
pub(crate) fn refusal(
    machine: &Machine,
    node: &Node,
    request: &Request,
    refusal: Refusal,
) -> Result<(), Violation> {
    let honest = match (request, refusal) {
        (_, Refusal::Storage | Refusal::Busy) => true,
        (Request::Append { space, .. }, Refusal::UnknownSpace) => node.manifest(space).is_none(),
        (Request::Append { space, .. }, Refusal::NotWriter) => node
            .manifest(space)
            .is_some_and(|manifest| manifest.permitted(&machine.feed()) < u64::MAX),
        (
            Request::Append { .. },
            Refusal::TooLarge | Refusal::Stale | Refusal::Limit | Refusal::Superseded,
        ) => false,
        (Request::Enact(Act::Roster(signed)), Refusal::Stale) => {
            let version = Roster::decode(&signed.bytes).map_or(0, |roster| roster.version);
            node.roster().version >= version
        }
        (Request::Enact(Act::Manifest(signed)), Refusal::Stale) => {
            let manifest = Manifest::decode(&signed.bytes).ok();
            manifest.is_some_and(|manifest| {
                let ours = node.manifest(&manifest.space);
                ours.is_some_and(|ours| ours.version >= manifest.version)
            })
        }
        (Request::Enact(_), _) => false,
    };
    holds("a refusal gives a true reason", honest, || {
        format!("{} {refusal:?} for {request:?}", Brief(&machine.id))
    })
}

/// What a node calls durable is on its disk and never becomes less.
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
        .all(|(feed, length)| frontier.get(feed) >= Some(length));
    holds("a frontier never shrinks", grown, || {
        format!(
            "{} {} {before:?} {frontier:?}",
            Brief(&machine.id),
            Brief(space)
        )
    })?;
    Ok(frontier)
}

/// Everything that was acknowledged is on its author's disk as it was written.
pub(crate) fn acknowledged(machine: &Machine, reference: &Reference) -> Result<(), Violation> {
    let own = machine.feed();
    for known in reference
        .acknowledged
        .iter()
        .filter(|known| known.feed == own)
    {
        let stored = machine.disk.contents.feeds.get(&(known.space, own));
        let entry = stored.and_then(|stored| stored.entries.get(index_of(known.seq)));
        let authored = reference.feeds.get(&(known.space, own));
        let written = authored.and_then(|authored| authored.entries.get(index_of(known.seq)));
        holds(
            "no acknowledged entry is lost",
            entry.is_some() && entry == written,
            || format!("{} {known:?}", Brief(&machine.id)),
        )?;
    }
    for (space, version) in &reference.enacted {
        let ours = machine.disk.contents.manifests.get(space);
        let steward = ours.is_some_and(|(manifest, _)| manifest.steward == machine.id);
        let kept = ours.is_some_and(|(manifest, _)| manifest.version >= *version);
        holds("no acknowledged manifest is lost", !steward || kept, || {
            format!("{} {} {version}", Brief(&machine.id), Brief(space))
        })?;
    }
    Ok(())
}

/// While the network is orderly, all nodes are honest: none is ever taken for something else.
pub(crate) fn close(
    machine: &Machine,
    peer: &NodeId,
    reason: CloseReason,
) -> Result<(), Violation> {
    let innocent = matches!(
        reason,
        CloseReason::Shutdown
            | CloseReason::Replaced
            | CloseReason::NotInRoster
            | CloseReason::Silence
            | CloseReason::Storage
    );
    holds("honest nodes are not refused", innocent, || {
        format!(
            "{} closes {} for {}",
            Brief(&machine.id),
            Brief(peer),
            reason.name()
        )
    })
}
