//! The end of a run: everything heals, and then all must come to agree, be right, and be quiet.

use std::collections::BTreeMap;

use phaki_replication::id::SpaceId;
use phaki_replication::manifest::Manifest;

use super::Cluster;
use crate::check::{self, Violation, holds};
use crate::federation::name;
use crate::replica::{Replica, index_of, readable_change};
use crate::trace::Brief;

/// Virtual seconds within which all nodes agree: a half-open link is noticed after 65, and then
/// entries travel a few hops, each of which may stall once.
const AGREEMENT_SECONDS: u64 = 300;

/// Virtual seconds after agreement for the last acknowledgements to arrive, and for half-open
/// links to be noticed and replaced.
const LAST_WORDS_SECONDS: u64 = 140;

/// Virtual seconds without anything but heartbeats.
const QUIET_SECONDS: u64 = 70;

impl Cluster {
    /// Heals everything and checks what the federation comes to.
    pub(super) fn settle(&mut self) -> Result<(), Violation> {
        self.note(format_args!("* heal"));
        self.heal()?;
        self.run_for(3_000_000)?;
        self.publish(0, None)?;
        let mut difference = None;
        for _ in 0..AGREEMENT_SECONDS {
            self.run_for(1_000_000)?;
            difference = self.difference();
            if difference.is_none() {
                break;
            }
        }
        holds(
            "all nodes agree after healing",
            difference.is_none(),
            || difference.unwrap_or_default(),
        )?;
        self.run_for(LAST_WORDS_SECONDS * 1_000_000)?;
        self.chatter = 0;
        self.run_for(QUIET_SECONDS * 1_000_000)?;
        let chatter = self.chatter;
        holds(
            "nodes in agreement only send heartbeats",
            chatter == 0,
            || format!("{chatter} messages"),
        )?;
        let difference = self.difference();
        holds("agreement lasts", difference.is_none(), || {
            difference.unwrap_or_default()
        })?;
        for machine in &self.machines {
            check::acknowledged(machine, &self.reference)?;
        }
        let spaces: Vec<SpaceId> = self.reference.spaces().copied().collect();
        spaces
            .iter()
            .try_for_each(|space| self.space_is_right(space))
    }

    /// The manifest of a space on its steward's disk; `None` when it was never durable there.
    fn final_manifest(&self, space: &SpaceId) -> Option<&Manifest> {
        self.machines.iter().find_map(|machine| {
            let (manifest, _) = machine.disk.contents.manifests.get(space)?;
            (manifest.steward == machine.id).then_some(manifest)
        })
    }

    /// The first thing in which the machines do not agree yet.
    fn difference(&self) -> Option<String> {
        for machine in &self.machines {
            let who = name(machine.index);
            if machine.disk.is_busy() {
                return Some(format!("the disk of {who} is busy"));
            }
            if let Some((number, request)) = machine.requests.first_key_value() {
                return Some(format!(
                    "{who} owes an answer to #{}: {request:?}",
                    number.0
                ));
            }
            let version = machine.disk.contents.roster_version;
            if version != self.reference.roster_version {
                return Some(format!("{who} has roster {version}"));
            }
        }
        let mut spaces = self.reference.spaces();
        spaces.find_map(|space| self.difference_in(space))
    }

    fn difference_in(&self, space: &SpaceId) -> Option<String> {
        let manifest = self.final_manifest(space)?;
        let steward = self.index_of(&manifest.steward)?;
        let expected = self.machines[steward].disk.contents.frontier(space);
        let (_, signed) = self.machines[steward].disk.contents.manifests.get(space)?;
        for reader in self.readers(manifest) {
            let machine = &self.machines[reader];
            let who = format!("{} {}", Brief(space), name(reader));
            let ours = machine.disk.contents.manifests.get(space);
            if ours.is_none_or(|(_, ours)| ours != signed) {
                let version = ours.map(|(manifest, _)| manifest.version);
                return Some(format!(
                    "{who} has manifest {version:?}, not {}",
                    manifest.version
                ));
            }
            let frontier = machine.disk.contents.frontier(space);
            if frontier != expected {
                let (ours, theirs) = (brief(&frontier), brief(&expected));
                return Some(format!("{who} has{ours}, the steward{theirs}"));
            }
            let node = machine.node.as_ref()?;
            if node.frontier(space).unwrap_or_default() != frontier {
                return Some(format!("{who} does not know its own frontier"));
            }
        }
        None
    }

    /// All readers hold what was acknowledged and apply exactly what counts.
    fn space_is_right(&self, space: &SpaceId) -> Result<(), Violation> {
        let Some(manifest) = self.final_manifest(space) else {
            return Ok(());
        };
        let Some(steward) = self.index_of(&manifest.steward) else {
            return Ok(());
        };
        let frontier = self.machines[steward].disk.contents.frontier(space);
        let counted: BTreeMap<_, _> = frontier
            .iter()
            .map(|(feed, length)| (*feed, manifest.permitted(feed).min(*length)))
            .collect();
        let (digest, places) = self.reference.applied(*space, &counted);
        for reader in self.readers(manifest) {
            let replica = self.machines[reader].disk.contents.replicas.get(space);
            let ours = replica.map(Replica::digest).unwrap_or_default();
            holds(
                "equal frontiers make equal documents",
                ours == digest,
                || format!("{} {}", name(reader), Brief(space)),
            )?;
        }
        let everything_counts = counted == frontier;
        for known in self
            .reference
            .acknowledged
            .iter()
            .filter(|known| known.space == *space)
        {
            let seen = || format!("{} {known:?}", Brief(space));
            let held = frontier
                .get(&known.feed)
                .is_some_and(|length| *length > known.seq);
            let readable = manifest.may_read(&known.feed.author);
            holds(
                "all readers hold what was acknowledged",
                held || !readable,
                seen,
            )?;
            let authored = self.reference.feeds.get(&(*space, known.feed));
            let entry = authored.and_then(|authored| authored.entries.get(index_of(known.seq)));
            let change = entry.and_then(|entry| readable_change(&known.feed, entry));
            let applied = places.contains(&(known.feed, known.seq));
            let must = held && everything_counts && change.is_some();
            holds(
                "all readers apply what was acknowledged",
                applied || !must,
                seen,
            )?;
        }
        self.documents_load(steward, space)
    }
}

fn brief(frontier: &BTreeMap<phaki_replication::id::FeedId, u64>) -> String {
    frontier
        .iter()
        .map(|(feed, length)| format!(" {}={length}", Brief(feed)))
        .collect()
}
