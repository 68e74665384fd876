//! What must be true of the federation, kept in the simplest way that can be: what every author
//! ever signed, what was acknowledged, and every right that a steward ever signed.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use phaki_documents::causal::heads_digest;
use phaki_documents::change::{ChangeHash, ChangeSummary};
use phaki_documents::kind::DocumentId;
use phaki_replication::entry::{Entry, EntryKind};
use phaki_replication::feed::{Checkpoint, Run};
use phaki_replication::id::{FeedId, Hash, NodeId, SpaceId};
use phaki_replication::manifest::Manifest;
use phaki_replication::roster::Roster;

use crate::disk::StoredFeed;
use crate::replica::{Rights, index_of, read};

/// One way in which an author continued a feed. There are several when its store was put back or
/// copied, or its key was misused.
#[derive(Clone, Debug, Default)]
struct Authored {
    entries: Vec<Entry>,
    checkpoints: BTreeMap<u64, Checkpoint>,
}

/// The machine of an acknowledged entry whose own disk was lost.
pub(crate) const NOWHERE: usize = usize::MAX;

/// An entry whose client was told that it is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    /// The machine that said so.
    pub(crate) machine: usize,
    pub(crate) space: SpaceId,
    pub(crate) feed: FeedId,
    pub(crate) seq: u64,
    pub(crate) kind: EntryKind,
    pub(crate) payload: Bytes,
}

/// The reference.
#[derive(Debug, Default)]
pub(crate) struct Reference {
    feeds: BTreeMap<(SpaceId, FeedId), Vec<Authored>>,
    /// Changes that somebody made who had the key of another: of two with one number only one
    /// counts, and what follows the other one waits for ever.
    strange: BTreeSet<ChangeHash>,
    /// Feeds that may go on in several ways.
    pub(crate) forkable: BTreeSet<FeedId>,
    pub(crate) acknowledged: Vec<Acknowledged>,
    /// Every manifest that a steward signed, in force or not.
    issued: BTreeMap<SpaceId, Vec<Manifest>>,
    /// The version of the newest manifest whose enactment a machine acknowledged.
    pub(crate) enacted: BTreeMap<(usize, SpaceId), u64>,
    /// The version of the newest roster that was signed.
    pub(crate) roster_version: u64,
    /// Spaces of which something was on a disk that was lost.
    pub(crate) lossy: BTreeSet<SpaceId>,
    /// The most of a feed that a node ever held durably.
    pub(crate) reached: BTreeMap<(NodeId, SpaceId, FeedId), u64>,
}

impl Reference {
    /// A federation in which nothing happened but that its first roster was signed.
    pub(crate) fn new() -> Self {
        Self {
            roster_version: 1,
            ..Self::default()
        }
    }

    /// A steward signed a manifest.
    pub(crate) fn issue(&mut self, manifest: Manifest) {
        self.issued
            .entry(manifest.space)
            .or_default()
            .push(manifest);
    }

    /// Whether any manifest of a space ever let a node read it.
    pub(crate) fn ever_readable(&self, roster: &Roster, space: &SpaceId, node: &NodeId) -> bool {
        let mut issued = self.issued.get(space).into_iter().flatten();
        issued.any(|manifest| manifest.may_read(roster, node))
    }

    /// The spaces that exist.
    pub(crate) fn spaces(&self) -> impl Iterator<Item = &SpaceId> {
        self.issued.keys()
    }

    /// An author signed a run behind the entry with that hash, the last on its disk. False when it signed
    /// something else there before, which an intact store does not do.
    pub(crate) fn authored(
        &mut self,
        space: SpaceId,
        run: &Run,
        head: Option<Hash>,
        stored: Option<&StoredFeed>,
    ) -> bool {
        let lives = self.feeds.entry((space, run.feed)).or_default();
        let intact = match lives.iter_mut().find(|life| life.head() == head) {
            Some(life) => {
                life.take(run);
                true
            }
            None => {
                let first = lives.is_empty();
                let mut life = Authored::default();
                if let Some(stored) = stored {
                    life.entries.clone_from(&stored.entries);
                    life.checkpoints.clone_from(&stored.checkpoints);
                }
                life.take(run);
                lives.push(life);
                first
            }
        };
        intact || self.forkable.contains(&run.feed)
    }

    /// Somebody who has the key of an author signs a run behind the first entries of its feed.
    pub(crate) fn misused(&mut self, space: SpaceId, run: &Run, stored: &StoredFeed) {
        let mut life = Authored {
            entries: stored.entries[..index_of(run.from)].to_vec(),
            checkpoints: stored.checkpoints.clone(),
        };
        life.checkpoints.retain(|length, _| *length <= run.from);
        life.take(run);
        let made = run
            .entries
            .iter()
            .filter_map(|entry| read(&run.feed, entry));
        self.strange.extend(made.map(|change| change.summary.hash));
        self.forkable.insert(run.feed);
        self.feeds.entry((space, run.feed)).or_default().push(life);
    }

    /// The changes among these that are not applied and need not be: those of strangers, and what
    /// follows them.
    pub(crate) fn excused<'a>(
        &self,
        feeds: impl Iterator<Item = (&'a FeedId, &'a StoredFeed)>,
        applied: &BTreeSet<ChangeHash>,
    ) -> BTreeSet<ChangeHash> {
        let entries =
            feeds.flat_map(|(feed, stored)| stored.entries.iter().map(move |e| (feed, e)));
        let changes = entries.filter_map(|(feed, entry)| Some(read(feed, entry)?.summary));
        let waiting = changes.filter(|change| !applied.contains(&change.hash));
        let waiting: Vec<ChangeSummary> = waiting.collect();
        let mut excused: BTreeSet<_> = self.strange.difference(applied).copied().collect();
        loop {
            let before = excused.len();
            let follow = |change: &&ChangeSummary| {
                change.deps.iter().any(|dep| excused.contains(dep))
                    || waiting.iter().any(|earlier| {
                        (&earlier.actor, earlier.seq + 1) == (&change.actor, change.seq)
                            && excused.contains(&earlier.hash)
                    })
            };
            let more: Vec<_> = waiting.iter().filter(follow).map(|c| c.hash).collect();
            excused.extend(more);
            if excused.len() == before {
                return excused;
            }
        }
    }

    /// Whether a run is exactly what its author wrote there.
    pub(crate) fn wrote(&self, space: SpaceId, run: &Run) -> bool {
        let range = index_of(run.from)..index_of(run.end());
        let lives = self.feeds.get(&(space, run.feed));
        lives.into_iter().flatten().any(|life| {
            life.entries.get(range.clone()) == Some(run.entries.as_slice())
                && life.checkpoints.get(&run.checkpoint.length) == Some(&run.checkpoint)
        })
    }
}

/// The digest of the heads of all documents of a space when of each feed the entries that count
/// are applied; and the hashes of all applied changes.
pub(crate) fn applied<'a>(
    rights: Rights<'_>,
    feeds: impl Iterator<Item = (&'a FeedId, &'a StoredFeed)>,
) -> ([u8; 32], BTreeSet<ChangeHash>) {
    let mut documents: BTreeMap<DocumentId, Vec<ChangeSummary>> = BTreeMap::new();
    for (feed, stored) in feeds {
        let counted = stored.length().min(stored.permitted);
        for entry in stored.entries.iter().take(index_of(counted)) {
            let reading = read(feed, entry).filter(|reading| rights.allow(feed, reading));
            if let Some(reading) = reading {
                let changes = documents.entry(reading.document).or_default();
                changes.push(reading.summary);
            }
        }
    }
    let mut digest = [0; 32];
    let mut hashes = BTreeSet::new();
    for (document, changes) in documents {
        let heads = apply_all(changes, &mut hashes);
        if !heads.is_empty() {
            let of_document = heads_digest(&document, &heads);
            digest
                .iter_mut()
                .zip(of_document)
                .for_each(|(byte, other)| *byte ^= other);
        }
    }
    (digest, hashes)
}

/// Applies whatever can be until nothing more can; returns the heads. Of different changes of one
/// actor with one number the one with the smallest hash counts.
fn apply_all(
    mut changes: Vec<ChangeSummary>,
    hashes: &mut BTreeSet<ChangeHash>,
) -> Vec<ChangeHash> {
    changes.sort_by_key(|change| change.hash);
    changes.dedup_by_key(|change| change.hash);
    let mut numbers = BTreeSet::new();
    let first: Vec<_> = changes
        .iter()
        .filter(|change| numbers.insert((&change.actor, change.seq)))
        .collect();
    let mut applied: BTreeMap<ChangeHash, &ChangeSummary> = BTreeMap::new();
    let mut turns: BTreeMap<&[u8], u64> = BTreeMap::new();
    loop {
        let before = applied.len();
        for change in &first {
            let known = applied.contains_key(&change.hash);
            let turn = turns.get(change.actor.as_slice()).copied().unwrap_or(0) + 1;
            let grounded = change.deps.iter().all(|dep| applied.contains_key(dep));
            if !known && change.seq == turn && grounded {
                applied.insert(change.hash, change);
                turns.insert(&change.actor, turn);
            }
        }
        if applied.len() == before {
            break;
        }
    }
    let followed: BTreeSet<ChangeHash> = applied
        .values()
        .flat_map(|change| change.deps.iter().copied())
        .collect();
    hashes.extend(applied.keys());
    let mut heads: Vec<ChangeHash> = applied.into_keys().collect();
    heads.retain(|hash| !followed.contains(hash));
    heads
}

impl Authored {
    fn head(&self) -> Option<Hash> {
        let (_, last) = self.checkpoints.last_key_value()?;
        Some(last.head)
    }

    fn take(&mut self, run: &Run) {
        self.entries.extend(run.entries.iter().cloned());
        self.checkpoints
            .insert(run.checkpoint.length, run.checkpoint);
    }
}
