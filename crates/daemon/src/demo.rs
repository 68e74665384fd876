//! `demo`: five nodes as real processes on this machine, real documents, cut lines, a killed node.
//!
//! Nothing is simulated but the lines, which are relays of this process. What is claimed is read
//! from every node over its local API, and from its files.

mod check;
mod edits;
mod federation;
mod ledger;
mod process;
mod relay;
mod report;
mod sample;
mod show;
mod story;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use self::federation::Federation;
use self::report::Report;
use self::story::Story;
use crate::cli::Misuse;
use crate::output::Output;

/// See five nodes work together on this machine, with cut lines and a killed node
///
/// Starts TH, TH-40, TH-41, TH-84 and TH-90 on 127.0.0.1, enrols them, and puts five networks of
/// real provinces in at their homes. Then lines are cut, both sides edit the same plans, a node is
/// killed in the middle of a sync; and after everything is reconnected the demonstration reads all
/// nodes and says what held. Needs no configuration and changes nothing outside its folder.
#[derive(Args, Debug)]
#[command(after_help = "\
EXAMPLE
  phaki demo --lang th
  phaki demo --once --json | tail -1 | jq .edits_lost")]
pub(crate) struct DemoArgs {
    /// End after the last step; exit code 0 only if every claim held
    #[arg(long)]
    once: bool,
    /// Use this folder and leave it in place, instead of a temporary one
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// How the demonstration ended.
enum End {
    Told,
    Interrupted,
}

pub(crate) fn run(output: &mut Output, args: DemoArgs) -> anyhow::Result<ExitCode> {
    let temporary = match args.keep {
        Some(_) => None,
        None => {
            let folder = tempfile::Builder::new().prefix("phaki-demo-").tempdir();
            Some(folder.context("make a temporary folder")?)
        }
    };
    let folder = match (&temporary, &args.keep) {
        (Some(temporary), _) => temporary.path().to_owned(),
        (None, Some(keep)) => empty_folder(keep)?,
        (None, None) => bail!("choose a folder: there is none"),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("start the asynchronous runtime")?;
    runtime.block_on(play(output, &folder, args.once))
}

async fn play(output: &mut Output, folder: &Path, once: bool) -> anyhow::Result<ExitCode> {
    let mut report = Report::new(output);
    let place = folder.display();
    let text = report.output.language.pick(
        format!("phaki demo: ห้าโหนดบนเครื่องนี้ ข้อมูลอยู่ใน {place}"),
        format!("phaki demo: five nodes on this machine, their data in {place}"),
    );
    report.say(text)?;
    let mut federation = Federation::prepare(folder)?;
    let ended = tell(&mut federation, &mut report, once).await;
    federation.stop().await;
    match ended {
        Ok(End::Told) => Ok(match report.all_held() {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        }),
        Ok(End::Interrupted) => bail!("the demonstration was interrupted"),
        Err(error) => {
            report.stopped(&error);
            report.result()?;
            Err(error.context("the demonstration could not go on"))
        }
    }
}

async fn tell(
    federation: &mut Federation,
    report: &mut Report<'_>,
    once: bool,
) -> anyhow::Result<End> {
    let mut story = Story::new(federation, report);
    let open = tokio::select! {
        told = story.tell() => told?,
        stopped = stop_signal() => return stopped.map(|()| End::Interrupted),
    };
    report.verdict()?;
    report.result()?;
    if !once {
        show::by_hand(report, federation, &open)?;
        stop_signal().await?;
    }
    Ok(End::Told)
}

/// Waits for Ctrl-C or SIGTERM.
async fn stop_signal() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("wait for signals")?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.context("wait for signals"),
        _ = terminate.recv() => Ok(()),
    }
}

/// A folder without anything of an earlier demonstration in it.
fn empty_folder(folder: &Path) -> anyhow::Result<PathBuf> {
    let using = || format!("use the folder {}", folder.display());
    std::fs::create_dir_all(folder).with_context(using)?;
    let folder = folder.canonicalize().with_context(using)?;
    let mut entries = std::fs::read_dir(&folder).with_context(using)?;
    if entries.next().is_some() {
        let folder = folder.display();
        bail!(Misuse(format!(
            "{folder} is not empty; name another folder"
        )));
    }
    Ok(folder)
}
