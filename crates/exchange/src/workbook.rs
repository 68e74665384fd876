//! XLSX: tables as a workbook, and a workbook as sheets.
//!
//! What is read may be hostile: a part that inflates beyond its limit, a cell in the last row of
//! a sheet, merged cells and formulas all end in a report, never in a large allocation.

mod reading;

use std::collections::BTreeSet;

use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, XlsxError,
};
use thiserror::Error;

use crate::cell::{Cell, Style, Table};
use crate::limits::SHEET_NAME_UNITS_MAX;

pub use reading::{ReadError, read};

/// Rows that decide how wide a column is.
const MEASURED_ROWS: usize = 50;
/// Characters of the narrowest and of the widest column.
const WIDTHS: (usize, usize) = (10, 48);

/// Why a workbook could not be written.
#[derive(Debug, Error)]
#[error("write sheet {sheet}")]
pub struct WriteError {
    sheet: String,
    #[source]
    source: XlsxError,
}

/// A workbook with a sheet for each table. Texts are text cells whatever they begin with, so that
/// none is taken for a formula or a number.
///
/// # Errors
/// When a table is larger than a sheet can be.
pub fn write(tables: &[Table]) -> Result<Vec<u8>, WriteError> {
    let mut workbook = Workbook::new();
    // The same documents make the same file, whenever that is.
    let made = DocProperties::new().set_creation_datetime(
        &ExcelDateTime::from_timestamp(0).map_err(|source| WriteError {
            sheet: "of all tables".to_owned(),
            source,
        })?,
    );
    workbook.set_properties(&made);
    let mut titles = BTreeSet::new();
    for table in tables {
        let failed = |source| WriteError {
            sheet: table.name.clone(),
            source,
        };
        let sheet = workbook.add_worksheet();
        let title = free_title(table, &mut titles);
        sheet.set_name(title).map_err(failed)?;
        fill(sheet, table).map_err(failed)?;
    }
    workbook.save_to_buffer().map_err(|source| WriteError {
        sheet: "of all tables".to_owned(),
        source,
    })
}

/// The title of a tab; the name where another tab has the title, whatever the case.
fn free_title(table: &Table, taken: &mut BTreeSet<String>) -> String {
    let short = |text: &str| {
        text.chars()
            .take(SHEET_NAME_UNITS_MAX - 4)
            .collect::<String>()
    };
    let numbered = (2..).map(|number| format!("{} {number}", short(&table.name)));
    let mut choices = [table.title.clone(), short(&table.name)]
        .into_iter()
        .chain(numbered);
    choices
        .find(|title| taken.insert(title.to_lowercase()))
        .unwrap_or_default()
}

fn fill(sheet: &mut rust_xlsxwriter::Worksheet, table: &Table) -> Result<(), XlsxError> {
    let heading = Format::new()
        .set_bold()
        .set_text_wrap()
        .set_align(FormatAlign::Top)
        .set_background_color(Color::RGB(0x00DD_EBF7));
    for (index, (name, style)) in table.columns.iter().enumerate() {
        let column = u16::try_from(index).map_err(|_| XlsxError::RowColumnLimitError)?;
        let format = format_of(*style);
        sheet.set_column_format(column, &format)?;
        sheet.set_column_width(column, width(table, index))?;
        sheet.write_string_with_format(0, column, name, &heading)?;
        for (index, cells) in table.rows.iter().enumerate() {
            let row = u32::try_from(index + 1).map_err(|_| XlsxError::RowColumnLimitError)?;
            let cell = cells.get(usize::from(column)).unwrap_or(&Cell::Empty);
            write_cell(sheet, row, column, cell, &format)?;
        }
    }
    sheet.set_freeze_panes(1, 1)?;
    if let Some(last) = table.columns.len().checked_sub(1) {
        let rows = u32::try_from(table.rows.len()).map_err(|_| XlsxError::RowColumnLimitError)?;
        let last = u16::try_from(last).map_err(|_| XlsxError::RowColumnLimitError)?;
        sheet.autofilter(0, 0, rows, last)?;
    }
    Ok(())
}

fn write_cell(
    sheet: &mut rust_xlsxwriter::Worksheet,
    row: u32,
    column: u16,
    cell: &Cell,
    format: &Format,
) -> Result<(), XlsxError> {
    match cell {
        Cell::Empty => {}
        Cell::Number(number) => match number.parse::<f64>() {
            Ok(parsed) => {
                sheet.write_number_with_format(row, column, parsed, format)?;
            }
            Err(_) => {
                sheet.write_string_with_format(row, column, number, format)?;
            }
        },
        Cell::Text(_) | Cell::Date(_) | Cell::Strange(_) => {
            sheet.write_string_with_format(row, column, cell.shown(), format)?;
        }
    }
    Ok(())
}

fn format_of(style: Style) -> Format {
    let format = Format::new().set_align(FormatAlign::Top);
    match style {
        Style::Text => format.set_num_format("@").set_text_wrap(),
        Style::Number => format.set_num_format("0"),
        Style::Baht => format.set_num_format("#,##0.00"),
        Style::Computed => format
            .set_num_format("@")
            .set_text_wrap()
            .set_font_color(Color::RGB(0x0060_6060)),
    }
}

fn width(table: &Table, column: usize) -> u32 {
    let lengths = table
        .rows
        .iter()
        .take(MEASURED_ROWS)
        .filter_map(|row| row.get(column));
    let longest = lengths
        .map(|cell| cell.shown().chars().count())
        .max()
        .unwrap_or(0);
    let (least, most) = WIDTHS;
    u32::try_from(longest.clamp(least, most)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
