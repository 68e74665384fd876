//! `export`: documents as JSON lines, ready for `import`.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde_json::json;
use tempfile::NamedTempFile;

use super::Invocation;
use crate::client::{Client, Listing};
use crate::output::number;

/// Export documents as JSON lines, sorted by space and id
///
/// A file appears only when it is complete. With --json and --out the answer is a count.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki export --space province-41 --out province-41.jsonl
  phaki export --kind plan | jq -r .title.th")]
pub(crate) struct ExportArgs {
    /// Only this space, by name or id
    #[arg(long, default_value = "", hide_default_value = true)]
    space: String,
    /// Only this kind
    #[arg(long, default_value = "", hide_default_value = true)]
    kind: String,
    /// Write to this file instead of the standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) async fn export(invocation: &mut Invocation, args: ExportArgs) -> anyhow::Result<()> {
    let mut client = invocation.connect().await?;
    let Some(file) = args.out else {
        let mut listing = client.export(&args.space, &args.kind).await?;
        while let Some(document) = listing.next().await? {
            invocation.output.line(document.document_json)?;
        }
        return Ok(());
    };
    let count = to_file(&mut client, &args.space, &args.kind, &file).await?;
    let output = &mut invocation.output;
    if output.json {
        return output.value(&json!({"documents": count, "file": file}));
    }
    let (count, file) = (number::grouped(count), file.display());
    output.line(output.language.pick(
        format!("ส่งออก {count} เอกสารไปที่ {file} แล้ว"),
        format!("exported {count} documents to {file}"),
    ))
}

async fn to_file(client: &mut Client, space: &str, kind: &str, file: &Path) -> anyhow::Result<u64> {
    let folder = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let writing = || format!("write {}", file.display());
    let mut listing: Listing<_> = client.export(space, kind).await?;
    let mut temporary = BufWriter::new(NamedTempFile::new_in(folder).with_context(writing)?);
    let mut count = 0;
    while let Some(document) = listing.next().await? {
        writeln!(temporary, "{}", document.document_json).with_context(writing)?;
        count += 1;
    }
    let temporary = temporary
        .into_inner()
        .map_err(std::io::IntoInnerError::into_error)
        .with_context(writing)?;
    temporary.as_file().sync_all().with_context(writing)?;
    temporary.persist(file).with_context(writing)?;
    Ok(count)
}
