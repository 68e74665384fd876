//! What is wrong or doubtful in a document. Findings never hinder storing or sharing it: errors say
//! that it is not fit to be published, warnings are flags for whoever looks after it.
//!
//! One file for each group of rules. All look at the shown values of one document, and at a few
//! facts of the documents around it ([`Gists`]), which the caller gathers.

mod budget;
mod completeness;
mod derived;
mod digits;
mod directory;
mod figures;
mod finding;
mod flags;
mod form;
mod fund;
mod gist;
mod identifier;
mod measurement;
mod merging;
mod number;
mod overlap;
mod personal;
mod place;
mod reports;
mod spread;

mod term;
mod years;

pub use completeness::Completeness;
pub use derived::{Derived, Expiry, Totals, derived};
pub use finding::{Finding, Rule, Severity};
pub use gist::Gists;
pub use identifier::{SYSTEMS, System};
pub use spread::{Range, Spread};

pub(crate) use personal::has_thirteen_digits;

use crate::date::Date;
use crate::document::Document;
use crate::reference::Reference;
use crate::subject::Subject;

/// What a document is held against besides itself.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The day of the check, in Thailand.
    pub today: Date,
    /// The facts of the documents around it, itself included.
    pub around: &'a Gists,
    /// Areas, codes and figures, as they are and as they were.
    pub reference: &'a Reference,
}

const UNKNOWN_KIND: Rule = finding::error(
    "unknown_kind",
    "โปรแกรมรุ่นนี้ไม่รู้จักเอกสารชนิดนี้ ให้ปรับรุ่นโปรแกรม",
    "This program does not know this kind of document: update it",
);

/// Every rule, in the order in which the rules look at a document.
pub fn catalogue() -> impl Iterator<Item = &'static Rule> {
    let groups: [&[Rule]; 16] = [
        &[UNKNOWN_KIND],
        form::RULES,
        identifier::RULES,
        place::RULES,
        years::RULES,
        budget::RULES,
        fund::RULES,
        term::RULES,
        measurement::RULES,
        reports::RULES,
        completeness::RULES,
        overlap::RULES,
        number::RULES,
        directory::RULES,
        merging::RULES,
        personal::RULES,
    ];
    groups.into_iter().flatten()
}

/// Checks a document: errors first, then by the order of the rules. A document of an unknown kind
/// is not looked into, and of one that was withdrawn from use only whether it was edited since.
pub fn check(document: &Document, setting: &Setting<'_>) -> Vec<Finding> {
    let subject = Subject::of(document);
    if subject.kind().is_none() {
        return vec![UNKNOWN_KIND.at("")];
    }
    if subject.is_retired() {
        return notices(document);
    }
    let Setting { today, around, .. } = *setting;
    let mut findings = Vec::new();
    form::check(&subject, setting, &mut findings);
    identifier::check(&subject, &mut findings);
    place::check(&subject, setting, &mut findings);
    years::check(&subject, around, &mut findings);
    budget::check(&subject, around, &mut findings);
    fund::check(&subject, setting, &mut findings);
    term::check(&subject, today, &mut findings);
    measurement::check(&subject, &mut findings);
    reports::check(&subject, &mut findings);
    completeness::check(&subject, around, &mut findings);
    overlap::check(&subject, around, &mut findings);
    number::check(&subject, around, &mut findings);
    directory::check(&subject, around, today, &mut findings);
    merging::check(document, &subject, &mut findings);
    personal::check(&subject, &mut findings);
    flags::check(&subject, setting, &mut findings);
    findings.sort_by_key(|finding| finding.severity);
    findings
}

/// What merging the work of several offices left for people to look at in a document; part of what
/// [`check`] finds, and found without other documents.
pub fn notices(document: &Document) -> Vec<Finding> {
    let subject = Subject::of(document);
    let mut findings = Vec::new();
    match subject.is_retired() {
        true => merging::check_retired(document, &mut findings),
        false => {
            reports::check(&subject, &mut findings);
            merging::check(document, &subject, &mut findings);
        }
    }
    findings
}
