//! Stores as they would be after a thousand nodes had written: signed with their keys, and put in
//! as if they had come from peers. Whoever receives it afterwards verifies every signature.

use std::path::Path;
use std::sync::mpsc::channel;

use phaki_documents::document::create_edits;
use phaki_documents::{Document, DocumentId, Editor, payload};
use phaki_replication::entry::{Entry, EntryKind, Payload, root};
use phaki_replication::feed::Run;
use phaki_replication::id::{Epoch, FeedId, Hash};
use phaki_replication::manifest::{Group, Manifest, MemberRole};
use phaki_replication::node::{Change, WriteId};
use phaki_replication::roster::{NodeRecord, NodeRole, NodeStatus, Roster};
use phaki_replication::sign::SecretKey;
use phaki_store::{Completion, Job, Store, WriterOptions};

use crate::workload::{flat, plan};

/// Documents that each author makes in each of its spaces, each with one change.
pub(super) const DOCUMENTS: u64 = 10;

/// Spaces of one steward: a node holds 64 of each at most.
const SPACES_OF_A_STEWARD: u64 = 50;

/// Milliseconds of the clocks of all authors.
const TIME_MS: i64 = 1_790_000_000_000;

const EPOCH: Epoch = Epoch([7; 16]);

/// What a store is to hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Forged {
    pub(super) spaces: u64,
    /// In each space.
    pub(super) writers: u64,
}

impl Forged {
    /// Entries of all spaces.
    pub(super) fn entries(self) -> u64 {
        self.spaces * self.writers * DOCUMENTS
    }
}

/// Puts that into the store of a federation's founder, which is stopped. The first space is called
/// `first`; national nodes and provinces write all of them.
pub(super) fn forge(data: &Path, forged: Forged, first: &str) {
    let federation_key = read_key(&data.join("federation.key"));
    let federation = federation_key.federation();
    let store = Store::open(&data.join("phaki.db")).unwrap();
    let before = store.durable().unwrap().roster;
    let before = before.open(&federation).unwrap();
    let stewards = forged.spaces.div_ceil(SPACES_OF_A_STEWARD);
    let authors: Vec<_> = (0..stewards.max(forged.writers)).map(author).collect();
    let roster = with_all(before, &authors);

    let (sender, reports) = channel();
    let report = move |completion| drop(sender.send(completion));
    let (writer, thread) = store
        .start_writer(&WriterOptions::default(), report)
        .unwrap();
    let mut changes = vec![Change::Roster(roster.sign(&federation_key))];
    for number in 0..forged.spaces {
        let steward = &authors[usize::try_from(number / SPACES_OF_A_STEWARD).unwrap()];
        let writers = match forged.writers {
            1 => std::slice::from_ref(steward),
            _ => &authors[..],
        };
        let name = match number {
            0 => first.to_owned(),
            _ => format!("{first}-{number}"),
        };
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&number.to_be_bytes());
        let mut manifest = Manifest::found(federation, steward.node(), nonce, &name);
        for role in [NodeRole::National, NodeRole::Province] {
            let group = Group::Role(role);
            manifest.groups.insert(group, MemberRole::Writer);
        }
        changes.push(Change::Manifest {
            space: manifest.space,
            manifest: manifest.sign(steward),
            permitted: Vec::new(),
        });
        let at = number * forged.writers * DOCUMENTS;
        let runs = writers.iter().zip(0..);
        let runs = runs.map(|(key, turn)| (run(key, &manifest, at + turn * DOCUMENTS), u64::MAX));
        changes.push(Change::Runs {
            space: manifest.space,
            runs: runs.collect(),
        });
    }
    let count = changes.len();
    for (change, write) in changes.into_iter().zip(0..) {
        let (write, audit) = (WriteId(write), Vec::new());
        let job = Job::Change {
            write,
            change,
            audit,
        };
        writer.submit(job).unwrap();
    }
    let stored = |completion| matches!(completion, Completion::Stored { .. });
    assert!((0..count).all(|_| stored(reports.recv().unwrap())));
    drop(writer);
    thread.stop();
}

/// Everybody is a province; nobody else uses these keys.
fn author(number: u64) -> SecretKey {
    let hash = Hash::of("phaki/bench/author", &[&number.to_be_bytes()]);
    SecretKey::from_seed(&hash.0)
}

fn with_all(mut roster: Roster, authors: &[SecretKey]) -> Roster {
    roster.version += 1;
    for (author, number) in authors.iter().zip(0_u64..) {
        let record = NodeRecord {
            name: format!("author-{number}"),
            role: NodeRole::Province,
            area: "90".to_owned(),
            within: vec!["R12".to_owned(), "TH".to_owned()],
            addresses: Vec::new(),
            status: NodeStatus::Active,
            replaces: None,
            admitted_by: None,
        };
        roster.nodes.insert(author.node(), record);
    }
    roster
}

/// An author's plans from a number on, as it would sign them.
fn run(key: &SecretKey, manifest: &Manifest, from: u64) -> Run {
    let (federation, space) = (manifest.federation, manifest.space);
    let feed = FeedId {
        author: key.node(),
        epoch: EPOCH,
    };
    let start = (0, root(&federation, &space, &feed));
    let entries = (from..from + DOCUMENTS).map(|number| entry(&feed, number));
    Run::sign(key, &federation, &space, feed, start, entries.collect())
}

fn entry(feed: &FeedId, number: u64) -> Entry {
    let id: DocumentId = flat::id(number).parse().unwrap();
    let made = flat::created(number, &plan(number)[0]);
    let editor = Editor {
        actor: feed.actor([6; 8]),
        account: "officer",
        time_secs: TIME_MS / 1_000,
        message: None,
    };
    let edits = create_edits(&id, &made).unwrap();
    let change = Document::empty(id).edit(&editor, &edits).unwrap().unwrap();
    Entry {
        kind: EntryKind::CHANGE,
        time_ms: TIME_MS,
        payload: Payload::Present(payload::encode(&id, &change.bytes).into()),
    }
}

fn read_key(path: &Path) -> SecretKey {
    let text = std::fs::read_to_string(path).unwrap();
    SecretKey::from_seed(&Hash::from_hex(text.trim()).unwrap().0)
}
