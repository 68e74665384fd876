//! What is durable on one disk: feeds, rights, receipts, and the documents derived from them.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use phaki_replication::branch::{Branch, SignedBranch};
use phaki_replication::entry::{Entry, EntryKind, Payload, root};
use phaki_replication::feed::{Checkpoint, Run};
use phaki_replication::fork::ForkProof;
use phaki_replication::id::{Epoch, FederationId, FeedId, Hash, NodeId, SpaceId};
use phaki_replication::limits::RUN_ENTRIES_MAX;
use phaki_replication::manifest::{Manifest, SignedManifest};
use phaki_replication::node::{Change, Durable, DurableFeed};
use phaki_replication::receipt::{Receipt, SignedReceipt};
use phaki_replication::roster::{Roster, SignedRoster};
use phaki_replication::vault::{Kept, Statement, Told, Vault};

use super::severed::Severed;
use crate::replica::{Readings, Replica, Rights, index_of};

/// A feed as a disk holds it; never an empty one.
#[derive(Clone, Debug)]
pub(crate) struct StoredFeed {
    pub(crate) entries: Vec<Entry>,
    pub(crate) checkpoints: BTreeMap<u64, Checkpoint>,
    /// How many entries count.
    pub(crate) permitted: u64,
    pub(crate) head: Hash,
    pub(super) bytes: u64,
}

/// What is durable.
#[derive(Clone, Debug)]
pub(crate) struct Contents {
    pub(super) federation: FederationId,
    /// The life of the store.
    pub(crate) epoch: Epoch,
    signed_roster: SignedRoster,
    pub(crate) branches: BTreeMap<NodeId, (Branch, SignedBranch)>,
    /// The roster together with the branches.
    pub(crate) roster: Roster,
    pub(crate) manifests: BTreeMap<SpaceId, (Manifest, SignedManifest)>,
    pub(crate) feeds: BTreeMap<(SpaceId, FeedId), StoredFeed>,
    pub(crate) forks: BTreeMap<(SpaceId, FeedId), ForkProof>,
    /// What was cut off, and own entries that others had to cut off.
    pub(crate) severed: Vec<Severed>,
    /// Where everything that is published again in a space stands, by what it says.
    pub(super) published: BTreeMap<(SpaceId, Bytes), BTreeSet<(FeedId, u64)>>,
    pub(crate) receipts: BTreeMap<(SpaceId, NodeId), (Receipt, SignedReceipt)>,
    pub(crate) vaults: BTreeMap<SpaceId, Vault>,
    pub(crate) replicas: BTreeMap<SpaceId, Replica>,
}

impl Contents {
    /// An empty store that knows the first roster.
    pub(crate) fn new(federation: FederationId, epoch: Epoch, signed_roster: SignedRoster) -> Self {
        let roster = merged(&signed_roster, &BTreeMap::new());
        Self {
            federation,
            epoch,
            signed_roster,
            branches: BTreeMap::new(),
            roster,
            manifests: BTreeMap::new(),
            feeds: BTreeMap::new(),
            forks: BTreeMap::new(),
            severed: Vec::new(),
            published: BTreeMap::new(),
            receipts: BTreeMap::new(),
            vaults: BTreeMap::new(),
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
        let manifests = self.manifests.values();
        let receipts = self.receipts.values();
        Durable {
            roster: self.signed_roster.clone(),
            branches: self
                .branches
                .values()
                .map(|(_, signed)| signed.clone())
                .collect(),
            manifests: manifests.map(|(_, signed)| signed.clone()).collect(),
            forks: self.forks.values().cloned().collect(),
            receipts: receipts.map(|(_, signed)| signed.clone()).collect(),
            vault: self.vaults.values().flat_map(told_of).collect(),
            severed: self.kept_everywhere(),
            feeds: self.feeds.iter().map(feed).collect(),
        }
    }

    /// The number of entries of a feed.
    pub(crate) fn length(&self, space: &SpaceId, feed: &FeedId) -> u64 {
        self.feeds
            .get(&(*space, *feed))
            .map_or(0, StoredFeed::length)
    }

    /// The feeds of a space with what is held of them.
    pub(crate) fn feeds_of(&self, space: &SpaceId) -> impl Iterator<Item = (&FeedId, &StoredFeed)> {
        let space = *space;
        let of_space = self
            .feeds
            .iter()
            .filter(move |((found, _), _)| *found == space);
        of_space.map(|((_, feed), stored)| (feed, stored))
    }

    /// The feeds of a space with their lengths.
    pub(crate) fn frontier(&self, space: &SpaceId) -> BTreeMap<FeedId, u64> {
        let feeds = self.feeds_of(space);
        feeds
            .map(|(feed, stored)| (*feed, stored.length()))
            .collect()
    }

    /// How many entries of each feed of a space are applied.
    pub(crate) fn counted(&self, space: &SpaceId) -> BTreeMap<FeedId, u64> {
        let feeds = self.feeds_of(space);
        feeds
            .map(|(feed, stored)| (*feed, stored.length().min(stored.permitted)))
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
                let stewards = self.put_manifest(space, signed);
                self.permit(space, &permitted, stewards, readings)
            }
            Change::Permitted { space, permitted } => {
                self.permit(space, &permitted, false, readings)
            }
            Change::Roster(signed) => {
                self.roster = merged(&signed, &self.branches);
                self.signed_roster = signed;
                false
            }
            Change::Branch(signed) => {
                self.put_branch(signed);
                false
            }
            Change::Cut {
                space,
                feed,
                at,
                proof,
            } => {
                if let Some(proof) = proof {
                    self.forks.insert((space, feed), *proof);
                }
                self.cut_and_take_back(space, feed, at, readings)
            }
            Change::Severed {
                space,
                previous,
                run,
                carried,
            } => {
                self.take_severed(Severed {
                    space,
                    previous,
                    run: *run,
                    carried,
                });
                false
            }
            Change::Receipts { space, receipts } => {
                self.put_receipts(space, receipts);
                false
            }
            Change::Vault { space, statements } => {
                self.put_statements(space, statements);
                false
            }
            Change::VaultLeft { space } => {
                self.vaults.entry(space).or_default().forget_records();
                false
            }
            // Changes of another life are of another actor.
            Change::Epoch(epoch) => {
                self.epoch = epoch;
                true
            }
        }
    }

    fn put_branch(&mut self, signed: SignedBranch) {
        if let Ok(branch) = Branch::decode(&signed.bytes) {
            self.branches.insert(branch.parent, (branch, signed));
            self.roster = merged(&self.signed_roster, &self.branches);
        }
    }

    fn put_receipts(&mut self, space: SpaceId, receipts: Vec<SignedReceipt>) {
        for signed in receipts {
            if let Ok(receipt) = Receipt::decode(&signed.bytes) {
                let place = (space, receipt.node);
                self.receipts.insert(place, (receipt, signed));
            }
        }
    }

    fn put_statements(&mut self, space: SpaceId, statements: Vec<Told>) {
        let vault = self.vaults.entry(space).or_default();
        for told in statements {
            if let Ok(statement) = Statement::decode(&told.signed.bytes) {
                vault.put(Kept::new(statement, told));
            }
        }
    }

    /// Whether the space has other stewards than before.
    fn put_manifest(&mut self, space: SpaceId, signed: SignedManifest) -> bool {
        let Ok(manifest) = Manifest::decode(&signed.bytes) else {
            return false;
        };
        let handovers = manifest.handovers.clone();
        let before = self.manifests.insert(space, (manifest, signed));
        before.is_some_and(|(before, _)| before.handovers != handovers)
    }

    fn cut_and_take_back(
        &mut self,
        space: SpaceId,
        feed: FeedId,
        at: u64,
        readings: &mut Readings,
    ) -> bool {
        let applied = self.replicas.get(&space).map(|known| known.advanced(&feed));
        self.cut(space, feed, at);
        let taken_back = applied > Some(at);
        if taken_back {
            self.replicas.remove(&space);
            self.advance(space, readings);
        }
        taken_back
    }

    fn append(&mut self, space: SpaceId, run: Run, permitted: u64, readings: &mut Readings) {
        let mut publishes = false;
        for (seq, entry) in (run.from..).zip(&run.entries) {
            if let (EntryKind::REPUBLISHED, Payload::Present(payload)) =
                (entry.kind, &entry.payload)
            {
                let places = self.published.entry((space, payload.clone())).or_default();
                places.insert((run.feed, seq));
                publishes = true;
            }
        }
        let start = root(&self.federation, &space, &run.feed);
        let feed = run.feed;
        let stored = self
            .feeds
            .entry((space, feed))
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
        if let Some((manifest, _)) = self.manifests.get(&space) {
            let rights = Rights {
                manifest,
                roster: &self.roster,
            };
            let replica = self.replicas.entry(space).or_default();
            replica.advance(readings, rights, feed, stored);
        }
        if publishes {
            self.forget_carried();
        }
    }

    /// Lets other numbers of entries count; what was applied and may not be is taken out by
    /// applying the rest `anew`.
    fn permit(
        &mut self,
        space: SpaceId,
        permitted: &[(FeedId, u64)],
        anew: bool,
        readings: &mut Readings,
    ) -> bool {
        for (feed, permitted) in permitted {
            if let Some(stored) = self.feeds.get_mut(&(space, *feed)) {
                stored.permitted = *permitted;
            }
        }
        let replica = self.replicas.get(&space);
        let lowered = replica.is_some_and(|replica| {
            let mut feeds = self.feeds_of(&space);
            anew || feeds.any(|(feed, stored)| replica.advanced(feed) > stored.permitted)
        });
        if lowered {
            self.replicas.remove(&space);
        }
        self.advance(space, readings);
        lowered
    }

    /// Applies what counts of a space and is not applied yet.
    fn advance(&mut self, space: SpaceId, readings: &mut Readings) {
        let Some((manifest, _)) = self.manifests.get(&space) else {
            return;
        };
        let rights = Rights {
            manifest,
            roster: &self.roster,
        };
        let replica = self.replicas.entry(space).or_default();
        for ((_, feed), stored) in self.feeds.iter().filter(|((found, _), _)| *found == space) {
            replica.advance(readings, rights, *feed, stored);
        }
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
            stored.bytes = bytes_of(&stored.entries);
            self.replicas.remove(space);
        }
    }

    /// A run of consecutive entries that ends at a checkpoint; see `Effect::Read`.
    pub(crate) fn read(
        &self,
        space: &SpaceId,
        feed: &FeedId,
        from: u64,
        bytes_target: usize,
    ) -> Option<Run> {
        let stored = self.feeds.get(&(*space, *feed))?;
        let first = usize::try_from(from).ok()?;
        let mut best = None;
        for (length, checkpoint) in stored.checkpoints.range(from + 1..) {
            let end = usize::try_from(*length).ok()?;
            let entries = stored.entries.get(first..end)?;
            let bytes: usize = entries.iter().map(|entry| entry.payload.length()).sum();
            let fits = bytes <= bytes_target && entries.len() <= RUN_ENTRIES_MAX;
            if best.is_some() && !fits {
                break;
            }
            best = Some((entries, *checkpoint));
        }
        let Some((entries, checkpoint)) = best else {
            return self.run_across_cut(space, feed, from);
        };
        Some(Run {
            feed: *feed,
            from,
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

/// Payload bytes of entries.
pub(super) fn bytes_of(entries: &[Entry]) -> u64 {
    let bytes: usize = entries.iter().map(|entry| entry.payload.length()).sum();
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

fn merged(signed: &SignedRoster, branches: &BTreeMap<NodeId, (Branch, SignedBranch)>) -> Roster {
    let roster = Roster::decode(&signed.bytes).expect("only what a node has opened is stored");
    roster.with_branches(branches.values().map(|(branch, _)| branch))
}

/// All statements of a vault.
fn told_of(vault: &Vault) -> Vec<Told> {
    let of_person = vault.subjects().flat_map(|(_, holding)| {
        let done = holding.done.values();
        holding.order.iter().chain(done).chain(&holding.record)
    });
    of_person.map(|kept| kept.told.clone()).collect()
}
