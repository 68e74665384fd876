//! The log of a node, which it writes as JSON lines into a file.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// Lines of a log that are shown when a test fails.
const TAIL_LINES: usize = 60;

/// A log file; it may not exist yet.
#[derive(Clone, Debug)]
pub struct Log {
    path: PathBuf,
}

impl Log {
    pub(crate) fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// Everything that was logged so far, over all starts of the node.
    pub fn text(&self) -> String {
        let bytes = std::fs::read(&self.path).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Whether a line contains all of `words`.
    pub fn says(&self, words: &[&str]) -> bool {
        self.text()
            .lines()
            .any(|line| words.iter().all(|word| line.contains(word)))
    }

    /// The lines that a person would have to act on, and whatever is no log line at all: a panic
    /// prints such lines.
    pub fn errors(&self) -> Vec<String> {
        self.text()
            .lines()
            .filter(|line| is_error(line))
            .map(str::to_owned)
            .collect()
    }

    /// The end of the log, for people.
    pub fn tail(&self) -> String {
        let text = self.text();
        let lines: Vec<_> = text.lines().collect();
        let from = lines.len().saturating_sub(TAIL_LINES);
        lines[from..].join("\n")
    }
}

fn is_error(line: &str) -> bool {
    match serde_json::from_str::<Value>(line) {
        Ok(fields) => fields["level"] == "ERROR",
        // A process that is killed may leave half a line.
        Err(_) => !line.starts_with('{') && !line.trim().is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_and_a_panic_are_errors_and_half_a_line_is_not() {
        assert!(is_error(
            r#"{"level":"ERROR","fields":{"message":"store is full"}}"#
        ));
        assert!(is_error("thread 'main' panicked at src/main.rs:1:1:"));
        assert!(!is_error(
            r#"{"level":"INFO","fields":{"message":"ERROR is only a word"}}"#
        ));
        assert!(!is_error(r#"{"level":"INFO","fie"#));
        assert!(!is_error(""));
    }
}
