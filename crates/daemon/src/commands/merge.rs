//! `merge`: one record of an organisation is to stand for another one, or not any more.

use anyhow::bail;
use clap::Args;
use phaki_wire::proto::local::v1::field_edit::Act;
use phaki_wire::proto::local::v1::{EditDocumentReply, EditDocumentRequest, FieldEdit};
use serde_json::json;

use super::{AuthorArgs, Invocation, edit, kind_of, whole_id};
use crate::cli::Misuse;
use phaki_documents::Kind;

/// Merge a record of an organisation into another one, or undo that
///
/// Nothing is lost or moved: the record stays as it is, and wherever it is referred to the other one is
/// shown. Chains are followed; of records merged into each other the one with a national code stands for
/// all, or else the one with the smallest id.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki merge org_18f262d4-… org_db9eda32-… --message 'รายการซ้ำ'
  phaki merge org_18f262d4-… --undo")]
pub(crate) struct MergeArgs {
    /// The record that is to be represented by another one
    id: String,
    /// The record that stands for it from now on
    #[arg(required_unless_present = "undo")]
    into: Option<String>,
    /// Let the record stand for itself again
    #[arg(long, conflicts_with = "into")]
    undo: bool,
    /// Space of the record, when it is in several
    #[arg(long, default_value = "", hide_default_value = true)]
    space: String,
    #[command(flatten)]
    author: AuthorArgs,
}

pub(crate) async fn merge(invocation: &mut Invocation, args: MergeArgs) -> anyhow::Result<()> {
    let mut client = invocation.connect().await?;
    let id = organisation(whole_id(&mut client, &args.id, &args.space).await?)?;
    let act = match &args.into {
        None => Act::Remove(true),
        Some(into) => {
            let into = organisation(whole_id(&mut client, into, "").await?)?;
            if id == into {
                bail!(Misuse(format!("{id} cannot be merged into itself")));
            }
            Act::SetJson(json!(into).to_string())
        }
    };
    let request = EditDocumentRequest {
        id,
        space: args.space,
        edits: vec![FieldEdit {
            path: "merged_into".to_owned(),
            act: Some(act),
        }],
        author: Some(args.author.to_wire()),
        heads: Vec::new(),
    };
    let reply: EditDocumentReply = client.edit(request).await?;
    edit::report(&mut invocation.output, &reply)
}

fn organisation(id: String) -> Result<String, Misuse> {
    match kind_of(&id) {
        Some(Kind::Org) => Ok(id),
        _ => Err(Misuse(format!(
            "{id} is no organisation: only records of organisations are merged"
        ))),
    }
}
