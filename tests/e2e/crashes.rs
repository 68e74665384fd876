//! Nodes are killed at any moment: while they edit, send and receive. Nothing that was
//! acknowledged is lost, no file is damaged, and in the end all hold the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use phaki_store::Store;
use phaki_tests::federation::{holding, share};
use phaki_tests::local::Local;
use phaki_tests::node::Node;
use phaki_tests::proxy::{Proxy, Side, Then};
use phaki_tests::samples::{self, Random};
use phaki_tests::wait;
use rusqlite::{Connection, OpenFlags};
use serde_json::json;
use tokio::task::JoinSet;

use crate::federation;

const SPACE: &str = "plans";
const DATABASE: &str = "phaki.db";
const ROUNDS: u64 = 51;

/// The place of the founding node among the two authors; the other dials it.
const HUB: usize = 0;

/// Documents of each node, and people who edit them at one time, each their own.
const DOCUMENTS: u64 = 24;
const EDITORS: u64 = 6;

/// What was acknowledged of one node's documents: the number of the last edit of each, and
/// documents with noise that only have to be there.
#[derive(Debug, Default)]
struct Journal {
    edits: BTreeMap<String, u64>,
    documents: Vec<String>,
}

/// A node with the series of its documents and what it acknowledged.
struct Author {
    node: Node,
    series: u16,
    journal: Journal,
}

impl Author {
    async fn new(node: Node, series: u16) -> Self {
        let documents: Vec<_> = (0..DOCUMENTS)
            .map(|number| samples::plan(series, number))
            .collect();
        node.local().put(SPACE, &documents).await.unwrap();
        Self {
            node,
            series,
            journal: Journal::default(),
        }
    }

    /// Edits with many hands until `kill_after` edits are acknowledged; then kills the node.
    async fn edit_and_kill(&mut self, kill_after: usize) {
        let acknowledged = Arc::new(AtomicUsize::new(0));
        let mut editors = JoinSet::new();
        for editor in 0..EDITORS {
            let documents: Vec<_> = (0..DOCUMENTS / EDITORS)
                .map(|turn| samples::plan_id(self.series, editor + turn * EDITORS))
                .map(|id| (self.journal.edits.get(&id).copied().unwrap_or_default(), id))
                .collect();
            editors.spawn(edit(
                self.node.local(),
                documents,
                Arc::clone(&acknowledged),
            ));
        }
        wait::until("edits are acknowledged", async || {
            (acknowledged.load(Ordering::Relaxed) >= kill_after).then_some(())
        })
        .await;
        self.node.kill();
        while let Some(edits) = editors.join_next().await {
            self.journal.edits.extend(edits.unwrap());
        }
    }

    /// Adds documents that fill some packets on the line.
    async fn add_documents(&mut self, round: u64) {
        let numbers = (0..15).map(|number| 1_000 + round * 100 + number);
        let documents: Vec<_> = numbers
            .map(|number| samples::bulky_plan(self.series, number, 1_500))
            .collect();
        self.node.local().put(SPACE, &documents).await.unwrap();
        let ids = documents
            .iter()
            .map(|document| document["id"].as_str().unwrap().to_owned());
        self.journal.documents.extend(ids);
    }

    /// Everything this author acknowledged is at that node. An edit that was under way may count.
    async fn assert_nothing_lost(&self, at: &Node) {
        let held = at.local().export(SPACE).await;
        for (id, edit) in &self.journal.edits {
            let goal = held[id]["goal"]["th"].as_str().unwrap();
            let found: u64 = goal.parse().unwrap();
            assert!(
                found == *edit || found == edit + 1,
                "{id}: {found} after {edit} at {}",
                at.name()
            );
        }
        for id in &self.journal.documents {
            assert!(held.contains_key(id), "{id} is lost at {}", at.name());
        }
    }
}

/// Edits the documents in turn until the node is gone; the last acknowledged edit of each.
async fn edit(
    mut local: Local,
    documents: Vec<(u64, String)>,
    acknowledged: Arc<AtomicUsize>,
) -> BTreeMap<String, u64> {
    let mut last = BTreeMap::new();
    for step in 1.. {
        for (before, id) in &documents {
            let number = before + step;
            if local
                .edit(id, "goal/th", &json!(number.to_string()))
                .await
                .is_err()
            {
                return last;
            }
            last.insert(id.clone(), number);
            acknowledged.fetch_add(1, Ordering::Relaxed);
        }
    }
    last
}

/// Cuts the transfer of new documents at some byte, and kills one of the two ends right then.
async fn kill_in_transfer(authors: &mut [Author; 2], ends: Ends, line: &Proxy, bytes: u64) {
    let towards = if ends.sender == HUB {
        Side::Dialler
    } else {
        Side::Target
    };
    line.after(towards, bytes, Then::Hold);
    authors[ends.sender].add_documents(ends.round).await;
    line.spoilt().await;
    authors[ends.victim].node.kill();
    line.restore();
}

struct Ends {
    sender: usize,
    victim: usize,
    round: u64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_nodes_are_killed_at_any_moment() {
    let federation = federation();
    let hub = federation.found().await;
    let (province, line) = federation.admit(&hub, "TH-41").await;
    share(&hub, SPACE, &[&province]).await;
    let mut authors = [Author::new(hub, 1).await, Author::new(province, 2).await];
    let mut random = Random::from_seed(41);

    for round in 0..ROUNDS {
        let one = usize::try_from(round / 3 % 2).unwrap();
        let bytes = u64::try_from(200 + random.below(15_000)).unwrap();
        let victim = match round % 3 {
            0 => {
                authors[one].edit_and_kill(1 + random.below(60)).await;
                one
            }
            1 => {
                let ends = Ends {
                    sender: one,
                    victim: one,
                    round,
                };
                kill_in_transfer(&mut authors, ends, &line, bytes).await;
                one
            }
            _ => {
                let ends = Ends {
                    sender: one,
                    victim: 1 - one,
                    round,
                };
                kill_in_transfer(&mut authors, ends, &line, bytes).await;
                1 - one
            }
        };
        let author = &mut authors[victim];
        assert_left_sound(&author.node);
        author.node.start().await;
        if victim == HUB {
            line.set_target(author.node.listen());
        }
        author.assert_nothing_lost(&author.node).await;
    }

    let [hub, province] = &authors;
    equal([&hub.node, &province.node]).await;
    for author in &authors {
        author.assert_nothing_lost(&hub.node).await;
        author.assert_nothing_lost(&province.node).await;
    }
    for author in &mut authors {
        let (status, _) = author.node.stop().await;
        assert!(status.success(), "{status}");
        let database = author.node.data().join(DATABASE);
        assert_intact(&database);
        assert_true(&database);
    }
}

/// Waits until both hold the same.
async fn equal(nodes: [&Node; 2]) {
    wait::until("both hold the same", async || {
        let [one, other] = [
            holding(nodes[0], SPACE).await,
            holding(nodes[1], SPACE).await,
        ];
        (one == other).then_some(())
    })
    .await;
}

/// What a crash left behind, as the next start will find it, is a sound database. A copy is
/// looked at: opening the file itself would repair it.
fn assert_left_sound(node: &Node) {
    let copy = tempfile::tempdir().unwrap();
    for file in [DATABASE, "phaki.db-wal"] {
        let from = node.data().join(file);
        if from.exists() {
            fs::copy(from, copy.path().join(file)).unwrap();
        }
    }
    assert_intact(&copy.path().join(DATABASE));
}

/// SQLite finds nothing wrong in a database that nobody has open.
fn assert_intact(path: &Path) {
    let store = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    let verdict: String = store
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok", "{}", path.display());
    let mut dangling = store.prepare("PRAGMA foreign_key_check").unwrap();
    assert!(!dangling.exists([]).unwrap(), "{}", path.display());
}

/// Every chain, signature and payload is right, and heads and lists are what they lead to.
fn assert_true(path: &Path) {
    let store = Store::open(path).unwrap();
    let federation = store.identity().federation;
    let found = store.reader().verify(&federation).unwrap();
    assert!(found.problems.is_empty(), "{}: {found:?}", path.display());
    assert!(found.entries > ROUNDS, "{}: {found:?}", path.display());
}
