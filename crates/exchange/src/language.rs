//! The language of headings, marks and reports.

use phaki_documents::schema::Label;

/// A language in which files are written; both are understood in every file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Thai,
    English,
}

impl Language {
    /// Both, the one of officers first.
    pub const ALL: [Language; 2] = [Language::Thai, Language::English];

    /// The one of two texts that is in this language.
    pub fn pick<T>(self, thai: T, english: T) -> T {
        match self {
            Language::Thai => thai,
            Language::English => english,
        }
    }

    pub(crate) fn label(self, label: Label) -> &'static str {
        self.pick(label.th, label.en)
    }
}
