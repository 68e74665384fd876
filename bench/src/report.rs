//! A comparison for people and for programs.

use serde_json::{Map, Value, json};

use crate::catalogue::{Figure, Workload};
use crate::compare::Request;
use crate::figures::readable;
use crate::sheet::{Sheet, Spread};
use crate::{daemon, floors};

/// All figures, one below the other: median, ends, and how far from the floor or from phaki.
pub(crate) fn table(sheet: &Sheet, request: &Request) -> String {
    let mut lines = vec![format!(
        "{} documents, {} edits in W5, {} rounds: median (least to most)",
        request.documents, request.edits, request.runs
    )];
    for workload in Workload::ALL {
        let mut title = Some(format!("\n{}  {}", workload.name(), workload.title()));
        for figure in sheet.figures(workload) {
            lines.extend(title.take());
            let unit = match figure.unit {
                "" => String::new(),
                unit => format!(", {unit}"),
            };
            lines.push(format!("  {}{unit}", figure.label));
            lines.extend(sheet.subjects().filter_map(|subject| {
                let spread = sheet.spread(figure, subject)?;
                Some(line(sheet, figure, subject, spread))
            }));
        }
    }
    lines.push("\nNotes".to_owned());
    for (subject, notes) in sheet.notes() {
        lines.extend(notes.iter().map(|note| format!("  {subject}: {note}")));
    }
    lines.join("\n")
}

fn line(sheet: &Sheet, figure: Figure, subject: &'static str, spread: Spread) -> String {
    let ends = format!("({} to {})", readable(spread.least), readable(spread.most));
    let ratio = match (subject, ratios(sheet, figure, subject)) {
        (daemon::NAME, (Some(floor), _)) => format!("{} x floor", readable(floor)),
        (daemon::NAME | floors::NAME, _) => String::new(),
        (_, (_, Some(phaki))) => format!("{} x phaki", readable(phaki)),
        _ => String::new(),
    };
    let text = format!(
        "    {subject:<16} {:>12} {ends:<28} {ratio}",
        readable(spread.median)
    );
    text.trim_end().to_owned()
}

/// One JSON object in one line.
pub(crate) fn json(sheet: &Sheet, request: &Request) -> String {
    let mut figures = Vec::new();
    for figure in Workload::ALL.iter().flat_map(|one| sheet.figures(*one)) {
        let mut subjects = Map::new();
        for subject in sheet.subjects() {
            let Some(spread) = sheet.spread(figure, subject) else {
                continue;
            };
            let (to_floor, to_phaki) = ratios(sheet, figure, subject);
            let values = json!({
                "median": spread.median,
                "least": spread.least,
                "most": spread.most,
                "rounds": spread.rounds,
                "to_floor": to_floor,
                "to_phaki": to_phaki,
            });
            subjects.insert(subject.to_owned(), values);
        }
        figures.push(json!({
            "workload": figure.workload.name(),
            "figure": figure.key,
            "label": figure.label,
            "unit": figure.unit,
            "subjects": subjects,
        }));
    }
    let notes: Map<String, Value> = sheet
        .notes()
        .map(|(subject, notes)| (subject.to_owned(), json!(notes)))
        .collect();
    let report = json!({
        "documents": request.documents,
        "edits": request.edits,
        "rounds": request.runs,
        "figures": figures,
        "notes": notes,
    });
    report.to_string()
}

/// The median of a subject as a multiple of the floor's, and of phaki's on the same work.
fn ratios(sheet: &Sheet, figure: Figure, subject: &'static str) -> (Option<f64>, Option<f64>) {
    let ratio = |to| {
        let (own, other) = (sheet.spread(figure, subject)?, sheet.spread(figure, to)?);
        let comparable =
            sheet.is_same_work(subject, to) && other.median > 0.0 && figure.unit != "%";
        comparable.then(|| own.median / other.median)
    };
    (ratio(floors::NAME), ratio(daemon::NAME))
}
