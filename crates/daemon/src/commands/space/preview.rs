//! `space preview`: what a grant or a revocation would mean, before it happens.

use clap::{Args, Subcommand};
use phaki_wire::proto::local::v1::{PreviewSpaceReply, PreviewSpaceRequest, RightsChange};
use serde_json::{Value, json};

use super::granting::GrantArgs;
use crate::commands::Invocation;
use crate::output::{Align, Output, Table, number, words};

/// Show who would gain or lose what, without doing it
#[derive(Debug, Subcommand)]
pub(crate) enum PreviewCommand {
    Grant(GrantArgs),
    Revoke(RevokedArgs),
}

/// Take a right in a space away; only its steward can
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki space preview revoke province-41 area:R8")]
pub(crate) struct RevokedArgs {
    /// The space, by name or id
    space: String,
    /// A node by name or key, role:ROLE, or area:AREA
    #[arg(value_name = "GRANTEE")]
    node: String,
}

pub(super) async fn preview(
    invocation: &mut Invocation,
    command: PreviewCommand,
) -> anyhow::Result<()> {
    let request = match command {
        PreviewCommand::Grant(args) => PreviewSpaceRequest {
            space: args.space,
            node: args.node,
            role: args.role.name().to_owned(),
        },
        PreviewCommand::Revoke(args) => PreviewSpaceRequest {
            space: args.space,
            node: args.node,
            role: String::new(),
        },
    };
    let found = invocation.connect().await?.preview_space(request).await?;
    let output = &mut invocation.output;
    match output.json {
        true => output.value(&to_json(&found)),
        false => show(output, &found),
    }
}

fn show(output: &mut Output, found: &PreviewSpaceReply) -> anyhow::Result<()> {
    let language = output.language;
    let name = &found.space;
    if found.changes.is_empty() {
        return output.line(language.pick(
            format!("ไม่มีโหนดใดในสหพันธ์วันนี้ที่สิทธิ์ใน {name} จะเปลี่ยน"),
            format!("the rights of no node of today would change in {name}"),
        ));
    }
    let newcomers = found.changes.iter().filter(|one| gains_reading(one));
    let leavers = found.changes.iter().filter(|one| loses_reading(one));
    let (newcomers, leavers) = (newcomers.count(), leavers.count());
    let (documents, entries, size) = (
        number::grouped(found.documents),
        number::grouped(found.entries),
        number::size(found.bytes),
    );
    if newcomers > 0 {
        output.line(language.pick(
            format!(
                "{newcomers} โหนดจะได้รับ {name}: เอกสาร {documents} ฉบับ รายการ {entries} รายการ \
                 ({size}) ทันที"
            ),
            format!(
                "{newcomers} node(s) would receive {name}: {documents} documents, {entries} \
                 entries ({size}) at once"
            ),
        ))?;
    }
    if leavers > 0 {
        output.line(language.pick(
            format!(
                "{leavers} โหนดจะไม่ได้รับ {name} อีก แต่ยังเก็บสิ่งที่มีอยู่: เอกสารไม่เกิน {documents} \
                 ฉบับ รายการ {entries} รายการ ({size})"
            ),
            format!(
                "{leavers} node(s) would receive {name} no longer, and keep what they have: up to \
                 {documents} documents, {entries} entries ({size})"
            ),
        ))?;
    }
    table(output, &found.changes)
}

fn table(output: &mut Output, changes: &[RightsChange]) -> anyhow::Result<()> {
    let language = output.language;
    let mut table = Table::new(&[
        (language.pick("โหนด", "NODE"), Align::Left),
        (language.pick("วันนี้", "TODAY"), Align::Left),
        (language.pick("หลังจากนั้น", "THEN"), Align::Left),
        (
            language.pick("รายการของตนที่มีผล", "OWN ENTRIES THAT COUNT"),
            Align::Right,
        ),
    ])
    .indent(2);
    for change in changes {
        table.row([
            change.node.clone(),
            rights(output, change.read_before, change.write_before).to_owned(),
            rights(output, change.reads, change.writes).to_owned(),
            number::grouped(change.own_entries),
        ]);
    }
    output.table(&table)
}

/// The words for what a node may do.
pub(super) fn rights(output: &Output, reads: bool, writes: bool) -> &'static str {
    let text = match (reads, writes) {
        (_, true) => words::READS_AND_WRITES,
        (true, false) => words::READS,
        (false, false) => words::NOTHING,
    };
    output.language.of(text)
}

fn gains_reading(change: &RightsChange) -> bool {
    change.reads && !change.read_before
}

fn loses_reading(change: &RightsChange) -> bool {
    change.read_before && !change.reads
}

fn to_json(found: &PreviewSpaceReply) -> Value {
    let change = |change: &RightsChange| {
        json!({
            "node": change.node,
            "read_before": change.read_before,
            "write_before": change.write_before,
            "reads": change.reads,
            "writes": change.writes,
            "own_entries": change.own_entries,
        })
    };
    json!({
        "space": found.space,
        "changes": found.changes.iter().map(change).collect::<Vec<_>>(),
        "documents": found.documents,
        "entries": found.entries,
        "bytes": found.bytes,
    })
}
