//! `space grant` and `space revoke`.

use clap::{Args, ValueEnum};
use phaki_wire::proto::local::v1::{GrantSpaceRequest, RevokeSpaceRequest};

use super::{report, role};
use crate::commands::Invocation;

/// Let others read a space, or write in it; only its steward can
///
/// A grant to a group holds for every node in it, also for those that join later.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki space preview grant province-41 TH --role writer
  phaki space grant province-41 TH --role writer
  phaki space grant province-41 role:national --role reader
  phaki space grant province-41 area:R8 --role reader")]
pub(crate) struct GrantArgs {
    /// The space, by name or id
    pub(super) space: String,
    /// A node by name or key, role:ROLE, or area:AREA
    #[arg(value_name = "GRANTEE")]
    pub(super) node: String,
    /// What it may do
    #[arg(long)]
    pub(super) role: Role,
}

/// Take a right in a space away; only its steward can
///
/// Whoever loses it receives nothing more, and keeps what it has. What it wrote before goes on
/// counting; what it writes from now on, even while it does not know yet, is held back everywhere.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki space preview revoke province-41 TH-42
  phaki space revoke province-41 TH-42 --reason 'the project has ended'")]
pub(crate) struct RevokeArgs {
    /// The space, by name or id
    space: String,
    /// A node by name or key, role:ROLE, or area:AREA
    #[arg(value_name = "GRANTEE")]
    node: String,
    /// Why, in a few words, for the audit log of this node
    #[arg(long, default_value = "")]
    reason: String,
}

/// What a member of a space may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Receives everything in the space
    Reader,
    /// Receives everything, and its edits count
    Writer,
}

impl Role {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Writer => "writer",
        }
    }
}

pub(super) async fn grant(invocation: &mut Invocation, args: GrantArgs) -> anyhow::Result<()> {
    let granted = args.role.name();
    let request = GrantSpaceRequest {
        space: args.space,
        node: args.node.clone(),
        role: granted.to_owned(),
    };
    let space = invocation.connect().await?.grant_space(request).await?;
    let output = &mut invocation.output;
    let (name, node, word) = (&space.name, args.node, role(output, granted));
    let said = output.language.pick(
        format!("{node} เป็น{word}ของ {name} แล้ว"),
        format!("{node} is {word} of {name} now"),
    );
    report(output, &space, &said)
}

pub(super) async fn revoke(invocation: &mut Invocation, args: RevokeArgs) -> anyhow::Result<()> {
    let request = RevokeSpaceRequest {
        space: args.space,
        node: args.node.clone(),
        reason: args.reason,
    };
    let space = invocation.connect().await?.revoke_space(request).await?;
    let output = &mut invocation.output;
    let (name, node) = (&space.name, args.node);
    let said = output.language.pick(
        format!("{node} ไม่มีสิทธิ์ใน {name} แล้ว สิ่งที่เขียนไว้ก่อนหน้านี้ยังคงมีผล"),
        format!("{node} has no right in {name} any more; what it wrote before goes on counting"),
    );
    report(output, &space, &said)
}
