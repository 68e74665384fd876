//! `schema`: the JSON Schema of a kind of document.

use anyhow::bail;
use clap::Args;
use phaki_documents::{Kind, schema};

use super::Invocation;
use crate::cli::Misuse;
use crate::output::Language;

/// Print the JSON Schema of a kind of document
///
/// Draft 2020-12, with labels and help in the language of the answers. Unknown fields are allowed,
/// and codes are examples: what a newer program writes is right as well. No node is needed.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki schema plan --lang th > plan.schema.json")]
pub(crate) struct SchemaArgs {
    /// Kind: org, person, network, agreement, plan, activity, indicator, event, resolution, refset
    kind: String,
}

pub(crate) fn schema(invocation: &mut Invocation, args: &SchemaArgs) -> anyhow::Result<()> {
    let Some(kind) = Kind::from_name(&args.kind) else {
        let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        bail!(Misuse(format!(
            "there is no kind {:?}: use {}",
            args.kind,
            known.join(", ")
        )));
    };
    let output = &mut invocation.output;
    let schema = match output.language {
        Language::Thai => schema::json_schema(kind, |label| label.th),
        Language::English => schema::json_schema(kind, |label| label.en),
    };
    if output.json {
        return output.value(&schema);
    }
    // For people, on several lines.
    output.json_line(&format!("{schema:#}"))
}
