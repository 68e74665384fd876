//! `backup` and `restore`: the store in one file, and back.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use phaki_replication::id::Epoch;
use phaki_store::backup::{backup as copy_store, unfinished};
use phaki_store::restore::{Restore, RestoreError, restore as restore_store};
use phaki_store::{Store, WriterOptions};
use serde_json::json;

use super::Invocation;
use crate::audit::Deed;
use crate::client::Client;
use crate::config::Config;
use crate::data_folder::{DataFolder, write_private};
use crate::identity;
use crate::node_loop::wall_ms;
use crate::output::{Bar, Language, Output, Unit, number};

/// Write the store of this node to one file, while it runs or not
///
/// The file holds everything but the keys, and only you may read it. Keep node.key, and
/// federation.key where there is one, in another safe place: without node.key it cannot be restored.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki backup /media/usb/phaki-2026-11-23.backup")]
pub(crate) struct BackupArgs {
    /// The file; it must not exist yet
    file: PathBuf,
}

/// Put a backup in the place of the store, in the data folder that --data names
///
/// The node's key must lie in that folder, or be given with --key. The node goes on under a new
/// epoch, and fetches from its peers what was written after the backup, its own edits too. Edits
/// that had reached no other node are lost.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki restore /media/usb/phaki-2026-11-23.backup --data /var/lib/phaki --key node.key")]
pub(crate) struct RestoreArgs {
    /// The backup
    file: PathBuf,
    /// The node's key, when it does not lie in the data folder
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Replace the store that is there; it is kept beside under another name
    #[arg(long)]
    replace: bool,
}

pub(crate) async fn backup(invocation: &mut Invocation, args: &BackupArgs) -> anyhow::Result<()> {
    let config = invocation.global.settings()?;
    let folder = DataFolder::open(&config.data)?;
    let (database, shown) = (folder.database(), args.file.display());
    if !database.exists() {
        bail!(
            "there is no store in {}: name the data folder of a node with --data",
            folder.path().display()
        );
    }
    watched_copy(&database, &args.file, invocation.output.language)
        .await
        .context("make the backup: name a new file on a disk with room")?;
    record(&config, &folder, args.file.display().to_string())
        .await
        .with_context(|| format!("record in the audit log that {shown} was made, which it was"))?;
    let bytes = std::fs::metadata(&args.file).map_or(0, |file| file.len());
    let output = &mut invocation.output;
    if output.json {
        return output.value(&json!({"file": args.file.display().to_string(), "bytes": bytes}));
    }
    let size = number::size(bytes);
    output.line(output.language.pick(
        format!(
            "สำรองข้อมูลไว้ที่ {shown} ({size})\n\
             ในไฟล์ไม่มีกุญแจ: เก็บ node.key ไว้ในที่ปลอดภัยแห่งอื่น เพราะต้องใช้เมื่อกู้คืน"
        ),
        format!(
            "backed up to {shown} ({size})\n\
             it holds no key: keep node.key in another safe place, it is needed to restore"
        ),
    ))
}

/// How often the growing copy is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Copies the store, with a bar for what of it is on the disk. The copy is a little smaller than the
/// store, which has gaps.
async fn watched_copy(database: &Path, file: &Path, language: Language) -> anyhow::Result<()> {
    let bytes = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    let what = language.pick("สำรองข้อมูล", "backing up");
    let bar = Bar::new(what, bytes(database), Unit::Bytes, language);
    let growing = unfinished(file);
    let (from, to) = (database.to_owned(), file.to_owned());
    let mut copying = tokio::task::spawn_blocking(move || copy_store(&from, &to));
    loop {
        match tokio::time::timeout(LOOK_EVERY, &mut copying).await {
            Ok(copied) => return Ok(copied.context("copy the store")??),
            Err(_) => bar.at(bytes(&growing)),
        }
    }
}

/// Records the backup: by the node if it runs, otherwise here.
async fn record(config: &Config, folder: &DataFolder, file: String) -> anyhow::Result<()> {
    if let Ok(mut client) = Client::connect(config).await {
        return client.record_backup(file).await;
    }
    let _lock = folder.lock()?;
    let store = Store::open(&folder.database()).context("open the store")?;
    let (writer, thread) = store.start_writer(&WriterOptions::default(), |_| {})?;
    let node = store.identity().node;
    writer.record(Deed::StoreBackedUp.by(&config.account, node, file))?;
    thread.stop();
    Ok(())
}

pub(crate) fn restore(invocation: &mut Invocation, args: &RestoreArgs) -> anyhow::Result<()> {
    let config = invocation.global.settings()?;
    let folder = DataFolder::make(&config.data)?;
    let _lock = folder.lock()?;
    let (own, database) = (folder.node_key(), folder.database());
    let source = args.key.as_ref().unwrap_or(&own);
    if !source.exists() {
        bail!(
            "the node's key {} is not there, and a backup holds no key: put node.key into the \
             data folder, or name it with --key",
            source.display()
        );
    }
    let key = identity::read(source)?;
    if own.exists() && identity::read(&own)?.node() != key.node() {
        bail!(
            "{} is the key of another node than {}: name an empty data folder",
            own.display(),
            source.display()
        );
    }
    let aside = database.with_extension(format!("db.replaced-{}", wall_ms()));
    let audit = Deed::StoreRestored.by(&config.account, key.node(), args.file.display());
    let restored = restore_store(&Restore {
        backup: &args.file,
        database: &database,
        aside: args.replace.then_some(aside.as_path()),
        node: key.node(),
        epoch: Epoch(identity::random()?),
        audit: &audit,
    });
    let identity = restored.map_err(with_remedy)?;
    if !own.exists() {
        let bytes = std::fs::read(source).with_context(|| format!("read {}", source.display()))?;
        write_private(&own, &bytes).with_context(|| format!("write key {}", own.display()))?;
    }
    let kept = aside.exists().then(|| aside.display().to_string());
    let output = &mut invocation.output;
    if output.json {
        return output.value(&json!({
            "node": identity.node.to_string(),
            "epoch": identity.epoch.to_string(),
            "data": folder.path().display().to_string(),
            "replaced": kept,
        }));
    }
    tell(output, &folder, kept.as_deref())
}

fn tell(output: &mut Output, folder: &DataFolder, kept: Option<&str>) -> anyhow::Result<()> {
    let (language, data) = (output.language, folder.path().display());
    if let Some(kept) = kept {
        output.line(language.pick(
            format!("คลังข้อมูลเดิมเก็บไว้ที่ {kept}"),
            format!("the store that was there is kept as {kept}"),
        ))?;
    }
    output.line(language.pick(
        format!(
            "กู้คืนแล้ว โหนดเริ่มยุคใหม่\n\
             ขั้นต่อไป: `phaki serve --data {data}` แล้วโหนดจะรับสิ่งที่เขียนหลังสำรองข้อมูลจากคู่"
        ),
        format!(
            "restored, under a new epoch\n\
             next: `phaki serve --data {data}`; the node then fetches from its peers what was \
             written after the backup"
        ),
    ))
}

/// The error with what to do about it.
fn with_remedy(error: RestoreError) -> anyhow::Error {
    let remedy = match &error {
        RestoreError::Exists { .. } => {
            "name an empty data folder, or give --replace to put that store aside"
        }
        RestoreError::OtherNode { .. } => {
            "use the key of that node, or a backup of the node whose key this is"
        }
        RestoreError::Open { .. } | RestoreError::Read { .. } | RestoreError::Damaged { .. } => {
            "nothing was changed: use another backup, made by `phaki backup`"
        }
        RestoreError::File { .. } | RestoreError::Sqlite { .. } => {
            "look at the disk and at the permissions, and try again"
        }
    };
    anyhow::Error::from(error).context(format!("the backup was not restored: {remedy}"))
}
