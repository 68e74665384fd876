//! People in free text: numbers of citizens, telephone numbers, names after a title.
//!
//! What is found is never repeated in a finding: findings are shown, logged and sent on.

use serde_json::Value;

use super::digits::arabic;
use super::finding::{Finding, Rule, warning};
use super::form;
use super::identifier::has_check_digit;
use crate::path::{Path, Segment};
use crate::schema::FieldType;
use crate::subject::Subject;

pub(super) const RULES: &[Rule] = &[CITIZEN_ID, TELEPHONE, NAME_OF_PERSON];

const CITIZEN_ID: Rule = warning(
    "citizen_id",
    "ข้อความมีเลขประจำตัวประชาชน ให้ลบออก",
    "The text holds the number of a citizen: remove it",
);
const TELEPHONE: Rule = warning(
    "telephone",
    "ข้อความมีหมายเลขโทรศัพท์ ให้ใช้ช่องโทรศัพท์ของหน่วยงาน",
    "The text holds a telephone number: use the field of the office",
);
const NAME_OF_PERSON: Rule = warning(
    "name_of_person",
    "ข้อความดูเหมือนมีชื่อบุคคล ให้ใช้ชื่อตำแหน่งแทน",
    "The text seems to hold a person's name: write the position instead",
);

/// Fields that hold numbers of offices and codes of organisations rightly.
const NUMBERS_BELONG_HERE: [&str; 5] = ["phone", "email", "identifiers", "sources", "number"];

/// Titles that are words: a given name and a surname follow. Longer ones first.
const WORDS: [&str; 8] = [
    "นายแพทย์",
    "แพทย์หญิง",
    "นางสาว",
    "เด็กชาย",
    "เด็กหญิง",
    "นาย",
    "นาง",
    "คุณ",
];

/// Titles that are abbreviations: a given name follows.
const ABBREVIATIONS: [&str; 12] = [
    "น.ส.", "ด.ช.", "ด.ญ.", "นพ.", "พญ.", "ทพ.", "ทญ.", "ภก.", "ภญ.", "ดร.", "ผศ.", "รศ.",
];

/// What follows a title when it is part of the name of a position: นายก…, นายอำเภอ.
const POSITIONS: [&str; 24] = [
    "ก ",
    "กสมาคม",
    "กองค์การ",
    "กเทศ",
    "กรัฐ",
    "กเมือง",
    "กสภา",
    "กอบ",
    "กเหล่า",
    "กสโมสร",
    "อำเภอ",
    "ทะเบียน",
    "ช่าง",
    "จ้าง",
    "หน้า",
    "ทหาร",
    "ตำรวจ",
    "พยาบาล",
    "ผดุง",
    "งาม",
    "สาธารณสุข",
    "ผู้",
    "เชี่ยวชาญ",
    "ชำนาญ",
];

/// Words after which a title may follow without a space.
const LEADING: [&str; 8] = ["โดย", "คือ", "ได้แก่", "และ", "กับ", "ของ", "ให้", "ต่อ"];

pub(super) fn check(subject: &Subject, findings: &mut Vec<Finding>) {
    for (key, value) in subject.leaves() {
        let (Some(text), Ok(path)) = (value.as_str(), Path::parse(key)) else {
            continue;
        };
        if !is_free_text(subject, &path, value) {
            continue;
        }
        for (rule, found) in [
            (CITIZEN_ID, has_citizen_id(text)),
            (TELEPHONE, has_telephone(text)),
            (NAME_OF_PERSON, has_name(text)),
        ] {
            if found {
                findings.push(rule.at(key));
            }
        }
    }
}

fn is_free_text(subject: &Subject, path: &Path, value: &Value) -> bool {
    let top = path.segments().into_iter().next();
    if matches!(top, Some(Segment::Key(key)) if NUMBERS_BELONG_HERE.contains(&key.as_str())) {
        return false;
    }
    matches!(
        form::type_of(subject.kind(), path, value),
        None | Some(FieldType::ShortText | FieldType::LongText | FieldType::Any)
    )
}

/// Runs of digits as people write long numbers: hyphens or single spaces may stand in between.
fn numbers(text: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut separated = false;
    for c in arabic(text).chars() {
        let digit = Some(c).filter(char::is_ascii_digit);
        let open = found.last_mut().filter(|run| !run.is_empty());
        match (digit, open) {
            (Some(digit), Some(run)) => {
                run.push(digit);
                separated = false;
            }
            (Some(digit), None) => found.extend([digit.to_string()]),
            (None, Some(_)) if matches!(c, '-' | ' ') && !separated => separated = true,
            (None, Some(_)) => {
                found.push(String::new());
                separated = false;
            }
            (None, None) => {}
        }
    }
    found.retain(|run| !run.is_empty());
    found
}

fn has_citizen_id(text: &str) -> bool {
    numbers(text).iter().any(|number| has_check_digit(number))
}

/// Whether there is a number as long as that of a citizen, even with a digit mistyped.
pub(crate) fn has_thirteen_digits(text: &str) -> bool {
    numbers(text).iter().any(|number| number.len() == 13)
}

/// Ten digits of a mobile, nine of a fixed line, both also with the country's code.
fn has_telephone(text: &str) -> bool {
    numbers(text).iter().any(|number| {
        let rest = match number.strip_prefix("66") {
            Some(rest) if matches!(rest.len(), 8 | 9) => rest,
            _ => number.strip_prefix('0').unwrap_or_default(),
        };
        match rest.len() {
            9 => rest.starts_with(['6', '8', '9']),
            8 => rest.starts_with(['2', '3', '4', '5', '7']),
            _ => false,
        }
    })
}

fn has_name(text: &str) -> bool {
    let starts = text.char_indices().map(|(at, _)| at);
    starts.into_iter().any(|at| {
        let (before, rest) = text.split_at(at);
        may_begin_after(before) && begins_with_name(rest)
    })
}

fn may_begin_after(before: &str) -> bool {
    let Some(last) = before.chars().next_back() else {
        return true;
    };
    !(is_thai_letter(last) || last == '.') || LEADING.iter().any(|word| before.ends_with(word))
}

fn begins_with_name(text: &str) -> bool {
    if let Some(rest) = WORDS.iter().find_map(|title| text.strip_prefix(title)) {
        let rest = rest.trim_start();
        if POSITIONS.iter().any(|position| rest.starts_with(position)) {
            return false;
        }
        let (given, after) = split_word(rest);
        let surname = after.trim_start_matches(is_space);
        let apart = surname.len() < after.len();
        return is_name(given) && apart && is_name(split_word(surname).0);
    }
    let Some(rest) = ABBREVIATIONS
        .iter()
        .find_map(|title| text.strip_prefix(title))
    else {
        return false;
    };
    let (given, after) = split_word(rest.trim_start());
    // An abbreviation after an abbreviation is the name of an office.
    is_name(given) && !after.starts_with('.') && !given.starts_with("สาธารณสุข")
}

fn split_word(text: &str) -> (&str, &str) {
    let end = text.find(|c| !is_thai_letter(c)).unwrap_or(text.len());
    text.split_at(end)
}

fn is_name(word: &str) -> bool {
    word.chars().count() >= 3
}

fn is_space(c: char) -> bool {
    c.is_whitespace()
}

/// Consonants, vowels and marks; not digits, and not the signs for abbreviation and repetition.
fn is_thai_letter(c: char) -> bool {
    ('ก'..='\u{0e4e}').contains(&c) && !matches!(c, 'ฯ' | 'ๆ' | '฿')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_citizens_are_found_however_they_are_written() {
        for text in [
            "เลข 1101700203450 แจ้งแล้ว",
            "1-1017-00203-45-0",
            "๑๑๐๑๗๐๐๒๐๓๔๕๐",
            "1 1017 00203 45 0.",
        ] {
            assert!(has_citizen_id(text), "{text}");
        }
        for text in [
            "1101700203451",
            "110170020345",
            "11017002034500",
            "1,101,700,203,450",
        ] {
            assert!(!has_citizen_id(text), "{text}");
        }
    }

    #[test]
    fn telephone_numbers_are_told_from_other_numbers() {
        for text in [
            "โทร 081-234-5678",
            "0812345678",
            "+66 81 234 5678",
            "02-123-4567",
            "๐๗๔ ๑๒๓ ๔๕๖",
        ] {
            assert!(has_telephone(text), "{text}");
        }
        for text in [
            "1,600,000 บาท",
            "66-3357-04-001",
            "2566",
            "22-24 พฤศจิกายน 2566",
            "0012345678",
        ] {
            assert!(!has_telephone(text), "{text}");
        }
    }

    #[test]
    fn a_name_follows_a_title() {
        for text in [
            "นายสมมุติ ตัวอย่าง",
            "ผู้ประสาน: นางสาว สมมุติ  ตัวอย่าง (โทรศัพท์)",
            "บรรยายโดยนายสมมุติ ตัวอย่าง",
            "นายกิตติ ตัวอย่าง",
            "ดร.สมมุติ",
            "นพ. สมมุติ ตัวอย่าง",
            "นายแพทย์สมมุติ ตัวอย่าง",
        ] {
            assert!(has_name(text), "{text}");
        }
    }

    #[test]
    fn positions_are_no_names() {
        for text in [
            "นายก อบจ. เป็นประธาน",
            "นายกสมาคม อบจ. แห่งประเทศไทย",
            "นายอำเภอควนเนียง ประธาน",
            "นายแพทย์สาธารณสุขจังหวัดอุดรธานี ผู้กล่าวเปิด",
            "นพ.สสจ. ขอนแก่น",
            "ทนายความ สงขลา",
            "ตำบลบางนาง ตำบลใกล้เคียง",
            "พ.ศ. 2542",
            "คุณภาพชีวิต",
            "เลขานุการ",
        ] {
            assert!(!has_name(text), "{text}");
        }
    }
}
