//! Controlled vocabularies in Thai and English, as this program knows them.
//!
//! They label codes and fill lists of choices. A code that is not here is stored and shown as it
//! is: newer versions come as `refset` documents.

mod partners;
mod work;

/// One code and what people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    pub code: &'static str,
    pub th: &'static str,
    pub en: &'static str,
}

/// The codes of a vocabulary in their usual order; `None` when there is no such vocabulary.
pub fn codes(vocabulary: &str) -> Option<&'static [Code]> {
    VOCABULARIES
        .iter()
        .find(|(name, _)| *name == vocabulary)
        .map(|(_, codes)| *codes)
}

/// The names of all vocabularies.
pub fn names() -> impl Iterator<Item = &'static str> {
    VOCABULARIES.iter().map(|(name, _)| *name)
}

/// The labels of one code.
pub fn label(vocabulary: &str, code: &str) -> Option<&'static Code> {
    codes(vocabulary)?.iter().find(|known| known.code == code)
}

const fn code(code: &'static str, th: &'static str, en: &'static str) -> Code {
    Code { code, th, en }
}

const VOCABULARIES: &[(&str, &[Code])] = &[
    ("org.type", partners::ORG_TYPE),
    ("org.sector", partners::ORG_SECTOR),
    ("org.status", partners::ORG_STATUS),
    ("lao.class", partners::LAO_CLASS),
    ("parent.kind", partners::PARENT_KIND),
    ("transfer.state", partners::TRANSFER_STATE),
    ("network.type", partners::NETWORK_TYPE),
    ("member.role", partners::MEMBER_ROLE),
    ("agreement.type", partners::AGREEMENT_TYPE),
    ("agreement.status", partners::AGREEMENT_STATUS),
    ("party.role", partners::PARTY_ROLE),
    ("party.level", partners::PARTY_LEVEL),
    ("party.state", partners::PARTY_STATE),
    ("horizon", work::HORIZON),
    ("plan.type", work::PLAN_TYPE),
    ("execution.status", work::EXECUTION_STATUS),
    ("approval.decision", work::APPROVAL_DECISION),
    ("activity.level", work::ACTIVITY_LEVEL),
    ("activity.role", work::ACTIVITY_ROLE),
    ("budget.source", work::BUDGET_SOURCE),
    ("budget.stage", work::BUDGET_STAGE),
    ("support_type", work::SUPPORT_TYPE),
    ("expense_group", work::EXPENSE_GROUP),
    ("target.group", work::TARGET_GROUP),
    ("report.state", work::REPORT_STATE),
    ("indicator.level", work::INDICATOR_LEVEL),
    ("indicator.direction", work::INDICATOR_DIRECTION),
    ("indicator.aggregation", work::INDICATOR_AGGREGATION),
    ("comparator", work::COMPARATOR),
    ("measurement.status", work::MEASUREMENT_STATUS),
    ("event.type", work::EVENT_TYPE),
    ("event.state", work::EVENT_STATE),
    ("resolution.type", work::RESOLUTION_TYPE),
    ("resolution.status", work::RESOLUTION_STATUS),
    ("building_block", work::BUILDING_BLOCK),
    ("unit", work::UNIT),
    ("date.precision", work::DATE_PRECISION),
    ("visibility", work::VISIBILITY),
    ("reference.set", work::REFERENCE_SET),
    ("dq", work::DQ),
];
