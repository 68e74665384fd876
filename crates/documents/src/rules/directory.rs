//! Organisations that may be there twice, and whom they belong to.

use super::finding::{Finding, Rule, warning};
use super::gist::Gists;
use crate::date::Date;
use crate::directory::Why;
use crate::kind::Kind;
use crate::subject::Subject;

pub(super) const RULES: &[Rule] = &[
    PERHAPS_TWICE,
    MERGED_IN_CIRCLE,
    SECOND_PARENT,
    PARENT_CIRCLE,
];

const PERHAPS_TWICE: Rule = warning(
    "perhaps_twice",
    "อาจเป็นหน่วยงานเดียวกับอีกรายการหนึ่ง: รวมด้วย `phaki merge` หรือบันทึกว่าเป็นคนละหน่วยงานด้วย `phaki duplicates --two`",
    "Another record may be of the same organisation: merge them with `phaki merge`, or say with `phaki duplicates --two` that they are two",
);
const MERGED_IN_CIRCLE: Rule = warning(
    "merged_in_circle",
    "รายการถูกรวมเข้าหากันเป็นวง: ทุกแห่งใช้รายการเดียวกันนี้ ยกเลิกการรวมด้านหนึ่งด้วย `phaki merge --undo`",
    "Records were merged into each other: this one stands for all of them everywhere; undo one merge with `phaki merge --undo`",
);
const SECOND_PARENT: Rule = warning(
    "second_parent",
    "มีต้นสังกัดสองแห่งในเวลาเดียวกัน จึงไม่นับรายการที่เริ่มทีหลัง: ใส่วันสิ้นสุดของรายการแรก",
    "There are two parents at a time, so the later one does not count: give the earlier one its last day",
);
const PARENT_CIRCLE: Rule = warning(
    "parent_circle",
    "ต้นสังกัดอยู่ใต้หน่วยงานนี้เอง จึงไม่นับรายการนี้: แก้รายการใดรายการหนึ่ง",
    "The parent belongs to this organisation itself, so the line does not count: correct one of them",
);

pub(super) fn check(subject: &Subject, around: &Gists, today: Date, findings: &mut Vec<Finding>) {
    if subject.kind() != Some(Kind::Org) {
        return;
    }
    let id = subject.id;
    let merges = around.directory().merges();
    if merges.is_in_circle(id) {
        findings.push(MERGED_IN_CIRCLE.shown_by("merged_into", merges.canonical(id)));
    }
    for pair in around.duplicates_of(&id) {
        let other = if pair.remains == id {
            pair.other
        } else {
            pair.remains
        };
        findings.push(PERHAPS_TWICE.shown_by("name/th", format_args!("{other}, {}", pair.score)));
    }
    let hierarchy = around.hierarchy(today);
    for dropped in hierarchy.dropped().iter().filter(|one| one.unit == id) {
        let rule = match dropped.why {
            Why::Second => SECOND_PARENT,
            Why::Circle => PARENT_CIRCLE,
        };
        findings.push(rule.shown_by(&dropped.line.path, dropped.line.parent));
    }
}
