//! Names of areas as they were written, against their codes.

use super::finding::{Finding, Rule, warning};
use super::subject::{Subject, name};
use crate::reference::Reference;

pub(super) const RULES: &[Rule] = &[NAME_OF_ANOTHER_AREA];

const NAME_OF_ANOTHER_AREA: Rule = warning(
    "area_name_mismatch",
    "ชื่อพื้นที่ตามต้นฉบับไม่ตรงกับรหัส ให้ตรวจทั้งสองค่า",
    "The name of the area as written is not that of its code: compare both",
);

/// Of areas that a reference set names; a name that it had in another version is right as well.
pub(super) fn check(subject: &Subject, reference: &Reference, findings: &mut Vec<Finding>) {
    for path in subject.entries("area_names") {
        let code = name(&path);
        let Some(written) = subject.text(&path) else {
            continue;
        };
        let mut known = reference.areas(&code);
        let called = reference.areas(&code).any(|area| area.is_called(written));
        if let Some(area) = known.next().filter(|_| !called) {
            let values = format!("{code} = {}", area.th);
            findings.push(NAME_OF_ANOTHER_AREA.shown_by(&path, values));
        }
    }
}
