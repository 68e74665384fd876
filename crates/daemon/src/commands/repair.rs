//! `verify` and `repair`: whether the store is what was once written, and making it so again.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use phaki_replication::id::Epoch;
use phaki_store::Verification;
use phaki_store::repair::{Kept, Repair, RepairError, repair as repair_store};
use phaki_store::verify::verify as verify_store;
use serde_json::json;

use super::Invocation;
use crate::audit::Deed;
use crate::data_folder::DataFolder;
use crate::identity;
use crate::node_loop::wall_ms;
use crate::output::{Output, number};

/// Check everything that this node stores, while it runs or not
///
/// Every signature and hash is checked, and everything that is derived is computed anew and
/// compared. Takes about as long as receiving it all again. Exit code 1 when something is wrong.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki verify --data /var/lib/phaki")]
pub(crate) struct VerifyArgs {}

/// Make a damaged store anew from all in it that can be read and proves true
///
/// The node must not run. The damaged store is kept beside under another name. The node goes on
/// under a new epoch, and fetches from its peers what could not be read. Of its own edits those are
/// kept that come before the first damaged one, and all that had reached another node.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki repair --data /var/lib/phaki")]
pub(crate) struct RepairArgs {}

pub(crate) fn verify(invocation: &mut Invocation, _: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let folder = DataFolder::open(&invocation.global.settings()?.data)?;
    let found = verify_store(&folder.database()).context("check the store")?;
    let sound = found.problems.is_empty();
    tell_found(&mut invocation.output, &found)?;
    Ok(match sound {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn tell_found(output: &mut Output, found: &Verification) -> anyhow::Result<()> {
    let problems: Vec<String> = found.problems.iter().map(ToString::to_string).collect();
    if output.json {
        return output.value(&json!({
            "feeds": found.feeds,
            "entries": found.entries,
            "documents": found.documents,
            "audit_records": found.audit_records,
            "problems": problems,
        }));
    }
    let language = output.language;
    let (entries, documents) = (
        number::grouped(found.entries),
        number::grouped(found.documents),
    );
    output.line(language.pick(
        format!("ตรวจแล้ว {entries} รายการ {documents} เอกสาร"),
        format!("checked: {entries} entries, {documents} documents"),
    ))?;
    for problem in &problems {
        output.line(format!("  ! {problem}"))?;
    }
    output.line(match problems.is_empty() {
        true => language.pick("ทุกอย่างถูกต้อง", "everything is as it was written"),
        false => language.pick(
            "ขั้นต่อไป: หยุดโหนด แล้วสั่ง `phaki repair`",
            "next: stop the node, then `phaki repair`",
        ),
    })
}

pub(crate) fn repair(invocation: &mut Invocation, _: &RepairArgs) -> anyhow::Result<()> {
    let config = invocation.global.settings()?;
    let folder = DataFolder::open(&config.data)?;
    let _lock = folder.lock()?;
    let database = folder.database();
    if !database.exists() {
        bail!(
            "there is no store in {}: name the data folder of a node with --data",
            folder.path().display()
        );
    }
    let key = identity::read(&folder.node_key())?;
    let aside = database.with_extension(format!("db.damaged-{}", wall_ms()));
    let audit = Deed::StoreRepaired.by(&config.account, key.node(), aside.display());
    let kept = repair_store(&Repair {
        database: &database,
        aside: &aside,
        node: key.node(),
        epoch: Epoch(identity::random()?),
        audit: &audit,
    });
    let kept = kept.map_err(with_remedy)?;
    let aside = aside.display().to_string();
    tell_kept(&mut invocation.output, &kept, &aside, &folder)
}

fn tell_kept(
    output: &mut Output,
    kept: &Kept,
    aside: &str,
    folder: &DataFolder,
) -> anyhow::Result<()> {
    let missing: u64 = kept
        .shortened
        .iter()
        .map(|feed| feed.held - feed.kept)
        .sum();
    if output.json {
        let shortened = kept.shortened.iter().map(|feed| {
            json!({
                "space": feed.space.to_string(),
                "feed": feed.feed.to_string(),
                "kept": feed.kept,
                "held": feed.held,
            })
        });
        return output.value(&json!({
            "entries": kept.entries,
            "missing": missing,
            "shortened": shortened.collect::<Vec<_>>(),
            "unread": kept.unread,
            "damaged": aside,
        }));
    }
    let (language, data) = (output.language, folder.path().display());
    let (entries, missing) = (number::grouped(kept.entries), number::grouped(missing));
    output.line(language.pick(
        format!("เก็บไว้ได้ {entries} รายการ ขาดไป {missing} รายการ"),
        format!("kept {entries} entries, {missing} are missing"),
    ))?;
    if !kept.unread.is_empty() {
        let tables = kept.unread.join(", ");
        output.line(language.pick(
            format!("ตารางที่อ่านได้ไม่ครบ: {tables}"),
            format!("not all could be read of: {tables}"),
        ))?;
    }
    output.line(language.pick(
        format!(
            "คลังที่เสียหายเก็บไว้ที่ {aside}\n\
             ขั้นต่อไป: `phaki serve --data {data}` แล้วโหนดจะรับส่วนที่ขาดจากคู่"
        ),
        format!(
            "the damaged store is kept as {aside}\n\
             next: `phaki serve --data {data}`; the node then fetches what is missing from its \
             peers"
        ),
    ))
}

/// The error with what to do about it.
fn with_remedy(error: RepairError) -> anyhow::Error {
    let remedy = match &error {
        RepairError::File { .. } => "look at the disk and at the permissions, and try again",
        RepairError::OtherNode { .. } => "put the key back that belongs to the store",
        RepairError::Schema { .. } => "use the program that wrote it",
        RepairError::Sqlite { .. }
        | RepairError::NoRoster { .. }
        | RepairError::Parts { .. }
        | RepairError::Open(_)
        | RepairError::Read(_) => {
            "make room if the disk is full; otherwise restore a backup with `phaki restore \
             --replace`, or put the data folder aside and join again with a new invite"
        }
    };
    anyhow::Error::from(error).context(format!("the store was not repaired: {remedy}"))
}
