//! `space`: what is shared with whom.

use clap::{Args, Subcommand, ValueEnum};
use phaki_wire::proto::local::v1::{GrantSpaceRequest, Space};

use super::{Invocation, status};
use crate::output::{Output, Table, machine, words};

/// Create spaces, share them with nodes, and list them
#[derive(Debug, Subcommand)]
pub(crate) enum SpaceCommand {
    Create(CreateArgs),
    Grant(GrantArgs),
    List(ListArgs),
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

/// Let another node read a space, or write in it; only its steward can
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki space grant province-41 TH --role writer")]
pub(crate) struct GrantArgs {
    /// The space, by name or id
    space: String,
    /// The node, by name or key
    node: String,
    /// What it may do
    #[arg(long)]
    role: Role,
}

/// What a member of a space may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Receives everything in the space
    Reader,
    /// Receives everything, and its edits count
    Writer,
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
    let mut client = invocation.connect().await?;
    let output = &mut invocation.output;
    let language = output.language;
    match command {
        SpaceCommand::Create(args) => {
            let space = client.create_space(&args.name).await?;
            let name = space.name.clone();
            let said = language.pick(
                format!(
                    "สร้างพื้นที่ข้อมูล {name} แล้ว แบ่งปันด้วย \
                     `phaki space grant {name} โหนด --role reader`"
                ),
                format!(
                    "created space {name}; share it with \
                     `phaki space grant {name} NODE --role reader`"
                ),
            );
            report(output, &space, &said)
        }
        SpaceCommand::Grant(args) => {
            let role = match args.role {
                Role::Reader => "reader",
                Role::Writer => "writer",
            };
            let request = GrantSpaceRequest {
                space: args.space,
                node: args.node.clone(),
                role: role.to_owned(),
            };
            let space = client.grant_space(request).await?;
            let (name, node) = (&space.name, args.node);
            let said = language.pick(
                format!("{node} เป็น {role} ของ {name} แล้ว"),
                format!("{node} is {role} of {name} now"),
            );
            report(output, &space, &said)
        }
        SpaceCommand::List(ListArgs {}) => {
            let spaces = client.spaces().await?;
            if output.json {
                return spaces
                    .iter()
                    .try_for_each(|space| output.value(&machine::space(space)));
            }
            output.table(&status::spaces(language, &spaces))?;
            output.line("")?;
            output.table(&members(output, &spaces))
        }
    }
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
        (language.of(words::SPACE), crate::output::Align::Left),
        (language.of(words::MEMBERS), crate::output::Align::Left),
    ])
    .indent(2);
    for space in spaces {
        let members: Vec<String> = space
            .members
            .iter()
            .map(|member| format!("{} ({})", member.node, member.role))
            .collect();
        table.row([space.name.clone(), members.join(", ")]);
    }
    table
}
