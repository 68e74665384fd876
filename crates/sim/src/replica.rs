//! The documents of one space at one machine: which changes are applied, as a store keeps it.

use std::collections::BTreeMap;

use bytes::Bytes;
use phaki_documents::causal::{Admitted, ChangeIndex, MemoryIndex, admit, heads_digest};
use phaki_documents::change::{ChangeHash, ChangeSummary, summarise};
use phaki_documents::kind::DocumentId;
use phaki_documents::payload;
use phaki_replication::entry::{Entry, EntryKind, Payload};
use phaki_replication::id::FeedId;
use phaki_replication::manifest::Manifest;
use phaki_replication::republish::Republished;
use phaki_replication::roster::Roster;

use crate::disk::StoredFeed;

/// Where the entry of a change stands in its space.
pub(crate) type EntryPlace = (FeedId, u64);

/// The applied changes of a space.
#[derive(Clone, Debug)]
pub(crate) struct Replica {
    index: MemoryIndex<EntryPlace>,
    /// How many entries of each feed were taken into account.
    advanced: BTreeMap<FeedId, u64>,
    /// XOR of the digests of all documents.
    digest: [u8; 32],
}

/// What decides whether an entry that is published again counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rights<'a> {
    pub(crate) manifest: &'a Manifest,
    pub(crate) roster: &'a Roster,
}

/// A change as an entry has it.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    /// The feed in which it stood first.
    pub(crate) feed: FeedId,
    pub(crate) document: DocumentId,
    pub(crate) summary: ChangeSummary,
}

/// What payloads say, read once for all machines.
#[derive(Debug, Default)]
pub(crate) struct Readings(BTreeMap<(FeedId, EntryKind, Bytes), Option<Reading>>);

impl Default for Replica {
    fn default() -> Self {
        Self {
            index: MemoryIndex::new(),
            advanced: BTreeMap::new(),
            digest: [0; 32],
        }
    }
}

impl Replica {
    /// How many entries of a feed were taken into account.
    pub(crate) fn advanced(&self, feed: &FeedId) -> u64 {
        self.advanced.get(feed).copied().unwrap_or(0)
    }

    /// The digest over the heads of all documents.
    pub(crate) fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// The documents with a known change.
    pub(crate) fn documents(&self) -> impl Iterator<Item = &DocumentId> {
        self.index.documents()
    }

    /// The heads of a document.
    pub(crate) fn heads(&self, document: &DocumentId) -> Vec<ChangeHash> {
        let Ok(heads) = self.index.clone().heads(document);
        heads
    }

    /// Where the applied changes of a document stand.
    pub(crate) fn places(&self, document: &DocumentId) -> Vec<EntryPlace> {
        self.index
            .applied(document)
            .into_iter()
            .map(|(_, place)| place)
            .collect()
    }

    /// Takes the entries of a feed into account that count and were not yet.
    pub(crate) fn advance(
        &mut self,
        readings: &mut Readings,
        rights: Rights<'_>,
        feed: FeedId,
        stored: &StoredFeed,
    ) {
        let from = self.advanced(&feed);
        let to = stored.length().min(stored.permitted);
        for (seq, entry) in (from..to).zip(stored.entries.iter().skip(index_of(from))) {
            if let Some(reading) = readings.read(&feed, entry)
                && rights.allow(&feed, reading)
            {
                self.admit(&reading.document, &reading.summary, (feed, seq));
            }
        }
        if to > from {
            self.advanced.insert(feed, to);
        }
    }

    fn admit(&mut self, document: &DocumentId, summary: &ChangeSummary, place: EntryPlace) {
        let Ok(before) = self.index.heads(document);
        let Ok(admitted) = admit(&mut self.index, document, summary, place);
        if let Admitted::Applied { heads, .. } | Admitted::Rebuilt { heads } = admitted {
            if !before.is_empty() {
                self.toggle(heads_digest(document, &before));
            }
            if !heads.is_empty() {
                self.toggle(heads_digest(document, &heads));
            }
        }
    }

    fn toggle(&mut self, digest: [u8; 32]) {
        for (byte, other) in self.digest.iter_mut().zip(digest) {
            *byte ^= other;
        }
    }
}

impl Rights<'_> {
    /// Whether what stands in `feed` may stand there.
    pub(crate) fn allow(&self, feed: &FeedId, reading: &Reading) -> bool {
        self.may_republish(feed, &reading.feed)
    }

    /// Whether what stood in the feed `original` may stand in `feed`.
    pub(crate) fn may_republish(&self, feed: &FeedId, original: &FeedId) -> bool {
        let (publisher, author) = (&feed.author, &original.author);
        original == feed || self.manifest.may_republish(self.roster, publisher, author)
    }
}

impl Readings {
    fn read(&mut self, feed: &FeedId, entry: &Entry) -> Option<&Reading> {
        let Payload::Present(payload) = &entry.payload else {
            return None;
        };
        let key = (*feed, entry.kind, payload.clone());
        let reading = self.0.entry(key).or_insert_with(|| read(feed, entry));
        reading.as_ref()
    }
}

/// The change in an entry, when it is one that its author may make; everything else is kept in
/// the feed and never applied.
pub(crate) fn read(feed: &FeedId, entry: &Entry) -> Option<Reading> {
    let Payload::Present(bytes) = &entry.payload else {
        return None;
    };
    let (feed, bytes) = match entry.kind {
        EntryKind::CHANGE => (*feed, bytes.as_ref()),
        EntryKind::REPUBLISHED => {
            let (feed, _, bytes) = Republished::decode(bytes)?;
            (feed, bytes)
        }
        _ => return None,
    };
    let payload = payload::decode(bytes).ok()?;
    let summary = summarise(payload.change).ok()?;
    let document = payload.document;
    let own_actor = summary.actor.starts_with(&feed.actor_prefix());
    own_actor.then_some(Reading {
        feed,
        document,
        summary,
    })
}

/// A position as an index.
pub(crate) fn index_of(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}
