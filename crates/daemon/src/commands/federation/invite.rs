//! `federation invite`, `invites` and `withdraw`.

use std::time::Duration;

use anyhow::bail;
use clap::Args;
use phaki_wire::proto::local::v1::{CreateInviteRequest, Invite};
use serde_json::{Value, json};

use crate::cli::Misuse;
use crate::commands::Invocation;
use crate::commands::span::span;
use crate::output::time::rfc3339;
use crate::output::{Align, Language, Table, complain, words};

/// Make an invite: one string that admits one node
///
/// Hand the string over in a safe way: whoever presents it first is admitted. With --approval
/// nobody is before a person has looked; the same holds when the federation's key is not here.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki federation invite --name TH-41 --area 41 --valid 3d
  phaki federation invite --name TH-R11 --role region --approval")]
pub(crate) struct InviteArgs {
    /// Name that the new node gets
    #[arg(long)]
    name: String,
    /// What it is: national, region, province or edge
    #[arg(long, default_value = "province")]
    role: String,
    /// Area it stands for: TH, R1 to R13, or a DOPA code of 2, 4 or 6 digits; by default what
    /// follows the dash in its name
    #[arg(long)]
    area: Option<String>,
    /// How long the invite can be used, such as 12h or 7d
    #[arg(long, default_value = "7d", value_parser = span)]
    valid: Duration,
    /// Where the new node reaches this one, if not at the addresses in the roster
    #[arg(long, value_name = "HOST:PORT")]
    address: Vec<String>,
    /// Let the node wait until somebody approves it here
    #[arg(long)]
    approval: bool,
}

/// List the invites that were made here and what became of them
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki federation invites
  phaki federation invites --all")]
pub(crate) struct InvitesArgs {
    /// Also those that were used, withdrawn or rejected, or are too old
    #[arg(long)]
    all: bool,
}

/// Take back all unused invites for a name
///
/// An invite that was used cannot be taken back: reject, suspend or remove the node.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki federation withdraw TH-41")]
pub(crate) struct WithdrawArgs {
    /// The name for which they were made
    name: String,
}

pub(super) async fn invite(invocation: &mut Invocation, args: InviteArgs) -> anyhow::Result<()> {
    let area = args.area.or_else(|| area_in(&args.name, &args.role));
    let Some(area) = area else {
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
        approval: args.approval,
    };
    let reply = client.create_invite(request).await?;
    let output = &mut invocation.output;
    if output.json {
        return output.value(&json!({
            "invite": reply.invite,
            "name": args.name,
            "expires": rfc3339(reply.expires_ms),
            "waits": reply.waits,
        }));
    }
    // The string alone goes to the standard output, so that it can be piped.
    output.line(&reply.invite)?;
    let until = output.moment(reply.expires_ms);
    let name = args.name;
    complain(output.language.pick(
        format!("ใช้ได้หนึ่งครั้ง ถึง {until} บนเครื่องของ {name}: `phaki join คำเชิญ`"),
        format!("good for one node until {until}; on the machine of {name}: `phaki join INVITE`"),
    ));
    if reply.waits {
        complain(output.language.pick(
            format!("โหนดจะรอจนกว่าจะมีคนสั่ง `phaki federation approve {name}` ที่นี่"),
            format!(
                "the node waits then until somebody runs `phaki federation approve {name}` here"
            ),
        ));
    }
    Ok(())
}

pub(super) async fn invites(invocation: &mut Invocation, args: &InvitesArgs) -> anyhow::Result<()> {
    let mut invites = invocation.connect().await?.invites().await?;
    invites.retain(|invite| args.all || invite.state == "open");
    let output = &mut invocation.output;
    if output.json {
        let invites: Vec<_> = invites.iter().map(to_json).collect();
        return output.value(&json!({"invites": invites}));
    }
    let language = output.language;
    if invites.is_empty() {
        return output.line(language.pick("ไม่มีคำเชิญ", "there are no invites"));
    }
    let left = |text| (text, Align::Left);
    let mut table = Table::new(&[
        left(language.of(words::NAME)),
        left(language.of(words::ROLE)),
        left(language.of(words::AREA)),
        left(language.of(words::STATE)),
        left(language.pick("สร้างเมื่อ", "MADE")),
        left(language.pick("ใช้ได้ถึง", "GOOD UNTIL")),
        left(language.pick("หมายเหตุ", "NOTE")),
    ]);
    for invite in &invites {
        table.row([
            invite.name.clone(),
            invite.role.clone(),
            invite.area.clone(),
            state(language, &invite.state).to_owned(),
            output.moment(invite.created_ms),
            output.moment(invite.expires_ms),
            note(language, invite),
        ]);
    }
    output.table(&table)
}

pub(super) async fn withdraw(
    invocation: &mut Invocation,
    args: WithdrawArgs,
) -> anyhow::Result<()> {
    let name = args.name;
    let withdrawn = invocation.connect().await?.withdraw_invite(&name).await?;
    let output = &mut invocation.output;
    if output.json {
        return output.value(&json!({"name": name, "withdrawn": withdrawn}));
    }
    output.line(output.language.pick(
        format!("ถอนคำเชิญสำหรับ {name} แล้ว {withdrawn} ฉบับ"),
        format!("withdrew {withdrawn} invite(s) for {name}"),
    ))
}

/// `41` of `TH-41`; the country for a national node without a dash.
fn area_in(name: &str, role: &str) -> Option<String> {
    match name.rsplit_once('-') {
        Some((_, area)) if !area.is_empty() => Some(area.to_owned()),
        None if role == "national" => Some("TH".to_owned()),
        Some(_) | None => None,
    }
}

fn state(language: Language, state: &str) -> &str {
    match state {
        "open" => language.pick("ใช้ได้", state),
        "expired" => language.pick("หมดอายุ", state),
        "used" => language.pick("ใช้แล้ว", state),
        "withdrawn" => language.pick("ถอนแล้ว", state),
        "rejected" => language.pick("ปฏิเสธแล้ว", state),
        other => other,
    }
}

fn note(language: Language, invite: &Invite) -> String {
    let rotation = match (invite.replaces.is_empty(), invite.stolen) {
        (true, _) => "",
        (false, false) => language.pick("กุญแจใหม่", "another key"),
        (false, true) => language.pick("กุญแจใหม่ หลังถูกขโมย", "another key, after a theft"),
    };
    let decided = match (invite.reason.as_str(), invite.approval) {
        ("", true) => language.pick("ต้องอนุมัติ", "with approval"),
        (reason, _) => reason,
    };
    let notes = [rotation, decided];
    let notes: Vec<_> = notes.into_iter().filter(|note| !note.is_empty()).collect();
    notes.join(", ")
}

fn to_json(invite: &Invite) -> Value {
    json!({
        "name": invite.name,
        "role": invite.role,
        "area": invite.area,
        "state": invite.state,
        "approval": invite.approval,
        "created": rfc3339(invite.created_ms),
        "expires": rfc3339(invite.expires_ms),
        "node": (!invite.node.is_empty()).then_some(&invite.node),
        "reason": invite.reason,
        "replaces": (!invite.replaces.is_empty()).then_some(&invite.replaces),
        "stolen": invite.stolen,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_stands_in_the_name() {
        assert_eq!(area_in("TH-41", "province").as_deref(), Some("41"));
        assert_eq!(area_in("TH-R11", "region").as_deref(), Some("R11"));
        assert_eq!(area_in("TH", "province"), None);
        assert_eq!(area_in("TH", "national").as_deref(), Some("TH"));
        assert_eq!(area_in("TH-", "province"), None);
    }
}
