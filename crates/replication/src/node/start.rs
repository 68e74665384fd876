//! What a node begins with: everything that its store holds, checked once more.

use std::collections::BTreeMap;

use thiserror::Error;

use super::held::{Extent, Feed, Held};
use super::{Durable, KeptRun};
use crate::branch::{Branch, BranchError, SignedBranch};
use crate::id::{FederationId, FeedId, NodeId, SpaceId};
use crate::manifest::ManifestError;
use crate::receipt::Receipt;
use crate::roster::{Roster, RosterError};
use crate::vault::{Kept, Statement};

/// Why a node does not start from what its store holds.
#[derive(Debug, Error)]
pub enum StartError {
    /// The roster is not what was stored once.
    #[error("open the stored roster")]
    Roster(#[source] RosterError),
    /// A branch is not what was stored once.
    #[error("open a stored branch")]
    Branch(#[source] BranchError),
    /// A manifest is not what was stored once.
    #[error("open a stored manifest")]
    Manifest(#[source] ManifestError),
    /// A feed belongs to a space without manifest.
    #[error("feed {feed} belongs to the unknown space {space}")]
    Space {
        /// The space.
        space: SpaceId,
        /// The feed.
        feed: FeedId,
    },
}

/// The branches as they were signed.
pub(super) fn branches_of(
    branches: &BTreeMap<NodeId, (Branch, SignedBranch)>,
) -> BTreeMap<NodeId, SignedBranch> {
    let signed =
        |(parent, (_, signed)): (&NodeId, &(Branch, SignedBranch))| (*parent, signed.clone());
    branches.iter().map(signed).collect()
}

/// The spaces with all that is held of them.
pub(super) fn spaces_of(
    me: &NodeId,
    federation: &FederationId,
    roster: &Roster,
    durable: Durable,
) -> Result<BTreeMap<SpaceId, Held>, StartError> {
    let mut spaces = BTreeMap::new();
    for signed in durable.manifests {
        let manifest = signed
            .open(federation, roster)
            .map_err(StartError::Manifest)?;
        let mut held = Held::new(*me, manifest.clone(), &signed);
        held.durable = Some((manifest.clone(), signed));
        spaces.insert(manifest.space, held);
    }
    for stored in durable.feeds {
        let (space, feed) = (stored.space, stored.feed);
        let held = spaces
            .get_mut(&space)
            .ok_or(StartError::Space { space, feed })?;
        let extent = Extent {
            length: stored.length,
            head: stored.head,
            bytes: stored.bytes,
        };
        held.feeds.insert(
            feed,
            Feed {
                durable: extent,
                pending: extent,
            },
        );
    }
    for proof in durable.forks {
        if let Some(held) = spaces.get_mut(&proof.space) {
            held.cuts.insert(proof.feed, proof);
        }
    }
    for signed in durable.receipts {
        // One that is damaged comes again from its node.
        let Ok(receipt) = Receipt::decode(&signed.bytes) else {
            continue;
        };
        if let Some(held) = spaces.get_mut(&receipt.space) {
            held.receipts.insert(receipt.node, (receipt, signed));
        }
    }
    for told in durable.vault {
        // One that is damaged comes again from others.
        let Ok(statement) = Statement::decode(&told.signed.bytes) else {
            continue;
        };
        if let Some(held) = spaces.get_mut(&statement.space) {
            held.vault.put(Kept::new(statement, told));
        }
    }
    let mut kept: BTreeMap<SpaceId, Vec<KeptRun>> = BTreeMap::new();
    for (space, run) in durable.severed {
        kept.entry(space).or_default().push(run);
    }
    for (space, runs) in kept {
        if let Some(held) = spaces.get_mut(&space) {
            held.keep(runs);
        }
    }
    Ok(spaces)
}
