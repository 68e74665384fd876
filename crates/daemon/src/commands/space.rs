//! `space`: what is shared with whom.

mod granting;
mod preview;
mod show;
mod transfer;

use clap::{Args, Subcommand};
use phaki_wire::proto::local::v1::Space;

use self::granting::{GrantArgs, RevokeArgs};
use self::preview::PreviewCommand;
use self::show::ShowArgs;
use self::transfer::TransferArgs;
use super::{Invocation, status};
use crate::output::{Align, Output, Table, machine, words};

/// Create spaces, share them with nodes, and see who can read them
#[derive(Debug, Subcommand)]
pub(crate) enum SpaceCommand {
    Create(CreateArgs),
    Grant(GrantArgs),
    Revoke(RevokeArgs),
    List(ListArgs),
    Show(ShowArgs),
    #[command(subcommand)]
    Preview(PreviewCommand),
    Transfer(TransferArgs),
}

/// Create a space with this node as its steward
///
/// Nobody else sees it, or learns that it exists, before it is granted.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki space create province-41")]
pub(crate) struct CreateArgs {
    /// Name of the space
    name: String,
}

/// List the spaces that this node takes part in
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki space list --json | jq -r .name")]
pub(crate) struct ListArgs {}

pub(crate) async fn space(
    invocation: &mut Invocation,
    command: SpaceCommand,
) -> anyhow::Result<()> {
    match command {
        SpaceCommand::Create(args) => create(invocation, &args).await,
        SpaceCommand::Grant(args) => granting::grant(invocation, args).await,
        SpaceCommand::Revoke(args) => granting::revoke(invocation, args).await,
        SpaceCommand::List(ListArgs {}) => list(invocation).await,
        SpaceCommand::Show(args) => show::show(invocation, args).await,
        SpaceCommand::Preview(command) => preview::preview(invocation, command).await,
        SpaceCommand::Transfer(args) => transfer::transfer(invocation, args).await,
    }
}

async fn create(invocation: &mut Invocation, args: &CreateArgs) -> anyhow::Result<()> {
    let space = invocation.connect().await?.create_space(&args.name).await?;
    let output = &mut invocation.output;
    let name = space.name.clone();
    let said = output.language.pick(
        format!(
            "สร้างพื้นที่ข้อมูล {name} แล้ว แบ่งปันด้วย \
             `phaki space grant {name} โหนด --role reader`"
        ),
        format!(
            "created space {name}; share it with `phaki space grant {name} NODE --role reader`"
        ),
    );
    report(output, &space, &said)
}

async fn list(invocation: &mut Invocation) -> anyhow::Result<()> {
    let spaces = invocation.connect().await?.spaces().await?;
    let output = &mut invocation.output;
    let language = output.language;
    if output.json {
        return spaces
            .iter()
            .try_for_each(|space| output.value(&machine::space(space)));
    }
    output.table(&status::spaces(language, &spaces))?;
    output.line("")?;
    output.table(&members(output, &spaces))?;
    for space in spaces.iter().filter(|space| !space.offered_to.is_empty()) {
        output.line(offer(output, space))?;
    }
    Ok(())
}

/// That a space is offered to another node, and how that accepts it.
fn offer(output: &Output, space: &Space) -> String {
    let (name, to) = (&space.name, &space.offered_to);
    output.language.pick(
        format!("เสนอโอน {name} ให้ {to} อยู่ ผู้รับสั่ง `phaki space transfer {name} --accept` ที่ {to}"),
        format!(
            "{name} is offered to {to}: accept it there with `phaki space transfer {name} --accept`"
        ),
    )
}

fn report(output: &mut Output, space: &Space, said: &str) -> anyhow::Result<()> {
    if output.json {
        return output.value(&machine::space(space));
    }
    output.line(said)
}

fn members(output: &Output, spaces: &[Space]) -> Table {
    let language = output.language;
    let mut table = Table::new(&[
        (language.of(words::SPACE), Align::Left),
        (language.of(words::MEMBERS), Align::Left),
    ])
    .indent(2);
    for space in spaces {
        let members: Vec<String> = space
            .members
            .iter()
            .map(|member| {
                let role = role(output, &member.role);
                format!("{} ({role})", member.node)
            })
            .collect();
        table.row([space.name.clone(), members.join(", ")]);
    }
    table
}

/// The word for a role of a member.
fn role<'a>(output: &Output, role: &'a str) -> &'a str {
    let thai = match role {
        "steward" => "ผู้ดูแล",
        "writer" => "ผู้เขียน",
        "reader" => "ผู้อ่าน",
        "removed" => "ถอนสิทธิ์แล้ว",
        other => other,
    };
    output.language.pick(thai, role)
}
