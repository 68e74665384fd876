//! Cells and tables: what a spreadsheet holds, whatever its format.

use phaki_documents::date::Date;

use crate::limits::CELL_UNITS_MAX;

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Cell {
    #[default]
    Empty,
    Text(String),
    /// A plain decimal number, such as `1600000.00`.
    Number(String),
    /// A cell that a spreadsheet program shows as a date; only read, never written.
    Date(Date),
    /// Anything else, by what the program shows, such as `#REF!`.
    Strange(String),
}

impl Cell {
    /// A cell with this text, empty when the text is.
    pub fn text(text: impl Into<String>) -> Cell {
        let text = text.into();
        match text.is_empty() {
            true => Cell::Empty,
            false => Cell::Text(text),
        }
    }

    /// What a person sees in it.
    pub fn shown(&self) -> String {
        match self {
            Cell::Empty => String::new(),
            Cell::Text(text) | Cell::Number(text) | Cell::Strange(text) => text.clone(),
            Cell::Date(date) => date.to_string(),
        }
    }

    /// True when nothing but spaces is in it.
    pub fn is_blank(&self) -> bool {
        match self {
            Cell::Empty => true,
            Cell::Text(text) => text.trim().is_empty(),
            Cell::Number(_) | Cell::Date(_) | Cell::Strange(_) => false,
        }
    }
}

/// What the cells below a heading are, for their look and for programs that read the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Text, so that a code keeps its leading zeros when somebody edits it.
    Text,
    /// Whole numbers.
    Number,
    /// Baht with two decimals.
    Baht,
    /// For the reader alone; what is in it is computed.
    Computed,
}

/// One sheet, ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Name for a file: `plan.strategies`.
    pub name: String,
    /// Name for a person: `แผน-ยุทธศาสตร์`.
    pub title: String,
    pub columns: Vec<(String, Style)>,
    pub rows: Vec<Vec<Cell>>,
}

/// The filled cells of a row, by their column from 0, ascending.
pub type Cells = Vec<(usize, Cell)>;

/// The cell of a row in a column.
pub fn cell_at(cells: &Cells, column: usize) -> &Cell {
    let found = cells.binary_search_by_key(&column, |(column, _)| *column);
    found
        .ok()
        .and_then(|at| cells.get(at))
        .map_or(&Cell::Empty, |(_, cell)| cell)
}

/// One sheet as it was read: rows of cells, the heading first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sheet {
    pub name: String,
    /// Rows by their number in the file, from 1; blank ones left out.
    pub rows: Vec<(u32, Cells)>,
    /// First and last row, from 1, of what was merged, with its name such as `B2:C4`.
    pub merged: Vec<(u32, u32, String)>,
}

/// The letters of a column, from 0: `A`, `Z`, `AA`.
pub fn column_letters(index: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = index + 1;
    while rest > 0 {
        let letter = u8::try_from((rest - 1) % 26).unwrap_or_default();
        letters.push(char::from(b'A' + letter));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}

/// True when a cell of a workbook can hold the text and gives it back unchanged: XML knows no
/// control characters and folds carriage returns, and workbooks read `_x0041_` as a character.
pub(crate) fn is_storable(text: &str) -> bool {
    let plain = |c: char| !(c.is_control() && c != '\n') && c != '\u{fffe}' && c != '\u{ffff}';
    text.chars().all(plain) && !text.contains("_x") && fits(text)
}

/// True when the text is not too long for a cell.
pub(crate) fn fits(text: &str) -> bool {
    // A text of few bytes need not be counted.
    text.len() <= CELL_UNITS_MAX || text.encode_utf16().count() <= CELL_UNITS_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_as_spreadsheets_do() {
        for (index, letters) in [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")] {
            assert_eq!(column_letters(index), letters);
        }
    }

    #[test]
    fn texts_that_a_workbook_would_change_are_known() {
        assert!(is_storable("ข้อความ\nสองบรรทัด"));
        for text in ["a\rb", "a\u{1}", "_x0041_", "\u{ffff}"] {
            assert!(!is_storable(text), "{text:?}");
        }
        assert!(!is_storable(&"x".repeat(40_000)));
        assert!(fits(&"ก".repeat(CELL_UNITS_MAX)));
    }
}
