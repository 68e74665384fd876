//! `space show`: everything that is decided about a space, or what a node may do.

use clap::Args;
use phaki_wire::proto::local::v1::{FeedState, NodeRights, ShowRightsReply, ShowSpaceReply, Space};
use serde_json::{Value, json};

use super::preview::rights;
use super::{offer, role};
use crate::commands::Invocation;
use crate::output::{Align, Output, Table, machine, number, words};

/// Show who may read and write a space, or what a node may do
///
/// With --as it tells what that node may read and write and how much that is, in one space or in
/// all that this node knows.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki space show province-41
  phaki space show province-41 --as TH
  phaki space show --as TH-42")]
pub(crate) struct ShowArgs {
    /// The space, by name or id
    #[arg(required_unless_present = "node")]
    space: Option<String>,
    /// Tell what that node may do, by name or key
    #[arg(long = "as", value_name = "NODE", id = "node")]
    node: Option<String>,
}

pub(super) async fn show(invocation: &mut Invocation, args: ShowArgs) -> anyhow::Result<()> {
    let mut client = invocation.connect().await?;
    let output = &mut invocation.output;
    let space = args.space.unwrap_or_default();
    if let Some(node) = args.node {
        let found = client.rights(&node, &space).await?;
        return match output.json {
            true => output.value(&rights_to_json(&found)),
            false => say_rights(output, &found, &space),
        };
    }
    let found = client.show_space(&space).await?;
    if output.json {
        return output.value(&space_to_json(&found));
    }
    let space = found.space.clone().unwrap_or_default();
    facts(output, &space, &found)?;
    members(output, &space)?;
    today(output, &found.nodes)?;
    feeds(output, &found.feeds)?;
    match space.offered_to.is_empty() {
        true => Ok(()),
        false => output.line(offer(output, &space)),
    }
}

fn facts(output: &mut Output, space: &Space, found: &ShowSpaceReply) -> anyhow::Result<()> {
    let language = output.language;
    let mut table = Table::pairs();
    let holds = language.pick(
        format!(
            "เอกสาร {} ฉบับ รายการ {} รายการ ({})",
            number::grouped(space.documents),
            number::grouped(space.entries),
            number::size(space.bytes)
        ),
        format!(
            "{} documents, {} entries ({})",
            number::grouped(space.documents),
            number::grouped(space.entries),
            number::size(space.bytes)
        ),
    );
    let frozen = match found.frozen.is_empty() {
        true => "–".to_owned(),
        false => found.frozen.join(", "),
    };
    for (label, value) in [
        (language.pick("ชื่อ", "Name"), space.name.clone()),
        (language.pick("รหัส", "Id"), space.id.clone()),
        (language.pick("ผู้ดูแล", "Steward"), space.steward.clone()),
        (
            language.pick("รายการสิทธิ์รุ่นที่", "Rights version"),
            number::grouped(space.manifest_version),
        ),
        (language.pick("มีอยู่", "Holds"), holds),
        (
            language.pick("กักไว้", "Held back"),
            number::grouped(space.quarantined),
        ),
        (language.pick("ผู้เขียนที่ถูกระงับ", "Suspended authors"), frozen),
    ] {
        table.row([label.to_owned(), value]);
    }
    output.table(&table)
}

fn members(output: &mut Output, space: &Space) -> anyhow::Result<()> {
    let language = output.language;
    output.line("")?;
    output.line(language.pick("ผู้ที่ได้รับสิทธิ์", "Granted to"))?;
    let mut table = Table::new(&[
        (language.of(words::WHO), Align::Left),
        (language.of(words::ROLE), Align::Left),
    ])
    .indent(2);
    for member in &space.members {
        let word = role(output, &member.role);
        table.row([member.node.clone(), word.to_owned()]);
    }
    output.table(&table)
}

fn today(output: &mut Output, nodes: &[NodeRights]) -> anyhow::Result<()> {
    let language = output.language;
    output.line("")?;
    output.line(language.pick("โหนดที่อ่านได้วันนี้", "Who that is today"))?;
    let mut table = Table::new(&[
        (language.pick("โหนด", "NODE"), Align::Left),
        (language.of(words::RIGHT), Align::Left),
    ])
    .indent(2);
    for node in nodes {
        let right = match node.steward {
            true => role(output, "steward"),
            false => rights(output, true, node.writes),
        };
        table.row([node.node.clone(), right.to_owned()]);
    }
    output.table(&table)
}

fn feeds(output: &mut Output, feeds: &[FeedState]) -> anyhow::Result<()> {
    if feeds.is_empty() {
        return Ok(());
    }
    let language = output.language;
    output.line("")?;
    output.line(language.pick("สายข้อมูลที่มีอยู่", "Feeds held"))?;
    let right = |text| (text, Align::Right);
    let mut table = Table::new(&[
        (language.pick("ผู้เขียน", "AUTHOR"), Align::Left),
        (language.pick("ยุค", "EPOCH"), Align::Left),
        right(language.of(words::ENTRIES)),
        right(language.pick("ขนาด", "SIZE")),
        right(language.pick("มีผล", "COUNTING")),
        right(language.pick("สิ้นสุดที่", "ENDS AT")),
    ])
    .indent(2);
    for feed in feeds {
        let end = match feed.capped {
            true => number::grouped(feed.cap),
            false => "–".to_owned(),
        };
        table.row([
            feed.node.clone(),
            feed.epoch.chars().take(8).collect(),
            number::grouped(feed.entries),
            number::size(feed.bytes),
            number::grouped(feed.counting),
            end,
        ]);
    }
    output.table(&table)
}

fn say_rights(output: &mut Output, found: &ShowRightsReply, space: &str) -> anyhow::Result<()> {
    let language = output.language;
    let node = &found.node;
    if found.status != "active" {
        output.line(language.pick(
            format!("{node} ไม่ได้เข้าร่วมในขณะนี้ ({}) จึงไม่ได้รับอะไรเลย", found.status),
            format!("{node} is {} and receives nothing for now", found.status),
        ))?;
    }
    let prospect = found.prospect.clone().unwrap_or_default();
    if prospect.spaces.is_empty() {
        return output.line(match space {
            "" => language.pick(
                format!("{node} อ่านพื้นที่ข้อมูลที่โหนดนี้รู้จักไม่ได้เลย"),
                format!("{node} can read none of the spaces that this node knows"),
            ),
            space => language.pick(
                format!("{node} ไม่มีสิทธิ์ใน {space}"),
                format!("{node} has no right in {space}"),
            ),
        });
    }
    let right = |text| (text, Align::Right);
    let mut table = Table::new(&[
        (language.of(words::SPACE), Align::Left),
        (language.of(words::RIGHT), Align::Left),
        right(language.of(words::DOCUMENTS)),
        right(language.of(words::ENTRIES)),
        right(language.pick("ขนาด", "SIZE")),
    ]);
    for space in &prospect.spaces {
        table.row([
            space.name.clone(),
            rights(output, true, space.may_write).to_owned(),
            number::grouped(space.documents),
            number::grouped(space.entries),
            number::size(space.bytes),
        ]);
    }
    output.table(&table)
}

fn space_to_json(found: &ShowSpaceReply) -> Value {
    let node = |node: &NodeRights| json!({"node": node.node, "writes": node.writes, "steward": node.steward});
    let feed = |feed: &FeedState| {
        json!({
            "node": feed.node,
            "epoch": feed.epoch,
            "entries": feed.entries,
            "bytes": feed.bytes,
            "counting": feed.counting,
            "cap": feed.capped.then_some(feed.cap),
        })
    };
    let mut value = machine::space(&found.space.clone().unwrap_or_default());
    value["nodes"] = found.nodes.iter().map(node).collect();
    value["frozen"] = json!(found.frozen);
    value["feed_states"] = found.feeds.iter().map(feed).collect();
    value
}

fn rights_to_json(found: &ShowRightsReply) -> Value {
    json!({
        "node": found.node,
        "status": found.status,
        "prospect": machine::prospect(&found.prospect.clone().unwrap_or_default()),
    })
}
