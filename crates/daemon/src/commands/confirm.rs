//! Acts that cannot be taken back wait for a yes.

use std::io::{self, BufRead, IsTerminal};

use anyhow::{Context, bail};

use crate::cli::Misuse;
use crate::output::Output;

/// Goes on when `yes` was given on the command line, or a person at the terminal answers so.
pub(crate) fn confirm(output: &mut Output, yes: bool, question: &str) -> anyhow::Result<()> {
    if yes {
        return Ok(());
    }
    let stdin = io::stdin();
    if output.json || !stdin.is_terminal() {
        bail!(Misuse(format!(
            "{question} Nothing was done: give --yes to do it"
        )));
    }
    let hint = output
        .language
        .pick("พิมพ์ yes เพื่อยืนยัน:", "Type yes to go on:");
    output.line(format!("{question} {hint}"))?;
    let mut answer = String::new();
    let read = stdin.lock().read_line(&mut answer);
    read.context("read the answer")?;
    match answer.trim() {
        "yes" | "ใช่" => Ok(()),
        _ => bail!("nothing was done: the answer was not yes"),
    }
}
