//! `init`, `federation` and `join`: how a node comes into being and into a federation.

use std::time::Duration;

use anyhow::bail;
use clap::{Args, Subcommand};
use phaki_wire::proto::local::v1::CreateInviteRequest;
use serde_json::json;

use super::Invocation;
use crate::cli::Misuse;
use crate::output::{Align, Table, machine, number, words};
use crate::{data_folder, enrolment, federation};

/// Make the data folder of a node and its key
///
/// Does nothing when there is a key already. `federation create` and `join` do this by themselves.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki init --data /var/lib/phaki")]
pub(crate) struct InitArgs {}

/// Create a federation, invite nodes into it, and show its nodes
#[derive(Debug, Subcommand)]
pub(crate) enum FederationCommand {
    Create(CreateArgs),
    Invite(InviteArgs),
    Roster(RosterArgs),
}

/// Create a federation with this node as its national node
///
/// Makes the key of the federation, which signs who belongs to it. The command says where that key
/// lies: keep a copy in a safe place.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki federation create --name TH --area TH --address sync.example.go.th:7443")]
pub(crate) struct CreateArgs {
    /// Name of this node
    #[arg(long)]
    name: String,
    /// Area it stands for: TH, a region such as R11, or a DOPA code such as 41
    #[arg(long)]
    area: String,
    /// Where other nodes reach it, by default the configured addresses; may be repeated
    #[arg(long, value_name = "HOST:PORT")]
    address: Vec<String>,
}

/// Make an invite: one string that admits one node
///
/// Hand the string over in a safe way: whoever presents it first is admitted.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki federation invite --name TH-41 --area 41 --valid 3d")]
pub(crate) struct InviteArgs {
    /// Name that the new node gets
    #[arg(long)]
    name: String,
    /// What it is: national, region, province or edge
    #[arg(long, default_value = "province")]
    role: String,
    /// Area it stands for; by default what follows the dash in its name
    #[arg(long)]
    area: Option<String>,
    /// How long the invite can be used, such as 12h or 7d
    #[arg(long, default_value = "7d", value_parser = span)]
    valid: Duration,
    /// Where the new node reaches this one, if not at the addresses in the roster
    #[arg(long, value_name = "HOST:PORT")]
    address: Vec<String>,
}

/// Show the nodes of the federation
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki federation roster --json | jq -r .nodes[].name")]
pub(crate) struct RosterArgs {}

/// Join a federation with an invite
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki join PHAKI1-… --data /var/lib/phaki
  phaki serve --data /var/lib/phaki")]
pub(crate) struct JoinArgs {
    /// The invite, as `phaki federation invite` printed it
    invite: String,
    /// Where other nodes reach this one, by default the configured addresses; may be repeated
    #[arg(long, value_name = "HOST:PORT")]
    address: Vec<String>,
}

pub(crate) fn init(invocation: &mut Invocation, _args: &InitArgs) -> anyhow::Result<()> {
    let data = invocation.global.settings()?.data;
    let made = data_folder::init(&data)?;
    let output = &mut invocation.output;
    if output.json {
        return output.value(&json!({
            "node": made.node.to_string(),
            "created": made.created,
            "data": data,
        }));
    }
    let (node, data) = (made.node, data.display());
    output.line(match made.created {
        true => output.language.pick(
            format!("สร้างโหนด {node} ใน {data} แล้ว"),
            format!("made node {node} in {data}"),
        ),
        false => output.language.pick(
            format!("{data} เป็นของโหนด {node} อยู่แล้ว"),
            format!("{data} is that of node {node} already"),
        ),
    })?;
    output.line(output.language.pick(
        "ขั้นต่อไป: `phaki join คำเชิญ` หรือ `phaki federation create`",
        "next: `phaki join INVITE`, or `phaki federation create`",
    ))
}

pub(crate) async fn federation(
    invocation: &mut Invocation,
    command: FederationCommand,
) -> anyhow::Result<()> {
    match command {
        FederationCommand::Create(args) => create(invocation, args),
        FederationCommand::Invite(args) => invite(invocation, args).await,
        FederationCommand::Roster(args) => roster(invocation, &args).await,
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

async fn invite(invocation: &mut Invocation, args: InviteArgs) -> anyhow::Result<()> {
    let Some(area) = args.area.or_else(|| area_in(&args.name)) else {
        bail!(Misuse(format!(
            "the name {} has no area after a dash; give --area, such as --area 41",
            args.name
        )));
    };
    let mut client = invocation.connect().await?;
    let request = CreateInviteRequest {
        name: args.name.clone(),
        role: args.role,
        area,
        valid_ms: u64::try_from(args.valid.as_millis()).unwrap_or(u64::MAX),
        addresses: args.address,
    };
    let reply = client.create_invite(request).await?;
    let output = &mut invocation.output;
    if output.json {
        return output.value(&json!({
            "invite": reply.invite,
            "name": args.name,
            "expires": crate::output::time::rfc3339(reply.expires_ms),
        }));
    }
    // The string alone goes to the standard output, so that it can be piped.
    output.line(&reply.invite)?;
    let until = output.moment(reply.expires_ms);
    let name = args.name;
    crate::output::complain(output.language.pick(
        format!("ใช้ได้หนึ่งครั้ง ถึง {until} บนเครื่องของ {name}: `phaki join คำเชิญ`"),
        format!("good for one node until {until}; on the machine of {name}: `phaki join INVITE`"),
    ));
    Ok(())
}

/// `41` of `TH-41`.
fn area_in(name: &str) -> Option<String> {
    let (_, area) = name.rsplit_once('-')?;
    (!area.is_empty()).then(|| area.to_owned())
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

pub(crate) async fn join(invocation: &mut Invocation, args: JoinArgs) -> anyhow::Result<()> {
    let settings = invocation.global.settings()?;
    let data = settings.data;
    let joined = enrolment::join(&enrolment::Join {
        data: data.clone(),
        invite: args.invite,
        addresses: given_or(args.address, settings.addresses),
        account: settings.account,
    })
    .await?;
    let output = &mut invocation.output;
    if output.json {
        return output.value(&json!({
            "federation": joined.federation.to_string(),
            "node": joined.node.to_string(),
            "name": joined.name,
            "nodes": joined.nodes,
            "already": joined.already,
        }));
    }
    let (name, nodes, data) = (joined.name, joined.nodes, data.display());
    output.line(match joined.already {
        true => output.language.pick(
            format!("เป็นโหนด {name} ของสหพันธ์นี้อยู่แล้ว"),
            format!("this is node {name} of that federation already"),
        ),
        false => output.language.pick(
            format!("เข้าร่วมในชื่อ {name} แล้ว สหพันธ์มี {nodes} โหนด"),
            format!("joined as {name}; the federation has {nodes} nodes"),
        ),
    })?;
    output.line(output.language.pick(
        format!("ขั้นต่อไป: `phaki serve --data {data}`"),
        format!("next: `phaki serve --data {data}`"),
    ))
}

/// The addresses of the command line before those of the configuration.
fn given_or(given: Vec<String>, configured: Vec<String>) -> Vec<String> {
    if given.is_empty() { configured } else { given }
}

/// Reads `90s`, `30m`, `12h`, `7d`.
pub(super) fn span(text: &str) -> Result<Duration, String> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &text[..text.len() - unit.len()];
    let seconds = match unit {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err("write a number and a unit: 90s, 30m, 12h or 7d".to_owned()),
    };
    let count: u64 = digits
        .parse()
        .map_err(|_| "write a number and a unit: 90s, 30m, 12h or 7d".to_owned())?;
    let total = count.checked_mul(seconds).filter(|total| *total > 0);
    total
        .map(Duration::from_secs)
        .ok_or_else(|| "is out of range".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_a_number_and_a_unit() {
        assert_eq!(span("7d"), Ok(Duration::from_secs(604_800)));
        assert_eq!(span("30m"), Ok(Duration::from_secs(1_800)));
        for bad in ["", "7", "d", "7w", "-1h", "0s", "99999999999999999999d"] {
            assert!(span(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_area_stands_in_the_name() {
        assert_eq!(area_in("TH-41").as_deref(), Some("41"));
        assert_eq!(area_in("TH"), None);
        assert_eq!(area_in("TH-"), None);
    }
}
