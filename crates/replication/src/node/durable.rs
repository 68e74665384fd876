//! What a node knows when it starts: read from its store.

use crate::branch::SignedBranch;
use crate::fork::ForkProof;
use crate::id::{FeedId, Hash, SpaceId};
use crate::manifest::SignedManifest;
use crate::message::SeveredRun;
use crate::receipt::SignedReceipt;
use crate::roster::SignedRoster;
use crate::vault::Told;

/// What a node knows when it starts: read from its store.
#[derive(Clone, Debug)]
pub struct Durable {
    /// The roster in force.
    pub roster: SignedRoster,
    /// The branches in force.
    pub branches: Vec<SignedBranch>,
    /// The manifests in force.
    pub manifests: Vec<SignedManifest>,
    /// The proofs by which feeds were cut.
    pub forks: Vec<ForkProof>,
    /// The newest receipts of every space.
    pub receipts: Vec<SignedReceipt>,
    /// The statements about people; records without their keys are not among them.
    pub vault: Vec<Told>,
    /// What was cut off and is kept.
    pub severed: Vec<(SpaceId, KeptRun)>,
    /// The feeds held.
    pub feeds: Vec<DurableFeed>,
}

/// A feed as the store holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DurableFeed {
    /// The space.
    pub space: SpaceId,
    /// The feed.
    pub feed: FeedId,
    /// Entries held.
    pub length: u64,
    /// The hash of the last one.
    pub head: Hash,
    /// Payload bytes of all.
    pub bytes: u64,
}

/// A run that was cut off and is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptRun {
    /// Which.
    pub run: SeveredRun,
    /// Its payload bytes.
    pub bytes: u64,
    /// Whether it is another node's, taken from a peer to be passed on.
    pub carried: bool,
    /// Whether everything in it that can be published again has been, where it counts and by
    /// somebody with the right to.
    pub settled: bool,
}
