//! Reading every node and holding it against what it should have.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use phaki_documents::DocumentId;
use phaki_wire::proto::local::v1::Space;
use serde_json::Value;

use super::federation::Federation;
use super::process::{NodeProcess, wait_for};
use super::sample::{Placed, SPACES, SpacePlan};
use crate::client::Client;

/// What one node has.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) node: &'static str,
    /// By name.
    pub(super) spaces: BTreeMap<String, Space>,
    /// Document by space and id.
    pub(super) documents: BTreeMap<(String, String), Value>,
}

/// Reads all documents of all nodes.
pub(super) async fn read_all(federation: &Federation) -> anyhow::Result<Vec<Reading>> {
    let mut readings = Vec::new();
    for process in federation.nodes() {
        readings.push(read(process).await?);
    }
    Ok(readings)
}

async fn read(process: &NodeProcess) -> anyhow::Result<Reading> {
    let mut client = process.client()?;
    let spaces = spaces(&mut client).await?;
    let by_id: BTreeMap<&str, &str> = spaces
        .values()
        .map(|space| (space.id.as_str(), space.name.as_str()))
        .collect();
    let mut documents = BTreeMap::new();
    let mut listing = client.export("", "").await?;
    while let Some(exported) = listing.next().await? {
        let document: Value =
            serde_json::from_str(&exported.document_json).context("read an exported document")?;
        let id = document["id"].as_str().unwrap_or_default().to_owned();
        let space = match by_id.get(exported.space.as_str()) {
            Some(name) => (*name).to_owned(),
            None => exported.space,
        };
        documents.insert((space, id), document);
    }
    Ok(Reading {
        node: process.name,
        spaces,
        documents,
    })
}

async fn spaces(client: &mut Client) -> anyhow::Result<BTreeMap<String, Space>> {
    let spaces = client.spaces().await?;
    Ok(spaces
        .into_iter()
        .map(|space| (space.name.clone(), space))
        .collect())
}

/// Waits until the members of every space have the same entries, the same document heads, and as
/// many documents as were put in.
pub(super) async fn wait_in_step(
    federation: &Federation,
    documents: &[Placed],
) -> anyhow::Result<()> {
    wait_for("equal state at all nodes", async || {
        let mut nodes = BTreeMap::new();
        for process in federation.nodes() {
            nodes.insert(process.name, spaces(&mut process.client()?).await?);
        }
        for plan in SPACES {
            let expected = documents
                .iter()
                .filter(|placed| placed.space == plan.name)
                .count();
            let steward = nodes
                .get(plan.steward)
                .and_then(|spaces| spaces.get(plan.name));
            let Some(steward) = steward else {
                return Ok(Err(format!("{} has no {}", plan.steward, plan.name)));
            };
            for node in plan.members() {
                let space = nodes.get(node).and_then(|spaces| spaces.get(plan.name));
                let lacking = match space {
                    None => Some("nothing of it".to_owned()),
                    Some(space) => behind(space, steward, expected as u64),
                };
                if let Some(lacking) = lacking {
                    return Ok(Err(format!("{node} has {lacking} in {}", plan.name)));
                }
            }
        }
        Ok(Ok(()))
    })
    .await
}

fn behind(space: &Space, steward: &Space, expected: u64) -> Option<String> {
    if space.documents != expected {
        return Some(format!("{} of {expected} documents", space.documents));
    }
    if space.frontier_digest != steward.frontier_digest {
        return Some(format!("other entries than {}", steward.steward));
    }
    if space.heads_digest != steward.heads_digest {
        return Some(format!("other heads than {}", steward.steward));
    }
    let stuck = space.quarantined + space.waiting + space.refused;
    (stuck > 0).then(|| format!("{stuck} entries that are not applied"))
}

/// Where a node differs from what was put in and from the steward of a space.
pub(super) fn differences(readings: &[Reading], documents: &[Placed]) -> Vec<String> {
    let mut found = Vec::new();
    for plan in SPACES {
        let expected: BTreeSet<&str> = documents
            .iter()
            .filter(|placed| placed.space == plan.name)
            .map(|placed| placed.id.as_str())
            .collect();
        let Some(steward) = readings.iter().find(|reading| reading.node == plan.steward) else {
            found.push(format!("{} was not read", plan.steward));
            continue;
        };
        let at_steward = of_space(steward, plan.name);
        for reading in readings
            .iter()
            .filter(|reading| plan.is_member(reading.node))
        {
            let here = of_space(reading, plan.name);
            let ids: BTreeSet<&str> = here.keys().copied().collect();
            for id in expected.symmetric_difference(&ids) {
                let has = if ids.contains(id) { "has" } else { "lacks" };
                found.push(format!("{} {has} {id} in {}", reading.node, plan.name));
            }
            for (id, document) in &here {
                if at_steward.get(id).is_some_and(|other| other != document) {
                    found.push(format!(
                        "{} and {} differ in {id}",
                        reading.node, plan.steward
                    ));
                }
            }
        }
    }
    found
}

fn of_space<'a>(reading: &'a Reading, space: &str) -> BTreeMap<&'a str, &'a Value> {
    reading
        .documents
        .iter()
        .filter(|((name, _), _)| name == space)
        .map(|((_, id), document)| (id.as_str(), document))
        .collect()
}

/// Spaces whose members do not have the same document heads.
pub(super) fn unequal_heads(readings: &[Reading]) -> Vec<String> {
    let mut found = Vec::new();
    for plan in SPACES {
        let digests: BTreeSet<Option<&str>> = readings
            .iter()
            .filter(|reading| plan.is_member(reading.node))
            .map(|reading| {
                let space = reading.spaces.get(plan.name);
                space.map(|space| space.heads_digest.as_str())
            })
            .collect();
        let one = digests.len() == 1
            && digests
                .iter()
                .all(|digest| digest.is_some_and(|digest| !digest.is_empty()));
        if !one {
            found.push(format!("{}: {} different states", plan.name, digests.len()));
        }
    }
    found
}

/// Spaces, documents and traces at nodes with which they were not shared.
pub(super) fn leaks(
    federation: &Federation,
    readings: &[Reading],
    documents: &[Placed],
) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    let home_of: BTreeMap<&str, &str> = documents
        .iter()
        .map(|placed| (placed.id.as_str(), placed.space))
        .collect();
    let shared = |node: &str, space: &str| {
        SPACES
            .iter()
            .any(|plan| plan.name == space && plan.is_member(node))
    };
    for reading in readings {
        for name in reading.spaces.keys() {
            if !shared(reading.node, name) {
                found.push(format!("{} knows the space {name}", reading.node));
            }
        }
        for (space, id) in reading.documents.keys() {
            let right = home_of.get(id.as_str()) == Some(&space.as_str());
            if !right || !shared(reading.node, space) {
                found.push(format!("{} has {id} in {space}", reading.node));
            }
        }
    }
    found.extend(traces(federation, documents)?);
    Ok(found)
}

/// Looks through the files of every node for the names of spaces it must not know, and for the
/// drafts of others.
fn traces(federation: &Federation, documents: &[Placed]) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    let drafts: Vec<(&Placed, Vec<Vec<u8>>)> = documents
        .iter()
        .filter_map(|placed| Some((placed, needles(placed, placed.marker.as_ref()?))))
        .collect();
    for process in federation.nodes() {
        let files = contents(&process.data)?;
        let contains = |needle: &[u8]| {
            files
                .iter()
                .any(|file| file.windows(needle.len()).any(|part| part == needle))
        };
        for plan in SPACES {
            if !plan.is_member(process.name) && contains(plan.name.as_bytes()) {
                found.push(format!("the files of {} name {}", process.name, plan.name));
            }
        }
        for (draft, needles) in &drafts {
            let seen = needles.iter().any(|needle| contains(needle));
            match (draft.node == process.name, seen) {
                (false, true) => {
                    found.push(format!("the files of {} hold {}", process.name, draft.id));
                }
                // Without this the search itself would prove nothing.
                (true, false) => found.push(format!(
                    "the search does not even find {} at its home {}",
                    draft.id, process.name
                )),
                _ => {}
            }
        }
    }
    Ok(found)
}

/// The forms in which a draft may stand in a file: its text, its id in words and in bytes.
fn needles(draft: &Placed, marker: &str) -> Vec<Vec<u8>> {
    let mut needles = vec![marker.as_bytes().to_vec(), draft.id.as_bytes().to_vec()];
    if let Ok(id) = draft.id.parse::<DocumentId>() {
        needles.push(id.uuid.to_vec());
    }
    needles
}

/// The bytes of every file in the folder and below.
fn contents(folder: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let reading = || format!("read {}", folder.display());
        for entry in fs::read_dir(&folder).with_context(reading)? {
            let entry = entry.with_context(reading)?;
            let kind = entry.file_type().with_context(reading)?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file()
                // A database may remove its journal meanwhile.
                && let Ok(bytes) = fs::read(entry.path())
            {
                files.push(bytes);
            }
        }
    }
    Ok(files)
}

/// Documents of a space at a node, as text for a table.
pub(super) fn count(reading: &Reading, plan: &SpacePlan) -> String {
    match reading.spaces.get(plan.name) {
        None => "·".to_owned(),
        Some(_) => of_space(reading, plan.name).len().to_string(),
    }
}

/// Entries of all spaces, each space counted at its steward.
pub(super) fn entries(readings: &[Reading]) -> u64 {
    SPACES
        .iter()
        .filter_map(|plan| {
            let steward = readings
                .iter()
                .find(|reading| reading.node == plan.steward)?;
            Some(steward.spaces.get(plan.name)?.entries)
        })
        .sum()
}

/// Different documents of all nodes.
pub(super) fn documents(readings: &[Reading]) -> usize {
    let all: BTreeSet<&(String, String)> = readings
        .iter()
        .flat_map(|reading| reading.documents.keys())
        .collect();
    all.len()
}
