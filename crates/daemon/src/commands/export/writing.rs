//! Files that appear only when they are whole.

use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;
use tempfile::NamedTempFile;

/// The folder in which a file lies.
pub(super) fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Writes a file beside its place and puts it there when it is durable.
pub(super) fn write(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let writing = || format!("write {}", file.display());
    let mut temporary = NamedTempFile::new_in(folder_of(file)).with_context(writing)?;
    temporary.write_all(bytes).with_context(writing)?;
    temporary.as_file().sync_all().with_context(writing)?;
    temporary.persist(file).with_context(writing)?;
    Ok(())
}

/// Writes the bytes of a format to the standard output, as they are.
pub(super) fn to_output(bytes: &[u8]) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    output
        .write_all(bytes)
        .context("write to the standard output")
}
