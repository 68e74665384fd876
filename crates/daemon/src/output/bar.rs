//! How far a command is that takes long: a bar on the standard error, on a terminal only.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Language;

/// What a command that is over sooner shows nothing of.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bar that vanishes when it is dropped. Only what has really been done moves it.
#[derive(Debug)]
pub(crate) struct Bar {
    bar: ProgressBar,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Documents,
    Bytes,
}

impl Bar {
    /// A bar for so many units.
    pub(crate) fn new(what: &str, total: u64, unit: Unit, language: Language) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        let counts = match unit {
            Unit::Documents => "{human_pos}/{human_len}",
            Unit::Bytes => "{binary_bytes}/{binary_total_bytes}",
        };
        let left = language.pick("เหลืออีก", "left");
        let template = format!("{{msg}} [{{bar:30}}] {counts} {{percent}}% {left} {{eta}}");
        // A template that cannot be read is only a less fitting bar.
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(what.to_owned());
        Self { bar }
    }

    /// So many units are done.
    pub(crate) fn at(&self, done: u64) {
        if self.bar.elapsed() >= PATIENCE {
            self.bar
                .set_position(done.min(self.bar.length().unwrap_or(done)));
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A bar of text, twenty columns wide, with the share in percent.
pub(crate) fn text(done: u64, total: u64) -> String {
    const WIDTH: u64 = 20;
    let total = total.max(1);
    let part = |whole: u64| {
        let part = u128::from(done.min(total)) * u128::from(whole) / u128::from(total);
        u64::try_from(part).unwrap_or(whole)
    };
    let full = usize::try_from(part(WIDTH)).unwrap_or(0);
    let width = usize::try_from(WIDTH).unwrap_or(0);
    format!("[{:<width$}] {}%", "=".repeat(full), part(100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_of_text_is_full_only_when_all_is_done() {
        assert_eq!(text(0, 0), "[                    ] 0%");
        assert_eq!(text(999, 1_000), "[=================== ] 99%");
        assert_eq!(text(7, 7), "[====================] 100%");
    }
}
