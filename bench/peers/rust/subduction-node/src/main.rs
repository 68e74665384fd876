//! A node of Subduction over WebSocket and its storage in files. A document is a sedimentree, each
//! of its Automerge changes a signed loose commit. Documents are carried, never read.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use automerge::{AutoCommit, Change, ChangeHash};
use conversation::{Arguments, Command, Node, hold, mark, now_us, say_waiting, unknown};
use futures::stream::{self, StreamExt};
use sedimentree_core::blob::Blob;
use sedimentree_core::depth::CountLeadingZeroBytes;
use sedimentree_core::id::SedimentreeId;
use sedimentree_core::loose_commit::id::CommitId;
use sedimentree_fs_storage::FsStorage;
use serde_json::{Value, json};
use subduction_core::nonce_cache::NonceCache;
use subduction_core::peer::id::PeerId;
use subduction_core::policy::open::OpenPolicy;
use subduction_core::timeout::call::CallTimeout;
use subduction_crypto::signer::memory::MemorySigner;
use subduction_websocket::DEFAULT_MAX_MESSAGE_SIZE;
use subduction_websocket::tokio::TimeoutTokio;
use subduction_websocket::tokio::server::TokioWebSocketServer;

type Server =
    TokioWebSocketServer<FsStorage, OpenPolicy, MemorySigner, CountLeadingZeroBytes, TimeoutTokio>;

/// Longer than any exchange that works takes.
const DEADLINE: CallTimeout = CallTimeout::TimeoutMillis(600_000);

/// Documents that are asked for at a time.
const AT_ONCE: usize = 256;

/// How often the commits of a document are counted while single edits are awaited.
const LOOK: Duration = Duration::from_micros(200);

/// Edits that are not there after so long are lost.
const LOST: Duration = Duration::from_secs(90);

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<()> {
    let arguments = Arguments::read()?;
    let (listener, dialler) = (
        MemorySigner::from_bytes(&[7; 32]),
        MemorySigner::from_bytes(&[9; 32]),
    );
    let ids = [&listener, &dialler].map(|signer| PeerId::from(signer.verifying_key()));
    let (own, peer) = match arguments.listen {
        Some(_) => (listener, ids[1]),
        None => (dialler, ids[0]),
    };
    let address: SocketAddr = match &arguments.listen {
        Some(address) => address.parse()?,
        None => SocketAddr::from(([127, 0, 0, 1], 0)),
    };
    let storage = FsStorage::new(arguments.store.clone()).context("open the store")?;
    let server = TokioWebSocketServer::setup(
        address,
        TimeoutTokio,
        Duration::from_secs(60),
        DEFAULT_MAX_MESSAGE_SIZE,
        own,
        None,
        storage,
        OpenPolicy,
        NonceCache::default(),
        CountLeadingZeroBytes,
    )
    .await?;
    let server = Arc::new(server);
    hold(Subduction {
        arguments,
        server,
        peer,
    })
    .await
}

struct Subduction {
    arguments: Arguments,
    server: Arc<Server>,
    peer: PeerId,
}

impl Node for Subduction {
    async fn act(&mut self, command: &Command) -> Result<Value> {
        match command.name() {
            "seed" => {
                for number in 0..command.argument(1)? {
                    let changes = self.arguments.document(number)?.get_changes(&[]);
                    self.store(number, changes).await?;
                }
            }
            "dial" => self.dial(&command.argument::<String>(1)?).await?,
            "pull" => self.pull(command.argument(1)?).await?,
            "sync" => self.sync(command.argument(1)?).await?,
            "touch" => {
                for number in 0..command.argument(1)? {
                    let mut document = self.arguments.document(number)?;
                    let before = document.get_heads();
                    mark(&mut document, command.argument(2)?)?;
                    self.store(number, document.get_changes(&before)).await?;
                }
            }
            "watch" => return self.watch(command.argument(1)?, command.argument(2)?).await,
            "edit" => return self.edit(command).await,
            _ => return unknown(command),
        }
        Ok(Value::Null)
    }
}

impl Subduction {
    async fn store(&self, number: usize, changes: Vec<Change>) -> Result<()> {
        for change in changes {
            let (id, parents, blob) = commit(change);
            let store = self
                .server
                .subduction()
                .store_commit(tree(number), id, parents, blob);
            store.await.map_err(|error| anyhow!("{error:?}"))?;
        }
        Ok(())
    }

    async fn dial(&self, address: &str) -> Result<()> {
        let disconnect = self.server.subduction().disconnect_all().await;
        disconnect.map_err(|error| anyhow!("{error:?}"))?;
        let uri = format!("ws://{address}")
            .parse()
            .context("read the address")?;
        let connected = self.server.try_connect(uri, self.peer).await;
        connected.map_err(|error| anyhow!("{error:?}"))?;
        Ok(())
    }

    /// Asks for every document by itself, until each is here.
    async fn pull(&self, count: usize) -> Result<()> {
        let pull = |number| {
            let (server, peer) = (Arc::clone(&self.server), self.peer);
            tokio::spawn(async move {
                let node = server.subduction();
                let synced = node
                    .sync_with_peer(&peer, tree(number), true, DEADLINE)
                    .await;
                let (complete, statistics, _) = synced.map_err(|error| anyhow!("{error:?}"))?;
                ensure!(
                    complete && statistics.commits_received > 0,
                    "a document is missing"
                );
                Ok(())
            })
        };
        let mut pulls = stream::iter(0..count).map(pull).buffer_unordered(AT_ONCE);
        while let Some(pulled) = pulls.next().await {
            pulled??;
        }
        Ok(())
    }

    /// Compares everything, until so many commits have come.
    async fn sync(&self, count: usize) -> Result<()> {
        let node = self.server.subduction();
        let (complete, statistics, failed, _) =
            node.full_sync_with_peer(&self.peer, true, DEADLINE).await;
        ensure!(complete && failed.is_empty(), "the exchange failed");
        let received = statistics.commits_received;
        ensure!(
            received == count,
            "{received} commits came instead of {count}"
        );
        Ok(())
    }

    /// Nothing tells that a commit came: they are counted over and over.
    async fn watch(&self, number: usize, count: usize) -> Result<Value> {
        let held = async || {
            let commits = self.server.subduction().get_commits(tree(number)).await;
            commits.map_or(0, |commits| commits.len())
        };
        let before = held().await;
        let (mut seen, mut last, began) = (Vec::new(), 0, Instant::now());
        say_waiting();
        while last < count && began.elapsed() < LOST {
            let now = held().await - before;
            if now > last {
                last = now;
                seen.push((now - 1, now_us()));
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(json!({"seen": seen}))
    }

    async fn edit(&self, command: &Command) -> Result<Value> {
        let (number, base): (usize, u64) = (command.argument(1)?, command.argument(3)?);
        let gap = Duration::from_micros(command.argument(4)?);
        let mut document: AutoCommit = self.arguments.document(number)?;
        let mut sent = Vec::new();
        for turn in 0..command.argument(2)? {
            let before = document.get_heads();
            sent.push(now_us());
            mark(&mut document, base + turn)?;
            for change in document.get_changes(&before) {
                let (id, parents, blob) = commit(change);
                let add = self
                    .server
                    .subduction()
                    .add_commit(tree(number), id, parents, blob);
                add.await.map_err(|error| anyhow!("{error:?}"))?;
            }
            tokio::time::sleep(gap).await;
        }
        Ok(json!({"sent": sent}))
    }
}

fn tree(number: usize) -> SedimentreeId {
    let mut id = [0; 32];
    id[..8].copy_from_slice(&number.to_be_bytes());
    SedimentreeId::new(id)
}

fn commit(mut change: Change) -> (CommitId, BTreeSet<CommitId>, Blob) {
    let id = |hash: &ChangeHash| CommitId::new(hash.0);
    let parents = change.deps().iter().map(id).collect();
    (
        id(&change.hash()),
        parents,
        Blob::new(change.bytes().to_vec()),
    )
}
