//! What follows from a document and is therefore never stored: totals, years, state, completeness.

use std::collections::{BTreeMap, BTreeSet};

use super::completeness::{self, Completeness};
use super::figures::EXPIRING_DAYS;
use super::spread::{self, Spread};
use super::{Setting, gist::Gists};
use crate::date::Date;
use crate::document::Document;
use crate::kind::Kind;
use crate::subject::{Subject, name};

/// What was asked for, granted and paid, in satang. A sum beyond 64 bits stays at the largest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    pub requested: i64,
    pub approved: i64,
    /// What was paid less what was taken back.
    pub paid: i64,
}

/// Where an agreement stands between its beginning and its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// No end is given.
    Open,
    /// Ends on that day, more than ninety days from now.
    Later { end: Date },
    /// Ends on that day, within ninety days.
    Near { end: Date },
    /// Ended on that day.
    Past { end: Date },
}

/// All that follows from a document; `None` and empty where its kind has no such thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derived {
    /// Buddhist-era fiscal years: those given, or else those of its dates.
    pub fiscal_years: BTreeSet<i64>,
    /// For each of these years, the health regions in which its areas lay when the year began.
    pub regions: BTreeMap<i64, BTreeSet<String>>,
    /// Of an activity its own, of a plan those of all its activities.
    pub totals: Option<Totals>,
    /// Between what the totals lie, as long as something in them is in conflict.
    pub spread: Option<Spread>,
    pub expiry: Option<Expiry>,
    pub completeness: Option<Completeness>,
}

/// Works out what follows from a document.
pub fn derived(document: &Document, setting: &Setting<'_>) -> Derived {
    let subject = Subject::of(document);
    let kind = subject.kind();
    let fiscal_years = years_of(&subject);
    let areas = || subject.below("areas").filter_map(|(_, code)| code.as_str());
    let regions = fiscal_years.iter().map(|year| {
        let regions = setting.reference.regions(areas(), *year);
        (*year, regions)
    });
    let regions = regions.filter(|(_, regions)| !regions.is_empty());
    Derived {
        regions: regions.collect(),
        fiscal_years,
        totals: match kind {
            Some(Kind::Activity) => Some(totals_of(&subject)),
            Some(Kind::Plan) => Some(totals_of_plan(&subject, setting.around)),
            _ => None,
        },
        spread: match kind {
            Some(Kind::Activity) => Some(spread::of(document, &subject)),
            Some(Kind::Plan) => Some(spread_of_plan(&subject, setting.around)),
            _ => None,
        }
        .filter(|spread| spread.conflicts > 0),
        expiry: (kind == Some(Kind::Agreement)).then(|| expiry_of(&subject, setting.today)),
        completeness: (kind == Some(Kind::Plan))
            .then(|| completeness::of(&subject, setting.around)),
    }
}

/// The sums of all budget lines of an activity.
pub(super) fn totals_of(subject: &Subject) -> Totals {
    let lines = subject.entries("budget");
    lines
        .iter()
        .map(|line| totals_of_line(subject, line))
        .fold(Totals::default(), Totals::plus)
}

/// The sums of one budget line, given by its path.
pub(super) fn totals_of_line(subject: &Subject, line: &str) -> Totals {
    let amount = subject
        .integer(&format!("{line}/amount_satang"))
        .unwrap_or_default();
    let approved = subject.text(&format!("{line}/stage")) == Some("approved");
    let line = name(line);
    let entries = subject.entries("disbursements");
    let paid = entries
        .iter()
        .filter(|entry| subject.text(&format!("{entry}/line")) == Some(&line))
        .map(|entry| {
            let amount = subject
                .integer(&format!("{entry}/amount_satang"))
                .unwrap_or_default();
            // Whether a reversal is written with a minus or without, it takes back.
            match subject.has(&format!("{entry}/reversal_of")) {
                true => amount.saturating_abs().saturating_neg(),
                false => amount,
            }
        })
        .fold(0, i64::saturating_add);
    Totals {
        requested: if approved { 0 } else { amount },
        approved: if approved { amount } else { 0 },
        paid,
    }
}

/// The sums of all activities of a plan.
pub(super) fn totals_of_plan(subject: &Subject, around: &Gists) -> Totals {
    let activities = around.activities_of(&subject.id);
    activities
        .iter()
        .map(|activity| activity.totals)
        .fold(Totals::default(), Totals::plus)
}

fn spread_of_plan(subject: &Subject, around: &Gists) -> Spread {
    let activities = around.activities_of(&subject.id);
    activities
        .iter()
        .map(|activity| activity.spread)
        .fold(Spread::default(), Spread::plus)
}

impl Totals {
    pub(super) fn plus(self, other: Totals) -> Totals {
        Totals {
            requested: self.requested.saturating_add(other.requested),
            approved: self.approved.saturating_add(other.approved),
            paid: self.paid.saturating_add(other.paid),
        }
    }
}

/// Where an agreement stands today, by the end of the time in which it is in force.
pub(super) fn expiry_of(subject: &Subject, today: Date) -> Expiry {
    match subject.date("effective/to") {
        None => Expiry::Open,
        Some(end) if end < today => Expiry::Past { end },
        Some(end) if end.days() - today.days() <= EXPIRING_DAYS => Expiry::Near { end },
        Some(end) => Expiry::Later { end },
    }
}

fn years_of(subject: &Subject) -> BTreeSet<i64> {
    let given = subject.years();
    if !given.is_empty() {
        return given;
    }
    let fields = ["date", "schedule", "schedule/planned", "schedule/actual"].into_iter();
    let spans = fields.filter_map(|field| subject.span(field));
    spans
        .flat_map(|(from, to)| from.fiscal_year()..=to.fiscal_year())
        .map(i64::from)
        .collect()
}
