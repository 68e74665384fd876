//! Spaces: founded here, granted by their steward.

use std::collections::BTreeMap;
use std::sync::Arc;

use phaki_replication::id::SpaceId;
use phaki_replication::limits::NAME_BYTES_MAX;
use phaki_replication::manifest::Manifest;
use phaki_replication::node::Act;
use phaki_replication::sign::SecretKey;
use phaki_store::reader::SpaceRow;
use phaki_store::{AuditDraft, Reader};
use phaki_wire::proto::local::v1 as pb;
use tokio::sync::Mutex;
use tonic::Code;

use super::denial::Denial;
use super::editing::hex;
use super::status::{Coverages, Decide};
use super::workers::Workers;
use crate::audit::{Audit, Deed};
use crate::identity;
use crate::node_loop::{NodeRequests, Overview};
use crate::quote::quoted;
use crate::rights::group_text;

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

    /// Signs a manifest and puts it in force; `done` is recorded with it.
    async fn enact(&self, manifest: &Manifest, done: AuditDraft) -> Result<(), Denial> {
        let act = Act::Manifest(manifest.sign(&self.key));
        let enacted = self.requests.enact(act, vec![done]).await;
        enacted.map_err(|error| Denial::of_request(&format!("space {}", manifest.name), &error))
    }

    pub(super) async fn one(&self, space: &SpaceId) -> Result<pb::Space, Denial> {
        let spaces = self.list().await?.into_iter();
        let id = space.to_string();
        let mut found = spaces.filter(|space| space.id == id);
        found
            .next()
            .ok_or_else(|| Denial::internal("space not found", id))
    }
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
    let groups = manifest.groups.iter().map(|(group, role)| pb::Member {
        node: group_text(group),
        role: role.name().to_owned(),
    });
    let mut wire = pb::Space {
        id: manifest.space.to_string(),
        name: manifest.name.clone(),
        steward: in_force.name(&in_force.roster.newest(&manifest.steward())),
        manifest_version: manifest.version,
        may_write: manifest.may_write(&in_force.roster, &in_force.node),
        members: std::iter::once(steward)
            .chain(members)
            .chain(groups)
            .collect(),
        offered_to: manifest
            .offer
            .map(|offer| in_force.name(&in_force.roster.newest(&offer.to)))
            .unwrap_or_default(),
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

    #[test]
    fn names_of_spaces_can_be_read_and_typed() {
        check_name("แผนสุขภาพ จังหวัดสงขลา 2567").unwrap();
        for name in ["", " x", "a\nb", "0123456789abcdef0123456789abcdef"] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
    }
}
