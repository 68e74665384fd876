//! Pairs of records that may be one organisation.
//!
//! Comparing each with each would take minutes for ten thousand. Only those are compared that have a
//! code, a name or a telephone in common, or, within a province, some of the rarer parts of a name.

use std::collections::{BTreeMap, BTreeSet};

use super::likeness::{Likeness, Reason};
use super::office::Office;
use crate::kind::DocumentId;

/// The score from which on a pair is put before a person.
pub const SCORE_MIN: u8 = 70;

/// Parts of a name by which it is looked up: its rarest. A slip of the pen spoils three of them.
const RARE_GRAMS: usize = 8;

/// Neighbours in a group that are compared. A part of a name that is in more names says little, and
/// a group of thousands costs no more than its size times this.
const NEIGHBOURS_MAX: usize = 100;

/// Two records that may be one organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The one that would remain: it has a code of a national register, or else the smaller id.
    pub remains: DocumentId,
    pub other: DocumentId,
    /// 70 to 100.
    pub score: u8,
    pub reasons: Vec<Reason>,
}

/// What a group has in common.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Common<'a> {
    Code(&'a str, &'a str),
    Name(&'a str),
    Phone(&'a str),
    Gram(&'a str, [char; 3]),
}

/// The pairs, the likeliest first, then by ids.
pub(super) fn pairs(offices: &[&Office]) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = candidates(offices)
        .into_iter()
        .filter_map(|(one, other)| pair(offices[one], offices[other]))
        .collect();
    pairs.sort_by_key(|pair| (std::cmp::Reverse(pair.score), pair.remains, pair.other));
    pairs
}

fn pair(one: &Office, other: &Office) -> Option<Pair> {
    if one.others.contains(&other.id) || other.others.contains(&one.id) {
        return None;
    }
    let Likeness { score, reasons } = Likeness::of(one, other);
    let by_code = |office: &&Office| (office.codes.is_empty(), office.id);
    let (remains, other) = match by_code(&one) <= by_code(&other) {
        true => (one.id, other.id),
        false => (other.id, one.id),
    };
    (score >= SCORE_MIN).then_some(Pair {
        remains,
        other,
        score,
        reasons,
    })
}

fn candidates(offices: &[&Office]) -> BTreeSet<(usize, usize)> {
    let grams: Vec<BTreeSet<[char; 3]>> = offices
        .iter()
        .map(|office| office.names.iter().flat_map(|name| name.grams()).collect())
        .collect();
    let mut counts: BTreeMap<[char; 3], usize> = BTreeMap::new();
    for gram in grams.iter().flatten() {
        *counts.entry(*gram).or_default() += 1;
    }
    let mut groups: BTreeMap<Common<'_>, Vec<usize>> = BTreeMap::new();
    for (at, office) in offices.iter().enumerate() {
        let mut join = |common| groups.entry(common).or_default().push(at);
        for (system, code) in &office.codes {
            join(Common::Code(system, code));
        }
        for phone in &office.phones {
            join(Common::Phone(phone));
        }
        let names: BTreeSet<&str> = office
            .names
            .iter()
            .map(|name| name.plain.as_str())
            .collect();
        for name in names {
            join(Common::Name(name));
        }
        // A part that no other name has leads nowhere.
        let shared = grams[at].iter().filter(|gram| counts[*gram] > 1);
        let mut rare: Vec<_> = shared.map(|gram| (counts[gram], *gram)).collect();
        rare.sort_unstable();
        rare.truncate(RARE_GRAMS);
        for province in provinces(office) {
            for (_, gram) in &rare {
                join(Common::Gram(province, *gram));
            }
        }
    }
    let mut found = BTreeSet::new();
    for mut group in groups.into_values() {
        // Those of one area stand together.
        group.sort_by_key(|at| (&offices[*at].areas, *at));
        for (place, one) in group.iter().enumerate() {
            for other in group.iter().skip(place + 1).take(NEIGHBOURS_MAX) {
                found.insert((*one.min(other), *one.max(other)));
            }
        }
    }
    found
}

/// The provinces of its areas, and the larger areas themselves.
fn provinces(office: &Office) -> BTreeSet<&str> {
    let areas = office.areas.iter();
    let provinces = areas.filter_map(|area| match area.as_bytes() {
        [first, ..] if first.is_ascii_digit() => area.get(..2),
        _ => Some(area.as_str()),
    });
    let mut provinces: BTreeSet<&str> = provinces.collect();
    if provinces.is_empty() {
        provinces.insert("");
    }
    provinces
}
