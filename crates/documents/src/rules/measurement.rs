//! Targets and measurements of an indicator.

use serde_json::Value;

use super::figures::YEARS;
use super::finding::{Finding, Rule, error, warning};
use crate::area;
use crate::decimal::Decimal;
use crate::kind::Kind;
use crate::subject::{Subject, name};

pub(super) const RULES: &[Rule] = &[MALFORMED_PERIOD, OUT_OF_RANGE, MORE_THAN_ALL];

const MALFORMED_PERIOD: Rule = error(
    "malformed_period",
    "ชื่อรายการต้องเป็นช่วงเวลา เช่น FY2567, FY2567Q1, FY2567M01 แล้วตามด้วย |พื้นที่|ผู้รายงาน",
    "The entry must be named by its period (FY2567, FY2567Q1, FY2567M01), then |area|reporter",
);
const OUT_OF_RANGE: Rule = warning(
    "percent_out_of_range",
    "ร้อยละต้องอยู่ระหว่าง 0 ถึง 100",
    "A percentage lies between 0 and 100",
);
const MORE_THAN_ALL: Rule = warning(
    "numerator_over_denominator",
    "ตัวตั้งมากกว่าตัวหาร",
    "The numerator is greater than the denominator",
);

pub(super) fn check(subject: &Subject, findings: &mut Vec<Finding>) {
    if subject.kind() != Some(Kind::Indicator) {
        return;
    }
    for (field, parts) in [("targets", 1), ("values", 3), ("official", 2)] {
        for entry in subject.entries(field) {
            if !is_entry_name(&name(&entry), parts) {
                findings.push(MALFORMED_PERIOD.at(&entry));
            }
        }
    }
    if subject.text("unit") == Some("ร้อยละ") {
        percentages(subject, findings);
    }
}

/// `period`, `period|area`, or `period|area|reporter`.
fn is_entry_name(name: &str, parts: usize) -> bool {
    let found: Vec<&str> = name.split('|').collect();
    found.len() == parts
        && found.iter().all(|part| !part.is_empty())
        && found.first().is_some_and(|period| is_period(period))
        && found.get(1).is_none_or(|code| area::is_code(code))
}

/// `FY2567`, a quarter `FY2567Q1`, or a month `FY2567M01`, which is October.
fn is_period(text: &str) -> bool {
    let Some((year, rest)) = text
        .strip_prefix("FY")
        .and_then(|text| text.split_at_checked(4))
    else {
        return false;
    };
    let known = year.parse().is_ok_and(|year: i64| YEARS.contains(&year));
    let inside = match rest.split_at_checked(1) {
        None => rest.is_empty(),
        Some(("Q", quarter)) => matches!(quarter, "1" | "2" | "3" | "4"),
        Some(("M", month)) => {
            month.len() == 2
                && month
                    .parse()
                    .is_ok_and(|month: u8| (1..=12).contains(&month))
        }
        Some(_) => false,
    };
    known && inside
}

fn percentages(subject: &Subject, findings: &mut Vec<Finding>) {
    let number = |path: &str| {
        let value = subject.below(path).next().map(|(_, value)| value)?;
        decimal(value)
    };
    let hundred = Decimal::from(0)..=Decimal::from(100);
    for field in ["targets", "values"] {
        for entry in subject.entries(field) {
            let value = format!("{entry}/value");
            if number(&value).is_some_and(|number| !hundred.contains(&number)) {
                findings.push(OUT_OF_RANGE.at(&value));
            }
            let (a, b) = (format!("{entry}/a"), format!("{entry}/b"));
            if number(&a).zip(number(&b)).is_some_and(|(a, b)| a > b) {
                findings.push(MORE_THAN_ALL.at(&a));
            }
        }
    }
}

fn decimal(value: &Value) -> Option<Decimal> {
    match value.as_str() {
        Some(text) => Decimal::parse(text),
        None => value.as_i64().map(Decimal::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_named_by_period_area_and_reporter() {
        for period in ["FY2567", "FY2567Q4", "FY2567M01", "FY2567M12"] {
            assert!(is_period(period), "{period}");
        }
        for text in [
            "",
            "2567",
            "FY67",
            "FY2024",
            "FY2567Q5",
            "FY2567M13",
            "FY2567M1",
            "FY2567X",
            "FYเป",
        ] {
            assert!(!is_period(text), "{text}");
        }
        assert!(is_entry_name("FY2567Q1|9013|org_1", 3));
        assert!(!is_entry_name("FY2567Q1|9013", 3));
        assert!(!is_entry_name("FY2567Q1|somewhere", 2));
        assert!(!is_entry_name("FY2567Q1|90|", 3));
    }
}
