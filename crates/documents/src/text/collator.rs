//! Sorting as a Thai dictionary does, by the rules of Unicode.

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
