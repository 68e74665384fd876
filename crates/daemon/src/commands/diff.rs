//! `diff` and `approve`: what was approved, and what was edited since.

use anyhow::bail;
use clap::Args;
use phaki_documents::Kind;
use phaki_wire::proto::local::v1::field_edit::Act;
use phaki_wire::proto::local::v1::{
    DiffDocumentReply, DiffDocumentRequest, EditDocumentRequest, FieldEdit,
};
use serde_json::{Value, json};

use super::{AuthorArgs, Invocation, edit, kind_of};
use crate::cli::Misuse;
use crate::day::today;
use crate::node_loop::wall_ms;
use crate::output::{Align, Output, Table, harmless, machine, value, words};

/// Show what was edited in a document since it was approved
///
/// What happens to approved work (status, reports, disbursements) is not part of that. With --since it
/// is compared with any earlier version, in all fields.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki diff plan_6db237a0-c3de-50b5-8b38-068f561e7b75
  phaki diff ID --since 1f0c2a9b --json")]
pub(crate) struct DiffArgs {
    /// Id of the document, or the first letters of it
    id: String,
    /// Compare with the version that has these heads, as `phaki show` or `phaki history` prints them;
    /// separated by commas
    #[arg(long, value_name = "HEADS", value_delimiter = ',')]
    since: Vec<String>,
    /// Space, when the document is in several
    #[arg(long, default_value = "", hide_default_value = true)]
    space: String,
}

/// Record that a plan or a project was approved as it is
///
/// The approval is bound to the version that is approved: an edit that comes later, or was made elsewhere
/// meanwhile, is shown as edited after approval (`phaki check`, `phaki diff`).
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki approve plan_6db237a0-c3de-50b5-8b38-068f561e7b75 --by org_18f262d4-… \\
      --meeting 'ครั้งที่ 1/2567' --message 'มติที่ประชุม'
  phaki approve ID --key board --at 1f0c2a9b")]
pub(crate) struct ApproveArgs {
    /// Id of the plan or activity, or the first letters of it
    id: String,
    /// Organisation or network that approves
    #[arg(long, value_name = "ID")]
    by: Option<String>,
    /// In which role, such as the committee's chair; a position, not a name
    #[arg(long)]
    role: Option<String>,
    /// The meeting that decided
    #[arg(long)]
    meeting: Option<String>,
    /// Key of the approval; the day when not given
    #[arg(long)]
    key: Option<String>,
    /// Approve what you saw when `phaki show` printed these heads; separated by commas
    #[arg(long, value_name = "HEADS", value_delimiter = ',')]
    at: Vec<String>,
    /// Space, when the document is in several
    #[arg(long, default_value = "", hide_default_value = true)]
    space: String,
    #[command(flatten)]
    author: AuthorArgs,
}

pub(crate) async fn diff(invocation: &mut Invocation, args: DiffArgs) -> anyhow::Result<()> {
    let mut client = invocation.connect().await?;
    let request = DiffDocumentRequest {
        id: args.id,
        space: args.space,
        heads: args.since,
    };
    let reply = client.diff(request).await?;
    let output = &mut invocation.output;
    match output.json {
        true => output.value(&machine::diff(&reply)),
        false => show(output, &reply),
    }
}

pub(crate) async fn approve(invocation: &mut Invocation, args: ApproveArgs) -> anyhow::Result<()> {
    let mut client = invocation.connect().await?;
    let shown = client.show(&args.id, &args.space).await?;
    if !matches!(kind_of(&shown.id), Some(Kind::Plan | Kind::Activity)) {
        bail!(Misuse(format!(
            "{} is neither a plan nor an activity: only these are approved",
            shown.id
        )));
    }
    let heads = match args.at.as_slice() {
        [] => shown.heads,
        // The node knows them whole.
        seen => {
            let request = DiffDocumentRequest {
                id: shown.id.clone(),
                space: args.space.clone(),
                heads: seen.to_vec(),
            };
            client.diff(request).await?.heads
        }
    };
    let day = today(wall_ms()).to_string();
    let key = args.key.unwrap_or_else(|| day.clone());
    let mut approval = json!({
        "decision": "approved",
        "at": day,
        "content_hash": heads.join(","),
    });
    let others = [
        ("by_org", args.by),
        ("by_role", args.role),
        ("meeting_ref", args.meeting),
    ];
    for (field, text) in others {
        if let Some(text) = text {
            approval[field] = Value::from(text);
        }
    }
    let path = phaki_documents::Path::of_key("approvals").and_then(|path| path.key(&key));
    let path = path.map_err(|error| Misuse(format!("{key:?} cannot be a key: {error}")))?;
    let request = EditDocumentRequest {
        id: shown.id,
        space: args.space,
        edits: vec![FieldEdit {
            path: path.to_string(),
            act: Some(Act::SetJson(approval.to_string())),
        }],
        author: Some(args.author.to_wire()),
        heads: Vec::new(),
    };
    let reply = client.edit(request).await?;
    edit::report(&mut invocation.output, &reply)
}

fn show(output: &mut Output, reply: &DiffDocumentReply) -> anyhow::Result<()> {
    let language = output.language;
    let heads: Vec<String> = reply
        .heads
        .iter()
        .map(|head| head.chars().take(8).collect())
        .collect();
    let heads = heads.join(" ");
    output.line(format!(
        "{}  ({})",
        harmless::line(&reply.title),
        reply.space
    ))?;
    output.line(format!("  {}", reply.id))?;
    output.line(match reply.approval.as_str() {
        "" => language.pick(format!("  ต่างจากรุ่น {heads}:"), format!("  since {heads}:")),
        approval => language.pick(
            format!("  แก้ไขหลังอนุมัติ ({approval}, รุ่น {heads}):"),
            format!("  edited after approval ({approval}, heads {heads}):"),
        ),
    })?;
    if reply.differences.is_empty() {
        return output.line(language.pick("  ไม่มีส่วนที่ต่าง", "  nothing differs"));
    }
    let kind = kind_of(&reply.id);
    let readable = |path: &str, json: &str| match json {
        "" => "–".to_owned(),
        json => value::readable_json(kind, path, json, language),
    };
    let word = |text| (language.of(text), Align::Left);
    let columns = [
        word(words::FIELD),
        word(words::PATH),
        ("", Align::Left),
        ("", Align::Left),
    ];
    let mut table = Table::new(&columns).indent(2);
    for one in &reply.differences {
        table.row([
            language.pick(&one.label_th, &one.label_en).clone(),
            one.path.clone(),
            readable(&one.path, &one.from_json),
            format!("→ {}", readable(&one.path, &one.to_json)),
        ]);
    }
    output.table(&table)
}
