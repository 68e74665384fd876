//! The entries of a version, read from what its document has.

use std::collections::BTreeMap;

use serde_json::Value;

use super::version::Set;
use crate::area::is_code;
use crate::search::Abbreviations;
use crate::text::fold;

/// The words in front of the name of an area, longest first.
const BEFORE_NAMES: [&str; 10] = [
    "จังหวัด",
    "อำเภอ",
    "ตำบล",
    "แขวง",
    "เขต",
    "บ้าน",
    "จ.",
    "อ.",
    "ต.",
    "ข.",
];

/// An area in one version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Area {
    pub th: String,
    /// Empty when it is not known.
    pub en: String,
    /// Its health region, `R1` to `R13`, where the version gives one: of provinces.
    pub region: Option<String>,
}

/// What people read of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name<'a> {
    pub th: &'a str,
    /// Empty when there is none.
    pub en: &'a str,
}

/// The entries; only those of the set that the version is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Content {
    pub(super) areas: BTreeMap<String, Area>,
    /// Vocabulary and code to its labels in Thai and English.
    pub(super) codes: BTreeMap<String, BTreeMap<String, (String, String)>>,
    pub(super) abbreviations: Vec<(String, String)>,
    pub(super) figures: BTreeMap<String, i64>,
}

impl Area {
    /// True when the name, in Thai or English, with or without the word for what kind of area it is, is
    /// that of this area. Spaces, hyphens, capitals and spelling variants of Thai do not matter.
    pub fn is_called(&self, name: &str) -> bool {
        let plain = |text: &str| fold(text).replace([' ', '-'], "");
        let own = |name: &str| {
            let name = plain(name);
            !name.is_empty() && (name == plain(&self.th) || name == plain(&self.en))
        };
        let name = name.trim();
        let bare = BEFORE_NAMES.iter();
        own(name) || bare.filter_map(|word| name.strip_prefix(word)).any(own)
    }
}

impl Content {
    /// The entries in a value, and the paths of those that are none.
    pub(super) fn read(set: Set, value: &Value) -> (Content, Vec<String>) {
        let (mut content, mut unreadable) = (Content::default(), Vec::new());
        let empty = serde_json::Map::new();
        for (key, value) in value.as_object().unwrap_or(&empty) {
            let read = match set {
                Set::Areas => content.area(key, value),
                Set::Codes => content.vocabulary(key, value),
                Set::Abbreviations => content.abbreviation(key, value),
                Set::Figures => content.figure(key, value),
            };
            if read.is_none() {
                unreadable.push(format!("{}/{key}", set.name()));
            }
        }
        (content, unreadable)
    }

    pub(super) fn entries(&self) -> usize {
        let codes: usize = self.codes.values().map(BTreeMap::len).sum();
        self.areas.len() + codes + self.abbreviations.len() + self.figures.len()
    }

    fn area(&mut self, code: &str, value: &Value) -> Option<()> {
        let th = value["th"].as_str().filter(|th| !th.is_empty())?;
        let region = Some(&value["region"]).filter(|region| !region.is_null());
        let region = match region {
            None => None,
            Some(region) => Some(region.as_str().filter(|code| is_region(code))?.to_owned()),
        };
        let area = Area {
            th: th.to_owned(),
            en: value["en"].as_str().unwrap_or_default().to_owned(),
            region,
        };
        is_code(code).then(|| self.areas.insert(code.to_owned(), area))?;
        Some(())
    }

    fn vocabulary(&mut self, name: &str, value: &Value) -> Option<()> {
        let codes = value.as_object()?.iter().map(|(code, labels)| {
            let th = labels["th"].as_str().filter(|th| !th.is_empty())?;
            let en = labels["en"].as_str().unwrap_or_default();
            Some((code.clone(), (th.to_owned(), en.to_owned())))
        });
        // The good ones count, whatever the others are.
        let whole = codes.clone().all(|code| code.is_some());
        self.codes
            .insert(name.to_owned(), codes.flatten().collect());
        whole.then_some(())
    }

    fn abbreviation(&mut self, short: &str, value: &Value) -> Option<()> {
        let forms = match value.as_array() {
            Some(forms) => forms.as_slice(),
            None => std::slice::from_ref(value),
        };
        for full in forms {
            let full = full.as_str()?;
            Abbreviations::default().insert(short, full).then_some(())?;
            self.abbreviations.push((short.to_owned(), full.to_owned()));
        }
        Some(())
    }

    fn figure(&mut self, name: &str, value: &Value) -> Option<()> {
        let number = value.as_i64().filter(|number| *number >= 0)?;
        self.figures.insert(name.to_owned(), number);
        Some(())
    }
}

fn is_region(code: &str) -> bool {
    code.starts_with('R') && is_code(code)
}
