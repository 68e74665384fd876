//! What a node tells people of.

use crate::id::{Epoch, FeedId, NodeId, SpaceId};
use crate::message::CloseReason;
use crate::vault::Unheeded;

/// Something that a person may want to know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A session reached agreement on everything that both may read.
    InSync {
        /// With whom.
        peer: NodeId,
    },
    /// Entries were refused.
    EntriesRefused {
        /// Who sent them.
        peer: NodeId,
        /// Of which space.
        space: SpaceId,
        /// Of which feed.
        feed: FeedId,
        /// Why, in one word of [`CloseReason::name`] or of the limits.
        reason: &'static str,
    },
    /// A peer holds other entries of a feed, and does not show where they part; none are taken.
    FeedsDiffer {
        /// Who.
        peer: NodeId,
        /// Of which space.
        space: SpaceId,
        /// Which feed.
        feed: FeedId,
    },
    /// A peer says that it holds more of this node's own entries than the node itself.
    OwnFeedAhead {
        /// Who says so.
        peer: NodeId,
        /// In which space.
        space: SpaceId,
        /// How many.
        length: u64,
    },
    /// That is proved: a peer has sent entries of this node, signed with its key, that follow what
    /// the node holds or stand in their place. From now on it appends nothing.
    Superseded {
        /// Who sent them.
        peer: NodeId,
        /// Of which space.
        space: SpaceId,
    },
    /// Entries were put in quarantine: their author had no right to write them, or had it no
    /// longer. Told when a feed's first such entries come.
    Quarantined {
        /// Of which space.
        space: SpaceId,
        /// Of which feed.
        feed: FeedId,
        /// Entries of the feed that count.
        counted: u64,
    },
    /// A feed was signed in two ways: from now on it ends at that place.
    Forked {
        /// Of which space.
        space: SpaceId,
        /// Which feed.
        feed: FeedId,
        /// Entries that count.
        at: u64,
    },
    /// This node goes on under a new epoch.
    Renewed {
        /// The new one.
        epoch: Epoch,
    },
    /// Own entries that had been cut off were published again.
    Republished {
        /// In which space.
        space: SpaceId,
        /// How many.
        count: usize,
    },
    /// Two machines have sessions under the key of one peer, in turns.
    Cloned {
        /// Whose key.
        peer: NodeId,
    },
    /// A peer says that another machine has a session under this node's key.
    OwnKeyElsewhere {
        /// Who says so.
        peer: NodeId,
    },
    /// Statements about people were not heeded.
    StatementRefused {
        /// Who sent them.
        peer: NodeId,
        /// Of which space.
        space: SpaceId,
        /// Why.
        why: Unheeded,
    },
    /// A roster, branch or manifest was refused.
    ActRefused {
        /// Who sent it.
        peer: NodeId,
        /// Why.
        reason: String,
    },
    /// A session was closed for what the peer did.
    PeerRefused {
        /// Who.
        peer: NodeId,
        /// Why.
        reason: CloseReason,
    },
}
