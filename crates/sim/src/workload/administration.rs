//! What stewards, the federation and nodes with a branch do.

use std::collections::BTreeSet;

use phaki_replication::id::{NodeId, SpaceId};
use phaki_replication::manifest::{Group, Manifest, MemberRole};
use phaki_replication::roster::{NodeRole, NodeStatus};
use rand::Rng;

use super::Draw;
use crate::federation::{border, is_connected, region};
use crate::transition::Transition;

impl Draw<'_> {
    pub(super) fn grant(&mut self) -> Option<Transition> {
        let manifest = self.manifest()?;
        let machine = self.cluster.index_of(&manifest.steward())?;
        let readers = self.cluster.readers(&manifest);
        let beside = border(&self.cluster.network.edges, &readers);
        let candidates: Vec<usize> = readers.union(&beside).copied().collect();
        let chosen = *self.pick(&candidates)?;
        let node = self.cluster.machines[chosen].id;
        let writer = self.rng.random_bool(0.7);
        let role = if writer {
            MemberRole::Writer
        } else {
            MemberRole::Reader
        };
        let (space, adopt) = (manifest.space, self.rng.random_bool(0.8));
        let another = node != manifest.steward();
        another.then_some(Transition::Grant {
            machine,
            space,
            node,
            role,
            adopt,
        })
    }

    pub(super) fn revoke(&mut self) -> Option<Transition> {
        let manifest = self.manifest()?;
        let machine = self.cluster.index_of(&manifest.steward())?;
        let members = manifest.members.keys().copied();
        let members: Vec<NodeId> = members
            .filter(|node| manifest.may_read(&self.cluster.roster, node))
            .collect();
        let node = *self.pick(&members)?;
        let mut remaining = self.cluster.readers(&manifest);
        remaining.remove(&self.cluster.index_of(&node)?);
        let separable = is_connected(&self.cluster.network.edges, &remaining);
        let entirely = separable && self.rng.random_bool(0.4);
        let adopted = if self.rng.random_bool(0.6) {
            1_000
        } else {
            self.rng.random_range(0..1_000)
        };
        Some(Transition::Revoke {
            machine,
            space: manifest.space,
            node,
            entirely,
            adopted,
        })
    }

    /// The manifest of some space as its steward has it in force.
    pub(super) fn manifest(&mut self) -> Option<Manifest> {
        let spaces: Vec<SpaceId> = self.cluster.reference.spaces().copied().collect();
        let space = self.pick(&spaces)?;
        self.cluster.manifest_at_steward(space)
    }

    /// A roster that suspends nobody or one node without which all others still reach each
    /// other: otherwise nobody could bring them the roster that reinstates it.
    pub(super) fn publish(&mut self) -> Option<Transition> {
        let candidate = self.rng.random_range(1..self.cluster.members().max(2));
        let mut others: BTreeSet<usize> = (0..self.cluster.members()).collect();
        let known = others.remove(&candidate);
        let separable = known && is_connected(&self.cluster.network.edges, &others);
        let suspended = (separable && self.rng.random_bool(0.6)).then_some(candidate);
        let machine = if self.rng.random_bool(0.8) {
            0
        } else {
            self.any()
        };
        Some(Transition::Publish { machine, suspended })
    }

    /// Another role for a group, as long as all who read the space then can reach each other.
    pub(super) fn group(&mut self) -> Option<Transition> {
        let mut manifest = self.manifest()?;
        let machine = self.cluster.index_of(&manifest.steward())?;
        let areas = (0..3).map(|nth| Group::Area(region(nth)));
        let groups: Vec<Group> = areas
            .chain([NodeRole::National, NodeRole::Province].map(Group::Role))
            .collect();
        let group = self.pick(&groups)?.clone();
        let roles = [None, Some(MemberRole::Reader), Some(MemberRole::Writer)];
        let role = roles[self.rng.random_range(0..3)];
        manifest.groups.remove(&group);
        manifest
            .groups
            .extend(role.map(|role| (group.clone(), role)));
        let readers = self.cluster.readers(&manifest);
        let connected = is_connected(&self.cluster.network.edges, &readers);
        connected.then_some(Transition::Group {
            machine,
            space: manifest.space,
            group,
            role,
        })
    }

    /// A steward offers its space to a reader, or whoever was offered one takes it.
    pub(super) fn transfer(&mut self) -> Option<Transition> {
        let manifest = self.manifest()?;
        let space = manifest.space;
        if let Some(offer) = &manifest.offer {
            let machine = self.cluster.index_of(&offer.to)?;
            return Some(Transition::TakeOver { machine, space });
        }
        let machine = self.cluster.index_of(&manifest.steward())?;
        let readers: Vec<usize> = self.cluster.readers(&manifest).into_iter().collect();
        let to = self.cluster.machines[*self.pick(&readers)?].id;
        let few = manifest.handovers.len() < 3;
        (few && to != manifest.steward()).then_some(Transition::Offer { machine, space, to })
    }

    /// A parent admits its edge node, or suspends it for a while.
    pub(super) fn admit(&mut self) -> Option<Transition> {
        let branches: Vec<(usize, usize)> = self.cluster.branches().collect();
        let (edge, machine) = *self.pick(&branches)?;
        let status = match self.rng.random_bool(0.8) {
            true => NodeStatus::Active,
            false => NodeStatus::Suspended,
        };
        Some(Transition::Admit {
            machine,
            edge,
            status,
        })
    }
}
