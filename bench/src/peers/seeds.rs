//! The documents of the workload in the forms in which other systems take them, and stores that are
//! filled once and copied for every round.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use automerge::AutoCommit;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::process::Command;

use super::process::Process;
use super::{Peer, build::Programs};
use crate::compare::Request;
use crate::workload::{nested, small_edits};

/// Folders that go with this value.
#[derive(Debug)]
pub(super) struct Seeds {
    folder: TempDir,
    filled: BTreeMap<Peer, PathBuf>,
}

impl Seeds {
    pub(super) fn new(request: &Request) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("phaki-").tempdir()?;
        let seeds = Self {
            folder,
            filled: BTreeMap::new(),
        };
        let ids: Vec<String> = (0..request.documents).map(id).collect();
        fs::write(seeds.ids(), ids.join("\n"))?;
        for number in 0..request.documents {
            write(&seeds.documents(), number, &mut nested::complete(number))?;
        }
        for author in [1, 2] {
            let mut document = nested::complete(0);
            nested::write(&mut document, author, small_edits(author, request.edits));
            write(&seeds.apart(author), 0, &mut document)?;
        }
        Ok(seeds)
    }

    /// All documents, in the layout of automerge-repo.
    pub(super) fn documents(&self) -> PathBuf {
        self.folder.path().join("documents")
    }

    /// The ids of all documents, one a line.
    pub(super) fn ids(&self) -> PathBuf {
        self.folder.path().join("ids")
    }

    /// Document 0 with the edits of one author.
    pub(super) fn apart(&self, author: u64) -> PathBuf {
        self.folder.path().join(format!("apart-{author}"))
    }

    /// A store of a peer with the first documents in it.
    pub(super) async fn store(
        &mut self,
        peer: Peer,
        programs: &Programs,
        documents: u64,
    ) -> Result<PathBuf> {
        if let Some(filled) = self.filled.get(&peer) {
            return Ok(filled.clone());
        }
        let store = self.folder.path().join(peer.name());
        if peer.is_automerge_repo() {
            // It finds what it is asked for; what it is not asked for costs nothing.
            self.filled.insert(peer, self.documents());
            return Ok(self.documents());
        }
        let command = self.command(peer, programs, &store);
        let mut node = Process::start(command, &self.log()).await?;
        node.ask(&format!("seed {documents}")).await?;
        node.quit().await?;
        self.filled.insert(peer, store.clone());
        Ok(store)
    }

    /// What starts a node of a peer over that store.
    pub(super) fn command(&self, peer: Peer, programs: &Programs, store: &Path) -> Command {
        let words = programs.command(peer);
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .arg("--store")
            .arg(store)
            .arg("--documents")
            .arg(self.documents())
            .arg("--ids")
            .arg(self.ids());
        command
    }

    /// What the nodes complain about.
    pub(super) fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

/// The id of a document as automerge-repo writes it: a version 4 UUID in base 58 with a checksum.
fn id(number: u64) -> String {
    let mut uuid: [u8; 16] = Sha256::digest(number.to_be_bytes())[..16]
        .try_into()
        .expect("a hash has more");
    uuid[6] = uuid[6] & 0x0f | 0x40;
    uuid[8] = uuid[8] & 0x3f | 0x80;
    bs58::encode(uuid).with_check().into_string()
}

/// Writes a document as automerge-repo does: named by the hash of its heads.
fn write(store: &Path, number: u64, document: &mut AutoCommit) -> Result<()> {
    let mut heads = Sha256::new();
    for head in document.get_heads() {
        heads.update(head.0);
    }
    let id = id(number);
    let folder = store.join(&id[..2]).join(&id[2..]).join("snapshot");
    fs::create_dir_all(&folder)?;
    fs::write(
        folder.join(HEXLOWER.encode(&heads.finalize())),
        document.save(),
    )?;
    Ok(())
}
