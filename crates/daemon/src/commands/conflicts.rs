//! `conflicts` and `resolve`: concurrent values of one field, and a person's choice.

use anyhow::bail;
use clap::Args;
use phaki_wire::proto::local::v1::{Conflict, ResolveConflictRequest};

use super::assignment::{field_path, value_at};
use super::names::Names;
use super::{AuthorArgs, Invocation, edit, kind_of, whole_id};
use crate::cli::Misuse;
use crate::client::Client;
use crate::inbox::{self, By, Wanted};
use crate::output::{Align, Output, Table, harmless, machine, number};

/// List fields to which different values were given at the same time
///
/// Every value is kept, with who gave it and when; everybody sees the same one of them until a
/// person chooses with `phaki resolve`. What has waited longest comes first. With --json one conflict a
/// line.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki conflicts
  phaki conflicts --mine --by money
  phaki conflicts --of TH-41 --space province-41 --json")]
pub(crate) struct ConflictsArgs {
    /// Only this document
    id: Option<String>,
    /// Only this space, by name or id
    #[arg(long, default_value = "", hide_default_value = true)]
    space: String,
    /// Only those in which you gave one of the values; needs your account
    #[arg(long, requires = "account")]
    mine: bool,
    /// Your account
    #[arg(long, env = "PHAKI_ACCOUNT", hide_env_values = true)]
    account: Option<String>,
    /// Only those in which one of the values was given at this node, such as your agency's
    #[arg(long, value_name = "NODE")]
    of: Option<String>,
    /// What comes first
    #[arg(long, value_enum, default_value_t)]
    by: By,
}

/// Settle a conflict with one of its values, or with another one
///
/// With --all it settles every conflict in which a value was given at the node of --value-of, or every
/// conflict with the value that is shown; what is in conflict there with another one stays.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki resolve activity_f370e6bc-4d1b-5a9b-a2cf-1ca19f928e29 budget/b1/amount_satang \\
      1,700,000บาท --message 'ตกลงกันทางโทรศัพท์'
  phaki resolve ID parties/p1/state --value-of TH-90
  phaki resolve --all --value-of TH-90 --space province-90 --message 'ตามหนังสือยืนยัน'
  phaki resolve --all ID --shown")]
pub(crate) struct ResolveArgs {
    /// Id of the document, or the first letters of it
    #[arg(
        required_unless_present = "all",
        default_value = "",
        hide_default_value = true
    )]
    id: String,
    /// Field, as `phaki conflicts` shows it
    #[arg(
        required_unless_present = "all",
        conflicts_with = "all",
        default_value = "",
        hide_default_value = true
    )]
    path: String,
    /// The value that holds from now on
    #[arg(conflicts_with_all = ["value_of", "shown"], required_unless_present_any = ["value_of", "shown"])]
    value: Option<String>,
    /// Take the value that was given at this node
    #[arg(long, value_name = "NODE")]
    value_of: Option<String>,
    /// Take the value that is shown; of a text that was merged by itself, confirm that it was read
    #[arg(long, conflicts_with = "value_of")]
    shown: bool,
    /// All conflicts, or all of one document
    #[arg(long, conflicts_with = "at")]
    all: bool,
    /// Space, when the document is in several
    #[arg(long, default_value = "", hide_default_value = true)]
    space: String,
    /// Settle only the values that you saw when `phaki show` printed these heads; separated by
    /// commas
    #[arg(long, value_name = "HEADS", value_delimiter = ',')]
    at: Vec<String>,
    #[command(flatten)]
    author: AuthorArgs,
}

pub(crate) async fn conflicts(
    invocation: &mut Invocation,
    args: &ConflictsArgs,
) -> anyhow::Result<()> {
    let id = args.id.as_deref().unwrap_or_default();
    let mut client = invocation.connect().await?;
    let found = client.conflicts(id, &args.space).await?;
    let wanted = Wanted {
        account: args.account.as_deref().filter(|_| args.mine),
        node: args.of.as_deref(),
    };
    let found = inbox::sorted(found, wanted, args.by);
    let output = &mut invocation.output;
    if output.json {
        return found
            .iter()
            .try_for_each(|conflict| output.value(&machine::conflict(conflict)));
    }
    if found.is_empty() {
        return output.line(output.language.pick("ไม่มีค่าที่ขัดแย้งกัน", "no conflicts"));
    }
    let names = names(&mut client, &found).await;
    cards(output, &names, &found)?;
    let count = number::grouped(found.len() as u64);
    output.line(output.language.pick(
        format!("ขัดแย้ง {count} จุด: เลือกค่าด้วย `phaki resolve รหัส ตำแหน่ง --value-of โหนด`"),
        format!("conflicts: {count}; settle each with `phaki resolve ID PATH --value-of NODE`"),
    ))
}

/// The names of the documents that conflicts mention.
pub(crate) async fn names(client: &mut Client, conflicts: &[Conflict]) -> Names {
    let texts = conflicts.iter().flat_map(|conflict| {
        let values = conflict.values.iter().map(|one| one.value_json.as_str());
        values.chain([conflict.path.as_str()])
    });
    Names::of(client, texts).await
}

/// A card for each conflict: the document, the field, and each value with its author.
pub(crate) fn cards(
    output: &mut Output,
    names: &Names,
    conflicts: &[Conflict],
) -> anyhow::Result<()> {
    let language = output.language;
    for conflict in conflicts {
        let labels = [conflict.label_th.as_str(), &conflict.label_en];
        let label = names.label(labels, &conflict.path, language);
        let title = harmless::line(&conflict.title);
        output.line(format!("{title}  ({})", conflict.space))?;
        output.line(format!("  {}", conflict.id))?;
        output.line(format!("  {}", conflict.path))?;
        output.line(format!("  {label}"))?;
        if let Some(satang) = inbox::at_stake(conflict) {
            let amount = number::baht(i64::try_from(satang).unwrap_or(i64::MAX), language);
            output.line(
                language.pick(format!("  ต่างกัน {amount}"), format!("  at stake: {amount}")),
            )?;
        }
        let mut table = Table::new(&[("", Align::Left); 5]).indent(4);
        for (index, one) in conflict.values.iter().enumerate() {
            // The first value is the one that is shown.
            let mark = match index {
                0 => language.pick("แสดงอยู่", "shown"),
                _ => "",
            };
            table.row([
                names.value(&conflict.id, &conflict.path, &one.value_json, language),
                one.node.clone(),
                one.account.clone(),
                output.moment(one.time_ms),
                mark.to_owned(),
            ]);
        }
        output.table(&table)?;
        output.line("")?;
    }
    Ok(())
}

pub(crate) async fn resolve(invocation: &mut Invocation, args: ResolveArgs) -> anyhow::Result<()> {
    if args.all {
        return resolve_all(invocation, args).await;
    }
    let path = field_path(&args.path)?;
    let mut client = invocation.connect().await?;
    let id = whole_id(&mut client, &args.id, &args.space).await?;
    let (value_json, heads) = match &args.value {
        Some(text) => (value_at(kind_of(&id), &path, text)?.to_string(), args.at),
        None => value_of(&mut client, &args).await?,
    };
    let request = ResolveConflictRequest {
        id,
        space: args.space,
        path: path.to_string(),
        value_json,
        author: Some(args.author.to_wire()),
        heads,
    };
    let reply = client.resolve(request).await?;
    edit::report(&mut invocation.output, &reply)
}

/// Settles all conflicts of the given documents of which a value was chosen.
async fn resolve_all(invocation: &mut Invocation, args: ResolveArgs) -> anyhow::Result<()> {
    if args.value.is_some() {
        bail!(Misuse("--all takes --value-of NODE or --shown".to_owned()));
    }
    let mut client = invocation.connect().await?;
    let found = client.conflicts(&args.id, &args.space).await?;
    let (mut settled, mut left) = (0_u64, 0_u64);
    for conflict in found {
        let Ok(value_json) = chosen(&conflict, &args) else {
            left += 1;
            continue;
        };
        let request = ResolveConflictRequest {
            id: conflict.id,
            space: conflict.space,
            path: conflict.path,
            value_json,
            author: Some(args.author.to_wire()),
            // What arrives in between is not settled with what was seen.
            heads: conflict.heads,
        };
        client.resolve(request).await?;
        settled += 1;
    }
    let output = &mut invocation.output;
    if output.json {
        return output.value(&serde_json::json!({ "settled": settled, "left": left }));
    }
    let (settled, left) = (number::grouped(settled), number::grouped(left));
    output.line(output.language.pick(
        format!("ตัดสินแล้ว {settled} จุด เหลือ {left} จุด"),
        format!("settled: {settled}; left: {left}"),
    ))
}

/// The value that was chosen of those in a conflict.
fn chosen(conflict: &Conflict, args: &ResolveArgs) -> anyhow::Result<String> {
    match &args.value_of {
        Some(node) => given_at(conflict, node),
        None => Ok(conflict.shown_json.clone()),
    }
}

/// The value that was chosen, and the heads at which it was read: a value that arrives in between
/// is not settled with the others.
async fn value_of(
    client: &mut Client,
    args: &ResolveArgs,
) -> anyhow::Result<(String, Vec<String>)> {
    let found = client.conflicts(&args.id, &args.space).await?;
    let Some(conflict) = found
        .into_iter()
        .find(|conflict| conflict.path == args.path)
    else {
        // A text that was merged by itself is in no conflict; to confirm it is to have read it.
        if let Some(confirmed) = merged_text(client, args).await? {
            return Ok(confirmed);
        }
        bail!(
            "{} of {} is in no conflict; see `phaki conflicts {}`",
            args.path,
            args.id,
            args.id
        );
    };
    let value = chosen(&conflict, args)?;
    let heads = match args.at.as_slice() {
        [] => conflict.heads,
        seen => seen.to_vec(),
    };
    Ok((value, heads))
}

/// The text at the path as it is shown, when it was merged from edits made at once.
async fn merged_text(
    client: &mut Client,
    args: &ResolveArgs,
) -> anyhow::Result<Option<(String, Vec<String>)>> {
    const MERGED: &str = "text_merged";
    if !args.shown {
        return Ok(None);
    }
    let shown = client.show(&args.id, &args.space).await?;
    let mut notices = shown.notices.iter();
    if !notices.any(|notice| notice.code == MERGED && notice.path == args.path) {
        return Ok(None);
    }
    let leaf = shown.leaves.iter().find(|leaf| leaf.path == args.path);
    Ok(leaf.map(|leaf| (leaf.value_json.clone(), shown.heads.clone())))
}

/// The value that was given at a node.
fn given_at(conflict: &Conflict, node: &str) -> anyhow::Result<String> {
    let mut given: Vec<&str> = conflict
        .values
        .iter()
        .filter(|one| one.node == node)
        .map(|one| one.value_json.as_str())
        .collect();
    given.dedup();
    match given.as_slice() {
        [single] => Ok((*single).to_owned()),
        [] => {
            let nodes: Vec<&str> = conflict
                .values
                .iter()
                .map(|one| one.node.as_str())
                .collect();
            bail!("no value was given at {node}, but at {}", nodes.join(", "))
        }
        several => bail!(
            "{} values were given at {node}; name the value instead",
            several.len()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phaki_wire::proto::local::v1::ConflictValue;

    #[test]
    fn a_node_names_its_value_only_when_it_gave_one() {
        let value = |node: &str, json: &str| ConflictValue {
            node: node.to_owned(),
            value_json: json.to_owned(),
            ..ConflictValue::default()
        };
        let conflict = Conflict {
            values: vec![value("TH", "1"), value("TH-41", "2"), value("TH-41", "3")],
            ..Conflict::default()
        };
        assert_eq!(given_at(&conflict, "TH").unwrap(), "1");
        let none = given_at(&conflict, "TH-90").unwrap_err().to_string();
        assert!(none.contains("TH, TH-41"), "{none}");
        assert!(given_at(&conflict, "TH-41").is_err());
    }
}
