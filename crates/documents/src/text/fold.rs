//! The form in which texts are searched and compared, and where each part of it comes from.
//!
//! Keyboards, fonts and copying leave the same Thai word in many encodings that look alike. What a
//! reader sees as equal is equal here:
//!
//! - A consonant has at most one vowel mark, then one tone mark, then nikhahit or sara am; the last
//!   that was typed counts, in whatever order. Nikhahit with sara aa is sara am.
//! - A mark without a consonant (after `เ`, a space, another script) is gone; two `เ` are `แ`.
//! - Invisible characters are gone; spaces, control characters and punctuation are one space, and
//!   none before `ๆ`; `ฯลฯ` and `ฯ` are a space.
//! - Full stops inside an abbreviation are gone: `รพ.สต.` is `รพสต`, and `พ.ร.บ.` is `พรบ`.
//! - Thai digits are ASCII; Latin letters are small.

use std::ops::Range;

const NIKHAHIT: char = '\u{0e4d}';
const SARA_AA: char = '\u{0e32}';
const SARA_AM: char = '\u{0e33}';
const SARA_E: char = 'เ';
const SARA_AE: char = 'แ';
const PAIYANNOI: char = 'ฯ';
const MAI_YAMOK: char = 'ๆ';

/// Consonants of one part of an abbreviation behind a full stop: `พ.ร.บ.`, `รพ.สต.`, `ม.อ.`; more
/// are a name, as in `จ.สกลนคร`.
const ABBREVIATED_MAX: usize = 3;

/// The folded form of a text.
pub fn fold(text: &str) -> String {
    fold_chars(text).into_iter().collect()
}

/// As [`fold`], character by character.
pub(crate) fn fold_chars(text: &str) -> Vec<char> {
    Folding::run(text, Signs::Spaces, Spans::Forgotten).chars
}

/// As [`fold`], but with all signs: for reading numbers, in which they say something.
pub fn fold_number(text: &str) -> String {
    let folded = Folding::run(text, Signs::Kept, Spans::Forgotten);
    folded.chars.into_iter().collect()
}

/// A folded text that knows from where in the original each of its characters comes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Folded {
    chars: Vec<char>,
    /// Bytes of the original, for each character: a consonant and its marks share theirs.
    spans: Vec<Range<usize>>,
}

impl Folded {
    /// Folds a text.
    pub fn of(text: &str) -> Folded {
        Folding::run(text, Signs::Spaces, Spans::Kept)
    }

    /// The folded characters.
    pub fn chars(&self) -> &[char] {
        &self.chars
    }

    /// The bytes of the original from which folded characters come. Never a part of a consonant
    /// with its marks.
    pub fn source(&self, chars: Range<usize>) -> Range<usize> {
        match self.spans.get(chars) {
            Some([first, .., last]) => first.start..last.end,
            Some([one]) => one.clone(),
            _ => 0..0,
        }
    }
}

/// What becomes of punctuation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signs {
    Spaces,
    Kept,
}

/// Whether anybody will ask where characters come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spans {
    Kept,
    Forgotten,
}

/// Folding under way.
struct Folding {
    out: Folded,
    rest: Vec<(usize, char)>,
    at: usize,
    signs: Signs,
    spans: Spans,
}

impl Folding {
    fn run(text: &str, signs: Signs, spans: Spans) -> Folded {
        let visible = text.char_indices().filter(|(_, c)| !is_invisible(*c));
        let mut rest = Vec::with_capacity(text.len() / 2);
        rest.extend(visible);
        let mut folding = Folding {
            out: Folded {
                chars: Vec::with_capacity(rest.len()),
                spans: Vec::new(),
            },
            rest,
            at: 0,
            signs,
            spans,
        };
        while let Some((from, c)) = folding.peek(0) {
            folding.at += 1;
            folding.take(from, c);
        }
        let mut out = folding.out;
        if out.chars.last() == Some(&' ') {
            out.chars.pop();
            out.spans.pop();
        }
        out
    }

    fn peek(&self, ahead: usize) -> Option<(usize, char)> {
        self.rest.get(self.at + ahead).copied()
    }

    fn take(&mut self, from: usize, c: char) {
        let span = from..from + c.len_utf8();
        match c {
            _ if is_consonant(c) => self.cluster(c, span),
            SARA_AM => self.push(SARA_AA, span),
            _ if is_mark(c) => {}
            SARA_E if self.out.chars.last() == Some(&SARA_E) => {
                let first = self.pop().map_or(span.start, |first| first.start);
                self.push(SARA_AE, first..span.end);
            }
            MAI_YAMOK => {
                if self.out.chars.last() == Some(&' ') {
                    self.pop();
                }
                self.push(c, span);
            }
            '๐'..='๙' => {
                let digit = u32::from(c) - u32::from('๐') + u32::from('0');
                self.push(char::from_u32(digit).unwrap_or(c), span);
            }
            _ if c.is_whitespace() || c.is_control() => self.push_space(span),
            _ if self.signs == Signs::Spaces && is_sign(c) => self.sign(c, span),
            _ => self.push(c.to_ascii_lowercase(), span),
        }
    }

    /// A consonant with all marks that follow it.
    fn cluster(&mut self, consonant: char, mut span: Range<usize>) {
        let (mut vowel, mut tone) = (None, None);
        let (mut nikhahit, mut sara_am) = (false, false);
        while let Some((from, c)) = self.peek(0) {
            match c {
                SARA_AM => sara_am = true,
                SARA_AA if nikhahit && !sara_am => sara_am = true,
                NIKHAHIT => nikhahit = true,
                _ if is_vowel_mark(c) => vowel = Some(c),
                _ if is_tone(c) => tone = Some(c),
                _ => break,
            }
            span.end = from + c.len_utf8();
            self.at += 1;
        }
        let last = match (sara_am, nikhahit) {
            (true, _) => Some(SARA_AM),
            (false, true) => Some(NIKHAHIT),
            (false, false) => None,
        };
        let marks = [vowel, tone, last].into_iter().flatten();
        for c in std::iter::once(consonant).chain(marks) {
            self.push(c, span.clone());
        }
    }

    fn sign(&mut self, c: char, span: Range<usize>) {
        if c == '.' && self.is_inside_abbreviation() {
            return;
        }
        let and_so_on = [0, 1].map(|ahead| self.peek(ahead).map(|(_, c)| c));
        if c == PAIYANNOI && and_so_on == [Some('ล'), Some(PAIYANNOI)] {
            self.at += 2;
        }
        self.push_space(span);
    }

    /// Whether the full stop before the next character stands between parts of an abbreviation.
    fn is_inside_abbreviation(&self) -> bool {
        let follow = |ahead: usize| self.peek(ahead).map(|(_, c)| c);
        let letters = (0..=ABBREVIATED_MAX)
            .take_while(|ahead| follow(*ahead).is_some_and(is_consonant))
            .count();
        (1..=ABBREVIATED_MAX).contains(&letters)
            && self
                .out
                .chars
                .last()
                .is_some_and(|last| is_consonant(*last))
            && !follow(letters).is_some_and(is_thai_letter)
    }

    fn push(&mut self, c: char, span: Range<usize>) {
        self.out.chars.push(c);
        if self.spans == Spans::Kept {
            self.out.spans.push(span);
        }
    }

    fn pop(&mut self) -> Option<Range<usize>> {
        self.out.chars.pop();
        self.out.spans.pop()
    }

    fn push_space(&mut self, span: Range<usize>) {
        if !matches!(self.out.chars.last(), None | Some(' ')) {
            self.push(' ', span);
        }
    }
}

/// ก to ฮ, with ฤ and ฦ.
fn is_consonant(c: char) -> bool {
    ('\u{0e01}'..='\u{0e2e}').contains(&c)
}

/// What stands above or below a consonant and is pronounced as a vowel, with phinthu and
/// maitaikhu.
fn is_vowel_mark(c: char) -> bool {
    matches!(c, '\u{0e31}' | '\u{0e34}'..='\u{0e3a}' | '\u{0e47}')
}

/// Mai ek, mai tho, mai tri, mai chattawa, thanthakhat, yamakkan.
fn is_tone(c: char) -> bool {
    matches!(c, '\u{0e48}'..='\u{0e4c}' | '\u{0e4e}')
}

/// What stands above or below a consonant; sara am, which also does, is a letter here.
pub(crate) fn is_mark(c: char) -> bool {
    is_vowel_mark(c) || is_tone(c) || c == NIKHAHIT
}

fn is_thai_letter(c: char) -> bool {
    matches!(c, '\u{0e01}'..='\u{0e2e}' | '\u{0e30}'..='\u{0e3a}' | '\u{0e40}'..='\u{0e4e}')
}

fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{00ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
    )
}

/// Punctuation and symbols of the scripts that are in use here.
fn is_sign(c: char) -> bool {
    match c {
        PAIYANNOI | '฿' | '๏' | '๚' | '๛' | '×' | '÷' => true,
        '\u{00aa}' | '\u{00ba}' => false,
        '\u{00a1}'..='\u{00bf}' | '\u{2010}'..='\u{205e}' | '\u{3000}'..='\u{303f}' => true,
        _ => c.is_ascii_punctuation(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use unicode_segmentation::UnicodeSegmentation;

    #[test]
    fn both_spellings_of_sara_am_are_one_with_the_tone_wherever_it_was_typed() {
        assert_eq!(fold("กํ\u{0e32}หนด"), "กำหนด");
        assert_eq!(fold("อ\u{0e4d}\u{0e32}นาจ"), "อำนาจ");
        for typed in [
            "น\u{0e49}\u{0e33}",
            "น\u{0e33}\u{0e49}",
            "น\u{0e49}\u{0e4d}\u{0e32}",
            "น\u{0e4d}\u{0e49}\u{0e32}",
            "น\u{0e4d}\u{0e32}\u{0e49}",
        ] {
            assert_eq!(fold(typed), "น\u{0e49}\u{0e33}", "{typed:?}");
        }
        assert_eq!(fold("เํา"), fold("เำ"));
    }

    #[test]
    fn marks_that_no_reader_sees_or_that_stand_nowhere_do_not_matter() {
        assert_eq!(fold("ผู้เี่กี่ยวข้อง"), "ผู้เกี่ยวข้อง");
        assert_eq!(fold("ใ้ห้"), "ให้");
        assert_eq!(fold("พึ่\u{0e48}ง"), "พึ่ง");
        assert_eq!(fold("ไดึ้่พึ่ง"), "ไดึ่พึ่ง");
        assert_eq!(fold("ก\u{0e48}\u{0e35}"), fold("ก\u{0e35}\u{0e48}"));
        assert_eq!(fold("เเพทย์"), "แพทย์");
    }

    #[test]
    fn invisible_characters_and_kinds_of_spaces_do_not_matter() {
        assert_eq!(fold("โพยม  สุระ\u{00a0}สัจจะ "), "โพยม สุระ สัจจะ");
        assert_eq!(fold("สุข\u{200b}ภาพ"), "สุขภาพ");
        assert_eq!(fold("เด็ก ๆ"), fold("เด็กๆ"));
        assert_eq!(fold("หนึ่ง\nสอง\tสาม"), "หนึ่ง สอง สาม");
    }

    #[test]
    fn punctuation_is_a_space_and_an_abbreviation_is_one_word() {
        assert_eq!(fold("รพ.สต.บ้านควนโส"), "รพสต บ้านควนโส");
        assert_eq!(fold("รพ.สต"), "รพสต");
        assert_eq!(fold("พ.ร.บ.กำหนดแผนฯ พ.ศ. ๒๕๔๒"), "พรบ กำหนดแผน พศ 2542");
        assert_eq!(fold("อบจ.ขอนแก่น"), fold("อบจ. ขอนแก่น"));
        assert_eq!(fold("จ.ตรัง จ.สกลนคร"), "จ ตรัง จ สกลนคร");
        assert_eq!(fold("อ.ควนเนียง ฯลฯ (ต่อ)"), "อ ควนเนียง ต่อ");
        assert_eq!(fold("สธ./สปสช.เขต 12"), "สธ สปสช เขต 12");
        assert_eq!(fold("ยุทธศาสตร์ 3.การ"), "ยุทธศาสตร์ 3 การ");
    }

    #[test]
    fn thai_digits_and_latin_capitals_are_folded_and_numbers_keep_their_signs() {
        assert_eq!(fold("ปี ๒๕๖๗ NHSO"), "ปี 2567 nhso");
        assert_eq!(fold_number(" -๑,๖๐๐.๕๐  บาท "), "-1,600.50 บาท");
    }

    /// Mostly Thai, with all that goes wrong in it.
    fn texts() -> impl Strategy<Value = String> {
        "([ก-๛]|[กขลสต][ิี่้ํำา์]{0,4}|[.ฯเ]|[a-zA-Z0-9 ,./()\u{200b}\u{00a0}]){0,30}"
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in texts()) {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once.clone());
        }

        #[test]
        fn every_mark_has_a_consonant_and_no_cluster_has_two_of_a_kind(text in texts()) {
            let folded: Vec<char> = fold(&text).chars().collect();
            for (at, mark) in folded.iter().enumerate().filter(|(_, c)| is_mark(**c)) {
                let before = folded[..at].iter().rev().take_while(|c| is_mark(**c));
                let marks: Vec<char> = before.copied().collect();
                let base = folded[..at - marks.len()].last();
                prop_assert!(base.is_some_and(|base| is_consonant(*base)));
                prop_assert!(!marks.iter().any(|other| is_tone(*other) == is_tone(*mark)
                    && is_vowel_mark(*other) == is_vowel_mark(*mark)));
            }
        }

        #[test]
        fn what_a_folded_part_comes_from_begins_and_ends_between_clusters(
            text in texts(),
            from in 0_usize..30,
            length in 1_usize..8,
        ) {
            let folded = Folded::of(&text);
            let to = (from + length).min(folded.chars().len());
            prop_assume!(from < to);
            let source = folded.source(from..to);
            let part = &text[source.clone()];
            prop_assert!(part.chars().next().is_some_and(|first| !is_mark(first)));
            let rest = text[source.end..].chars().find(|c| !is_invisible(*c));
            let last_is_consonant = folded.chars()[..to].last().is_some_and(|c| is_consonant(*c)
                || is_mark(*c));
            prop_assert!(!(last_is_consonant && rest.is_some_and(is_mark)));
            prop_assert!(part.graphemes(true).count() > 0);
        }

        #[test]
        fn any_text_at_all_is_folded(text in "\\PC{0,40}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once.clone());
        }
    }
}
