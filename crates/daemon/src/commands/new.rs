//! `new`: a document from fields on the command line or from a file.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, anyhow, bail};
use clap::Args;
use phaki_documents::{DocumentId, Kind};
use phaki_wire::proto::local::v1::PutDocumentsRequest;
use serde_json::{Map, Value, json};

use super::assignment::{assignment, nested};
use super::{AuthorArgs, Invocation};
use crate::cli::Misuse;

/// Create a document from fields, or from a JSON file
///
/// Codes and texts stay as they are typed (01 remains 01). Amounts of money are in satang, or have
/// a unit: 1,600,000บาท. Areas, codes and years of a list are parted by commas.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki new plan --space province-41 title/th='แผนสุขภาพอำเภอ' type=district_plan areas=4101
  phaki new activity --space province-41 title/th=อบรม budget/b1/amount_satang=1,600,000บาท
  phaki new org --space directory --code hcode5=09771 --file hospital.json")]
pub(crate) struct NewArgs {
    /// org, person, network, agreement, plan, activity, indicator, event, resolution or refset
    #[arg(value_parser = kind)]
    kind: Kind,
    /// Space that takes the document, by name or id
    #[arg(long)]
    space: String,
    /// Fields and their values
    #[arg(
        value_name = "FIELD=VALUE",
        conflicts_with = "file",
        required_unless_present = "file"
    )]
    fields: Vec<String>,
    /// A JSON file with the document, instead of fields
    #[arg(long)]
    file: Option<PathBuf>,
    /// National code from which the id follows, so that everybody makes the same document
    #[arg(long, value_name = "SYSTEM=CODE")]
    code: Option<String>,
    #[command(flatten)]
    author: AuthorArgs,
}

fn kind(text: &str) -> Result<Kind, String> {
    Kind::from_name(text).ok_or_else(|| {
        let known = Kind::ALL.map(Kind::name).join(", ");
        format!("is none of {known}")
    })
}

pub(crate) async fn new(invocation: &mut Invocation, args: NewArgs) -> anyhow::Result<()> {
    let document = document(&args)?;
    let id = document["id"].as_str().unwrap_or_default().to_owned();
    let mut client = invocation.connect().await?;
    let request = PutDocumentsRequest {
        space: args.space.clone(),
        documents_json: vec![document.to_string()],
        author: Some(args.author.to_wire()),
        create_only: true,
        dry_run: false,
    };
    let reply = client.put(request).await?;
    let output = &mut invocation.output;
    if output.json {
        let outcome = reply.documents.first().map(|put| put.outcome.as_str());
        return output.value(&json!({"id": id, "space": args.space, "outcome": outcome}));
    }
    let kind = output
        .language
        .pick(args.kind.label_th(), args.kind.label_en());
    let space = args.space;
    output.line(output.language.pick(
        format!("สร้าง{kind} {id} ใน {space} แล้ว"),
        format!("created {} {id} in {space}", kind.to_lowercase()),
    ))
}

fn document(args: &NewArgs) -> anyhow::Result<Value> {
    let mut fields = match &args.file {
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("read {}", file.display()))?;
            let read: Map<String, Value> = serde_json::from_str(&text).map_err(|error| {
                Misuse(format!(
                    "{} holds no JSON document: {error}",
                    file.display()
                ))
            })?;
            read
        }
        None => {
            let read = args
                .fields
                .iter()
                .map(|text| assignment(Some(args.kind), text));
            nested(read.collect::<Result<_, _>>()?)?
        }
    };
    let given = fields.shift_remove("id");
    fields.shift_remove("kind");
    let id = match (&args.code, given) {
        (Some(code), _) => coded(args.kind, code)?,
        (None, Some(Value::String(id))) => id,
        (None, Some(other)) => bail!(Misuse(format!("the id {other} is no text"))),
        (None, None) => fresh(args.kind)?,
    };
    let mut document = Map::new();
    document.insert("id".to_owned(), Value::from(id));
    document.insert("kind".to_owned(), Value::from(args.kind.name()));
    document.extend(fields);
    Ok(Value::Object(document))
}

fn coded(kind: Kind, text: &str) -> Result<String, Misuse> {
    match text.split_once('=') {
        Some((system, code)) if !system.is_empty() && !code.is_empty() => {
            Ok(DocumentId::from_code(kind, system, code).to_string())
        }
        _ => Err(Misuse(format!(
            "{text:?} is no code; write its system and the code, such as hcode5=09771"
        ))),
    }
}

/// An id of its own, from the time and ten random bytes.
pub(crate) fn fresh(kind: Kind) -> anyhow::Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now_ms = now.map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
    let mut random = [0; 10];
    getrandom::fill(&mut random).map_err(|error| anyhow!("draw a random id: {error}"))?;
    Ok(DocumentId::at(kind, now_ms, random).to_string())
}
