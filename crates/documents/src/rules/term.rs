//! What has come to its end: agreements, and terms of office.

use super::derived::{Expiry, expiry_of};
use super::finding::{Finding, Rule, warning};
use crate::date::Date;
use crate::kind::Kind;
use crate::subject::Subject;

pub(super) const RULES: &[Rule] = &[
    AGREEMENT_PAST_END,
    AGREEMENT_EXPIRING,
    SEAT_AFTER_TERM,
    ROLE_PAST_END,
];

const AGREEMENT_PAST_END: Rule = warning(
    "agreement_past_end",
    "ข้อตกลงพ้นวันสิ้นสุดแล้ว ให้ต่ออายุหรือบันทึกว่าหมดอายุ",
    "The agreement is past its end: renew it, or record that it has expired",
);
const AGREEMENT_EXPIRING: Rule = warning(
    "agreement_expiring",
    "ข้อตกลงจะสิ้นสุดภายใน 90 วัน",
    "The agreement ends within 90 days",
);
const SEAT_AFTER_TERM: Rule = warning(
    "seat_after_term",
    "พ้นวาระแล้วแต่ผู้ดำรงตำแหน่งยังไม่มีวันสิ้นสุด",
    "The term is over, and the holder of the seat has no last day",
);

const ROLE_PAST_END: Rule = warning(
    "role_past_end",
    "พ้นวันสุดท้ายของบทบาทแล้วแต่ยังระบุว่าไม่ใช่อดีต: บันทึกเป็นอดีต (former) หรือขยายวันสิ้นสุด",
    "The last day of the role is over, yet it is said not to be former: mark it as former, or give it a later last day",
);

/// Words with which people have already said that an agreement is over or goes on elsewhere.
const SETTLED: [&str; 3] = ["expired", "renewed", "terminated"];

pub(super) fn check(subject: &Subject, today: Date, findings: &mut Vec<Finding>) {
    match subject.kind() {
        Some(Kind::Agreement) => agreement(subject, today, findings),
        Some(Kind::Network) => seats(subject, today, findings),
        Some(Kind::Person) => roles(subject, today, findings),
        _ => {}
    }
}

fn agreement(subject: &Subject, today: Date, findings: &mut Vec<Finding>) {
    const END: &str = "effective/to";
    if subject
        .text("status")
        .is_some_and(|status| SETTLED.contains(&status))
    {
        return;
    }
    match expiry_of(subject, today) {
        Expiry::Past { end } => findings.push(AGREEMENT_PAST_END.shown_by(END, end)),
        Expiry::Near { end } => findings.push(AGREEMENT_EXPIRING.shown_by(END, end)),
        Expiry::Open | Expiry::Later { .. } => {}
    }
}

fn seats(subject: &Subject, today: Date, findings: &mut Vec<Finding>) {
    let Some((_, end)) = subject.span("term").filter(|(_, end)| *end < today) else {
        return;
    };
    for seat in subject.entries("seats") {
        let to = format!("{seat}/to");
        if subject.has(&format!("{seat}/holder")) && !subject.has(&to) {
            findings.push(SEAT_AFTER_TERM.shown_by(&to, end));
        }
    }
}

fn roles(subject: &Subject, today: Date, findings: &mut Vec<Finding>) {
    for role in subject.entries("roles") {
        let to = format!("{role}/to");
        let is_present = subject
            .below(&format!("{role}/former"))
            .any(|(_, former)| former.as_bool() == Some(false));
        let end = subject.span(&to).map(|(_, end)| end);
        if let Some(end) = end.filter(|end| *end < today && is_present) {
            findings.push(ROLE_PAST_END.shown_by(&to, end));
        }
    }
}
