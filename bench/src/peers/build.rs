//! Building the programs of the other systems, with what their lock files name.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::Peer;

/// Bytes of memory that a JavaScript node may use, in MiB: more than any workload needs.
const NODE_MEMORY: &str = "--max-old-space-size=12000";

/// Where the programs are.
#[derive(Debug)]
pub(super) struct Programs {
    rust: PathBuf,
    node: PathBuf,
}

impl Programs {
    /// Builds what these peers need into `target/peers`; quick when nothing changed.
    pub(super) fn build(peers: &[Peer]) -> Result<Self> {
        let top = Path::new(env!("CARGO_MANIFEST_DIR"));
        let target = top.join("../target/peers");
        let programs = Self {
            rust: target.join("rust/release"),
            node: target.join("node"),
        };
        let in_rust = peers
            .iter()
            .filter(|peer| package(**peer).is_some())
            .count();
        if in_rust > 0 {
            // Always all of them: with others the features of what they share would differ, and
            // everything would be built anew.
            let mut cargo = Command::new("cargo");
            cargo
                .args(["build", "--release", "--locked", "--manifest-path"])
                .arg(top.join("peers/rust/Cargo.toml"))
                .arg("--target-dir")
                .arg(target.join("rust"));
            run(&mut cargo)?;
        }
        if in_rust < peers.len() {
            install(&top.join("peers/node"), &programs.node)?;
        }
        Ok(programs)
    }

    /// The program of a peer and its first arguments.
    pub(super) fn command(&self, peer: Peer) -> Vec<PathBuf> {
        let script = |name: &str| vec!["node".into(), NODE_MEMORY.into(), self.node.join(name)];
        match (package(peer), peer) {
            (Some(package), _) => vec![self.rust.join(package)],
            (None, Peer::AutomergeRepo) => script("automerge-repo.mjs"),
            (None, _) => script("pouchdb.mjs"),
        }
    }
}

fn package(peer: Peer) -> Option<&'static str> {
    match peer {
        Peer::Samod => Some("samod-node"),
        Peer::IrohDocs => Some("iroh-node"),
        Peer::Subduction => Some("subduction-node"),
        Peer::AutomergeRepo | Peer::Pouchdb => None,
    }
}

/// Copies the scripts, and installs what their lock file names when that has changed.
fn install(from: &Path, to: &Path) -> Result<()> {
    const LOCK: &str = "package-lock.json";
    fs::create_dir_all(to)?;
    let installed = to.join("node_modules").exists();
    let changed = fs::read(from.join(LOCK))? != fs::read(to.join(LOCK)).unwrap_or_default();
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    if installed && !changed {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    run(npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(to))
}

fn run(command: &mut Command) -> Result<()> {
    // Standard output is for the figures.
    command.stdout(std::io::stderr());
    let status = command
        .status()
        .with_context(|| format!("start {:?}", command.get_program()))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}
