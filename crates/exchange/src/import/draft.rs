//! A file as rows of fields: which sheet is which, and what each column means.

use std::collections::BTreeSet;

use phaki_documents::Kind;

use super::remark::{Place, Remark};
use crate::cell::{Cell, Cells, Sheet, cell_at};
use crate::heading::{self, Column};
use crate::layout::SheetId;
use crate::value::Wanted;

/// The rows of a file, not yet held against documents.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// Documents before their entries, entries before theirs.
    pub(super) rows: Vec<Row>,
    pub(super) remarks: Vec<Remark>,
}

/// One row that is to become edits.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) sheet: SheetId,
    index: usize,
    name: String,
    number: u32,
    /// What stands in the column of ids.
    pub(super) document: String,
    /// What stands in the columns of keys, by level; with the column.
    pub(super) keys: Vec<(String, usize)>,
    pub(super) fields: Vec<FieldCell>,
}

/// A cell with the field that it is for.
#[derive(Debug, Clone)]
pub(super) struct FieldCell {
    pub(super) field: String,
    pub(super) column: usize,
    pub(super) cell: Cell,
    /// The same date in the column beside it.
    pub(super) buddhist: Option<(usize, Cell)>,
}

impl Row {
    /// The place of a cell of this row.
    pub(super) fn place(&self, column: usize) -> Place {
        Place {
            index: self.index,
            sheet: self.name.clone(),
            row: Some(self.number),
            column: Some(column),
        }
    }

    /// The cell of a field.
    pub(super) fn cell(&self, field: &str) -> Option<&FieldCell> {
        self.fields.iter().find(|cell| cell.field == field)
    }
}

impl Draft {
    /// Reads the sheets of a file. A sheet says by the heading of its ids, or else by its name,
    /// what it holds; one that says neither is left out with a remark.
    pub fn of(sheets: &[Sheet]) -> Draft {
        let mut draft = Draft::default();
        for (index, sheet) in sheets.iter().enumerate() {
            draft.sheet(index, sheet);
        }
        draft.rows.sort_by_key(|row| row.sheet.levels.len());
        draft
    }

    /// The kinds of documents in the file.
    pub fn kinds(&self) -> BTreeSet<Kind> {
        self.rows.iter().map(|row| row.sheet.kind).collect()
    }

    fn sheet(&mut self, index: usize, sheet: &Sheet) {
        let place = |row, column| Place {
            index,
            sheet: sheet.name.clone(),
            row,
            column,
        };
        let Some(((top, head), rows)) = sheet.rows.split_first() else {
            return;
        };
        let headings = headings(head);
        let Some(id) = heading::sheet_of(&headings).or_else(|| SheetId::from_title(&sheet.name))
        else {
            self.remarks.push(Remark::warning(
                place(None, None),
                &sheet.name,
                "ไม่รู้ว่าแผ่นงานนี้เป็นข้อมูลชนิดใด จึงข้ามไป: ให้หัวคอลัมน์แรกเป็นเช่น รหัสเอกสาร [plan]",
                "what this sheet holds is not known, so it was left out: let its first heading be \
                 such as Document id [plan]",
            ));
            return;
        };
        let columns = self.columns(&id, &headings, |column| place(Some(*top), Some(column)));
        for (number, cells) in rows {
            let within = |(first, last, _): &&(u32, u32, String)| (*first..=*last).contains(number);
            if let Some((_, _, name)) = sheet.merged.iter().find(within) {
                self.remarks.push(Remark::error(
                    place(Some(*number), None),
                    &Cell::text(name.as_str()),
                    "แถวนี้มีเซลล์ที่ผสานไว้ ให้ยกเลิกการผสานแล้วใส่ค่าในทุกเซลล์",
                    "cells of this row are merged: unmerge them and fill in every cell",
                ));
                continue;
            }
            let row = row(&id, (index, &sheet.name, *number), &columns, cells);
            let says_something = row.fields.iter().any(|field| !field.cell.is_blank())
                || row.fields.iter().any(|field| field.buddhist.is_some());
            if says_something || !row.document.is_empty() {
                self.rows.push(row);
            }
        }
    }

    /// What each column means; those that mean nothing or the same as another are remarked.
    fn columns(
        &mut self,
        sheet: &SheetId,
        headings: &[String],
        place: impl Fn(usize) -> Place,
    ) -> Vec<(usize, Column)> {
        let mut seen = BTreeSet::new();
        let mut columns = Vec::new();
        for (column, meaning) in heading::meanings(sheet, headings).into_iter().enumerate() {
            let found = &headings[column];
            match meaning {
                Some(meaning) if seen.insert(meaning.clone()) => columns.push((column, meaning)),
                Some(_) => self.remarks.push(Remark::warning(
                    place(column),
                    found,
                    "คอลัมน์นี้ซ้ำกับคอลัมน์ก่อนหน้า จึงข้ามไป",
                    "this column is there already, so it was left out",
                )),
                None if found.trim().is_empty() => {}
                None => self.remarks.push(Remark::warning(
                    place(column),
                    found,
                    "ไม่รู้จักหัวคอลัมน์นี้ จึงข้ามไป: ฟิลด์ใหม่เขียนเป็น [ชื่อฟิลด์]",
                    "this heading is not known, so the column was left out: a new field is \
                     written as [name_of_field]",
                )),
            }
        }
        columns
    }
}

/// The headings by their column.
fn headings(cells: &Cells) -> Vec<String> {
    let last = cells.last().map_or(0, |(column, _)| column + 1);
    (0..last)
        .map(|column| cell_at(cells, column).shown())
        .collect()
}

fn row(
    sheet: &SheetId,
    (index, name, number): (usize, &str, u32),
    columns: &[(usize, Column)],
    cells: &Cells,
) -> Row {
    let mut row = Row {
        sheet: sheet.clone(),
        index,
        name: name.to_owned(),
        number,
        document: String::new(),
        keys: vec![(String::new(), 0); sheet.levels.len()],
        fields: Vec::new(),
    };
    for (column, meaning) in columns {
        let cell = cell_at(cells, *column);
        match meaning {
            Column::Document => row.document = cell.shown().trim().to_owned(),
            Column::Key(level) => {
                if let Some(key) = row.keys.get_mut(*level) {
                    *key = (key_in(cell), *column);
                }
            }
            Column::Field(field) => row.fields.push(FieldCell {
                field: field.clone(),
                column: *column,
                cell: cell.clone(),
                buddhist: None,
            }),
            Column::Buddhist(_) | Column::Conflicts => {}
        }
    }
    for (column, meaning) in columns {
        let cell = cell_at(cells, *column);
        let Column::Buddhist(field) = meaning else {
            continue;
        };
        if cell.is_blank() {
            continue;
        }
        match row.fields.iter_mut().find(|known| known.field == *field) {
            Some(known) => known.buddhist = Some((*column, cell.clone())),
            None => row.fields.push(FieldCell {
                field: field.clone(),
                column: *column,
                cell: cell.clone(),
                buddhist: None,
            }),
        }
    }
    row
}

/// The key in a cell; awkward ones were written as JSON.
fn key_in(cell: &Cell) -> String {
    let text = Some(phaki_documents::schema::FieldType::ShortText);
    match crate::value::decode(cell, text, &crate::value::Names::new()) {
        Ok(Wanted::Value(serde_json::Value::String(key))) => key,
        _ => cell.shown(),
    }
}
