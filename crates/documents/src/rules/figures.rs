//! The figures in the rules that no announcement sets, each with its reason. Those that the law sets are
//! a [reference set](crate::reference).

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
