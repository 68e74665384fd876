//! What was measured, for people and for programs.

use std::time::Duration;

use serde_json::{Map, Value, json};

/// A list of figures with their units, and of claims that they support or not.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    lines: Vec<Line>,
}

#[derive(Debug)]
enum Line {
    Heading(&'static str),
    Figure {
        key: &'static str,
        label: &'static str,
        value: f64,
        unit: &'static str,
    },
    Claim {
        key: &'static str,
        text: String,
        holds: bool,
    },
}

impl Figures {
    pub(crate) fn heading(&mut self, text: &'static str) {
        self.lines.push(Line::Heading(text));
    }

    /// A figure; `key` is part of the interface for programs.
    pub(crate) fn add(
        &mut self,
        key: &'static str,
        label: &'static str,
        value: f64,
        unit: &'static str,
    ) {
        self.lines.push(Line::Figure {
            key,
            label,
            value,
            unit,
        });
    }

    pub(crate) fn claim(&mut self, key: &'static str, text: String, holds: bool) {
        self.lines.push(Line::Claim { key, text, holds });
    }

    pub(crate) fn claims_hold(&self) -> bool {
        self.lines
            .iter()
            .all(|line| !matches!(line, Line::Claim { holds: false, .. }))
    }

    /// One JSON object in one line.
    pub(crate) fn json(&self) -> String {
        let mut object = Map::new();
        for line in &self.lines {
            match line {
                Line::Heading(_) => {}
                Line::Figure { key, value, .. } => {
                    object.insert((*key).to_owned(), number(*value));
                }
                Line::Claim { key, holds, .. } => {
                    object.insert((*key).to_owned(), json!(holds));
                }
            }
        }
        Value::Object(object).to_string()
    }

    pub(crate) fn table(&self) -> String {
        let lines = self.lines.iter().map(|line| match line {
            Line::Heading(text) => format!("\n{text}"),
            Line::Figure {
                label, value, unit, ..
            } => {
                format!("  {label:<44} {:>14} {unit}", readable(*value))
            }
            Line::Claim { text, holds, .. } => {
                format!("  {} {text}", if *holds { "holds:" } else { "BROKEN:" })
            }
        });
        lines.collect::<Vec<_>>().join("\n").trim_start().to_owned()
    }
}

/// A count as a figure.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of a measurement are far below 2^52"
)]
pub(crate) fn count(value: u64) -> f64 {
    value as f64
}

/// A time as a figure.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Whole numbers without a fraction, others with three digits of it.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 {
        return Value::from(format!("{value:.0}").parse::<u64>().unwrap());
    }
    json!((value * 1_000.0).round() / 1_000.0)
}

/// With separators between thousands; small numbers with their fraction, the smaller the more of it.
pub(crate) fn readable(value: f64) -> String {
    if value.fract() != 0.0 && value < 0.1 {
        return format!("{value:.4}");
    }
    if value.fract() != 0.0 && value < 100.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
