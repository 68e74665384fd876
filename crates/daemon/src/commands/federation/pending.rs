//! `federation pending`, `approve` and `reject`: deciding about nodes that wait.

use clap::Args;
use phaki_wire::proto::local::v1::{
    ChangeRosterRequest, PendingNode, Prospect, RejectPendingRequest, ShowPendingReply,
};
use serde_json::{Value, json};

use super::change::{OutArgs, report};
use crate::commands::Invocation;
use crate::output::time::rfc3339;
use crate::output::{Align, Language, Output, Table, machine, number, words};

/// List the nodes that wait for approval, or show what approving one would mean
///
/// Compare the fingerprint with the one that `phaki join` shows at the other end, by telephone:
/// then nobody else has used the invite.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki federation pending
  phaki federation pending TH-41")]
pub(crate) struct PendingArgs {
    /// The node, by name or key; by default all are listed
    node: Option<String>,
}

/// Admit nodes that wait, after showing what that means
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki federation approve TH-41
  phaki federation approve TH-41 TH-90 --out two-provinces.unsigned")]
pub(crate) struct ApproveArgs {
    /// The nodes, by name or key: all in one new roster
    #[arg(required = true)]
    node: Vec<String>,
    #[command(flatten)]
    out: OutArgs,
}

/// Turn a node away that waits; its invite is spent
///
/// The node is told that it was rejected. The reason stays on this node, where `phaki federation
/// invites` shows it.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki federation reject TH-41 --reason 'the fingerprint differs'")]
pub(crate) struct RejectArgs {
    /// The node, by name or key
    node: String,
    /// Why, in a few words
    #[arg(long)]
    reason: String,
}

pub(super) async fn pending(invocation: &mut Invocation, args: PendingArgs) -> anyhow::Result<()> {
    let mut client = invocation.connect().await?;
    let output = &mut invocation.output;
    if let Some(node) = args.node {
        let found = client.show_pending(&node).await?;
        return match output.json {
            true => output.value(&shown_to_json(&found)),
            false => show(output, &found),
        };
    }
    let nodes = client.pending().await?;
    if output.json {
        let nodes: Vec<_> = nodes.iter().map(node_to_json).collect();
        return output.value(&json!({"nodes": nodes}));
    }
    if nodes.is_empty() {
        return output.line(
            output
                .language
                .pick("ไม่มีโหนดที่รออนุมัติ", "no node waits for approval"),
        );
    }
    list(output, &nodes)?;
    output.line(output.language.pick(
        "ขั้นต่อไป: เทียบลายนิ้วมือทางโทรศัพท์ แล้วสั่ง `phaki federation pending ชื่อ`, `approve ชื่อ` หรือ `reject ชื่อ`",
        "next: compare the fingerprint by telephone; then `phaki federation pending NAME`, \
         `approve NAME` or `reject NAME`",
    ))
}

pub(super) async fn approve(invocation: &mut Invocation, args: ApproveArgs) -> anyhow::Result<()> {
    let mut client = invocation.connect().await?;
    let output = &mut invocation.output;
    // What was shown is what is approved, whoever asks under that name meanwhile.
    let mut keys = Vec::new();
    for node in &args.node {
        let found = client.show_pending(node).await?;
        if !output.json {
            show(output, &found)?;
            output.line("")?;
        }
        keys.extend(found.node.map(|node| node.key));
    }
    let request = ChangeRosterRequest {
        change: "approve".to_owned(),
        nodes: keys,
        reason: String::new(),
    };
    let reply = client.change_roster(request).await?;
    report(output, &reply, &args.out)?;
    if output.json {
        return Ok(());
    }
    output.line(output.language.pick(
        "ผู้ที่รออยู่จะได้รับคำตอบเมื่อสั่งคำสั่งเดิมอีกครั้งหลังบัญชีโหนดมีผล",
        "whoever waits gets the answer when it runs its command again once that roster is in force",
    ))
}

pub(super) async fn reject(invocation: &mut Invocation, args: RejectArgs) -> anyhow::Result<()> {
    let request = RejectPendingRequest {
        node: args.node,
        reason: args.reason,
    };
    let node = invocation.connect().await?.reject_pending(request).await?;
    let output = &mut invocation.output;
    if output.json {
        return output.value(&node_to_json(&node));
    }
    let (name, key) = (node.name, node.key);
    output.line(output.language.pick(
        format!("ปฏิเสธ {name} ({key}) แล้ว คำเชิญใช้ไม่ได้อีก"),
        format!("rejected {name} ({key}); its invite is spent"),
    ))
}

fn list(output: &mut Output, nodes: &[PendingNode]) -> anyhow::Result<()> {
    let language = output.language;
    let left = |text| (text, Align::Left);
    let mut table = Table::new(&[
        left(language.of(words::NAME)),
        left(language.of(words::ROLE)),
        left(language.of(words::AREA)),
        left(language.pick("ลายนิ้วมือ", "FINGERPRINT")),
        left(language.pick("รอตั้งแต่", "SINCE")),
        left(language.pick("ที่อยู่", "ADDRESSES")),
        left(language.pick("โปรแกรม", "SOFTWARE")),
        left(language.pick("กุญแจ", "KEY")),
        left(language.pick("หมายเหตุ", "NOTE")),
    ]);
    for node in nodes {
        table.row([
            node.name.clone(),
            node.role.clone(),
            node.area.clone(),
            node.fingerprint.clone(),
            output.moment(node.since_ms),
            addresses(node),
            node.software.clone(),
            node.key.clone(),
            replaced(language, node).unwrap_or_default(),
        ]);
    }
    output.table(&table)
}

/// What a person must know of a key that would take the place of another.
fn replaced(language: Language, node: &PendingNode) -> Option<String> {
    let name = &node.name;
    let vouched = match node.stolen {
        true => language.pick("ถูกขโมย ไม่มีการรับรอง", "stolen, so not vouched for by it"),
        false => language.pick("กุญแจเดิมรับรองแล้ว", "which vouches for it"),
    };
    (!node.replaces.is_empty()).then(|| {
        language.pick(
            format!("แทนกุญแจของ {name} ({vouched})"),
            format!("replaces the key of {name}, {vouched}"),
        )
    })
}

fn show(output: &mut Output, found: &ShowPendingReply) -> anyhow::Result<()> {
    let language = output.language;
    let node = found.node.clone().unwrap_or_default();
    let mut table = Table::pairs();
    let since = output.moment(node.since_ms);
    for (label, value) in [
        (language.pick("ชื่อ", "Name"), node.name.clone()),
        (language.pick("บทบาท", "Role"), node.role.clone()),
        (language.pick("พื้นที่", "Area"), node.area.clone()),
        (language.of(words::KEY), node.key.clone()),
        (
            language.pick("ลายนิ้วมือ", "Fingerprint"),
            node.fingerprint.clone(),
        ),
        (language.of(words::ADDRESS), addresses(&node)),
        (language.pick("โปรแกรม", "Software"), node.software.clone()),
        (language.pick("รอตั้งแต่", "Waits since"), since),
    ] {
        table.row([label.to_owned(), value]);
    }
    output.table(&table)?;
    if let Some(replaced) = replaced(language, &node) {
        output.line(replaced)?;
    }
    output.line("")?;
    prospect(output, &found.prospect.clone().unwrap_or_default())
}

fn prospect(output: &mut Output, prospect: &Prospect) -> anyhow::Result<()> {
    let language = output.language;
    let (readable, known) = (prospect.spaces.len(), prospect.spaces_known);
    let size = number::size(prospect.bytes);
    let (documents, entries) = (
        number::grouped(prospect.documents),
        number::grouped(prospect.entries),
    );
    output.line(language.pick(
        format!(
            "หากอนุมัติ โหนดนี้จะอ่านพื้นที่ข้อมูลได้ {readable} จาก {known} แห่งที่โหนดนี้รู้จัก \
             และได้รับเอกสาร {documents} ฉบับ รายการ {entries} รายการ ({size}) ทันที"
        ),
        format!(
            "approved, it could read {readable} of the {known} spaces that this node knows, and \
             would receive {documents} documents, {entries} entries ({size}) at once"
        ),
    ))?;
    if prospect.spaces.is_empty() {
        return Ok(());
    }
    let right = |text| (text, Align::Right);
    let mut table = Table::new(&[
        (language.of(words::SPACE), Align::Left),
        (language.of(words::RIGHT), Align::Left),
        right(language.of(words::DOCUMENTS)),
        right(language.of(words::ENTRIES)),
        right(language.pick("ขนาด", "SIZE")),
    ])
    .indent(2);
    for space in &prospect.spaces {
        let right = match space.may_write {
            true => language.pick("อ่านและเขียน", "reads and writes"),
            false => language.pick("อ่าน", "reads"),
        };
        table.row([
            space.name.clone(),
            right.to_owned(),
            number::grouped(space.documents),
            number::grouped(space.entries),
            number::size(space.bytes),
        ]);
    }
    output.table(&table)
}

fn addresses(node: &PendingNode) -> String {
    match node.addresses.is_empty() {
        true => "–".to_owned(),
        false => node.addresses.join(" "),
    }
}

fn node_to_json(node: &PendingNode) -> Value {
    json!({
        "name": node.name,
        "role": node.role,
        "area": node.area,
        "key": node.key,
        "fingerprint": node.fingerprint,
        "addresses": node.addresses,
        "software": node.software,
        "since": rfc3339(node.since_ms),
        "replaces": (!node.replaces.is_empty()).then_some(&node.replaces),
        "stolen": node.stolen,
    })
}

fn shown_to_json(found: &ShowPendingReply) -> Value {
    let mut value = node_to_json(&found.node.clone().unwrap_or_default());
    value["prospect"] = machine::prospect(&found.prospect.clone().unwrap_or_default());
    value
}
