//! The end of a run: everything heals, and then all must come to agree, be right, and be quiet.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use phaki_documents::change::ChangeHash;
use phaki_replication::entry::{Entry, EntryKind, Payload};
use phaki_replication::id::{FeedId, Hash, SpaceId};
use phaki_replication::manifest::Manifest;
use phaki_replication::republish::Republished;

use super::Cluster;
use crate::check::{self, Violation, holds};
use crate::disk::Contents;
use crate::federation::{name, reachable};
use crate::machine::Machine;
use crate::reference::{Acknowledged, applied};
use crate::replica::{Replica, Rights, index_of, read};
use crate::trace::Brief;

/// Virtual seconds within which all nodes agree: a half-open link is noticed after 65, and then
/// entries travel a few hops, each of which may stall once.
const AGREEMENT_SECONDS: u64 = 300;

/// Virtual seconds in which clones that still run meet others.
const CLONES_SECONDS: u64 = 40;

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
        self.run_for(CLONES_SECONDS * 1_000_000)?;
        self.retire_all()?;
        self.publish(0, None)?;
        let mut difference = None;
        for _ in 0..AGREEMENT_SECONDS {
            self.admit_all()?;
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
        for machine in self.machines.iter().filter(|machine| !machine.retired) {
            check::acknowledged(machine, &self.reference)?;
        }
        let spaces: Vec<SpaceId> = self.reference.spaces().copied().collect();
        spaces
            .iter()
            .try_for_each(|space| self.space_is_right(space))
    }

    /// The newest manifest of a space among those that have it and may read it by it; `None` when
    /// nobody does.
    fn final_manifest(&self, space: &SpaceId) -> Option<(&Manifest, Hash)> {
        let machines = self.machines.iter().filter(|machine| !machine.retired);
        let known = machines.filter_map(|machine| {
            let (manifest, signed) = machine.disk.contents.manifests.get(space)?;
            let reads = manifest.may_read(&self.roster, &machine.id);
            reads.then(|| (manifest, signed.hash()))
        });
        known.max_by_key(|(manifest, hash)| manifest.rank(&self.roster, *hash))
    }

    /// The first thing in which the machines do not agree yet.
    fn difference(&self) -> Option<String> {
        let branches = |machine: &Machine| {
            let branches = machine.disk.contents.branches.values();
            branches
                .map(|(_, signed)| signed.hash())
                .collect::<Vec<_>>()
        };
        let expected = branches(&self.machines[0]);
        for machine in self.machines.iter().filter(|machine| !machine.retired) {
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
            let version = machine.disk.contents.roster.version;
            if version != self.reference.roster_version {
                return Some(format!("{who} has roster {version}"));
            }
            if branches(machine) != expected {
                return Some(format!("{who} has other branches than {}", name(0)));
            }
        }
        let mut spaces = self.reference.spaces();
        spaces.find_map(|space| self.difference_in(space))
    }

    fn difference_in(&self, space: &SpaceId) -> Option<String> {
        let (manifest, hash) = self.final_manifest(space)?;
        let readers = self.readers(manifest);
        let first = &self.machines[*readers.first()?];
        let expected = first.disk.contents.frontier(space);
        for reader in &readers {
            let machine = &self.machines[*reader];
            let contents = &machine.disk.contents;
            let who = format!("{} {}", Brief(space), name(*reader));
            let ours = contents.manifests.get(space);
            if ours.is_none_or(|(_, ours)| ours.hash() != hash) {
                let version = ours.map(|(manifest, _)| manifest.version);
                return Some(format!(
                    "{who} has manifest {version:?}, not {}",
                    manifest.version
                ));
            }
            let frontier = contents.frontier(space);
            if frontier != expected {
                let (ours, theirs) = (brief(&frontier), brief(&expected));
                return Some(format!("{who} has{ours}, {}{theirs}", name(first.index)));
            }
            let node = machine.node.as_ref()?;
            if node.frontier(space).unwrap_or_default() != frontier {
                return Some(format!("{who} does not know its own frontier"));
            }
            if let Some(difference) = self.difference_of_people(manifest, &readers, *reader) {
                return Some(format!("{who} {difference}"));
            }
            let told: BTreeMap<_, _> = node.receipts(space).map(|r| (r.node, &r.feeds)).collect();
            let silent = readers.iter().find(|other| {
                let id = self.machines[**other].id;
                readers.len() > 1
                    && self.hears_of(manifest, &readers, *reader, **other)
                    && told.get(&id) != Some(&&frontier)
            });
            if let Some(other) = silent.filter(|_| !frontier.is_empty()) {
                let seen = told
                    .get(&self.machines[*other].id)
                    .map(|feeds| brief(feeds));
                return Some(format!(
                    "{who} has a receipt of {} for {seen:?}, not{}",
                    name(*other),
                    brief(&frontier)
                ));
            }
        }
        None
    }

    /// Whether a reader keeps the receipts of another one, and so do all on some way between them.
    fn hears_of(
        &self,
        space: &Manifest,
        readers: &BTreeSet<usize>,
        reader: usize,
        of: usize,
    ) -> bool {
        let signer = self.machines[of].id;
        let keeps = |machine: &usize| {
            let id = &self.machines[*machine].id;
            space.keeping(&self.roster, id).keeps(&signer)
        };
        let keepers: BTreeSet<usize> = readers.iter().copied().filter(keeps).collect();
        keepers.contains(&reader) && reachable(&self.network.edges, of, &keepers).contains(&reader)
    }

    /// All readers hold what was acknowledged and apply exactly what counts.
    fn space_is_right(&self, space: &SpaceId) -> Result<(), Violation> {
        let Some((manifest, _)) = self.final_manifest(space) else {
            return Ok(());
        };
        let readers = self.readers(manifest);
        let Some(first) = readers.first() else {
            return Ok(());
        };
        let contents = &self.machines[*first].disk.contents;
        let counted = contents.counted(space);
        let rights = Rights {
            manifest,
            roster: &contents.roster,
        };
        let (digest, applied) = applied(rights, contents.feeds_of(space));
        for reader in &readers {
            let theirs = &self.machines[*reader].disk.contents;
            let replica = theirs.replicas.get(space);
            let seen = || format!("{} {}", name(*reader), Brief(space));
            holds(
                "equal frontiers make equal documents",
                replica.map(Replica::digest).unwrap_or_default() == digest,
                seen,
            )?;
            let same = theirs.counted(space) == counted;
            holds("equal frontiers make equal quarantine", same, seen)?;
        }
        self.nothing_is_lost(space, rights, &applied)?;
        self.documents_load(*first, space)
    }

    /// What was acknowledged, and was not signed without the right to, counts everywhere: where it
    /// was written, or published again.
    fn nothing_is_lost(
        &self,
        space: &SpaceId,
        rights: Rights<'_>,
        applied: &BTreeSet<ChangeHash>,
    ) -> Result<(), Violation> {
        let readers = self.readers(rights.manifest);
        let Some(first) = readers.first() else {
            return Ok(());
        };
        let contents = &self.machines[*first].disk.contents;
        let counted = contents.counted(space);
        let again = published(contents, space, rights);
        let everything_counts =
            counted == contents.frontier(space) && !self.reference.lossy.contains(space);
        let mut missing = false;
        let of_space = |known: &&Acknowledged| known.space == *space;
        let known: Vec<_> = self
            .reference
            .acknowledged
            .iter()
            .filter(of_space)
            .collect();
        for known in &known {
            let payload = Payload::Present(known.payload.clone());
            let in_place = contents.feeds.get(&(*space, known.feed));
            let in_place = in_place.and_then(|stored| stored.entries.get(index_of(known.seq)));
            let in_place = in_place.is_some_and(|entry| entry.payload == payload);
            let place = (known.feed, known.seq, known.payload.clone());
            let held = in_place || again.contains(&place);
            missing |= !held;
            holds(
                "all readers hold what was acknowledged",
                held || !self.is_owed(known, rights, &readers),
                || format!("{} {known:?}", Brief(space)),
            )?;
        }
        if missing || !everything_counts {
            return Ok(());
        }
        let excused = self.reference.excused(contents.feeds_of(space), applied);
        for known in known {
            let entry = Entry {
                kind: known.kind,
                time_ms: 0,
                payload: Payload::Present(known.payload.clone()),
            };
            let change = read(&known.feed, &entry);
            let is_right = change.is_none_or(|change| {
                let hash = &change.summary.hash;
                applied.contains(hash) || excused.contains(hash)
            });
            holds("all readers apply what was acknowledged", is_right, || {
                format!("{} {known:?}", Brief(space))
            })?;
        }
        Ok(())
    }

    /// Whether an acknowledged entry must be held in the end: its author may write, and some reader
    /// has the entry, be it cut off.
    fn is_owed(&self, known: &Acknowledged, rights: Rights<'_>, readers: &BTreeSet<usize>) -> bool {
        let Some(author) = self.index_of(&known.feed.author) else {
            return false;
        };
        let own = self.machines[author].feed();
        let may_write = rights.manifest.permitted(rights.roster, &own) == u64::MAX;
        let has = |reader: &usize| check::is_held(&self.machines[*reader].disk.contents, known);
        readers.iter().any(has) && may_write && known.kind == EntryKind::CHANGE
    }
}

/// What is published again in a space, where that counts: where it stood, and its payload.
fn published(
    contents: &Contents,
    space: &SpaceId,
    rights: Rights<'_>,
) -> BTreeSet<(FeedId, u64, Bytes)> {
    let mut published = BTreeSet::new();
    for (feed, stored) in contents.feeds_of(space) {
        let counted = index_of(stored.length().min(stored.permitted));
        let entries = stored.entries.iter().take(counted);
        for entry in entries.filter(|entry| entry.kind == EntryKind::REPUBLISHED) {
            if let Payload::Present(payload) = &entry.payload
                && let Some((original, seq, change)) = Republished::decode(payload)
                && rights.may_republish(feed, &original)
            {
                published.insert((original, seq, Bytes::copy_from_slice(change)));
            }
        }
    }
    published
}

fn brief(frontier: &BTreeMap<FeedId, u64>) -> String {
    frontier
        .iter()
        .map(|(feed, length)| format!(" {}={length}", Brief(feed)))
        .collect()
}
