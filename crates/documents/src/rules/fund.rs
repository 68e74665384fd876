//! What the rules of the local health security funds ask of a fund's yearly plan. The figures are those
//! of its fiscal year; what no version of them says is not asked.

use super::Setting;
use super::derived::totals_of_plan;
use super::finding::{Finding, Rule, warning};
use crate::date::Date;
use crate::kind::Kind;
use crate::subject::Subject;

pub(super) const RULES: &[Rule] = &[
    CONTRIBUTION_TOO_SMALL,
    ADMINISTRATION_TOO_LARGE,
    ALLOCATED_OVER_INCOME,
    NOT_APPROVED_IN_TIME,
    DISBURSED_TOO_LITTLE,
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
    "แผนกองทุนไม่ได้รับอนุมัติภายในวันที่กำหนดของปีงบประมาณ",
    "The fund's plan was not approved by the day set for its fiscal year",
);
const DISBURSED_TOO_LITTLE: Rule = warning(
    "disbursed_too_little",
    "เบิกจ่ายต่ำกว่าร้อยละที่กำหนดเมื่อสิ้นไตรมาส (สตางค์)",
    "Less was disbursed than the percentage set for the end of a quarter (satang)",
);

/// The quarters at whose ends a part of the money must be disbursed: figure, last month and day.
const QUARTERS: [(&str, u8, u8); 3] = [
    ("disbursed_percent_min.q2", 3, 31),
    ("disbursed_percent_min.q3", 6, 30),
    ("disbursed_percent_min.q4", 9, 30),
];

pub(super) fn check(subject: &Subject, setting: &Setting<'_>, findings: &mut Vec<Finding>) {
    if subject.kind() != Some(Kind::Plan) {
        return;
    }
    let first = subject.years().first().copied();
    let year = first.unwrap_or_else(|| i64::from(setting.today.fiscal_year()));
    let figure = |name: &str| setting.reference.figure(name, year);
    money(subject, &figure, findings);
    if let Some(year) = first.filter(|_| subject.text("type") == Some("local_fund_plan")) {
        let year = FiscalYear { year, setting };
        deadline(subject, &year, &figure, findings);
        disbursed(subject, &year, &figure, findings);
    }
}

/// The fiscal year of a plan, seen from a day.
struct FiscalYear<'a> {
    year: i64,
    setting: &'a Setting<'a>,
}

impl FiscalYear<'_> {
    /// The day in this year with that month, and that day of the month.
    fn day(&self, month: i64, day: i64) -> Option<Date> {
        let (month, day) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
        // The fiscal year 2567 began in October 2566, which is 2023.
        let begun = Date::fiscal_year_begins(self.year)?;
        let year = begun.year + u16::from(month < begun.month);
        Some(Date { year, month, day })
    }
}

fn sum(subject: &Subject, path: &str) -> i128 {
    subject
        .below(path)
        .filter_map(|(_, value)| value.as_i64())
        .map(i128::from)
        .sum()
}

fn money(subject: &Subject, figure: &dyn Fn(&str) -> Option<i64>, findings: &mut Vec<Finding>) {
    let amount = |path: &str| subject.integer(path).map(i128::from);
    let class = subject.text("lao_class").unwrap_or_default();
    let least = figure(&format!("contribution_percent_min.{class}"));
    if let (Some(percent), Some(transfer)) = (least, amount("income/nhso")) {
        let contribution = amount("income/lao").unwrap_or_default();
        if contribution * 100 < transfer * i128::from(percent) {
            let values = format!("{contribution} < {percent}% × {transfer}");
            findings.push(CONTRIBUTION_TOO_SMALL.shown_by("income/lao", values));
        }
    }
    let income = sum(subject, "income");
    if income == 0 {
        return;
    }
    let fresh = income - amount("income/opening_balance").unwrap_or_default();
    const ADMINISTRATION: &str = "allocation/10.4";
    let administration = amount(ADMINISTRATION).unwrap_or_default();
    let most = figure("administration_percent_max");
    if let Some(most) = most.filter(|most| administration * 100 > fresh * i128::from(*most)) {
        let values = format!("{administration} > {most}% × {fresh}");
        findings.push(ADMINISTRATION_TOO_LARGE.shown_by(ADMINISTRATION, values));
    }
    let allocated = sum(subject, "allocation");
    if allocated > income {
        findings.push(
            ALLOCATED_OVER_INCOME.shown_by("allocation", format_args!("{allocated} > {income}")),
        );
    }
}

fn deadline(
    subject: &Subject,
    year: &FiscalYear<'_>,
    figure: &dyn Fn(&str) -> Option<i64>,
    findings: &mut Vec<Finding>,
) {
    let last = figure("approval_month").zip(figure("approval_day"));
    let Some(last) = last.and_then(|(month, day)| year.day(month, day)) else {
        return;
    };
    let approved = subject
        .entries("approvals")
        .iter()
        .filter(|path| subject.text(&format!("{path}/decision")) == Some("approved"))
        .filter_map(|path| subject.span(&format!("{path}/at")))
        .map(|(from, _)| from)
        .min();
    if approved.unwrap_or(year.setting.today) > last {
        let found = approved.map_or_else(|| "–".to_owned(), |date| date.to_string());
        let values = format_args!("{found} > {last}").to_string();
        findings.push(NOT_APPROVED_IN_TIME.shown_by("approvals", values));
    }
}

/// What is paid by now against what the last quarter that is over asks for.
fn disbursed(
    subject: &Subject,
    year: &FiscalYear<'_>,
    figure: &dyn Fn(&str) -> Option<i64>,
    findings: &mut Vec<Finding>,
) {
    let over = QUARTERS.iter().rev().find(|(_, month, day)| {
        let end = year.day(i64::from(*month), i64::from(*day));
        end.is_some_and(|end| end < year.setting.today)
    });
    let Some(percent) = over.and_then(|(name, ..)| figure(name)) else {
        return;
    };
    let allocated = sum(subject, "allocation");
    let paid = totals_of_plan(subject, year.setting.around).paid;
    if i128::from(paid) * 100 < allocated * i128::from(percent) {
        let values = format!("{paid} < {percent}% × {allocated}");
        findings.push(DISBURSED_TOO_LITTLE.shown_by("allocation", values));
    }
}
