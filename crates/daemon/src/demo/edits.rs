//! The edits of the demonstration, on documents found in the sample.

use anyhow::Context;
use serde_json::{Value, json};

use super::ledger::Wanted;
use super::sample::Placed;

/// Amounts in satang: the budget of the sample, what two offices make of it, what they agree on.
const BUDGET: i64 = 160_000_000;
const BUDGET_OF_UDON: i64 = 180_000_000;
const BUDGET_OF_TH: i64 = 150_000_000;
pub(super) const BUDGET_AGREED: i64 = 170_000_000;

/// A field of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) space: &'static str,
    pub(super) id: String,
    pub(super) path: String,
}

/// The fields that two nodes change differently, and every edit that is made without a line.
#[derive(Debug)]
pub(super) struct Edits {
    /// The 1,600,000 baht of Udon Thani.
    pub(super) budget: Field,
    /// The state of one party of the agreement of Khuan Niang.
    pub(super) party: Field,
    /// Made while the lines are cut, node by node.
    pub(super) apart: Vec<Wanted>,
}

/// The budget line of 1,600,000 baht.
fn budget(documents: &[Placed]) -> anyhow::Result<Field> {
    for placed in documents
        .iter()
        .filter(|placed| placed.space == "province-41")
    {
        for (line, budget) in placed.document["budget"].as_object().into_iter().flatten() {
            if budget["amount_satang"] == BUDGET {
                return Ok(Field {
                    space: placed.space,
                    id: placed.id.clone(),
                    path: format!("budget/{line}/amount_satang"),
                });
            }
        }
    }
    anyhow::bail!("find the budget of 1,600,000 baht in the sample")
}

/// The first signatory of the agreement of Khuan Niang.
fn party(documents: &[Placed]) -> anyhow::Result<Field> {
    let agreement = find(documents, "province-90", "agreement")?;
    let parties = agreement.document["parties"].as_object();
    let slot = parties.and_then(|parties| parties.keys().next());
    let slot = slot.context("find a party of the agreement in the sample")?;
    Ok(Field {
        space: agreement.space,
        id: agreement.id.clone(),
        path: format!("parties/{slot}/state"),
    })
}

fn find<'a>(documents: &'a [Placed], space: &str, kind: &str) -> anyhow::Result<&'a Placed> {
    documents
        .iter()
        .find(|placed| placed.space == space && placed.document["kind"] == kind)
        .with_context(|| format!("find a document of kind {kind} for {space} in the sample"))
}

/// An edit at a node that is connected, to see how fast it travels.
pub(super) fn live(documents: &[Placed]) -> anyhow::Result<Wanted> {
    let plan = find(documents, "province-40", "plan")?;
    Ok(Wanted {
        node: "TH-40",
        account: "kk-11",
        message: "ทบทวนชื่อภาษาอังกฤษ",
        piece: None,
        ..of(
            plan,
            vec![("title/en", json!("Khon Kaen local health governance plan"))],
        )
    })
}

/// All edits that are made while the lines are cut.
pub(super) fn apart(documents: &[Placed]) -> anyhow::Result<Edits> {
    let budget = budget(documents)?;
    let party = party(documents)?;
    let mut apart = vec![
        at(
            "TH-41",
            "udon-07",
            "มติคณะกรรมการจังหวัด",
            on(&budget, json!(BUDGET_OF_UDON)),
        ),
        at(
            "TH",
            "nhco-02",
            "ปรับตามกรอบงบประมาณ",
            on(&budget, json!(BUDGET_OF_TH)),
        ),
        at(
            "TH-90",
            "songkhla-03",
            "หน่วยงานแจ้งถอนตัว",
            on(&party, json!("withdrawn")),
        ),
        at(
            "TH",
            "nhco-05",
            "หน่วยงานยืนยันแล้ว",
            on(&party, json!("confirmed")),
        ),
    ];
    apart.extend(one_plan(find(documents, "province-90", "plan")?));
    apart.extend(one_text(find(documents, "region-11", "plan")?)?);
    apart.extend(directory(documents)?);
    Ok(Edits {
        budget,
        party,
        apart,
    })
}

/// Different fields, different strategies, and a new strategy, at both nodes that write the plan.
fn one_plan(plan: &Placed) -> Vec<Wanted> {
    let at_home = vec![
        ("status", json!("in_progress")),
        ("strategies/s1/th", json!("พัฒนาระบบบริการสาธารณะเชิงรุก")),
        ("strategies/s4/th", json!("สื่อสารกับประชาชน")),
        ("strategies/s4/order", json!(4)),
    ];
    let at_national = vec![
        ("title/en", json!("Toem Suk Khuan Niang cooperation plan")),
        (
            "strategies/s2/th",
            json!("จัดการความรู้ เทคโนโลยี นวัตกรรม และกำลังคน"),
        ),
        ("strategies/s5/th", json!("ขยายผลไปยังอำเภออื่น")),
        ("strategies/s5/order", json!(5)),
    ];
    vec![
        at(
            "TH-90",
            "songkhla-03",
            "ปรับแผนหลังประชุม พชอ.",
            of(plan, at_home),
        ),
        at("TH", "nhco-05", "เสนอเพิ่มการขยายผล", of(plan, at_national)),
    ]
}

/// One paragraph, continued at one node and introduced at another.
fn one_text(plan: &Placed) -> anyhow::Result<Vec<Wanted>> {
    let text = plan.document["goal"]["th"]
        .as_str()
        .context("find the goal of the plan")?;
    let (before, after) = ("ภายในปี 2560 ", " โดยมีหน่วยงานรัฐเป็นพี่เลี้ยง");
    let piece = |piece: &str, whole: String| Wanted {
        piece: Some(piece.to_owned()),
        ..of(plan, vec![("goal/th", json!(whole))])
    };
    Ok(vec![
        at(
            "TH-84",
            "surat-01",
            "ขยายความ",
            piece(after, format!("{text}{after}")),
        ),
        at(
            "TH",
            "nhco-02",
            "ระบุปี",
            piece(before, format!("{before}{text}")),
        ),
    ])
}

/// Every province changes an organisation of its own in the common directory.
fn directory(documents: &[Placed]) -> anyhow::Result<Vec<Wanted>> {
    let nodes = [
        ("TH-40", "kk-11"),
        ("TH-41", "udon-07"),
        ("TH-84", "surat-01"),
        ("TH-90", "songkhla-03"),
    ];
    nodes
        .into_iter()
        .map(|(node, account)| {
            let own = documents.iter().find(|placed| {
                placed.node == node
                    && placed.space == "directory"
                    && placed.document["kind"] == "org"
            });
            let own = own.with_context(|| format!("find an organisation of {node}"))?;
            let sets = vec![("website", json!(format!("https://{account}.example.go.th")))];
            Ok(at(node, account, "เพิ่มเว็บไซต์", of(own, sets)))
        })
        .collect()
}

fn of(placed: &Placed, sets: Vec<(&str, Value)>) -> Wanted {
    Wanted {
        node: placed.node,
        account: "",
        space: placed.space,
        id: placed.id.clone(),
        message: "",
        sets: sets
            .into_iter()
            .map(|(path, value)| (path.to_owned(), value))
            .collect(),
        piece: None,
    }
}

/// One value for a field.
pub(super) fn on(field: &Field, value: Value) -> Wanted {
    Wanted {
        node: "",
        account: "",
        space: field.space,
        id: field.id.clone(),
        message: "",
        sets: vec![(field.path.clone(), value)],
        piece: None,
    }
}

/// The same edit by that account at that node.
pub(super) fn at(
    node: &'static str,
    account: &'static str,
    message: &'static str,
    wanted: Wanted,
) -> Wanted {
    Wanted {
        node,
        account,
        message,
        ..wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::sample;
    use std::collections::BTreeMap;

    #[test]
    fn exactly_two_fields_get_different_values_and_every_author_may_write() {
        let edits = apart(&sample::networks().unwrap()).unwrap();
        let mut values: BTreeMap<(String, String), Vec<&Value>> = BTreeMap::new();
        for wanted in &edits.apart {
            let plan = sample::SPACES
                .iter()
                .find(|plan| plan.name == wanted.space)
                .unwrap();
            assert!(plan.steward == wanted.node || plan.writers.contains(&wanted.node));
            if wanted.piece.is_none() {
                for (path, value) in &wanted.sets {
                    let place = (wanted.id.clone(), path.clone());
                    values.entry(place).or_default().push(value);
                }
            }
        }
        let contested: Vec<_> = values
            .iter()
            .filter(|(_, values)| values.len() > 1)
            .collect();
        assert_eq!(contested.len(), 2);
        for field in [&edits.budget, &edits.party] {
            assert!(values[&(field.id.clone(), field.path.clone())].len() == 2);
        }
    }
}
