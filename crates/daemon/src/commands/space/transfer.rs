//! `space transfer`: another node becomes the steward.

use clap::{ArgGroup, Args};
use phaki_wire::proto::local::v1::TransferSpaceRequest;

use super::{offer, report};
use crate::commands::Invocation;

/// Hand a space to another steward, who must accept it
///
/// The steward offers the space; once the other node has accepted, that one alone grants it, and
/// the steward before is a writer. Only a node that can read the space can be offered it.
#[derive(Args, Debug)]
#[command(
    group = ArgGroup::new("act").required(true),
    after_help = "\
EXAMPLE
  phaki space transfer province-41 --to TH-42
  phaki space transfer province-41 --accept
  phaki space transfer province-41 --withdraw"
)]
pub(crate) struct TransferArgs {
    /// The space, by name or id
    space: String,
    /// Offer it to that node, by name or key
    #[arg(long, value_name = "NODE", group = "act")]
    to: Option<String>,
    /// Accept it: on the node to which it is offered
    #[arg(long, group = "act")]
    accept: bool,
    /// Take the offer back
    #[arg(long, group = "act")]
    withdraw: bool,
}

pub(super) async fn transfer(
    invocation: &mut Invocation,
    args: TransferArgs,
) -> anyhow::Result<()> {
    let act = match (&args.to, args.accept) {
        (Some(_), _) => "offer",
        (None, true) => "accept",
        (None, false) => "withdraw",
    };
    let request = TransferSpaceRequest {
        space: args.space,
        act: act.to_owned(),
        to: args.to.unwrap_or_default(),
    };
    let space = invocation.connect().await?.transfer_space(request).await?;
    let output = &mut invocation.output;
    let name = &space.name;
    let said = match act {
        "offer" => offer(output, &space),
        "accept" => output.language.pick(
            format!("โหนดนี้เป็นผู้ดูแลของ {name} แล้ว"),
            format!("this node is the steward of {name} now"),
        ),
        _ => output.language.pick(
            format!("ถอนข้อเสนอโอน {name} แล้ว"),
            format!("the offer of {name} is taken back"),
        ),
    };
    report(output, &space, &said)
}
