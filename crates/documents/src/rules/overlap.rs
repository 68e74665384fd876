//! Work that is planned twice. To do less of the same work in parallel is why many networks agree.

use super::finding::{Finding, Rule, warning};
use super::gist::Gists;
use crate::kind::Kind;
use crate::subject::Subject;

pub(super) const RULES: &[Rule] = &[SAME_ACTIVITY];

const SAME_ACTIVITY: Rule = warning(
    "same_activity_in_two_plans",
    "มีกิจกรรมชื่อเดียวกันในพื้นที่เดียวกันในอีกแผนหนึ่ง ให้ตกลงกันว่าใครทำ",
    "Another plan has an activity of this title in the same area: agree on who does it",
);

pub(super) fn check(subject: &Subject, around: &Gists, findings: &mut Vec<Finding>) {
    if subject.kind() != Some(Kind::Activity) {
        return;
    }
    if let Some(other) = around.double_of(&subject.id) {
        findings.push(SAME_ACTIVITY.shown_by("title/th", other));
    }
}
