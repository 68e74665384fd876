//! The flags that people have set on a document, beside what the rules find.

use super::finding::{Finding, Severity};
use crate::schema::vocabulary;
use crate::subject::Subject;

/// A flag that a rule raises as well is left to the rule, which knows the field.
pub(super) fn check(subject: &Subject, findings: &mut Vec<Finding>) {
    let mut flags = Vec::new();
    for (path, value) in subject.below("dq") {
        let Some(flag) = value.as_str() else {
            continue;
        };
        if findings.iter().any(|finding| finding.code == flag) {
            continue;
        }
        let known = vocabulary::label("dq", flag);
        flags.push(Finding {
            severity: Severity::Warning,
            code: flag.to_owned(),
            path: path.to_owned(),
            th: known.map_or(flag, |known| known.th).to_owned(),
            en: known.map_or(flag, |known| known.en).to_owned(),
        });
    }
    findings.extend(flags);
}
