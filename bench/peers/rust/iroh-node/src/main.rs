//! A node of iroh-docs over QUIC on this machine, without relays or discovery. A document is one
//! blob under its id: nothing inside it merges.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use conversation::{Arguments, Command, Node, hold, mark, now_us, say_waiting, unknown};
use iroh::endpoint::presets;
use iroh::protocol::Router;
use iroh::{Endpoint, EndpointAddr, RelayMode, SecretKey};
use iroh_blobs::BlobsProtocol;
use iroh_blobs::store::fs::FsStore;
use iroh_docs::api::Doc;
use iroh_docs::api::protocol::{AddrInfoOptions, ShareMode};
use iroh_docs::engine::LiveEvent;
use iroh_docs::protocol::Docs;
use iroh_docs::{AuthorId, DocTicket};
use iroh_gossip::net::Gossip;
use n0_future::StreamExt;
use serde_json::{Value, json};

/// Keys of single edits begin so.
const EDITS: &str = "edit/";

/// Bytes of a single edit.
const EDIT_BYTES: usize = 200;

/// What its connection says at the end of an exchange in which nothing was missing: the other has
/// closed it already.
const CLOSED_ALREADY: &str = "Failed to close connection";

/// An edit that is not there after so long is lost.
const LOST: Duration = Duration::from_secs(20);

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<()> {
    let arguments = Arguments::read()?;
    let address = arguments.listen.clone().unwrap_or("127.0.0.1:0".to_owned());
    let endpoint = Endpoint::builder(presets::Minimal)
        .secret_key(key(&arguments.store)?)
        .relay_mode(RelayMode::Disabled)
        .clear_ip_transports()
        .bind_addr(address)?
        .bind()
        .await?;
    let blobs = FsStore::load(arguments.store.join("blobs")).await?;
    let gossip = Gossip::builder().spawn(endpoint.clone());
    let docs = Docs::persistent(arguments.store.clone())
        .spawn(endpoint.clone(), (*blobs).clone(), gossip.clone())
        .await?;
    let router = Router::builder(endpoint)
        .accept(iroh_blobs::ALPN, BlobsProtocol::new(&blobs, None))
        .accept(iroh_gossip::ALPN, gossip)
        .accept(iroh_docs::ALPN, docs.clone())
        .spawn();
    let author = docs.author_default().await?;
    let mut node = Iroh {
        arguments,
        docs,
        author,
        space: None,
        peers: Vec::new(),
    };
    node.reopen().await?;
    hold(node).await?;
    router.shutdown().await?;
    Ok(())
}

struct Iroh {
    arguments: Arguments,
    docs: Docs,
    author: AuthorId,
    space: Option<Doc>,
    peers: Vec<EndpointAddr>,
}

impl Node for Iroh {
    async fn act(&mut self, command: &Command) -> Result<Value> {
        match command.name() {
            "seed" => self.seed(command.argument(1)?).await?,
            "address" => {
                let share = self
                    .space()?
                    .share(ShareMode::Write, AddrInfoOptions::Addresses);
                return Ok(json!({"address": share.await?.to_string()}));
            }
            "dial" => self.dial(&command.argument::<String>(1)?).await?,
            "pull" => self.pull(command.argument(1)?).await?,
            "unlink" => self.space()?.leave().await?,
            "sync" => self.sync(command.argument(1)?).await?,
            "touch" => {
                for number in 0..command.argument(1)? {
                    let mut document = self.arguments.document(number)?;
                    mark(&mut document, command.argument(2)?)?;
                    self.put(&self.arguments.ids[number], document.save())
                        .await?;
                }
            }
            "watch" => return self.watch(command.argument(2)?).await,
            "edit" => return self.edit(command).await,
            _ => return unknown(command),
        }
        Ok(Value::Null)
    }
}

impl Iroh {
    /// Opens what it had before a restart.
    async fn reopen(&mut self) -> Result<()> {
        if let Ok(id) = std::fs::read_to_string(self.space_file()) {
            self.space = self.docs.open(id.trim().parse()?).await?;
        }
        Ok(())
    }

    fn space(&self) -> Result<&Doc> {
        self.space.as_ref().context("no space is open")
    }

    fn space_file(&self) -> std::path::PathBuf {
        self.arguments.store.join("space")
    }

    fn keep(&mut self, space: Doc) -> Result<()> {
        std::fs::write(self.space_file(), space.id().to_string())?;
        self.space = Some(space);
        Ok(())
    }

    async fn seed(&mut self, count: usize) -> Result<()> {
        let space = self.docs.create().await?;
        self.keep(space)?;
        for number in 0..count {
            let saved = self.arguments.saved(number)?;
            self.put(&self.arguments.ids[number], saved).await?;
        }
        Ok(())
    }

    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<()> {
        let key = key.as_bytes().to_vec();
        self.space()?.set_bytes(self.author, key, bytes).await?;
        Ok(())
    }

    async fn dial(&mut self, ticket: &str) -> Result<()> {
        let ticket: DocTicket = ticket.parse()?;
        self.peers = ticket.nodes;
        if self.space.is_none() {
            let space = self.docs.import_namespace(ticket.capability).await?;
            self.keep(space)?;
        }
        Ok(())
    }

    /// Until so many entries and their contents are here.
    async fn pull(&self, count: usize) -> Result<()> {
        let mut events = self.space()?.subscribe().await?;
        self.space()?.start_sync(self.peers.clone()).await?;
        let (mut entries, mut contents) = (0, HashSet::new());
        while entries < count || contents.len() < count {
            match events.next().await.context("no more events")?? {
                LiveEvent::InsertRemote { .. } => entries += 1,
                LiveEvent::ContentReady { hash } => {
                    contents.insert(hash);
                }
                LiveEvent::SyncFinished(sync) => exchanged(sync.result)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// One exchange to its end, and until so many contents have come.
    async fn sync(&self, count: usize) -> Result<()> {
        let mut events = self.space()?.subscribe().await?;
        self.space()?.start_sync(self.peers.clone()).await?;
        let (mut finished, mut contents) = (false, HashSet::new());
        while !finished || contents.len() < count {
            match events.next().await.context("no more events")?? {
                LiveEvent::ContentReady { hash } => {
                    contents.insert(hash);
                }
                LiveEvent::SyncFinished(sync) => {
                    exchanged(sync.result)?;
                    finished = true;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Notes when the content of each single edit is here; some never come.
    async fn watch(&self, count: usize) -> Result<Value> {
        let mut events = self.space()?.subscribe().await?;
        let (mut turns, mut seen) = (HashMap::new(), Vec::<(u64, u64)>::new());
        say_waiting();
        while seen.len() < count {
            let Ok(event) = tokio::time::timeout(LOST, events.next()).await else {
                break;
            };
            match event.context("no more events")?? {
                LiveEvent::InsertRemote { entry, .. } => {
                    let key = String::from_utf8_lossy(entry.key()).into_owned();
                    if let Some(turn) = key.strip_prefix(EDITS) {
                        turns.insert(entry.content_hash(), turn.parse::<u64>()?);
                    }
                }
                LiveEvent::ContentReady { hash } => {
                    seen.extend(turns.get(&hash).map(|turn| (*turn, now_us())));
                }
                _ => {}
            }
        }
        Ok(json!({"seen": seen, "single": true}))
    }

    async fn edit(&self, command: &Command) -> Result<Value> {
        let gap = Duration::from_micros(command.argument(4)?);
        let mut sent = Vec::new();
        for turn in 0..command.argument::<u64>(2)? {
            sent.push(now_us());
            let bytes = format!("{turn:0EDIT_BYTES$}").into_bytes();
            self.put(&format!("{EDITS}{turn}"), bytes).await?;
            tokio::time::sleep(gap).await;
        }
        Ok(json!({"sent": sent}))
    }
}

/// Whether an exchange has come to its end.
fn exchanged<T>(result: Result<T, String>) -> Result<()> {
    match result {
        Err(error) if !error.starts_with(CLOSED_ALREADY) => bail!("{error}"),
        _ => Ok(()),
    }
}

/// The key of the node: drawn at its first start.
fn key(store: &Path) -> Result<SecretKey> {
    let file = store.join("key");
    if let Ok(bytes) = std::fs::read(&file) {
        let bytes: [u8; 32] = bytes.try_into().ok().context("a key has 32 bytes")?;
        return Ok(SecretKey::from_bytes(&bytes));
    }
    let key = SecretKey::generate();
    std::fs::write(file, key.to_bytes())?;
    Ok(key)
}
