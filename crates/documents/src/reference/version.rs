//! One version of a reference set, as its document says.

use std::cmp::Ordering;

use serde_json::Value;
use thiserror::Error;

use super::content::{Area, Content, Name};
use crate::date::Date;
use crate::kind::{DocumentId, Kind};

/// What a reference set is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Set {
    /// Names of areas, and their health regions.
    Areas,
    /// Codes of vocabularies with their labels.
    Codes,
    /// Abbreviations with what they stand for.
    Abbreviations,
    /// Numbers in the rules.
    Figures,
}

impl Set {
    /// All sets.
    pub const ALL: [Set; 4] = [Set::Areas, Set::Codes, Set::Abbreviations, Set::Figures];

    /// The word for it in documents: a code of `reference.set`, and the field of its entries.
    pub const fn name(self) -> &'static str {
        match self {
            Set::Areas => "areas",
            Set::Codes => "codes",
            Set::Abbreviations => "abbreviations",
            Set::Figures => "figures",
        }
    }

    /// The set of that [`name`](Set::name).
    pub fn from_name(name: &str) -> Option<Set> {
        Set::ALL.into_iter().find(|set| set.name() == name)
    }
}

/// A version of a set or, where it comes in parts, of one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    pub set: Set,
    /// Empty when the set has no parts.
    pub part: String,
    /// Its name. Of versions that begin on one day, the one whose name sorts last counts.
    pub name: String,
    /// First day in force; `None`: since ever.
    pub from: Option<Date>,
    /// Last day in force; `None`: until another one begins.
    pub to: Option<Date>,
    /// Fields of the document that could not be read as what they should be, and have no effect.
    pub unreadable: Vec<String>,
    content: Content,
}

/// Why a document is no version of a reference set.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadVersionError {
    #[error("field `set` names none of the sets areas, codes, abbreviations, figures")]
    UnknownSet,
    #[error("field `version` is empty: each version needs a name, such as 2567")]
    NoName,
    #[error("field `{field}` is no date such as 2024-10-01")]
    MalformedDate { field: &'static str },
}

impl Version {
    /// Reads the JSON of a document. Entries of another form than their set has are left out and named.
    ///
    /// # Errors
    /// When it does not say which version of which set it is, or from when.
    pub fn read(json: &Value) -> Result<Version, ReadVersionError> {
        let text = |value: &Value| value.as_str().unwrap_or_default().trim().to_owned();
        let set = Set::from_name(&text(&json["set"])).ok_or(ReadVersionError::UnknownSet)?;
        let name = text(&json["version"]);
        if name.is_empty() {
            return Err(ReadVersionError::NoName);
        }
        let date = |value: &Value, field| match value.is_null() {
            true => Ok(None),
            false => Date::parse(&text(value))
                .map(Some)
                .ok_or(ReadVersionError::MalformedDate { field }),
        };
        let (content, unreadable) = Content::read(set, &json[set.name()]);
        Ok(Version {
            set,
            part: text(&json["part"]),
            name,
            from: date(&json["valid"]["from"], "valid/from")?,
            to: date(&json["valid"]["to"], "valid/to")?,
            unreadable,
            content,
        })
    }

    /// The id of its document: the same for everybody who writes this version down.
    pub fn id(&self) -> DocumentId {
        let code = format!("{}|{}|{}", self.set.name(), self.part, self.name);
        DocumentId::from_code(Kind::Refset, "reference", &code)
    }

    /// How many entries it has.
    pub fn entries(&self) -> usize {
        self.content.entries()
    }

    pub(super) fn has_begun(&self, at: Date) -> bool {
        self.from.is_none_or(|from| from <= at)
    }

    pub(super) fn has_ended(&self, at: Date) -> bool {
        self.to.is_some_and(|to| to < at)
    }

    pub(super) fn is_named_as(&self, other: &Version) -> bool {
        self.key() == other.key()
    }

    pub(super) fn area(&self, code: &str) -> Option<&Area> {
        self.content.areas.get(code)
    }

    pub(super) fn label(&self, vocabulary: &str, code: &str) -> Option<Name<'_>> {
        let (th, en) = self.content.codes.get(vocabulary)?.get(code)?;
        Some(Name { th, en })
    }

    pub(super) fn abbreviations(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.content.abbreviations.iter();
        all.map(|(short, full)| (short.as_str(), full.as_str()))
    }

    pub(super) fn figure(&self, name: &str) -> Option<i64> {
        self.content.figures.get(name).copied()
    }

    /// What tells versions of a part from each other, in the order in which they come in force.
    fn key(&self) -> (Set, &str, Option<Date>, &str) {
        (self.set, &self.part, self.from, &self.name)
    }
}

impl Ord for Version {
    /// By set, part, first day and name.
    fn cmp(&self, other: &Version) -> Ordering {
        let rest = |one: &Version| (one.to, one.content.clone(), one.unreadable.clone());
        let named = self.key().cmp(&other.key());
        named.then_with(|| rest(self).cmp(&rest(other)))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Version) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
