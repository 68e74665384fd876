//! `edit`: fields of a document are set, removed, or get one more item.

use clap::Args;
use phaki_documents::Kind;
use phaki_wire::proto::local::v1::field_edit::Act;
use phaki_wire::proto::local::v1::{EditDocumentReply, EditDocumentRequest, FieldEdit};
use serde_json::json;

use super::assignment::{assignment, field_path, item_of};
use super::{AuthorArgs, Invocation, kind_of, whole_id};
use crate::cli::Misuse;
use crate::output::Output;

/// Change fields of a document; all of them in one step
///
/// `phaki show` lists the paths. Texts and codes stay as they are typed (01 remains 01); elsewhere
/// a value that is JSON is read as JSON. Amounts are in satang, or have a unit: 1,800,000บาท.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki edit activity_f370e6bc-4d1b-5a9b-a2cf-1ca19f928e29 \\
      budget/b1/amount_satang=1,800,000บาท --message 'มติที่ประชุม 12 ม.ค.'
  phaki edit ID status=approved --add tags=นำร่อง --remove situation")]
pub(crate) struct EditArgs {
    /// Id of the document, or the first letters of it
    id: String,
    /// Fields and the values that they get
    #[arg(value_name = "PATH=VALUE", required_unless_present_any = ["remove", "add"])]
    set: Vec<String>,
    /// Remove a field and all below it; may be repeated
    #[arg(long, value_name = "PATH")]
    remove: Vec<String>,
    /// Add an item to the list at the path; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    add: Vec<String>,
    /// Space, when the document is in several
    #[arg(long, default_value = "", hide_default_value = true)]
    space: String,
    /// Edit what you saw when `phaki show` printed these heads: what others wrote since is not
    /// overwritten but in conflict; separated by commas
    #[arg(long, value_name = "HEADS", value_delimiter = ',')]
    at: Vec<String>,
    #[command(flatten)]
    author: AuthorArgs,
}

pub(crate) async fn edit(invocation: &mut Invocation, args: EditArgs) -> anyhow::Result<()> {
    let mut client = invocation.connect().await?;
    let id = whole_id(&mut client, &args.id, &args.space).await?;
    let edits = field_edits(kind_of(&id), &args)?;
    let request = EditDocumentRequest {
        id,
        space: args.space,
        edits,
        author: Some(args.author.to_wire()),
        heads: args.at,
    };
    let reply = client.edit(request).await?;
    report(&mut invocation.output, &reply)
}

fn field_edits(kind: Option<Kind>, args: &EditArgs) -> Result<Vec<FieldEdit>, Misuse> {
    let mut edits = Vec::new();
    let mut push = |path: String, act: Act| {
        edits.push(FieldEdit {
            path,
            act: Some(act),
        });
    };
    for text in &args.set {
        let set = assignment(kind, text)?;
        push(set.path.to_string(), Act::SetJson(set.value.to_string()));
    }
    for text in &args.add {
        let Some((path, item)) = text.split_once('=') else {
            return Err(Misuse(format!(
                "{text:?} lacks a `=`; write the list and the item, such as --add areas=4101"
            )));
        };
        let path = field_path(path)?;
        let item = item_of(kind, &path, item)?;
        push(path.to_string(), Act::AddJson(item.to_string()));
    }
    for text in &args.remove {
        push(field_path(text)?.to_string(), Act::Remove(true));
    }
    Ok(edits)
}

/// Says what came of an edit or a resolution.
pub(crate) fn report(output: &mut Output, reply: &EditDocumentReply) -> anyhow::Result<()> {
    if output.json {
        return output.value(&json!({
            "id": reply.id,
            "space": reply.space,
            "changed": reply.changed,
            "change": (!reply.change.is_empty()).then_some(&reply.change),
        }));
    }
    let (id, space) = (&reply.id, &reply.space);
    let change: String = reply.change.chars().take(8).collect();
    output.line(match reply.changed {
        true => output.language.pick(
            format!("แก้ไข {id} ใน {space} แล้ว (รุ่น {change})"),
            format!("changed {id} in {space} (change {change})"),
        ),
        false => output.language.pick(
            format!("{id} เป็นเช่นนั้นอยู่แล้ว ไม่มีการเปลี่ยนแปลง"),
            format!("{id} is so already; nothing changed"),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(set: &[&str], add: &[&str], remove: &[&str]) -> EditArgs {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        EditArgs {
            id: String::new(),
            set: owned(set),
            remove: owned(remove),
            add: owned(add),
            space: String::new(),
            at: Vec::new(),
            author: AuthorArgs::default(),
        }
    }

    #[test]
    fn options_become_edits_of_the_right_type() {
        let args = args(&["status=approved"], &["areas=01"], &["situation"]);
        let edits = field_edits(Some(Kind::Plan), &args).unwrap();
        let acts: Vec<(&str, &Act)> = edits
            .iter()
            .map(|edit| (edit.path.as_str(), edit.act.as_ref().unwrap()))
            .collect();
        assert_eq!(
            acts,
            [
                ("status", &Act::SetJson("\"approved\"".to_owned())),
                ("areas", &Act::AddJson("\"01\"".to_owned())),
                ("situation", &Act::Remove(true)),
            ]
        );
    }

    #[test]
    fn a_malformed_path_is_a_misuse() {
        assert!(field_edits(None, &args(&[], &[], &["a//b"])).is_err());
        assert!(field_edits(None, &args(&[], &["areas"], &[])).is_err());
    }
}
