//! CSV as Excel reads and writes it: RFC 4180, UTF-8 with a byte-order mark.
//!
//! A text that a spreadsheet program would take for a formula gets an apostrophe in front, which
//! is taken away again when the file is read.

use csv::{ReaderBuilder, Terminator, WriterBuilder};
use thiserror::Error;

use crate::cell::{Cell, Cells, Sheet, Table};
use crate::limits::{CELLS_MAX, COLUMNS_MAX, FILE_BYTES_MAX, ROWS_MAX};

const BYTE_ORDER_MARK: &str = "\u{feff}";
/// A text that begins with one of these is a formula to a spreadsheet program.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];
const GUARD: char = '\'';

/// Why a text is no CSV file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadError {
    #[error("the file has {bytes} bytes and {FILE_BYTES_MAX} are allowed: import it in parts")]
    FileTooLarge { bytes: usize },
    #[error("the file is not in UTF-8 (byte {at}); save it as \"CSV UTF-8\"")]
    NotUtf8 { at: usize },
    #[error(
        "the file has more than {ROWS_MAX} rows, {COLUMNS_MAX} columns or {CELLS_MAX} filled \
         cells: import it in parts"
    )]
    TooMuch,
    #[error("row {row} is no CSV")]
    Malformed { row: usize },
}

/// A table as CSV.
///
/// # Errors
/// Never in practice: memory takes all that is written.
pub fn write(table: &Table) -> Result<Vec<u8>, csv::Error> {
    let bytes = BYTE_ORDER_MARK.as_bytes().to_vec();
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(bytes);
    writer.write_record(table.columns.iter().map(|(heading, _)| guarded(heading)))?;
    for row in &table.rows {
        writer.write_record(row.iter().map(|cell| match cell {
            Cell::Number(number) => number.clone(),
            Cell::Empty | Cell::Text(_) | Cell::Date(_) | Cell::Strange(_) => {
                guarded(&cell.shown())
            }
        }))?;
    }
    writer
        .into_inner()
        .map_err(|error| error.into_error().into())
}

/// The sheet in a CSV file, parted by commas, semicolons or tabs, as the first line has them.
///
/// # Errors
/// When it is too large, or not in UTF-8.
pub fn read(name: &str, bytes: &[u8]) -> Result<Sheet, ReadError> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(ReadError::FileTooLarge { bytes: bytes.len() });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| ReadError::NotUtf8 {
        at: error.valid_up_to(),
    })?;
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(text))
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    let mut filled = 0;
    for (index, record) in reader.records().enumerate() {
        let record = record.map_err(|_| ReadError::Malformed { row: index + 1 })?;
        let cells: Cells = record
            .iter()
            .enumerate()
            .map(|(column, text)| (column, Cell::text(unguarded(text))))
            .filter(|(_, cell)| !cell.is_blank())
            .collect();
        filled += cells.len();
        let row = u32::try_from(index + 1).map_err(|_| ReadError::TooMuch)?;
        if index >= ROWS_MAX || record.len() > COLUMNS_MAX || filled > CELLS_MAX {
            return Err(ReadError::TooMuch);
        }
        if !cells.is_empty() {
            rows.push((row, cells));
        }
    }
    Ok(Sheet {
        name: name.to_owned(),
        rows,
        merged: Vec::new(),
    })
}

/// What parts the cells of the first line; texts in quotation marks do not count.
fn delimiter(text: &str) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for byte in text.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            byte if !quoted => {
                for (delimiter, count) in &mut counts {
                    *count += usize::from(*delimiter == byte);
                }
            }
            _ => {}
        }
    }
    // The first of equals, so that a file of one column has commas.
    counts
        .iter()
        .rev()
        .max_by_key(|(_, count)| *count)
        .map_or(b',', |(delimiter, _)| *delimiter)
}

fn guarded(text: &str) -> String {
    match is_formula(text.trim_start_matches(GUARD)) && !is_number(text) {
        true => format!("{GUARD}{text}"),
        false => text.to_owned(),
    }
}

fn unguarded(text: &str) -> &str {
    match text.strip_prefix(GUARD) {
        Some(rest) if is_formula(rest.trim_start_matches(GUARD)) => rest,
        _ => text,
    }
}

fn is_formula(text: &str) -> bool {
    text.starts_with(FORMULA)
}

/// A negative number is harmless and stays as it is.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or_default();
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::{Style, cell_at};
    use proptest::prelude::*;

    fn written(cell: Cell) -> String {
        let table = Table {
            name: "plan".to_owned(),
            title: "แผน".to_owned(),
            columns: vec![("ชื่อ".to_owned(), Style::Text)],
            rows: vec![vec![cell]],
        };
        String::from_utf8(write(&table).unwrap()).unwrap()
    }

    #[test]
    fn a_file_begins_with_a_byte_order_mark_and_ends_its_lines_as_the_standard_says() {
        assert_eq!(written(Cell::text("ก,ข")), "\u{feff}ชื่อ\r\n\"ก,ข\"\r\n");
    }

    #[test]
    fn a_text_is_never_a_formula() {
        for text in ["=1+1", "+66", "-a", "@x", "\tx", "'=1", "=HYPERLINK(\"x\")"] {
            let file = written(Cell::text(text));
            let line = file.lines().nth(1).unwrap().trim_start_matches('"');
            assert!(line.starts_with('\''), "{line}");
        }
        assert_eq!(written(Cell::text("-0.5")).lines().nth(1), Some("-0.5"));
        assert_eq!(written(Cell::text("'a")).lines().nth(1), Some("'a"));
    }

    #[test]
    fn files_with_semicolons_or_tabs_are_read_too() {
        for text in ["ก;ข\n1;2,5\n", "ก\tข\n1\t2,5\n", "ก,ข\r\n1,\"2,5\"\r\n"] {
            let sheet = read("x", text.as_bytes()).unwrap();
            assert_eq!(sheet.rows[1].1[1], (1, Cell::text("2,5")), "{text}");
        }
    }

    #[test]
    fn what_is_no_csv_is_refused_with_its_place() {
        assert_eq!(read("x", b"a\xff"), Err(ReadError::NotUtf8 { at: 1 }));
        let wide = ",".repeat(COLUMNS_MAX);
        assert_eq!(read("x", wide.as_bytes()), Err(ReadError::TooMuch));
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in "[ -~\u{e01}-\u{e3f}\r\n\t]{0,20}") {
            let sheet = read("x", written(Cell::text(text.as_str())).as_bytes()).unwrap();
            let read = sheet.rows.get(1).map_or(String::new(), |(_, cells)| cell_at(cells, 0).shown());
            prop_assert_eq!(if text.trim().is_empty() { String::new() } else { text }, read);
        }
    }
}
