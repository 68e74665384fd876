//! `federation rotate-key`: the invite for another key of a node.

use std::time::Duration;

use clap::Args;
use phaki_wire::proto::local::v1::RotateKeyRequest;
use serde_json::json;

use super::change::{OutArgs, report, report_to_json};
use crate::commands::Invocation;
use crate::commands::span::span;
use crate::output::complain;
use crate::output::time::rfc3339;

/// Make an invite for another key of a node: it keeps its name, its spaces and its history
///
/// The node presents the invite with `phaki rotate-key`; its present key must vouch for the new one,
/// and is removed for ever then. If somebody else may have that key, use --stolen: it is suspended
/// at once, and the invite is good without it, also in an empty folder with `phaki join`.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki federation rotate-key TH-41
  phaki federation rotate-key TH-41 --stolen --reason 'laptop missing since Monday'")]
pub(crate) struct RotateKeyArgs {
    /// The node, by name or key
    node: String,
    /// Somebody else may have the present key: suspend it at once
    #[arg(long)]
    stolen: bool,
    /// How long the invite can be used, such as 12h or 7d
    #[arg(long, default_value = "7d", value_parser = span)]
    valid: Duration,
    /// Where the node reaches this one, if not at the addresses in the roster
    #[arg(long, value_name = "HOST:PORT")]
    address: Vec<String>,
    /// Let the new key wait until somebody approves it here
    #[arg(long)]
    approval: bool,
    /// Why the present key is suspended, in a few words; it stays on this node
    #[arg(long, default_value = "", requires = "stolen")]
    reason: String,
    #[command(flatten)]
    out: OutArgs,
}

pub(super) async fn rotate_key(
    invocation: &mut Invocation,
    args: RotateKeyArgs,
) -> anyhow::Result<()> {
    let request = RotateKeyRequest {
        node: args.node,
        stolen: args.stolen,
        valid_ms: u64::try_from(args.valid.as_millis()).unwrap_or(u64::MAX),
        addresses: args.address,
        approval: args.approval,
        reason: args.reason,
    };
    let reply = invocation.connect().await?.rotate_key(request).await?;
    let output = &mut invocation.output;
    if output.json {
        let suspended = reply.suspended.as_ref();
        let suspended = suspended.map(|reply| report_to_json(reply, &args.out));
        return output.value(&json!({
            "invite": reply.invite,
            "name": reply.name,
            "replaces": reply.replaces,
            "expires": rfc3339(reply.expires_ms),
            "waits": reply.waits,
            "suspended": suspended.transpose()?,
        }));
    }
    // The string alone comes last, so that it is not overlooked.
    if let Some(suspended) = &reply.suspended {
        report(output, suspended, &args.out)?;
    }
    output.line(&reply.invite)?;
    let (until, name) = (output.moment(reply.expires_ms), reply.name);
    complain(match args.stolen {
        true => output.language.pick(
            format!(
                "ใช้ได้หนึ่งครั้ง ถึง {until} บนเครื่องของ {name}: `phaki rotate-key คำเชิญ` \
                 หากโฟลเดอร์ข้อมูลยังอยู่ มิฉะนั้น `phaki join คำเชิญ`"
            ),
            format!(
                "good once until {until}; on the machine of {name}: `phaki rotate-key INVITE` where \
                 its data folder is still there, otherwise `phaki join INVITE`"
            ),
        ),
        false => output.language.pick(
            format!("ใช้ได้หนึ่งครั้ง ถึง {until} บนเครื่องของ {name} ขณะหยุดทำงาน: `phaki rotate-key คำเชิญ`"),
            format!(
                "good once until {until}; on the machine of {name}, with its node stopped: `phaki \
                 rotate-key INVITE`"
            ),
        ),
    });
    if reply.waits {
        complain(output.language.pick(
            format!("กุญแจใหม่จะรอจนกว่าจะมีคนสั่ง `phaki federation approve {name}` ที่นี่"),
            format!(
                "the new key waits then until somebody runs `phaki federation approve {name}` here"
            ),
        ));
    }
    Ok(())
}
