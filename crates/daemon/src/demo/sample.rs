//! What the demonstration works with: five nodes, their spaces, and the documents at their homes.

use anyhow::Context;
use phaki_documents::Kind;
use serde_json::{Value, json};

use crate::commands::new::fresh;

/// Five networks of real provinces: facts from public pages, positions instead of names.
const NETWORKS: &str = include_str!("../../samples/networks.json");

/// The nodes, the national one first.
pub(super) const NODES: [&str; 5] = ["TH", "TH-40", "TH-41", "TH-84", "TH-90"];

/// The source whose documents are shared within health region 11.
const REGION_11_SOURCE: &str = "source:004";

/// A space as it shall be.
#[derive(Clone, Copy, Debug)]
pub(super) struct SpacePlan {
    pub(super) name: &'static str,
    pub(super) steward: &'static str,
    pub(super) writers: &'static [&'static str],
    pub(super) readers: &'static [&'static str],
}

impl SpacePlan {
    /// Everybody who has the space.
    pub(super) fn members(&self) -> impl Iterator<Item = &'static str> {
        let others = self.writers.iter().chain(self.readers).copied();
        std::iter::once(self.steward).chain(others)
    }

    /// True when that node has the space.
    pub(super) fn is_member(&self, node: &str) -> bool {
        self.members().any(|member| member == node)
    }
}

const fn space(
    name: &'static str,
    steward: &'static str,
    writers: &'static [&'static str],
    readers: &'static [&'static str],
) -> SpacePlan {
    SpacePlan {
        name,
        steward,
        writers,
        readers,
    }
}

/// The spaces. Nobody but its province has a space of drafts.
pub(super) const SPACES: [SpacePlan; 10] = [
    space("national", "TH", &[], &["TH-40", "TH-41", "TH-84", "TH-90"]),
    space(
        "directory",
        "TH",
        &["TH-40", "TH-41", "TH-84", "TH-90"],
        &[],
    ),
    space("region-11", "TH", &["TH-84"], &[]),
    space("province-40", "TH-40", &[], &["TH"]),
    space("province-41", "TH-41", &["TH"], &[]),
    space("province-90", "TH-90", &["TH"], &[]),
    space("drafts-40", "TH-40", &[], &[]),
    space("drafts-41", "TH-41", &[], &[]),
    space("drafts-84", "TH-84", &[], &[]),
    space("drafts-90", "TH-90", &[], &[]),
];

/// A document, the node that brings it in, and its space.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) node: &'static str,
    pub(super) space: &'static str,
    pub(super) id: String,
    pub(super) document: Value,
    /// A text that stands in this document and nowhere else, in documents not to be shared.
    pub(super) marker: Option<String>,
}

/// The sample documents at their home nodes.
pub(super) fn networks() -> anyhow::Result<Vec<Placed>> {
    let all: Value = serde_json::from_str(NETWORKS).context("read the sample networks")?;
    let documents = all["docs"]
        .as_array()
        .context("find the sample documents")?;
    documents
        .iter()
        .map(|document| {
            let (node, space) = place(document)?;
            Ok(placed(node, space, document.clone()))
        })
        .collect()
}

fn placed(node: &'static str, space: &'static str, document: Value) -> Placed {
    Placed {
        node,
        space,
        id: document["id"].as_str().unwrap_or_default().to_owned(),
        document,
        marker: None,
    }
}

/// Organisations and positions form the common directory; the rest belongs to its province, to
/// region 11, or to everybody.
fn place(document: &Value) -> anyhow::Result<(&'static str, &'static str)> {
    let home = document["home"].as_str().unwrap_or_default();
    let (node, own) = match home {
        "TH" => ("TH", "national"),
        "40" => ("TH-40", "province-40"),
        "41" => ("TH-41", "province-41"),
        // Surat Thani keeps what it does for its region in the space of the region.
        "84" => ("TH-84", "region-11"),
        "90" => ("TH-90", "province-90"),
        other => anyhow::bail!("place a sample document: no node for the home {other:?}"),
    };
    let kind = document["kind"].as_str().unwrap_or_default();
    let of_region = document["sources"]
        .as_array()
        .is_some_and(|sources| sources.iter().any(|source| source == REGION_11_SOURCE));
    Ok(match kind {
        "org" | "person" => (node, "directory"),
        _ if of_region => (node, "region-11"),
        _ => (node, own),
    })
}

/// One draft for each province, with a text by which its traces can be found.
pub(super) fn drafts() -> anyhow::Result<Vec<Placed>> {
    let provinces = [
        ("TH-40", "drafts-40", "40"),
        ("TH-41", "drafts-41", "41"),
        ("TH-84", "drafts-84", "84"),
        ("TH-90", "drafts-90", "90"),
    ];
    provinces
        .into_iter()
        .map(|(node, space, area)| {
            let marker = format!("draft-{}-{:016x}", area, random()?);
            let document = json!({
                "id": fresh(Kind::Plan)?,
                "kind": "plan",
                "home": area,
                "type": "area_health_plan",
                "title": {"th": format!("ร่างแผนที่ยังไม่เปิดเผย {marker}")},
                "areas": [area],
                "status": "draft",
            });
            Ok(Placed {
                marker: Some(marker),
                ..placed(node, space, document)
            })
        })
        .collect()
}

/// Disbursements of a generated project: a year with two a month.
const DISBURSEMENTS: usize = 24;

/// Projects as a fund's accounts would bring them in: `count` documents of a few kilobytes.
pub(super) fn projects(
    node: &'static str,
    space: &'static str,
    area: &str,
    count: usize,
) -> anyhow::Result<Vec<Placed>> {
    let mut made = Vec::with_capacity(count);
    for number in 1..=count {
        let mut disbursements = serde_json::Map::new();
        for index in 0..DISBURSEMENTS {
            let draw = random()?;
            disbursements.insert(
                format!("d{:02}", index + 1),
                json!({
                    "date": format!("2024-{:02}-{:02}", index / 2 + 1, draw % 28 + 1),
                    "amount_satang": draw % 5_000_000,
                    "line": "b1",
                    "doc_no": format!("{:016x}", random()?),
                }),
            );
        }
        let document = json!({
            "id": fresh(Kind::Activity)?,
            "kind": "activity",
            "home": area,
            "level": "project",
            "title": {"th": format!("โครงการกองทุนหลักประกันสุขภาพ ที่ {number}")},
            "areas": [area],
            "fy_be": [2567],
            "status": "in_progress",
            "budget": {"b1": {
                "source": "nhso_local_fund",
                "fy_be": 2567,
                "stage": "approved",
                "amount_satang": 60_000_000,
            }},
            "disbursements": disbursements,
        });
        made.push(placed(node, space, document));
    }
    Ok(made)
}

fn random() -> anyhow::Result<u64> {
    getrandom::u64().map_err(|error| anyhow::anyhow!("draw a random number: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_sample_document_has_a_place_where_its_node_may_write() {
        let all = networks().unwrap();
        let ids: BTreeSet<&str> = all.iter().map(|placed| placed.id.as_str()).collect();
        assert_eq!(ids.len(), all.len());
        for placed in all.iter().chain(&drafts().unwrap()) {
            let plan = SPACES
                .iter()
                .find(|plan| plan.name == placed.space)
                .unwrap();
            assert!(
                plan.steward == placed.node || plan.writers.contains(&placed.node),
                "{} may not write {}",
                placed.node,
                placed.space
            );
        }
        for plan in SPACES {
            assert!(
                plan.name.starts_with("drafts") || all.iter().any(|p| p.space == plan.name),
                "{} stays empty",
                plan.name
            );
        }
    }

    #[test]
    fn generated_documents_have_ids_of_their_own() {
        let made = projects("TH-90", "province-90", "90", 50).unwrap();
        let ids: BTreeSet<&str> = made.iter().map(|placed| placed.id.as_str()).collect();
        assert_eq!(ids.len(), 50);
    }
}
