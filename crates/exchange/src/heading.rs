//! Headings: what the columns of a sheet are called, and which column a heading means.
//!
//! A heading is the label of its field in Thai or English. Where two fields of a sheet share a
//! label, and for fields that the schema does not know, the path stands behind it in brackets.

use std::collections::BTreeMap;

use phaki_documents::rules::SYSTEMS;
use phaki_documents::schema::FieldType;

use crate::language::Language;
use crate::layout::{SheetId, identifier_system};

const DOCUMENT: [&str; 2] = ["รหัสเอกสาร", "Document id"];
const KEY: [&str; 2] = ["คีย์: ", "Key: "];
const CONFLICTS: [&str; 2] = ["ข้อขัดแย้งที่รอตัดสิน", "Open conflicts"];
const BUDDHIST: [&str; 2] = [" พ.ศ.", " B.E."];

/// What stands below a heading.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// The id of the document.
    Document,
    /// The key of the entry of the level with that number, from 0.
    Key(usize),
    /// A field, by its path below the document or the entry; empty for the entry itself.
    Field(String),
    /// The date of that field as a reader in Thailand reads it.
    Buddhist(String),
    /// The fields of the row that are in conflict; only for the reader.
    Conflicts,
}

/// The heading of the column of ids, which also says which sheet this is.
pub fn document(sheet: &SheetId, language: Language) -> String {
    format!(
        "{} [{}]",
        language.pick(DOCUMENT[0], DOCUMENT[1]),
        sheet.name()
    )
}

/// The heading of the keys of a level, from 0.
pub fn key(sheet: &SheetId, level: usize, language: Language) -> String {
    let label = sheet.level_label(level + 1, language);
    format!("{}{label}", language.pick(KEY[0], KEY[1]))
}

/// The heading of the column of conflicts.
pub fn conflicts(language: Language) -> String {
    language.pick(CONFLICTS[0], CONFLICTS[1]).to_owned()
}

/// The heading of the Buddhist date beside a date.
pub fn buddhist(date: &str, language: Language) -> String {
    format!("{date}{}", language.pick(BUDDHIST[0], BUDDHIST[1]))
}

/// The headings of these fields of a sheet.
pub fn fields(sheet: &SheetId, columns: &[String], language: Language) -> Vec<String> {
    let declared = declared(sheet, language);
    columns
        .iter()
        .map(|column| match declared.get(column) {
            Some(heading) => heading.clone(),
            None => bracketed(&label(sheet, column, language).unwrap_or_default(), column),
        })
        .collect()
}

/// What each heading of a sheet means: `None` for one that is not known.
pub fn meanings(sheet: &SheetId, headings: &[String]) -> Vec<Option<Column>> {
    let mut known = BTreeMap::new();
    for language in Language::ALL {
        known.insert(document(sheet, language), Column::Document);
        known.insert(DOCUMENT[0].to_owned(), Column::Document);
        known.insert(DOCUMENT[1].to_owned(), Column::Document);
        known.insert(conflicts(language), Column::Conflicts);
        for level in 0..sheet.levels.len() {
            known.insert(key(sheet, level, language), Column::Key(level));
        }
        for (column, heading) in declared(sheet, language) {
            known.insert(
                buddhist(&heading, language),
                Column::Buddhist(column.clone()),
            );
            known.insert(heading, Column::Field(column));
        }
    }
    headings
        .iter()
        .map(|heading| {
            let heading = heading.trim();
            known.get(heading).cloned().or_else(|| in_brackets(heading))
        })
        .collect()
}

/// The sheet that the heading of a column of ids names.
pub fn sheet_of(headings: &[String]) -> Option<SheetId> {
    headings.iter().find_map(|heading| {
        let heading = heading.trim();
        let ids = DOCUMENT.iter().any(|word| heading.starts_with(word));
        SheetId::from_name(brackets(heading).filter(|_| ids)?)
    })
}

/// The headings of the columns that the schema knows.
fn declared(sheet: &SheetId, language: Language) -> BTreeMap<String, String> {
    let columns = sheet.columns();
    let labels: Vec<String> = columns
        .iter()
        .map(|column| label(sheet, column, language).unwrap_or_default())
        .collect();
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for label in &labels {
        *uses.entry(label).or_default() += 1;
    }
    columns
        .iter()
        .zip(&labels)
        .map(|(column, label)| {
            let unique = !label.is_empty() && uses.get(label.as_str()) == Some(&1);
            let heading = match unique {
                true => label.clone(),
                false => bracketed(label, column),
            };
            (column.clone(), heading)
        })
        .collect()
}

fn bracketed(label: &str, column: &str) -> String {
    format!("{label} [{column}]").trim_start().to_owned()
}

fn brackets(heading: &str) -> Option<&str> {
    let (_, inside) = heading.strip_suffix(']')?.rsplit_once('[')?;
    Some(inside)
}

fn in_brackets(heading: &str) -> Option<Column> {
    let date = BUDDHIST
        .iter()
        .find_map(|ending| heading.strip_suffix(*ending));
    let column = brackets(date.unwrap_or(heading))?.to_owned();
    let sound = column.is_empty() || phaki_documents::Path::parse(&column).is_ok();
    sound.then_some(match date {
        Some(_) => Column::Buddhist(column),
        None => Column::Field(column),
    })
}

/// The words for a column; `None` where the schema has none.
fn label(sheet: &SheetId, column: &str, language: Language) -> Option<String> {
    if let Some(system) = identifier_system(column) {
        let system = SYSTEMS.iter().find(|known| known.name == system)?;
        return Some(language.pick(system.th, system.en).to_owned());
    }
    let found = sheet.field_at(column)?;
    let words = language.label(found.field.label);
    let words = words
        .replace("(สตางค์)", "(บาท)")
        .replace("(satang)", "(baht)");
    let known = column.split('/').filter(|part| !part.is_empty()).count();
    let levels: usize = sheet
        .levels
        .iter()
        .map(|level| level.split('/').count() + 1)
        .sum();
    let own = found
        .field
        .pattern
        .split('/')
        .count()
        .saturating_sub(levels);
    let inner: Vec<&str> = column.split('/').skip(own.min(known)).collect();
    let words = match own {
        2.. => {
            let (outer, _) = column.split_once('/')?;
            let outer = label(sheet, outer, language)?;
            format!("{outer} · {words}")
        }
        _ => words,
    };
    match inner.as_slice() {
        [] | ["" | "th"] => Some(words),
        [part] => Some(format!("{words} ({})", inner_label(part, language)?)),
        _ => None,
    }
    .filter(|_| found.at.is_some() || matches!(found.field.field_type, FieldType::Group))
}

fn inner_label(part: &str, language: Language) -> Option<&'static str> {
    let (th, en) = match part {
        "en" => ("อังกฤษ", "English"),
        "from" => ("เริ่ม", "from"),
        "to" => ("สิ้นสุด", "to"),
        "precision" => ("ความละเอียด", "precision"),
        "as_written" => ("ตามต้นฉบับ", "as written"),
        "inferred" => ("อนุมานจาก", "inferred"),
        _ => return None,
    };
    Some(language.pick(th, en))
}

#[cfg(test)]
mod tests {
    use super::*;
    use phaki_documents::Kind;

    fn heading(sheet: &SheetId, column: &str, language: Language) -> String {
        fields(sheet, &[column.to_owned()], language).remove(0)
    }

    #[test]
    fn headings_are_the_labels_of_the_schema() {
        let plan = SheetId::main(Kind::Plan);
        assert_eq!(heading(&plan, "title/th", Language::Thai), "ชื่อแผน");
        assert_eq!(heading(&plan, "title/en", Language::Thai), "ชื่อแผน (อังกฤษ)");
        assert_eq!(heading(&plan, "title/th", Language::English), "Title");
        assert_eq!(
            heading(&plan, "review/success", Language::Thai),
            "ผลการทบทวน · จุดสำเร็จ"
        );
        let budget = SheetId::main(Kind::Activity).below("budget");
        assert_eq!(
            heading(&budget, "amount_satang", Language::Thai),
            "จำนวนเงิน (บาท)"
        );
        assert_eq!(key(&budget, 0, Language::English), "Key: Budget lines");
        let allocation = SheetId::main(Kind::Plan).below("allocation");
        assert_eq!(
            heading(&allocation, "", Language::Thai),
            "การจัดสรรตามประเภท (บาท)"
        );
    }

    #[test]
    fn unknown_fields_are_named_by_their_path() {
        let plan = SheetId::main(Kind::Plan);
        assert_eq!(heading(&plan, "brand_new", Language::Thai), "[brand_new]");
        let read = meanings(
            &plan,
            &["[brand_new]".to_owned(), "หมายเหตุของฉัน".to_owned()],
        );
        assert_eq!(read, [Some(Column::Field("brand_new".to_owned())), None]);
    }

    #[test]
    fn every_heading_means_its_column_in_both_languages() {
        for sheet in Kind::ALL.into_iter().flat_map(SheetId::declared) {
            let mut columns = sheet.columns();
            columns.extend(["zz/new".to_owned(), "title/zh".to_owned()]);
            for language in Language::ALL {
                let headings = fields(&sheet, &columns, language);
                let read = meanings(&sheet, &headings);
                for ((column, read), heading) in columns.iter().zip(read).zip(headings) {
                    let name = sheet.name();
                    assert_eq!(
                        read,
                        Some(Column::Field(column.clone())),
                        "{name} {heading}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_heading_of_the_ids_says_which_sheet_it_is() {
        let measures = SheetId::main(Kind::Plan)
            .below("strategies")
            .below("measures");
        let headings = [
            document(&measures, Language::Thai),
            key(&measures, 1, Language::Thai),
        ];
        assert_eq!(sheet_of(&headings), Some(measures.clone()));
        let read = meanings(&measures, &headings);
        assert_eq!(read, [Some(Column::Document), Some(Column::Key(1))]);
    }
}
