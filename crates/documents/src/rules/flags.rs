//! The flags that people have set on a document, beside what the rules find.

use super::Setting;
use super::finding::{Finding, Severity};
use crate::subject::Subject;

/// A flag that a rule raises as well is left to the rule, which knows the field.
pub(super) fn check(subject: &Subject, setting: &Setting<'_>, findings: &mut Vec<Finding>) {
    let mut flags = Vec::new();
    for (path, value) in subject.below("dq") {
        let Some(flag) = value.as_str() else {
            continue;
        };
        if findings.iter().any(|finding| finding.code == flag) {
            continue;
        }
        let known = setting.reference.label("dq", flag, setting.today);
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
