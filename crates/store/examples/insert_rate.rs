//! Measures how fast changes become durable and applied: `cargo run --release --example
//! insert_rate -p phaki-store [documents] [changes per document]`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement, not a program"
)]

use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use phaki_documents::document::{Document, Edit, Editor};
use phaki_documents::kind::{DocumentId, Kind};
use phaki_documents::{Path, payload};
use phaki_replication::entry::{Entry, EntryKind, Payload, root};
use phaki_replication::feed::Run;
use phaki_replication::id::{Epoch, FederationId, FeedId, Hash};
use phaki_replication::manifest::Manifest;
use phaki_replication::node::{Change, WriteId};
use phaki_replication::roster::Roster;
use phaki_replication::sign::SecretKey;
use phaki_store::{
    AuditDraft, Completion, Identity, Job, Store, Writer, WriterOptions, start_materialiser,
};

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|word| word.parse::<usize>().unwrap());
    let documents = arguments.next().unwrap_or(10_000);
    let changes = arguments.next().unwrap_or(10);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phaki.db");
    let mut author = Author::new();
    let identity = Identity {
        federation: author.federation,
        node: author.key.node(),
        epoch: EPOCH,
    };
    let roster = Roster {
        federation: author.federation,
        version: 1,
        nodes: [].into(),
    };
    let founding = AuditDraft::new(0, "", "federation-founded", "", "");
    let roster = roster.sign(&federation_key());
    let store = Store::create(&path, &identity, &roster, &[], &founding).unwrap();
    let (sender, reports) = channel();
    let report = move |completion| drop(sender.send(completion));
    let (writer, thread) = store
        .start_writer(&WriterOptions::default(), report)
        .unwrap();
    let manifest = author.manifest.sign(&author.key);
    let space = author.manifest.space;
    put(
        &writer,
        Change::Manifest {
            space,
            manifest,
            permitted: vec![],
        },
    );
    reports.recv().unwrap();

    let entries = make(documents, changes, author.feed);
    let bytes: usize = entries.iter().map(|entry| entry.payload.length()).sum();
    let count = entries.len();
    let runs: Vec<Change> = entries
        .chunks(256)
        .map(|entries| author.publish(entries.to_vec()))
        .collect();
    println!("{count} changes of {} bytes on average", bytes / count);

    let writes = runs.len();
    let took = seconds(|| {
        runs.into_iter().for_each(|run| put(&writer, run));
        let stored = |completion| matches!(completion, Completion::Stored { .. });
        assert!((0..writes).all(|_| stored(reports.recv().unwrap())));
    });
    println!(
        "stored and applied in {took:.2} s: {:.0} a second",
        count as f64 / took
    );
    let size = usize::try_from(std::fs::metadata(&path).unwrap().len()).unwrap();
    println!("{} bytes on disk for each change", size / count);

    measure_reading(&store, &writer, &author, (documents, count));
    measure_single_writes(&writer, &reports, &mut author);
    thread.stop();
}

fn measure_reading(
    store: &Store,
    writer: &Writer,
    author: &Author,
    (documents, count): (usize, usize),
) {
    let space = author.manifest.space;
    let materialiser = start_materialiser(store.reader(), writer.clone()).unwrap();
    let took = seconds(|| materialiser.settle().unwrap());
    println!(
        "materialised in {took:.2} s: {:.0} documents a second",
        documents as f64 / took
    );

    let took = seconds(|| {
        let mut from = 0;
        while let Some(run) = store
            .reader()
            .run(&space, &author.feed, from, 256 << 10)
            .unwrap()
        {
            from = run.end();
        }
    });
    println!(
        "read back in {took:.2} s: {:.0} a second",
        count as f64 / took
    );

    let mut problems = 0;
    let took = seconds(|| {
        problems = store
            .reader()
            .verify(&author.federation)
            .unwrap()
            .problems
            .len();
    });
    println!("verified in {took:.2} s: {problems} problems");
}

fn measure_single_writes(writer: &Writer, reports: &Receiver<Completion>, author: &mut Author) {
    let single: Vec<Change> = (0..200)
        .map(|_| author.publish(make(1, 1, author.feed)))
        .collect();
    let took = seconds(|| {
        for change in single {
            put(writer, change);
            reports.recv().unwrap();
        }
    });
    println!("one small write takes {:.2} ms", took * 5.0);
}

const EPOCH: Epoch = Epoch([3; 16]);

fn federation_key() -> SecretKey {
    SecretKey::from_seed(&[1; 32])
}

struct Author {
    key: SecretKey,
    federation: FederationId,
    manifest: Manifest,
    feed: FeedId,
    position: (u64, Hash),
}

impl Author {
    fn new() -> Self {
        let (key, federation) = (
            SecretKey::from_seed(&[2; 32]),
            federation_key().federation(),
        );
        let manifest = Manifest::found(federation, key.node(), [4; 16], "measure");
        let feed = FeedId {
            author: key.node(),
            epoch: EPOCH,
        };
        let position = (0, root(&federation, &manifest.space, &feed));
        Self {
            key,
            federation,
            manifest,
            feed,
            position,
        }
    }

    fn publish(&mut self, entries: Vec<Entry>) -> Change {
        let (space, start) = (self.manifest.space, self.position);
        let run = Run::sign(
            &self.key,
            &self.federation,
            &space,
            self.feed,
            start,
            entries,
        );
        self.position = (run.checkpoint.length, run.checkpoint.head);
        Change::Runs {
            space,
            runs: vec![(run, u64::MAX)],
        }
    }
}

fn seconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

fn put(writer: &Writer, change: Change) {
    writer
        .submit(Job::Change {
            write: WriteId(0),
            change,
            audit: Vec::new(),
        })
        .unwrap();
}

/// Changes in turn over all documents, as an import followed by edits makes them.
fn make(documents: usize, changes: usize, feed: FeedId) -> Vec<Entry> {
    let editor = Editor {
        actor: feed.actor([9; 8]),
        account: "somchai",
        time_secs: 1,
        message: Some("แก้ไข"),
    };
    let mut loaded: Vec<Document> = (0..documents)
        .map(|number| {
            let mut id = [0; 16];
            id[..8].copy_from_slice(&number.to_be_bytes());
            Document::empty(DocumentId::new(Kind::Plan, id))
        })
        .collect();
    let mut entries = Vec::new();
    for turn in 0..changes {
        for document in &mut loaded {
            let fields: &[&str] = if turn == 0 {
                &["title/th", "title/en"]
            } else {
                &["title/th"]
            };
            let edits: Vec<_> = fields
                .iter()
                .map(|field| Edit::Set {
                    path: Path::parse(field).unwrap(),
                    value: format!("แผนพัฒนาสุขภาพระดับจังหวัด ครั้งที่ {turn}").into(),
                })
                .collect();
            let change = document.edit(&editor, &edits).unwrap().unwrap();
            let bytes = payload::encode(&document.id(), &change.bytes);
            entries.push(Entry {
                kind: EntryKind::CHANGE,
                time_ms: 1_700_000_000_000,
                payload: Payload::Present(bytes.into()),
            });
        }
    }
    entries
}
