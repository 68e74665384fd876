//! What the rules of the local health security funds ask of a fund's yearly plan.

use super::figures::{ADMINISTRATION_PERCENT_MAX, APPROVAL_MONTH_DAY, CONTRIBUTION_PERCENT_MIN};
use super::finding::{Finding, Rule, warning};
use crate::date::Date;
use crate::kind::Kind;
use crate::subject::Subject;

pub(super) const RULES: &[Rule] = &[
    CONTRIBUTION_TOO_SMALL,
    ADMINISTRATION_TOO_LARGE,
    ALLOCATED_OVER_INCOME,
    NOT_APPROVED_IN_TIME,
];

const CONTRIBUTION_TOO_SMALL: Rule = warning(
    "contribution_too_small",
    "เงินสมทบของ อปท. ต่ำกว่าร้อยละขั้นต่ำของขนาด อปท. (สตางค์)",
    "The local administration adds less than its class must (satang)",
);
const ADMINISTRATION_TOO_LARGE: Rule = warning(
    "administration_too_large",
    "งบบริหารกองทุน 10(4) เกินสัดส่วนของรายรับที่ไม่รวมยอดยกมา (สตางค์)",
    "The administration of the fund, 10(4), takes more than its share of the year's income (satang)",
);
const ALLOCATED_OVER_INCOME: Rule = warning(
    "allocated_over_income",
    "จัดสรรเกินรายรับทั้งหมดรวมยอดยกมา (สตางค์)",
    "More is allocated than the fund has (satang)",
);
const NOT_APPROVED_IN_TIME: Rule = warning(
    "not_approved_in_time",
    "แผนกองทุนไม่ได้รับอนุมัติภายในวันที่ 31 ธันวาคมของปีงบประมาณ",
    "The fund's plan was not approved by 31 December of its fiscal year",
);

pub(super) fn check(subject: &Subject, today: Date, findings: &mut Vec<Finding>) {
    if subject.kind() != Some(Kind::Plan) {
        return;
    }
    money(subject, findings);
    if subject.text("type") == Some("local_fund_plan") {
        deadline(subject, today, findings);
    }
}

fn money(subject: &Subject, findings: &mut Vec<Finding>) {
    let amount = |path: &str| subject.integer(path).map(i128::from);
    let sum = |path: &str| -> i128 {
        subject
            .below(path)
            .filter_map(|(_, value)| value.as_i64())
            .map(i128::from)
            .sum()
    };
    let class = subject.text("lao_class").unwrap_or_default();
    let least = CONTRIBUTION_PERCENT_MIN
        .iter()
        .find(|(known, _)| *known == class);
    if let (Some((_, percent)), Some(transfer)) = (least, amount("income/nhso")) {
        let contribution = amount("income/lao").unwrap_or_default();
        if contribution * 100 < transfer * i128::from(*percent) {
            let values = format!("{contribution} < {percent}% × {transfer}");
            findings.push(CONTRIBUTION_TOO_SMALL.shown_by("income/lao", values));
        }
    }
    let income = sum("income");
    if income == 0 {
        return;
    }
    let fresh = income - amount("income/opening_balance").unwrap_or_default();
    const ADMINISTRATION: &str = "allocation/10.4";
    let administration = amount(ADMINISTRATION).unwrap_or_default();
    if administration * 100 > fresh * i128::from(ADMINISTRATION_PERCENT_MAX) {
        let values = format!("{administration} > {ADMINISTRATION_PERCENT_MAX}% × {fresh}");
        findings.push(ADMINISTRATION_TOO_LARGE.shown_by(ADMINISTRATION, values));
    }
    let allocated = sum("allocation");
    if allocated > income {
        findings.push(
            ALLOCATED_OVER_INCOME.shown_by("allocation", format_args!("{allocated} > {income}")),
        );
    }
}

fn deadline(subject: &Subject, today: Date, findings: &mut Vec<Finding>) {
    let Some(first) = subject.years().first().copied() else {
        return;
    };
    // The fiscal year 2567 began in October 2566, which is 2023.
    let Ok(year) = u16::try_from(first - 1 - 543) else {
        return;
    };
    let (month, day) = APPROVAL_MONTH_DAY;
    let last = Date { year, month, day };
    let approved = subject
        .entries("approvals")
        .iter()
        .filter(|path| subject.text(&format!("{path}/decision")) == Some("approved"))
        .filter_map(|path| subject.span(&format!("{path}/at")))
        .map(|(from, _)| from)
        .min();
    if approved.unwrap_or(today) > last {
        findings.push(NOT_APPROVED_IN_TIME.shown_by(
            "approvals",
            approved.map_or_else(|| "–".to_owned(), |date| date.to_string()),
        ));
    }
}
