//! Texts of documents on a terminal: what they say is shown, what they would do is not done.
//!
//! Whoever may write a document could otherwise move the cursor of whoever reads it, or turn the
//! direction of its letters, and so show lines that nobody wrote.

use std::borrow::Cow;

/// The text without control characters and without those that turn the direction of letters;
/// line breaks and tabs stay.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    let acts = |char: char| is_acting(char) && !matches!(char, '\n' | '\t');
    if text.contains(acts) {
        let shown = |char| if acts(char) { picture(char) } else { char };
        Cow::Owned(text.chars().map(shown).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// The same in one line: a line break becomes a return sign.
pub(crate) fn line(text: &str) -> String {
    let text = text.replace("\r\n", " ⏎ ").replace(['\n', '\r'], " ⏎ ");
    let shown = |char| if is_acting(char) { picture(char) } else { char };
    text.chars().map(shown).collect()
}

/// Control characters, and the marks of Unicode's bidirectional algorithm (UAX #9, section 2).
fn is_acting(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}' | '\u{2029}'
        )
        || matches!(char, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// The picture of an ASCII control character, and the sign for what cannot be shown.
fn picture(char: char) -> char {
    match u32::from(char) {
        code @ 0..0x20 => char::from_u32(0x2400 + code).unwrap_or('\u{FFFD}'),
        _ => '\u{FFFD}',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_text_would_do_to_a_terminal_is_shown_instead() {
        assert_eq!(line("a\u{1b}[2Jb\0"), "a␛[2Jb␀");
        assert_eq!(line("แผน\nปลอม\r\nสอง"), "แผน ⏎ ปลอม ⏎ สอง");
        assert_eq!(line("\u{202E}txt\u{9b}1m"), "\u{FFFD}txt\u{FFFD}1m");
    }

    #[test]
    fn lines_keep_their_breaks_and_thai_its_marks() {
        assert_eq!(lines("ข้อ ๑\n\tน้ำ"), "ข้อ ๑\n\tน้ำ");
        assert_eq!(lines("a\u{7}\nb"), "a␇\nb");
    }
}
