//! Sums while people have not settled which amounts hold: between what they lie, and what reports
//! say meanwhile, namely the values that were approved last.

use serde_json::Value;

use super::derived::{Totals, totals_of};
use crate::approval;
use crate::document::Document;
use crate::subject::{Subject, name};

/// Between what a sum lies, in satang.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Range {
    pub least: i64,
    pub most: i64,
}

/// The sums of an activity or a plan in which amounts, stages or payments are in conflict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spread {
    /// Paths with several values.
    pub conflicts: usize,
    pub requested: Range,
    pub approved: Range,
    pub paid: Range,
    /// With the last approved value wherever there are several; the shown one where none was
    /// approved.
    pub reported: Totals,
}

impl Range {
    fn of(amount: i64) -> Range {
        Range {
            least: amount,
            most: amount,
        }
    }

    fn plus(self, other: Range) -> Range {
        Range {
            least: self.least.saturating_add(other.least),
            most: self.most.saturating_add(other.most),
        }
    }

    /// The smallest range with both in it.
    fn or(self, other: Range) -> Range {
        Range {
            least: self.least.min(other.least),
            most: self.most.max(other.most),
        }
    }
}

impl Spread {
    /// Of sums in which nothing is in conflict.
    pub(super) fn settled(totals: Totals) -> Spread {
        Spread {
            conflicts: 0,
            requested: Range::of(totals.requested),
            approved: Range::of(totals.approved),
            paid: Range::of(totals.paid),
            reported: totals,
        }
    }

    pub(super) fn plus(self, other: Spread) -> Spread {
        Spread {
            conflicts: self.conflicts + other.conflicts,
            requested: self.requested.plus(other.requested),
            approved: self.approved.plus(other.approved),
            paid: self.paid.plus(other.paid),
            reported: self.reported.plus(other.reported),
        }
    }
}

/// The spread of an activity; that of its totals when nothing in them is in conflict.
pub(super) fn of(document: &Document, subject: &Subject) -> Spread {
    let totals = totals_of(subject);
    let conflicts = subject.rivals().filter(|(path, _)| is_summed(path)).count();
    if conflicts == 0 {
        return Spread::settled(totals);
    }
    let approved = approval::last(document).and_then(|approved| approved.document);
    let reported = approved.map(|then| subject.settled_by(&Subject::of(&then)));
    let spread = Spread {
        conflicts,
        reported: reported.map_or(totals, |settled| Totals {
            // What was paid is no matter of approval.
            paid: totals.paid,
            ..totals_of(&settled)
        }),
        ..Spread::default()
    };
    let lines = subject.entries("budget");
    lines
        .iter()
        .fold(spread, |spread, line| spread.plus(of_line(subject, line)))
}

fn is_summed(path: &str) -> bool {
    let ends = |ends: &[&str]| ends.iter().any(|end| path.ends_with(end));
    let in_budget = path.starts_with("budget/") && ends(&["/amount_satang", "/stage"]);
    in_budget || path.starts_with("disbursements/") && ends(&["/amount_satang"])
}

/// One budget line with what was paid from it.
fn of_line(subject: &Subject, line: &str) -> Spread {
    let amount = amounts(subject, line);
    let stages = subject.values(&format!("{line}/stage"));
    let approved = |stage: &&Value| stage.as_str() == Some("approved");
    let when = |holds: usize| match holds {
        0 => Range::of(0),
        _ if holds == stages.len().max(1) => amount,
        _ => amount.or(Range::of(0)),
    };
    let approving = stages
        .iter()
        .copied()
        .filter(|stage| approved(stage))
        .count();
    let name = name(line);
    let payments = subject.entries("disbursements");
    let paid = payments
        .iter()
        .filter(|entry| subject.text(&format!("{entry}/line")) == Some(&name))
        .map(|entry| payment(subject, entry))
        .fold(Range::default(), Range::plus);
    Spread {
        requested: when(stages.len().max(1) - approving),
        approved: when(approving),
        paid,
        ..Spread::default()
    }
}

fn amounts(subject: &Subject, entry: &str) -> Range {
    let values = subject.values(&format!("{entry}/amount_satang"));
    let amounts = values
        .into_iter()
        .map(|value| Range::of(value.as_i64().unwrap_or_default()));
    amounts.reduce(Range::or).unwrap_or_default()
}

/// A reversal takes back, whether it is written with a minus or without.
fn payment(subject: &Subject, entry: &str) -> Range {
    if !subject.has(&format!("{entry}/reversal_of")) {
        return amounts(subject, entry);
    }
    let values = subject.values(&format!("{entry}/amount_satang"));
    let back = values.into_iter().map(|value| {
        let amount = value.as_i64().unwrap_or_default();
        Range::of(amount.saturating_abs().saturating_neg())
    });
    back.reduce(Range::or).unwrap_or_default()
}
