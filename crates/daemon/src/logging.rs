//! Where log lines go: standard error, for people or as one JSON object a line.

use std::io;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Sets up logging for the whole process; once.
pub(crate) fn start(log: &Log) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter_of(&log.level)).context("understand the log level")?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    let started = match log.format {
        LogFormat::Text => lines.with_ansi(is_terminal()).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    started
        .map_err(|error| anyhow::anyhow!(error))
        .context("set up logging")
}

/// Automerge opens a span with all its arguments for each change, at the level of what operators
/// read, and lines of ours inside would carry them. Only who names it hears of it.
fn filter_of(level: &str) -> String {
    match level.contains("automerge") {
        true => level.to_owned(),
        false => format!("{level},automerge=warn"),
    }
}

fn is_terminal() -> bool {
    io::IsTerminal::is_terminal(&io::stderr())
}
