//! What administrators do: manifests, rosters and branches are signed and put in force.

use phaki_replication::branch::{Admitted, Branch};
use phaki_replication::consent::Consent;
use phaki_replication::id::{NodeId, SpaceId};
use phaki_replication::manifest::{Handover, Manifest, MemberRole, SignedManifest};
use phaki_replication::node::{Act, Event};
use phaki_replication::roster::NodeStatus;

use super::Cluster;
use crate::check::Violation;
use crate::federation::edge_record;
use crate::machine::{Machine, Request};

impl Cluster {
    /// The first spaces are founded before anything else happens.
    pub(super) fn found_spaces(&mut self) -> Result<(), Violation> {
        self.run_for(1_000)?;
        for manifest in std::mem::take(&mut self.first_manifests) {
            if let Some(steward) = self.index_of(&manifest.steward()) {
                self.issue(steward, manifest)?;
            }
        }
        // From now on every machine can be put back to a time when it knew next to nothing.
        (0..self.machines.len()).for_each(|machine| self.back_up(machine));
        Ok(())
    }

    /// The manifest of a space that its steward has in force.
    pub(crate) fn manifest_at_steward(&self, space: &SpaceId) -> Option<Manifest> {
        let of = |machine: &Machine| {
            let manifest = machine.node.as_ref()?.manifest(space)?;
            (manifest.steward() == machine.id).then(|| manifest.clone())
        };
        self.machines.iter().find_map(of)
    }

    pub(super) fn enact(&mut self, index: usize, act: Act) -> Result<(), Violation> {
        let machine = &mut self.machines[index];
        if machine.node.is_none() {
            return Ok(());
        }
        let request = machine.ask(Request::Enact(act.clone()));
        self.handle(index, Event::Enact { request, act })
    }

    /// A steward signs the next version of a manifest.
    pub(super) fn amend(
        &mut self,
        steward: usize,
        space: SpaceId,
        change: impl FnOnce(&mut Manifest),
    ) -> Result<(), Violation> {
        let node = self.machines[steward].node.as_ref();
        let Some(mut manifest) = node.and_then(|node| node.manifest(&space)).cloned() else {
            return Ok(());
        };
        manifest.version += 1;
        change(&mut manifest);
        self.issue(steward, manifest)
    }

    pub(super) fn issue(&mut self, steward: usize, manifest: Manifest) -> Result<(), Violation> {
        let signed: SignedManifest = manifest.sign(&self.machines[steward].key);
        self.reference.issue(manifest);
        self.enact(steward, Act::Manifest(signed))
    }

    pub(super) fn revoke(
        &mut self,
        steward: usize,
        space: SpaceId,
        node: NodeId,
        entirely: bool,
        adopted: u32,
    ) -> Result<(), Violation> {
        let frontier = self.machines[steward].disk.contents.frontier(&space);
        self.amend(steward, space, |manifest| {
            let role = if entirely {
                MemberRole::Removed
            } else {
                MemberRole::Reader
            };
            manifest.members.insert(node, role);
            for (feed, length) in frontier.into_iter().filter(|(feed, _)| feed.author == node) {
                let adopted = length * u64::from(adopted) / 1_000;
                let cap = manifest
                    .caps
                    .get(&feed)
                    .map_or(adopted, |cap| adopted.min(*cap));
                manifest.caps.insert(feed, cap);
            }
        })
    }

    pub(super) fn found(
        &mut self,
        index: usize,
        nonce: [u8; 16],
        writers: bool,
    ) -> Result<(), Violation> {
        let federation = self.federation.federation();
        let id = self.machines[index].id;
        let mut manifest = Manifest::found(federation, id, nonce, "new space");
        let role = if writers {
            MemberRole::Writer
        } else {
            MemberRole::Reader
        };
        for (peer, _) in self.network.neighbours(index) {
            manifest.members.insert(self.machines[peer].id, role);
        }
        self.issue(index, manifest)
    }

    /// The federation signs its next roster, and one machine is given it.
    pub(super) fn publish(
        &mut self,
        index: usize,
        suspended: Option<usize>,
    ) -> Result<(), Violation> {
        if self.machines[index].node.is_none() {
            return Ok(());
        }
        self.reference.roster_version += 1;
        let mut roster = self.roster.clone();
        roster.version = self.reference.roster_version;
        if let Some(suspended) = suspended
            && let Some(record) = roster.nodes.get_mut(&self.machines[suspended].id)
        {
            record.status = NodeStatus::Suspended;
        }
        let signed = roster.sign(&self.federation);
        self.enact(index, Act::Roster(signed))
    }

    /// An act was acknowledged: it must not be lost any more.
    pub(super) fn enacted(&mut self, index: usize, act: &Act) {
        let Act::Manifest(signed) = act else {
            return;
        };
        if let Ok(manifest) = Manifest::decode(&signed.bytes) {
            let version = self
                .reference
                .enacted
                .entry((index, manifest.space))
                .or_default();
            *version = manifest.version.max(*version);
        }
    }

    /// A steward offers its space.
    pub(super) fn offer(
        &mut self,
        index: usize,
        space: SpaceId,
        to: NodeId,
    ) -> Result<(), Violation> {
        let federation = self.federation.federation();
        let key = self.machines[index].key.clone();
        self.amend(index, space, |manifest| {
            let from = manifest.steward();
            manifest.offer = Some(Handover::sign(&key, &federation, &space, &from, to));
        })
    }

    /// A node takes over a space that was offered to it; who had it goes on as a writer.
    pub(super) fn take_over(&mut self, index: usize, space: SpaceId) -> Result<(), Violation> {
        let machine = &self.machines[index];
        let known = machine.node.as_ref().and_then(|node| node.manifest(&space));
        let offer = known.and_then(|manifest| manifest.offer);
        let Some(offer) = offer.filter(|offer| offer.to == machine.id) else {
            return Ok(());
        };
        self.amend(index, space, |manifest| {
            manifest
                .members
                .insert(manifest.steward(), MemberRole::Writer);
            manifest.handovers.push(offer);
            manifest.offer = None;
        })
    }

    /// A node signs the next version of its branch.
    pub(super) fn admit(
        &mut self,
        index: usize,
        edge: usize,
        status: NodeStatus,
    ) -> Result<(), Violation> {
        let machine = &self.machines[index];
        let Some(node) = &machine.node else {
            return Ok(());
        };
        let federation = self.federation.federation();
        let held = node.branch(&machine.id).map(|(branch, _)| branch.clone());
        let mut branch = held.unwrap_or(Branch {
            federation,
            parent: machine.id,
            version: 0,
            nodes: std::collections::BTreeMap::new(),
        });
        branch.version += 1;
        let mut record = edge_record(edge, index, status);
        record.admitted_by = Some(machine.id);
        let consent = Consent::sign(&self.machines[edge].key, &federation, machine.id);
        let admitted = Admitted { record, consent };
        branch.nodes.insert(self.machines[edge].id, admitted);
        let signed = branch.sign(&machine.key);
        self.enact(index, Act::Branch(signed))
    }

    /// Every edge node is admitted again.
    pub(super) fn admit_all(&mut self) -> Result<(), Violation> {
        for (edge, parent) in self.branches.clone() {
            let id = self.machines[edge].id;
            let contents = &self.machines[parent].disk.contents;
            if !contents.roster.is_active(&id) {
                self.admit(parent, edge, NodeStatus::Active)?;
            }
        }
        Ok(())
    }
}
