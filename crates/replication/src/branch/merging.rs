//! The roster of the federation together with the branches of its nodes.
//!
//! The outcome depends on the roster and on the set of branches alone, never on their order. No
//! node can take anything from the edge nodes of another but the label: see [`Roster::with_branches`].

use std::collections::{BTreeMap, BTreeSet};

use super::Branch;
use crate::id::NodeId;
use crate::roster::{NodeRecord, NodeRole, NodeStatus, Roster};

/// Who lists each edge node on its branch, with that node's consent.
type Claims<'a> = BTreeMap<NodeId, BTreeMap<NodeId, &'a NodeRecord>>;

impl Roster {
    /// This roster of the federation, and what its nodes admitted.
    ///
    /// - A branch counts when its parent is a node of the federation and no edge node itself. Once
    ///   a newer key of that parent has signed one, it stands in the place of the older key's.
    /// - A node on it counts when it consented to that parent, under any of the parent's keys, and
    ///   the federation does not list it. While the parent may not take part, it may not either.
    /// - A key consents once. One that several parents list with its consent is in the wrong
    ///   hands, or dishonest: it is removed.
    /// - A key takes the place of an older one only where the older stands on that branch alone.
    /// - Where a name is used twice, whoever stands on a branch is shown with its parent's name
    ///   behind (`laptop@TH-90`). Nothing else follows from a name.
    #[must_use]
    pub fn with_branches<'a>(&self, branches: impl IntoIterator<Item = &'a Branch>) -> Self {
        let claims = self.claims(branches);
        let settled = claims.iter().filter_map(|(node, by)| {
            let record = self.settle(&claims, by)?;
            Some((*node, record))
        });
        let mut admitted: BTreeMap<_, _> = settled.collect();
        self.label(&mut admitted);
        let mut merged = self.clone();
        merged.nodes.extend(admitted);
        merged
    }

    /// The nodes of the federation itself, and those on the branch of `parent` if one is given, as
    /// they are signed: those among which a new name there must be free.
    #[must_use]
    pub fn list_of(&self, parent: Option<&NodeId>) -> Self {
        let mut list = self.clone();
        list.nodes.retain(|_, record| {
            record.admitted_by.is_none() || record.admitted_by.as_ref() == parent
        });
        for record in list.nodes.values_mut() {
            record.name = record.given_name().to_owned();
        }
        list
    }

    fn claims<'a>(&self, branches: impl IntoIterator<Item = &'a Branch>) -> Claims<'a> {
        let of_nodes = branches.into_iter().filter(|branch| {
            let parent = self.nodes.get(&branch.parent);
            parent.is_some_and(|parent| parent.role != NodeRole::Edge)
        });
        let of_nodes: Vec<_> = of_nodes.collect();
        let older = |branch: &&Branch| self.lineage(&branch.parent).skip(1).collect::<Vec<_>>();
        let followed: BTreeSet<_> = of_nodes.iter().flat_map(older).collect();
        let mut claims = Claims::new();
        for branch in of_nodes {
            if followed.contains(&branch.parent) {
                continue;
            }
            let parent = self.newest(&branch.parent);
            for (node, admitted) in &branch.nodes {
                let meant = self.succeeds(&parent, &admitted.consent.parent);
                if meant && !self.nodes.contains_key(node) {
                    let by = claims.entry(*node).or_default();
                    by.insert(parent, &admitted.record);
                }
            }
        }
        claims
    }

    fn settle(
        &self,
        claims: &Claims<'_>,
        by: &BTreeMap<NodeId, &NodeRecord>,
    ) -> Option<NodeRecord> {
        let (parent, record) = by.first_key_value()?;
        let mut record = (*record).clone();
        record.admitted_by = Some(*parent);
        if !self.is_active(parent) {
            record.status = record.status.max(NodeStatus::Suspended);
        }
        if by.len() > 1 {
            record.status = NodeStatus::Removed;
        }
        let here_alone = |old: &NodeId| {
            let of_old = claims.get(old);
            by.len() == 1 && of_old.is_some_and(|of_old| of_old.keys().eq([parent]))
        };
        record.replaces = record.replaces.filter(here_alone);
        Some(record)
    }

    /// Tells nodes on branches from others of their name.
    fn label(&self, admitted: &mut BTreeMap<NodeId, NodeRecord>) {
        let mut holders: BTreeMap<String, usize> = BTreeMap::new();
        for record in self.nodes.values().chain(admitted.values()) {
            if record.status != NodeStatus::Removed {
                *holders.entry(record.name.clone()).or_default() += 1;
            }
        }
        for record in admitted.values_mut() {
            let own = usize::from(record.status != NodeStatus::Removed);
            let all = holders.get(&record.name).copied().unwrap_or_default();
            if let (true, Some(name)) = (all > own, self.name_with_parent(record)) {
                record.name = name;
            }
        }
    }

    /// The name under which a node on a branch is always found, whoever else has its own name.
    pub(crate) fn name_with_parent(&self, record: &NodeRecord) -> Option<String> {
        let parent = self.parent_label(&record.admitted_by?);
        Some(format!("{}@{parent}", record.given_name()))
    }

    /// The name of a parent; of a removed one the beginning of its key, since another node may
    /// have the name by now.
    fn parent_label(&self, parent: &NodeId) -> String {
        let record = self.nodes.get(parent);
        match record.filter(|record| record.status != NodeStatus::Removed) {
            Some(record) => record.name.clone(),
            None => parent.to_string()[..8].to_owned(),
        }
    }
}
