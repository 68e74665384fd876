//! Whether a plan has what makes it a plan, after the rule that the network of the upper south gave
//! itself: reliable data, somebody who is responsible, activities, and an evaluation.

use super::finding::{Finding, Rule, warning};
use super::gist::Gists;
use crate::kind::Kind;
use crate::subject::Subject;

pub(super) const RULES: &[Rule] = &[NO_DATA, NOBODY_RESPONSIBLE, NO_ACTIVITY, NO_EVALUATION];

const NO_DATA: Rule = warning(
    "plan_without_data",
    "แผนไม่มีข้อมูลรองรับ: ใส่สถานการณ์ ขนาดปัญหา หรือแหล่งข้อมูลของตัวชี้วัด",
    "No data stands behind the plan: give the situation, the size of a problem, or the data source of an indicator",
);
const NOBODY_RESPONSIBLE: Rule = warning(
    "plan_without_responsible",
    "แผนไม่มีผู้รับผิดชอบ: ใส่เจ้าของแผน และหน่วยงานรับผิดชอบหรือดำเนินการของกิจกรรม",
    "Nobody is responsible: name the plan's owner, and who answers for or carries out each activity",
);
const NO_ACTIVITY: Rule = warning(
    "plan_without_activity",
    "แผนไม่มีกิจกรรม: ผูกกิจกรรมกับแผนนี้",
    "The plan has no activity: let its activities name it",
);
const NO_EVALUATION: Rule = warning(
    "plan_without_evaluation",
    "แผนไม่มีการประเมินผล: ใส่ค่าเป้าหมายของตัวชี้วัดหรือผลการทบทวน",
    "The plan is not evaluated: give the targets of an indicator, or the findings of a review",
);

/// The four parts of a complete plan, each there or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completeness {
    pub data: bool,
    pub responsible: bool,
    pub activities: bool,
    pub evaluation: bool,
}

impl Completeness {
    /// How many of the four are there.
    pub fn score(self) -> u8 {
        let parts = [
            self.data,
            self.responsible,
            self.activities,
            self.evaluation,
        ];
        parts.into_iter().map(u8::from).sum()
    }
}

/// Which parts a plan has, by what is recorded in it and in its activities and indicators.
pub(super) fn of(plan: &Subject, around: &Gists) -> Completeness {
    let activities = around.activities_of(&plan.id);
    let indicators = around.indicators_of(&plan.id);
    let problems = plan.entries("problems");
    let measured = problems
        .iter()
        .any(|problem| plan.has(&format!("{problem}/size_now")));
    let data = plan.has("situation")
        || measured
        || indicators.iter().any(|indicator| indicator.has_data_source);
    let answered = activities.iter().any(|one| one.is_answered_for);
    Completeness {
        data,
        responsible: plan.has("owner") && (activities.is_empty() || answered),
        activities: !activities.is_empty(),
        evaluation: plan.has("review/success")
            || plan.has("review/to_fix")
            || indicators.iter().any(|indicator| indicator.has_target),
    }
}

pub(super) fn check(subject: &Subject, around: &Gists, findings: &mut Vec<Finding>) {
    if subject.kind() != Some(Kind::Plan) {
        return;
    }
    let found = of(subject, around);
    let parts = [
        (found.data, NO_DATA, "situation"),
        (found.responsible, NOBODY_RESPONSIBLE, "owner"),
        (found.activities, NO_ACTIVITY, ""),
        (found.evaluation, NO_EVALUATION, "review"),
    ];
    for (_, rule, path) in parts.into_iter().filter(|(there, ..)| !there) {
        findings.push(rule.shown_by(path, format_args!("{}/4", found.score())));
    }
}
