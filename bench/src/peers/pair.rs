//! Two running nodes of another system over stores of their own, and the line between them.

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;
use tokio::process::Command;

use super::line::Line;
use super::process::Process;
use super::{Peer, build::Programs, seeds::Seeds};
use crate::copy::copy_folder;

/// Runs a program in a network of its own, which has nothing but loopback.
const ALONE: &str = "ip link set lo up && exec \"$0\" \"$@\"";

#[derive(Debug)]
pub(super) struct Pair {
    pub(super) full: Process,
    pub(super) empty: Process,
    pub(super) line: Line,
    /// Where the full one is reached through the line.
    address: String,
    peer: Peer,
    folder: TempDir,
}

impl Pair {
    /// One node over a copy of `full`, the other over a copy of `empty`, if there is one. They do not
    /// know each other yet.
    pub(super) async fn start(
        peer: Peer,
        programs: &Programs,
        seeds: &Seeds,
        full: &Path,
        empty: Option<&Path>,
    ) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("phaki-").tempdir()?;
        copy_folder(full, &folder.path().join("full"))?;
        if let Some(empty) = empty {
            copy_folder(empty, &folder.path().join("empty"))?;
        }
        Self::run(peer, programs, seeds, folder).await
    }

    /// Ends both and starts them again over their stores.
    pub(super) async fn restart(self, programs: &Programs, seeds: &Seeds) -> Result<Self> {
        self.empty.quit().await?;
        self.full.quit().await?;
        Self::run(self.peer, programs, seeds, self.folder).await
    }

    async fn run(peer: Peer, programs: &Programs, seeds: &Seeds, folder: TempDir) -> Result<Self> {
        let (listen, log) = (free_address(peer)?, seeds.log());
        let command = |store: &str| seeds.command(peer, programs, &folder.path().join(store));
        let mut full = command("full");
        full.arg("--listen").arg(listen.to_string());
        let (full, empty, line) = if peer.is_over_udp() {
            let full = Process::start(alone(&full), &log).await?;
            let empty = beside(full.pid, &command("empty"));
            let empty = Process::start(empty, &log).await?;
            let line = Line::Loopback(full.pid);
            (full, empty, line)
        } else {
            let full = Process::start(full, &log).await?;
            let empty = Process::start(command("empty"), &log).await?;
            (full, empty, Line::to(listen).await)
        };
        let address = match &line {
            Line::Proxy(proxy) => proxy.address(),
            Line::Loopback(_) => String::new(),
        };
        Ok(Self {
            full,
            empty,
            line,
            address,
            peer,
            folder,
        })
    }

    /// Has the empty one connect to the full one.
    pub(super) async fn dial(&mut self) -> Result<()> {
        if self.peer.is_over_udp() {
            let answer = self.full.ask("address").await?;
            let address = answer.fields["address"].as_str();
            self.address = address.context("it has no address")?.to_owned();
        }
        self.empty.ask(&format!("dial {}", self.address)).await?;
        Ok(())
    }

    /// What [`Pair::dial`] dialled.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn pids(&self) -> [u32; 2] {
        [self.full.pid, self.empty.pid]
    }
}

/// An address that nobody listens on.
fn free_address(peer: Peer) -> Result<SocketAddr> {
    let any = "127.0.0.1:0";
    Ok(match peer.is_over_udp() {
        true => UdpSocket::bind(any)?.local_addr()?,
        false => TcpListener::bind(any)?.local_addr()?,
    })
}

/// The same program in a network of its own, so that only its own bytes are counted.
fn alone(command: &Command) -> Command {
    let mut alone = Command::new("unshare");
    alone.args(["--net", "sh", "-c", ALONE]);
    with_words(alone, command)
}

/// The same program in the network of another process.
fn beside(pid: u32, command: &Command) -> Command {
    let mut beside = Command::new("nsenter");
    beside.args(["--net", "--target", &pid.to_string(), "--"]);
    with_words(beside, command)
}

fn with_words(mut wrapper: Command, command: &Command) -> Command {
    let command = command.as_std();
    wrapper.arg(PathBuf::from(command.get_program()));
    wrapper.args(command.get_args());
    wrapper
}
