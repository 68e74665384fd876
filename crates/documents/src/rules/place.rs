//! Names of areas as they were written, against their codes.

use super::finding::{Finding, Rule, warning};
use super::subject::{Subject, name};
use crate::area;

pub(super) const RULES: &[Rule] = &[NAME_OF_ANOTHER_AREA];

const NAME_OF_ANOTHER_AREA: Rule = warning(
    "area_name_mismatch",
    "ชื่อพื้นที่ตามต้นฉบับไม่ตรงกับรหัส ให้ตรวจทั้งสองค่า",
    "The name of the area as written is not that of its code: compare both",
);

/// Provinces only: of smaller areas the lists in use disagree with each other.
pub(super) fn check(subject: &Subject, findings: &mut Vec<Finding>) {
    for path in subject.entries("area_names") {
        let code = name(&path);
        let Some(written) = subject.text(&path).filter(|_| code.len() == 2) else {
            continue;
        };
        let Some(province) = area::province_of(&code) else {
            continue;
        };
        if !province.is_called(written) {
            let values = format!("{code} = {}", province.th);
            findings.push(NAME_OF_ANOTHER_AREA.shown_by(&path, values));
        }
    }
}
