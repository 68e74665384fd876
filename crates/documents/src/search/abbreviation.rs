//! Abbreviations of the health and local administration of Thailand with what they stand for.
//!
//! In either form people write the same office, so a search for one finds the other.

use crate::text::{fold, is_mark};

/// Abbreviations with what they stand for, folded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Abbreviations(Vec<(String, String)>);

impl Abbreviations {
    /// Takes one more, in any spelling, unless it is there; whether both are words, which a search
    /// could find: `รพ.สต.` is one, two words are none.
    pub fn insert(&mut self, short: &str, full: &str) -> bool {
        let form = (fold(short).trim().to_owned(), fold(full).trim().to_owned());
        let is_word = |text: &str| !text.is_empty() && !text.contains(' ');
        let words = is_word(&form.0) && is_word(&form.1);
        if words && !self.0.contains(&form) {
            self.0.push(form);
        }
        words
    }

    /// The other form of the office at the beginning of a folded word, with what follows it.
    pub(crate) fn other_forms<'a>(
        &'a self,
        word: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().flat_map(move |(short, full)| {
            let (short, full) = (short.as_str(), full.as_str());
            let of_short = word.strip_prefix(short).filter(|place| {
                place.is_empty() || short.chars().count() >= FOLLOWED_MIN && begins_word(place)
            });
            let of_full = word.strip_prefix(full).filter(|place| begins_word(place));
            [
                of_short.map(|place| (full, place)),
                of_full.map(|place| (short, place)),
            ]
            .into_iter()
            .flatten()
        })
    }
}

/// Those that the program knows by itself, folded: abbreviation, full form.
pub(crate) const FORMS: [(&str, &str); 38] = [
    ("กขป", "คณะกรรมการเขตสุขภาพเพื่อประชาชน"),
    ("กทม", "กรุงเทพมหานคร"),
    ("กปท", "กองทุนหลักประกันสุขภาพระดับท้องถิ่น"),
    ("กศน", "การศึกษานอกระบบและการศึกษาตามอัธยาศัย"),
    ("กสพ", "คณะกรรมการสุขภาพระดับพื้นที่"),
    ("ทต", "เทศบาลตำบล"),
    ("ทน", "เทศบาลนคร"),
    ("ทม", "เทศบาลเมือง"),
    ("พชข", "คณะกรรมการพัฒนาคุณภาพชีวิตระดับเขต"),
    ("พชอ", "คณะกรรมการพัฒนาคุณภาพชีวิตระดับอำเภอ"),
    ("พมจ", "สำนักงานพัฒนาสังคมและความมั่นคงของมนุษย์จังหวัด"),
    ("พรบ", "พระราชบัญญัติ"),
    ("มข", "มหาวิทยาลัยขอนแก่น"),
    ("มรภ", "มหาวิทยาลัยราชภัฏ"),
    ("มอ", "มหาวิทยาลัยสงขลานครินทร์"),
    ("รพ", "โรงพยาบาล"),
    ("รพช", "โรงพยาบาลชุมชน"),
    ("รพท", "โรงพยาบาลทั่วไป"),
    ("รพศ", "โรงพยาบาลศูนย์"),
    ("รพสต", "โรงพยาบาลส่งเสริมสุขภาพตำบล"),
    ("รร", "โรงเรียน"),
    ("ศพด", "ศูนย์พัฒนาเด็กเล็ก"),
    ("สช", "สำนักงานคณะกรรมการสุขภาพแห่งชาติ"),
    ("สตง", "สำนักงานการตรวจเงินแผ่นดิน"),
    ("สธ", "กระทรวงสาธารณสุข"),
    ("สปสช", "สำนักงานหลักประกันสุขภาพแห่งชาติ"),
    ("สพฉ", "สถาบันการแพทย์ฉุกเฉินแห่งชาติ"),
    ("สรพ", "สถาบันรับรองคุณภาพสถานพยาบาล"),
    ("สวรส", "สถาบันวิจัยระบบสาธารณสุข"),
    ("สสจ", "สำนักงานสาธารณสุขจังหวัด"),
    ("สสส", "สำนักงานกองทุนสนับสนุนการสร้างเสริมสุขภาพ"),
    ("สสอ", "สำนักงานสาธารณสุขอำเภอ"),
    ("อบจ", "องค์การบริหารส่วนจังหวัด"),
    ("อบต", "องค์การบริหารส่วนตำบล"),
    ("อปท", "องค์กรปกครองส่วนท้องถิ่น"),
    ("อปพร", "อาสาสมัครป้องกันภัยฝ่ายพลเรือน"),
    ("อพม", "อาสาสมัครพัฒนาสังคมและความมั่นคงของมนุษย์"),
    ("อสม", "อาสาสมัครสาธารณสุขประจำหมู่บ้าน"),
];

/// Letters of an abbreviation from which on a place may follow it without a space (`อบจขอนแก่น`):
/// many words begin with two such letters.
const FOLLOWED_MIN: usize = 3;

/// Whether the end of a word could be one by itself: it does not begin inside a syllable.
fn begins_word(text: &str) -> bool {
    let inside = |c: char| is_mark(c) || matches!(c, 'ะ' | 'า' | 'ำ' | 'ๅ');
    !text.starts_with(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other(word: &str) -> Vec<(String, String)> {
        let mut known = Abbreviations::default();
        for (short, full) in FORMS {
            assert!(known.insert(short, full));
        }
        let forms = known.other_forms(word);
        forms
            .map(|(form, place)| (form.to_owned(), place.to_owned()))
            .collect()
    }

    fn pair(form: &str, place: &str) -> [(String, String); 1] {
        [(form.to_owned(), place.to_owned())]
    }

    #[test]
    fn every_form_is_folded_sorted_and_named_once() {
        for (short, full) in FORMS {
            assert_eq!(
                (fold(short), fold(full)),
                (short.to_owned(), full.to_owned())
            );
        }
        assert!(FORMS.is_sorted_by(|one, other| one.0 < other.0));
        let mut full: Vec<_> = FORMS.iter().map(|form| form.1).collect();
        full.sort_unstable();
        full.dedup();
        assert_eq!(full.len(), FORMS.len());
    }

    #[test]
    fn an_office_is_known_in_both_forms_with_its_place() {
        assert_eq!(other("อบจ"), pair("องค์การบริหารส่วนจังหวัด", ""));
        assert_eq!(other("องค์การบริหารส่วนจังหวัดขอนแก่น"), pair("อบจ", "ขอนแก่น"));
        assert_eq!(other("อบจขอนแก่น"), pair("องค์การบริหารส่วนจังหวัด", "ขอนแก่น"));
        assert_eq!(other("รพ"), pair("โรงพยาบาล", ""));
        assert_eq!(other("ทมิฬ"), []);
        assert_eq!(other("อสมาน"), []);
    }
}
