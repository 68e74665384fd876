//! Names of areas as they were written, against their codes, and areas that changed their province.

use super::Setting;
use super::finding::{Finding, Rule, warning};
use crate::area;
use crate::reference::Reference;
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

pub(super) fn check(subject: &Subject, setting: &Setting<'_>, findings: &mut Vec<Finding>) {
    names(subject, setting.reference, findings);
    for (path, value) in subject.below("areas") {
        let code = value.as_str().unwrap_or_default();
        if let Some(now) = area::moved(code, setting.today) {
            findings.push(AREA_MOVED.shown_by(path, format_args!("{code} → {now}")));
        }
    }
}

/// Of areas that a reference set names; a name that it had in another version is right as well.
fn names(subject: &Subject, reference: &Reference, findings: &mut Vec<Finding>) {
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
