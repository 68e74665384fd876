//! What the directory needs to know of one organisation.

use std::collections::BTreeSet;

use super::canonical::Merge;
use super::likeness::Name;
use crate::date::Date;
use crate::document::Document;
use crate::kind::{DocumentId, Kind};
use crate::search::Abbreviations;
use crate::subject::{Subject, name};

/// The facts of one organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Office {
    pub id: DocumentId,
    /// As lists show it.
    pub title: String,
    /// The field `type`.
    pub subtype: Option<String>,
    pub areas: BTreeSet<String>,
    /// Codes of registers: system and code.
    pub codes: BTreeSet<(String, String)>,
    /// What it belongs to, or belonged.
    pub memberships: Vec<Membership>,
    /// All its names and spellings, folded.
    pub(super) names: Vec<Name>,
    /// Digits of its telephone numbers.
    pub(super) phones: BTreeSet<String>,
    /// Of these a person has said that they are others.
    pub(super) others: BTreeSet<DocumentId>,
    pub(super) is_retired: bool,
    merged_into: Option<DocumentId>,
}

/// One line of the dated list of parents, or the field `part_of`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Membership {
    /// First day; since ever when not given.
    pub from: Option<Date>,
    /// Last day; open when not given.
    pub to: Option<Date>,
    pub parent: DocumentId,
    /// Code of `parent.kind`; a line without one is of the command.
    pub kind: String,
    /// Where it stands in the document.
    pub path: String,
}

/// Digits of a telephone number that say who is called.
const PHONE_DIGITS_MIN: usize = 7;

impl Office {
    /// The facts of a document, its names with these abbreviations written out; `None` when it is no
    /// organisation.
    pub fn of(document: &Document, known: &Abbreviations) -> Option<Office> {
        let subject = Subject::of(document);
        if subject.kind() != Some(Kind::Org) {
            return None;
        }
        let fields = ["name", "aliases", "short"];
        let written: BTreeSet<&str> = fields
            .iter()
            .flat_map(|field| subject.below(field))
            .filter_map(|(_, value)| value.as_str())
            .collect();
        let texts = |field: &str| -> BTreeSet<String> {
            let values = subject.below(field).filter_map(|(_, value)| value.as_str());
            values.map(str::to_owned).collect()
        };
        let title = subject.text("name/th").or_else(|| subject.text("name/en"));
        Some(Office {
            id: subject.id,
            title: title.map_or_else(|| subject.id.to_string(), str::to_owned),
            subtype: subject.text("type").map(str::to_owned),
            areas: texts("areas"),
            codes: codes(&subject),
            memberships: memberships(&subject),
            names: written
                .into_iter()
                .filter_map(|name| Name::of(name, known))
                .collect(),
            phones: texts("phone")
                .iter()
                .filter_map(|text| digits(text))
                .collect(),
            others: texts("distinct_from")
                .iter()
                .filter_map(|text| text.parse().ok())
                .collect(),
            is_retired: subject.is_retired(),
            merged_into: subject.reference("merged_into"),
        })
    }

    /// What it says of its being merged.
    pub fn merge(&self) -> Merge {
        Merge {
            into: self.merged_into,
            has_code: !self.codes.is_empty(),
        }
    }
}

impl Membership {
    /// True when it was in force on that day.
    pub fn holds_at(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }
}

fn codes(subject: &Subject) -> BTreeSet<(String, String)> {
    let systems = subject.entries("identifiers");
    let code = |system: &String| {
        let code = subject.text(&format!("{system}/value"))?;
        Some((name(system), code.to_owned()))
    };
    systems.iter().filter_map(code).collect()
}

/// Sorted by their beginnings. A line whose parent cannot be read says nothing.
fn memberships(subject: &Subject) -> Vec<Membership> {
    let lines = subject.entries("parents");
    let line = |path: &String| {
        Some(Membership {
            from: subject.date(&format!("{path}/from")),
            to: subject.date(&format!("{path}/to")),
            parent: subject.reference(&format!("{path}/org"))?,
            kind: subject
                .text(&format!("{path}/kind"))
                .unwrap_or(COMMAND)
                .to_owned(),
            path: path.clone(),
        })
    };
    let mut found: Vec<Membership> = lines.iter().filter_map(line).collect();
    found.extend(subject.reference(PART_OF).map(|parent| Membership {
        from: None,
        to: None,
        parent,
        kind: COMMAND.to_owned(),
        path: PART_OF.to_owned(),
    }));
    found.sort();
    found
}

const COMMAND: &str = "command";

/// The field that names a parent without dates. It counts on days for which no dated line does.
pub(super) const PART_OF: &str = "part_of";

fn digits(text: &str) -> Option<String> {
    let plain = crate::text::fold_number(text);
    let digits: String = plain.chars().filter(char::is_ascii_digit).collect();
    // Only the last ones, so that 074-123456 is +66 74 123456.
    let from = digits.len().checked_sub(PHONE_DIGITS_MIN)?;
    digits.get(from..).map(str::to_owned)
}
