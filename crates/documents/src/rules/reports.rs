//! What several offices report of one indicator, area and period. Each writes an entry of its own, so
//! nothing is overwritten; where the figures differ, the owner of the indicator says which is official.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Finding, Rule, warning};
use crate::decimal::Decimal;
use crate::kind::Kind;
use crate::path::Path;
use crate::subject::{Subject, name};

pub(super) const RULES: &[Rule] = &[
    REPORTS_DIFFER,
    OFFICIAL_WITHOUT_REPORT,
    OFFICIAL_WITHOUT_REASON,
];

const REPORTS_DIFFER: Rule = warning(
    "reports_differ",
    "ข้อมูลไม่ตรงกัน: เจ้าของตัวชี้วัดเลือกค่าทางการ (official) พร้อมเหตุผล",
    "Reports differ: the owner of the indicator chooses the official one (official) and says why",
);
const OFFICIAL_WITHOUT_REPORT: Rule = warning(
    "official_without_report",
    "ผู้รายงานที่เลือกเป็นค่าทางการไม่มีรายงานของพื้นที่และช่วงเวลานี้",
    "The reporter whose value is to be official has none for this area and period",
);
const OFFICIAL_WITHOUT_REASON: Rule = warning(
    "official_without_reason",
    "เลือกค่าทางการจากหลายรายงานที่ต่างกันโดยไม่ให้เหตุผล",
    "An official value was chosen from reports that differ, without a reason",
);

pub(super) fn check(subject: &Subject, findings: &mut Vec<Finding>) {
    if subject.kind() != Some(Kind::Indicator) {
        return;
    }
    let mut reports: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for entry in subject.entries("values") {
        let key = name(&entry);
        let Some((place, reporter)) = key.rsplit_once('|') else {
            continue;
        };
        if let Some(figure) = figure(subject, &entry) {
            let of_place = reports.entry(place.to_owned()).or_default();
            of_place.insert(reporter.to_owned(), figure);
        }
    }
    for (place, of_place) in &reports {
        let figures: BTreeSet<&String> = of_place.values().collect();
        let Ok(path) = Path::of_key("official").and_then(|path| path.key(place)) else {
            continue;
        };
        let chosen = subject.text(&format!("{path}/reporter"));
        let told: Vec<String> = of_place
            .iter()
            .map(|(reporter, figure)| format!("{reporter}: {figure}"))
            .collect();
        match chosen {
            None if figures.len() > 1 => {
                findings.push(REPORTS_DIFFER.shown_by(path.as_str(), told.join(", ")));
            }
            Some(_) if figures.len() > 1 && !subject.has(&format!("{path}/reason")) => {
                findings.push(OFFICIAL_WITHOUT_REASON.at(&format!("{path}/reason")));
            }
            _ => {}
        }
    }
    unreported(subject, &reports, findings);
}

fn unreported(
    subject: &Subject,
    reports: &BTreeMap<String, BTreeMap<String, String>>,
    findings: &mut Vec<Finding>,
) {
    for entry in subject.entries("official") {
        let path = format!("{entry}/reporter");
        let Some(reporter) = subject.text(&path) else {
            continue;
        };
        let of_place = reports.get(&name(&entry));
        if of_place.is_none_or(|of_place| !of_place.contains_key(reporter)) {
            findings.push(OFFICIAL_WITHOUT_REPORT.shown_by(&path, reporter));
        }
    }
}

/// What a report says, so that equal numbers are equal: its value, or else numerator and denominator.
fn figure(subject: &Subject, entry: &str) -> Option<String> {
    let number = |field: &str| {
        let path = format!("{entry}/{field}");
        let (_, value) = subject.below(&path).next()?;
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        Some(Decimal::parse(&text).map_or(text, |number| number.to_string()))
    };
    let parts = || Some(format!("{}/{}", number("a")?, number("b")?));
    number("value").or_else(parts)
}
