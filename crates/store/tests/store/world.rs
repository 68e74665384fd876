//! A federation of a few keys, its feeds, and a store under test.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};

use phaki_documents::document::{Document, Edit, Editor};
use phaki_documents::kind::{DocumentId, Kind};
use phaki_documents::{Path, payload};
use phaki_replication::entry::{self, Entry, EntryKind, Payload};
use phaki_replication::feed::Run;
use phaki_replication::id::{Epoch, FederationId, FeedId, Hash, SpaceId};
use phaki_replication::manifest::{Manifest, MemberRole};
use phaki_replication::node::{Change, WriteId};
use phaki_replication::roster::{Roster, SignedRoster};
use phaki_replication::sign::SecretKey;
use phaki_store::{
    AuditDraft, Completion, Identity, Job, Reader, Store, Touched, WriteError, Writer,
    WriterOptions, WriterThread,
};
use tempfile::TempDir;

pub(crate) const EPOCH: Epoch = Epoch([7; 16]);

pub(crate) fn key(number: u8) -> SecretKey {
    SecretKey::from_seed(&[number; 32])
}

pub(crate) fn federation() -> FederationId {
    key(255).federation()
}

pub(crate) fn roster() -> SignedRoster {
    nobody().sign(&key(255))
}

/// A roster without nodes: what manifests say of single keys counts nevertheless.
pub(crate) fn nobody() -> Roster {
    Roster {
        federation: federation(),
        version: 1,
        nodes: [].into(),
    }
}

/// The first record of the audit log.
pub(crate) fn founding() -> AuditDraft {
    AuditDraft::new(1, "officer", "federation-founded", "", "")
}

/// The manifest of the space that the steward (key 1) founded with that nonce; keys 2 to 9 write.
pub(crate) fn manifest(nonce: u8) -> Manifest {
    let mut manifest = Manifest::found(federation(), key(1).node(), [nonce; 16], "แผนจังหวัด");
    manifest.members = (2..10)
        .map(|number| (key(number).node(), MemberRole::Writer))
        .collect();
    manifest
}

/// The space of [`manifest`] 1.
pub(crate) fn space() -> SpaceId {
    manifest(1).space
}

/// The manifest as replication would have it stored.
pub(crate) fn enact(manifest: &Manifest, feeds: &[FeedId]) -> Change {
    Change::Manifest {
        space: manifest.space,
        manifest: manifest.sign(&key(1)),
        permitted: feeds
            .iter()
            .map(|feed| (*feed, manifest.permitted(&nobody(), feed)))
            .collect(),
    }
}

/// Runs of the space of [`manifest`] 1 that count completely.
pub(crate) fn runs(runs: impl IntoIterator<Item = Run>) -> Change {
    let runs = runs.into_iter().map(|run| (run, u64::MAX)).collect();
    Change::Runs {
        space: space(),
        runs,
    }
}

pub(crate) fn plan(number: u8) -> DocumentId {
    DocumentId::new(Kind::Plan, [number; 16])
}

/// A writer of one feed.
#[derive(Clone)]
pub(crate) struct Author {
    key: SecretKey,
    space: SpaceId,
    pub(crate) feed: FeedId,
    pub(crate) length: u64,
    pub(crate) head: Hash,
}

impl Author {
    pub(crate) fn new(number: u8) -> Self {
        Self::of(number, space())
    }

    pub(crate) fn of(number: u8, space: SpaceId) -> Self {
        Self::begin(key(number), space, EPOCH)
    }

    /// The author in the next life of its store.
    pub(crate) fn renewed(&self) -> Self {
        let mut epoch = self.feed.epoch;
        epoch.0[0] += 1;
        Self::begin(self.key.clone(), self.space, epoch)
    }

    fn begin(key: SecretKey, space: SpaceId, epoch: Epoch) -> Self {
        let author = key.node();
        let feed = FeedId { author, epoch };
        let head = entry::root(&federation(), &space, &feed);
        Self {
            key,
            space,
            feed,
            length: 0,
            head,
        }
    }

    /// The same key in another epoch.
    pub(crate) fn in_epoch(number: u8, epoch: Epoch) -> Self {
        let mut author = Self::new(number);
        author.feed.epoch = epoch;
        author.head = entry::root(&federation(), &author.space, &author.feed);
        author
    }

    /// Signs entries of one kind as the continuation of the feed.
    pub(crate) fn publish_as(&mut self, kind: EntryKind, payloads: &[Vec<u8>]) -> Run {
        let entries = (self.length..)
            .zip(payloads)
            .map(|(seq, bytes)| Entry {
                kind,
                time_ms: 1_700_000_000_000 + i64::try_from(seq).unwrap(),
                payload: Payload::Present(bytes.clone().into()),
            })
            .collect();
        self.sign(entries)
    }

    pub(crate) fn sign(&mut self, entries: Vec<Entry>) -> Run {
        let start = (self.length, self.head);
        let run = Run::sign(
            &self.key,
            &federation(),
            &self.space,
            self.feed,
            start,
            entries,
        );
        (self.length, self.head) = (run.checkpoint.length, run.checkpoint.head);
        run
    }

    /// Signs changes.
    pub(crate) fn publish(&mut self, payloads: &[Vec<u8>]) -> Run {
        self.publish_as(EntryKind::CHANGE, payloads)
    }

    pub(crate) fn actor(&self) -> [u8; 24] {
        self.feed.actor([9; 8])
    }

    /// Writes a field of a document; returns the payload of the entry.
    pub(crate) fn edit(&self, document: &mut Document, field: &str, value: &str) -> Vec<u8> {
        let path = Path::parse(field).unwrap();
        let edit = Edit::Set {
            path,
            value: value.into(),
        };
        let editor = Editor {
            actor: self.actor(),
            account: "somchai",
            time_secs: 1,
            message: None,
        };
        let change = document.edit(&editor, &[edit]).unwrap().unwrap();
        payload::encode(&document.id(), &change.bytes)
    }
}

/// Documents with their heads, and the digest of them all.
pub(crate) type State = (Vec<(DocumentId, Vec<[u8; 32]>)>, [u8; 32]);

/// A store with its writer, and what the writer reported.
pub(crate) struct Opened {
    pub(crate) folder: TempDir,
    pub(crate) store: Store,
    pub(crate) writer: Writer,
    thread: WriterThread,
    completions: Receiver<Completion>,
    next: u64,
}

impl Opened {
    /// A new store that knows the space of [`manifest`] 1.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let identity = Identity {
            federation: federation(),
            node: key(1).node(),
            epoch: EPOCH,
        };
        let path = folder.path().join("phaki.db");
        Store::create(&path, &identity, &roster(), &[], &founding()).unwrap();
        let mut opened = Self::open(folder, &WriterOptions::default());
        opened.put(enact(&manifest(1), &[]));
        opened
    }

    pub(crate) fn open(folder: TempDir, options: &WriterOptions) -> Self {
        let store = Store::open(&folder.path().join("phaki.db")).unwrap();
        let (sender, completions) = channel();
        let report = move |completion| drop(sender.send(completion));
        let (writer, thread) = store.start_writer(options, report).unwrap();
        Self {
            folder,
            store,
            writer,
            thread,
            completions,
            next: 0,
        }
    }

    /// Ends the writer and opens the store again.
    pub(crate) fn reopen(self) -> Self {
        self.reopen_with(&WriterOptions::default())
    }

    pub(crate) fn reopen_with(self, options: &WriterOptions) -> Self {
        Self::open(self.close(), options)
    }

    /// Ends the writer and gives up the store; its folder remains.
    pub(crate) fn close(self) -> TempDir {
        let Self {
            folder,
            store,
            thread,
            ..
        } = self;
        thread.stop();
        drop(store);
        folder
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("phaki.db")
    }

    pub(crate) fn reader(&self) -> Reader {
        self.store.reader()
    }

    pub(crate) fn submit(&mut self, change: Change) -> WriteId {
        self.next += 1;
        let write = WriteId(self.next);
        let audit = Vec::new();
        let job = Job::Change {
            write,
            change,
            audit,
        };
        self.writer.submit(job).unwrap();
        write
    }

    pub(crate) fn completion(&self) -> Completion {
        self.completions.recv().unwrap()
    }

    /// Stores a change and waits for it.
    pub(crate) fn try_put(&mut self, change: Change) -> Result<Vec<Touched>, WriteError> {
        let submitted = self.submit(change);
        match self.completion() {
            Completion::Stored { write, touched } => {
                assert_eq!(write, submitted);
                Ok(touched)
            }
            Completion::Failed { write, error } => {
                assert_eq!(write, submitted);
                Err(error)
            }
            Completion::Resumed => panic!("nobody resumed"),
        }
    }

    pub(crate) fn put(&mut self, change: Change) -> Vec<Touched> {
        self.try_put(change).unwrap()
    }

    pub(crate) fn resume(&self) {
        self.writer.submit(Job::Resume).unwrap();
        assert!(matches!(self.completion(), Completion::Resumed));
    }

    /// The document as its stored changes make it.
    pub(crate) fn load(&self, document: &DocumentId) -> Option<Document> {
        let stored = self
            .reader()
            .all_document_changes(&space(), document)
            .unwrap()?;
        let loaded = stored.load(document).unwrap();
        assert_eq!(
            loaded.heads(),
            stored.heads,
            "the index and Automerge agree on the heads"
        );
        Some(loaded)
    }

    /// What nodes with the same frontier and manifest must agree on: documents with heads, and
    /// the digest, which must be that of the documents.
    pub(crate) fn state(&self) -> State {
        let rows = self.reader().documents(&Default::default()).unwrap();
        let mut digest = [0; 32];
        for row in rows.iter().filter(|row| row.space == space()) {
            for (byte, other) in digest.iter_mut().zip(phaki_documents::causal::heads_digest(
                &row.document,
                &row.heads,
            )) {
                *byte ^= other;
            }
        }
        let stored = self.space_row().heads_digest;
        assert_eq!(stored, digest, "the digest is that of the documents");
        (
            rows.into_iter()
                .map(|row| (row.document, row.heads))
                .collect(),
            digest,
        )
    }

    pub(crate) fn space_row(&self) -> phaki_store::reader::SpaceRow {
        let spaces = self.reader().spaces().unwrap();
        spaces.into_iter().find(|row| row.space == space()).unwrap()
    }

    /// Changes the database behind the store's back.
    pub(crate) fn tamper(&self, sql: &str) {
        rusqlite::Connection::open(self.path())
            .unwrap()
            .execute_batch(sql)
            .unwrap();
    }
}
