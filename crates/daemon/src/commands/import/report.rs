//! What is said of the import of a spreadsheet: every cell that is wrong, and every one that counts.

use std::path::Path;

use phaki_exchange::import::{Change, Place, Plan, Remark, Severity};
use serde_json::{Value, json};

use crate::output::{Language, Output, complain, number};

/// What came of an import.
#[derive(Debug)]
pub(super) struct Outcome<'a> {
    pub(super) plan: &'a Plan,
    /// Planned documents that the node refused, by their place in the plan.
    pub(super) refused: &'a [(usize, String)],
    pub(super) dry_run: bool,
}

impl Outcome<'_> {
    fn is_refused(&self, index: usize) -> bool {
        self.refused.iter().any(|(refused, _)| *refused == index)
    }

    /// Documents created, changed and left as they are.
    fn counts(&self) -> [u64; 3] {
        let planned = self.plan.planned.iter().enumerate();
        let accepted = planned.filter(|(index, _)| !self.is_refused(*index));
        let (created, changed): (Vec<_>, Vec<_>) =
            accepted.partition(|(_, planned)| planned.created);
        [created.len(), changed.len(), self.plan.unchanged.len()].map(|count| count as u64)
    }

    fn changes(&self) -> impl Iterator<Item = (String, &Change)> {
        let planned = self.plan.planned.iter().enumerate();
        let accepted = planned.filter(|(index, _)| !self.is_refused(*index));
        accepted.flat_map(|(_, planned)| {
            planned
                .changes
                .iter()
                .map(|change| (planned.id.to_string(), change))
        })
    }
}

pub(super) fn report(output: &mut Output, file: &Path, outcome: &Outcome) -> anyhow::Result<()> {
    let [created, changed, unchanged] = outcome.counts();
    if output.json {
        let remarks = outcome
            .plan
            .remarks
            .iter()
            .map(|remark| as_json(remark, output.language));
        let changes = outcome.changes().map(|(id, change)| {
            json!({"id": id, "path": change.path, "before": change.before, "after": change.after,
                "sheet": change.place.sheet, "cell": change.place.cell()})
        });
        let refused = outcome.refused.iter().map(|(index, reason)| {
            let id = outcome
                .plan
                .planned
                .get(*index)
                .map(|planned| planned.id.to_string());
            json!({"id": id, "reason": reason})
        });
        return output.value(&json!({
            "created": created,
            "changed": changed,
            "unchanged": unchanged,
            "refused": refused.collect::<Vec<_>>(),
            "remarks": remarks.collect::<Vec<_>>(),
            "changes": changes.collect::<Vec<_>>(),
            "dry_run": outcome.dry_run,
        }));
    }
    let language = output.language;
    for remark in &outcome.plan.remarks {
        complain(format!(
            "{}: {}",
            file.display(),
            sentence(remark, language)
        ));
    }
    for (index, reason) in outcome.refused {
        if let Some(planned) = outcome.plan.planned.get(*index) {
            complain(format!("{}: {}: {reason}", file.display(), planned.id));
        }
    }
    for (id, change) in outcome.changes() {
        let place = place_name(&change.place);
        let before = shown(change.before.as_ref(), language);
        let after = shown(change.after.as_ref(), language);
        output.line(format!("{place}: {id} {}: {before} → {after}", change.path))?;
    }
    let errors = outcome
        .plan
        .remarks
        .iter()
        .filter(|one| one.severity == Severity::Error)
        .count();
    let refused = number::grouped((errors + outcome.refused.len()) as u64);
    let [created, changed, unchanged] = [created, changed, unchanged].map(number::grouped);
    let intent = match outcome.dry_run {
        true => language.pick(
            "ทดลอง (ไม่มีการเปลี่ยนแปลง): ",
            "dry run, nothing was changed: ",
        ),
        false => "",
    };
    output.line(language.pick(
        format!("{intent}สร้าง {created} แก้ไข {changed} คงเดิม {unchanged} ไม่รับ {refused}"),
        format!(
            "{intent}{created} created, {changed} changed, {unchanged} unchanged, {refused} refused"
        ),
    ))
}

/// `แผน B7`.
fn place_name(place: &Place) -> String {
    format!("{} {}", place.sheet, place.cell())
        .trim_end()
        .to_owned()
}

fn sentence(remark: &Remark, language: Language) -> String {
    let severity = match remark.severity {
        Severity::Error => "",
        Severity::Warning => language.pick("คำเตือน: ", "warning: "),
    };
    let found = match remark.found.is_empty() {
        true => String::new(),
        false => format!("{:?}: ", remark.found.chars().take(80).collect::<String>()),
    };
    let text = remark.text(language.of_files());
    format!("{}: {severity}{found}{text}", place_name(&remark.place))
}

fn as_json(remark: &Remark, language: Language) -> Value {
    json!({
        "severity": match remark.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "sheet": remark.place.sheet,
        "row": remark.place.row,
        "cell": remark.place.cell(),
        "found": remark.found,
        "reason": remark.text(language.of_files()),
    })
}

/// A value as the change of a field is shown: JSON, shortened.
fn shown(value: Option<&Value>, language: Language) -> String {
    let Some(value) = value else {
        return language.pick("(ไม่มี)", "(nothing)").to_owned();
    };
    let text = value.to_string();
    match text.chars().count() > 60 {
        true => format!("{}…", text.chars().take(59).collect::<String>()),
        false => text,
    }
}
