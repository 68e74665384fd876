//! What a report says about a file: where, what was there, and what was expected.

use crate::cell::{Cell, column_letters};
use crate::import::draft::Row;
use crate::language::Language;
use crate::value::Expected;

/// How much a remark matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The row was left out.
    Error,
    /// Worth a look; nothing was left out but what the remark names.
    Warning,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Which sheet of the file, from 0.
    pub index: usize,
    /// The name of the sheet.
    pub sheet: String,
    /// From 1; `None`: the whole sheet.
    pub row: Option<u32>,
    /// From 0; `None`: the whole row.
    pub column: Option<usize>,
}

impl Place {
    /// `B7`, `7` for a whole row, empty for a sheet.
    pub fn cell(&self) -> String {
        let letters = self.column.map(column_letters).unwrap_or_default();
        let row = self.row.map(|row| row.to_string()).unwrap_or_default();
        format!("{letters}{row}")
    }
}

/// One thing that is wrong or doubtful in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    pub severity: Severity,
    pub place: Place,
    /// What stands there; empty where nothing does.
    pub found: String,
    th: Box<str>,
    en: Box<str>,
}

impl Remark {
    /// What is wrong and what is expected there.
    pub fn text(&self, language: Language) -> &str {
        language.pick(&self.th, &self.en)
    }

    pub(super) fn order(&self) -> (Place, Severity) {
        (self.place.clone(), self.severity)
    }

    pub(super) fn error(place: Place, cell: &Cell, th: &str, en: &str) -> Remark {
        Remark {
            severity: Severity::Error,
            place,
            found: cell.shown(),
            th: th.into(),
            en: en.into(),
        }
    }

    pub(super) fn warning(place: Place, found: &str, th: &str, en: &str) -> Remark {
        Remark {
            severity: Severity::Warning,
            place,
            found: found.to_owned(),
            th: th.into(),
            en: en.into(),
        }
    }

    pub(super) fn unexpected(place: Place, cell: &Cell, expected: &Expected) -> Remark {
        let th = format!("ต้องเป็น{}", expected.th);
        let en = format!("expected {}", expected.en);
        Remark::error(place, cell, &th, &en)
    }
}

pub(super) fn document_missing(row: &Row) -> Remark {
    Remark::error(
        row.place(0),
        &Cell::text(row.document.as_str()),
        "ไม่มีเอกสารนี้ในพื้นที่ข้อมูล และไม่มีแถวของเอกสารนี้ในไฟล์",
        "the space has no such document, and the file has no sound row for it",
    )
}
