//! Names of areas as they were written, against their codes, and areas that changed their province.

use super::finding::{Finding, Rule, warning};
use crate::area;
use crate::date::Date;
use crate::subject::{Subject, name};

pub(super) const RULES: &[Rule] = &[NAME_OF_ANOTHER_AREA, AREA_MOVED];

const NAME_OF_ANOTHER_AREA: Rule = warning(
    "area_name_mismatch",
    "ชื่อพื้นที่ตามต้นฉบับไม่ตรงกับรหัส ให้ตรวจทั้งสองค่า",
    "The name of the area as written is not that of its code: compare both",
);

const AREA_MOVED: Rule = warning(
    "area_moved",
    "พื้นที่นี้ย้ายจังหวัดและเปลี่ยนรหัสแล้ว: รายงานทั้งรหัสเดิมและรหัสใหม่",
    "The area went to another province and has another code: report under the old and the new one",
);

pub(super) fn check(subject: &Subject, today: Date, findings: &mut Vec<Finding>) {
    names(subject, findings);
    for (path, value) in subject.below("areas") {
        let code = value.as_str().unwrap_or_default();
        if let Some(now) = area::moved(code, today) {
            findings.push(AREA_MOVED.shown_by(path, format_args!("{code} → {now}")));
        }
    }
}

/// Provinces only: of smaller areas the lists in use disagree with each other.
fn names(subject: &Subject, findings: &mut Vec<Finding>) {
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
