//! What comes from outside: transitions applied to the federation, those of clients and
//! administrators first.

use bytes::Bytes;
use phaki_documents::document::{Document, Edit, Editor};
use phaki_documents::kind::{DocumentId, Kind};
use phaki_documents::path::Path;
use phaki_documents::payload;
use phaki_replication::entry::EntryKind;
use phaki_replication::id::{NodeId, SpaceId};
use phaki_replication::manifest::MemberRole;
use phaki_replication::node::{Act, Event, NewEntry};
use serde_json::json;

use super::Cluster;
use crate::check::{Violation, holds};
use crate::federation::name;
use crate::machine::Request;
use crate::transition::Transition;

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
                self.append(machine, space, (0..entries).map(entry).collect(), None)
            }
            Transition::Record {
                machine,
                space,
                person,
                salt,
            } => self.record(machine, space, person, salt),
            Transition::Erase {
                machine,
                space,
                person,
            } => self.erase(machine, space, person),
            Transition::Grant {
                machine,
                space,
                node,
                role,
                adopt,
            } => self.grant(machine, space, (node, role), adopt),
            Transition::Revoke {
                machine,
                space,
                node,
                entirely,
                adopted,
            } => self.revoke(machine, space, node, entirely, adopted),
            Transition::Repeat { machine, space } => self.repeat(machine, space),
            Transition::Found {
                machine,
                nonce,
                writers,
            } => self.found(machine, nonce, writers),
            Transition::Publish { machine, suspended } => self.publish(machine, suspended),
            Transition::Group {
                machine,
                space,
                group,
                role,
            } => self.amend(machine, space, |manifest| {
                manifest.groups.remove(&group);
                manifest.groups.extend(role.map(|role| (group, role)));
            }),
            Transition::Offer { machine, space, to } => self.offer(machine, space, to),
            Transition::TakeOver { machine, space } => self.take_over(machine, space),
            Transition::Admit {
                machine,
                edge,
                status,
            } => self.admit(machine, edge, status),
            fault => self.fail(fault),
        }
    }

    fn repeat(&mut self, machine: usize, space: SpaceId) -> Result<(), Violation> {
        let known = self.machines[machine].disk.contents.manifests.get(&space);
        let signed = known.map(|(_, signed)| signed.clone());
        signed.map_or(Ok(()), |signed| self.enact(machine, Act::Manifest(signed)))
    }

    fn grant(
        &mut self,
        machine: usize,
        space: SpaceId,
        (node, role): (NodeId, MemberRole),
        adopt: bool,
    ) -> Result<(), Violation> {
        self.amend(machine, space, |manifest| {
            manifest.members.insert(node, role);
            if adopt {
                manifest.caps.retain(|feed, _| feed.author != node);
            }
        })
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
        let Some(epoch) = machine.node.as_ref().map(|node| node.epoch()) else {
            return Ok(());
        };
        if entries.is_empty() {
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
                epoch,
                space,
                entries,
            },
        )
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
