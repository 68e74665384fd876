//! What must be true of the federation, kept in the simplest way that can be: what every author
//! wrote durably, what was acknowledged, and every right that a steward ever signed.

use std::collections::{BTreeMap, BTreeSet};

use phaki_documents::causal::heads_digest;
use phaki_documents::change::{ChangeHash, ChangeSummary};
use phaki_documents::kind::DocumentId;
use phaki_replication::entry::Entry;
use phaki_replication::feed::{Checkpoint, Run};
use phaki_replication::id::{FeedId, NodeId, SpaceId};
use phaki_replication::manifest::Manifest;

use crate::replica::{index_of, readable_change};

/// A feed as its author's own disk has it.
#[derive(Debug, Default)]
pub(crate) struct Authored {
    pub(crate) entries: Vec<Entry>,
    pub(crate) checkpoints: BTreeMap<u64, Checkpoint>,
}

/// An entry whose client was told that it is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Acknowledged {
    pub(crate) space: SpaceId,
    pub(crate) feed: FeedId,
    pub(crate) seq: u64,
}

/// The reference.
#[derive(Debug, Default)]
pub(crate) struct Reference {
    pub(crate) feeds: BTreeMap<(SpaceId, FeedId), Authored>,
    pub(crate) acknowledged: BTreeSet<Acknowledged>,
    /// Every manifest that a steward signed, in force or not.
    issued: BTreeMap<SpaceId, Vec<Manifest>>,
    /// The version of the newest manifest whose enactment was acknowledged.
    pub(crate) enacted: BTreeMap<SpaceId, u64>,
    /// The version of the newest roster that was signed.
    pub(crate) roster_version: u64,
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
    pub(crate) fn ever_readable(&self, space: &SpaceId, node: &NodeId) -> bool {
        let issued = self.issued.get(space);
        issued.is_some_and(|manifests| manifests.iter().any(|manifest| manifest.may_read(node)))
    }

    /// The spaces that exist.
    pub(crate) fn spaces(&self) -> impl Iterator<Item = &SpaceId> {
        self.issued.keys()
    }

    /// The author's own disk took a run. False when it does not continue what it took before.
    pub(crate) fn authored(&mut self, space: SpaceId, run: &Run) -> bool {
        let authored = self.feeds.entry((space, run.feed)).or_default();
        let continues = index_of(run.from) == authored.entries.len();
        if continues {
            authored.entries.extend(run.entries.iter().cloned());
            authored
                .checkpoints
                .insert(run.checkpoint.length, run.checkpoint);
        }
        continues
    }

    /// Whether a run is exactly what its author wrote there.
    pub(crate) fn wrote(&self, space: SpaceId, run: &Run) -> bool {
        let Some(authored) = self.feeds.get(&(space, run.feed)) else {
            return false;
        };
        let range = index_of(run.from)..index_of(run.end());
        authored.entries.get(range) == Some(run.entries.as_slice())
            && authored.checkpoints.get(&run.checkpoint.length) == Some(&run.checkpoint)
    }

    /// The digest of the heads of all documents of a space when of each feed the entries within
    /// `counted` are applied; and the places of the applied changes.
    pub(crate) fn applied(
        &self,
        space: SpaceId,
        counted: &BTreeMap<FeedId, u64>,
    ) -> ([u8; 32], BTreeSet<(FeedId, u64)>) {
        let mut documents: BTreeMap<DocumentId, Vec<(FeedId, u64, ChangeSummary)>> =
            BTreeMap::new();
        for (feed, length) in counted {
            let Some(authored) = self.feeds.get(&(space, *feed)) else {
                continue;
            };
            for (seq, entry) in (0..*length).zip(&authored.entries) {
                if let Some((document, change)) = readable_change(feed, entry) {
                    documents
                        .entry(document)
                        .or_default()
                        .push((*feed, seq, change));
                }
            }
        }
        let mut digest = [0; 32];
        let mut places = BTreeSet::new();
        for (document, changes) in documents {
            let heads = apply_all(&changes, &mut places);
            if !heads.is_empty() {
                let of_document = heads_digest(&document, &heads);
                digest
                    .iter_mut()
                    .zip(of_document)
                    .for_each(|(byte, other)| *byte ^= other);
            }
        }
        (digest, places)
    }
}

/// Applies whatever can be until nothing more can; returns the heads. Of two changes of one
/// actor with one number the first in the feed counts.
fn apply_all(
    changes: &[(FeedId, u64, ChangeSummary)],
    places: &mut BTreeSet<(FeedId, u64)>,
) -> Vec<ChangeHash> {
    let mut applied: BTreeMap<ChangeHash, &ChangeSummary> = BTreeMap::new();
    let mut turns: BTreeMap<&[u8], u64> = BTreeMap::new();
    let mut numbers = BTreeSet::new();
    let first: Vec<_> = changes
        .iter()
        .filter(|(.., change)| numbers.insert((&change.actor, change.seq)))
        .collect();
    loop {
        let before = applied.len();
        for (feed, seq, change) in &first {
            let known = applied.contains_key(&change.hash);
            let turn = turns.get(change.actor.as_slice()).copied().unwrap_or(0) + 1;
            let grounded = change.deps.iter().all(|dep| applied.contains_key(dep));
            if !known && change.seq == turn && grounded {
                applied.insert(change.hash, change);
                turns.insert(&change.actor, turn);
                places.insert((*feed, *seq));
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
    applied
        .into_keys()
        .filter(|hash| !followed.contains(hash))
        .collect()
}
