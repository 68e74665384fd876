//! How much two records look like one organisation, and why: points that a person can follow.

use std::collections::BTreeSet;

use super::office::Office;
use crate::area;
use crate::search::Abbreviations;
use crate::text::fold;

/// One thing that two records have in common, or in which they differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Both bear this code of this system.
    SameCode {
        system: String,
        code: String,
    },
    /// They bear different codes of one system.
    OtherCode {
        system: String,
    },
    /// One of the names is the same, spelling and abbreviations aside.
    SameName,
    /// Two of the names are alike to this many per cent.
    AlikeName {
        percent: u8,
    },
    SameType,
    OtherType,
    SameArea,
    /// The area of one lies in that of the other.
    NestedArea,
    OtherArea,
    /// They share an office telephone.
    SamePhone,
}

/// The sum of what speaks for and against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Likeness {
    /// 0 to 100.
    pub score: u8,
    pub reasons: Vec<Reason>,
}

/// A name in the form in which names are compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    /// Folded, abbreviations written out, without spaces.
    pub(super) plain: String,
    /// Pairs of neighbouring letters, sorted.
    pairs: Vec<(char, char)>,
    /// Its numbers: school 1 and school 2 are two.
    numbers: Vec<String>,
}

/// Per cent from which on two names are alike at all. Two spellings of a name of thirty letters that
/// differ in two places have more; names of two villages with the same office in front have less.
const ALIKE_MIN: u8 = 80;

/// Letters that a name needs to be compared by likeness rather than equality.
const ALIKE_LETTERS_MIN: usize = 8;

impl Reason {
    /// Points of a hundred. From [`SCORE_MIN`](super::SCORE_MIN) on a pair is shown: a name alone is
    /// not enough, nor is anything without a name but a code.
    pub fn points(&self) -> i32 {
        match self {
            Reason::SameCode { .. } => 100,
            Reason::OtherCode { .. } => -60,
            Reason::SameName => 60,
            // From 30 to 50.
            Reason::AlikeName { percent } => 30 + i32::from(percent.saturating_sub(ALIKE_MIN)),
            Reason::SameType => 15,
            Reason::OtherType => -25,
            Reason::SameArea => 25,
            Reason::NestedArea | Reason::SamePhone => 15,
            Reason::OtherArea => -40,
        }
    }

    /// What a person reads, in Thai.
    pub fn th(&self) -> String {
        match self {
            Reason::SameCode { system, code } => format!("รหัส {system} เดียวกัน ({code})"),
            Reason::OtherCode { system } => format!("รหัส {system} ต่างกัน"),
            Reason::SameName => "ชื่อเดียวกัน".to_owned(),
            Reason::AlikeName { percent } => format!("ชื่อคล้ายกัน {percent}%"),
            Reason::SameType => "ประเภทเดียวกัน".to_owned(),
            Reason::OtherType => "ต่างประเภท".to_owned(),
            Reason::SameArea => "พื้นที่เดียวกัน".to_owned(),
            Reason::NestedArea => "พื้นที่หนึ่งอยู่ในอีกพื้นที่หนึ่ง".to_owned(),
            Reason::OtherArea => "ต่างพื้นที่".to_owned(),
            Reason::SamePhone => "โทรศัพท์สำนักงานเดียวกัน".to_owned(),
        }
    }

    /// The same in English.
    pub fn en(&self) -> String {
        match self {
            Reason::SameCode { system, code } => format!("same {system} code ({code})"),
            Reason::OtherCode { system } => format!("different {system} codes"),
            Reason::SameName => "same name".to_owned(),
            Reason::AlikeName { percent } => format!("names {percent}% alike"),
            Reason::SameType => "same type".to_owned(),
            Reason::OtherType => "different types".to_owned(),
            Reason::SameArea => "same area".to_owned(),
            Reason::NestedArea => "one area lies in the other".to_owned(),
            Reason::OtherArea => "different areas".to_owned(),
            Reason::SamePhone => "same office telephone".to_owned(),
        }
    }
}

impl Likeness {
    /// Compares two records.
    pub(super) fn of(one: &Office, other: &Office) -> Likeness {
        let mut reasons = Vec::new();
        codes(one, other, &mut reasons);
        reasons.extend(names(one, other));
        if let (Some(one), Some(other)) = (&one.subtype, &other.subtype) {
            reasons.push(match one == other {
                true => Reason::SameType,
                false => Reason::OtherType,
            });
        }
        reasons.extend(areas(&one.areas, &other.areas));
        if !one.phones.is_disjoint(&other.phones) {
            reasons.push(Reason::SamePhone);
        }
        let points: i32 = reasons.iter().map(Reason::points).sum();
        Likeness {
            score: u8::try_from(points.clamp(0, 100)).unwrap_or_default(),
            reasons,
        }
    }
}

fn codes(one: &Office, other: &Office, reasons: &mut Vec<Reason>) {
    for (system, code) in &one.codes {
        let mut same = other.codes.iter().filter(|(of, _)| of == system).peekable();
        if same.peek().is_none() {
            continue;
        }
        let system = system.clone();
        reasons.push(match same.any(|(_, other)| other == code) {
            true => Reason::SameCode {
                system,
                code: code.clone(),
            },
            false => Reason::OtherCode { system },
        });
    }
}

fn names(one: &Office, other: &Office) -> Option<Reason> {
    let pairs = || {
        let names = one.names.iter();
        names.flat_map(|name| other.names.iter().map(move |other| (name, other)))
    };
    if pairs().any(|(one, other)| one.plain == other.plain) {
        return Some(Reason::SameName);
    }
    let percent = pairs().map(|(one, other)| one.alike(other)).max()?;
    (percent >= ALIKE_MIN).then_some(Reason::AlikeName { percent })
}

fn areas(one: &BTreeSet<String>, other: &BTreeSet<String>) -> Option<Reason> {
    if one.is_empty() || other.is_empty() {
        return None;
    }
    if !one.is_disjoint(other) {
        return Some(Reason::SameArea);
    }
    let nested = one.iter().any(|one| {
        let mut others = other.iter();
        others.any(|other| area::lies_in(one, other) || area::lies_in(other, one))
    });
    Some(match nested {
        true => Reason::NestedArea,
        false => Reason::OtherArea,
    })
}

impl Name {
    /// `None` for a name of which folding leaves nothing.
    pub(super) fn of(written: &str, known: &Abbreviations) -> Option<Name> {
        let folded = fold(written);
        let plain: String = folded.split(' ').map(|word| in_full(word, known)).collect();
        if plain.is_empty() {
            return None;
        }
        let letters: Vec<char> = plain.chars().collect();
        let mut pairs: Vec<(char, char)> =
            letters.windows(2).map(|pair| (pair[0], pair[1])).collect();
        pairs.sort_unstable();
        let numbers = plain.split(|c: char| !c.is_ascii_digit());
        let numbers = numbers.filter(|part| !part.is_empty());
        Some(Name {
            numbers: numbers.map(str::to_owned).collect(),
            plain,
            pairs,
        })
    }

    /// How many of the pairs of letters two names share, in per cent (Dice's coefficient).
    fn alike(&self, other: &Name) -> u8 {
        let short = self.pairs.len().min(other.pairs.len()) < ALIKE_LETTERS_MIN;
        if short || self.numbers != other.numbers {
            return 0;
        }
        let (mut ours, mut theirs) = (self.pairs.iter().peekable(), other.pairs.iter().peekable());
        let mut shared = 0;
        while let (Some(our), Some(their)) = (ours.peek(), theirs.peek()) {
            match our.cmp(their) {
                std::cmp::Ordering::Less => drop(ours.next()),
                std::cmp::Ordering::Greater => drop(theirs.next()),
                std::cmp::Ordering::Equal => {
                    shared += 1;
                    ours.next();
                    theirs.next();
                }
            }
        }
        let all = self.pairs.len() + other.pairs.len();
        u8::try_from(200 * shared / all).unwrap_or(100)
    }

    /// Three neighbouring letters each.
    pub(super) fn grams(&self) -> BTreeSet<[char; 3]> {
        let letters: Vec<char> = self.plain.chars().collect();
        let windows = letters.windows(3);
        windows.map(|gram| [gram[0], gram[1], gram[2]]).collect()
    }
}

/// A folded word in which an abbreviation of an office is written out.
fn in_full(word: &str, known: &Abbreviations) -> String {
    let mut forms = known.other_forms(word);
    let full = forms.find(|(form, place)| form.len() + place.len() > word.len());
    full.map_or_else(|| word.to_owned(), |(form, place)| format!("{form}{place}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        let mut known = Abbreviations::default();
        for (short, full) in crate::search::FORMS {
            known.insert(short, full);
        }
        Name::of(text, &known).unwrap()
    }

    #[test]
    fn names_are_equal_in_every_spelling_and_abbreviated_or_not() {
        for (one, other) in [
            ("อบจ.ขอนแก่น", "องค์การบริหารส่วนจังหวัดขอนแก่น"),
            ("รพ.สต. บ้านดอน", "โรงพยาบาลส่งเสริมสุขภาพตำบลบ้านดอน"),
            ("ทต.บางเหรียง", "เทศบาลตำบล บางเหรียง"),
            ("สสจ.สงขลา", "สำนักงานสาธารณสุขจังหวัดสงขลา"),
            ("นํ้าตก", "น้ำตก"),
        ] {
            assert_eq!(name(one), name(other));
        }
    }

    #[test]
    fn a_slip_of_the_pen_leaves_names_alike_and_another_place_or_number_does_not() {
        let of = |one: &str, other: &str| name(one).alike(&name(other));
        assert!(of("โรงพยาบาลควนเนียง", "โรงพยาบาลควนเนึยง") >= ALIKE_MIN);
        assert!(of("สภาวัฒนธรรมอำเภอควนเนียง", "สภาวัฒนะธรรมอำเภอควนเนียง") >= ALIKE_MIN);
        assert!(of("โรงพยาบาลควนเนียง", "โรงพยาบาลรัตภูมิ") < ALIKE_MIN);
        assert_eq!(of("โรงเรียนบ้านหนองบัว 1", "โรงเรียนบ้านหนองบัว 2"), 0);
    }
}
