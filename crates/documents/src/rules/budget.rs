//! Money and targets of an activity: budget lines, what was paid, and the plan's ceiling.

use super::derived::{Totals, totals_of_line};
use super::finding::{Finding, Rule, error, warning};
use super::gist::Gists;
use crate::kind::Kind;
use crate::subject::{Subject, name};

pub(super) const RULES: &[Rule] = &[
    PAID_WITHOUT_LINE,
    REVERSAL_OF_NOTHING,
    NEGATIVE_PAYMENT,
    PAID_OVER_APPROVED,
    APPROVED_OVER_CEILING,
    NO_BUDGET,
    TARGET_WITHOUT_UNIT,
    TARGET_WITHOUT_NUMBER,
];

const PAID_WITHOUT_LINE: Rule = error(
    "paid_without_line",
    "เบิกจ่ายจากรายการงบที่ไม่มีในเอกสาร ให้เลือกรายการงบ",
    "The disbursement names no budget line of this document: name one",
);
const REVERSAL_OF_NOTHING: Rule = error(
    "reversal_of_nothing",
    "กลับรายการของการเบิกจ่ายที่ไม่มี",
    "The disbursement that this one reverses does not exist",
);
const NEGATIVE_PAYMENT: Rule = error(
    "negative_payment",
    "เบิกจ่ายติดลบ หากเป็นการคืนเงินให้ระบุรายการที่กลับ",
    "The disbursement is negative: name the one that it reverses",
);
const PAID_OVER_APPROVED: Rule = warning(
    "paid_over_approved",
    "เบิกจ่ายเกินวงเงินที่อนุมัติ (สตางค์)",
    "More was disbursed than approved (satang)",
);
const APPROVED_OVER_CEILING: Rule = warning(
    "approved_over_ceiling",
    "งบที่อนุมัติของกิจกรรมรวมกันเกินวงเงินของแผน (สตางค์)",
    "The activities' approved budgets exceed the plan's ceiling (satang)",
);
const NO_BUDGET: Rule = warning(
    "no_budget",
    "ทั้งแผนและกิจกรรมไม่ระบุงบประมาณ",
    "Neither the plan nor its activities name a budget",
);
const TARGET_WITHOUT_UNIT: Rule = warning(
    "target_without_unit",
    "เป้าหมายไม่มีหน่วยนับ",
    "The target has no unit",
);
const TARGET_WITHOUT_NUMBER: Rule = warning(
    "target_count_missing",
    "เป้าหมายไม่มีจำนวน",
    "The target has no number",
);

pub(super) fn check(subject: &Subject, around: &Gists, findings: &mut Vec<Finding>) {
    match subject.kind() {
        Some(Kind::Activity) => {
            payments(subject, findings);
            overspending(subject, findings);
            targets(subject, findings);
        }
        Some(Kind::Plan) => ceiling(subject, around, findings),
        _ => {}
    }
}

fn payments(subject: &Subject, findings: &mut Vec<Finding>) {
    for entry in subject.entries("disbursements") {
        let field = |name: &str| format!("{entry}/{name}");
        let line = subject.text(&field("line")).unwrap_or_default();
        let lines = subject.entries("budget");
        if !lines.iter().any(|path| name(path) == line) {
            findings.push(PAID_WITHOUT_LINE.shown_by(&field("line"), format_args!("{line:?}")));
        }
        let negative = subject
            .integer(&field("amount_satang"))
            .is_some_and(|amount| amount < 0);
        match subject.text(&field("reversal_of")) {
            None if negative => findings.push(NEGATIVE_PAYMENT.at(&field("amount_satang"))),
            Some(reversed) => {
                let others = subject.entries("disbursements");
                let exists = others
                    .iter()
                    .any(|path| *path != entry && name(path) == reversed);
                if !exists {
                    findings.push(
                        REVERSAL_OF_NOTHING
                            .shown_by(&field("reversal_of"), format_args!("{reversed:?}")),
                    );
                }
            }
            None => {}
        }
    }
}

fn overspending(subject: &Subject, findings: &mut Vec<Finding>) {
    for line in subject.entries("budget") {
        let Totals { approved, paid, .. } = totals_of_line(subject, &line);
        if paid > approved {
            let amount = format!("{line}/amount_satang");
            findings
                .push(PAID_OVER_APPROVED.shown_by(&amount, format_args!("{paid} > {approved}")));
        }
    }
}

fn targets(subject: &Subject, findings: &mut Vec<Finding>) {
    for target in subject.entries("targets") {
        let (count, unit) = (format!("{target}/count"), format!("{target}/unit"));
        match (subject.has(&count), subject.has(&unit)) {
            (true, false) => findings.push(TARGET_WITHOUT_UNIT.at(&unit)),
            (false, _) => findings.push(TARGET_WITHOUT_NUMBER.at(&count)),
            (true, true) => {}
        }
    }
}

fn ceiling(subject: &Subject, around: &Gists, findings: &mut Vec<Finding>) {
    const CEILING: &str = "ceiling_satang";
    let mut approved = 0_i64;
    let mut has_lines = false;
    for activity in around.activities_of(&subject.id) {
        approved = approved.saturating_add(activity.totals.approved);
        has_lines |= activity.has_budget;
    }
    match subject.integer(CEILING) {
        Some(ceiling) if approved > ceiling => {
            let values = format_args!("{approved} > {ceiling}").to_string();
            findings.push(APPROVED_OVER_CEILING.shown_by(CEILING, values));
        }
        None if !has_lines && !subject.has("income") => findings.push(NO_BUDGET.at(CEILING)),
        _ => {}
    }
}
