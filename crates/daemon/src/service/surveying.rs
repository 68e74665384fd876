//! What is decided about spaces, who may do what today, and what a change would mean.

use std::collections::BTreeMap;

use phaki_replication::id::{NodeId, SpaceId};
use phaki_replication::manifest::{Manifest, MemberRole};
use phaki_replication::roster::NodeStatus;
use phaki_store::reader::FeedRow;
use phaki_wire::proto::local::v1 as pb;

use super::denial::Denial;
use super::enrolling::prospect_to_wire;
use super::find;
use super::grantee::{self, grantee};
use super::granting::{check, role};
use super::spaces::Spaces;
use crate::enrolment::{Prospect, Size, rights};
use crate::node_loop::InForce;
use crate::rights::assign;

impl Spaces {
    /// One space with everything that is decided about it.
    pub(super) async fn show(
        &self,
        request: pb::ShowSpaceRequest,
    ) -> Result<pb::ShowSpaceReply, Denial> {
        let in_force = self.requests.in_force();
        let manifest = find::space(&in_force, &request.space)?;
        let roster = &in_force.roster;
        let feeds = self.feeds(manifest.space).await?;
        let readers = active(&in_force).filter(|node| manifest.may_read(roster, node));
        let readers = readers.map(|node| pb::NodeRights {
            node: in_force.name(node),
            writes: manifest.may_write(roster, node),
            steward: manifest.is_steward(roster, node),
        });
        let mut nodes: Vec<_> = readers.collect();
        nodes.sort_by(|one, other| one.node.cmp(&other.node));
        // A node that has another key now is not frozen itself.
        let present = |node: &&NodeId| roster.newest(node) == **node;
        let frozen = manifest.frozen.iter().filter(present);
        let frozen = frozen.map(|node| in_force.name(node));
        Ok(pb::ShowSpaceReply {
            space: Some(self.one(&manifest.space).await?),
            nodes,
            frozen: frozen.collect(),
            feeds: feeds_to_wire(&in_force, manifest, &feeds),
        })
    }

    /// What a node may read and write, in one space or in all that this node knows.
    pub(super) async fn rights(
        &self,
        request: pb::ShowRightsRequest,
    ) -> Result<pb::ShowRightsReply, Denial> {
        let in_force = self.requests.in_force();
        let node = grantee::node(&in_force, &request.node)?;
        let only = find::optional_space(&in_force, &request.space)?;
        let sizes = self.sizes().await?;
        let asked = in_force.spaces.iter();
        let asked = asked.filter(|(space, _)| only.is_none_or(|only| only == **space));
        let manifests = asked
            .map(|(space, manifest)| (*space, manifest.clone()))
            .collect();
        let prospect = Prospect::of(&manifests, &sizes, &in_force.roster, &node);
        let status = in_force.roster.nodes.get(&node).map(|record| record.status);
        Ok(pb::ShowRightsReply {
            node: in_force.name(&node),
            status: status.map_or("", NodeStatus::name).to_owned(),
            prospect: Some(prospect_to_wire(prospect)),
        })
    }

    /// What a grant, or with no role a revocation, would mean.
    pub(super) async fn preview(
        &self,
        request: pb::PreviewSpaceRequest,
    ) -> Result<pb::PreviewSpaceReply, Denial> {
        let role = match request.role.as_str() {
            "" => MemberRole::Removed,
            text => role(text)?,
        };
        let in_force = self.requests.in_force();
        let manifest = find::space(&in_force, &request.space)?;
        let to = grantee(&in_force, &request.node)?;
        check(&in_force, manifest, &to, role)?;
        let feeds = self.feeds(manifest.space).await?;
        let counting = feeds.iter().map(|row| (row.feed, row.applied)).collect();
        let next = assign(manifest, &in_force.roster, &to, role, &counting);
        let size = self.sizes().await?.remove(&manifest.space);
        let size = size.unwrap_or_default();
        let changes = next.map(|next| changes(&in_force, manifest, &next, &feeds));
        Ok(pb::PreviewSpaceReply {
            space: manifest.name.clone(),
            changes: changes.unwrap_or_default(),
            documents: size.documents,
            entries: size.entries,
            bytes: size.bytes,
        })
    }

    async fn feeds(&self, space: SpaceId) -> Result<Vec<FeedRow>, Denial> {
        let reader = self.reader.clone();
        let read = move || reader.feeds(&space).map_err(Denial::unreadable);
        self.workers.run(read).await
    }

    async fn sizes(&self) -> Result<BTreeMap<SpaceId, Size>, Denial> {
        let rows = self.rows().await?;
        Ok(rows.iter().map(|row| (row.space, Size::of(row))).collect())
    }
}

fn active(in_force: &InForce) -> impl Iterator<Item = &NodeId> {
    let nodes = in_force.roster.nodes.iter();
    let active = nodes.filter(|(_, record)| record.status == NodeStatus::Active);
    active.map(|(node, _)| node)
}

/// The active nodes whose rights differ between two manifests, by name.
fn changes(
    in_force: &InForce,
    now: &Manifest,
    next: &Manifest,
    feeds: &[FeedRow],
) -> Vec<pb::RightsChange> {
    let roster = &in_force.roster;
    let change = |node: &NodeId| {
        let (before, after) = (rights(now, roster, node), rights(next, roster, node));
        let own = |row: &&FeedRow| roster.succeeds(node, &row.feed.author);
        (before != after).then(|| pb::RightsChange {
            node: in_force.name(node),
            read_before: before.reads,
            write_before: before.writes,
            reads: after.reads,
            writes: after.writes,
            own_entries: feeds.iter().filter(own).map(|row| row.applied).sum(),
        })
    };
    let mut changes: Vec<_> = active(in_force).filter_map(change).collect();
    changes.sort_by(|one, other| one.node.cmp(&other.node));
    changes
}

fn feeds_to_wire(in_force: &InForce, manifest: &Manifest, rows: &[FeedRow]) -> Vec<pb::FeedState> {
    let to_wire = |row: &FeedRow| {
        let cap = manifest.caps.get(&row.feed).copied();
        pb::FeedState {
            node: in_force.name(&row.feed.author),
            epoch: row.feed.epoch.to_string(),
            entries: row.length,
            bytes: row.bytes,
            counting: row.applied,
            capped: cap.is_some(),
            cap: cap.unwrap_or_default(),
        }
    };
    let mut feeds: Vec<_> = rows.iter().map(to_wire).collect();
    feeds.sort_by(|one, other| (&one.node, &one.epoch).cmp(&(&other.node, &other.epoch)));
    feeds
}
