//! The figures in the rules, each with where it comes from. They are those in force; when the law
//! changes them, they change here, and only what is checked from then on is measured by them.

use std::ops::RangeInclusive;

/// Characters of a short text: the longest names of organisations and titles of projects have
/// about 200.
pub(super) const SHORT_TEXT_CHARS_MAX: usize = 300;

/// Years of the Buddhist era that a document can be about. A year in two digits or of the
/// Christian era is none of them.
pub(super) const YEARS: RangeInclusive<i64> = 2400..=2699;

/// The first year of the Buddhist era whose dates are taken: before 2484 the year began in April, so
/// that what was meant cannot be known.
pub(super) const DATED_FROM: i64 = 2484;

/// Days before its end from which an agreement counts as expiring: a quarter, in which the parties
/// can meet once.
pub(super) const EXPIRING_DAYS: i64 = 90;

/// The day by which a local fund's plan is to be approved, in the fiscal year that it is for:
/// 31 December. One of the points by which the health security office rates the funds.
pub(super) const APPROVAL_MONTH_DAY: (u8, u8) = (12, 31);

/// The least that a local administration adds to what the health security office transfers, in
/// percent of it, by the class of the administration. From the office's own tables of rates.
pub(super) const CONTRIBUTION_PERCENT_MIN: [(&str, i64); 6] = [
    ("sao_small", 30),
    ("sao_medium", 40),
    ("sao_large", 50),
    ("municipality_subdistrict", 50),
    ("municipality_town", 60),
    ("municipality_city", 60),
];

/// The most of a year's income, the opening balance left out, that may go to the administration of
/// a fund (support type 10.4), in percent: as in the money plans that funds use.
pub(super) const ADMINISTRATION_PERCENT_MAX: i64 = 15;
