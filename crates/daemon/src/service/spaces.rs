//! Spaces: founded here, granted by their steward.

use std::collections::BTreeMap;
use std::sync::Arc;

use phaki_replication::id::{FeedId, NodeId, SpaceId};
use phaki_replication::limits::{MEMBERS_MAX, NAME_BYTES_MAX};
use phaki_replication::manifest::{Manifest, MemberRole};
use phaki_replication::node::Act;
use phaki_replication::roster::NodeStatus;
use phaki_replication::sign::SecretKey;
use phaki_store::reader::SpaceRow;
use phaki_store::{AuditDraft, Reader};
use phaki_wire::proto::local::v1 as pb;
use tokio::sync::Mutex;
use tonic::Code;

use super::denial::Denial;
use super::editing::hex;
use super::find;
use super::status::{Coverages, Decide};
use super::workers::Workers;
use crate::audit::{Audit, Deed};
use crate::identity;
use crate::node_loop::{InForce, NodeRequests, Overview};
use crate::quote::quoted;

/// What administration of spaces needs. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Spaces {
    pub(super) key: SecretKey,
    pub(super) requests: NodeRequests,
    pub(super) audit: Audit,
    pub(super) reader: Reader,
    pub(super) workers: Workers,
    /// Manifests are signed one after the other, so that none replaces another unseen.
    pub(super) turn: Arc<Mutex<()>>,
}

impl Spaces {
    pub(super) async fn list(&self) -> Result<Vec<pb::Space>, Denial> {
        let overview = self.requests.look().await?;
        let rows = self.rows().await?;
        let reader = self.reader.clone();
        let unsettled = move || reader.unsettled().map_err(Denial::unreadable);
        let decide = self.workers.run(unsettled).await?;
        Ok(spaces_to_wire(&overview, &rows, &decide, Coverages::new()))
    }

    pub(super) async fn rows(&self) -> Result<Vec<SpaceRow>, Denial> {
        let reader = self.reader.clone();
        self.workers
            .run(move || reader.spaces().map_err(Denial::unreadable))
            .await
    }

    pub(super) async fn create(
        &self,
        request: pb::CreateSpaceRequest,
    ) -> Result<pb::CreateSpaceReply, Denial> {
        check_name(&request.name)?;
        let _turn = self.turn.lock().await;
        let in_force = self.requests.in_force();
        if let Some(known) = in_force.find_space(&request.name).first() {
            let (name, id) = (&known.name, known.space);
            let sentence = format!("there is a space {name} already: it is {id}");
            return Err(Denial::new(Code::AlreadyExists, "exists", sentence));
        }
        let nonce = identity::random()
            .map_err(|error| Denial::internal("space not created", format!("{error:#}")))?;
        let manifest = Manifest::found(in_force.federation, in_force.node, nonce, &request.name);
        let created = self
            .audit
            .act(Deed::SpaceCreated, manifest.space, &manifest.name);
        self.enact(&manifest, created).await?;
        let space = Some(self.one(&manifest.space).await?);
        Ok(pb::CreateSpaceReply { space })
    }

    pub(super) async fn grant(
        &self,
        request: pb::GrantSpaceRequest,
    ) -> Result<pb::GrantSpaceReply, Denial> {
        let role = MemberRole::from_name(&request.role);
        let role = role
            .filter(|role| *role != MemberRole::Removed)
            .ok_or_else(|| {
                Denial::invalid(format!(
                    "there is no role {}: use reader or writer",
                    quoted(&request.role)
                ))
            })?;
        let _turn = self.turn.lock().await;
        let in_force = self.requests.in_force();
        let mut manifest = find::space(&in_force, &request.space)?.clone();
        let node = find_node(&in_force, &request.node)?;
        check_grant(&in_force, &manifest, node)?;
        let counting = self.counting(manifest.space, node).await?;
        if give(&mut manifest, node, role, &counting) {
            let detail = format!("{}, {node}", role.name());
            let granted = self.audit.act(Deed::SpaceGranted, manifest.space, detail);
            self.enact(&manifest, granted).await?;
        }
        let space = Some(self.one(&manifest.space).await?);
        Ok(pb::GrantSpaceReply { space })
    }

    /// The feeds of `node` in a space with the entries that count.
    async fn counting(
        &self,
        space: SpaceId,
        node: NodeId,
    ) -> Result<BTreeMap<FeedId, u64>, Denial> {
        let reader = self.reader.clone();
        let read = move || reader.feeds(&space).map_err(Denial::unreadable);
        let rows = self.workers.run(read).await?.into_iter();
        let own = rows.filter(|row| row.feed.author == node);
        Ok(own.map(|row| (row.feed, row.applied)).collect())
    }

    /// Signs a manifest and puts it in force; `done` is recorded with it.
    async fn enact(&self, manifest: &Manifest, done: AuditDraft) -> Result<(), Denial> {
        let act = Act::Manifest(manifest.sign(&self.key));
        let enacted = self.requests.enact(act, vec![done]).await;
        enacted.map_err(|error| Denial::of_request(&format!("space {}", manifest.name), &error))
    }

    async fn one(&self, space: &SpaceId) -> Result<pb::Space, Denial> {
        let spaces = self.list().await?.into_iter();
        let id = space.to_string();
        let mut found = spaces.filter(|space| space.id == id);
        found
            .next()
            .ok_or_else(|| Denial::internal("space not found", id))
    }
}

/// Makes `node` a member; whether that changes anything. `counting` are its feeds with the entries
/// that count: a writer that becomes a reader keeps these, and one that may write again is freed
/// of the caps.
fn give(
    manifest: &mut Manifest,
    node: NodeId,
    role: MemberRole,
    counting: &BTreeMap<FeedId, u64>,
) -> bool {
    if manifest.members.insert(node, role) == Some(role) {
        return false;
    }
    match role {
        MemberRole::Writer => manifest.caps.retain(|feed, _| feed.author != node),
        MemberRole::Reader | MemberRole::Removed => manifest
            .caps
            .extend(counting.iter().filter(|(_, held)| **held > 0)),
    }
    manifest.version += 1;
    true
}

fn check_name(name: &str) -> Result<(), Denial> {
    let odd = name.trim() != name || name.chars().any(char::is_control);
    if name.is_empty() || name.len() > NAME_BYTES_MAX || odd {
        return Err(Denial::invalid(format!(
            "{} cannot name a space: use 1 to {NAME_BYTES_MAX} bytes without control \
             characters or spaces around",
            quoted(name)
        )));
    }
    if SpaceId::from_hex(name).is_some() {
        let sentence = format!("{name} cannot name a space: it looks like the id of one");
        return Err(Denial::invalid(sentence));
    }
    Ok(())
}

fn check_grant(in_force: &InForce, manifest: &Manifest, node: NodeId) -> Result<(), Denial> {
    let name = &manifest.name;
    if !manifest.is_steward(&in_force.roster, &in_force.node) {
        let steward = in_force.name(&in_force.roster.newest(&manifest.steward()));
        let sentence = format!(
            "only {steward}, the steward of space {name}, can grant it: run the command there"
        );
        return Err(Denial::new(
            Code::FailedPrecondition,
            "not-steward",
            sentence,
        ));
    }
    if manifest.is_steward(&in_force.roster, &node) {
        let sentence = format!("this node is the steward of space {name} and may do everything");
        return Err(Denial::invalid(sentence));
    }
    if !manifest.members.contains_key(&node) && manifest.members.len() >= MEMBERS_MAX {
        let sentence = format!("space {name} has {MEMBERS_MAX} members, which is the most");
        return Err(Denial::new(Code::OutOfRange, "too-large", sentence));
    }
    Ok(())
}

fn find_node(in_force: &InForce, text: &str) -> Result<NodeId, Denial> {
    let nodes = &in_force.roster.nodes;
    let by_key = NodeId::from_hex(text).filter(|node| nodes.contains_key(node));
    let by_name = || {
        let active = |status| status == NodeStatus::Active;
        let found = nodes
            .iter()
            .find(|(_, node)| node.name == text && active(node.status));
        found.map(|(node, _)| *node)
    };
    by_key.or_else(by_name).ok_or_else(|| {
        let sentence = format!(
            "there is no active node {} in the federation: `phaki status` lists its nodes",
            quoted(text)
        );
        Denial::new(Code::NotFound, "unknown-node", sentence)
    })
}

/// All spaces of the node, by name, as far as its store could be read.
pub(super) fn spaces_to_wire(
    overview: &Overview,
    rows: &[SpaceRow],
    decide: &Decide,
    mut coverages: Coverages,
) -> Vec<pb::Space> {
    let rows: BTreeMap<_, _> = rows.iter().map(|row| (row.space, row)).collect();
    let manifests = overview.in_force.spaces.values();
    let mut spaces: Vec<_> = manifests
        .map(|manifest| pb::Space {
            needs_decision: decide.get(&manifest.space).copied().unwrap_or(0),
            coverage: coverages.remove(&manifest.space),
            ..space_to_wire(overview, manifest, rows.get(&manifest.space).copied())
        })
        .collect();
    spaces.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
    spaces
}

fn space_to_wire(overview: &Overview, manifest: &Manifest, row: Option<&SpaceRow>) -> pb::Space {
    let in_force = &overview.in_force;
    let steward = pb::Member {
        node: in_force.name(&in_force.roster.newest(&manifest.steward())),
        role: "steward".to_owned(),
    };
    let members = manifest.members.iter().map(|(node, role)| pb::Member {
        node: in_force.name(node),
        role: role.name().to_owned(),
    });
    let mut wire = pb::Space {
        id: manifest.space.to_string(),
        name: manifest.name.clone(),
        steward: in_force.name(&in_force.roster.newest(&manifest.steward())),
        manifest_version: manifest.version,
        may_write: manifest.may_write(&in_force.roster, &in_force.node),
        members: std::iter::once(steward).chain(members).collect(),
        ..pb::Space::default()
    };
    if let Some(state) = overview.spaces.get(&manifest.space) {
        wire.frontier_digest = state.frontier_digest.to_string();
        wire.quarantined = state.quarantined;
    }
    if let Some(row) = row {
        wire.documents = row.documents;
        wire.entries = row.entries;
        wire.bytes = row.bytes;
        wire.feeds = row.feeds;
        wire.quarantined = row.quarantined;
        wire.waiting = row.waiting;
        wire.refused = row.refused;
        wire.conflicts = row.conflicted;
        wire.heads_digest = hex(&row.heads_digest);
    }
    wire
}

#[cfg(test)]
mod tests {
    use super::*;
    use phaki_replication::id::{Epoch, FederationId};
    use phaki_replication::roster::Roster;

    #[test]
    fn a_writer_that_becomes_a_reader_keeps_what_counted() {
        let (federation, steward, node) = (FederationId([1; 32]), NodeId([2; 32]), NodeId([3; 32]));
        let mut manifest = Manifest::found(federation, steward, [4; 16], "แผน");
        let feed = FeedId {
            author: node,
            epoch: Epoch([5; 16]),
        };
        let nobody = Roster {
            federation,
            version: 1,
            nodes: BTreeMap::new(),
        };
        let counting = BTreeMap::from([(feed, 7)]);
        assert!(give(&mut manifest, node, MemberRole::Writer, &counting));
        assert_eq!(
            (manifest.version, manifest.permitted(&nobody, &feed)),
            (2, u64::MAX)
        );
        assert!(!give(&mut manifest, node, MemberRole::Writer, &counting));
        assert!(give(&mut manifest, node, MemberRole::Reader, &counting));
        assert_eq!(
            (manifest.version, manifest.permitted(&nobody, &feed)),
            (3, 7)
        );
        assert!(give(
            &mut manifest,
            node,
            MemberRole::Writer,
            &BTreeMap::new()
        ));
        assert_eq!(manifest.permitted(&nobody, &feed), u64::MAX);
    }

    #[test]
    fn names_of_spaces_can_be_read_and_typed() {
        check_name("แผนสุขภาพ จังหวัดสงขลา 2567").unwrap();
        for name in ["", " x", "a\nb", "0123456789abcdef0123456789abcdef"] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
    }
}
