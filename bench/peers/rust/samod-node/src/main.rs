//! A node of samod, the Rust form of Automerge-repo, over TCP and its own storage in files.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use automerge::{Automerge, AutomergeError, ROOT, ReadDoc, transaction::Transactable};
use conversation::{Arguments, Command, MARK, Node, hold, now_us, say_waiting, unknown};
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};
use samod::storage::TokioFilesystemStorage;
use samod::{
    BackoffConfig, DialError, Dialer, DocHandle, DocumentId, Repo, ShareConfig, Transport,
};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// Documents that are asked for at a time: more make it slower.
const AT_ONCE: usize = 64;

/// After so many changes of a burst the other tasks get a turn.
const BURST_TURN: u64 = 64;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<()> {
    let arguments = Arguments::read()?;
    // Who listens does not announce, as its makers' sync server; it answers what is asked.
    let share = ShareConfig::read_write().with_announce(arguments.listen.is_none());
    let repo = Repo::build_tokio()
        .with_share_policy(share)
        .with_storage(TokioFilesystemStorage::new(&arguments.store))
        .load()
        .await;
    if let Some(address) = &arguments.listen {
        let acceptor = repo.make_acceptor(Url::parse("tcp://server")?)?;
        let listener = TcpListener::bind(address).await?;
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let _ = acceptor.accept(Transport::from_tokio_io(stream));
            }
        });
    }
    let ids = arguments.ids.iter().map(|id| id.parse());
    let ids = ids
        .collect::<Result<_, _>>()
        .map_err(|_| anyhow!("ids of documents"))?;
    hold(Samod {
        repo: repo.clone(),
        ids,
        open: HashMap::new(),
    })
    .await?;
    repo.stop().await;
    Ok(())
}

struct Samod {
    repo: Repo,
    ids: Vec<DocumentId>,
    open: HashMap<u64, DocHandle>,
}

impl Node for Samod {
    async fn act(&mut self, command: &Command) -> Result<Value> {
        match command.name() {
            "dial" => self.dial(command.argument(1)?).await?,
            "open" | "pull" => self.find(command.argument(1)?).await?,
            "touch" => {
                let value = command.argument(2)?;
                for number in 0..command.argument(1)? {
                    put_mark(self.document(number)?, value);
                }
            }
            "seen" => {
                let value: i64 = command.argument(2)?;
                for number in 0..command.argument(1)? {
                    until(self.document(number)?, |held| mark_of(held) == Some(value)).await;
                }
            }
            "watch" => return self.watch(command).await,
            "edit" => return self.edit(command).await,
            "burst" => self.burst(command).await?,
            "await" => self.await_burst(command).await?,
            "history" => {
                let count: usize = command.argument(2)?;
                let document = self.document(command.argument(1)?)?;
                until(document, |held| held.get_changes_meta(&[]).len() >= count).await;
            }
            _ => return unknown(command),
        }
        Ok(Value::Null)
    }
}

impl Samod {
    fn document(&self, number: u64) -> Result<&DocHandle> {
        self.open.get(&number).context("the document is not open")
    }

    async fn dial(&self, address: String) -> Result<()> {
        let backoff = BackoffConfig {
            initial_delay: Duration::from_millis(20),
            max_delay: Duration::from_millis(200),
            max_retries: None,
        };
        let dialling = self.repo.dial(backoff, Arc::new(Tcp { address }))?;
        dialling
            .established()
            .await
            .map_err(|error| anyhow!("{error:?}"))?;
        // It dials as long as this handle is kept.
        std::mem::forget(dialling);
        Ok(())
    }

    /// Gets the first `count` documents, from the disk or from the other, until each is readable.
    async fn find(&mut self, count: u64) -> Result<()> {
        let find = |number: u64| {
            let (repo, id) = (self.repo.clone(), self.ids[number as usize].clone());
            async move {
                let found = repo.find(id).await.map_err(|error| anyhow!("{error:?}"))?;
                let document = found.context("a document is missing")?;
                until(&document, is_readable).await;
                Ok((number, document))
            }
        };
        let found: Vec<Result<(u64, DocHandle)>> = stream::iter(0..count)
            .map(find)
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        for document in found {
            let (number, document) = document?;
            self.open.insert(number, document);
        }
        Ok(())
    }

    async fn watch(&self, command: &Command) -> Result<Value> {
        let document = self.document(command.argument(1)?)?;
        let (count, base): (i64, i64) = (command.argument(2)?, command.argument(3)?);
        let mut changes = Box::pin(document.changes());
        let mut seen: Vec<(i64, u64)> = Vec::new();
        say_waiting();
        while changes.next().await.is_some() {
            let now = now_us();
            let value = document.with_document(|held| mark_of(held));
            let Some(value) = value.filter(|value| *value >= base) else {
                continue;
            };
            seen.push((value - base, now));
            if value == base + count - 1 {
                break;
            }
        }
        Ok(json!({"seen": seen}))
    }

    async fn edit(&self, command: &Command) -> Result<Value> {
        let document = self.document(command.argument(1)?)?;
        let (count, base): (u64, u64) = (command.argument(2)?, command.argument(3)?);
        let gap = Duration::from_micros(command.argument(4)?);
        let mut sent = Vec::new();
        for turn in 0..count {
            sent.push(now_us());
            put_mark(document, base + turn);
            tokio::time::sleep(gap).await;
        }
        Ok(json!({"sent": sent}))
    }

    async fn burst(&self, command: &Command) -> Result<()> {
        let (documents, count): (u64, u64) = (command.argument(1)?, command.argument(2)?);
        let base: u64 = command.argument(3)?;
        for turn in 0..count {
            put_mark(self.document(turn % documents)?, base + turn);
            if turn % BURST_TURN == BURST_TURN - 1 {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    async fn await_burst(&self, command: &Command) -> Result<()> {
        let (documents, count): (u64, u64) = (command.argument(1)?, command.argument(2)?);
        let base: u64 = command.argument(3)?;
        for number in 0..documents.min(count) {
            let last = base + conversation::last_turn(number, documents, count);
            let last = i64::try_from(last)?;
            until(self.document(number)?, |held| mark_of(held) == Some(last)).await;
        }
        Ok(())
    }
}

struct Tcp {
    address: String,
}

impl Dialer for Tcp {
    type Error = Infallible;

    fn url(&self) -> Url {
        Url::parse(&format!("tcp://{}", self.address)).expect("an address makes a URL")
    }

    fn connect(&self) -> BoxFuture<'static, Result<Transport, DialError<Infallible>>> {
        let address = self.address.clone();
        Box::pin(async move {
            let stream = TcpStream::connect(address)
                .await
                .map_err(DialError::transient)?;
            let _ = stream.set_nodelay(true);
            Ok(Transport::from_tokio_io(stream))
        })
    }
}

/// Waits until a document is as asked.
async fn until(document: &DocHandle, mut is_so: impl FnMut(&Automerge) -> bool) {
    let mut changes = Box::pin(document.changes());
    while !document.with_document(|held| is_so(held)) {
        if changes.next().await.is_none() {
            return;
        }
    }
}

fn is_readable(document: &Automerge) -> bool {
    matches!(document.get(ROOT, "plan_id"), Ok(Some(_)))
}

fn mark_of(document: &Automerge) -> Option<i64> {
    let (value, _) = document.get(ROOT, MARK).ok().flatten()?;
    value.as_i64()
}

fn put_mark(document: &DocHandle, value: u64) {
    let value = i64::try_from(value).unwrap_or(i64::MAX);
    document.with_document(|held| {
        let put = held.transact::<_, _, AutomergeError>(|change| change.put(ROOT, MARK, value));
        put.expect("a plan takes a mark");
    });
}
