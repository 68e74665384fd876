//! One row put into its document: what differs is changed, and what must not be is refused.

use phaki_documents::path::Segment;
use phaki_documents::schema::{FieldType, vocabulary};
use phaki_documents::{DocumentId, Path};
use serde_json::{Map, Value};

use super::draft::{FieldCell, Row};
use super::remark::Remark;
use super::{Change, Held};
use crate::cell::Cell;
use crate::limits::LIST_ITEMS_MAX;
use crate::rows::{is_contested, joined};
use crate::value::{self, Names, Wanted};

/// The coding system of keys that follow from what an entry says.
const ENTRY: &str = "entry";

/// A document while rows are put into it.
#[derive(Debug, Clone)]
pub(super) struct Working {
    pub(super) before: Value,
    pub(super) now: Value,
    pub(super) created: bool,
    pub(super) removed: Vec<String>,
    pub(super) changes: Vec<Change>,
    conflicts: Vec<Path>,
    /// The row of a new document was refused, so that there is nothing for entries to be in.
    void: bool,
    touched: bool,
}

/// A field of a row with what its cell asks for.
struct Asked<'a> {
    cell: &'a FieldCell,
    known: Option<FieldType>,
    wanted: Wanted,
}

impl Working {
    /// A document that is there, or a new one when its own row comes first.
    pub(super) fn begin(held: Option<&Held>, is_main: bool) -> Option<Working> {
        if held.is_none() && !is_main {
            return None;
        }
        let empty = Value::Object(Map::new());
        Some(Working {
            before: held.map_or(empty.clone(), |held| held.json.clone()),
            now: held.map_or(empty, |held| held.json.clone()),
            created: held.is_none(),
            removed: Vec::new(),
            changes: Vec::new(),
            conflicts: held.map(|held| held.conflicts.clone()).unwrap_or_default(),
            void: false,
            touched: false,
        })
    }

    /// A row was left out.
    pub(super) fn refused(&mut self, is_main: bool) {
        self.void |= is_main && self.created;
    }

    /// True when nothing is to be said of it: no row of it was sound.
    pub(super) fn is_void(&self) -> bool {
        self.void || !self.touched
    }
}

/// Puts a row into its document and returns warnings.
///
/// # Errors
/// What is wrong in the row; the document is then as it was.
pub(super) fn apply(
    document: &mut Working,
    row: &Row,
    names: &Names,
) -> Result<Vec<Remark>, Vec<Remark>> {
    if document.void {
        return Err(vec![super::remark::document_missing(row)]);
    }
    let (asked, warnings) = asked(row, names)?;
    let mut draft = document.clone();
    let keys = keys(&draft.now, row, &asked).map_err(|remark| vec![remark])?;
    let mut errors = Vec::new();
    for asked in &asked {
        if let Err(remark) = put(&mut draft, row, &keys, asked) {
            errors.push(remark);
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    draft.touched = true;
    *document = draft;
    Ok(warnings)
}

/// What all cells of a row ask for; those that ask for nothing left out.
fn asked<'a>(row: &'a Row, names: &Names) -> Result<(Vec<Asked<'a>>, Vec<Remark>), Vec<Remark>> {
    let (mut asked, mut errors, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    for cell in &row.fields {
        let known = row.sheet.type_at(&cell.field);
        let place = || row.place(cell.column);
        match value::decode(&cell.cell, known, names) {
            Err(expected) => errors.push(Remark::unexpected(place(), &cell.cell, &expected)),
            Ok(wanted) => match with_buddhist(row, cell, known, wanted) {
                Err(remark) => errors.push(remark),
                Ok(Wanted::Leave) => {}
                Ok(wanted) => {
                    if let (Some(FieldType::Code(name)), Wanted::Value(Value::String(code))) =
                        (known, &wanted)
                        && vocabulary::label(name, code).is_none()
                    {
                        warnings.push(Remark::warning(
                            place(),
                            code,
                            "ไม่รู้จักรหัสนี้ จึงเก็บตามที่เขียน",
                            "this code is not known; it is kept as it is written",
                        ));
                    }
                    asked.push(Asked {
                        cell,
                        known,
                        wanted,
                    });
                }
            },
        }
    }
    match errors.is_empty() {
        true => Ok((asked, warnings)),
        false => Err(errors),
    }
}

/// The date, which the column of the Buddhist era may give alone and must not contradict.
fn with_buddhist(
    row: &Row,
    cell: &FieldCell,
    known: Option<FieldType>,
    wanted: Wanted,
) -> Result<Wanted, Remark> {
    let Some((column, beside)) = &cell.buddhist else {
        return Ok(wanted);
    };
    let read = value::decode(beside, known.or(Some(FieldType::Date)), &Names::new());
    match (wanted, read) {
        (_, Err(expected)) => Err(Remark::unexpected(row.place(*column), beside, &expected)),
        (Wanted::Leave, Ok(beside)) => Ok(beside),
        (wanted, Ok(read)) if wanted == read => Ok(wanted),
        _ => Err(Remark::error(
            row.place(*column),
            beside,
            "ไม่ตรงกับวันที่ในคอลัมน์ข้างซ้าย ให้แก้ทั้งสองช่อง หรือลบช่องนี้",
            "this is not the date in the column to the left: correct both, or empty this one",
        )),
    }
}

/// The keys of the entry that a row is about; a missing one follows from what the row says.
fn keys(now: &Value, row: &Row, asked: &[Asked]) -> Result<Vec<String>, Remark> {
    let mut keys: Vec<String> = Vec::new();
    let mut container = String::new();
    for (depth, (key, column)) in row.keys.iter().enumerate() {
        container = joined(&container, &row.sheet.levels[depth]);
        let is_last = depth + 1 == row.keys.len();
        let key = match (key.as_str(), is_last) {
            ("", false) => {
                return Err(Remark::error(
                    row.place(*column),
                    &Cell::Empty,
                    "ต้องใส่คีย์ของรายการที่รายการนี้อยู่ภายใต้",
                    "expected the key of the entry in which this one is",
                ));
            }
            ("", true) => match at(now, &container) {
                Some(Value::Array(items)) => item_key(items, asked),
                _ => content_key(row, asked),
            },
            (key, _) if is_item(key) => key.to_owned(),
            (key, _) => segment(key).ok_or_else(|| {
                Remark::error(
                    row.place(*column),
                    &Cell::text(key),
                    "คีย์ยาวเกินไป",
                    "this key is too long",
                )
            })?,
        };
        container = joined(&container, &key);
        keys.push(key);
    }
    Ok(keys)
}

/// `#3`: the third item of a list.
fn is_item(key: &str) -> bool {
    item_index(key).is_some()
}

fn item_index(key: &str) -> Option<usize> {
    let number: usize = key.strip_prefix('#')?.parse().ok()?;
    number.checked_sub(1)
}

/// The key as a segment of a path: as it was exported, or as somebody typed it.
fn segment(key: &str) -> Option<String> {
    match Path::parse(key) {
        Ok(path) if path.depth() == 1 => Some(key.to_owned()),
        _ => Path::of_key(key).ok().map(|path| path.as_str().to_owned()),
    }
}

fn content(row: &Row, asked: &[Asked]) -> String {
    let mut content = row.sheet.name();
    for asked in asked {
        if let Wanted::Value(value) = &asked.wanted {
            content.push_str(&format!("\n{}={value}", asked.cell.field));
        }
    }
    content
}

/// A key that follows from what the entry says: the same row is the same entry.
fn content_key(row: &Row, asked: &[Asked]) -> String {
    let content = content(row, asked);
    let uuid = DocumentId::from_code(row.sheet.kind, ENTRY, &content).uuid;
    let digits: String = uuid[..5].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("r{digits}")
}

/// The item that says all that the row does, or a new one at the end.
fn item_key(items: &[Value], asked: &[Asked]) -> String {
    let says = |item: &Value| {
        asked
            .iter()
            .all(|asked| match (&asked.wanted, at(item, &asked.cell.field)) {
                (Wanted::Value(wanted), Some(found)) => value::same(found, wanted, asked.known),
                (Wanted::Value(_), None) => false,
                (Wanted::Leave | Wanted::Clear, _) => true,
            })
    };
    let found = items.iter().position(says).unwrap_or(items.len());
    format!("#{}", found + 1)
}

/// Puts one field into the document.
fn put(document: &mut Working, row: &Row, keys: &[String], asked: &Asked) -> Result<(), Remark> {
    let mut path = String::new();
    for (level, key) in row.sheet.levels.iter().zip(keys) {
        path = joined(&joined(&path, level), key);
    }
    path = joined(&path, &asked.cell.field);
    let place = row.place(asked.cell.column);
    let before = at(&document.now, &path).cloned();
    let after = match (&asked.wanted, &before) {
        (Wanted::Leave, _) | (Wanted::Clear, None) => return Ok(()),
        (Wanted::Clear, Some(_)) => None,
        (Wanted::Value(wanted), before) => {
            let wanted = shaped_like(wanted, before.as_ref(), asked.known);
            let is_so = |before: &Value| value::same(before, &wanted, asked.known);
            if before.as_ref().is_some_and(is_so) {
                return Ok(());
            }
            Some(wanted)
        }
    };
    if is_contested(&document.conflicts, &row.sheet, keys, &asked.cell.field) {
        return Err(Remark::error(
            place,
            &asked.cell.cell,
            "ช่องนี้มีข้อขัดแย้งที่รอตัดสิน จึงไม่เขียนทับ ให้ใช้ phaki resolve ก่อน",
            "values of this field are in conflict and are not overwritten: settle them with \
             `phaki resolve` first",
        ));
    }
    let changed = match &after {
        Some(value) => set(&mut document.now, &path, value.clone()),
        None => remove(&mut document.now, &path),
    };
    if changed.is_none() {
        return Err(Remark::error(
            place,
            &asked.cell.cell,
            &format!("ใส่ค่าที่ {path} ไม่ได้ เพราะเอกสารมีข้อมูลรูปแบบอื่นอยู่ที่นั่น หรือรายการก่อนหน้าขาดไป"),
            &format!(
                "nothing can be put at {path}: the document has something of another shape there, \
                 or items before it are missing"
            ),
        ));
    }
    let in_list = path.split('/').any(|part| part.starts_with('#'));
    if after.is_none() && !in_list {
        document.removed.push(path.clone());
    }
    document.changes.push(Change {
        place,
        path,
        before,
        after,
    });
    Ok(())
}

/// A single value where the document has a list of such becomes a list.
fn shaped_like(wanted: &Value, before: Option<&Value>, known: Option<FieldType>) -> Value {
    let listed = matches!(known, Some(FieldType::OneOrMany(_)))
        && matches!(before, Some(Value::Array(_)))
        && !matches!(wanted, Value::Array(_) | Value::Object(_) | Value::Null);
    match listed {
        true => Value::Array(vec![wanted.clone()]),
        false => wanted.clone(),
    }
}

/// The value at a path; `#2` is the second item of a list.
fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    parts(path).try_fold(value, |value, part| match (value, item_index(part)) {
        (Value::Array(items), Some(index)) => items.get(index),
        (Value::Object(fields), None) => fields.get(&key_of(part)?),
        _ => None,
    })
}

fn set(value: &mut Value, path: &str, new: Value) -> Option<()> {
    let mut place = value;
    for part in parts(path) {
        let index = item_index(part);
        if place.is_null() {
            *place = match index {
                Some(_) => Value::Array(Vec::new()),
                None => Value::Object(Map::new()),
            };
        }
        place = match (place, index) {
            (Value::Array(items), Some(index)) => {
                if index == items.len() && index < LIST_ITEMS_MAX {
                    items.push(Value::Null);
                }
                items.get_mut(index)?
            }
            (Value::Object(fields), None) => fields.entry(key_of(part)?).or_insert(Value::Null),
            _ => return None,
        };
    }
    *place = new;
    Some(())
}

fn remove(value: &mut Value, path: &str) -> Option<()> {
    let (outer, last) = path.rsplit_once('/').unwrap_or(("", path));
    let place = parts(outer).try_fold(value, |value, part| match (value, item_index(part)) {
        (Value::Array(items), Some(index)) => items.get_mut(index),
        (Value::Object(fields), None) => fields.get_mut(&key_of(part)?),
        _ => None,
    })?;
    place
        .as_object_mut()?
        .shift_remove(&key_of(last)?)
        .map(|_| ())
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}

fn key_of(part: &str) -> Option<String> {
    match Path::parse(part).ok()?.segments().pop()? {
        Segment::Key(key) => Some(key),
        Segment::Item(_) | Segment::Structure(_) => None,
    }
}
