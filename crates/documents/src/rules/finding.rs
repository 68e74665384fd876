//! A finding, and the rule that made it.

use std::fmt;

/// What a finding means for a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Wrong: the document is stored and shared as it is, but not fit to be published.
    Error,
    /// Doubtful or missing: a flag for whoever looks after the document.
    Warning,
}

impl Severity {
    /// The word in answers to programs.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// What is looked for, and what is said when it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Stable: programs and people refer to it. Never reused for another meaning.
    pub code: &'static str,
    pub severity: Severity,
    /// What is wrong and what to do, in Thai.
    pub th: &'static str,
    /// The same in English.
    pub en: &'static str,
}

/// What is wrong or doubtful at one place of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    /// That of the rule, or the flag that a person has set.
    pub code: String,
    /// Encoded path of the field; empty when it is the document as a whole.
    pub path: String,
    pub th: String,
    pub en: String,
}

impl Rule {
    /// The finding that this rule is broken at a path.
    pub(super) fn at(&self, path: &str) -> Finding {
        Finding {
            severity: self.severity,
            code: self.code.to_owned(),
            path: path.to_owned(),
            th: self.th.to_owned(),
            en: self.en.to_owned(),
        }
    }

    /// As [`at`](Rule::at), with the values that show it. Never those of a rule about people.
    pub(super) fn shown_by(&self, path: &str, values: impl fmt::Display) -> Finding {
        Finding {
            th: format!("{} ({values})", self.th),
            en: format!("{} ({values})", self.en),
            ..self.at(path)
        }
    }
}

/// A rule whose breach stops publication.
pub(super) const fn error(code: &'static str, th: &'static str, en: &'static str) -> Rule {
    Rule {
        code,
        severity: Severity::Error,
        th,
        en,
    }
}

/// A rule whose breach is a flag.
pub(super) const fn warning(code: &'static str, th: &'static str, en: &'static str) -> Rule {
    Rule {
        severity: Severity::Warning,
        ..error(code, th, en)
    }
}
