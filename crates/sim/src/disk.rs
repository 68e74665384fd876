//! One machine's disk: writes become durable after a while, in order, several in one commit.
//!
//! What a crash leaves is what was durable, and perhaps more: a prefix of the commit under way
//! that nobody was told of.

use std::collections::{BTreeMap, VecDeque};

use phaki_replication::entry::{Entry, root};
use phaki_replication::feed::{Checkpoint, Run};
use phaki_replication::id::{FederationId, FeedId, Hash, SpaceId};
use phaki_replication::limits::RUN_ENTRIES_MAX;
use phaki_replication::manifest::{Manifest, SignedManifest};
use phaki_replication::node::{Change, Durable, DurableFeed, WriteId};
use phaki_replication::roster::{Roster, SignedRoster};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::replica::{Readings, Replica, index_of};
use crate::schedule::ReadOrder;

/// A feed as a disk holds it.
#[derive(Clone, Debug)]
pub(crate) struct StoredFeed {
    pub(crate) entries: Vec<Entry>,
    pub(crate) checkpoints: BTreeMap<u64, Checkpoint>,
    /// How many entries count.
    pub(crate) permitted: u64,
    head: Hash,
    bytes: u64,
}

/// What is durable.
#[derive(Debug)]
pub(crate) struct Contents {
    federation: FederationId,
    pub(crate) roster: SignedRoster,
    pub(crate) roster_version: u64,
    pub(crate) manifests: BTreeMap<SpaceId, (Manifest, SignedManifest)>,
    pub(crate) feeds: BTreeMap<(SpaceId, FeedId), StoredFeed>,
    pub(crate) replicas: BTreeMap<SpaceId, Replica>,
}

/// A disk with its queue.
#[derive(Debug)]
pub(crate) struct Disk {
    pub(crate) contents: Contents,
    /// Bounds of the duration of a commit.
    pub(crate) commit_us: (u64, u64),
    /// Until when every commit fails.
    pub(crate) full_until_us: u64,
    queue: VecDeque<(WriteId, Change)>,
    /// How many of the queue are in the commit under way.
    committing: usize,
    /// A write failed, and the node was not told yet: everything it writes is lost.
    failed: bool,
    /// When the last report reaches the node; reports keep their order.
    pub(crate) last_report_us: u64,
}

impl Disk {
    pub(crate) fn new(contents: Contents, commit_us: (u64, u64)) -> Self {
        Self {
            contents,
            commit_us,
            full_until_us: 0,
            queue: VecDeque::new(),
            committing: 0,
            failed: false,
            last_report_us: 0,
        }
    }

    /// Queues a write.
    pub(crate) fn store(&mut self, write: WriteId, change: Change) {
        if !self.failed {
            self.queue.push_back((write, change));
        }
    }

    /// Begins a commit of everything queued and says whether there is one to end.
    pub(crate) fn begin_commit(&mut self) -> bool {
        if self.committing > 0 || self.queue.is_empty() {
            return false;
        }
        self.committing = self.queue.len();
        true
    }

    /// Ends the commit under way: the writes that are to become durable now, or `None` when the
    /// disk is full and all writes are lost.
    pub(crate) fn end_commit(&mut self, now_us: u64) -> Option<Vec<(WriteId, Change)>> {
        let committed = std::mem::take(&mut self.committing);
        if now_us < self.full_until_us {
            self.queue.clear();
            self.failed = true;
            return None;
        }
        Some(self.queue.drain(..committed).collect())
    }

    /// The node is told that its writes failed; those that it makes from now on count again.
    pub(crate) fn acknowledge_failure(&mut self) {
        self.failed = false;
    }

    /// Loses what is not durable; returns the writes that became durable all the same.
    pub(crate) fn crash(&mut self, now_us: u64, rng: &mut ChaCha8Rng) -> Vec<(WriteId, Change)> {
        let committing = std::mem::take(&mut self.committing);
        let survive = if now_us < self.full_until_us {
            0
        } else {
            rng.random_range(0..=committing)
        };
        let survivors = self.queue.drain(..survive).collect();
        self.queue.clear();
        self.failed = false;
        self.last_report_us = 0;
        survivors
    }

    /// Whether a write waits or a failure is untold.
    pub(crate) fn is_busy(&self) -> bool {
        !self.queue.is_empty() || self.failed
    }
}

impl Contents {
    /// An empty store that knows the first roster.
    pub(crate) fn new(federation: FederationId, roster: SignedRoster) -> Self {
        let roster_version = version_of(&roster);
        Self {
            federation,
            roster,
            roster_version,
            manifests: BTreeMap::new(),
            feeds: BTreeMap::new(),
            replicas: BTreeMap::new(),
        }
    }

    /// What a node that starts reads.
    pub(crate) fn durable(&self) -> Durable {
        let feed = |((space, feed), stored): (&(SpaceId, FeedId), &StoredFeed)| DurableFeed {
            space: *space,
            feed: *feed,
            length: stored.length(),
            head: stored.head,
            bytes: stored.bytes,
        };
        Durable {
            roster: self.roster.clone(),
            manifests: self
                .manifests
                .values()
                .map(|(_, signed)| signed.clone())
                .collect(),
            feeds: self.feeds.iter().map(feed).collect(),
        }
    }

    /// The number of entries of a feed.
    pub(crate) fn length(&self, space: &SpaceId, feed: &FeedId) -> u64 {
        self.feeds
            .get(&(*space, *feed))
            .map_or(0, StoredFeed::length)
    }

    /// The feeds of a space with their lengths.
    pub(crate) fn frontier(&self, space: &SpaceId) -> BTreeMap<FeedId, u64> {
        let of_space = self.feeds.iter().filter(|((found, _), _)| found == space);
        of_space
            .map(|((_, feed), stored)| (*feed, stored.length()))
            .collect()
    }

    /// Makes one write durable, documents included, as one transaction. Returns whether applied
    /// changes were taken back.
    pub(crate) fn apply(&mut self, change: Change, readings: &mut Readings) -> bool {
        match change {
            Change::Runs { space, runs } => {
                for (run, permitted) in runs {
                    self.append(space, run, permitted, readings);
                }
                false
            }
            Change::Manifest {
                space,
                manifest: signed,
                permitted,
            } => {
                if let Ok(manifest) = Manifest::decode(&signed.bytes) {
                    self.manifests.insert(space, (manifest, signed));
                }
                self.permit(space, &permitted, readings)
            }
            Change::Roster(signed) => {
                self.roster_version = version_of(&signed);
                self.roster = signed;
                false
            }
        }
    }

    fn append(&mut self, space: SpaceId, run: Run, permitted: u64, readings: &mut Readings) {
        let start = root(&self.federation, &space, &run.feed);
        let stored = self
            .feeds
            .entry((space, run.feed))
            .or_insert_with(|| StoredFeed {
                entries: Vec::new(),
                checkpoints: BTreeMap::new(),
                permitted,
                head: start,
                bytes: 0,
            });
        stored.permitted = permitted;
        stored.bytes += u64::try_from(run.bytes()).unwrap_or(u64::MAX);
        stored.head = run.checkpoint.head;
        stored
            .checkpoints
            .insert(run.checkpoint.length, run.checkpoint);
        stored.entries.extend(run.entries);
        self.replicas
            .entry(space)
            .or_default()
            .advance(readings, (space, run.feed), stored);
    }

    /// Lets other numbers of entries count; what was applied and may not be is taken out by
    /// applying the rest anew.
    fn permit(
        &mut self,
        space: SpaceId,
        permitted: &[(FeedId, u64)],
        readings: &mut Readings,
    ) -> bool {
        for (feed, permitted) in permitted {
            if let Some(stored) = self.feeds.get_mut(&(space, *feed)) {
                stored.permitted = *permitted;
            }
        }
        let replica = self.replicas.entry(space).or_default();
        let of_space = self.feeds.iter().filter(|((found, _), _)| *found == space);
        let feeds: Vec<_> = of_space.map(|((_, feed), stored)| (feed, stored)).collect();
        let lowered = feeds
            .iter()
            .any(|(feed, stored)| replica.advanced(feed) > stored.permitted);
        if lowered {
            *replica = Replica::default();
        }
        for (feed, stored) in feeds {
            replica.advance(readings, (space, *feed), stored);
        }
        lowered
    }

    /// Loses the newest run of every feed with that id: what no honest disk does.
    pub(crate) fn forget(&mut self, own: FeedId) {
        for ((space, feed), stored) in &mut self.feeds {
            if *feed != own || stored.checkpoints.len() < 2 {
                continue;
            }
            stored.checkpoints.pop_last();
            if let Some((length, checkpoint)) = stored.checkpoints.last_key_value() {
                stored.entries.truncate(index_of(*length));
                stored.head = checkpoint.head;
            }
            let bytes = stored.entries.iter().map(|entry| entry.payload.length());
            stored.bytes = u64::try_from(bytes.sum::<usize>()).unwrap_or(u64::MAX);
            self.replicas.remove(space);
        }
    }

    /// A run of consecutive entries that ends at a checkpoint; see `Effect::Read`.
    pub(crate) fn read(&self, order: &ReadOrder) -> Option<Run> {
        let stored = self.feeds.get(&(order.space, order.feed))?;
        let from = usize::try_from(order.from).ok()?;
        let mut best = None;
        for (length, checkpoint) in stored.checkpoints.range(order.from + 1..) {
            let end = usize::try_from(*length).ok()?;
            let entries = stored.entries.get(from..end)?;
            let bytes: usize = entries.iter().map(|entry| entry.payload.length()).sum();
            let fits = bytes <= order.bytes_target && entries.len() <= RUN_ENTRIES_MAX;
            if best.is_some() && !fits {
                break;
            }
            best = Some((entries, *checkpoint));
        }
        let (entries, checkpoint) = best?;
        Some(Run {
            feed: order.feed,
            from: order.from,
            entries: entries.to_vec(),
            checkpoint,
        })
    }
}

impl StoredFeed {
    pub(crate) fn length(&self) -> u64 {
        u64::try_from(self.entries.len()).unwrap_or(u64::MAX)
    }
}

fn version_of(roster: &SignedRoster) -> u64 {
    Roster::decode(&roster.bytes).map_or(0, |roster| roster.version)
}
