//! Curves for people and for programs.

use serde_json::{Value, json};

use super::Axis;
use super::curve::{Curve, Curves};
use crate::figures::readable;

/// One axis: each quantity at each size.
pub(super) fn table(axis: Axis, curves: &Curves) -> String {
    let sizes = curves.by_quantity.values().next();
    let sizes = sizes.map(Curve::points).unwrap_or_default().iter();
    let sizes: String = sizes.map(|(size, _)| format!("{size:>12}")).collect();
    let title = axis.title();
    let mut lines = vec![format!("{title:<45}{sizes}   exponents      bends")];
    for quantity in &curves.quantities {
        let label = format!("{}, {}", quantity.label, quantity.unit);
        let curve = &curves.by_quantity[quantity];
        let values = curve.points().iter();
        let values: String = values
            .map(|(_, value)| format!("{:>12}", readable(*value)))
            .collect();
        let exponents = curve.exponents().into_iter();
        let exponents: Vec<String> = exponents.map(|power| format!("{power:.2}")).collect();
        let bend = match curve.bend() {
            None => "no".to_owned(),
            Some(size) => format!("from {size} on"),
        };
        let exponents = exponents.join(" ");
        lines.push(format!("  {label:<43}{values}   {exponents:<14} {bend}"));
    }
    lines.join("\n")
}

/// The same as one JSON object in one line.
pub(super) fn json(axis: Axis, curves: &Curves) -> String {
    let figures = curves.quantities.iter().map(|quantity| {
        let curve = &curves.by_quantity[quantity];
        json!({
            "figure": quantity.key,
            "label": quantity.label,
            "unit": quantity.unit,
            "points": curve.points(),
            "exponents": curve.exponents(),
            "bends_from": curve.bend(),
        })
    });
    let figures: Vec<Value> = figures.collect();
    json!({ "axis": axis.name(), "figures": figures }).to_string()
}
