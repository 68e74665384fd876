//! Spreadsheets: what they would change is worked out here, cell by cell, and then put.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use phaki_documents::DocumentId;
use phaki_exchange::cell::Sheet;
use phaki_exchange::import::{Draft, Held, Plan, Planned, Present, Severity};
use phaki_exchange::limits::FILE_BYTES_MAX;
use phaki_exchange::{delimited, workbook};
use phaki_wire::proto::local::v1::field_edit::Act;
use phaki_wire::proto::local::v1::{EditDocumentRequest, FieldEdit};
use serde_json::Value;

use super::report::{self, Outcome};
use super::source::Place;
use super::{Format, Import, ImportArgs, known_space};
use crate::cli::Misuse;
use crate::client::{Client, Refusal};
use crate::commands::{Invocation, conflicting};

pub(super) async fn import(
    invocation: &mut Invocation,
    args: ImportArgs,
    format: Format,
) -> anyhow::Result<ExitCode> {
    let sheets = sheets(&args.file, format)?;
    let draft = Draft::of(&sheets);
    let mut client = invocation.connect().await?;
    known_space(&mut client, &args.space).await?;
    let present = present(&mut client, &args.space, &draft).await?;
    let plan = draft.plan(&present);
    let mut import = Import::new(&args);
    let puts = plan.planned.iter().enumerate();
    let puts = puts.filter_map(|(index, planned)| {
        Some((Place::Item(index), Ok(planned.put.as_ref()?.to_string())))
    });
    import.all(invocation, &mut client, puts.collect()).await?;
    let mut refused = import.tally.refused;
    if !args.dry_run {
        let failed: BTreeSet<usize> = refused.iter().map(|(place, _)| index(*place)).collect();
        for (index, planned) in plan.planned.iter().enumerate() {
            if planned.removed.is_empty() || failed.contains(&index) {
                continue;
            }
            if let Err(reason) = remove(&mut client, &args, planned).await? {
                refused.push((Place::Item(index), reason));
            }
        }
    }
    let refused: Vec<(usize, String)> = refused
        .into_iter()
        .map(|(place, reason)| (index(place), reason))
        .collect();
    let sound = refused.is_empty() && !has_errors(&plan);
    let outcome = Outcome {
        plan: &plan,
        refused: &refused,
        dry_run: args.dry_run,
    };
    report::report(&mut invocation.output, &args.file, &outcome)?;
    Ok(if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn has_errors(plan: &Plan) -> bool {
    plan.remarks
        .iter()
        .any(|remark| remark.severity == Severity::Error)
}

fn index(place: Place) -> usize {
    match place {
        Place::Line(number) | Place::Item(number) => number,
    }
}

/// The sheets of a workbook, of a CSV file, or of the CSV files of a folder.
fn sheets(file: &Path, format: Format) -> anyhow::Result<Vec<Sheet>> {
    if format == Format::Xlsx {
        let bytes = bytes(file)?;
        return workbook::read(&bytes).map_err(|error| unusable(file, &error));
    }
    let mut files = vec![file.to_owned()];
    if file.is_dir() {
        let reading = || format!("read {}", file.display());
        files = Vec::new();
        for entry in std::fs::read_dir(file).with_context(reading)? {
            files.push(entry.with_context(reading)?.path());
        }
        files.retain(|file: &PathBuf| Format::of(file) == Format::Csv && !file.is_dir());
        files.sort();
    }
    if files.is_empty() {
        return Err(Misuse(format!("{} holds no .csv file", file.display())).into());
    }
    files
        .iter()
        .map(|file| {
            let name = file.file_stem().unwrap_or_default().to_string_lossy();
            delimited::read(&name, &bytes(file)?).map_err(|error| unusable(file, &error))
        })
        .collect()
}

/// The bytes of a file, `-` being the standard input; what is too large is not read.
fn bytes(file: &Path) -> anyhow::Result<Vec<u8>> {
    use std::io::Read;
    let reading = || format!("read {}", file.display());
    let most = u64::try_from(FILE_BYTES_MAX)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    let mut bytes = Vec::new();
    if file.as_os_str() == "-" {
        std::io::stdin()
            .lock()
            .take(most)
            .read_to_end(&mut bytes)
            .with_context(reading)?;
    } else {
        let open = std::fs::File::open(file).with_context(reading)?;
        open.take(most)
            .read_to_end(&mut bytes)
            .with_context(reading)?;
    }
    Ok(bytes)
}

fn unusable(file: &Path, error: &dyn std::error::Error) -> anyhow::Error {
    Misuse(format!("{}: {error}", file.display())).into()
}

/// The documents of the space that the file may be about.
async fn present(client: &mut Client, space: &str, draft: &Draft) -> anyhow::Result<Present> {
    let mut present = Present::new();
    for kind in draft.kinds() {
        let mut contested: Vec<DocumentId> = Vec::new();
        let mut listing = client.export(space, kind.name()).await?;
        while let Some(exported) = listing.next().await? {
            let json: Value = serde_json::from_str(&exported.document_json)
                .context("read a document of the node")?;
            let id: DocumentId = json["id"].as_str().unwrap_or_default().parse()?;
            if exported.conflicts > 0 {
                contested.push(id);
            }
            let conflicts = Vec::new();
            present.insert(id, Held { json, conflicts });
        }
        for id in contested {
            let conflicts = conflicting(client, id, space).await?;
            if let Some(held) = present.get_mut(&id) {
                held.conflicts = conflicts;
            }
        }
    }
    Ok(present)
}

/// Removes the fields that a file says to remove; the inner error is a refusal.
async fn remove(
    client: &mut Client,
    args: &ImportArgs,
    planned: &Planned,
) -> anyhow::Result<Result<(), String>> {
    let edits = planned.removed.iter().map(|path| FieldEdit {
        path: path.clone(),
        act: Some(Act::Remove(true)),
    });
    let request = EditDocumentRequest {
        id: planned.id.to_string(),
        space: args.space.clone(),
        edits: edits.collect(),
        author: Some(args.author.to_wire()),
        heads: Vec::new(),
    };
    match client.edit(request).await {
        Ok(_) => Ok(Ok(())),
        Err(error) => match error.downcast_ref::<Refusal>() {
            Some(refusal) if refusal.blames_documents() => Ok(Err(refusal.message.clone())),
            _ => Err(error),
        },
    }
}
