//! `history`: who changed what in a document, when and why.

use clap::Args;
use phaki_documents::Kind;
use phaki_wire::proto::local::v1::{FieldChange, HistoryEntry};

use super::{Invocation, kind_of};
use crate::output::{Align, Output, Table, harmless, machine, value};

/// Show who changed what in a document, when and why
///
/// With --json one change a line, in the same order.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki history plan_6db237a0-c3de-50b5-8b38-068f561e7b75")]
pub(crate) struct HistoryArgs {
    /// Id of the document, or the first letters of it
    id: String,
    /// Space, when the document is in several
    #[arg(long, default_value = "", hide_default_value = true)]
    space: String,
}

pub(crate) async fn history(invocation: &mut Invocation, args: &HistoryArgs) -> anyhow::Result<()> {
    let mut client = invocation.connect().await?;
    let reply = client.history(&args.id, &args.space).await?;
    let kind = kind_of(&reply.id);
    let output = &mut invocation.output;
    for (index, entry) in reply.entries.iter().enumerate() {
        if output.json {
            output.value(&machine::history(entry))?;
            continue;
        }
        if index > 0 {
            output.line("")?;
        }
        show(output, kind, entry)?;
    }
    Ok(())
}

fn show(output: &mut Output, kind: Option<Kind>, entry: &HistoryEntry) -> anyhow::Result<()> {
    let when = output.moment(entry.time_ms);
    let change: String = entry.change.chars().take(8).collect();
    let mut line = format!("{when}  {}", entry.node);
    if !entry.adopted_by.is_empty() {
        line.push_str(&output.language.pick(
            format!(" (รับรองโดย {})", entry.adopted_by),
            format!(" (adopted by {})", entry.adopted_by),
        ));
    }
    for part in [&entry.account, &entry.message] {
        if !part.is_empty() {
            line.push_str("  ");
            line.push_str(&harmless::line(part));
        }
    }
    output.line(format!("{line}  [{change}]"))?;
    output.table(&change_table(output, kind, &entry.fields))
}

/// The fields that a change changed, with their values before and after.
pub(crate) fn change_table(output: &Output, kind: Option<Kind>, fields: &[FieldChange]) -> Table {
    let mut table =
        Table::new(&[("", Align::Left), ("", Align::Left), ("", Align::Left)]).indent(2);
    for field in fields {
        let [from, to] = sides(output, kind, field);
        let change = if from.is_empty() {
            to
        } else {
            format!("{from} → {to}")
        };
        table.row([sign(field).to_owned(), field.path.clone(), change]);
    }
    table
}

fn sign(field: &FieldChange) -> &'static str {
    match (field.from_json.is_empty(), field.to_json.is_empty()) {
        (true, _) => "+",
        (false, true) => "-",
        (false, false) => "~",
    }
}

fn sides(output: &Output, kind: Option<Kind>, field: &FieldChange) -> [String; 2] {
    let language = output.language;
    let readable = |json: &str| value::readable_json(kind, &field.path, json, language);
    let from: Vec<String> = field.from_json.iter().map(|json| readable(json)).collect();
    let to = match field.to_json.as_str() {
        "" => language.pick("(ลบออก)", "(removed)").to_owned(),
        json => readable(json),
    };
    [from.join(" | "), to]
}
