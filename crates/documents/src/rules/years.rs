//! Dates, fiscal years and the years that stand in the sources: they must not contradict each other.

use std::collections::BTreeSet;

use serde_json::Value;

use super::digits::arabic;
use super::figures::YEARS;
use super::finding::{Finding, Rule, warning};
use super::gist::Gists;
use crate::date::Date;
use crate::kind::Kind;
use crate::subject::Subject;

pub(super) const RULES: &[Rule] = &[
    DATE_OUTSIDE_YEAR,
    YEAR_OUTSIDE_PLAN,
    YEAR_CONFLICT,
    DATE_INFERRED,
    NO_YEAR,
];

const DATE_OUTSIDE_YEAR: Rule = warning(
    "date_outside_year",
    "วันที่ไม่อยู่ในปีงบประมาณที่ระบุ ให้ตรวจทั้งสองช่อง",
    "The date is not in the fiscal year that is given: compare both",
);
const YEAR_OUTSIDE_PLAN: Rule = warning(
    "year_outside_plan",
    "ปีงบประมาณไม่อยู่ในช่วงปีของแผนหรือกิจกรรมที่สังกัด",
    "The fiscal year is not one of those of the plan or activity above it",
);
const YEAR_CONFLICT: Rule = warning(
    "year_conflict",
    "ปีตามต้นฉบับขัดแย้งกับปีที่บันทึก ให้ตรวจกับต้นฉบับ",
    "The year in the source contradicts the one recorded: ask the source",
);
const DATE_INFERRED: Rule = warning(
    "date_inferred",
    "ต้นฉบับระบุวันที่ไม่ครบ ส่วนที่ขาดเป็นการอนุมาน",
    "The source does not give the whole date: a part of it was inferred",
);
const NO_YEAR: Rule = warning(
    "no_fy",
    "แผนไม่ระบุปีงบประมาณ",
    "The plan names no fiscal year",
);

pub(super) fn check(subject: &Subject, around: &Gists, findings: &mut Vec<Finding>) {
    let own = subject.years();
    let above = years_above(subject, around);
    match subject.kind() {
        Some(Kind::Plan) if own.is_empty() => findings.push(NO_YEAR.at("fy_be")),
        Some(Kind::Event) => dates(subject, &["date"], &own, findings),
        Some(Kind::Activity) => {
            dates(
                subject,
                &["schedule", "schedule/planned", "schedule/actual"],
                &own,
                findings,
            );
            outside(subject, "fy_be", &above, findings);
            let allowed = if own.is_empty() { &above } else { &own };
            for line in subject.entries("budget") {
                outside(subject, &format!("{line}/fy_be"), allowed, findings);
            }
            paid(subject, findings);
        }
        _ => {}
    }
    as_written(subject, &(&own | &above), findings);
}

/// The fiscal years of the plan and the activity that the document belongs to.
fn years_above(subject: &Subject, around: &Gists) -> BTreeSet<i64> {
    let above = ["plan", "parent", "activity", "parent_plan"].into_iter();
    let above = above.filter_map(|field| around.get(&subject.reference(field)?));
    above.flat_map(|gist| gist.years.iter().copied()).collect()
}

fn dates(subject: &Subject, fields: &[&str], years: &BTreeSet<i64>, findings: &mut Vec<Finding>) {
    for field in fields {
        let Some((from, to)) = subject.span(field) else {
            continue;
        };
        if !years.is_empty() && fiscal_years(from, to).is_disjoint(years) {
            findings.push(DATE_OUTSIDE_YEAR.shown_by(field, versus(from, years)));
        }
    }
}

/// Each disbursement within the fiscal year of its budget line.
fn paid(subject: &Subject, findings: &mut Vec<Finding>) {
    for entry in subject.entries("disbursements") {
        let date = format!("{entry}/date");
        let line = subject.text(&format!("{entry}/line")).unwrap_or_default();
        let year = subject.integer(&format!("budget/{line}/fy_be"));
        let (Some(day), Some(year)) = (subject.date(&date), year) else {
            continue;
        };
        if i64::from(day.fiscal_year()) != year {
            findings.push(DATE_OUTSIDE_YEAR.shown_by(&date, versus(day, &BTreeSet::from([year]))));
        }
    }
}

/// Years at and below a path that are none of those above.
fn outside(subject: &Subject, path: &str, above: &BTreeSet<i64>, findings: &mut Vec<Finding>) {
    for (path, value) in subject.below(path) {
        let Some(year) = value.as_i64() else {
            continue;
        };
        if !above.is_empty() && !above.contains(&year) {
            findings.push(YEAR_OUTSIDE_PLAN.shown_by(path, versus(year, above)));
        }
    }
}

/// What the source says of a date or of the whole document, against what was recorded of it.
fn as_written(subject: &Subject, years: &BTreeSet<i64>, findings: &mut Vec<Finding>) {
    for (path, value) in subject.leaves() {
        if let Some(date) = path.strip_suffix("/inferred") {
            if !value.is_null() && value != &Value::Bool(false) {
                findings.push(DATE_INFERRED.at(date));
            }
            continue;
        }
        let Some(text) = value.as_str() else {
            continue;
        };
        let recorded = if path == "as_written" || path.starts_with("as_written/") {
            years.clone()
        } else if let Some(date) = path.strip_suffix("/as_written") {
            subject
                .span(date)
                .map(|(from, to)| both_years(from, to))
                .unwrap_or_default()
        } else {
            continue;
        };
        let written = years_in(text);
        if !recorded.is_empty() && !written.is_empty() && written.is_disjoint(&recorded) {
            findings
                .push(YEAR_CONFLICT.shown_by(path, format_args!("{text} ≠ {}", list(&recorded))));
        }
    }
}

fn fiscal_years(from: Date, to: Date) -> BTreeSet<i64> {
    (from.fiscal_year()..=to.fiscal_year())
        .map(i64::from)
        .collect()
}

/// Calendar and fiscal years: a source may mean either.
fn both_years(from: Date, to: Date) -> BTreeSet<i64> {
    let calendar = (from.buddhist_year()..=to.buddhist_year()).map(i64::from);
    calendar.chain(fiscal_years(from, to)).collect()
}

/// The years of the Buddhist era that a text names in four digits, Thai or not.
fn years_in(text: &str) -> BTreeSet<i64> {
    arabic(text)
        .split(|c: char| !c.is_ascii_digit())
        .filter(|digits| digits.len() == 4)
        .filter_map(|digits| digits.parse().ok())
        .filter(|year| YEARS.contains(year))
        .collect()
}

fn versus(found: impl std::fmt::Display, years: &BTreeSet<i64>) -> String {
    format!("{found} ≠ {}", list(years))
}

fn list(years: &BTreeSet<i64>) -> String {
    let years: Vec<String> = years.iter().map(i64::to_string).collect();
    years.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_are_read_from_what_sources_write() {
        assert_eq!(years_in("พ.ศ.2549"), BTreeSet::from([2549]));
        assert_eq!(years_in("ปี ๒๕๕๙-๒๕๖๐"), BTreeSet::from([2559, 2560]));
        assert_eq!(years_in("23 มิ.ย. 1234 12567"), BTreeSet::new());
    }

    #[test]
    fn a_day_in_october_belongs_to_two_years() {
        let day = Date::parse("2015-10-24").unwrap();
        assert_eq!(both_years(day, day), BTreeSet::from([2558, 2559]));
    }
}
