//! Signals: the first asks the node to stop, the second ends the process at once.

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Exit code after a second signal: the one of a shell for a process that SIGINT ended.
const FORCED: i32 = 130;

/// Listens for SIGTERM and SIGINT from now on and cancels `stop` on the first.
pub(crate) fn on_signal(stop: CancellationToken) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    tokio::spawn(async move {
        let name = next(&mut terminate, &mut interrupt).await;
        info!(signal = name, "stopping");
        stop.cancel();
        let name = next(&mut terminate, &mut interrupt).await;
        warn!(signal = name, "stopping at once");
        std::process::exit(FORCED);
    });
    Ok(())
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal) -> &'static str {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}
