//! Thai text: sorting by the dictionary, and folding for search and comparison.
//!
//! Stored text is never changed by any of this.

use std::cmp::Ordering;

use icu_collator::options::CollatorOptions;
use icu_collator::{Collator as IcuCollator, CollatorBorrowed};
use icu_locale_core::locale;

/// Compares titles as a Thai dictionary orders them. Make one and keep it for a whole sort.
#[derive(Debug)]
pub struct Collator(Option<CollatorBorrowed<'static>>);

impl Collator {
    /// The collation data is part of the program.
    pub fn thai() -> Collator {
        let collator = IcuCollator::try_new(locale!("th").into(), CollatorOptions::default()).ok();
        Collator(collator)
    }

    /// Dictionary order; texts that are equal in it are ordered by their bytes.
    pub fn compare(&self, left: &str, right: &str) -> Ordering {
        let order = match &self.0 {
            Some(collator) => collator.compare(left, right),
            None => Ordering::Equal,
        };
        order.then_with(|| left.cmp(right))
    }
}

impl Default for Collator {
    fn default() -> Collator {
        Collator::thai()
    }
}

const SARA_AM: char = '\u{0e33}';
const NIKHAHIT: char = '\u{0e4d}';
const SARA_AA: char = '\u{0e32}';

/// The form in which texts are searched and compared: both spellings of sara am are one, the
/// zero-width space is gone, other spaces are single, a run of tone marks is its last mark, Thai
/// digits are ASCII, Latin letters are small.
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{200b}' | '\u{feff}' | '\u{00ad}' => {}
            c if c.is_whitespace() => {
                if !out.is_empty() && !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            SARA_AA => push_sara_aa(&mut out),
            c if is_tone(c) => {
                if out.chars().next_back().is_some_and(is_tone) {
                    out.pop();
                }
                out.push(c);
            }
            '๐'..='๙' => {
                let digit = u32::from(c) - u32::from('๐') + u32::from('0');
                out.push(char::from_u32(digit).unwrap_or(c));
            }
            c => out.push(c.to_ascii_lowercase()),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Nikhahit and sara aa, with at most a tone mark between or before them, are sara am. The tone
/// mark comes first, where the keyboard of today puts it.
fn push_sara_aa(out: &mut String) {
    let mut before = out.chars().rev();
    match (before.next(), before.next()) {
        (Some(NIKHAHIT), _) => {
            out.pop();
            out.push(SARA_AM);
        }
        (Some(tone), Some(NIKHAHIT)) if is_tone(tone) => {
            out.pop();
            out.pop();
            out.push(tone);
            out.push(SARA_AM);
        }
        _ => out.push(SARA_AA),
    }
}

/// Mai ek, mai tho, mai tri, mai chattawa.
fn is_tone(c: char) -> bool {
    ('\u{0e48}'..='\u{0e4b}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn provinces_sort_as_in_the_dictionary() {
        let collator = Collator::thai();
        let mut names = [
            "เลย",
            "ไทย",
            "แพร่",
            "กระบี่",
            "เพชรบุรี",
            "โพนทอง",
            "ร้อยเอ็ด",
            "เชียงใหม่",
            "ลพบุรี",
            "ชุมพร",
            "เพชรบูรณ์",
            "พังงา",
            "ตาก",
        ];
        names.sort_by(|a, b| collator.compare(a, b));
        assert_eq!(
            names,
            [
                "กระบี่",
                "ชุมพร",
                "เชียงใหม่",
                "ตาก",
                "ไทย",
                "พังงา",
                "เพชรบุรี",
                "เพชรบูรณ์",
                "แพร่",
                "โพนทอง",
                "ร้อยเอ็ด",
                "ลพบุรี",
                "เลย"
            ]
        );
    }

    #[test]
    fn both_spellings_of_sara_am_are_one() {
        assert_eq!(fold("กํ\u{0e32}หนด"), fold("ก\u{0e33}หนด"));
        assert_eq!(fold("อ\u{0e4d}\u{0e32}นาจ"), "อำนาจ");
        assert_eq!(
            fold("น\u{0e49}\u{0e4d}\u{0e32}"),
            fold("น\u{0e4d}\u{0e49}\u{0e32}")
        );
        assert_eq!(fold("น\u{0e4d}\u{0e49}\u{0e32}"), fold("น\u{0e49}\u{0e33}"));
    }

    #[test]
    fn invisible_and_repeated_spaces_do_not_matter() {
        assert_eq!(fold("โพยม  สุระ\u{00a0}สัจจะ "), "โพยม สุระ สัจจะ");
        assert_eq!(fold("สุข\u{200b}ภาพ"), "สุขภาพ");
    }

    #[test]
    fn runs_of_tone_marks_collapse_and_orphans_do_no_harm() {
        assert_eq!(fold("พึ่\u{0e48}ง"), fold("พึ่ง"));
        assert_eq!(fold("ไดึ้่พึ่ง"), fold("ไดึ่พึ่ง"));
        assert_eq!(fold("ผู้เี่กี่ยวข้อง"), "ผู้เี่กี่ยวข้อง");
        assert_eq!(fold("ใ้ห้"), "ใ้ห้");
    }

    #[test]
    fn thai_digits_and_latin_capitals_are_folded() {
        assert_eq!(fold("ปี ๒๕๖๗ NHSO"), "ปี 2567 nhso");
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "[ก-๛a-zA-Z \u{200b}\u{00a0}]{0,30}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once.clone());
        }
    }
}
