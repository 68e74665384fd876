//! Cutting a feed off, what is held at a place of it, and what becomes of the entries behind a cut.

use std::collections::BTreeSet;

use bytes::Bytes;
use phaki_replication::entry::{EntryKind, Payload, root};
use phaki_replication::feed::Run;
use phaki_replication::id::{FeedId, Hash, NodeId, SpaceId};
use phaki_replication::limits::REPUBLISHED_AT_ONCE;
use phaki_replication::message::SeveredRun;
use phaki_replication::node::{KeptRun, NewEntry, Place};
use phaki_replication::republish::Republished;

use super::contents::{Contents, StoredFeed, bytes_of};
use crate::replica::{Rights, index_of};

/// A run that was cut off, with the hash of the entry before it.
#[derive(Clone, Debug)]
pub(crate) struct Severed {
    pub(crate) space: SpaceId,
    pub(crate) previous: Hash,
    pub(crate) run: Run,
    /// Kept for another node until that one has published it again.
    pub(crate) carried: bool,
}

impl Severed {
    fn name(&self) -> SeveredRun {
        SeveredRun {
            feed: self.run.feed,
            from: self.run.from,
            head: self.run.checkpoint.head,
        }
    }

    /// What of it can be published again, ready for that.
    fn again(&self) -> impl Iterator<Item = Bytes> {
        let entries = (self.run.from..).zip(&self.run.entries);
        entries.filter_map(|(seq, entry)| {
            let publishable = [EntryKind::CHANGE, EntryKind::REPUBLISHED].contains(&entry.kind);
            let again = publishable.then(|| Republished::again(&self.run.feed, seq, entry));
            again.flatten()
        })
    }
}

impl Contents {
    /// Ends a feed before position `at` and sets aside what is held beyond.
    pub(super) fn cut(&mut self, space: SpaceId, feed: FeedId, at: u64) {
        let Some(mut stored) = self.feeds.remove(&(space, feed)) else {
            return;
        };
        if stored.length() > at {
            let head = self.head_at(&space, &feed, &stored, at);
            self.set_aside_from(space, feed, &stored, (at, head));
            let beyond = &stored.entries[index_of(at)..];
            for entry in beyond.iter().filter(|e| e.kind == EntryKind::REPUBLISHED) {
                if let Payload::Present(payload) = &entry.payload {
                    let places = self.published.entry((space, payload.clone())).or_default();
                    places.retain(|(publisher, seq)| *publisher != feed || *seq < at);
                }
            }
            stored.entries.truncate(index_of(at));
            stored.checkpoints.retain(|length, _| *length <= at);
            stored.bytes = bytes_of(&stored.entries);
            stored.head = head;
        }
        if at > 0 {
            self.feeds.insert((space, feed), stored);
        }
    }

    fn set_aside_from(
        &mut self,
        space: SpaceId,
        feed: FeedId,
        stored: &StoredFeed,
        (at, head): (u64, Hash),
    ) {
        let (mut from, mut previous) = (at, head);
        for (length, checkpoint) in stored.checkpoints.range(at + 1..) {
            let entries = stored.entries[index_of(from)..index_of(*length)].to_vec();
            let run = Run {
                feed,
                from,
                entries,
                checkpoint: *checkpoint,
            };
            self.set_aside(Severed {
                space,
                previous,
                run,
                carried: false,
            });
            (from, previous) = (*length, checkpoint.head);
        }
        // An earlier cut left no checkpoint at the end: what lies behind it has one.
        let rest = &stored.entries[index_of(from)..];
        let beyond = self.severed.iter_mut().find(|severed| {
            let there = (severed.space, severed.run.feed, severed.run.from);
            there == (space, feed, stored.length()) && severed.previous == stored.head
        });
        if let Some(beyond) = beyond.filter(|_| !rest.is_empty()) {
            beyond.run.entries.splice(..0, rest.iter().cloned());
            (beyond.run.from, beyond.previous) = (from, previous);
        }
    }

    /// Keeps a run that was cut off, once.
    pub(super) fn set_aside(&mut self, severed: Severed) {
        let same =
            |other: &&mut Severed| other.space == severed.space && other.name() == severed.name();
        match self.severed.iter_mut().find(same) {
            Some(known) => known.carried &= severed.carried,
            None => self.severed.push(severed),
        }
    }

    /// Keeps a run that another node had to cut off; one of others only while somebody waits.
    pub(super) fn take_severed(&mut self, severed: Severed) {
        if !severed.carried || !self.is_settled(&severed) {
            self.set_aside(severed);
        }
    }

    /// Forgets what was kept for others and is published again.
    pub(super) fn forget_carried(&mut self) {
        let severed = std::mem::take(&mut self.severed);
        let waits = |severed: &Severed| !severed.carried || !self.is_settled(severed);
        self.severed = severed.into_iter().filter(waits).collect();
    }

    /// Whether all of it was published again where it counts, by somebody who may.
    fn is_settled(&self, severed: &Severed) -> bool {
        let mut again = severed.again();
        again.all(|payload| self.is_published(&severed.space, &payload))
    }

    fn is_published(&self, space: &SpaceId, payload: &Bytes) -> bool {
        let Some((manifest, _)) = self.manifests.get(space) else {
            return false;
        };
        let rights = Rights {
            manifest,
            roster: &self.roster,
        };
        let original = Republished::decode(payload).map(|(feed, ..)| feed);
        let places = self.published.get(&(*space, payload.clone()));
        original.is_some_and(|original| {
            places.into_iter().flatten().any(|(feed, seq)| {
                let stored = self.feeds.get(&(*space, *feed));
                stored.is_some_and(|stored| *seq < stored.permitted)
                    && rights.may_republish(feed, &original)
            })
        })
    }

    /// See `Effect::ListSevered`.
    pub(crate) fn kept(&self, space: &SpaceId) -> Vec<KeptRun> {
        let of_space = self
            .severed
            .iter()
            .filter(|severed| severed.space == *space);
        let kept = |severed: &Severed| KeptRun {
            run: severed.name(),
            bytes: bytes_of(&severed.run.entries),
            carried: severed.carried,
            settled: self.is_settled(severed),
        };
        of_space.map(kept).collect()
    }

    /// The hash of the last of the first `at` entries.
    fn head_at(&self, space: &SpaceId, feed: &FeedId, stored: &StoredFeed, at: u64) -> Hash {
        let start = (0, root(&self.federation, space, feed));
        let before = stored.checkpoints.range(..=at).next_back();
        let (from, head) = before.map_or(start, |(length, checkpoint)| (*length, checkpoint.head));
        let entries = stored.entries[index_of(from)..index_of(at)].iter();
        (from..)
            .zip(entries)
            .fold(head, |head, (seq, entry)| entry.hash(&head, seq))
    }

    /// See `Effect::Examine`.
    pub(crate) fn place(&self, space: &SpaceId, feed: &FeedId, at: u64) -> Option<Place> {
        let stored = self.feeds.get(&(*space, *feed))?;
        (at <= stored.length()).then(|| Place {
            at,
            head: self.head_at(space, feed, stored, at),
            bytes: bytes_of(&stored.entries[..index_of(at)]),
            run: self.read(space, feed, at, 0),
        })
    }

    /// What stands before the end of a cut feed and has its checkpoint behind it.
    pub(super) fn run_across_cut(&self, space: &SpaceId, feed: &FeedId, from: u64) -> Option<Run> {
        let stored = self.feeds.get(&(*space, *feed))?;
        let length = stored.length();
        let proof = self.forks.get(&(*space, *feed))?;
        if proof.at != length || from >= length {
            return None;
        }
        let beyond = self.severed.iter().filter(|severed| {
            let there = (severed.space, severed.run.feed, severed.run.from);
            there == (*space, *feed, length) && severed.previous == stored.head
        });
        let beyond = beyond.min_by_key(|severed| severed.run.checkpoint.head)?;
        let mut run = beyond.run.clone();
        let before = stored.entries[index_of(from)..].iter().cloned();
        run.entries.splice(..0, before);
        run.from = from;
        Some(run)
    }

    /// Everything that is kept, by space.
    pub(super) fn kept_everywhere(&self) -> Vec<(SpaceId, KeptRun)> {
        let spaces: BTreeSet<SpaceId> = self.severed.iter().map(|severed| severed.space).collect();
        let kept = |space| self.kept(&space).into_iter().map(move |run| (space, run));
        spaces.into_iter().flat_map(kept).collect()
    }

    /// See `Effect::ReadSevered`.
    pub(crate) fn severed_run(&self, space: &SpaceId, name: &SeveredRun) -> Option<(Hash, Run)> {
        let is_it = |severed: &&Severed| severed.space == *space && severed.name() == *name;
        let found = self.severed.iter().find(is_it)?;
        Some((found.previous, found.run.clone()))
    }

    /// See `Effect::Recall`.
    pub(crate) fn recalled(&self, space: &SpaceId, author: &NodeId) -> Vec<NewEntry> {
        let own =
            |severed: &&Severed| severed.space == *space && severed.run.feed.author == *author;
        let mut own: Vec<&Severed> = self.severed.iter().filter(own).collect();
        own.sort_by_key(|severed| severed.name());
        let kind = EntryKind::REPUBLISHED;
        let mut seen = BTreeSet::new();
        let again = own.into_iter().flat_map(Severed::again);
        let open = again.filter(|payload| {
            let places = self.published.get(&(*space, payload.clone()));
            places.is_none_or(BTreeSet::is_empty)
        });
        open.filter(|payload| seen.insert(payload.clone()))
            .take(REPUBLISHED_AT_ONCE)
            .map(|payload| NewEntry { kind, payload })
            .collect()
    }
}
