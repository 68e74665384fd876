//! The floor of W1: compressed runs become checked rows.

use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Instant;

use automerge::Change;
use bytes::Bytes;
use phaki_documents::document::{Document, Edit, Editor};
use phaki_documents::kind::DocumentId;
use phaki_documents::payload;
use phaki_documents::{Path, document};
use phaki_replication::entry::{Entry, EntryKind, Payload, root};
use phaki_replication::feed::{Checkpoint, Run};
use phaki_replication::id::{Epoch, FederationId, FeedId, Hash, SpaceId};
use phaki_replication::limits::{RUN_BYTES_TARGET, RUN_ENTRIES_MAX};
use phaki_replication::sign::SecretKey;

use crate::catalogue::{self, Workload};
use crate::figures::count;
use crate::sheet::Round;
use crate::workload::{Step, flat, plan};

const FEDERATION: FederationId = FederationId([1; 32]);
const SPACE: SpaceId = SpaceId([2; 16]);
const TIME_MS: i64 = 1_770_000_000_000;

/// The level that nodes compress with.
const LEVEL: i32 = 3;

/// Checked runs that wait to be inserted.
const WAITING_MAX: usize = 8;

/// All plans as one feed in compressed runs, as a node would send them.
#[derive(Debug)]
pub(super) struct Prepared {
    documents: u64,
    feed: FeedId,
    runs: Vec<Packed>,
}

#[derive(Debug)]
struct Packed {
    from: u64,
    checkpoint: Checkpoint,
    /// Bytes of each payload; they lie one after the other.
    lengths: Vec<usize>,
    compressed: Vec<u8>,
}

/// A row to be inserted: document, hash, bytes.
type Row = (Bytes, [u8; 32], Bytes);

impl Prepared {
    pub(super) fn new(documents: u64) -> Self {
        let key = SecretKey::from_seed(&[3; 32]);
        let feed = FeedId {
            author: key.node(),
            epoch: Epoch([4; 16]),
        };
        let payloads = (0..documents).flat_map(|number| payloads(number, feed));
        let (mut end, mut runs) = ((0, root(&FEDERATION, &SPACE, &feed)), Vec::new());
        let (mut open, mut open_bytes) = (Vec::new(), 0);
        for payload in payloads {
            let full = open_bytes + payload.len() > RUN_BYTES_TARGET;
            if full || open.len() == RUN_ENTRIES_MAX {
                runs.push(pack(&key, feed, &mut end, &std::mem::take(&mut open)));
                open_bytes = 0;
            }
            open_bytes += payload.len();
            open.push(payload);
        }
        runs.push(pack(&key, feed, &mut end, &open));
        Self {
            documents,
            feed,
            runs,
        }
    }

    pub(super) fn measure(&self) -> Round {
        let folder = tempfile::tempdir().unwrap();
        let database = super::database(folder.path(), "floor.db");
        let (sender, checked) = sync_channel(WAITING_MAX);
        let began = Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let mut end = (0, root(&FEDERATION, &SPACE, &self.feed));
                for packed in &self.runs {
                    let rows = check(self.feed, packed, &mut end);
                    sender.send(rows).unwrap();
                }
            });
            insert_all(&database, &checked);
        });
        let took = began.elapsed().as_secs_f64();
        let bytes: usize = self.runs.iter().map(|packed| packed.compressed.len()).sum();
        let mut round = Round::of(Workload::Cold);
        round.add(catalogue::COLD_S, took);
        let each = count(u64::try_from(bytes).unwrap()) / count(self.documents);
        round.add(catalogue::BYTES_PER_DOCUMENT, each);
        round
    }
}

fn insert_all(database: &rusqlite::Connection, checked: &Receiver<Vec<Row>>) {
    for rows in checked {
        database.execute_batch("BEGIN").unwrap();
        for (document, hash, bytes) in rows {
            super::insert(database, &document, &hash, &bytes);
        }
        database.execute_batch("COMMIT").unwrap();
    }
}

/// What a receiver must do before it may believe a run.
fn check(feed: FeedId, packed: &Packed, end: &mut (u64, Hash)) -> Vec<Row> {
    let capacity = packed.lengths.iter().sum();
    let bytes = zstd::bulk::decompress(&packed.compressed, capacity).unwrap();
    let mut left = Bytes::from(bytes);
    let payloads = packed.lengths.iter().map(|length| left.split_to(*length));
    let run = Run {
        feed,
        from: packed.from,
        entries: payloads.map(entry).collect(),
        checkpoint: packed.checkpoint,
    };
    run.verify(&FEDERATION, &SPACE, *end).unwrap();
    *end = (run.checkpoint.length, run.checkpoint.head);
    run.entries.into_iter().map(row).collect()
}

fn row(entry: Entry) -> Row {
    let Payload::Present(bytes) = entry.payload else {
        panic!("every payload is there");
    };
    let decoded = payload::decode(&bytes).unwrap();
    let change = Change::from_bytes(decoded.change.to_vec()).unwrap();
    let document = Bytes::copy_from_slice(&decoded.document.to_bytes());
    (document, change.hash().0, bytes.clone())
}

fn pack(key: &SecretKey, feed: FeedId, end: &mut (u64, Hash), payloads: &[Bytes]) -> Packed {
    let entries = payloads.iter().cloned().map(entry).collect();
    let run = Run::sign(key, &FEDERATION, &SPACE, feed, *end, entries);
    *end = (run.checkpoint.length, run.checkpoint.head);
    Packed {
        from: run.from,
        checkpoint: run.checkpoint,
        lengths: payloads.iter().map(Bytes::len).collect(),
        compressed: zstd::bulk::compress(&payloads.concat(), LEVEL).unwrap(),
    }
}

fn entry(payload: Bytes) -> Entry {
    Entry {
        kind: EntryKind::CHANGE,
        time_ms: TIME_MS,
        payload: Payload::Present(payload),
    }
}

/// The changes of a plan as entries carry them.
fn payloads(number: u64, feed: FeedId) -> Vec<Bytes> {
    let id: DocumentId = flat::id(number).parse().unwrap();
    let mut document = Document::empty(id);
    let editor = Editor {
        actor: feed.actor([9; 8]),
        account: "officer",
        time_secs: TIME_MS / 1_000,
        message: None,
    };
    let mut changes = plan(number).into_iter();
    let created = flat::created(number, &changes.next().unwrap());
    let mut all = vec![document::create_edits(&id, &created).unwrap()];
    all.extend(changes.map(|change| change.iter().map(set).collect()));
    all.iter()
        .map(|edits| {
            let change = document.edit(&editor, edits).unwrap().unwrap();
            payload::encode(&id, &change.bytes).into()
        })
        .collect()
}

fn set(step: &Step) -> Edit {
    Edit::Set {
        path: Path::parse(&flat::path(step.place)).unwrap(),
        value: step.value.clone(),
    }
}
