//! Documents as rows, and rows as tables.

use std::collections::{BTreeMap, BTreeSet};

use phaki_documents::schema::FieldType;
use phaki_documents::{DocumentId, Kind, Path};
use serde_json::Value;
use thiserror::Error;

use crate::cell::{Cell, Style, Table};
use crate::heading;
use crate::language::Language;
use crate::layout::SheetId;
use crate::limits::ROWS_MAX;
use crate::value::{self, Medium};

/// One row: a document or an entry of one.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub document: String,
    /// The keys of the entry, from the outside in; `#2` is the second item of a list.
    pub keys: Vec<String>,
    /// Values by the path of their column.
    pub values: BTreeMap<String, Value>,
    /// Columns with values in conflict.
    pub conflicts: BTreeSet<String>,
}

/// The rows of all sheets.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    sheets: BTreeMap<SheetId, Vec<Row>>,
}

/// What a file holds besides the documents.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    pub language: Language,
    pub medium: Medium,
    /// The kind of which every sheet is written, filled or not: a form to be filled in.
    pub whole: Option<Kind>,
}

/// Why documents do not fit into sheets.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TooManyRows {
    #[error("sheet {sheet} has {rows} rows and a sheet can hold {ROWS_MAX}")]
    Sheet { sheet: String, rows: usize },
}

/// The tables of a file and what they could not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables {
    pub tables: Vec<Table>,
    /// Texts longer than a cell can be, which are not in the file.
    pub too_long: usize,
}

impl Rows {
    /// Adds the rows of a document, given as nested JSON with its id. `conflicts` are the paths
    /// with values in conflict. A document of an unknown kind has no sheet: `false`.
    pub fn add(&mut self, id: DocumentId, json: &Value, conflicts: &[Path]) -> bool {
        let Some(kind) = id.kind() else {
            return false;
        };
        let mut adding = Adding {
            rows: self,
            document: id.to_string(),
            conflicts,
        };
        adding.row(&SheetId::main(kind), &[], json);
        true
    }

    /// The rows of a sheet.
    pub fn of(&self, sheet: &SheetId) -> &[Row] {
        self.sheets.get(sheet).map_or(&[], Vec::as_slice)
    }

    /// The tables, in the order of the schema.
    ///
    /// # Errors
    /// When a sheet would have more rows than a sheet can hold.
    pub fn tables(&self, manner: Manner) -> Result<Tables, TooManyRows> {
        let mut sheets: Vec<SheetId> = Vec::new();
        for kind in Kind::ALL {
            let declared = SheetId::declared(kind);
            let written =
                |sheet: &&SheetId| manner.whole == Some(kind) || self.sheets.contains_key(*sheet);
            sheets.extend(declared.iter().filter(written).cloned());
            let found = self.sheets.keys().filter(|sheet| sheet.kind == kind);
            sheets.extend(found.filter(|sheet| !declared.contains(sheet)).cloned());
        }
        let mut made = Tables {
            tables: Vec::new(),
            too_long: 0,
        };
        for sheet in sheets {
            let table = self.table(&sheet, manner, &mut made.too_long)?;
            made.tables.push(table);
        }
        Ok(made)
    }

    fn table(
        &self,
        sheet: &SheetId,
        manner: Manner,
        too_long: &mut usize,
    ) -> Result<Table, TooManyRows> {
        let rows = self.of(sheet);
        if rows.len() >= ROWS_MAX {
            return Err(TooManyRows::Sheet {
                sheet: sheet.name(),
                rows: rows.len(),
            });
        }
        let mut fields: BTreeSet<String> = sheet.columns().into_iter().collect();
        fields.extend(rows.iter().flat_map(|row| row.values.keys().cloned()));
        let mut fields: Vec<String> = fields.into_iter().collect();
        fields.sort_by_key(|field| sheet.place(field));
        let contested = rows.iter().any(|row| !row.conflicts.is_empty());
        let columns = columns(sheet, &fields, manner.language, contested);
        let headings: BTreeMap<&str, &str> = fields
            .iter()
            .zip(columns.iter().filter(|column| column.field.is_some()))
            .map(|(field, column)| (field.as_str(), column.heading.as_str()))
            .collect();
        let rows = rows.iter().map(|row| {
            let cells = columns.iter().map(|column| {
                let cell = column.cell(row, &headings, manner);
                *too_long += usize::from(value::is_too_long(&cell));
                cell
            });
            cells.collect()
        });
        Ok(Table {
            name: sheet.name(),
            title: sheet.title(manner.language),
            rows: rows.collect(),
            columns: columns
                .into_iter()
                .map(|column| (column.heading, column.style))
                .collect(),
        })
    }
}

struct Adding<'a> {
    rows: &'a mut Rows,
    document: String,
    conflicts: &'a [Path],
}

impl Adding<'_> {
    /// Adds one row and those of the entries in it.
    fn row(&mut self, sheet: &SheetId, keys: &[String], value: &Value) {
        let mut row = Row {
            document: self.document.clone(),
            keys: keys.to_vec(),
            values: BTreeMap::new(),
            conflicts: BTreeSet::new(),
        };
        let at = self.rows.sheets.entry(sheet.clone()).or_default().len();
        self.rows
            .sheets
            .entry(sheet.clone())
            .or_default()
            .push(row.clone());
        self.fill(sheet, keys, "", value, &mut row);
        let contested = |column: &&String| is_contested(self.conflicts, sheet, keys, column);
        row.conflicts = row.values.keys().filter(contested).cloned().collect();
        if let Some(rows) = self.rows.sheets.get_mut(sheet) {
            rows[at] = row;
        }
    }

    fn fill(
        &mut self,
        sheet: &SheetId,
        keys: &[String],
        column: &str,
        value: &Value,
        row: &mut Row,
    ) {
        let whole = column.is_empty() && (sheet.levels.is_empty() || sheet.is_flat(column));
        match value {
            Value::Object(fields) if (whole || sheet.is_flat(column)) && !fields.is_empty() => {
                for (key, field) in fields {
                    if whole && sheet.levels.is_empty() && matches!(key.as_str(), "id" | "kind") {
                        continue;
                    }
                    let inner = joined(column, &encoded(key));
                    self.fill(sheet, keys, &inner, field, row);
                }
            }
            Value::Object(fields) if sheet.is_table(column) && !fields.is_empty() => {
                let entries = fields.iter().map(|(key, entry)| (encoded(key), entry));
                self.entries(sheet, keys, column, entries);
            }
            Value::Array(items) if sheet.is_table(column) && items.iter().any(is_composite) => {
                let entries = items.iter().enumerate();
                let entries = entries.map(|(index, item)| (format!("#{}", index + 1), item));
                self.entries(sheet, keys, column, entries);
            }
            value => {
                row.values.insert(column.to_owned(), value.clone());
            }
        }
    }

    fn entries<'v>(
        &mut self,
        sheet: &SheetId,
        keys: &[String],
        column: &str,
        entries: impl Iterator<Item = (String, &'v Value)>,
    ) {
        let below = sheet.below(column);
        for (key, entry) in entries {
            let keys: Vec<String> = keys.iter().cloned().chain([key]).collect();
            self.row(&below, &keys, entry);
        }
    }
}

/// True when one of the conflicts touches a field of a row. The ids of list items are not in a
/// sheet, so that a conflict in one of them touches all items of its list.
pub(crate) fn is_contested(
    conflicts: &[Path],
    sheet: &SheetId,
    keys: &[String],
    column: &str,
) -> bool {
    let mut place = String::new();
    let mut listed = false;
    for (level, key) in sheet.levels.iter().zip(keys) {
        place = joined(&place, level);
        listed = key.starts_with('#');
        if listed {
            break;
        }
        place = joined(&place, key);
    }
    if !listed {
        place = joined(&place, column);
    }
    let Ok(place) = Path::parse(&place) else {
        return !conflicts.is_empty();
    };
    let touches =
        |conflict: &Path| conflict.is_at_or_below(&place) || place.is_at_or_below(conflict);
    conflicts.iter().any(touches)
}

pub(crate) fn joined(outer: &str, inner: &str) -> String {
    match (outer, inner) {
        ("", inner) => inner.to_owned(),
        (outer, "") => outer.to_owned(),
        (outer, inner) => format!("{outer}/{inner}"),
    }
}

/// The segment of a map key in a path. A key too long for a path cannot be in a document.
fn encoded(key: &str) -> String {
    Path::of_key(key).map_or_else(|_| key.to_owned(), |path| path.as_str().to_owned())
}

fn is_composite(value: &Value) -> bool {
    matches!(value, Value::Array(_) | Value::Object(_))
}

/// What a column is made from.
struct Made {
    heading: String,
    style: Style,
    column: heading::Column,
    /// The field whose values stand in it, with its type.
    field: Option<Option<FieldType>>,
}

fn columns(sheet: &SheetId, fields: &[String], language: Language, contested: bool) -> Vec<Made> {
    let text = |heading, column| Made {
        heading,
        style: Style::Text,
        column,
        field: None,
    };
    let mut columns = vec![text(
        heading::document(sheet, language),
        heading::Column::Document,
    )];
    for level in 0..sheet.levels.len() {
        let heading = heading::key(sheet, level, language);
        columns.push(text(heading, heading::Column::Key(level)));
    }
    for (field, heading) in fields.iter().zip(heading::fields(sheet, fields, language)) {
        let known = sheet.type_at(field);
        let style = match known {
            Some(FieldType::Money) => Style::Baht,
            Some(FieldType::Count | FieldType::FiscalYear) => Style::Number,
            _ => Style::Text,
        };
        let date = heading::buddhist(&heading, language);
        columns.push(Made {
            heading,
            style,
            column: heading::Column::Field(field.clone()),
            field: Some(known),
        });
        if known == Some(FieldType::Date) {
            let mut buddhist = text(date, heading::Column::Buddhist(field.clone()));
            buddhist.style = Style::Computed;
            columns.push(buddhist);
        }
    }
    if contested {
        let mut conflicts = text(heading::conflicts(language), heading::Column::Conflicts);
        conflicts.style = Style::Computed;
        columns.push(conflicts);
    }
    columns
}

impl Made {
    fn cell(&self, row: &Row, headings: &BTreeMap<&str, &str>, manner: Manner) -> Cell {
        let key = |key: &String| {
            let key = Value::from(key.as_str());
            let text = Some(FieldType::ShortText);
            value::encode(&key, text, manner.language, manner.medium)
        };
        match &self.column {
            heading::Column::Document => Cell::text(row.document.as_str()),
            heading::Column::Key(level) => row.keys.get(*level).map_or(Cell::Empty, key),
            heading::Column::Field(field) => match row.values.get(field) {
                Some(found) => {
                    let known = self.field.flatten();
                    value::encode(found, known, manner.language, manner.medium)
                }
                None => Cell::Empty,
            },
            heading::Column::Buddhist(field) => {
                let iso = row.values.get(field).and_then(Value::as_str);
                let shown = iso.and_then(|iso| value::buddhist(iso, manner.language));
                shown.map_or(Cell::Empty, Cell::text)
            }
            heading::Column::Conflicts => {
                let names = row.conflicts.iter();
                let names = names.map(|field| headings.get(field.as_str()).copied());
                let names: Vec<&str> = names.map(Option::unwrap_or_default).collect();
                Cell::text(names.join("\n"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const PLAN: &str = "plan_070465bc-080a-5b77-b21c-686140b76a93";

    fn plan_rows(json: &Value, conflicts: &[Path]) -> Rows {
        let mut rows = Rows::default();
        assert!(rows.add(PLAN.parse().unwrap(), json, conflicts));
        rows
    }

    #[test]
    fn entries_of_a_document_are_rows_of_their_sheets() {
        let rows = plan_rows(
            &json!({"id": PLAN, "kind": "plan", "title": {"th": "แผน"}, "areas": ["40", "41"],
                "strategies": {"s1": {"th": "ก", "measures": {"1": "ม"}}, "s2": {"measures": ["x"]}},
                "next_areas": [{"area": "9015"}]}),
            &[],
        );
        let main = SheetId::main(Kind::Plan);
        assert_eq!(
            rows.of(&main)[0].values.get("title/th"),
            Some(&json!("แผน"))
        );
        let strategies = rows.of(&main.below("strategies"));
        assert_eq!(strategies[1].values.get("measures"), Some(&json!(["x"])));
        let measures = rows.of(&main.below("strategies").below("measures"));
        assert_eq!(measures[0].keys, ["s1", "1"]);
        assert_eq!(measures[0].values.get(""), Some(&json!("ม")));
        assert_eq!(rows.of(&main.below("next_areas"))[0].keys, ["#1"]);
    }

    #[test]
    fn conflicts_are_named_in_a_column_of_their_own() {
        let conflict = Path::parse("title/th").unwrap();
        let rows = plan_rows(&json!({"title": {"th": "แผน"}}), &[conflict]);
        let manner = Manner {
            language: Language::Thai,
            medium: Medium::Workbook,
            whole: None,
        };
        let tables = rows.tables(manner).unwrap().tables;
        let last = tables[0].columns.last().unwrap();
        assert_eq!(last.0, "ข้อขัดแย้งที่รอตัดสิน");
        assert_eq!(tables[0].rows[0].last(), Some(&Cell::text("ชื่อแผน")));
    }

    #[test]
    fn a_date_stands_beside_the_date_of_the_buddhist_era() {
        let mut rows = Rows::default();
        let id = DocumentId::from_code(Kind::Event, "x", "1");
        rows.add(id, &json!({"date": {"from": "2023-11-22"}}), &[]);
        let manner = Manner {
            language: Language::Thai,
            medium: Medium::Delimited,
            whole: None,
        };
        let table = &rows.tables(manner).unwrap().tables[0];
        let at = table
            .columns
            .iter()
            .position(|(name, _)| name == "วันที่ (เริ่ม)")
            .unwrap();
        assert_eq!(table.rows[0][at], Cell::text("2023-11-22"));
        assert_eq!(table.rows[0][at + 1], Cell::text("22 พฤศจิกายน 2566"));
    }

    #[test]
    fn the_sheets_of_a_kind_are_a_form_even_without_documents() {
        let manner = Manner {
            language: Language::English,
            medium: Medium::Workbook,
            whole: Some(Kind::Activity),
        };
        let tables = Rows::default().tables(manner).unwrap().tables;
        let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
        assert!(names.contains(&"activity.budget"), "{names:?}");
        assert!(tables.iter().all(|table| table.rows.is_empty()));
    }
}
