//! Numbers that people give to agreements, projects and resolutions. Offices that work apart may
//! give one twice: both keep it until one of them changes theirs.

use super::finding::{Finding, Rule, warning};
use super::gist::Gists;
use crate::kind::Kind;
use crate::subject::Subject;
use crate::text::fold;

pub(super) const RULES: &[Rule] = &[NUMBER_TWICE];

const NUMBER_TWICE: Rule = warning(
    "number_used_twice",
    "เอกสารอีกฉบับใช้เลขที่เดียวกัน ให้ตกลงกันว่าฉบับใดเปลี่ยน",
    "Another document has the same number: agree on which of them gets another one",
);

/// A number as it is compared: kind, session or nothing, and the number without spaces.
pub(super) type Number = (Kind, String, String);

/// The number of a document; numbers of resolutions begin anew with each session.
pub(super) fn of(subject: &Subject) -> Option<Number> {
    let kind = subject.kind()?;
    let plain = |field| {
        let text = subject.text(field).unwrap_or_default();
        fold(text).replace(' ', "")
    };
    let numbered = matches!(kind, Kind::Agreement | Kind::Activity | Kind::Resolution);
    let number = plain("number");
    (numbered && !number.is_empty()).then(|| (kind, plain("session"), number))
}

pub(super) fn check(subject: &Subject, around: &Gists, findings: &mut Vec<Finding>) {
    let Some(number) = of(subject) else {
        return;
    };
    for other in around.others_numbered(&number, &subject.id) {
        findings.push(NUMBER_TWICE.shown_by("number", other));
    }
}
