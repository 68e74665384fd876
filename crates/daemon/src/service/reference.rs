//! The reference sets in use: those published in the reference spaces of national nodes, or else the
//! program's own.
//!
//! They are looked up for each request, so that what a national node publishes counts as soon as
//! it has arrived.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use phaki_documents::change::ChangeHash;
use phaki_documents::date::Date;
use phaki_documents::reference::{self, Reference, Version};
use phaki_documents::{DocumentId, Kind};
use phaki_replication::id::{NodeId, SpaceId};
use phaki_replication::manifest::Manifest;
use phaki_replication::roster::NodeRole;
use phaki_store::Reader;
use phaki_store::reader::DocumentFilter;
use phaki_wire::proto::local::v1 as pb;
use serde_json::Value;

use super::denial::Denial;
use super::find::Found;
use super::loading::load_if_any;
use super::reading::Reading;
use crate::day::today;
use crate::default_spaces::is_for_reference;
use crate::limits::REFERENCE_DOCUMENTS_MAX;
use crate::node_loop::{InForce, wall_ms};
use crate::quote::quoted;

/// A published version with where it stands.
#[derive(Clone, Debug)]
struct Published {
    found: Found,
    version: Version,
    json: Value,
}

/// What was read last, and from which state of which documents.
#[derive(Clone, Debug)]
struct Held {
    state: Vec<(Found, Vec<ChangeHash>)>,
    published: Vec<Published>,
    reference: Reference,
}

/// The reference sets, read again only when one of their documents has changed. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct References(Arc<Mutex<Option<Arc<Held>>>>);

impl References {
    /// The reference sets in use now.
    pub(super) fn in_use(&self, reader: &Reader, in_force: &InForce) -> Result<InUse, Denial> {
        let state = state(reader, in_force)?;
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = held.as_ref().filter(|held| held.state == state) {
            return Ok(InUse(Arc::clone(held)));
        }
        let published = published(reader, &state);
        let versions = published.iter().map(|one| one.version.clone());
        let reference = Reference::of(versions);
        let read = Arc::new(Held {
            state,
            published,
            reference,
        });
        *held = Some(Arc::clone(&read));
        Ok(InUse(read))
    }
}

/// The reference sets at one moment. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct InUse(Arc<Held>);

impl InUse {
    /// For the logic that asks them.
    pub(super) fn reference(&self) -> &Reference {
        &self.0.reference
    }
}

/// The documents of the reference spaces with their heads; the first ones, should there be too many.
fn state(reader: &Reader, in_force: &InForce) -> Result<Vec<(Found, Vec<ChangeHash>)>, Denial> {
    let mut state = Vec::new();
    for space in reference_spaces(in_force) {
        let filter = DocumentFilter {
            space: Some(space),
            kind_code: Some(Kind::Refset.code()),
            after: None,
            limit: REFERENCE_DOCUMENTS_MAX - state.len(),
        };
        let rows = reader.documents(&filter).map_err(Denial::unreadable)?;
        state.extend(rows.into_iter().map(|row| {
            let (space, document) = (row.space, row.document);
            (Found { space, document }, row.heads)
        }));
    }
    Ok(state)
}

/// The spaces whose reference sets count: those of national nodes.
fn reference_spaces(in_force: &InForce) -> impl Iterator<Item = SpaceId> {
    let roster = &in_force.roster;
    let is_national = |node: &NodeId| {
        let record = roster.nodes.get(&roster.newest(node));
        record.is_some_and(|record| record.role == NodeRole::National)
    };
    let counts = move |manifest: &&Manifest| {
        is_for_reference(&manifest.name) && is_national(&manifest.steward())
    };
    let counting = in_force.spaces.values().filter(counts);
    counting.map(|manifest| manifest.space)
}

/// Those that can be read; others have no effect, as if they had not arrived yet.
fn published(reader: &Reader, state: &[(Found, Vec<ChangeHash>)]) -> Vec<Published> {
    let read = |found: Found| {
        let document = load_if_any(reader, found).ok()??;
        let json = document.to_json();
        let version = Version::read(&json).ok()?;
        let retired = !json["retired"].is_null();
        (!retired).then_some(Published {
            found,
            version,
            json,
        })
    };
    state.iter().filter_map(|(found, _)| read(*found)).collect()
}

impl Reading {
    pub(super) async fn reference(
        &self,
        request: pb::ShowReferenceRequest,
    ) -> Result<pb::ShowReferenceReply, Denial> {
        let at = match request.at.as_str() {
            "" => today(wall_ms()),
            text => Date::parse(text).ok_or_else(|| {
                let text = quoted(text);
                Denial::invalid(format!("{text} is no date: write it as 2024-10-01"))
            })?,
        };
        let in_force = self.requests.in_force();
        let (reader, references) = (self.reader.clone(), self.references.clone());
        let show = move || {
            let in_use = references.in_use(&reader, &in_force)?;
            Ok(pb::ShowReferenceReply {
                at: at.to_string(),
                versions: versions(&in_force, &in_use.0, at),
                publish_to: publishes_to(&in_force).unwrap_or_default(),
            })
        };
        self.workers.run(show).await
    }
}

/// The space in which this node itself may publish.
fn publishes_to(in_force: &InForce) -> Option<String> {
    let own = |space: &SpaceId| {
        let manifest = in_force.spaces.get(space)?;
        let may = manifest.may_write(&in_force.roster, &in_force.node);
        may.then(|| manifest.name.clone())
    };
    reference_spaces(in_force).find_map(|space| own(&space))
}

fn versions(in_force: &InForce, held: &Held, at: Date) -> Vec<pb::ReferenceVersion> {
    let mut all = Vec::new();
    let mut shown = BTreeSet::new();
    for version in held.reference.versions() {
        let published = held.published.iter().find(|one| one.version == *version);
        let space = published.map(|one| in_force.space_name(&one.found.space));
        let (id, json) = match published {
            Some(one) => (one.found.document, one.json.clone()),
            None => (version.id(), built_in(&version.id())),
        };
        if !shown.insert(id) {
            continue;
        }
        let title = |language: &str| json["title"][language].as_str().unwrap_or_default();
        let date = |date: Option<Date>| date.map(|date| date.to_string()).unwrap_or_default();
        all.push(pb::ReferenceVersion {
            set: version.set.name().to_owned(),
            part: version.part.clone(),
            version: version.name.clone(),
            title_th: title("th").to_owned(),
            title_en: title("en").to_owned(),
            from: date(version.from),
            to: date(version.to),
            in_force: held.reference.is_in_force(version, at),
            id: id.to_string(),
            space: space.unwrap_or_default(),
            entries: u64::try_from(version.entries()).unwrap_or(u64::MAX),
            unreadable: version.unreadable.clone(),
            document_json: json.to_string(),
        });
    }
    all
}

fn built_in(id: &DocumentId) -> Value {
    let id = id.to_string();
    let mut documents = reference::built_in_documents().into_iter();
    documents
        .find(|document| document["id"] == id.as_str())
        .unwrap_or_default()
}
