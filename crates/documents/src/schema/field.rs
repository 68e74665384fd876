//! What a field declaration says, and how a leaf is held against it.

use super::Mismatch;
use crate::kind::Kind;
use crate::path::Segment;

/// A text in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    pub th: &'static str,
    pub en: &'static str,
}

/// One declared field.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Path with `*` for any map key or list item: `budget/*/amount_satang`.
    pub pattern: &'static str,
    pub field_type: FieldType,
    /// A document without it is incomplete (flagged, never refused).
    pub required: bool,
    pub label: Label,
    /// One sentence for a person who fills it in; empty when the label says it all.
    pub help: Label,
}

/// The type of a field. Texts are in UTF-8, numbers are 64-bit integers unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// A name, a title, a sentence: replaced as a whole.
    ShortText,
    /// A paragraph or more: concurrent edits merge.
    LongText,
    /// `{th, en}` of short texts.
    Localised,
    /// `{th, en}` of long texts.
    LocalisedLong,
    /// A code of the named vocabulary; unknown codes are stored.
    Code(&'static str),
    /// The id of a document of one of these kinds (of any kind when empty).
    Ref(&'static [Kind]),
    /// `TH`, `R1`…`R13`, or a DOPA code of 2, 4, 6 or 8 digits.
    Area,
    /// A number of people, places, times.
    Count,
    /// An amount in satang.
    Money,
    /// A decimal number as text, or an integer.
    Decimal,
    /// A fiscal year of the Buddhist era: 2567.
    FiscalYear,
    /// `2023-11-22`.
    Date,
    /// `10:00`.
    Time,
    /// `{from, to, precision, as_written, inferred}`.
    PartialDate,
    /// A partial date or a short text about it.
    DateOrText,
    Bool,
    Url,
    /// A list of this.
    List(&'static FieldType),
    /// A map of this.
    Map(&'static FieldType),
    /// A list or a map of this.
    Many(&'static FieldType),
    /// One of this, or a list or a map of this.
    OneOrMany(&'static FieldType),
    /// A short text, or a map whose entries are described by further patterns.
    TextOrGroup,
    /// A map whose entries are described by further patterns.
    Group,
    /// A list or map of groups described by further patterns.
    Groups,
    /// Anything.
    Any,
}

impl Field {
    /// Number of segments of the pattern.
    pub(super) fn depth(&self) -> usize {
        self.pattern.split('/').count()
    }

    /// True when the segments start with the pattern.
    pub(super) fn matches(&self, segments: &[Segment]) -> bool {
        // Asked of every field for every value: most differ in their first key, which is never `*`.
        let Some(Segment::Key(first)) = segments.first() else {
            return false;
        };
        let behind = self.pattern.strip_prefix(first.as_str());
        if !behind.is_some_and(|behind| behind.is_empty() || behind.starts_with('/')) {
            return false;
        }
        let mut rest = segments.iter();
        self.pattern.split('/').all(|wanted| match rest.next() {
            None | Some(Segment::Structure(_)) => false,
            Some(Segment::Key(key)) => wanted == "*" || wanted == key,
            Some(Segment::Item(_)) => wanted == "*",
        })
    }
}

impl FieldType {
    /// The type further inside, `None` where this type says nothing.
    pub(super) fn inside(self, rest: &[Segment]) -> Option<FieldType> {
        let Some((first, rest)) = rest.split_first() else {
            return Some(self);
        };
        self.step(first)?.inside(rest)
    }

    /// The vocabulary of the codes in it.
    pub fn vocabulary(self) -> Option<&'static str> {
        if let FieldType::Code(name) = self {
            return Some(name);
        }
        if let FieldType::List(of)
        | FieldType::Map(of)
        | FieldType::Many(of)
        | FieldType::OneOrMany(of) = self
        {
            return of.vocabulary();
        }
        None
    }

    /// What a message calls it.
    pub fn describe(self) -> &'static str {
        match self {
            FieldType::ShortText | FieldType::LongText => "text",
            FieldType::Localised | FieldType::LocalisedLong => "map of language to text",
            FieldType::Code(_) => "text (code)",
            FieldType::Ref(_) => "text (document id)",
            FieldType::Area => "text (area code)",
            FieldType::Count => "integer",
            FieldType::Money => "integer (satang)",
            FieldType::Decimal => "text (decimal number) or integer",
            FieldType::FiscalYear => "integer (Buddhist-era fiscal year)",
            FieldType::Date => "text (date, yyyy-mm-dd)",
            FieldType::Time => "text (time, hh:mm)",
            FieldType::PartialDate => "map with from, to and precision",
            FieldType::DateOrText => "text or map with from, to and precision",
            FieldType::TextOrGroup => "text or map",
            FieldType::Bool => "boolean",
            FieldType::Url => "text (address)",
            FieldType::List(_) => "list",
            FieldType::Map(_) | FieldType::Group => "map",
            FieldType::Many(_) | FieldType::Groups => "list or map",
            FieldType::OneOrMany(_) => "value, list or map",
            FieldType::Any => "anything",
        }
    }

    /// Holds a leaf at `rest` below this type against it.
    pub(super) fn check(self, rest: &[Segment], found: &'static str) -> Result<(), Mismatch> {
        let mismatch = |found| {
            Err(Mismatch {
                expected: self.describe(),
                found,
            })
        };
        let Some((first, rest)) = rest.split_first() else {
            return if found == "null" || self.accepts(found) {
                Ok(())
            } else {
                mismatch(found)
            };
        };
        let container = match first {
            Segment::Key(_) => "map",
            Segment::Item(_) => "list",
            Segment::Structure(_) => return Ok(()),
        };
        if !self.accepts(container) {
            return mismatch(container);
        }
        match self.step(first) {
            Some(inner) => inner.check(rest, found),
            None => Ok(()),
        }
    }

    /// True when a value of that JSON type may stand here.
    fn accepts(self, found: &str) -> bool {
        match self {
            FieldType::ShortText
            | FieldType::LongText
            | FieldType::Code(_)
            | FieldType::Ref(_)
            | FieldType::Area
            | FieldType::Date
            | FieldType::Time
            | FieldType::Url => found == "text",
            FieldType::Count | FieldType::Money | FieldType::FiscalYear => found == "integer",
            FieldType::Decimal => matches!(found, "text" | "integer"),
            FieldType::Bool => found == "boolean",
            FieldType::DateOrText | FieldType::TextOrGroup => matches!(found, "text" | "map"),
            FieldType::Localised
            | FieldType::LocalisedLong
            | FieldType::PartialDate
            | FieldType::Map(_)
            | FieldType::Group => found == "map",
            FieldType::List(_) => found == "list",
            FieldType::Many(_) | FieldType::Groups => matches!(found, "list" | "map"),
            FieldType::OneOrMany(of) => matches!(found, "list" | "map") || of.accepts(found),
            FieldType::Any => true,
        }
    }

    /// The type one segment further inside.
    fn step(self, segment: &Segment) -> Option<FieldType> {
        match (self, segment) {
            (FieldType::Localised, Segment::Key(_)) => Some(FieldType::ShortText),
            (FieldType::LocalisedLong, Segment::Key(_)) => Some(FieldType::LongText),
            (FieldType::PartialDate | FieldType::DateOrText, Segment::Key(key)) => {
                match key.as_str() {
                    "from" | "to" => Some(FieldType::Date),
                    "precision" => Some(FieldType::Code("date.precision")),
                    "as_written" | "inferred" => Some(FieldType::ShortText),
                    _ => None,
                }
            }
            (FieldType::List(of), Segment::Item(_)) | (FieldType::Map(of), Segment::Key(_)) => {
                Some(*of)
            }
            (FieldType::Many(of) | FieldType::OneOrMany(of), _) => Some(*of),
            (FieldType::Groups, _) => Some(FieldType::Group),
            _ => None,
        }
    }
}

/// A field that need not be there.
pub(super) const fn optional(
    pattern: &'static str,
    field_type: FieldType,
    th: &'static str,
    en: &'static str,
) -> Field {
    Field {
        pattern,
        field_type,
        required: false,
        label: Label { th, en },
        help: Label { th: "", en: "" },
    }
}

/// A field without which the document is incomplete.
pub(super) const fn required(
    pattern: &'static str,
    field_type: FieldType,
    th: &'static str,
    en: &'static str,
) -> Field {
    Field {
        required: true,
        ..optional(pattern, field_type, th, en)
    }
}

impl Field {
    /// Adds a sentence of help.
    pub(super) const fn help(self, th: &'static str, en: &'static str) -> Field {
        Field {
            help: Label { th, en },
            ..self
        }
    }
}
