//! Findings, and what follows from a document.

use phaki_wire::proto::local::v1::{
    AmountRange, CheckedDocument, Completeness, Derived, Finding, Spread, Totals,
};
use serde_json::{Map, Value, json};

/// A line of `check`.
pub(crate) fn checked(document: &CheckedDocument) -> Value {
    json!({
        "id": document.id,
        "space": document.space,
        "title": document.title,
        "findings": document.findings.iter().map(finding).collect::<Vec<_>>(),
        "derived": document.derived.as_ref().map(derived),
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "severity": finding.severity,
        "code": finding.code,
        "path": finding.path,
        "label_th": finding.label_th,
        "label_en": finding.label_en,
        "th": finding.th,
        "en": finding.en,
    })
}

fn derived(derived: &Derived) -> Value {
    let totals = |totals: &Totals| {
        json!({
            "requested_satang": totals.requested_satang,
            "approved_satang": totals.approved_satang,
            "paid_satang": totals.paid_satang,
        })
    };
    let range = |range: &AmountRange| json!([range.least_satang, range.most_satang]);
    let spread = |spread: &Spread| {
        json!({
            "conflicts": spread.conflicts,
            "requested_satang": spread.requested.as_ref().map(range),
            "approved_satang": spread.approved.as_ref().map(range),
            "paid_satang": spread.paid.as_ref().map(range),
            "reported": spread.reported.as_ref().map(totals),
        })
    };
    let completeness = |complete: &Completeness| {
        json!({
            "data": complete.data,
            "responsible": complete.responsible,
            "activities": complete.activities,
            "evaluation": complete.evaluation,
        })
    };
    let regions = derived.regions.iter();
    let regions = regions.map(|one| (one.fiscal_year.to_string(), json!(one.regions)));
    json!({
        "fiscal_years": derived.fiscal_years,
        "regions": regions.collect::<Map<_, _>>(),
        "totals": derived.totals.as_ref().map(totals),
        "spread": derived.spread.as_ref().map(spread),
        "expiry": Some(&derived.expiry).filter(|expiry| !expiry.is_empty()),
        "expires": Some(&derived.expires).filter(|date| !date.is_empty()),
        "completeness": derived.completeness.as_ref().map(completeness),
    })
}
