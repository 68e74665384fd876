//! `roster`: the file in which a roster travels to the federation's key and back. Needs no node,
//! no network and no data folder.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use phaki_wire::proto::local::v1::RosterDifference;
use serde_json::json;

use super::Invocation;
use super::confirm::confirm;
use super::federation::{differences_to_json, show_differences, write_new};
use crate::identity;
use crate::limits::ROSTER_FILE_BYTES_MAX;
use crate::output::Output;
use crate::roster::{Difference, RosterFile};

/// Sign a roster where the federation's key lies, or look at one
#[derive(Debug, Subcommand)]
pub(crate) enum RosterCommand {
    Sign(SignArgs),
    Show(ShowArgs),
}

/// Sign a roster that a node prepared, on the machine with the federation's key
///
/// Shows what changes against the roster that the key signed last, and asks. Needs no node, no
/// network and no data folder: the machine can be one that is never connected.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki roster sign roster-8.unsigned --key /media/stick/federation.key
  phaki federation enact roster-8.signed          # then, at a node")]
pub(crate) struct SignArgs {
    /// The file that a `phaki federation` command wrote
    file: PathBuf,
    /// The federation's key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// File for the signed roster, by default the same with the ending .signed
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Sign without asking
    #[arg(long)]
    yes: bool,
}

/// Show what a roster file changes, and whether it is signed
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki roster show roster-8.unsigned")]
pub(crate) struct ShowArgs {
    /// The file
    file: PathBuf,
}

pub(crate) fn roster(invocation: &mut Invocation, command: RosterCommand) -> anyhow::Result<()> {
    let output = &mut invocation.output;
    match command {
        RosterCommand::Sign(args) => sign(output, args),
        RosterCommand::Show(args) => {
            let roster = open(&args.file)?;
            match output.json {
                true => show_json(output, &roster, None),
                false => show(output, &roster),
            }
        }
    }
}

fn sign(output: &mut Output, args: SignArgs) -> anyhow::Result<()> {
    let roster = open(&args.file)?;
    if !output.json {
        show(output, &roster)?;
    }
    let key = identity::read(&args.key)?;
    let version = roster.after().version;
    let signed = roster
        .sign(&key)
        .with_context(|| format!("sign {}", args.file.display()))?;
    let question = output.language.pick(
        format!("จะลงนามบัญชีโหนดรุ่นที่ {version} ด้วยกุญแจของสหพันธ์"),
        format!("Roster version {version} would be signed with the federation's key."),
    );
    confirm(output, args.yes, &question)?;
    let out = args
        .out
        .unwrap_or_else(|| args.file.with_extension("signed"));
    write_new(&out, &signed.to_string())?;
    if output.json {
        return show_json(output, &signed, Some(&out));
    }
    let out = out.display();
    output.line(output.language.pick(
        format!("ลงนามแล้ว: {out}\nขั้นต่อไป: ที่โหนดใดก็ได้ของสหพันธ์ สั่ง `phaki federation enact {out}`"),
        format!(
            "signed: {out}\nnext: at any node of the federation, `phaki federation enact {out}`"
        ),
    ))
}

fn show(output: &mut Output, roster: &RosterFile) -> anyhow::Result<()> {
    let (before, after) = (roster.before(), roster.after());
    let (federation, nodes) = (roster.federation(), after.nodes.len());
    let (old, new) = (before.version, after.version);
    let state = match roster.signed() {
        Some(_) => output.language.pick("ลงนามแล้ว", "signed"),
        None => output.language.pick("ยังไม่ได้ลงนาม", "not signed yet"),
    };
    output.line(output.language.pick(
        format!("สหพันธ์ {federation}\nบัญชีโหนดรุ่นที่ {old} → {new}, {nodes} โหนด, {state}"),
        format!("federation {federation}\nroster version {old} → {new}, {nodes} nodes, {state}"),
    ))?;
    show_differences(output, &to_wire(roster))
}

fn show_json(output: &mut Output, roster: &RosterFile, file: Option<&Path>) -> anyhow::Result<()> {
    output.value(&json!({
        "federation": roster.federation().to_string(),
        "from_version": roster.before().version,
        "version": roster.after().version,
        "nodes": roster.after().nodes.len(),
        "signed": roster.signed().is_some(),
        "file": file,
        "differences": differences_to_json(&to_wire(roster)),
    }))
}

fn to_wire(roster: &RosterFile) -> Vec<RosterDifference> {
    let differences = roster.differences();
    differences.iter().map(Difference::to_wire).collect()
}

fn open(path: &Path) -> anyhow::Result<RosterFile> {
    let text = read_file(path)?;
    RosterFile::parse(&text).with_context(|| format!("read {}", path.display()))
}

/// Reads a text of the size that a roster file may have.
pub(crate) fn read_file(path: &Path) -> anyhow::Result<String> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("read {shown}"))?;
    let limit = u64::try_from(ROSTER_FILE_BYTES_MAX)?;
    let mut bytes = Vec::new();
    let read = file.take(limit + 1).read_to_end(&mut bytes);
    read.with_context(|| format!("read {shown}"))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(_) => bail!("read {shown}: it is no text: name the file that phaki wrote"),
    }
}
