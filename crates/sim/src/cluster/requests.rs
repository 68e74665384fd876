//! What comes from outside: transitions applied to the federation, those of clients and
//! administrators first.

use bytes::Bytes;
use phaki_documents::document::{Document, Edit, Editor};
use phaki_documents::kind::{DocumentId, Kind};
use phaki_documents::path::Path;
use phaki_documents::payload;
use phaki_replication::entry::EntryKind;
use phaki_replication::id::{NodeId, SpaceId};
use phaki_replication::manifest::{Manifest, MemberRole, SignedManifest};
use phaki_replication::node::{Act, Event, NewEntry};
use phaki_replication::roster::NodeStatus;
use serde_json::json;

use super::Cluster;
use crate::check::{Violation, holds};
use crate::federation::name;
use crate::machine::Request;
use crate::workload::Transition;

impl Cluster {
    /// Lets one thing happen from outside.
    pub(super) fn apply(&mut self, transition: Transition) -> Result<(), Violation> {
        match transition {
            Transition::Edit {
                machine,
                space,
                document,
                field,
                value,
                changes,
            } => self.edit(machine, space, document, (field, value), changes),
            Transition::Write {
                machine,
                space,
                kind,
                salt,
                entries,
                bytes,
            } => {
                let entry = |nth| opaque_entry(EntryKind(kind), salt, nth, bytes);
                let entries = (0..entries).map(entry).collect();
                self.append(machine, space, entries, None)
            }
            Transition::Grant {
                machine,
                space,
                node,
                role,
                adopt,
            } => self.amend(machine, space, |manifest| {
                manifest.members.insert(node, role);
                if adopt {
                    manifest.caps.retain(|feed, _| feed.author != node);
                }
            }),
            Transition::Revoke {
                machine,
                space,
                node,
                entirely,
                adopted,
            } => self.revoke(machine, space, node, entirely, adopted),
            Transition::Repeat { machine, space } => {
                let known = self.machines[machine].disk.contents.manifests.get(&space);
                let signed = known.map(|(_, signed)| signed.clone());
                signed.map_or(Ok(()), |signed| self.enact(machine, Act::Manifest(signed)))
            }
            Transition::Found {
                machine,
                nonce,
                writers,
            } => self.found(machine, nonce, writers),
            Transition::Publish { machine, suspended } => self.publish(machine, suspended),
            fault => self.fail(fault),
        }
    }

    /// The first spaces are founded before anything else happens.
    pub(super) fn found_spaces(&mut self) -> Result<(), Violation> {
        self.run_for(1_000)?;
        for manifest in std::mem::take(&mut self.first_manifests) {
            if let Some(steward) = self.index_of(&manifest.steward()) {
                self.issue(steward, manifest)?;
            }
        }
        Ok(())
    }

    /// The manifest of a space that its steward has in force.
    pub(crate) fn manifest_at_steward(&self, space: &SpaceId) -> Option<Manifest> {
        let of = |machine: &crate::machine::Machine| {
            let manifest = machine.node.as_ref()?.manifest(space)?;
            (manifest.steward() == machine.id).then(|| manifest.clone())
        };
        self.machines.iter().find_map(of)
    }

    fn edit(
        &mut self,
        index: usize,
        space: SpaceId,
        id: DocumentId,
        (field, value): (u8, u32),
        changes: u8,
    ) -> Result<(), Violation> {
        let machine = &self.machines[index];
        if machine.editing.contains(&(space, id)) {
            return Ok(());
        }
        let known = machine.changes(&space, &id);
        let loaded = Document::load(id, None, known.iter().map(Vec::as_slice));
        let violation = |detail: String| Violation {
            invariant: "applied changes make a document that can be edited",
            detail: format!("{} {id}: {detail}", name(index)),
        };
        let mut document = loaded.map_err(|error| violation(format!("{error:?}")))?;
        let time_secs = machine.now(self.schedule.now_us()).wall_ms / 1_000;
        let editor = Editor {
            actor: machine.actor,
            account: "officer",
            time_secs,
            message: None,
        };
        let path = Path::of_key(&format!("f{field}"));
        let path = path.map_err(|error| violation(error.to_string()))?;
        let mut entries = Vec::new();
        for nth in 0..changes {
            let value = json!(format!("แผน {value} {nth}"));
            let edit = Edit::Set {
                path: path.clone(),
                value,
            };
            let change = document.edit(&editor, &[edit]);
            if let Some(change) = change.map_err(|error| violation(format!("{error:?}")))? {
                let payload = Bytes::from(payload::encode(&id, &change.bytes));
                entries.push(NewEntry {
                    kind: EntryKind::CHANGE,
                    payload,
                });
            }
        }
        self.append(index, space, entries, Some(id))
    }

    fn append(
        &mut self,
        index: usize,
        space: SpaceId,
        entries: Vec<NewEntry>,
        document: Option<DocumentId>,
    ) -> Result<(), Violation> {
        let machine = &mut self.machines[index];
        if machine.node.is_none() || entries.is_empty() {
            return Ok(());
        }
        let request = machine.ask(Request::Append {
            space,
            entries: entries.clone(),
            document,
        });
        self.handle(
            index,
            Event::Append {
                request,
                space,
                entries,
            },
        )
    }

    fn enact(&mut self, index: usize, act: Act) -> Result<(), Violation> {
        let machine = &mut self.machines[index];
        if machine.node.is_none() {
            return Ok(());
        }
        let request = machine.ask(Request::Enact(act.clone()));
        self.handle(index, Event::Enact { request, act })
    }

    /// A steward signs the next version of a manifest.
    fn amend(
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

    fn issue(&mut self, steward: usize, manifest: Manifest) -> Result<(), Violation> {
        let signed: SignedManifest = manifest.sign(&self.machines[steward].key);
        self.reference.issue(manifest);
        self.enact(steward, Act::Manifest(signed))
    }

    fn revoke(
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

    fn found(&mut self, index: usize, nonce: [u8; 16], writers: bool) -> Result<(), Violation> {
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

    /// Every document of a machine can be loaded, and has the heads that its index says.
    pub(super) fn documents_load(&self, index: usize, space: &SpaceId) -> Result<(), Violation> {
        let machine = &self.machines[index];
        let Some(replica) = machine.disk.contents.replicas.get(space) else {
            return Ok(());
        };
        for id in replica.documents() {
            let changes = machine.changes(space, id);
            let loaded = Document::load(*id, None, changes.iter().map(Vec::as_slice));
            let heads = loaded.map(|document| document.heads());
            holds(
                "the index has the heads of the document",
                heads.as_ref() == Ok(&replica.heads(id)),
                || format!("{} {id}: {heads:?}", name(index)),
            )?;
        }
        Ok(())
    }
}

/// An entry that makes no sense as a change of this author, though its kind may claim one.
fn opaque_entry(kind: EntryKind, salt: u64, nth: u8, bytes: u32) -> NewEntry {
    let mut payload = salt.to_be_bytes().to_vec();
    payload.push(nth);
    let is_change = kind == EntryKind::CHANGE && salt.is_multiple_of(2);
    if let Some(change) = is_change.then(|| foreign_change(salt, nth)).flatten() {
        payload = change;
    } else {
        payload.resize(
            payload.len() + crate::replica::index_of(u64::from(bytes)),
            nth,
        );
    }
    NewEntry {
        kind,
        payload: Bytes::from(payload),
    }
}

/// A well-formed change under an actor id that belongs to nobody.
fn foreign_change(salt: u64, nth: u8) -> Option<Vec<u8>> {
    let id = DocumentId::new(Kind::Plan, [7; 16]);
    let mut actor = [nth; 24];
    actor[..8].copy_from_slice(&salt.to_be_bytes());
    let editor = Editor {
        actor,
        account: "stranger",
        time_secs: 0,
        message: None,
    };
    let edit = Edit::Set {
        path: Path::of_key("f0").ok()?,
        value: json!(salt.to_string()),
    };
    let change = Document::empty(id).edit(&editor, &[edit]).ok()??;
    Some(payload::encode(&id, &change.bytes))
}
