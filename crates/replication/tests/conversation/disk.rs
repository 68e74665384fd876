//! A disk in memory: what the store keeps of feeds, and what it set aside.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use phaki_replication::entry::{EntryKind, Payload, root};
use phaki_replication::feed::Run;
use phaki_replication::fork::ForkProof;
use phaki_replication::id::{FederationId, FeedId, Hash, NodeId, SpaceId};
use phaki_replication::message::SeveredRun;
use phaki_replication::node::{Change, DurableFeed, KeptRun, NewEntry, Place};
use phaki_replication::republish::Republished;

/// The feeds of one node.
#[derive(Clone)]
pub(crate) struct Disk {
    federation: FederationId,
    pub(crate) feeds: BTreeMap<(SpaceId, FeedId), Feed>,
    pub(crate) severed: Vec<(SpaceId, Hash, Run)>,
    pub(crate) republished: BTreeSet<(FeedId, u64, Bytes)>,
    pub(crate) forks: BTreeMap<(SpaceId, FeedId), ForkProof>,
    /// Feeds of keys that the node had before: entries that counted when it changed its key.
    pub(crate) former: BTreeMap<(SpaceId, FeedId), u64>,
    /// Entries that were published again more than once.
    pub(crate) twice: usize,
}

/// One feed. The last run may reach beyond its end, when the feed was cut within that run.
#[derive(Clone, Default)]
pub(crate) struct Feed {
    pub(crate) runs: Vec<Run>,
    pub(crate) length: u64,
    pub(crate) applied: u64,
}

impl Disk {
    pub(crate) fn new(federation: FederationId) -> Self {
        Self {
            federation,
            feeds: BTreeMap::new(),
            severed: vec![],
            republished: BTreeSet::new(),
            forks: BTreeMap::new(),
            former: BTreeMap::new(),
            twice: 0,
        }
    }

    pub(crate) fn write(&mut self, change: &Change) {
        match change {
            Change::Runs { space, runs } => {
                for (run, permitted) in runs {
                    self.append(*space, run, *permitted);
                }
            }
            Change::Manifest {
                space, permitted, ..
            }
            | Change::Permitted { space, permitted } => {
                for (feed, permitted) in permitted {
                    if let Some(held) = self.feeds.get_mut(&(*space, *feed)) {
                        held.applied = held.length.min(*permitted);
                    }
                }
            }
            Change::Cut {
                space,
                feed,
                at,
                proof,
            } => {
                self.cut(*space, *feed, *at, proof.is_some());
                if let Some(proof) = proof {
                    self.forks.insert((*space, *feed), (**proof).clone());
                }
            }
            Change::Severed {
                space,
                previous,
                run,
                ..
            } => self.severed.push((*space, *previous, (**run).clone())),
            Change::Roster(_)
            | Change::Branch(_)
            | Change::Receipts { .. }
            | Change::Vault { .. }
            | Change::VaultLeft { .. }
            | Change::Epoch(_) => {}
        }
    }

    fn append(&mut self, space: SpaceId, run: &Run, permitted: u64) {
        for entry in run
            .entries
            .iter()
            .filter(|entry| entry.kind == EntryKind::REPUBLISHED)
        {
            if let Payload::Present(bytes) = &entry.payload
                && let Some(place) = place(bytes)
            {
                self.twice += usize::from(!self.republished.insert(place));
            }
        }
        let feed = self.feeds.entry((space, run.feed)).or_default();
        assert_eq!(run.from, feed.length, "runs follow one another");
        feed.length = run.end();
        feed.applied = permitted.min(feed.length);
        match feed.runs.last_mut() {
            Some(last) if last.end() < last.checkpoint.length => {
                last.entries.extend(run.entries.iter().cloned());
                last.checkpoint = run.checkpoint;
            }
            _ => feed.runs.push(run.clone()),
        }
    }

    fn cut(&mut self, space: SpaceId, feed: FeedId, at: u64, by_proof: bool) {
        let Some(place) = self.place(&space, &feed, at) else {
            return;
        };
        let Some(held) = self.feeds.get_mut(&(space, feed)) else {
            return;
        };
        let mut previous = place.head;
        for run in &held.runs {
            if run.end() > at {
                let run = run.clone().starting_at(at);
                let next = run.checkpoint.head;
                self.severed.push((space, previous, run));
                previous = next;
            }
        }
        held.runs.retain(|run| run.from < at);
        if let Some(last) = held.runs.last_mut().filter(|_| !by_proof) {
            last.entries.truncate(
                usize::try_from(at - last.from)
                    .expect("what a disk in memory holds is small and in order"),
            );
        }
        (held.length, held.applied) = (at, held.applied.min(at));
    }

    pub(crate) fn run(&self, space: &SpaceId, feed: &FeedId, from: u64) -> Option<Run> {
        let held = self
            .feeds
            .get(&(*space, *feed))
            .filter(|held| from < held.length)?;
        let run = held.runs.iter().find(|run| run.checkpoint.length > from)?;
        let whole = run.end() == run.checkpoint.length;
        whole.then(|| run.clone().starting_at(from))
    }

    pub(crate) fn place(&self, space: &SpaceId, feed: &FeedId, at: u64) -> Option<Place> {
        let held = self
            .feeds
            .get(&(*space, *feed))
            .filter(|held| at <= held.length)?;
        let entries = held.runs.iter().flat_map(|run| &run.entries);
        let before = entries
            .take(usize::try_from(at).expect("what a disk in memory holds is small and in order"));
        let start = (root(&self.federation, space, feed), 0);
        let (head, bytes) = (0..)
            .zip(before)
            .fold(start, |(head, bytes), (seq, entry)| {
                let length = u64::try_from(entry.payload.length())
                    .expect("what a disk in memory holds is small and in order");
                (entry.hash(&head, seq), bytes + length)
            });
        Some(Place {
            at,
            head,
            bytes,
            run: self.run(space, feed, at),
        })
    }

    pub(crate) fn severed_run(&self, space: &SpaceId, name: &SeveredRun) -> Option<(Hash, Run)> {
        let is_it = |(at, _, run): &&(SpaceId, Hash, Run)| at == space && name_of(run) == *name;
        let (_, previous, run) = self.severed.iter().find(is_it)?;
        Some((*previous, run.clone()))
    }

    /// What was cut off in a space, and whether it was published again.
    pub(crate) fn kept(&self, space: &SpaceId) -> Vec<KeptRun> {
        let of_space = self.severed.iter().filter(|(at, ..)| at == space);
        let kept = |(_, _, run): &(SpaceId, Hash, Run)| {
            let again = |(seq, entry)| {
                let payload = Republished::again(&run.feed, seq, entry)?;
                place(&payload)
            };
            let mut places = (run.from..).zip(&run.entries).filter_map(again);
            KeptRun {
                run: name_of(run),
                bytes: u64::try_from(run.bytes())
                    .expect("what a disk in memory holds is small and in order"),
                carried: false,
                settled: places.all(|place| self.republished.contains(&place)),
            }
        };
        of_space.map(kept).collect()
    }

    /// What an honest author publishes again.
    pub(crate) fn recalled(&self, space: &SpaceId, author: &NodeId) -> Vec<NewEntry> {
        let own = |(at, _, run): &&(SpaceId, Hash, Run)| at == space && run.feed.author == *author;
        let severed = self.severed.iter().filter(own);
        let severed = severed.map(|(_, _, run)| (run, 0, u64::MAX));
        let former = self.former.iter().filter(|((at, _), _)| at == space);
        let former = former.flat_map(|(place, counted)| {
            let held = &self.feeds[place];
            let runs = held.runs.iter();
            runs.map(|run| (run, held.applied, *counted))
        });
        let mut entries = vec![];
        for (run, first, end) in severed.chain(former) {
            let placed = (run.from..).zip(&run.entries);
            for (seq, entry) in placed.filter(|(seq, _)| (first..end).contains(seq)) {
                let Payload::Present(payload) = entry.payload.clone() else {
                    continue;
                };
                let (feed, kind) = (run.feed, EntryKind::REPUBLISHED);
                let payload = match entry.kind {
                    EntryKind::REPUBLISHED => payload,
                    _ => Republished { feed, seq, payload }.encode(),
                };
                if place(&payload).is_some_and(|place| !self.republished.contains(&place)) {
                    entries.push(NewEntry { kind, payload });
                }
            }
        }
        entries
    }

    /// What a node that starts is told.
    pub(crate) fn durable_feeds(&self) -> Vec<DurableFeed> {
        let feed = |((space, feed), held): (&(SpaceId, FeedId), &Feed)| {
            let place = self
                .place(space, feed, held.length)
                .expect("what a disk in memory holds is small and in order");
            DurableFeed {
                space: *space,
                feed: *feed,
                length: held.length,
                head: place.head,
                bytes: place.bytes,
            }
        };
        self.feeds
            .iter()
            .filter(|(_, held)| held.length > 0)
            .map(feed)
            .collect()
    }
}

fn name_of(run: &Run) -> SeveredRun {
    SeveredRun {
        feed: run.feed,
        from: run.from,
        head: run.checkpoint.head,
    }
}

/// Where a republished entry stood, and what it says: two lives wrote at one place.
fn place(payload: &[u8]) -> Option<(FeedId, u64, Bytes)> {
    let (feed, seq, change) = Republished::decode(payload)?;
    Some((feed, seq, Bytes::copy_from_slice(change)))
}
