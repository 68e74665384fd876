//! What people and programs read on the standard output.

pub(crate) mod bar;
pub(crate) mod harmless;
pub(crate) mod language;
pub(crate) mod machine;
pub(crate) mod number;
pub(crate) mod remedy;
pub(crate) mod table;
pub(crate) mod time;
pub(crate) mod value;
pub(crate) mod words;

use std::fmt;
use std::io::{self, IsTerminal, Write};

use anyhow::Context;
use jiff::tz::TimeZone;
use serde_json::Value;

pub(crate) use bar::{Bar, Unit};
pub(crate) use language::Language;
pub(crate) use table::{Align, Table};

const WRITE: &str = "write to the standard output";

/// The one writer of a command.
pub(crate) struct Output {
    pub(crate) language: Language,
    /// One JSON value, or one a line, instead of texts.
    pub(crate) json: bool,
    zone: TimeZone,
    writer: Box<dyn Write>,
    terminal: bool,
}

impl Output {
    /// The standard output of this process.
    pub(crate) fn standard(language: Language, json: bool) -> Output {
        Output {
            language,
            json,
            zone: TimeZone::system(),
            terminal: io::stdout().is_terminal(),
            writer: Box::new(io::stdout()),
        }
    }

    /// Writes a line, or several.
    pub(crate) fn line(&mut self, text: impl fmt::Display) -> anyhow::Result<()> {
        let text = text.to_string();
        writeln!(self.writer, "{}", harmless::lines(&text)).context(WRITE)
    }

    /// Writes a table, which ends its own lines.
    pub(crate) fn table(&mut self, table: &Table) -> anyhow::Result<()> {
        let text = table.to_string();
        write!(self.writer, "{}", harmless::lines(&text)).context(WRITE)
    }

    /// Writes one line of JSON as it is.
    pub(crate) fn json_line(&mut self, json: &str) -> anyhow::Result<()> {
        writeln!(self.writer, "{json}").context(WRITE)
    }

    /// Writes a JSON value in one line.
    pub(crate) fn value(&mut self, value: &Value) -> anyhow::Result<()> {
        writeln!(self.writer, "{value}").context(WRITE)
    }

    /// Empties the screen of a terminal; does nothing elsewhere.
    pub(crate) fn clear(&mut self) -> anyhow::Result<()> {
        if self.terminal {
            write!(self.writer, "\x1b[H\x1b[2J").context(WRITE)?;
        }
        Ok(())
    }

    /// What stands before and behind a part of a line that shall be seen first.
    pub(crate) fn emphasis(&self) -> (&'static str, &'static str) {
        match self.terminal {
            true => ("\x1b[1m", "\x1b[0m"),
            false => ("[", "]"),
        }
    }

    /// Writes a line with emphasis, whose texts are harmless already.
    pub(crate) fn composed(&mut self, line: &str) -> anyhow::Result<()> {
        writeln!(self.writer, "{line}").context(WRITE)
    }

    /// A moment in local time.
    pub(crate) fn moment(&self, ms: i64) -> String {
        time::moment(ms, &self.zone, self.language)
    }

    /// Shortens a text that is one of several in a line, on a terminal only: what goes to a file
    /// stays whole.
    pub(crate) fn fit(&self, text: &str, columns: usize) -> String {
        if self.terminal {
            table::shorten(text, columns)
        } else {
            text.to_owned()
        }
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("language", &self.language)
            .field("json", &self.json)
            .finish_non_exhaustive()
    }
}

/// Writes a line to the standard error; what cannot be said there cannot be said at all.
pub(crate) fn complain(text: impl fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
