//! What a node does under a key that has replaced another: it signs anew what the one before had
//! signed, and publishes again what of its work counts no longer under that key.

use std::collections::BTreeSet;

use super::Effect;
use super::held::Held;
use super::state::Node;
use crate::branch::Branch;
use crate::id::{NodeId, SpaceId};
use crate::manifest::Manifest;
use crate::roster::NodeRole;

impl Node {
    /// A node whose store began empty under a key that had replaced another, so that it is filled
    /// from its peers. It signs for a space of its own, and freezes authors in it, only once it
    /// holds as much of it as a peer: otherwise what it does not hold yet would not count.
    #[must_use]
    pub fn refilled(mut self) -> Self {
        self.refilled = true;
        let inherited = |(_, held): &(_, &Held)| self.inherits(&held.manifest);
        let spaces = self.spaces.iter().filter(inherited);
        self.unfilled = spaces.map(|(space, _)| *space).collect();
        self
    }

    /// Whether a manifest is of a space of this node and signed with a key that it had before.
    fn inherits(&self, manifest: &Manifest) -> bool {
        manifest.is_steward(&self.roster, &self.id) && manifest.signer != self.id
    }

    /// A space that this node did not know is its own.
    pub(super) fn note_inherited(&mut self, manifest: &Manifest) {
        if self.refilled && !self.spaces.contains_key(&manifest.space) && self.inherits(manifest) {
            self.unfilled.insert(manifest.space);
        }
    }

    /// It holds as much as that peer: what is shared with it is filled.
    pub(super) fn take_over_filled(&mut self, peer: &NodeId, out: &mut Vec<Effect>) {
        let filled = |space: &&SpaceId| {
            let held = self.spaces.get(*space);
            held.is_none_or(|held| held.is_shared_with(&self.roster, peer))
        };
        let filled: BTreeSet<SpaceId> = self.unfilled.iter().filter(filled).copied().collect();
        if !filled.is_empty() {
            self.unfilled.retain(|space| !filled.contains(space));
            self.keep_own_manifests(out);
        }
    }

    /// Says under the new key whom this node admitted by itself, were it nobody: from then on
    /// nothing that the key before signs counts as its branch.
    pub(super) fn keep_own_branch(&mut self, out: &mut Vec<Effect>) {
        let own = self.roster.nodes.get(&self.id);
        let may = own.is_some_and(|own| {
            own.replaces.is_some() && own.admitted_by.is_none() && own.role != NodeRole::Edge
        });
        if !may || !self.roster.is_active(&self.id) || self.branches.contains_key(&self.id) {
            return;
        }
        let before = self.roster.lineage(&self.id).skip(1);
        let before = before.filter_map(|key| self.branches.get(&key)).next();
        let mut branch = Branch {
            federation: self.federation,
            parent: self.id,
            version: 1,
            nodes: before.map_or_else(Default::default, |(branch, _)| branch.nodes.clone()),
        };
        for admitted in branch.nodes.values_mut() {
            admitted.record.admitted_by = Some(self.id);
        }
        let signed = branch.sign(&self.key);
        self.put_branch_in_force(branch, signed, None, out);
    }

    /// Spaces in which there may be own work to publish again: what was cut off, and what an
    /// earlier key wrote that counts no longer.
    pub(super) fn spaces_with_lost_work(&self) -> Vec<SpaceId> {
        let own: BTreeSet<NodeId> = self.roster.lineage(&self.id).collect();
        let lost = |held: &Held| {
            let severed = held.severed.keys().any(|feed| own.contains(&feed.author));
            let frozen = held.feeds.iter().any(|(feed, state)| {
                feed.author != self.id
                    && own.contains(&feed.author)
                    && held.manifest.permitted(&self.roster, feed) < state.durable.length
            });
            severed || frozen
        };
        let spaces = self.spaces.iter().filter(|(_, held)| lost(held));
        spaces.map(|(space, _)| *space).collect()
    }
}
