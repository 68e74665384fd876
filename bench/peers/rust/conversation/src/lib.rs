//! How phaki-bench talks with a node of another system: one command a line on standard input, one
//! JSON line back on standard output when it is done. The commands are told in ../README.md.

use std::future::Future;
use std::io::Write;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use automerge::{AutoCommit, ROOT, transaction::Transactable};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

/// The field that single edits and bursts set, as the workload of phaki-bench says.
pub const MARK: &str = "mark";

/// The number of the last change that a burst of `count` makes of document `number`, in turn over so
/// many documents.
pub fn last_turn(number: u64, documents: u64, count: u64) -> u64 {
    number + (count - 1 - number) / documents * documents
}

/// What the program was started with.
#[derive(Clone, Debug)]
pub struct Arguments {
    /// The folder of its store.
    pub store: PathBuf,
    /// Where the documents of the workload lie, in the layout of automerge-repo.
    pub documents: PathBuf,
    /// The ids of all documents, in their order.
    pub ids: Vec<String>,
    /// Where it accepts others; nowhere when it dials.
    pub listen: Option<String>,
}

impl Arguments {
    /// Those of this process: `--store DIR --documents DIR --ids FILE [--listen ADDRESS]`.
    ///
    /// # Errors
    /// When one is missing, or the file with the ids cannot be read.
    pub fn read() -> Result<Self> {
        let words: Vec<String> = std::env::args().collect();
        let option = |name: &str| {
            let at = words.iter().position(|word| word == name)?;
            words.get(at + 1).cloned()
        };
        let needed = |name: &str| option(name).with_context(|| format!("{name} is missing"));
        let ids = std::fs::read_to_string(needed("--ids")?).context("read the ids")?;
        let store = PathBuf::from(needed("--store")?);
        std::fs::create_dir_all(&store).context("make the folder of the store")?;
        Ok(Self {
            store,
            documents: needed("--documents")?.into(),
            ids: ids.lines().map(str::to_owned).collect(),
            listen: option("--listen"),
        })
    }

    /// A document of the workload, with its history.
    ///
    /// # Errors
    /// When it is not there or does not load.
    pub fn document(&self, number: usize) -> Result<AutoCommit> {
        Ok(AutoCommit::load(&self.saved(number)?)?)
    }

    /// The same as it is saved.
    ///
    /// # Errors
    /// When it is not there.
    pub fn saved(&self, number: usize) -> Result<Vec<u8>> {
        let (first, rest) = self.ids[number].split_at(2);
        let folder = self.documents.join(first).join(rest).join("snapshot");
        let mut files = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
        let file = files.next().context("no snapshot")??;
        std::fs::read(file.path()).context("read a snapshot")
    }
}

/// Sets the mark of a document in one change.
///
/// # Errors
/// When Automerge refuses it.
pub fn mark(document: &mut AutoCommit, value: u64) -> Result<()> {
    document.put(ROOT, MARK, i64::try_from(value)?)?;
    document.commit();
    Ok(())
}

/// Microseconds since 1970, the clock of all answers.
pub fn now_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    })
}

/// What is to be done.
#[derive(Debug)]
pub struct Command {
    words: Vec<String>,
}

impl Command {
    /// Its first word.
    pub fn name(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// An argument, counted from 1.
    ///
    /// # Errors
    /// When it is missing or of the wrong form.
    pub fn argument<T: FromStr>(&self, index: usize) -> Result<T> {
        let word = self.words.get(index).and_then(|word| word.parse().ok());
        word.with_context(|| format!("argument {index} of {}", self.name()))
    }
}

/// A node of some system.
pub trait Node {
    /// Carries out a command; what it returns goes into the answer.
    fn act(&mut self, command: &Command) -> impl Future<Output = Result<Value>>;
}

/// Says that the node is ready, then lets it carry out command after command, until `quit` or the
/// end of the input.
///
/// # Errors
/// When the input cannot be read.
pub async fn hold(mut node: impl Node) -> Result<()> {
    say(&json!({"ready": std::process::id()}));
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let command = Command {
            words: line.split_whitespace().map(str::to_owned).collect(),
        };
        if command.name() == "quit" {
            break;
        }
        let begun_us = now_us();
        let mut answer = Map::new();
        match node.act(&command).await {
            Ok(Value::Object(more)) => answer.extend(more),
            Ok(_) => {}
            Err(error) => {
                answer.insert("error".to_owned(), json!(format!("{error:#}")));
            }
        }
        answer.insert("done".to_owned(), json!(command.name()));
        answer.insert("begun_us".to_owned(), json!(begun_us));
        answer.insert("ended_us".to_owned(), json!(now_us()));
        say(&Value::Object(answer));
    }
    Ok(())
}

/// Says that a command that waits for others is waiting now.
pub fn say_waiting() {
    say(&json!({"waiting": true}));
}

/// What a command that this system does not have ends with.
///
/// # Errors
/// Always.
pub fn unknown(command: &Command) -> Result<Value> {
    bail!("this system has no command {}", command.name())
}

fn say(answer: &Value) {
    let mut out = std::io::stdout().lock();
    // Who does not listen any more has ended the measurement.
    let _ = writeln!(out, "{answer}").and_then(|()| out.flush());
}
