//! `init` and `join`: how a node comes into being and into a federation.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::Invocation;
use super::span::span;
use crate::data_folder;
use crate::enrolment::{self, Join, Joined, NotJoined};
use crate::output::{Output, complain};

/// Make the data folder of a node and its key
///
/// Does nothing when there is a key already. `federation create` and `join` do this by themselves.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki init --data /var/lib/phaki")]
pub(crate) struct InitArgs {}

/// Join a federation with an invite
///
/// When a person must approve the node first, the command says so and ends with exit code 1. The
/// same command again tells what was decided; with --wait it asks until it knows.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki join phaki1… --data /var/lib/phaki
  phaki join phaki1… --data /var/lib/phaki --wait 2h
  phaki serve --data /var/lib/phaki")]
pub(crate) struct JoinArgs {
    /// The invite, as `phaki federation invite` printed it
    invite: String,
    /// Where other nodes reach this one, by default the configured addresses; may be repeated
    #[arg(long, value_name = "HOST:PORT")]
    address: Vec<String>,
    /// Wait for approval if it is needed, for so long at most: 30m, 12h; 1h when nothing is said
    #[arg(long, value_name = "DURATION", num_args = 0..=1, default_missing_value = "1h",
          value_parser = span)]
    wait: Option<Duration>,
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

pub(crate) async fn join(invocation: &mut Invocation, args: JoinArgs) -> anyhow::Result<ExitCode> {
    let settings = invocation.global.settings()?;
    let join = Join {
        data: settings.data,
        invite: args.invite,
        addresses: given_or(args.address, settings.addresses),
        account: settings.account,
    };
    let output = &mut invocation.output;
    let mut outcome = enrolment::join(&join).await;
    if let Some(patience) = args.wait
        && let Some((name, _, fingerprint)) = pending(&outcome)
    {
        complain(output.language.pick(
            format!("{name} รอให้ผู้ดูแลสหพันธ์อนุมัติ ลายนิ้วมือของโหนดนี้: {fingerprint}"),
            format!(
                "{name} waits until the federation's administrator approves it; the fingerprint \
                 of this node: {fingerprint}"
            ),
        ));
        outcome = enrolment::join_waiting(&join, patience).await;
    }
    if let Some((name, node, fingerprint)) = pending(&outcome) {
        say_pending(output, name, &node, fingerprint)?;
        return Ok(ExitCode::FAILURE);
    }
    say_joined(output, &join, &outcome?)?;
    Ok(ExitCode::SUCCESS)
}

/// Name, key and fingerprint of a node that waits for approval.
pub(super) fn pending(outcome: &anyhow::Result<Joined>) -> Option<(&str, String, &str)> {
    match outcome.as_ref().err()?.downcast_ref()? {
        NotJoined::Pending {
            name,
            node,
            fingerprint,
        } => Some((name, node.to_string(), fingerprint)),
        NotJoined::Refused { .. } | NotJoined::Unreached(_) => None,
    }
}

pub(super) fn say_pending(
    output: &mut Output,
    name: &str,
    node: &str,
    fingerprint: &str,
) -> anyhow::Result<()> {
    if output.json {
        return output.value(&json!({
            "pending": true,
            "node": node,
            "name": name,
            "fingerprint": fingerprint,
        }));
    }
    output.line(output.language.pick(
        format!(
            "ยังไม่ได้รับเข้า: {name} รอให้ผู้ดูแลสหพันธ์อนุมัติก่อน\n\
             หากผู้ดูแลถามลายนิ้วมือของโหนดนี้ ให้อ่านว่า {fingerprint}\n\
             ขั้นต่อไป: สั่งคำสั่งเดิมอีกครั้งเพื่อรับคำตอบ หรือเติม `--wait` เพื่อรอ"
        ),
        format!(
            "not admitted yet: a person must approve {name} first\n\
             when the federation's administrator asks for this node's fingerprint, read out \
             {fingerprint}\n\
             next: the same command again gives the answer; with `--wait` it waits for it"
        ),
    ))
}

fn say_joined(output: &mut Output, join: &Join, joined: &Joined) -> anyhow::Result<()> {
    if output.json {
        return output.value(&json!({
            "pending": false,
            "federation": joined.federation.to_string(),
            "node": joined.node.to_string(),
            "name": joined.name,
            "nodes": joined.nodes,
            "already": joined.already,
        }));
    }
    let (name, nodes, data) = (&joined.name, joined.nodes, join.data.display());
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
pub(super) fn given_or(given: Vec<String>, configured: Vec<String>) -> Vec<String> {
    if given.is_empty() { configured } else { given }
}
