//! `federation suspend`, `reinstate`, `remove` and `enact`: who may take part.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use phaki_wire::proto::local::v1::{ChangeRosterReply, ChangeRosterRequest};
use serde_json::{Value, json};

use super::difference;
use crate::commands::Invocation;
use crate::commands::confirm::confirm;
use crate::commands::roster::read_file;
use crate::output::Output;

/// Suspend nodes: their sessions end at once, until they are reinstated
///
/// What they wrote before stays valid. Nodes without a line to this one go on talking to them until
/// they hear of the new roster.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki federation suspend TH-41 --reason 'laptop missing since Monday'")]
pub(crate) struct SuspendArgs {
    #[command(flatten)]
    which: WhichArgs,
}

/// Let suspended nodes take part again
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki federation reinstate TH-41")]
pub(crate) struct ReinstateArgs {
    #[command(flatten)]
    which: WhichArgs,
}

/// Remove nodes for ever: their keys never come back, their names become free
///
/// What they wrote before stays valid. A machine that was removed by mistake joins again with a new
/// key, in a new data folder. To exclude a node for a while only, suspend it.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki federation remove TH-41 --reason 'office closed' --yes")]
pub(crate) struct RemoveArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Do it without asking
    #[arg(long)]
    yes: bool,
}

/// Put a roster in force that `phaki roster sign` signed
///
/// Works on any node of the federation; the others hear of it from there. Refused when the file
/// was made from an older roster than the one in force: make and sign it again then.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki federation enact roster-8.signed")]
pub(crate) struct EnactArgs {
    /// The file that `phaki roster sign` wrote
    file: PathBuf,
}

/// Which nodes and why.
#[derive(Args, Debug)]
struct WhichArgs {
    /// The nodes, by name or key: all in one new roster
    #[arg(required = true)]
    node: Vec<String>,
    /// Why, in a few words; it stays on this node
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    out: OutArgs,
}

/// Where a roster goes that cannot be signed here.
#[derive(Args, Debug)]
pub(super) struct OutArgs {
    /// File for the roster when the federation's key is not on this node, by default
    /// roster-VERSION.unsigned in this folder
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) async fn suspend(invocation: &mut Invocation, args: SuspendArgs) -> anyhow::Result<()> {
    change(invocation, "suspend", args.which).await
}

pub(super) async fn reinstate(
    invocation: &mut Invocation,
    args: ReinstateArgs,
) -> anyhow::Result<()> {
    change(invocation, "reinstate", args.which).await
}

pub(super) async fn remove(invocation: &mut Invocation, args: RemoveArgs) -> anyhow::Result<()> {
    let node = args.which.node.join(", ");
    let question = invocation.output.language.pick(
        format!("ถอด {node} ออกอย่างถาวร: กุญแจที่ถอดแล้วจะกลับมาไม่ได้อีก"),
        format!("Removing {node} is for ever: a removed key never comes back."),
    );
    confirm(&mut invocation.output, args.yes, &question)?;
    change(invocation, "remove", args.which).await
}

async fn change(invocation: &mut Invocation, change: &str, which: WhichArgs) -> anyhow::Result<()> {
    let request = ChangeRosterRequest {
        change: change.to_owned(),
        nodes: which.node,
        reason: which.reason,
    };
    let reply = invocation.connect().await?.change_roster(request).await?;
    report(&mut invocation.output, &reply, &which.out)
}

pub(super) async fn enact(invocation: &mut Invocation, args: EnactArgs) -> anyhow::Result<()> {
    let text = read_file(&args.file)?;
    let reply = invocation.connect().await?.enact_roster(text).await?;
    let output = &mut invocation.output;
    if output.json {
        return output.value(&json!({
            "version": reply.version,
            "differences": difference::to_json(&reply.differences),
        }));
    }
    difference::show(output, &reply.differences)?;
    in_force(output, reply.version)
}

/// Writes what is to be signed, if the key is not here; to which file.
fn write_unsigned(reply: &ChangeRosterReply, out: &OutArgs) -> anyhow::Result<Option<PathBuf>> {
    let version = reply.version;
    let default = || PathBuf::from(format!("roster-{version}.unsigned"));
    let file = (!reply.in_force).then(|| out.out.clone().unwrap_or_else(default));
    if let Some(file) = &file {
        write_new(file, &reply.unsigned)?;
    }
    Ok(file)
}

/// As [`report`], for programs.
pub(super) fn report_to_json(reply: &ChangeRosterReply, out: &OutArgs) -> anyhow::Result<Value> {
    let file = write_unsigned(reply, out)?;
    Ok(json!({
        "version": reply.version,
        "in_force": reply.in_force,
        "file": file,
        "differences": difference::to_json(&reply.differences),
    }))
}

/// Says what changed; or writes what is to be signed, and says how to go on.
pub(super) fn report(
    output: &mut Output,
    reply: &ChangeRosterReply,
    out: &OutArgs,
) -> anyhow::Result<()> {
    if output.json {
        return output.value(&report_to_json(reply, out)?);
    }
    let (version, file) = (reply.version, write_unsigned(reply, out)?);
    difference::show(output, &reply.differences)?;
    let Some(file) = file else {
        return in_force(output, version);
    };
    let signed = file.with_extension("signed");
    let (file, signed) = (file.display(), signed.display());
    output.line(output.language.pick(
        format!(
            "ยังไม่มีผล: กุญแจของสหพันธ์ไม่ได้อยู่ที่โหนดนี้ จึงเขียนบัญชีโหนดรุ่นที่ {version} ไว้ใน {file}\n\
             ขั้นต่อไป: นำไฟล์ไปยังเครื่องที่มีกุญแจ สั่ง `phaki roster sign {file} --key federation.key`\n\
             นำ {signed} กลับมา แล้วสั่ง `phaki federation enact {signed}`"
        ),
        format!(
            "not in force yet: the federation's key is not on this node, so roster version \
             {version} was written to {file}\n\
             next: take the file to the machine with the key and run `phaki roster sign {file} \
             --key federation.key`\n\
             then bring {signed} back and run `phaki federation enact {signed}`"
        ),
    ))
}

fn in_force(output: &mut Output, version: u64) -> anyhow::Result<()> {
    output.line(output.language.pick(
        format!("บัญชีโหนดรุ่นที่ {version} มีผลแล้ว"),
        format!("roster version {version} is in force"),
    ))
}

/// Writes a file that does not exist yet.
pub(crate) fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    let shown = path.display();
    let made = OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = match made {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            anyhow::bail!("write {shown}: the file exists: name another one with --out");
        }
        made => made.with_context(|| format!("write {shown}"))?,
    };
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .with_context(|| format!("write {shown}"))
}
