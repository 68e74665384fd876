//! `federation`: founding one, inviting nodes, deciding about them, and its roster.

mod change;
mod difference;
mod invite;
mod pending;
mod rotate_key;

use clap::{Args, Subcommand};
use serde_json::json;

pub(super) use self::change::write_new;
pub(super) use self::difference::{show as show_differences, to_json as differences_to_json};
use super::Invocation;
use super::enrol::given_or;
use crate::federation;
use crate::output::{Align, Table, machine, number, words};

/// Create a federation, invite nodes into it, decide about them, and show its nodes
#[derive(Debug, Subcommand)]
pub(crate) enum FederationCommand {
    Create(CreateArgs),
    Invite(invite::InviteArgs),
    Invites(invite::InvitesArgs),
    Withdraw(invite::WithdrawArgs),
    Pending(pending::PendingArgs),
    Approve(pending::ApproveArgs),
    Reject(pending::RejectArgs),
    Suspend(change::SuspendArgs),
    Reinstate(change::ReinstateArgs),
    Remove(change::RemoveArgs),
    RotateKey(rotate_key::RotateKeyArgs),
    Enact(change::EnactArgs),
    Roster(RosterArgs),
}

/// Create a federation with this node as its national node
///
/// Makes the key of the federation, which signs who belongs to it. The command says where that key
/// lies: keep a copy in a safe place. The key may also be kept on a machine without a line: move
/// the file away, and every command that needs it makes a file for `phaki roster sign` instead.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki federation create --name TH --area TH --address sync.example.go.th:7443")]
pub(crate) struct CreateArgs {
    /// Name of this node
    #[arg(long)]
    name: String,
    /// Area it stands for: TH
    #[arg(long)]
    area: String,
    /// Where other nodes reach it, by default the configured addresses; may be repeated
    #[arg(long, value_name = "HOST:PORT")]
    address: Vec<String>,
}

/// Show the nodes of the federation
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki federation roster --json | jq -r .nodes[].name")]
pub(crate) struct RosterArgs {}

pub(crate) async fn federation(
    invocation: &mut Invocation,
    command: FederationCommand,
) -> anyhow::Result<()> {
    use FederationCommand as Of;
    match command {
        Of::Create(args) => create(invocation, args),
        Of::Invite(args) => invite::invite(invocation, args).await,
        Of::Invites(args) => invite::invites(invocation, &args).await,
        Of::Withdraw(args) => invite::withdraw(invocation, args).await,
        Of::Pending(args) => pending::pending(invocation, args).await,
        Of::Approve(args) => pending::approve(invocation, args).await,
        Of::Reject(args) => pending::reject(invocation, args).await,
        Of::Suspend(args) => change::suspend(invocation, args).await,
        Of::Reinstate(args) => change::reinstate(invocation, args).await,
        Of::Remove(args) => change::remove(invocation, args).await,
        Of::RotateKey(args) => rotate_key::rotate_key(invocation, args).await,
        Of::Enact(args) => change::enact(invocation, args).await,
        Of::Roster(args) => roster(invocation, &args).await,
    }
}

fn create(invocation: &mut Invocation, args: CreateArgs) -> anyhow::Result<()> {
    let settings = invocation.global.settings()?;
    let data = settings.data;
    let created = federation::create(&federation::Create {
        data: data.clone(),
        name: args.name.clone(),
        area: args.area,
        addresses: given_or(args.address, settings.addresses),
        account: settings.account,
    })?;
    let output = &mut invocation.output;
    let key = created.federation_key.display();
    if output.json {
        return output.value(&json!({
            "federation": created.federation.to_string(),
            "node": created.node.to_string(),
            "name": args.name,
            "federation_key": created.federation_key,
        }));
    }
    let (name, id, data) = (args.name, created.federation, data.display());
    output.line(output.language.pick(
        format!(
            "สร้างสหพันธ์ {id} โดยมี {name} เป็นโหนดระดับชาติแล้ว\n\
             กุญแจของสหพันธ์อยู่ที่ {key} กรุณาสำรองไว้ในที่ปลอดภัย\n\
             ขั้นต่อไป: `phaki serve --data {data}`"
        ),
        format!(
            "created federation {id} with {name} as its national node\n\
             the federation's key is {key}: keep a copy of it in a safe place\n\
             next: `phaki serve --data {data}`"
        ),
    ))
}

async fn roster(invocation: &mut Invocation, _args: &RosterArgs) -> anyhow::Result<()> {
    let reply = invocation.connect().await?.roster().await?;
    let output = &mut invocation.output;
    if output.json {
        let nodes: Vec<_> = reply.nodes.iter().map(machine::peer).collect();
        return output.value(&json!({"version": reply.version, "nodes": nodes}));
    }
    let language = output.language;
    let word = |text| (language.of(text), Align::Left);
    let mut table = Table::new(&[
        word(words::NAME),
        word(words::ROLE),
        word(words::AREA),
        word(words::STATE),
        (language.pick("กุญแจ", "KEY"), Align::Left),
    ]);
    for node in reply.nodes {
        table.row([node.name, node.role, node.area, node.status, node.key]);
    }
    let version = number::grouped(reply.version);
    output.line(language.pick(
        format!("บัญชีโหนดรุ่นที่ {version}"),
        format!("roster, version {version}"),
    ))?;
    output.table(&table)
}
