//! Curves for people and for programs.

use serde_json::{Value, json};

use super::Axis;
use super::curve::{Curve, Curves};
use crate::figures::readable;

/// All axes, one below the other.
pub(super) fn table(axes: &[(Axis, Curves)]) -> String {
    let mut lines = Vec::new();
    for (axis, curves) in axes {
        let sizes = curves.by_quantity.values().next();
        let sizes = sizes.map(Curve::points).unwrap_or_default();
        let sizes: String = sizes
            .iter()
            .map(|(size, _)| format!("{size:>12}"))
            .collect();
        lines.push(format!(
            "{:<45}{sizes}   exponents      bends",
            axis.title()
        ));
        for quantity in &curves.quantities {
            let label = match quantity.unit {
                "" => quantity.label.to_owned(),
                unit => format!("{}, {unit}", quantity.label),
            };
            let curve = &curves.by_quantity[quantity];
            let values = curve.points().iter();
            let values: String = values
                .map(|(_, value)| format!("{:>12}", readable(*value)))
                .collect();
            let exponents: Vec<String> = { curve.exponents().into_iter() }
                .map(|power| format!("{power:.2}"))
                .collect();
            let bend = match curve.bend() {
                None => "no".to_owned(),
                Some(size) => format!("from {size} on"),
            };
            let exponents = exponents.join(" ");
            lines.push(format!("  {label:<43}{values}   {exponents:<14} {bend}"));
        }
        lines.push(String::new());
    }
    lines.join("\n")
}

/// One JSON object in one line.
pub(super) fn json(axes: &[(Axis, Curves)]) -> String {
    let axes = axes.iter().map(|(axis, curves)| {
        let quantities: Vec<Value> = { curves.quantities.iter() }
            .map(|quantity| {
                let curve = &curves.by_quantity[quantity];
                json!({
                    "figure": quantity.key,
                    "label": quantity.label,
                    "unit": quantity.unit,
                    "points": curve.points(),
                    "exponents": curve.exponents(),
                    "bends_from": curve.bend(),
                })
            })
            .collect();
        json!({ "axis": axis.name(), "figures": quantities })
    });
    json!({ "axes": axes.collect::<Vec<_>>() }).to_string()
}
