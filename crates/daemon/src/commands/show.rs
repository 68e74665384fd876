//! `show`: one document, field by field.

use clap::Args;
use phaki_wire::proto::local::v1::{Leaf, ShowDocumentReply, ShowReceiptsReply};

use super::names::Names;
use super::{Invocation, conflicts, kind_of, receipts};
use crate::output::{Align, Output, Table, machine, words};

/// Show a document, field by field, with its open conflicts
///
/// The paths are those that `phaki edit` takes. With --json the document as it is exported.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki show plan_6db237a0-c3de-50b5-8b38-068f561e7b75 --lang th")]
pub(crate) struct ShowArgs {
    /// Id of the document, or the first letters of it
    id: String,
    /// Space, when the document is in several
    #[arg(long, default_value = "", hide_default_value = true)]
    space: String,
}

pub(crate) async fn show(invocation: &mut Invocation, args: &ShowArgs) -> anyhow::Result<()> {
    let mut client = invocation.connect().await?;
    let reply = client.show(&args.id, &args.space).await?;
    let output = &mut invocation.output;
    if output.json {
        return output.value(&machine::embedded(&reply.document_json));
    }
    let leaves = reply.leaves.iter();
    let texts = leaves.flat_map(|leaf| [leaf.path.as_str(), leaf.value_json.as_str()]);
    let names = Names::of(&mut client, texts).await;
    // A node that is stopping may not answer that any more; the document is shown all the same.
    let receipts = client.receipts(&reply.id, &args.space).await.ok();
    let output = &mut invocation.output;
    head(output, &reply, receipts.as_ref())?;
    let language = output.language;
    let word = |text| (language.of(text), Align::Left);
    let mut table = Table::new(&[word(words::FIELD), word(words::PATH), word(words::VALUE)]);
    let known = kind_of(&reply.id).is_some();
    // Fields of a newer program have no names here; of a kind of one, nothing has.
    let is_shown = |leaf: &&Leaf| !known || !leaf.label_th.is_empty();
    for leaf in reply.leaves.iter().filter(is_shown) {
        table.row([
            names.label([&leaf.label_th, &leaf.label_en], &leaf.path, language),
            leaf.path.clone(),
            names.value(&reply.id, &leaf.path, &leaf.value_json, language),
        ]);
    }
    output.table(&table)?;
    let hidden = reply.leaves.iter().filter(|leaf| !is_shown(leaf)).count();
    if hidden > 0 {
        output.line(language.pick(
            format!("อีก {hidden} ค่าเป็นของโปรแกรมรุ่นใหม่กว่า: ต้องอัปเดตโปรแกรมจึงจะแสดงได้"),
            format!("{hidden} more values are of a newer program: update this one to see them"),
        ))?;
    }
    if !reply.conflicts.is_empty() {
        output.line("")?;
        conflicts::cards(output, &names, &reply.conflicts)?;
    }
    Ok(())
}

fn head(
    output: &mut Output,
    reply: &ShowDocumentReply,
    receipts: Option<&ShowReceiptsReply>,
) -> anyhow::Result<()> {
    let language = output.language;
    let heads: Vec<String> = reply
        .heads
        .iter()
        .map(|head| head.chars().take(8).collect())
        .collect();
    output.line(&reply.id)?;
    output.line(language.pick(
        format!("พื้นที่ข้อมูล {}  รุ่น {}", reply.space, heads.join(" ")),
        format!("space {}  heads {}", reply.space, heads.join(" ")),
    ))?;
    if let Some(receipts) = receipts {
        output.line(receipts::sentence(language, receipts))?;
    }
    if !reply.merged_into.is_empty() {
        let into = &reply.merged_into;
        output.line(language.pick(
            format!("รวมเข้ากับ {into} แล้ว: ทุกแห่งแสดงรายการนั้นแทน"),
            format!("merged into {into}, which is shown in its place"),
        ))?;
    }
    for notice in &reply.notices {
        output.line(format!("! {}", language.pick(&notice.th, &notice.en)))?;
    }
    output.line("")
}
