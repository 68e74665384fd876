//! How a quantity grows from step to step, and where it grows faster than it may. Pure.

use std::collections::BTreeMap;

/// What measuring the same twice may make of an exponent.
const NOISE: f64 = 0.15;

/// Something that is measured at each step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Quantity {
    /// For programs; part of the interface.
    pub(super) key: &'static str,
    pub(super) label: &'static str,
    pub(super) unit: &'static str,
}

/// The values of one quantity at ascending sizes.
#[derive(Clone, Debug, Default)]
pub(super) struct Curve {
    points: Vec<(u64, f64)>,
}

/// All quantities that were measured along one axis.
#[derive(Debug, Default)]
pub(super) struct Curves {
    /// In the order in which they first came up.
    pub(super) quantities: Vec<Quantity>,
    pub(super) by_quantity: BTreeMap<Quantity, Curve>,
}

impl Curves {
    pub(super) fn add(&mut self, size: u64, values: Vec<(Quantity, f64)>) {
        for (quantity, value) in values {
            if !self.quantities.contains(&quantity) {
                self.quantities.push(quantity);
            }
            let curve = self.by_quantity.entry(quantity).or_default();
            curve.points.push((size, value));
        }
    }
}

impl Curve {
    pub(super) fn points(&self) -> &[(u64, f64)] {
        &self.points
    }

    /// For each step from one size to the next the power of the size with which the value grew: 0
    /// for no growth, 1 for growth in proportion, 2 for a square.
    pub(super) fn exponents(&self) -> Vec<f64> {
        let steps = self.points.windows(2);
        steps.map(|step| power(step[0], step[1])).collect()
    }

    /// The size from which on the value grew faster than n log n; `None` when it never did.
    pub(super) fn bend(&self) -> Option<u64> {
        let mut steps = self.points.windows(2);
        let beyond = steps.find(|step| {
            let ((from, _), (to, _)) = (step[0], step[1]);
            power(step[0], step[1]) > power(n_log_n(from), n_log_n(to)) + NOISE
        });
        beyond.map(|step| step[0].0)
    }
}

fn n_log_n(size: u64) -> (u64, f64) {
    // From one on there is something to be sorted.
    let value = real(size) * real(size + 1).log2();
    (size, value)
}

fn power(from: (u64, f64), to: (u64, f64)) -> f64 {
    // What cannot be told from nothing is taken as that much.
    const LEAST: f64 = 0.001;
    let growth = to.1.max(LEAST) / from.1.max(LEAST);
    growth.ln() / (real(to.0) / real(from.0)).ln()
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
fn real(value: u64) -> f64 {
    value as f64
}
