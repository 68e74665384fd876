//! Other systems as subjects of the same workloads. Each is a program of its own in `bench/peers`,
//! which carries out commands; here they are built, supplied with documents, and driven.

mod build;
mod line;
mod live;
mod pair;
mod play;
mod process;
mod seeds;

use anyhow::Result;

use crate::catalogue::Workload;
use crate::compare::Request;
use crate::sheet::{Round, Sheet};
use build::Programs;
use seeds::Seeds;

/// A system to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Peer {
    /// Automerge-repo in Rust.
    Samod,
    /// Automerge-repo in JavaScript.
    AutomergeRepo,
    /// The replication of CouchDB in JavaScript.
    Pouchdb,
    /// One blob a document, over QUIC.
    IrohDocs,
    /// Signed Automerge changes.
    Subduction,
}

impl Peer {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Samod => "samod",
            Self::AutomergeRepo => "automerge-repo",
            Self::Pouchdb => "pouchdb",
            Self::IrohDocs => "iroh-docs",
            Self::Subduction => "subduction",
        }
    }

    /// Keeps its store in the layout of automerge-repo and merges inside documents. Such a peer does
    /// not tell when it is in sync: its line is watched instead. It takes minutes for thousands of
    /// documents.
    fn is_automerge_repo(self) -> bool {
        matches!(self, Self::Samod | Self::AutomergeRepo)
    }

    /// Goes over UDP, which no counting line can carry.
    fn is_over_udp(self) -> bool {
        self == Self::IrohDocs
    }

    /// Has a command that makes many changes as fast as it can.
    fn has_bursts(self) -> bool {
        matches!(self, Self::Samod | Self::AutomergeRepo | Self::Pouchdb)
    }

    /// What stands below its figures.
    fn notes(self) -> &'static [&'static str] {
        match self {
            Self::Samod | Self::AutomergeRepo => &[
                "merges inside documents; no check of authors, no encryption, nothing is synced to the \
                 disk.",
                "W1 begins with the command, linked already, and ends when every document is readable \
                 in memory. W2: from the first to the last byte of the line. W3: from the first byte \
                 until all ten are seen. W5: from the first byte until both have all changes.",
            ],
            Self::Pouchdb => &[
                "no merging inside documents, one version of each; no check of authors, no encryption; \
                 LevelDB.",
                "W1 and W3: one replication; W2: one replication, on a connection that is kept open.",
            ],
            Self::IrohDocs => &[
                "no merging inside documents, one blob each without history; authors checked, QUIC; \
                 redb and files.",
                "W1 to W3: from the command until all contents are there; W4: each edit is an entry of \
                 its own. Bytes include the headers of IP and UDP.",
                "an exchange with nothing missing ends with a connection that the other has closed \
                 already; it counts as done.",
            ],
            Self::Subduction => &[
                "carries Automerge changes without reading them; authors checked, no encryption; files.",
                "W2 and W3: from the command, connecting included; W4: the receiver counts commits \
                 every 0.2 ms.",
            ],
        }
    }
}

/// The other systems that are asked for, ready to play.
#[derive(Debug)]
pub(crate) struct Peers {
    wanted: Vec<Peer>,
    programs: Programs,
    seeds: Seeds,
}

impl Peers {
    /// Builds them. `None` when none is asked for.
    pub(crate) fn prepare(request: &Request) -> Result<Option<Self>> {
        if request.peers.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self {
            wanted: request.peers.clone(),
            programs: Programs::build(&request.peers)?,
            seeds: Seeds::new(request)?,
        }))
    }

    /// Each plays every workload once. One that fails is named with the reason, and the others go
    /// on.
    pub(crate) async fn play(&mut self, request: &Request, sheet: &mut Sheet) {
        for peer in &self.wanted.clone() {
            let name = peer.name();
            let documents = documents_of(*peer, request);
            if documents < request.documents {
                sheet.note_other_work(name, documents);
            }
            sheet.note_all(name, peer.notes());
            let workloads = [
                Workload::Cold,
                Workload::Idle,
                Workload::Ten,
                Workload::Live,
            ];
            let mut rounds = Vec::new();
            let mut failures = Vec::new();
            if request.plays(&workloads) {
                let played = self.play_plans(*peer, request, &mut rounds).await;
                failures.extend(played.err());
            }
            if request.plays(&[Workload::Merge]) && peer.is_automerge_repo() {
                match play::apart(*peer, &self.programs, &self.seeds, request.edits).await {
                    Ok(round) => rounds.push(round),
                    Err(error) => failures.push(error),
                }
            }
            for round in rounds {
                sheet.add(name, round);
            }
            for error in failures {
                sheet.note(name, format!("failed: {error:#}"));
            }
        }
    }

    async fn play_plans(
        &mut self,
        peer: Peer,
        request: &Request,
        rounds: &mut Vec<Round>,
    ) -> Result<()> {
        let documents = documents_of(peer, request);
        let store = self.seeds.store(peer, &self.programs, documents).await?;
        play::plans(peer, &self.programs, &self.seeds, &store, request, rounds).await
    }
}

/// How many documents a peer gets.
fn documents_of(peer: Peer, request: &Request) -> u64 {
    match peer.is_automerge_repo() {
        true => request.documents.min(request.slow_documents),
        false => request.documents,
    }
}
