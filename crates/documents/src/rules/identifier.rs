//! Codes by which others know an organisation, project or indicator, each of a system of its own.

use super::finding::{Finding, Rule, error, warning};
use crate::subject::{Subject, name};

pub(super) const RULES: &[Rule] = &[MALFORMED_IDENTIFIER, UNKNOWN_SYSTEM];

const MALFORMED_IDENTIFIER: Rule = error(
    "malformed_identifier",
    "รหัสไม่เป็นไปตามรูปแบบของระบบนี้ ให้ตรวจกับต้นฉบับ",
    "The code has not the form of its system: compare it with the original",
);
const UNKNOWN_SYSTEM: Rule = warning(
    "unknown_system",
    "ไม่รู้จักระบบรหัสนี้ จึงไม่ได้ตรวจรูปแบบ",
    "This coding system is not known, so the form of the code was not checked",
);

/// One coding system.
#[derive(Debug, Clone, Copy)]
pub struct System {
    /// The key under `identifiers`.
    pub name: &'static str,
    pub th: &'static str,
    pub en: &'static str,
    /// What its codes look like, for the documentation.
    pub form: &'static str,
    is_code: fn(&str) -> bool,
}

/// The systems whose codes are checked.
pub const SYSTEMS: &[System] = &[
    System {
        name: "hcode5",
        th: "รหัสสถานพยาบาล 5 หลัก",
        en: "Health facility code",
        form: "5 digits",
        is_code: |code| digits(code, 5),
    },
    System {
        name: "hcode9_old",
        th: "รหัสสถานพยาบาล 9 หลักเดิม",
        en: "Health facility code until 30 September 2567",
        form: "9 digits",
        is_code: |code| digits(code, 9),
    },
    System {
        name: "hcode9_2567",
        th: "รหัสสถานพยาบาล 9 หลักใหม่",
        en: "Health facility code since 1 October 2567",
        form: "2 capital letters, 7 digits",
        is_code: |code| {
            code.is_char_boundary(2) && {
                let (letters, rest) = code.split_at(2);
                letters.bytes().all(|byte| byte.is_ascii_uppercase()) && digits(rest, 7)
            }
        },
    },
    System {
        name: "nhso_fund",
        th: "รหัสกองทุนหลักประกันสุขภาพท้องถิ่น",
        en: "Local health security fund",
        form: "L and 4 digits",
        is_code: |code| code.strip_prefix('L').is_some_and(|rest| digits(rest, 4)),
    },
    System {
        name: "juristic_id",
        th: "เลขทะเบียนนิติบุคคล 13 หลัก",
        en: "Juristic person",
        form: "13 digits, the last one a check digit",
        is_code: has_check_digit,
    },
    System {
        name: "dopa_lao",
        th: "รหัส อปท. กรมการปกครอง",
        en: "Local administration, of the Department of Provincial Administration",
        form: "digits",
        is_code: |code| !code.is_empty() && digits(code, code.len()),
    },
    System {
        name: "localfund",
        th: "รหัสโครงการกองทุน",
        en: "Project of a local fund",
        form: "fiscal year, fund, support type, number: 66-3357-04-001",
        is_code: |code| {
            let parts: Vec<&str> = code.split('-').collect();
            let lengths = [2, 4, 2, 3];
            parts.len() == lengths.len()
                && parts
                    .iter()
                    .zip(lengths)
                    .all(|(part, length)| digits(part, length))
        },
    },
    System {
        name: "kpi",
        th: "รหัสตัวชี้วัดกระทรวง",
        en: "Indicator of the ministry",
        form: "anything but spaces",
        is_code: is_word,
    },
    System {
        name: "emenscr",
        th: "รหัสโครงการ eMENSCR",
        en: "Project in eMENSCR",
        form: "anything but spaces",
        is_code: is_word,
    },
];

pub(super) fn check(subject: &Subject, findings: &mut Vec<Finding>) {
    for path in subject.entries("identifiers") {
        let value = format!("{path}/value");
        let Some(code) = subject.text(&value) else {
            continue;
        };
        let name = name(&path);
        match SYSTEMS.iter().find(|system| system.name == name) {
            None => findings.push(UNKNOWN_SYSTEM.at(&path)),
            Some(system) if (system.is_code)(code) => {}
            // The code itself is not repeated: it might be a citizen's.
            Some(system) => findings.push(MALFORMED_IDENTIFIER.shown_by(&value, system.form)),
        }
    }
}

/// True for thirteen digits of which the last is the check digit of the others, as citizens and
/// juristic persons have them: the first twelve, weighted 13 down to 2, and modulo 11.
pub(super) fn has_check_digit(text: &str) -> bool {
    if !digits(text, 13) {
        return false;
    }
    let values: Vec<u32> = text.bytes().map(|byte| u32::from(byte - b'0')).collect();
    let sum: u32 = values
        .iter()
        .zip((2..=13).rev())
        .map(|(digit, weight)| digit * weight)
        .sum();
    values.last() == Some(&((11 - sum % 11) % 10))
}

fn digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_code(system: &str, code: &str) -> bool {
        let found = SYSTEMS.iter().find(|one| one.name == system).unwrap();
        (found.is_code)(code)
    }

    #[test]
    fn each_system_knows_its_codes() {
        for (system, right, wrong) in [
            ("hcode5", "09771", "9771"),
            ("hcode9_old", "000977100", "EA0977100"),
            ("hcode9_2567", "EA0977100", "ea0977100"),
            ("hcode9_2567", "EA0977100", "กก0977100"),
            ("nhso_fund", "L8010", "8010"),
            ("juristic_id", "0994000158378", "0994000158379"),
            ("dopa_lao", "06901301", "๐๖๙"),
            ("localfund", "66-3357-04-001", "66-3357-4-1"),
            ("kpi", "KPI-01", "KPI 01"),
            ("emenscr", "สธ-2567-1", ""),
        ] {
            assert!(is_code(system, right), "{system} {right}");
            assert!(!is_code(system, wrong), "{system} {wrong}");
        }
    }

    #[test]
    fn a_wrong_last_digit_is_noticed() {
        assert!(has_check_digit("1101700203450"));
        for last in 1..10 {
            assert!(!has_check_digit(&format!("110170020345{last}")), "{last}");
        }
        assert!(!has_check_digit("110170020345"));
    }
}
