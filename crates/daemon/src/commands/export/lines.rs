//! Documents as JSON lines, sorted by space and id.

use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Context;
use phaki_wire::proto::local::v1::Space;
use serde_json::json;
use tempfile::NamedTempFile;

use super::{ExportArgs, note_conflicts, writing};
use crate::client::{Client, Listing};
use crate::commands::Invocation;
use crate::output::{Bar, Unit, number};

pub(super) async fn export(invocation: &mut Invocation, args: ExportArgs) -> anyhow::Result<()> {
    let mut client = invocation.connect().await?;
    let Some(file) = args.out.clone() else {
        let mut listing = client.export(&args.space, &args.kind).await?;
        let mut conflicts = 0;
        while let Some(document) = listing.next().await? {
            conflicts += document.conflicts;
            invocation.output.json_line(&document.document_json)?;
        }
        note_conflicts(invocation.output.language, conflicts);
        return Ok(());
    };
    let language = invocation.output.language;
    let total = match args.kind.as_str() {
        "" => documents(&mut client, &args.space).await?,
        _ => None,
    };
    let bar = total.map(|total| {
        let what = language.pick("ส่งออก", "exporting");
        Bar::new(what, total, Unit::Documents, language)
    });
    let exported = to_file(&mut client, &args, &file, bar.as_ref()).await?;
    drop(bar);
    let Exported { count, conflicts } = exported;
    let output = &mut invocation.output;
    note_conflicts(output.language, conflicts);
    if output.json {
        let counts = json!({"documents": count, "conflicts": conflicts, "file": file});
        return output.value(&counts);
    }
    let (count, file) = (number::grouped(count), file.display());
    output.line(output.language.pick(
        format!("ส่งออก {count} เอกสารไปที่ {file} แล้ว"),
        format!("exported {count} documents to {file}"),
    ))
}

/// What a file holds.
struct Exported {
    count: u64,
    /// Paths of which only the shown value is in it.
    conflicts: u64,
}

/// How many documents there are in a space, named by its name or id, or in all.
async fn documents(client: &mut Client, space: &str) -> anyhow::Result<Option<u64>> {
    let spaces = client.status().await?.spaces;
    let of_it = |one: &&Space| space.is_empty() || one.name == space || one.id == space;
    let total: u64 = spaces.iter().filter(of_it).map(|one| one.documents).sum();
    Ok((total > 0).then_some(total))
}

async fn to_file(
    client: &mut Client,
    args: &ExportArgs,
    file: &Path,
    bar: Option<&Bar>,
) -> anyhow::Result<Exported> {
    let folder = writing::folder_of(file);
    let writing = || format!("write {}", file.display());
    let mut listing: Listing<_> = client.export(&args.space, &args.kind).await?;
    let mut temporary = BufWriter::new(NamedTempFile::new_in(folder).with_context(writing)?);
    let (mut count, mut conflicts) = (0, 0);
    while let Some(document) = listing.next().await? {
        conflicts += document.conflicts;
        writeln!(temporary, "{}", document.document_json).with_context(writing)?;
        count += 1;
        if let Some(bar) = bar {
            bar.at(count);
        }
    }
    let temporary = temporary
        .into_inner()
        .map_err(std::io::IntoInnerError::into_error)
        .with_context(writing)?;
    temporary.as_file().sync_all().with_context(writing)?;
    temporary.persist(file).with_context(writing)?;
    Ok(Exported { count, conflicts })
}
