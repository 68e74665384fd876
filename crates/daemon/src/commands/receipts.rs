//! `receipts`: at which nodes the newest changes of a document are durable.

use clap::Args;
use phaki_wire::proto::local::v1::{NodeReceipt, ShowReceiptsReply};

use super::Invocation;
use crate::output::{Align, Language, Output, Table, machine, number, words};

/// Show where the newest changes of a document are on disk, by the signed receipts of the nodes
///
/// Every node signs what it holds a moment after that has changed. Nodes that may write in the space,
/// those before them, and national and regional nodes collect what all signed, and pass it on: so
/// this is known also of nodes that this one never meets.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki receipts plan_6db237a0-c3de-50b5-8b38-068f561e7b75
  phaki receipts plan_6db237a0 --json | jq '.nodes[] | select(.state != \"durable\").node'")]
pub(crate) struct ReceiptsArgs {
    /// Id of the document, or the first letters of it
    id: String,
    /// Space, when the document is in several
    #[arg(long, default_value = "", hide_default_value = true)]
    space: String,
}

pub(crate) async fn receipts(
    invocation: &mut Invocation,
    args: &ReceiptsArgs,
) -> anyhow::Result<()> {
    let mut client = invocation.connect().await?;
    let reply = client.receipts(&args.id, &args.space).await?;
    let output = &mut invocation.output;
    if output.json {
        return output.value(&machine::receipts(&reply));
    }
    output.line(&reply.id)?;
    output.line(sentence(output.language, &reply))?;
    output.line("")?;
    changes(output, &reply)?;
    output.line("")?;
    nodes(output, &reply.nodes)
}

/// `on disk at 5 of 6 nodes, the national node included`.
pub(crate) fn sentence(language: Language, reply: &ShowReceiptsReply) -> String {
    if !reply.collects {
        let said = language.pick(
            "การแก้ไขล่าสุดอยู่บนดิสก์ของโหนดนี้แล้ว ใบรับของโหนดอื่นถามได้จากโหนดที่มีสิทธิ์เขียนในพื้นที่นี้หรือโหนดระดับประเทศ",
            "the newest changes are on disk here; the receipts of others are collected by the nodes \
             that may write in the space, and by the national node",
        );
        return said.to_owned();
    }
    let durable = number::grouped(reply.durable);
    let all = reply.nodes.len();
    let national = match (reply.national_reader, reply.national_durable) {
        (false, _) => "",
        (true, true) => language.pick(" รวมโหนดระดับประเทศ", ", the national node included"),
        (true, false) => language.pick(
            " แต่ยังไม่ถึงโหนดระดับประเทศ",
            ", the national node not included",
        ),
    };
    language.pick(
        format!("การแก้ไขล่าสุดอยู่บนดิสก์แล้ว {durable} จาก {all} โหนด{national}"),
        format!("the newest changes are on disk at {durable} of {all} nodes{national}"),
    )
}

fn changes(output: &mut Output, reply: &ShowReceiptsReply) -> anyhow::Result<()> {
    let language = output.language;
    let word = |text| (language.of(text), Align::Left);
    let mut table = Table::new(&[
        (language.pick("การแก้ไข", "CHANGE"), Align::Left),
        (language.pick("ทำที่", "MADE AT"), Align::Left),
        (language.pick("เผยแพร่โดย", "PUBLISHED BY"), Align::Left),
        (language.pick("ลำดับ", "NO."), Align::Right),
        word(words::WHEN),
    ]);
    for change in &reply.changes {
        table.row([
            change.change.chars().take(8).collect(),
            change.node.clone(),
            change.published.clone(),
            number::grouped(change.position + 1),
            output.moment(change.time_ms),
        ]);
    }
    output.table(&table)
}

fn nodes(output: &mut Output, nodes: &[NodeReceipt]) -> anyhow::Result<()> {
    let language = output.language;
    let word = |text| (language.of(text), Align::Left);
    let mut table = Table::new(&[
        word(words::NAME),
        word(words::ROLE),
        word(words::STATE),
        (language.pick("ใบรับล่าสุด", "NEWEST RECEIPT"), Align::Left),
    ]);
    for node in nodes {
        let signed = match (node.self_, node.time_ms) {
            (true, _) => language.pick("โหนดนี้", "this node").to_owned(),
            (false, 0) => "–".to_owned(),
            (false, time_ms) => output.moment(time_ms),
        };
        table.row([
            node.node.clone(),
            node.role.clone(),
            state(language, node),
            signed,
        ]);
    }
    output.table(&table)
}

fn state(language: Language, node: &NodeReceipt) -> String {
    let missing = number::grouped(node.missing);
    match node.state.as_str() {
        "durable" => language.pick("อยู่บนดิสก์แล้ว", "on disk").to_owned(),
        "older" => language.pick(
            format!("ใบรับเก่ากว่า ขาด {missing} การแก้ไข"),
            format!("its receipt is older, without {missing} of them"),
        ),
        "none" => language.pick("ยังไม่มีใบรับ", "no receipt").to_owned(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_tells_how_many_and_whether_the_national_node_is_among_them() {
        let mut reply = ShowReceiptsReply {
            collects: true,
            durable: 5,
            nodes: vec![NodeReceipt::default(); 6],
            ..ShowReceiptsReply::default()
        };
        let said = |reply: &ShowReceiptsReply| sentence(Language::English, reply);
        let count = "the newest changes are on disk at 5 of 6 nodes";
        assert_eq!(said(&reply), count);
        reply.national_reader = true;
        assert_eq!(
            said(&reply),
            format!("{count}, the national node not included")
        );
        reply.national_durable = true;
        assert_eq!(said(&reply), format!("{count}, the national node included"));
        reply.collects = false;
        assert!(said(&reply).starts_with("the newest changes are on disk here;"));
    }
}
