//! What somebody searches for, and whether a text has it.

use std::ops::Range;

use thiserror::Error;

use super::Texts;
use super::abbreviation::Abbreviations;
use super::grams::{Gram, LETTERS};
use crate::limits::{QUERY_BYTES_MAX, QUERY_GRAMS_MAX, QUERY_WORDS_MAX};
use crate::text::{fold, fold_chars, is_mark};

/// Words of which a document must have every one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    words: Vec<Word>,
    whole: Vec<char>,
}

/// A word in all forms in which it may be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Each a list of parts that must all be there.
    forms: Vec<Vec<Part>>,
}

/// Letters that follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part(Vec<char>);

/// Why a text is no query.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QueryError {
    /// One letter stands in almost every text.
    #[error("a search needs a word of two letters or more")]
    NoWord,
    /// More than anybody types.
    #[error("a search has at most {QUERY_WORDS_MAX} words and {QUERY_BYTES_MAX} bytes")]
    TooLong,
}

/// How well a document matches; the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// One of its names is what was searched for.
    Name,
    /// One of its names begins with it.
    NameBegins,
    /// Its names have all words.
    InNames,
    /// The words are somewhere in its texts.
    InTexts,
}

impl Query {
    /// Reads what somebody typed, in the light of the abbreviations in use.
    ///
    /// # Errors
    /// When it has no word, or too many.
    pub fn parse(text: &str, known: &Abbreviations) -> Result<Query, QueryError> {
        if text.len() > QUERY_BYTES_MAX {
            return Err(QueryError::TooLong);
        }
        let folded = fold(text);
        let mut words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
        // One letter (`อ.ควนเนียง`) narrows nothing down.
        words.retain(|word| word.chars().count() > 1);
        if words.is_empty() {
            return Err(QueryError::NoWord);
        }
        if words.len() > QUERY_WORDS_MAX {
            return Err(QueryError::TooLong);
        }
        Ok(Query {
            words: words
                .into_iter()
                .map(|word| Word::of(word, known))
                .collect(),
            whole: folded.chars().collect(),
        })
    }

    /// The words.
    pub fn words(&self) -> &[Word] {
        &self.words
    }

    /// How a document with these names matches by them alone; `None` when it does not.
    pub fn rank_by_names(&self, names: &str) -> Option<Rank> {
        let lines: Vec<Vec<char>> = names.lines().map(fold_chars).collect();
        if !self.matches(&lines) {
            return None;
        }
        let names = || lines.iter();
        if names().any(|name| *name == self.whole) {
            Some(Rank::Name)
        } else if names().any(|name| name.starts_with(&self.whole)) {
            Some(Rank::NameBegins)
        } else {
            Some(Rank::InNames)
        }
    }

    /// How a document with these texts matches; `None` when it does not.
    pub fn rank(&self, texts: &Texts) -> Option<Rank> {
        self.rank_by_names(&texts.names).or_else(|| {
            let lines = texts.names.lines().chain(texts.body.lines());
            let lines: Vec<Vec<char>> = lines.map(fold_chars).collect();
            self.matches(&lines).then_some(Rank::InTexts)
        })
    }

    fn matches(&self, lines: &[Vec<char>]) -> bool {
        self.words.iter().all(|word| word.is_in(lines))
    }
}

impl Word {
    fn of(word: &str, known: &Abbreviations) -> Word {
        let mut forms = vec![vec![Part::of(word)]];
        for (other, place) in known.other_forms(word) {
            let parts = [other, place].into_iter().filter(|part| !part.is_empty());
            forms.push(parts.map(Part::of).collect());
            // The form that was typed may have a space before the place.
            if !place.is_empty() {
                let typed = &word[..word.len() - place.len()];
                forms.push(vec![Part::of(typed), Part::of(place)]);
            }
        }
        Word { forms }
    }

    /// The forms: one of them suffices, with all its parts.
    pub fn forms(&self) -> &[Vec<Part>] {
        &self.forms
    }

    fn is_in(&self, lines: &[Vec<char>]) -> bool {
        let has = |part: &Part| lines.iter().any(|line| part.places(line).next().is_some());
        self.forms.iter().any(|form| form.iter().all(has))
    }

    /// Where one of the forms stands in a line, for showing it.
    pub(super) fn places<'a>(&'a self, line: &'a [char]) -> impl Iterator<Item = Range<usize>> {
        self.forms
            .iter()
            .flatten()
            .flat_map(|part| part.places(line))
    }
}

impl Part {
    fn of(text: &str) -> Part {
        Part(text.chars().collect())
    }

    /// Where it stands in folded letters.
    fn places<'a>(&'a self, line: &'a [char]) -> impl Iterator<Item = Range<usize>> {
        let letters = self.0.len().max(1);
        let found = line.windows(letters).enumerate();
        let found = found.filter(|(_, window)| *window == self.0);
        found.map(move |(at, _)| at..at + letters)
    }

    /// Grams that a text has which has this part: spread over it, when it is long.
    pub fn grams(&self) -> Vec<Gram> {
        let letters = &self.0;
        let last = letters.len().saturating_sub(LETTERS);
        let starts = (0..=last).filter(|at| *at == 0 || !is_mark(letters[*at]));
        let grams: Vec<Gram> = starts.map(|at| Gram::of(&letters[at..])).collect();
        let step = grams.len().div_ceil(QUERY_GRAMS_MAX).max(1);
        grams.into_iter().step_by(step).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::grams;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Query, QueryError> {
        let mut known = Abbreviations::default();
        for (short, full) in crate::search::FORMS {
            known.insert(short, full);
        }
        Query::parse(text, &known)
    }

    fn rank(query: &str, names: &str, body: &str) -> Option<Rank> {
        let texts = Texts {
            names: names.to_owned(),
            body: body.to_owned(),
        };
        parse(query).unwrap().rank(&texts)
    }

    #[test]
    fn a_word_is_found_inside_unspaced_text_and_in_any_spelling() {
        let name = "สำนักงานสาธารณสุขอำเภอควนเนียง";
        assert_eq!(rank("ควนเนียง", name, ""), Some(Rank::InNames));
        assert_eq!(rank("สํานักงาน", name, ""), Some(Rank::NameBegins));
        assert_eq!(rank(name, name, ""), Some(Rank::Name));
        assert_eq!(rank("ปี ๒๕๖๗", "แผน", "งบปี 2567"), Some(Rank::InTexts));
        assert_eq!(
            rank("ควนเนียง แผน", "แผน", "อำเภอควนเนียง"),
            Some(Rank::InTexts)
        );
        assert_eq!(rank("ควนเนียง ตาก", "แผน", "อำเภอควนเนียง"), None);
    }

    #[test]
    fn abbreviations_of_two_letters_are_found_and_are_what_they_stand_for() {
        let office = "สำนักงานคณะกรรมการสุขภาพแห่งชาติ";
        assert_eq!(rank("สช", office, "ร่วมกับ สช."), Some(Rank::InNames));
        assert_eq!(rank("สช.", "แผน", "ร่วมกับสช.และภาคี"), Some(Rank::InTexts));
        assert_eq!(rank(office, "สช.", ""), Some(Rank::InNames));
        assert_eq!(rank("รพ", "รพ.สต.บ้านควนโส", ""), Some(Rank::NameBegins));
        assert_eq!(
            rank("รพสต", "โรงพยาบาลส่งเสริมสุขภาพตำบลบ้านควนโส", ""),
            Some(Rank::InNames)
        );
    }

    #[test]
    fn an_office_with_its_place_is_found_in_every_form() {
        let forms = [
            "อบจ.ขอนแก่น",
            "อบจ. ขอนแก่น",
            "องค์การบริหารส่วนจังหวัดขอนแก่น",
            "องค์การบริหารส่วนจังหวัด ขอนแก่น",
            "อบจขอนแก่น",
        ];
        for query in forms {
            for name in forms {
                assert!(rank(query, name, "").is_some(), "{query} in {name}");
            }
            assert_eq!(rank(query, "อบจ.ตาก", ""), None, "{query}");
        }
    }

    #[test]
    fn what_narrows_nothing_down_is_no_query() {
        for text in ["", " . ", "ก", "ก ข"] {
            assert_eq!(parse(text), Err(QueryError::NoWord), "{text:?}");
        }
        let words = "แผน ".repeat(QUERY_WORDS_MAX + 1);
        assert_eq!(parse(&words), Err(QueryError::TooLong));
        assert_eq!(
            parse(&"ก".repeat(QUERY_BYTES_MAX)),
            Err(QueryError::TooLong)
        );
    }

    proptest! {
        #[test]
        fn whatever_matches_has_the_grams_of_the_query(
            text in "[กขคสตรพ ำา่้ิ.เ]{0,40}",
            from in 0_usize..20,
            length in 2_usize..8,
        ) {
            let letters: Vec<char> = text.chars().skip(from).take(length).collect();
            let Ok(query) = parse(&letters.iter().collect::<String>()) else {
                return Ok(());
            };
            let texts = Texts { names: text.clone(), body: String::new() };
            prop_assume!(query.rank(&texts).is_some());
            let held = grams(&text);
            let has = |gram: &Gram| match gram.is_whole() {
                true => held.contains(gram),
                false => held.iter().any(|other| {
                    gram.letters().eq(other.letters().take(gram.letters().count()))
                }),
            };
            for word in query.words() {
                let any = word.forms().iter().any(|form| {
                    form.iter().all(|part| part.grams().iter().all(has))
                });
                prop_assert!(any, "{word:?} of {held:?}");
            }
        }
    }
}
