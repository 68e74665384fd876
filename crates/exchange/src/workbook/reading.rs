//! Sheets of a workbook that anybody may have made.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, Reader, Xlsx, XlsxError};
use phaki_documents::date::Date;
use thiserror::Error;
use zip::ZipArchive;

use crate::cell::{Cell, Cells, Sheet, column_letters};
use crate::limits::{
    CELLS_MAX, COLUMNS_MAX, EXACT_DIGITS_MAX, FILE_BYTES_MAX, INFLATED_BYTES_MAX, PARTS_MAX,
    ROWS_MAX, SHEETS_MAX, TEXT_BYTES_MAX,
};

/// Days from 30 December 1899, from which spreadsheets count, to 1 January 1970.
const EPOCH_DAYS: i64 = 25_569;

/// Why a workbook could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadError {
    #[error("the file has {bytes} bytes and {FILE_BYTES_MAX} are allowed: import it in parts")]
    FileTooLarge { bytes: usize },
    #[error("this is no XLSX workbook; save it as .xlsx, without a password")]
    NotAWorkbook,
    #[error("the workbook has {parts} parts and {PARTS_MAX} are allowed")]
    TooManyParts { parts: usize },
    #[error("the workbook inflates to more than {INFLATED_BYTES_MAX} bytes: import it in parts")]
    TooInflated,
    #[error("the workbook has {sheets} sheets and {SHEETS_MAX} are allowed")]
    TooManySheets { sheets: usize },
    #[error("sheet {sheet} is damaged: open it and save it again")]
    Damaged { sheet: String },
    #[error(
        "sheet {sheet} has something in {cell}, beyond row {ROWS_MAX} or column {COLUMNS_MAX}: \
         delete the rows and columns that you do not need"
    )]
    TooWide { sheet: String, cell: String },
    #[error(
        "the file has more than {CELLS_MAX} filled cells or {TEXT_BYTES_MAX} bytes of text: \
         import it in parts"
    )]
    TooMuch,
}

/// The sheets of a workbook.
///
/// # Errors
/// When it is no workbook, is damaged, or is larger than a limit allows.
pub fn read(bytes: &[u8]) -> Result<Vec<Sheet>, ReadError> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(ReadError::FileTooLarge { bytes: bytes.len() });
    }
    weigh(bytes)?;
    // The reader is a library over arbitrary bytes: a slip in it must not end the program.
    catch_unwind(AssertUnwindSafe(|| sheets(bytes))).unwrap_or(Err(ReadError::NotAWorkbook))
}

/// Inflates all parts without keeping them: what a part claims about its size is not believed.
fn weigh(bytes: &[u8]) -> Result<(), ReadError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| ReadError::NotAWorkbook)?;
    if archive.len() > PARTS_MAX {
        return Err(ReadError::TooManyParts {
            parts: archive.len(),
        });
    }
    let mut left = INFLATED_BYTES_MAX;
    for index in 0..archive.len() {
        let part = archive
            .by_index(index)
            .map_err(|_| ReadError::NotAWorkbook)?;
        let read = io::copy(&mut part.take(left + 1), &mut io::sink());
        let read = read.map_err(|_| ReadError::NotAWorkbook)?;
        left = left.checked_sub(read).ok_or(ReadError::TooInflated)?;
    }
    Ok(())
}

fn sheets(bytes: &[u8]) -> Result<Vec<Sheet>, ReadError> {
    let mut workbook: Xlsx<_> =
        Xlsx::new(Cursor::new(bytes)).map_err(|_: XlsxError| ReadError::NotAWorkbook)?;
    let names = workbook.sheet_names();
    if names.len() > SHEETS_MAX {
        return Err(ReadError::TooManySheets {
            sheets: names.len(),
        });
    }
    let mut room = Room {
        cells: CELLS_MAX,
        bytes: TEXT_BYTES_MAX,
    };
    names
        .into_iter()
        .map(|name| sheet(&mut workbook, name, &mut room))
        .collect()
}

/// What all sheets together may still hold.
struct Room {
    cells: usize,
    bytes: usize,
}

fn sheet(
    workbook: &mut Xlsx<Cursor<&[u8]>>,
    name: String,
    room: &mut Room,
) -> Result<Sheet, ReadError> {
    let damaged = |_: XlsxError| ReadError::Damaged {
        sheet: name.clone(),
    };
    let merged = workbook.merge_cells_by_sheet_name(&name).map_err(damaged)?;
    let mut cells = workbook.worksheet_cells_reader(&name).map_err(damaged)?;
    let mut rows: BTreeMap<u32, Cells> = BTreeMap::new();
    while let Some(found) = cells.next_cell().map_err(damaged)? {
        let cell = cell(found.get_value());
        if cell.is_blank() {
            continue;
        }
        let (row, column) = found.get_position();
        let index = usize::try_from(column).unwrap_or(usize::MAX);
        if index >= COLUMNS_MAX || usize::try_from(row).unwrap_or(usize::MAX) >= ROWS_MAX {
            let cell = format!("{}{}", column_letters(index), u64::from(row) + 1);
            return Err(ReadError::TooWide { sheet: name, cell });
        }
        room.cells = room.cells.checked_sub(1).ok_or(ReadError::TooMuch)?;
        let bytes = cell.shown().len();
        room.bytes = room.bytes.checked_sub(bytes).ok_or(ReadError::TooMuch)?;
        rows.entry(row + 1).or_default().push((index, cell));
    }
    for cells in rows.values_mut() {
        // A cell that is there twice counts as it stands last.
        cells.reverse();
        cells.sort_by_key(|(column, _)| *column);
        cells.dedup_by_key(|(column, _)| *column);
    }
    let merged = merged.iter().map(|area| {
        let ((top, left), (bottom, right)) = (area.start, area.end);
        let letters = |column: u32| column_letters(usize::try_from(column).unwrap_or_default());
        let (first, last) = (u64::from(top) + 1, u64::from(bottom) + 1);
        let name = format!("{}{first}:{}{last}", letters(left), letters(right));
        (top.saturating_add(1), bottom.saturating_add(1), name)
    });
    Ok(Sheet {
        merged: merged.collect(),
        rows: rows.into_iter().collect(),
        name,
    })
}

fn cell(data: &DataRef<'_>) -> Cell {
    match data {
        DataRef::Empty => Cell::Empty,
        DataRef::Int(number) => Cell::Number(number.to_string()),
        DataRef::Float(number) => Cell::Number(decimal(*number)),
        DataRef::String(text) => Cell::text(text.as_str()),
        DataRef::SharedString(text) => Cell::text(*text),
        DataRef::Bool(value) => Cell::text(value.to_string()),
        DataRef::DateTime(moment) => {
            let days = moment.as_f64();
            match (moment.is_datetime(), whole(days)) {
                (true, Some(days)) => match Date::from_days(days - EPOCH_DAYS) {
                    Some(date) => Cell::Date(date),
                    None => Cell::Strange(decimal(moment.as_f64())),
                },
                _ => Cell::Strange(decimal(days)),
            }
        }
        DataRef::DateTimeIso(text) => match Date::parse(text.get(..10).unwrap_or_default()) {
            Some(date)
                if text
                    .get(10..)
                    .is_none_or(|time| time.trim_matches(['T', '0', ':', '.', 'Z']).is_empty()) =>
            {
                Cell::Date(date)
            }
            _ => Cell::Strange(text.clone()),
        },
        DataRef::DurationIso(text) => Cell::Strange(text.clone()),
        DataRef::Error(error) => Cell::Strange(error.to_string()),
    }
}

/// The number with as many digits as the spreadsheet program itself shows, without an exponent.
fn decimal(number: f64) -> String {
    let rounded = format!("{number:.*e}", EXACT_DIGITS_MAX - 1);
    rounded.parse::<f64>().unwrap_or(number).to_string()
}

fn whole(number: f64) -> Option<i64> {
    let text = decimal(number);
    (number.fract() == 0.0).then(|| text.parse().ok()).flatten()
}
