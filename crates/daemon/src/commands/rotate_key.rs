//! `rotate-key`: this node goes on under another key.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::Invocation;
use super::enrol::{pending, say_pending};
use super::span::span;
use crate::enrolment::Joined;
use crate::output::{Output, complain};
use crate::rotation::{self, Rotate};

/// Go on under another key, with everything that the node has; its old key is removed for ever
///
/// The node must not run. An invite is made with `phaki federation rotate-key` at the node that
/// admitted this one; where the federation's key lies in the data folder none is needed. Should the
/// command be interrupted, the same command finishes it. Backups of before cannot be restored
/// afterwards: make a new one.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki rotate-key phaki2… --data /var/lib/phaki
  phaki rotate-key phaki2… --data /var/lib/phaki --wait 2h
  phaki rotate-key --data /var/lib/phaki          # where federation.key lies in the folder")]
pub(crate) struct RotateKeyArgs {
    /// The invite, as `phaki federation rotate-key` printed it
    invite: Option<String>,
    /// Where other nodes reach this one, if that changes; may be repeated
    #[arg(long, value_name = "HOST:PORT")]
    address: Vec<String>,
    /// Wait for approval if it is needed, for so long at most: 30m, 12h; 1h when nothing is said
    #[arg(long, value_name = "DURATION", num_args = 0..=1, default_missing_value = "1h",
          value_parser = span)]
    wait: Option<Duration>,
}

pub(crate) async fn rotate_key(
    invocation: &mut Invocation,
    args: RotateKeyArgs,
) -> anyhow::Result<ExitCode> {
    let settings = invocation.global.settings()?;
    let rotate = Rotate {
        data: settings.data,
        invite: args.invite,
        addresses: args.address,
        account: settings.account,
    };
    let output = &mut invocation.output;
    let mut outcome = rotation::rotate(&rotate).await;
    if let Some(patience) = args.wait
        && let Some((name, _, fingerprint)) = pending(&outcome)
    {
        complain(output.language.pick(
            format!("กุญแจใหม่ของ {name} รอการอนุมัติ ลายนิ้วมือของกุญแจใหม่: {fingerprint}"),
            format!(
                "the new key of {name} waits until it is approved; its fingerprint: {fingerprint}"
            ),
        ));
        outcome = rotation::rotate_waiting(&rotate, patience).await;
    }
    if let Some((name, node, fingerprint)) = pending(&outcome) {
        say_pending(output, name, &node, fingerprint)?;
        return Ok(ExitCode::FAILURE);
    }
    say_rotated(output, &rotate, &outcome?)?;
    Ok(ExitCode::SUCCESS)
}

fn say_rotated(output: &mut Output, rotate: &Rotate, rotated: &Joined) -> anyhow::Result<()> {
    if output.json {
        return output.value(&json!({
            "pending": false,
            "federation": rotated.federation.to_string(),
            "node": rotated.node.to_string(),
            "name": rotated.name,
            "already": rotated.already,
        }));
    }
    let (name, node, data) = (&rotated.name, rotated.node, rotate.data.display());
    output.line(match rotated.already {
        true => output.language.pick(
            format!("{name} ใช้กุญแจใหม่ {node} อยู่แล้ว"),
            format!("{name} has its new key {node} already"),
        ),
        false => output.language.pick(
            format!("{name} ใช้กุญแจใหม่ {node} แล้ว กุญแจเดิมใช้ไม่ได้อีก"),
            format!("{name} has the new key {node}; the old one is good for nothing any more"),
        ),
    })?;
    output.line(output.language.pick(
        format!("ขั้นต่อไป: `phaki serve --data {data}` แล้วสำรองข้อมูลใหม่ด้วย `phaki backup`"),
        format!("next: `phaki serve --data {data}`, and a new `phaki backup`"),
    ))
}
