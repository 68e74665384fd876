//! The three-letter pieces by which an index proposes documents.
//!
//! Every stretch of letters that begins with a base letter gives its first three, at the end of a
//! word fewer, so that a query of two letters is the beginning of a gram. Marks begin nothing:
//! no word does, and a quarter of the index is saved.

use crate::text::{fold_chars, is_mark};

/// Letters of a gram at most.
pub(super) const LETTERS: usize = 3;

/// Bits of a code point.
const LETTER_BITS: u32 = 21;

/// Up to three folded letters, the first in the highest bits; zero where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gram(u64);

impl Gram {
    /// The first letters, three at most.
    pub(super) fn of(letters: &[char]) -> Gram {
        let letters = letters.iter().take(LETTERS);
        let padded = letters.map(|letter| u64::from(u32::from(*letter)));
        let padded = padded.chain(std::iter::repeat(0)).take(LETTERS);
        Gram(padded.fold(0, |bits, letter| bits << LETTER_BITS | letter))
    }

    /// Its letters.
    pub fn letters(self) -> impl Iterator<Item = char> {
        let letter = move |place: u32| {
            let bits = self.0 >> (LETTER_BITS * place) & ((1 << LETTER_BITS) - 1);
            char::from_u32(u32::try_from(bits).unwrap_or(0)).filter(|letter| *letter != '\0')
        };
        [2, 1, 0].into_iter().filter_map(letter)
    }

    /// Whether it has as many as a gram can have; otherwise a query means all that begin with it.
    pub fn is_whole(self) -> bool {
        self.letters().count() == LETTERS
    }
}

/// The grams of a text, each once, ascending.
pub fn grams(text: &str) -> Vec<Gram> {
    let mut found: Vec<Gram> = Vec::with_capacity(text.len() / 3);
    for line in text.lines() {
        let folded = fold_chars(line);
        for word in folded.split(|c| *c == ' ') {
            let starts = (0..word.len()).filter(|at| !is_mark(word[*at]));
            found.extend(starts.map(|at| Gram::of(&word[at..])));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_but_marks_begins_a_gram_and_words_end_in_shorter_ones() {
        let shown = |text: &str| -> Vec<String> {
            grams(text)
                .iter()
                .map(|gram| gram.letters().collect())
                .collect()
        };
        assert_eq!(shown("กขค ที่"), ["กขค", "ขค", "ค", "ที่"]);
    }
}
