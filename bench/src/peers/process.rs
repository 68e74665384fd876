//! A running node of another system: commands in, answers out, one JSON line each.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// After so long a command has failed.
const DEADLINE: Duration = Duration::from_secs(1_200);

/// A process that ends with this value.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    /// Not always that of the child: what starts it may stay in between.
    pub(super) pid: u32,
}

/// What a command answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) fields: Value,
    pub(super) begun: SystemTime,
    pub(super) ended: SystemTime,
}

impl Answer {
    pub(super) fn took(&self) -> Duration {
        self.ended.duration_since(self.begun).unwrap_or_default()
    }
}

impl Process {
    /// Starts a node and waits until it is ready; what it complains about goes into `log`.
    pub(super) async fn start(mut command: Command, log: &Path) -> Result<Self> {
        let complaints = OpenOptions::new().create(true).append(true).open(log)?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(complaints)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {command:?}"))?;
        let input = child.stdin.take().context("its input")?;
        let output = child.stdout.take().context("its output")?;
        let mut process = Self {
            child,
            input,
            output: BufReader::new(output).lines(),
            pid: 0,
        };
        let ready = process.line().await?;
        let pid = ready["ready"].as_u64().context("it did not say ready")?;
        process.pid = u32::try_from(pid)?;
        Ok(process)
    }

    /// Has a command carried out.
    pub(super) async fn ask(&mut self, command: &str) -> Result<Answer> {
        self.begin(command).await?;
        self.answer().await
    }

    /// Sends a command whose answer comes later.
    pub(super) async fn begin(&mut self, command: &str) -> Result<()> {
        let line = format!("{command}\n");
        self.input.write_all(line.as_bytes()).await?;
        Ok(())
    }

    /// Waits until a command that waits for others has begun to.
    pub(super) async fn until_waiting(&mut self) -> Result<()> {
        while self.line().await?["waiting"] != true {}
        Ok(())
    }

    pub(super) async fn answer(&mut self) -> Result<Answer> {
        loop {
            let fields = self.line().await?;
            if let Some(error) = fields["error"].as_str() {
                bail!("{}: {error}", fields["done"]);
            }
            if fields["done"].is_string() {
                return Ok(Answer {
                    begun: moment(&fields["begun_us"])?,
                    ended: moment(&fields["ended_us"])?,
                    fields,
                });
            }
        }
    }

    /// Lets it end in order.
    pub(super) async fn quit(mut self) -> Result<()> {
        self.begin("quit").await?;
        tokio::time::timeout(DEADLINE, self.child.wait())
            .await
            .context("it does not end")??;
        Ok(())
    }

    /// The next line that is JSON: libraries print others.
    async fn line(&mut self) -> Result<Value> {
        loop {
            let next = tokio::time::timeout(DEADLINE, self.output.next_line()).await;
            let line = next.context("no answer in time")??;
            let line = line.context("the process ended")?;
            if let Ok(fields) = serde_json::from_str(&line) {
                return Ok(fields);
            }
        }
    }
}

fn moment(micros: &Value) -> Result<SystemTime> {
    let micros = micros.as_u64().context("a time is missing")?;
    Ok(UNIX_EPOCH + Duration::from_micros(micros))
}
