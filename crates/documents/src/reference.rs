//! What everybody looks up alike: areas and their health regions, codes, abbreviations and the figures of
//! the rules, in dated versions.
//!
//! Versions are documents of the kind `refset`, which the national node publishes. Which of them
//! is in force at a date is decided here; of a set of which there is none, the program has one of
//! its own.

mod built_in;
mod content;
mod version;

pub use built_in::documents as built_in_documents;
pub use content::{Area, Name};
pub use version::{ReadVersionError, Set, Version};

use std::collections::{BTreeMap, BTreeSet};

use crate::area;
use crate::date::Date;
use crate::schema::vocabulary;
use crate::search::Abbreviations;

/// All versions of all sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// By set and part, each list in the order in which its versions came in force.
    versions: BTreeMap<(Set, String), Vec<Version>>,
}

impl Reference {
    /// The published versions, and those of the program for each part of a set of which none is
    /// published. The same whatever their order; of two with one name the first by its
    /// content counts.
    pub fn of(published: impl IntoIterator<Item = Version>) -> Reference {
        let mut versions = by_part(published);
        for (part, built_in) in by_part(built_in::versions()) {
            versions.entry(part).or_insert(built_in);
        }
        Reference { versions }
    }

    /// What the program knows by itself.
    pub fn built_in() -> Reference {
        Reference::of([])
    }

    /// All versions: by set, part, and when they came in force.
    pub fn versions(&self) -> impl Iterator<Item = &Version> {
        self.versions.values().flatten()
    }

    /// Whether that version is in force on that day: of its part it began last.
    pub fn is_in_force(&self, version: &Version, at: Date) -> bool {
        self.in_force(version.set, at).any(|one| one == version)
    }

    /// The versions of a set on that day, one of each of its parts.
    fn in_force(&self, set: Set, at: Date) -> impl Iterator<Item = &Version> {
        let parts = self.versions.iter().filter(move |((of, _), _)| *of == set);
        parts.filter_map(move |(_, versions)| {
            let begun = versions.iter().rfind(|version| version.has_begun(at));
            begun.filter(|version| !version.has_ended(at))
        })
    }

    /// The health region (`R12`) of an area on that day, by itself or by its province; `None` for
    /// the country, and where no version says it.
    pub fn region(&self, code: &str, at: Date) -> Option<&str> {
        let lookup = |code: &str| {
            let mut held = self.in_force(Set::Areas, at);
            held.find_map(|version| version.area(code)?.region.as_deref())
        };
        lookup(code).or_else(|| lookup(code.get(..2).filter(|_| area::is_code(code))?))
    }

    /// The names of an area, in all versions: what was written before a change is still right.
    pub fn areas<'a>(&'a self, code: &'a str) -> impl Iterator<Item = &'a Area> {
        let versions = self.versions().filter(|version| version.set == Set::Areas);
        versions.filter_map(move |version| version.area(code))
    }

    /// The labels of a code on that day, or else those of the program: its own codes are never unknown
    /// to it.
    pub fn label<'a>(&'a self, vocabulary: &str, code: &str, at: Date) -> Option<Name<'a>> {
        let mut held = self.in_force(Set::Codes, at);
        let published = held.find_map(|version| version.label(vocabulary, code));
        let own = || {
            let own = vocabulary::label(vocabulary, code)?;
            Some(Name {
                th: own.th,
                en: own.en,
            })
        };
        published.or_else(own)
    }

    /// The abbreviations in use on that day.
    pub fn abbreviations(&self, at: Date) -> Abbreviations {
        let mut all = Abbreviations::default();
        for version in self.in_force(Set::Abbreviations, at) {
            for (short, full) in version.abbreviations() {
                all.insert(short, full);
            }
        }
        all
    }

    /// A figure of the rules for a fiscal year of the Buddhist era: what is in force when the year
    /// begins. `None` when no version gives one, so that no rule measures by it.
    pub fn figure(&self, name: &str, year: i64) -> Option<i64> {
        let begins = Date::fiscal_year_begins(year)?;
        let mut held = self.in_force(Set::Figures, begins);
        held.find_map(|version| version.figure(name))
    }

    /// The health regions of areas in a fiscal year: those of its first day.
    pub fn regions<'a>(
        &self,
        codes: impl IntoIterator<Item = &'a str>,
        year: i64,
    ) -> BTreeSet<String> {
        let Some(begins) = Date::fiscal_year_begins(year) else {
            return BTreeSet::new();
        };
        let regions = codes.into_iter();
        let regions = regions.filter_map(|code| self.region(code, begins));
        regions.map(str::to_owned).collect()
    }
}

fn by_part(versions: impl IntoIterator<Item = Version>) -> BTreeMap<(Set, String), Vec<Version>> {
    let mut parts: BTreeMap<(Set, String), Vec<Version>> = BTreeMap::new();
    for version in versions {
        let part = (version.set, version.part.clone());
        parts.entry(part).or_default().push(version);
    }
    for versions in parts.values_mut() {
        versions.sort();
        versions.dedup_by(|later, first| later.is_named_as(first));
    }
    parts
}

#[cfg(test)]
mod tests;
