//! What the node wants a person to know of, in the log.

use phaki_replication::node::Notice;
use tracing::{error, info, warn};

use super::NodeLoop;

impl NodeLoop {
    /// Whether the log tells of it. A peer can be refused as often as it likes.
    pub(super) fn may_tell(&mut self, notice: &Notice) -> bool {
        let (Notice::EntriesRefused { peer, .. }
        | Notice::ActRefused { peer, .. }
        | Notice::StatementRefused { peer, .. }
        | Notice::PeerRefused { peer, .. }) = notice
        else {
            return true;
        };
        let admitted = self.complaints.admit(*peer, self.clock.monotonic_ms());
        if let Some(left_out) = admitted.filter(|left_out| *left_out > 0) {
            warn!(peer = self.name(peer), left_out, "refusals not told");
        }
        admitted.is_some()
    }

    pub(super) fn notice(&mut self, notice: &Notice) {
        match notice {
            Notice::InSync { peer } => {
                let name = self.name(peer);
                self.links.in_sync(peer, &name);
            }
            Notice::EntriesRefused {
                peer,
                space,
                feed,
                reason,
            } => {
                let author = self.name(&feed.author);
                warn!(peer = self.name(peer), %space, author, reason, "entries refused");
            }
            Notice::FeedsDiffer { peer, space, feed } => {
                let author = self.name(&feed.author);
                warn!(
                    peer = self.name(peer),
                    %space,
                    author,
                    "the peer holds other entries of this author, or says so, and does not show \
                     where they part; nothing of them is taken from it"
                );
            }
            Notice::OwnFeedAhead {
                peer,
                space,
                length,
            } => {
                warn!(
                    peer = self.name(peer),
                    %space,
                    length,
                    "the peer says that it holds more entries of this node than the node itself: \
                     was an older copy of the data folder put back? do not edit here before it \
                     is clear"
                );
            }
            Notice::StatementRefused { peer, space, why } => {
                warn!(peer = self.name(peer), %space, %why, "statements about people refused");
            }
            Notice::ActRefused { peer, reason } => {
                warn!(peer = self.name(peer), reason, "roster or manifest refused");
            }
            Notice::PeerRefused { peer, reason } => {
                warn!(
                    peer = self.name(peer),
                    reason = reason.name(),
                    "peer refused"
                );
            }
            Notice::Superseded { .. }
            | Notice::Renewed { .. }
            | Notice::Republished { .. }
            | Notice::Quarantined { .. }
            | Notice::Forked { .. }
            | Notice::Cloned { .. }
            | Notice::OwnKeyElsewhere { .. } => self.trouble(notice),
        }
    }

    /// What concerns copied stores, copied keys, and work without a right.
    fn trouble(&self, notice: &Notice) {
        match notice {
            Notice::Superseded { peer, space } => {
                error!(
                    peer = self.name(peer),
                    %space,
                    "this data folder is an older copy of one that wrote on: it takes a new epoch \
                     and is filled again from its peers"
                );
            }
            Notice::Renewed { epoch } => {
                info!(%epoch, "a new epoch has begun");
            }
            Notice::Republished { space, count } => {
                info!(%space, count, "own entries that others could not count are published again");
            }
            Notice::Quarantined {
                space,
                feed,
                counted,
            } => {
                let author = self.name(&feed.author);
                warn!(
                    %space,
                    author,
                    counted,
                    "entries are in quarantine: their author may not write them; see \
                     `phaki quarantine list`"
                );
            }
            Notice::Forked { space, feed, at } => {
                let author = self.name(&feed.author);
                error!(
                    %space,
                    author,
                    at,
                    "this author signed two different entries at one place: its store was copied \
                     or put back, or somebody else has its key; the feed ends there"
                );
            }
            Notice::Cloned { peer } => {
                error!(
                    peer = self.name(peer),
                    "two machines have the key of this peer: one of them is a copy"
                );
            }
            Notice::OwnKeyElsewhere { peer } => {
                error!(
                    peer = self.name(peer),
                    "another machine uses this node's key: stop one of the two"
                );
            }
            Notice::InSync { .. }
            | Notice::EntriesRefused { .. }
            | Notice::FeedsDiffer { .. }
            | Notice::OwnFeedAhead { .. }
            | Notice::ActRefused { .. }
            | Notice::StatementRefused { .. }
            | Notice::PeerRefused { .. } => {}
        }
    }
}
