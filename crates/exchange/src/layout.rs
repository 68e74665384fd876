//! Which sheets a kind of document has, and which columns each sheet.
//!
//! A document is a row of the sheet of its kind. Each map or list of groups in it is a sheet of
//! its own, with a row for each entry: `plan.strategies`, `plan.strategies.measures`.

use phaki_documents::rules::SYSTEMS;
use phaki_documents::schema::{self, FieldMatch, FieldType};
use phaki_documents::{Kind, Path};

use crate::language::Language;
use crate::limits::SHEET_NAME_UNITS_MAX;

/// Stands for the key of an entry where only its type is asked for.
const ANY_KEY: &str = "-";
/// Maps that are columns of the document's own row: one code for each system.
const IDENTIFIERS: &str = "identifiers";
/// Keys inside texts and dates, in the order of their columns.
const INNER: [&str; 7] = [
    "th",
    "en",
    "from",
    "to",
    "precision",
    "as_written",
    "inferred",
];

/// A sheet: the kind, and the fields that hold its entries, from the outside in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SheetId {
    pub kind: Kind,
    /// Encoded paths, each relative to an entry of the one before.
    pub levels: Vec<String>,
}

impl SheetId {
    /// The sheet of the documents themselves.
    pub fn main(kind: Kind) -> SheetId {
        SheetId {
            kind,
            levels: Vec::new(),
        }
    }

    /// The sheet of the entries of a field of this one.
    pub fn below(&self, field: &str) -> SheetId {
        let mut levels = self.levels.clone();
        levels.push(field.to_owned());
        SheetId {
            kind: self.kind,
            levels,
        }
    }

    /// All sheets that the schema of a kind knows, the main one first.
    pub fn declared(kind: Kind) -> Vec<SheetId> {
        let entries = schema::fields(kind).filter_map(|field| {
            let many = match field.field_type {
                FieldType::Groups | FieldType::Map(_) => true,
                FieldType::Many(item) => *item == FieldType::TextOrGroup,
                _ => false,
            };
            let levels = field.pattern.split("/*/").map(str::to_owned).collect();
            (many && field.pattern != IDENTIFIERS).then_some(SheetId { kind, levels })
        });
        [SheetId::main(kind)].into_iter().chain(entries).collect()
    }

    /// `plan.strategies`: the name in headings and of files.
    pub fn name(&self) -> String {
        let mut name = self.kind.name().to_owned();
        for level in &self.levels {
            name.push('.');
            name.push_str(level);
        }
        name
    }

    /// The sheet of that [`name`](SheetId::name).
    pub fn from_name(name: &str) -> Option<SheetId> {
        let mut parts = name.split('.');
        let kind = Kind::from_name(parts.next()?)?;
        let levels: Vec<String> = parts.map(str::to_owned).collect();
        let sound = levels.iter().all(|level| Path::parse(level).is_ok());
        sound.then_some(SheetId { kind, levels })
    }

    /// The sheet whose tab has that title, in either language, or that name.
    pub fn from_title(title: &str) -> Option<SheetId> {
        let title = title.trim();
        let mut declared = Kind::ALL.into_iter().flat_map(SheetId::declared);
        let by_title = |sheet: &SheetId| {
            Language::ALL
                .iter()
                .any(|language| sheet.title(*language) == title)
        };
        declared
            .find(by_title)
            .or_else(|| SheetId::from_name(title))
    }

    /// `แผน-ยุทธศาสตร์`: the title of the tab, as long as a tab may have.
    pub fn title(&self, language: Language) -> String {
        let kind = language.pick(self.kind.label_th(), self.kind.label_en());
        let mut words = vec![kind.to_owned()];
        for depth in 1..=self.levels.len() {
            words.push(self.level_label(depth, language));
        }
        let title = words
            .join("-")
            .replace(['/', '\\', '?', '*', '[', ']', ':'], "-");
        let mut units = 0;
        let fits = |c: &char| {
            units += c.len_utf16();
            units <= SHEET_NAME_UNITS_MAX
        };
        let short: String = title.chars().take_while(fits).collect();
        short.trim_end().to_owned()
    }

    /// What people call the field that holds the entries of the level with that number, from 1.
    pub(crate) fn level_label(&self, depth: usize, language: Language) -> String {
        let outer = SheetId {
            kind: self.kind,
            levels: self.levels.iter().take(depth - 1).cloned().collect(),
        };
        let level = self.levels.get(depth - 1).map_or("", String::as_str);
        match outer.field_at(level).filter(|found| found.at.is_some()) {
            Some(found) => language.label(found.field.label).to_owned(),
            None => level.to_owned(),
        }
    }

    /// The declaration of a column of this sheet.
    pub(crate) fn field_at(&self, column: &str) -> Option<FieldMatch> {
        let mut parts: Vec<&str> = Vec::new();
        for level in &self.levels {
            parts.extend([level.as_str(), ANY_KEY]);
        }
        if !column.is_empty() {
            parts.push(column);
        }
        let path = Path::parse(&parts.join("/")).ok()?;
        schema::field_at(Some(self.kind), &path)
    }

    /// The type of a column; `None` where the schema says nothing.
    pub fn type_at(&self, column: &str) -> Option<FieldType> {
        self.field_at(column)?.at
    }

    /// True when what is inside the value at a column stands in columns of the same row.
    pub(crate) fn is_flat(&self, column: &str) -> bool {
        let known = self.type_at(column);
        let identifiers = self.levels.is_empty() && column == IDENTIFIERS;
        identifiers
            || matches!(
                known,
                Some(
                    FieldType::Localised
                        | FieldType::LocalisedLong
                        | FieldType::PartialDate
                        | FieldType::DateOrText
                        | FieldType::Group
                        | FieldType::TextOrGroup
                )
            )
    }

    /// True when the entries of the value at a column have a sheet of their own.
    pub(crate) fn is_table(&self, column: &str) -> bool {
        let known = self.type_at(column);
        matches!(
            known,
            Some(FieldType::Groups | FieldType::Map(_) | FieldType::Many(_))
        ) && !self.is_flat(column)
    }

    /// The columns that the schema knows, in the order in which people read them.
    pub fn columns(&self) -> Vec<String> {
        let mut columns = Vec::new();
        if !self.levels.is_empty() {
            columns.extend(expanded("", self.type_at("").unwrap_or(FieldType::Any)));
        }
        let prefix: String = self
            .levels
            .iter()
            .map(|level| format!("{level}/*/"))
            .collect();
        for field in schema::fields(self.kind) {
            let Some(rest) = field.pattern.strip_prefix(&prefix) else {
                continue;
            };
            if rest == IDENTIFIERS && self.levels.is_empty() {
                let code = |system: &phaki_documents::rules::System| {
                    format!("{IDENTIFIERS}/{}/value", system.name)
                };
                columns.extend(SYSTEMS.iter().map(code));
            } else if !rest.contains('*') {
                columns.extend(expanded(rest, field.field_type));
            }
        }
        columns
    }

    /// Where a column stands among the others: those of one field are neighbours.
    pub(crate) fn place(&self, column: &str) -> (usize, usize, String) {
        let field = self.field_at(column).and_then(|found| {
            schema::fields(self.kind).position(|field| field.pattern == found.field.pattern)
        });
        let inner = column.rsplit('/').next().unwrap_or_default();
        let inner = INNER.iter().position(|key| *key == inner);
        let known = SYSTEMS
            .iter()
            .position(|system| column == format!("{IDENTIFIERS}/{}/value", system.name));
        (
            field.unwrap_or(usize::MAX),
            known.or(inner.map(|place| place + 1)).unwrap_or(0),
            column.to_owned(),
        )
    }
}

/// The columns of one declared field.
fn expanded(column: &str, field: FieldType) -> Vec<String> {
    let inner = |keys: &[&str]| {
        let prefix = match column {
            "" => String::new(),
            column => format!("{column}/"),
        };
        keys.iter().map(|key| format!("{prefix}{key}")).collect()
    };
    match field {
        FieldType::Localised | FieldType::LocalisedLong => inner(&["th", "en"]),
        FieldType::PartialDate | FieldType::DateOrText => inner(&["from", "to", "precision"]),
        FieldType::Group | FieldType::Groups | FieldType::Map(_) => Vec::new(),
        FieldType::Many(item) if matches!(item, FieldType::Group | FieldType::TextOrGroup) => {
            // A list of plain texts stands in the cell, other entries in a sheet.
            match item {
                FieldType::TextOrGroup => vec![column.to_owned()],
                _ => Vec::new(),
            }
        }
        _ => vec![column.to_owned()],
    }
}

/// The system of an identifier's column: `hcode5` of `identifiers/hcode5/value`.
pub(crate) fn identifier_system(column: &str) -> Option<&str> {
    column
        .strip_prefix(IDENTIFIERS)?
        .strip_prefix('/')?
        .strip_suffix("/value")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_has_sheets_for_problems_strategies_and_measures() {
        let names: Vec<String> = SheetId::declared(Kind::Plan)
            .iter()
            .map(SheetId::name)
            .collect();
        for wanted in [
            "plan",
            "plan.problems",
            "plan.strategies",
            "plan.strategies.measures",
        ] {
            assert!(
                names.iter().any(|name| name == wanted),
                "{wanted}: {names:?}"
            );
        }
    }

    #[test]
    fn an_organisation_has_a_column_for_each_coding_system() {
        let columns = SheetId::main(Kind::Org).columns();
        assert!(
            columns
                .iter()
                .any(|column| column == "identifiers/hcode5/value")
        );
        assert!(columns.iter().any(|column| column == "name/th"));
        assert!(!columns.iter().any(|column| column == "parents"));
    }

    #[test]
    fn every_sheet_is_found_again_by_its_title_and_its_name() {
        for sheet in Kind::ALL.into_iter().flat_map(SheetId::declared) {
            assert_eq!(SheetId::from_name(&sheet.name()), Some(sheet.clone()));
            for language in Language::ALL {
                let title = sheet.title(language);
                assert!(
                    title.encode_utf16().count() <= SHEET_NAME_UNITS_MAX,
                    "{title}"
                );
                assert_eq!(SheetId::from_title(&title), Some(sheet.clone()), "{title}");
            }
        }
    }

    #[test]
    fn columns_stand_in_the_order_of_the_schema_and_none_twice() {
        for sheet in Kind::ALL.into_iter().flat_map(SheetId::declared) {
            let columns = sheet.columns();
            let mut sorted = columns.clone();
            sorted.sort_by_key(|column| sheet.place(column));
            sorted.dedup();
            assert_eq!(columns.len(), sorted.len(), "{}", sheet.name());
        }
    }
}
