//! `export`: documents as JSON lines, as spreadsheets, or in the formats of other systems.

mod collected;
mod lines;
mod saved;
mod writing;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::Invocation;
use crate::cli::Misuse;
use crate::output::{Language, complain, number};

/// Export documents: JSON lines, spreadsheets, or formats of other systems
///
/// Without --format the ending of --out decides, and JSON lines are the rest; they and the
/// spreadsheets are ready for `phaki import`. A file appears only when it is complete. With --json
/// and --out the answer is a count. Of a field in conflict only the value that is shown is
/// exported, which spreadsheets mark in a column; a note on the standard error says how many there
/// are. Headings are in Thai with --lang th. FHIR has organisations, places, affiliations and
/// positions without names; ics the events; vcf the contacts of offices; automerge a file for each
/// document, with its history.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki export --space province-41 --out province-41.jsonl
  phaki export --space province-41 --out plans.xlsx --lang th
  phaki export --space province-41 --kind activity --format csv --out activities/
  phaki export --space province-41 --layout local-fund --out projects.xlsx
  phaki export --space directory --format fhir --out directory.json
  phaki export --kind plan | jq -r .title.th")]
pub(crate) struct ExportArgs {
    /// Only this space, by name or id
    #[arg(long, default_value = "", hide_default_value = true)]
    space: String,
    /// Only this kind; in spreadsheets with all its sheets, filled or not: a form to be filled in
    #[arg(long, default_value = "", hide_default_value = true)]
    kind: String,
    /// Write to this file instead of the standard output; several CSV files go into this folder
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The format
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The columns of a spreadsheet
    #[arg(long, value_enum, default_value = "documents")]
    layout: Layout,
}

/// In which form documents leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Jsonl,
    Xlsx,
    Csv,
    Fhir,
    Ics,
    Vcf,
    Automerge,
}

/// Which columns a spreadsheet has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Layout {
    /// All fields of the documents, for `phaki import`
    Documents,
    /// A row for each project, as local health security funds report them
    LocalFund,
}

impl Format {
    /// The format that the ending of a file's name promises.
    pub(crate) fn of(file: &Path) -> Option<Format> {
        let ending = file.extension()?.to_str()?.to_lowercase();
        match ending.as_str() {
            "xlsx" => Some(Format::Xlsx),
            "csv" => Some(Format::Csv),
            "ics" => Some(Format::Ics),
            "vcf" => Some(Format::Vcf),
            _ => None,
        }
    }
}

impl Language {
    /// This language in files.
    pub(crate) fn of_files(self) -> phaki_exchange::Language {
        self.pick(
            phaki_exchange::Language::Thai,
            phaki_exchange::Language::English,
        )
    }
}

pub(crate) async fn export(invocation: &mut Invocation, args: ExportArgs) -> anyhow::Result<()> {
    let guessed = args.out.as_deref().and_then(Format::of);
    let format = args.format.or(guessed).unwrap_or(Format::Jsonl);
    let sheets = matches!(format, Format::Xlsx | Format::Csv);
    if args.layout == Layout::LocalFund && !sheets {
        return Err(Misuse(
            "--layout local-fund is a spreadsheet: add --format xlsx or --format csv".to_owned(),
        )
        .into());
    }
    match format {
        Format::Jsonl => lines::export(invocation, args).await,
        Format::Automerge => saved::export(invocation, args).await,
        Format::Xlsx | Format::Csv | Format::Fhir | Format::Ics | Format::Vcf => {
            collected::export(invocation, args, format).await
        }
    }
}

fn note_conflicts(language: Language, conflicts: u64) {
    if let Some(note) = conflicts_note(language, conflicts) {
        complain(note);
    }
}

/// What is said of values that were not exported.
fn conflicts_note(language: Language, conflicts: u64) -> Option<String> {
    let count = number::grouped(conflicts);
    let note = language.pick(
        format!("หมายเหตุ: ขัดแย้ง {count} จุด ส่งออกเฉพาะค่าที่แสดงอยู่: ดู `phaki conflicts`"),
        format!("note: {count} conflicts, of which only the shown value is exported: see `phaki conflicts`"),
    );
    (conflicts > 0).then_some(note)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_not_exported_are_mentioned_and_nothing_else_is() {
        assert_eq!(conflicts_note(Language::English, 0), None);
        let note = conflicts_note(Language::English, 2).unwrap();
        assert!(note.contains("2 conflicts"), "{note}");
    }

    #[test]
    fn the_ending_of_a_file_promises_its_format() {
        assert_eq!(Format::of(Path::new("a/แผน.XLSX")), Some(Format::Xlsx));
        assert_eq!(Format::of(Path::new("plans.csv")), Some(Format::Csv));
        assert_eq!(Format::of(Path::new("plans.jsonl")), None);
        assert_eq!(Format::of(Path::new("csv")), None);
    }
}
