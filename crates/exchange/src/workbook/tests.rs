//! Workbooks come back as they were written, and hostile ones are refused.

use std::io::{Cursor, Write};

use proptest::prelude::*;
use rust_xlsxwriter::{Formula, Worksheet};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::cell::cell_at;
use crate::limits::COLUMNS_MAX;

fn table(style: Style, cells: Vec<Cell>) -> Table {
    Table {
        name: "plan".to_owned(),
        title: "แผน".to_owned(),
        columns: vec![("ชื่อ".to_owned(), style)],
        rows: cells.into_iter().map(|cell| vec![cell]).collect(),
    }
}

fn written(sheet: impl FnOnce(&mut Worksheet)) -> Vec<u8> {
    let mut workbook = Workbook::new();
    sheet(workbook.add_worksheet());
    workbook.save_to_buffer().unwrap()
}

#[test]
fn texts_numbers_and_codes_come_back() {
    let cells = vec![
        Cell::text("=1+1"),
        Cell::text("009"),
        Cell::Number("1600000.05".to_owned()),
        Cell::Number("-9999999999999.99".to_owned()),
        Cell::text("บรรทัด\nสอง"),
    ];
    let bytes = write(&[table(Style::Text, cells.clone())]).unwrap();
    let sheets = read(&bytes).unwrap();
    assert_eq!(sheets[0].name, "แผน");
    let read: Vec<Cell> = sheets[0]
        .rows
        .iter()
        .skip(1)
        .map(|(_, row)| row[0].1.clone())
        .collect();
    assert_eq!(read, cells);
}

#[test]
fn the_same_tables_make_the_same_bytes() {
    let tables = [table(Style::Baht, vec![Cell::Number("1".to_owned())])];
    assert_eq!(write(&tables).unwrap(), write(&tables).unwrap());
}

#[test]
fn sheets_with_equal_titles_get_names_of_their_own() {
    let tables = [table(Style::Text, vec![]), table(Style::Text, vec![])];
    let names: Vec<String> = read(&write(&tables).unwrap())
        .unwrap()
        .into_iter()
        .map(|sheet| sheet.name)
        .collect();
    assert_eq!(names, ["แผน", "plan"]);
}

#[test]
fn formulas_count_by_their_result_and_errors_are_shown() {
    let bytes = written(|sheet| {
        sheet
            .write_formula(0, 0, Formula::new("=1+1").set_result("2"))
            .unwrap();
        sheet
            .write_formula(0, 1, Formula::new("=1/0").set_result("#DIV/0!"))
            .unwrap();
    });
    let sheets = read(&bytes).unwrap();
    let row = &sheets[0].rows[0].1;
    assert_eq!(cell_at(row, 0), &Cell::Number("2".to_owned()));
    assert_eq!(cell_at(row, 1), &Cell::Strange("#DIV/0!".to_owned()));
}

#[test]
fn dates_of_the_program_are_dates_and_sums_have_no_crumbs() {
    let bytes = written(|sheet| {
        let format = Format::new().set_num_format("yyyy-mm-dd");
        let date = rust_xlsxwriter::ExcelDateTime::parse_from_str("2023-11-22").unwrap();
        sheet
            .write_datetime_with_format(0, 0, &date, &format)
            .unwrap();
        sheet.write_number(0, 1, 0.1 + 0.2).unwrap();
    });
    let row = &read(&bytes).unwrap()[0].rows[0].1;
    assert_eq!(cell_at(row, 0).shown(), "2023-11-22");
    assert!(matches!(cell_at(row, 0), Cell::Date(_)));
    assert_eq!(cell_at(row, 1), &Cell::Number("0.3".to_owned()));
}

#[test]
fn merged_cells_are_named() {
    let bytes = written(|sheet| {
        sheet
            .merge_range(1, 1, 3, 2, "รวม", &Format::new())
            .unwrap();
    });
    assert_eq!(
        read(&bytes).unwrap()[0].merged,
        [(2, 4, "B2:C4".to_owned())]
    );
}

#[test]
fn a_cell_far_to_the_right_is_refused_and_far_below_costs_nothing() {
    let right = written(|sheet| {
        sheet
            .write_string(0, u16::try_from(COLUMNS_MAX).unwrap(), "x")
            .unwrap();
    });
    assert!(matches!(read(&right), Err(ReadError::TooWide { .. })));
    let below = written(|sheet| {
        sheet.write_string(1_048_575, 0, "x").unwrap();
    });
    assert_eq!(read(&below).unwrap()[0].rows.len(), 1);
}

#[test]
fn a_bomb_is_refused_for_what_it_inflates_to() {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive
        .start_file("xl/sharedStrings.xml", SimpleFileOptions::default())
        .unwrap();
    let block = vec![b' '; 1024 * 1024];
    for _ in 0..=crate::limits::INFLATED_BYTES_MAX / (1024 * 1024) {
        archive.write_all(&block).unwrap();
    }
    let bytes = archive.finish().unwrap().into_inner();
    assert!(bytes.len() < 1024 * 1024, "{}", bytes.len());
    assert_eq!(read(&bytes), Err(ReadError::TooInflated));
}

#[test]
fn what_is_no_workbook_is_refused() {
    assert_eq!(read(b""), Err(ReadError::NotAWorkbook));
    assert_eq!(read(b"PK\x03\x04 no zip"), Err(ReadError::NotAWorkbook));
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive
        .start_file("a.txt", SimpleFileOptions::default())
        .unwrap();
    let bytes = archive.finish().unwrap().into_inner();
    assert_eq!(read(&bytes), Err(ReadError::NotAWorkbook));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn damaged_workbooks_end_in_an_answer(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = write(&[table(Style::Text, vec![Cell::text("ก"), Cell::text("ข")])]).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _: Result<Vec<crate::cell::Sheet>, ReadError> = read(&bytes);
    }
}
