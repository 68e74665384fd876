//! Which document a row is about.
//!
//! A row names its document by id. A row without one is matched by its national codes, and else
//! gets an id that follows from what it says, so that the same row makes the same document
//! wherever and however often it is imported.

use std::collections::BTreeMap;

use phaki_documents::rules::SYSTEMS;
use phaki_documents::{DocumentId, Kind, schema};
use serde_json::Value;

use super::Present;
use super::draft::{Draft, Row};
use super::remark::Remark;
use crate::cell::Cell;
use crate::value::Names;

/// The coding system of ids that follow from the content of a row.
const BY_CONTENT: &str = "row";
/// Fields that tell documents of equal titles apart, besides the required ones.
const TELLING: [&str; 6] = ["number", "code", "fy_be", "plan", "parent", "activity"];
const TITLES: [&str; 2] = ["title/th", "name/th"];

/// The documents of all rows.
pub(super) struct Identities {
    /// In the order of the rows; `None` where a remark says why.
    pub(super) of_rows: Vec<Option<DocumentId>>,
    /// What the file itself calls them.
    pub(super) names: Names,
}

pub(super) fn identities(
    draft: &Draft,
    present: &Present,
    remarks: &mut Vec<Remark>,
) -> Identities {
    let codes = codes_of(present);
    let mut found = Identities {
        of_rows: Vec::new(),
        names: Names::new(),
    };
    let mut rows_of: BTreeMap<DocumentId, u32> = BTreeMap::new();
    // Documents stand before their entries, so that a name is known when an entry uses it.
    for row in &draft.rows {
        let is_main = row.sheet.levels.is_empty();
        let id = match is_main {
            true => of_document(row, &codes),
            false => of_entry(row, &found.names),
        };
        let id = match id {
            Ok(id) if is_main => match rows_of.insert(id, 0) {
                Some(_) => Err(Remark::error(
                    row.place(0),
                    &Cell::text(row.document.as_str()),
                    "เอกสารนี้มีแถวอยู่แล้วในไฟล์ ให้รวมเป็นแถวเดียว หรือใส่สิ่งที่ต่างกัน เช่น รหัสหรือปี",
                    "the file has a row for this document already: make one of both, or add what \
                     tells them apart, such as a number or a year",
                )),
                None => Ok(id),
            },
            id => id,
        };
        match id {
            Ok(id) => {
                if is_main && !row.document.is_empty() {
                    found.names.insert(row.document.clone(), id);
                }
                found.of_rows.push(Some(id));
            }
            Err(remark) => {
                remarks.push(remark);
                found.of_rows.push(None);
            }
        }
    }
    found
}

/// The documents by their national codes. Of several with one code the one with the smallest id.
fn codes_of(present: &Present) -> BTreeMap<(Kind, String, String), DocumentId> {
    let mut codes = BTreeMap::new();
    for (id, held) in present.iter().rev() {
        let identifiers = held.json.get("identifiers").and_then(Value::as_object);
        for (system, code) in identifiers.into_iter().flatten() {
            let code = code.get("value").and_then(Value::as_str);
            if let (Some(kind), Some(code)) = (id.kind(), code) {
                codes.insert((kind, system.clone(), code.to_owned()), *id);
            }
        }
    }
    codes
}

fn of_document(
    row: &Row,
    codes: &BTreeMap<(Kind, String, String), DocumentId>,
) -> Result<DocumentId, Remark> {
    let kind = row.sheet.kind;
    if let Ok(id) = row.document.parse::<DocumentId>() {
        return match id.kind() {
            Some(found) if found == kind => Ok(id),
            _ => Err(wrong_kind(row)),
        };
    }
    let given = SYSTEMS.iter().filter_map(|system| {
        let cell = &row
            .cell(&format!("identifiers/{}/value", system.name))?
            .cell;
        let code = cell.shown().trim().to_owned();
        (!cell.is_blank()).then_some((system.name, code))
    });
    let given: Vec<(&str, String)> = given.collect();
    let known = given.iter().find_map(|(system, code)| {
        codes
            .get(&(kind, (*system).to_owned(), code.clone()))
            .copied()
    });
    if let Some(id) = known {
        return Ok(id);
    }
    if let Some((system, code)) = given.first() {
        return Ok(DocumentId::from_code(kind, system, code));
    }
    by_content(row)
}

/// The id of the document that a row describes by its required fields and what tells it apart.
fn by_content(row: &Row) -> Result<DocumentId, Remark> {
    let kind = row.sheet.kind;
    let titled = TITLES
        .iter()
        .filter_map(|title| row.cell(title))
        .any(|title| !title.cell.is_blank());
    if !titled {
        return Err(Remark::error(
            row.place(0),
            &Cell::text(row.document.as_str()),
            "แถวนี้ไม่มีรหัสเอกสารและไม่มีชื่อ ให้ใส่อย่างน้อยหนึ่งอย่าง",
            "this row has neither a document id nor a title or name: give it one of them",
        ));
    }
    let telling = |field: &&schema::Field| field.required || TELLING.contains(&field.pattern);
    let mut content = String::new();
    for field in schema::fields(kind).filter(telling) {
        for cell in &row.fields {
            let inside = cell.field == field.pattern
                || cell
                    .field
                    .strip_prefix(field.pattern)
                    .is_some_and(|rest| rest.starts_with('/'));
            if inside && !cell.cell.is_blank() {
                content.push_str(&format!("{}={}\n", cell.field, cell.cell.shown().trim()));
            }
        }
    }
    Ok(DocumentId::from_code(kind, BY_CONTENT, &content))
}

fn of_entry(row: &Row, names: &Names) -> Result<DocumentId, Remark> {
    let named = names.get(&row.document).copied();
    match named.or_else(|| row.document.parse().ok()) {
        Some(id) if id.kind() == Some(row.sheet.kind) => Ok(id),
        Some(_) => Err(wrong_kind(row)),
        None => Err(Remark::error(
            row.place(0),
            &Cell::text(row.document.as_str()),
            "ต้องเป็นรหัสเอกสาร หรือชื่อเรียกที่ตั้งให้แถวของเอกสารในไฟล์นี้",
            "expected the id of a document, or what this file calls the row of the document",
        )),
    }
}

fn wrong_kind(row: &Row) -> Remark {
    let kind = row.sheet.kind;
    Remark::error(
        row.place(0),
        &Cell::text(row.document.as_str()),
        &format!("ต้องเป็นรหัสเอกสารชนิด{}", kind.label_th()),
        &format!("expected the id of a document of the kind {}", kind.name()),
    )
}
