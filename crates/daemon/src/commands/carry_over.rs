//! `carry-over`: a plan, and what is not finished of it, in the next fiscal year.

use anyhow::{Context, bail};
use clap::Args;
use phaki_documents::{DocumentId, Kind, Path, carry};
use phaki_wire::proto::local::v1::{PutDocument, PutDocumentsRequest};
use serde_json::{Map, Value, json};

use super::assignment::item_of;
use super::{AuthorArgs, Invocation};
use crate::cli::Misuse;
use crate::client::Client;
use crate::output::number;

/// Carry a plan over to the next fiscal year, as a draft
///
/// Goals, problems, strategies and measures go over; approvals, budgets, income and the review stay
/// with the old plan, which the new one names. Two offices that do this while apart make the same
/// document. Doing it again makes nothing.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki carry-over plan_6db237a0-c3de-50b5-8b38-068f561e7b75 --activities
  phaki carry-over plan_6db237a0 --to 2569")]
pub(crate) struct CarryOverArgs {
    /// Id of the plan, or the first letters of it
    plan: String,
    /// Fiscal year of the Buddhist era, by default the one after the last of the plan
    #[arg(long, value_name = "YEAR")]
    to: Option<String>,
    /// Its activities that are not finished go over, too, without budget, schedule and reports
    #[arg(long)]
    activities: bool,
    /// Space, when the plan is in several
    #[arg(long, default_value = "", hide_default_value = true)]
    space: String,
    #[command(flatten)]
    author: AuthorArgs,
}

type Fields = Map<String, Value>;

pub(crate) async fn carry_over(
    invocation: &mut Invocation,
    args: CarryOverArgs,
) -> anyhow::Result<()> {
    let mut client = invocation.connect().await?;
    let shown = client.show(&args.plan, &args.space).await?;
    let id: DocumentId = shown.id.parse().context("read the id of the plan")?;
    if id.kind() != Some(Kind::Plan) {
        bail!(Misuse(format!(
            "{id} is no plan: only plans are carried over, with their activities"
        )));
    }
    let fields = fields(&shown.document_json)?;
    let year = match &args.to {
        Some(text) => year(text)?,
        None => last_year(&fields)? + 1,
    };
    let (plan, next) = carry::carried(&id, &fields, year, None);
    let mut documents = vec![Value::Object(next)];
    if args.activities {
        let of_plan = activities(&mut client, &shown.space, &id).await?;
        documents.extend(of_plan.into_iter().map(|(activity, fields)| {
            Value::Object(carry::carried(&activity, &fields, year, Some(&plan)).1)
        }));
    }
    let made = put_new(&mut client, &shown.space, documents, &args.author).await?;
    told(invocation, &plan, year, &made)
}

/// Creates those that do not exist yet; what became of each.
async fn put_new(
    client: &mut Client,
    space: &str,
    documents: Vec<Value>,
    author: &AuthorArgs,
) -> anyhow::Result<Vec<PutDocument>> {
    let request = |documents_json, dry_run| PutDocumentsRequest {
        space: space.to_owned(),
        documents_json,
        author: Some(author.to_wire()),
        create_only: false,
        dry_run,
    };
    let texts: Vec<String> = documents.iter().map(Value::to_string).collect();
    let outcomes = client.put(request(texts.clone(), true)).await?.documents;
    let is_new = |put: &PutDocument| put.outcome == "created";
    let new = texts.into_iter().zip(&outcomes);
    let new: Vec<String> = new
        .filter_map(|(text, put)| is_new(put).then_some(text))
        .collect();
    if !new.is_empty() {
        client.put(request(new, false)).await?;
    }
    Ok(outcomes)
}

fn told(
    invocation: &mut Invocation,
    plan: &DocumentId,
    year: i64,
    made: &[PutDocument],
) -> anyhow::Result<()> {
    let created = made.iter().filter(|put| put.outcome == "created").count();
    let output = &mut invocation.output;
    if output.json {
        let ids: Vec<&str> = made.iter().map(|put| put.id.as_str()).collect();
        return output.value(&json!({
            "plan": plan.to_string(), "year": year, "created": created, "documents": ids,
        }));
    }
    let (new, held) = (number::grouped(created as u64), made.len() - created);
    output.line(output.language.pick(
        format!("แผนปีงบประมาณ {year}: {plan} สร้างใหม่ {new} เอกสาร มีอยู่แล้ว {held} เอกสาร"),
        format!(
            "plan of fiscal year {year}: {plan}; {new} documents created, {held} existed already"
        ),
    ))
}

/// The activities of a plan that are not finished.
async fn activities(
    client: &mut Client,
    space: &str,
    plan: &DocumentId,
) -> anyhow::Result<Vec<(DocumentId, Fields)>> {
    let plan = plan.to_string();
    let mut listing = client.export(space, Kind::Activity.name()).await?;
    let mut found = Vec::new();
    while let Some(exported) = listing.next().await? {
        let fields = fields(&exported.document_json)?;
        let of_plan = fields.get("plan").and_then(Value::as_str) == Some(&plan);
        if of_plan && !carry::is_finished(&fields) {
            let id = fields.get("id").and_then(Value::as_str).unwrap_or_default();
            found.push((id.parse().context("read the id of an activity")?, fields));
        }
    }
    Ok(found)
}

fn fields(json: &str) -> anyhow::Result<Fields> {
    serde_json::from_str(json).context("read a document")
}

fn year(text: &str) -> anyhow::Result<i64> {
    let path = Path::parse("fy_be").context("name the field of years")?;
    let value = item_of(Some(Kind::Plan), &path, text)?;
    value
        .as_i64()
        .filter(|year| (2400..2700).contains(year))
        .with_context(|| format!("{text:?} is no year of the Buddhist era: write it as 2568"))
}

fn last_year(fields: &Fields) -> anyhow::Result<i64> {
    let years = match fields.get("fy_be") {
        Some(Value::Array(years)) => years.iter().filter_map(Value::as_i64).max(),
        Some(year) => year.as_i64(),
        None => None,
    };
    years.ok_or_else(|| Misuse("the plan names no fiscal year: say --to 2568".to_owned()).into())
}
