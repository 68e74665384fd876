//! `duplicates`: records that may be of one organisation, for a person to merge or to tell apart.

use anyhow::bail;
use clap::Args;
use phaki_wire::proto::local::v1::field_edit::Act;
use phaki_wire::proto::local::v1::{
    DuplicatePair, EditDocumentRequest, FieldEdit, FindDuplicatesRequest, LikenessReason,
    Organisation,
};
use serde_json::json;

use super::{AuthorArgs, Invocation, edit, whole_id};
use crate::cli::Misuse;
use crate::output::{Language, Output, harmless, machine, number};

/// List pairs of organisations that may be one, with the reasons
///
/// The likeliest come first. A score of 70 to 100 is the sum of the points beside the reasons. Merge a pair
/// with `phaki merge`; when they are two, say so with --two, and the pair does not come back. With --json
/// one pair a line.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki duplicates --lang th
  phaki duplicates --two org_18f262d4-… org_db9eda32-… --message 'คนละตำบล'
  phaki duplicates --json | jq -r 'select(.score >= 90) | [.other.id, .remains.id] | @tsv'")]
pub(crate) struct DuplicatesArgs {
    /// Only organisations of this space, by name or id
    #[arg(long, default_value = "", hide_default_value = true)]
    space: String,
    /// Record that these two are not the same organisation; written into the first
    #[arg(long, num_args = 2, value_names = ["ONE", "OTHER"])]
    two: Vec<String>,
    #[command(flatten)]
    author: AuthorArgs,
}

pub(crate) async fn duplicates(
    invocation: &mut Invocation,
    args: DuplicatesArgs,
) -> anyhow::Result<()> {
    if let [one, other] = args.two.as_slice() {
        let (one, other) = (one.clone(), other.clone());
        return tell_apart(invocation, &one, &other, args).await;
    }
    let mut client = invocation.connect().await?;
    let space = args.space;
    let reply = client.duplicates(FindDuplicatesRequest { space }).await?;
    let output = &mut invocation.output;
    for pair in &reply.pairs {
        match output.json {
            true => output.value(&machine::duplicate(pair))?,
            false => card(output, pair)?,
        }
    }
    if output.json {
        return Ok(());
    }
    let all = number::grouped(reply.organisations);
    let pairs = number::grouped(reply.pairs.len() as u64);
    output.line(output.language.pick(
        format!("ตรวจ {all} หน่วยงาน: อาจซ้ำกัน {pairs} คู่"),
        format!("{all} organisations looked at: {pairs} pairs may be one"),
    ))
}

/// Records that two organisations are two.
async fn tell_apart(
    invocation: &mut Invocation,
    one: &str,
    other: &str,
    args: DuplicatesArgs,
) -> anyhow::Result<()> {
    let mut client = invocation.connect().await?;
    let id = whole_id(&mut client, one, &args.space).await?;
    let other = whole_id(&mut client, other, "").await?;
    if id == other {
        bail!(Misuse(format!("{id} is one and the same record; name two")));
    }
    let request = EditDocumentRequest {
        id,
        space: args.space,
        edits: vec![FieldEdit {
            path: "distinct_from".to_owned(),
            act: Some(Act::AddJson(json!(other).to_string())),
        }],
        author: Some(args.author.to_wire()),
        heads: Vec::new(),
    };
    let reply = client.edit(request).await?;
    edit::report(&mut invocation.output, &reply)
}

fn card(output: &mut Output, pair: &DuplicatePair) -> anyhow::Result<()> {
    let language = output.language;
    let (remains, other) = (pair.remains.clone(), pair.other.clone());
    let (remains, other) = (remains.unwrap_or_default(), other.unwrap_or_default());
    output.line(format!("{}  {}", pair.score, record(&remains)))?;
    output.line(format!("    {}", record(&other)))?;
    let reasons: Vec<String> = pair
        .reasons
        .iter()
        .map(|one| reason(one, language))
        .collect();
    output.line(format!("    {}", reasons.join("; ")))?;
    output.line(format!("    phaki merge {} {}", other.id, remains.id))?;
    output.line("")
}

fn record(record: &Organisation) -> String {
    let title = harmless::line(&record.title);
    format!("{title}  [{}]  {}", record.areas.join(","), record.id)
}

fn reason(reason: &LikenessReason, language: Language) -> String {
    let text = harmless::line(language.pick(&reason.th, &reason.en));
    format!("{text} {:+}", reason.points)
}
