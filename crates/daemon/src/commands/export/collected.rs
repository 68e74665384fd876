//! Formats that need all documents at once: spreadsheets, FHIR, calendars, cards of contacts.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use phaki_documents::{DocumentId, Kind};
use phaki_exchange::rows::{Manner, Rows};
use phaki_exchange::value::Medium;
use phaki_exchange::{Table, calendar, delimited, directory, local_fund, office_contact, workbook};
use serde_json::{Value, json};

use super::{ExportArgs, Format, Layout, note_conflicts, writing};
use crate::cli::Misuse;
use crate::client::Client;
use crate::commands::{Invocation, conflicting};
use crate::output::{Language, complain, number};

/// What is to be written.
enum Made {
    One(Vec<u8>),
    /// Files for a folder, by name.
    Many(Vec<(String, Vec<u8>)>),
}

/// The documents that a format is made from.
#[derive(Default)]
struct Collection {
    documents: Vec<(DocumentId, Value)>,
    conflicts: u64,
    contested: Vec<DocumentId>,
}

pub(super) async fn export(
    invocation: &mut Invocation,
    args: ExportArgs,
    format: Format,
) -> anyhow::Result<()> {
    if format == Format::Xlsx && args.out.is_none() {
        return Err(Misuse("a workbook is a file: add --out plans.xlsx".to_owned()).into());
    }
    let mut client = invocation.connect().await?;
    let language = invocation.output.language;
    let collection = collect(&mut client, &args, &kinds(&args, format)?).await?;
    note_conflicts(language, collection.conflicts);
    let made = match format {
        Format::Xlsx | Format::Csv => {
            let tables = tables(&mut client, &args, format, &collection, language).await?;
            spreadsheet(format, &tables, args.out.as_deref())?
        }
        _ => Made::One(text(format, &collection, language)?),
    };
    let output = &mut invocation.output;
    let Some(out) = &args.out else {
        let Made::One(bytes) = made else {
            return Err(Misuse("these are several CSV files: add --out FOLDER".to_owned()).into());
        };
        return writing::to_output(&bytes);
    };
    match made {
        Made::One(bytes) => writing::write(out, &bytes)?,
        Made::Many(files) => {
            std::fs::create_dir_all(out).with_context(|| format!("make {}", out.display()))?;
            for (name, bytes) in files {
                writing::write(&out.join(name), &bytes)?;
            }
        }
    }
    let count = collection.documents.len() as u64;
    if output.json {
        let conflicts = collection.conflicts;
        let counts = json!({"documents": count, "conflicts": conflicts, "file": out});
        return output.value(&counts);
    }
    let (count, file) = (number::grouped(count), out.display());
    output.line(language.pick(
        format!("ส่งออก {count} เอกสารไปที่ {file} แล้ว"),
        format!("exported {count} documents to {file}"),
    ))
}

/// The kinds that a format has a use for.
fn kinds(args: &ExportArgs, format: Format) -> Result<Vec<Kind>, Misuse> {
    let all = match (format, args.layout) {
        (Format::Fhir, _) => vec![Kind::Org, Kind::Network, Kind::Person, Kind::Agreement],
        (Format::Ics, _) => vec![Kind::Event],
        (Format::Vcf, _) => vec![Kind::Org],
        (_, Layout::LocalFund) => vec![Kind::Activity, Kind::Org, Kind::Network],
        _ => Kind::ALL.to_vec(),
    };
    if args.kind.is_empty() {
        return Ok(all);
    }
    let known = all
        .iter()
        .map(|kind| kind.name())
        .collect::<Vec<_>>()
        .join(", ");
    match Kind::from_name(&args.kind).filter(|kind| all.contains(kind)) {
        // The names of organisations belong to the projects of funds.
        Some(_) if args.layout == Layout::LocalFund => Ok(all),
        Some(kind) => Ok(vec![kind]),
        None => Err(Misuse(format!("--kind {:?} is none of {known}", args.kind))),
    }
}

async fn collect(
    client: &mut Client,
    args: &ExportArgs,
    kinds: &[Kind],
) -> anyhow::Result<Collection> {
    let mut found = Collection::default();
    let mut seen = std::collections::BTreeSet::new();
    for kind in kinds {
        let mut listing = client.export(&args.space, kind.name()).await?;
        while let Some(exported) = listing.next().await? {
            let json: Value = serde_json::from_str(&exported.document_json)
                .context("read a document of the node")?;
            let id: DocumentId = json["id"].as_str().unwrap_or_default().parse()?;
            if !seen.insert(id) {
                bail!(Misuse(format!(
                    "document {id} is in several spaces: add --space"
                )));
            }
            found.conflicts += exported.conflicts;
            if exported.conflicts > 0 {
                found.contested.push(id);
            }
            found.documents.push((id, json));
        }
    }
    Ok(found)
}

async fn tables(
    client: &mut Client,
    args: &ExportArgs,
    format: Format,
    collection: &Collection,
    language: Language,
) -> anyhow::Result<Vec<Table>> {
    if args.layout == Layout::LocalFund {
        return Ok(vec![local_fund::table(
            &collection.documents,
            language.of_files(),
        )]);
    }
    let mut rows = Rows::default();
    for (id, json) in &collection.documents {
        let paths = match collection.contested.contains(id) {
            true => conflicting(client, *id, &args.space).await?,
            false => Vec::new(),
        };
        rows.add(*id, json, &paths);
    }
    let made = rows.tables(Manner {
        language: language.of_files(),
        medium: match format {
            Format::Csv => Medium::Delimited,
            _ => Medium::Workbook,
        },
        whole: Kind::from_name(&args.kind),
    })?;
    if made.too_long > 0 {
        let count = number::grouped(made.too_long as u64);
        complain(language.pick(
            format!("หมายเหตุ: ข้อความ {count} ช่องยาวเกินเซลล์ จึงไม่อยู่ในไฟล์: ใช้ --format jsonl"),
            format!("note: {count} texts are too long for a cell and not in the file: use --format jsonl"),
        ));
    }
    Ok(made.tables)
}

fn spreadsheet(format: Format, tables: &[Table], out: Option<&Path>) -> anyhow::Result<Made> {
    if format == Format::Xlsx {
        return Ok(Made::One(
            workbook::write(tables).context("make the workbook")?,
        ));
    }
    let as_csv = |table: &Table| delimited::write(table).context("make the CSV file");
    match tables {
        [table] if out.is_none_or(|out| !out.is_dir()) => Ok(Made::One(as_csv(table)?)),
        tables if out.is_some_and(|out| Format::of(out).is_some()) => Err(Misuse(format!(
            "these are {} CSV files: let --out name a folder, or add --kind",
            tables.len()
        ))
        .into()),
        tables => {
            let file = |table: &Table| Ok((format!("{}.csv", table.name), as_csv(table)?));
            Ok(Made::Many(
                tables.iter().map(file).collect::<anyhow::Result<_>>()?,
            ))
        }
    }
}

fn text(format: Format, collection: &Collection, language: Language) -> anyhow::Result<Vec<u8>> {
    let (documents, files) = (&collection.documents, language.of_files());
    let left_out = |count: usize, th: &str, en: &str| {
        if count > 0 {
            let count = number::grouped(count as u64);
            complain(language.pick(
                format!("หมายเหตุ: {count} {th}"),
                format!("note: {count} {en}"),
            ));
        }
    };
    Ok(match format {
        Format::Fhir => serde_json::to_vec_pretty(&directory::bundle(documents, files))?,
        Format::Ics => {
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            let now = i64::try_from(now.as_secs()).unwrap_or_default();
            let made = calendar::calendar(documents, now, files);
            left_out(
                made.undated,
                "เวทีไม่มีวันที่ จึงไม่อยู่ในไฟล์",
                "events have no date and are not in the file",
            );
            made.text.into_bytes()
        }
        _ => {
            let (text, _, without) = office_contact::cards(documents, files);
            left_out(
                without,
                "หน่วยงานไม่มีข้อมูลติดต่อสำนักงาน จึงไม่อยู่ในไฟล์",
                "organisations have no contact of an office and are not in the file",
            );
            text.into_bytes()
        }
    })
}
