//! Texts of others inside a sentence: in quotes, Thai as it is, without control characters, and
//! cut when they are long.

use std::fmt::{self, Write};

/// Letters that are shown; enough to recognise what one wrote.
const LETTERS_MAX: usize = 80;

/// A text to be shown in quotes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quoted<'a>(&'a str);

/// `text` in quotes. (`{:?}` would write most Thai vowels as `\u{e38}`.)
pub(crate) fn quoted(text: &str) -> Quoted<'_> {
    Quoted(text)
}

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for letter in self.0.chars().take(LETTERS_MAX) {
            match letter {
                letter if letter.is_control() => write!(f, "{}", letter.escape_default())?,
                letter => f.write_char(letter)?,
            }
        }
        if self.0.chars().nth(LETTERS_MAX).is_some() {
            f.write_char('…')?;
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thai_stays_readable_and_terminals_are_safe() {
        assert_eq!(quoted("แผนสุขภาพ").to_string(), "\"แผนสุขภาพ\"");
        assert_eq!(quoted("a\u{1b}[2Jb\n").to_string(), "\"a\\u{1b}[2Jb\\n\"");
        assert_eq!(quoted(&"x".repeat(81)).to_string().chars().count(), 83);
    }
}
