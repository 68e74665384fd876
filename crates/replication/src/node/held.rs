//! What a node holds of a space: the manifest in force and how far each feed reaches.

use std::collections::{BTreeMap, BTreeSet};

use crate::entry::root;
use crate::fork::ForkProof;
use crate::frontier::{Frontier, digest};
use crate::id::{Epoch, FederationId, FeedId, Hash, NodeId, ShortDigest, SpaceId};
use crate::limits::{
    FEEDS_IN_QUARANTINE_MAX, FEEDS_PER_AUTHOR_MAX, FEEDS_PER_SPACE_MAX, QUARANTINE_BYTES_MAX,
    QUARANTINE_ENTRIES_MAX,
};
use crate::manifest::{Manifest, SignedManifest};
use crate::message::{FeedReport, FrontierReport, SeveredRun, SpaceState};
use crate::node::KeptRun;
use crate::receipt::{Receipt, SignedReceipt};
use crate::roster::Roster;
use crate::vault::Vault;

/// A feed: what is durable, and what will be when all writes under way are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Feed {
    pub(super) durable: Extent,
    pub(super) pending: Extent,
}

/// How far a feed reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) length: u64,
    pub(super) head: Hash,
    pub(super) bytes: u64,
}

/// A space as one node holds it.
#[derive(Debug)]
pub struct Held {
    /// The node that holds the space.
    pub(super) me: NodeId,
    /// The manifest that decides about rights; perhaps not durable yet.
    pub(super) manifest: Manifest,
    pub(super) manifest_hash: Hash,
    /// The manifest that was made durable, which alone is told to others.
    pub(super) durable: Option<(Manifest, SignedManifest)>,
    pub(super) feeds: BTreeMap<FeedId, Feed>,
    /// Feeds that were signed in two ways, with the proof; they end where it says.
    pub(super) cuts: BTreeMap<FeedId, ForkProof>,
    /// What was cut off and is kept: from where on, by feed.
    pub(super) severed: BTreeMap<FeedId, u64>,
    /// All runs that were cut off and are kept.
    pub(super) kept: BTreeMap<SeveredRun, KeptRun>,
    /// Those of them that are told to others: not settled, and behind a cut that can be proved.
    pub(super) adrift: BTreeSet<SeveredRun>,
    /// Runs of others that are on their way to the disk, with their bytes.
    pub(super) arriving: BTreeMap<SeveredRun, u64>,
    /// Feeds of which peers hold more than this node, since when (monotonic milliseconds).
    pub(super) behind: BTreeMap<FeedId, u64>,
    /// The newest receipts, by the node that signed them.
    pub(super) receipts: BTreeMap<NodeId, (Receipt, SignedReceipt)>,
    /// When the next own one is to be signed (monotonic milliseconds).
    pub(super) receipt_due: Option<u64>,
    pub(super) receipts_digest: Option<ShortDigest>,
    /// Contact data of people, and what was erased of it.
    pub(super) vault: Vault,
    frontier_digest: Option<ShortDigest>,
}

impl Held {
    pub(super) fn new(me: NodeId, manifest: Manifest, signed: &SignedManifest) -> Self {
        Self {
            me,
            manifest,
            manifest_hash: signed.hash(),
            durable: None,
            feeds: BTreeMap::new(),
            cuts: BTreeMap::new(),
            severed: BTreeMap::new(),
            kept: BTreeMap::new(),
            adrift: BTreeSet::new(),
            arriving: BTreeMap::new(),
            behind: BTreeMap::new(),
            receipts: BTreeMap::new(),
            receipt_due: None,
            receipts_digest: None,
            vault: Vault::default(),
            frontier_digest: None,
        }
    }

    /// What is told of the durable manifest.
    pub(super) fn told(&self) -> Option<ShortDigest> {
        let (_, signed) = self.durable.as_ref()?;
        Some(signed.hash().shorten())
    }

    /// How many entries of each feed count.
    pub(super) fn permitted(&self, roster: &Roster) -> Vec<(FeedId, u64)> {
        let permitted = |feed| {
            let permitted = self.manifest.permitted(roster, feed);
            self.cut(feed).map_or(permitted, |cut| permitted.min(cut))
        };
        self.feeds
            .keys()
            .map(|feed| (*feed, permitted(feed)))
            .collect()
    }

    /// Where a feed ends that was signed in two ways.
    pub fn cut(&self, feed: &FeedId) -> Option<u64> {
        self.cuts.get(feed).map(|proof| proof.at)
    }

    /// The manifest in force.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What is held of people.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The durable frontier.
    pub fn frontier(&self) -> Frontier {
        let durable = |(feed, state): (&FeedId, &Feed)| (*feed, state.durable.length);
        self.feeds
            .iter()
            .map(durable)
            .filter(|(_, length)| *length > 0)
            .collect()
    }

    /// The digest of everything that is durable.
    pub fn digest(&self) -> ShortDigest {
        self.frontier_digest.unwrap_or_else(|| {
            let durable =
                |(feed, state): (_, &Feed)| (feed, state.durable.length, state.durable.head);
            let feeds = self.feeds.iter().map(durable);
            digest(feeds.filter(|(_, length, _)| *length > 0))
        })
    }

    pub(super) fn frontier_digest(&mut self) -> ShortDigest {
        let digest = self.digest();
        *self.frontier_digest.insert(digest)
    }

    /// Whether a feed that is not held yet may still come to be held.
    pub(super) fn has_place_for(&self, roster: &Roster, feed: &FeedId) -> bool {
        let first = FeedId {
            epoch: Epoch([0; 16]),
            ..*feed
        };
        let theirs = self.feeds.range(first..);
        let of_author = theirs
            .take_while(|(other, _)| other.author == feed.author)
            .count();
        let most = if self.manifest.permitted(roster, feed) == 0 {
            FEEDS_IN_QUARANTINE_MAX
        } else {
            FEEDS_PER_AUTHOR_MAX
        };
        // The last place is the holder's own.
        of_author < most && (feed.author == self.me || self.feeds.len() + 1 < FEEDS_PER_SPACE_MAX)
    }

    /// Whether the entries of a feed behind the given extent may be taken: those that count, and
    /// so many in quarantine.
    pub(super) fn has_room_for(&self, roster: &Roster, feed: &FeedId, at: &Extent) -> bool {
        let counted = self.manifest.permitted(roster, feed);
        self.cut(feed).is_none_or(|cut| at.length < cut)
            && at.length < counted.saturating_add(QUARANTINE_ENTRIES_MAX)
            && (counted > 0 || at.bytes < QUARANTINE_BYTES_MAX)
    }

    /// Entries that are held durably and do not count.
    pub(super) fn quarantined(&self, roster: &Roster) -> u64 {
        let beyond = |(feed, state): (&FeedId, &Feed)| {
            state
                .durable
                .length
                .saturating_sub(self.manifest.permitted(roster, feed))
        };
        self.feeds.iter().map(beyond).sum()
    }

    /// Whether `peer` and this node tell each other of the space: the manifest in force and the
    /// durable one must both let both of them read it.
    pub(super) fn is_shared_with(&self, roster: &Roster, peer: &NodeId) -> bool {
        let allows = |manifest: &Manifest| {
            manifest.may_read(roster, peer) && manifest.may_read(roster, &self.me)
        };
        allows(&self.manifest)
            && self
                .durable
                .as_ref()
                .is_some_and(|(manifest, _)| allows(manifest))
    }

    /// What a removed member gets that names the space under another manifest: the one held here,
    /// which says that it was removed. So does the steward, whose store may have been put back to
    /// before it signed that.
    pub(super) fn farewell(
        &self,
        roster: &Roster,
        peer: &NodeId,
        told: &SpaceState,
    ) -> Option<SignedManifest> {
        let (manifest, signed) = self.durable.as_ref()?;
        let other = signed.hash().shorten() != told.manifest;
        let told = manifest.was_removed(roster, peer) || manifest.is_steward(roster, peer);
        (other && told).then(|| signed.clone())
    }

    /// Where the next entry of `feed` goes.
    pub(super) fn pending(&self, federation: &FederationId, feed: &FeedId) -> Extent {
        let state = self.feeds.get(feed);
        state.map_or_else(|| self.empty(federation, feed), |state| state.pending)
    }

    /// How far `feed` is durable.
    pub(super) fn durable(&self, federation: &FederationId, feed: &FeedId) -> Extent {
        let state = self.feeds.get(feed);
        state.map_or_else(|| self.empty(federation, feed), |state| state.durable)
    }

    fn empty(&self, federation: &FederationId, feed: &FeedId) -> Extent {
        Extent {
            length: 0,
            head: root(federation, &self.manifest.space, feed),
            bytes: 0,
        }
    }

    /// How far a feed has come, for telling whether it moves: arrived and durable entries together.
    pub(super) fn reached(&self, federation: &FederationId, feed: &FeedId) -> u64 {
        let arrived = self.pending(federation, feed).length;
        arrived.saturating_add(self.durable_length(feed))
    }

    pub(super) fn set_pending(&mut self, federation: &FederationId, feed: FeedId, extent: Extent) {
        let empty = self.empty(federation, &feed);
        self.feeds
            .entry(feed)
            .or_insert(Feed {
                durable: empty,
                pending: empty,
            })
            .pending = extent;
    }

    pub(super) fn set_durable(&mut self, feed: &FeedId, extent: Extent) {
        if let Some(state) = self.feeds.get_mut(feed) {
            state.durable = extent;
            self.frontier_digest = None;
        }
    }

    /// Ends a feed before what it held; entries on their way to the disk are cut off there.
    pub(super) fn cut_to(&mut self, feed: &FeedId, to: Extent) {
        if let Some(state) = self.feeds.get_mut(feed) {
            (state.durable, state.pending) = (to, to);
            self.frontier_digest = None;
        }
    }

    /// A feed as it was before a cut that did not become durable.
    pub(super) fn restore(&mut self, feed: FeedId, before: Feed) {
        self.feeds.insert(feed, before);
        self.frontier_digest = None;
    }

    /// Forgets everything that is not durable. False when nothing remains.
    pub(super) fn revert(&mut self) -> bool {
        for feed in self.feeds.values_mut() {
            feed.pending = feed.durable;
        }
        self.feeds.retain(|_, feed| feed.durable.length > 0);
        self.arriving.clear();
        let Some((manifest, signed)) = &self.durable else {
            return false;
        };
        self.manifest_hash = signed.hash();
        self.manifest = manifest.clone();
        true
    }

    pub(super) fn durable_length(&self, feed: &FeedId) -> u64 {
        self.feeds.get(feed).map_or(0, |state| state.durable.length)
    }

    /// What is told of it to a peer with which it is shared.
    pub(super) fn state(&mut self, roster: &Roster, peer: &NodeId) -> Option<SpaceState> {
        let frontier = self.frontier_digest();
        let receipts = self.receipts_digest(roster, peer);
        let (manifest, signed) = self.durable.as_ref()?;
        Some(SpaceState {
            space: manifest.space,
            manifest: signed.hash().shorten(),
            frontier,
            receipts,
            severed: self.adrift_digest(),
            vault: self.vault_digest(roster, peer),
        })
    }

    pub(super) fn report(&self, space: SpaceId) -> FrontierReport {
        let feeds = self
            .feeds
            .iter()
            .filter(|(_, state)| state.durable.length > 0);
        FrontierReport {
            space,
            complete: true,
            feeds: feeds
                .map(|(feed, state)| state.durable.report(*feed))
                .collect(),
        }
    }
}

impl Extent {
    pub(super) fn report(&self, feed: FeedId) -> FeedReport {
        FeedReport {
            feed,
            length: self.length,
            head: self.head,
            bytes: self.bytes,
        }
    }
}
