//! Cutting a feed off, what is held at a place of it, and what becomes of the entries behind a cut.

use std::collections::BTreeSet;

use phaki_replication::entry::{EntryKind, Payload, root};
use phaki_replication::feed::Run;
use phaki_replication::id::{FeedId, Hash, NodeId, SpaceId};
use phaki_replication::limits::REPUBLISHED_AT_ONCE;
use phaki_replication::node::{NewEntry, Place};
use phaki_replication::republish::Republished;

use super::contents::{Contents, StoredFeed, bytes_of};
use crate::replica::index_of;

/// A run that was cut off, with the hash of the entry before it.
#[derive(Clone, Debug)]
pub(crate) struct Severed {
    pub(crate) space: SpaceId,
    pub(crate) previous: Hash,
    pub(crate) run: Run,
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
                    self.published.remove(&(space, payload.clone()));
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
        let same = |other: &Severed| {
            other.space == severed.space
                && other.run.feed == severed.run.feed
                && other.run.from == severed.run.from
                && other.previous == severed.previous
                && other.run.checkpoint.head == severed.run.checkpoint.head
        };
        if !self.severed.iter().any(same) {
            self.severed.push(severed);
        }
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

    /// Where what was cut off begins, by feed.
    pub(super) fn severed_from(&self) -> Vec<(SpaceId, FeedId, u64)> {
        let mut first = std::collections::BTreeMap::new();
        for Severed { space, run, .. } in &self.severed {
            let from = first.entry((*space, run.feed)).or_insert(run.from);
            *from = run.from.min(*from);
        }
        first
            .into_iter()
            .map(|((space, feed), from)| (space, feed, from))
            .collect()
    }

    /// See `Effect::ReadSevered`.
    pub(crate) fn severed_run(
        &self,
        space: &SpaceId,
        feed: &FeedId,
        from: u64,
    ) -> Option<(Hash, Run)> {
        let behind = self.severed.iter().filter(|severed| {
            (severed.space, severed.run.feed) == (*space, *feed) && severed.run.from >= from
        });
        let first = behind.min_by_key(|severed| (severed.run.from, severed.run.checkpoint.head))?;
        Some((first.previous, first.run.clone()))
    }

    /// See `Effect::Recall`.
    pub(crate) fn recalled(&self, space: &SpaceId, author: &NodeId) -> Vec<NewEntry> {
        let own =
            |severed: &&Severed| severed.space == *space && severed.run.feed.author == *author;
        let mut runs: Vec<&Run> = self
            .severed
            .iter()
            .filter(own)
            .map(|severed| &severed.run)
            .collect();
        runs.sort_by_key(|run| (run.feed, run.from, run.checkpoint.head));
        let kind = EntryKind::REPUBLISHED;
        let (mut entries, mut seen) = (Vec::new(), BTreeSet::new());
        for run in runs {
            for (seq, entry) in (run.from..).zip(&run.entries) {
                if ![EntryKind::CHANGE, kind].contains(&entry.kind) {
                    continue;
                }
                let Some(payload) = Republished::again(&run.feed, seq, entry) else {
                    continue;
                };
                let open = !self.published.contains(&(*space, payload.clone()));
                if open && entries.len() < REPUBLISHED_AT_ONCE && seen.insert(payload.clone()) {
                    entries.push(NewEntry { kind, payload });
                }
            }
        }
        entries
    }
}
