//! One node of the demonstration: a folder, a process of this program, and its local API.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;
use tokio::process::{Child, Command};

use crate::client::Client;

/// The longest wait for a process to do what it should: generous, since a full disk cache or a
/// busy machine is no reason to fail.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// The first pause between two looks at a condition that is waited for, and the longest.
const POLL_MIN: Duration = Duration::from_millis(1);
const POLL_MAX: Duration = Duration::from_millis(20);
/// Lines of a log that are shown when its process fails.
const LOG_TAIL: usize = 12;

/// A node; its process ends with this value.
#[derive(Debug)]
pub(super) struct NodeProcess {
    pub(super) name: &'static str,
    /// Its data folder.
    pub(super) data: PathBuf,
    program: PathBuf,
    config: PathBuf,
    log: PathBuf,
    child: Option<Child>,
    client: Option<Client>,
}

impl NodeProcess {
    /// A node that will live in a folder of its name below `folder`.
    pub(super) fn new(name: &'static str, folder: &Path) -> anyhow::Result<NodeProcess> {
        let process = NodeProcess {
            name,
            data: folder.join(name),
            program: std::env::current_exe().context("find this program")?,
            config: folder.join(format!("{name}.toml")),
            log: folder.join(format!("{name}.log")),
            child: None,
            client: None,
        };
        // The configuration of this machine is none of the demonstration's business.
        process.configure("")?;
        Ok(process)
    }

    /// Writes the configuration file.
    pub(super) fn configure(&self, text: &str) -> anyhow::Result<()> {
        // The story has spaces of its own, and tells every one that there is.
        let common = "account = \"demo\"\nspaces.defaults = false\n";
        fs::write(&self.config, format!("{common}{text}"))
            .with_context(|| format!("write {}", self.config.display()))
    }

    /// The socket of its local API.
    pub(super) fn socket(&self) -> PathBuf {
        self.data.join("phaki.sock")
    }

    /// Runs a command of this program for this node and reads its JSON answer.
    pub(super) async fn command(&self, words: &[&str]) -> anyhow::Result<Value> {
        let done = self
            .program(words)
            .arg("--json")
            .stdin(Stdio::null())
            .output()
            .await
            .with_context(|| format!("run phaki {}", words.join(" ")))?;
        let Output {
            status,
            stdout,
            stderr,
        } = done;
        if !status.success() {
            let said = String::from_utf8_lossy(&stderr);
            bail!(
                "`phaki {}` for {}: {}",
                words.join(" "),
                self.name,
                said.trim()
            );
        }
        serde_json::from_slice(&stdout)
            .with_context(|| format!("read the answer of phaki {}", words.join(" ")))
    }

    /// Starts the node and waits until it answers.
    pub(super) async fn start(&mut self, listen: &str) -> anyhow::Result<()> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .with_context(|| format!("open {}", self.log.display()))?;
        let child = self
            .program(&["serve", "--listen", listen])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {}", self.name))?;
        self.child = Some(child);
        let begun = Instant::now();
        loop {
            if let Ok(mut client) = Client::connect_to(&self.socket(), &self.data).await
                && client.status().await.is_ok()
            {
                self.client = Some(client);
                return Ok(());
            }
            if let Some(child) = &mut self.child
                && let Some(status) = child.try_wait().context("ask after a node")?
            {
                bail!("{} ended ({status}):\n{}", self.name, self.log_tail());
            }
            if begun.elapsed() > PATIENCE {
                bail!("{} does not answer:\n{}", self.name, self.log_tail());
            }
            tokio::time::sleep(POLL_MAX).await;
        }
    }

    /// Ends the process with SIGKILL, as a power cut would.
    pub(super) async fn kill(&mut self) -> anyhow::Result<()> {
        self.client = None;
        let Some(mut child) = self.child.take() else {
            return Ok(());
        };
        child
            .kill()
            .await
            .with_context(|| format!("kill {}", self.name))
    }

    /// The local API of the running node.
    pub(super) fn client(&self) -> anyhow::Result<Client> {
        let client = self.client.clone();
        client.with_context(|| format!("{} is not running", self.name))
    }

    /// How often the log holds an ERROR line.
    pub(super) fn errors_logged(&self) -> Vec<String> {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        log.lines()
            .filter(|line| line.contains(" ERROR "))
            .map(str::to_owned)
            .collect()
    }

    fn program(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PHAKI_") {
                command.env_remove(name);
            }
        }
        command
            .args(words)
            .arg("--data")
            .arg(&self.data)
            .arg("--config")
            .arg(&self.config);
        command
    }

    fn log_tail(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines.len().saturating_sub(LOG_TAIL);
        lines[tail..].join("\n")
    }
}

/// Looks again and again until `look` has an answer or patience ends; what it last lacked is then
/// the error.
pub(super) async fn wait_for<T>(
    what: &str,
    mut look: impl AsyncFnMut() -> anyhow::Result<Result<T, String>>,
) -> anyhow::Result<T> {
    let begun = Instant::now();
    let mut pause = POLL_MIN;
    loop {
        match look().await? {
            Ok(found) => return Ok(found),
            Err(lacking) if begun.elapsed() > PATIENCE => {
                bail!(
                    "{what} did not happen within {} s: {lacking}",
                    PATIENCE.as_secs()
                )
            }
            Err(_) => tokio::time::sleep(pause).await,
        }
        pause = (pause * 2).min(POLL_MAX);
    }
}
