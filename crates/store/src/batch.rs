//! What one transaction has read and is about to write: rows of spaces, feeds and documents.
//!
//! Many entries touch the same few rows, so each is read once and written once.

use std::collections::{BTreeMap, BTreeSet};

use phaki_documents::causal::heads_digest;
use phaki_documents::change::ChangeHash;
use phaki_documents::kind::DocumentId;
use phaki_replication::branch::Branch;
use phaki_replication::entry;
use phaki_replication::id::{FederationId, FeedId, Hash, NodeId, SpaceId};
use phaki_replication::manifest::Manifest;
use phaki_replication::roster::Roster;
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use crate::fault::Fault;
use crate::index::Recent;
use crate::place::FeedKey;

/// The key of a space's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SpaceKey(pub(crate) i64);

/// One transaction's view of the store.
pub(crate) struct Batch<'c> {
    pub(crate) connection: &'c Connection,
    federation: FederationId,
    spaces: BTreeMap<SpaceId, SpaceState>,
    feeds: BTreeMap<(SpaceId, FeedId), FeedState>,
    documents: BTreeMap<(SpaceId, DocumentId), DocumentState>,
    touched: BTreeSet<(SpaceId, DocumentId)>,
    /// The roster, and the manifests that were asked for.
    rights: Option<(Roster, BTreeMap<SpaceId, Manifest>)>,
    pub(crate) statements: Statements<'c>,
}

/// What is done for every entry, so often that finding it by its text would cost.
pub(crate) struct Statements<'c> {
    pub(crate) insert_entry: CachedStatement<'c>,
    pub(crate) find_change: CachedStatement<'c>,
    pub(crate) find_sequence: CachedStatement<'c>,
    pub(crate) put_change: CachedStatement<'c>,
    find_document: CachedStatement<'c>,
    insert_document: CachedStatement<'c>,
}

#[derive(Clone, Copy, Debug)]
struct SpaceState {
    key: SpaceKey,
    digest: [u8; 32],
    changed: bool,
}

/// A feed's row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FeedState {
    pub(crate) key: FeedKey,
    pub(crate) length: u64,
    pub(crate) head: Hash,
    pub(crate) bytes: u64,
    pub(crate) applied: u64,
    changed: bool,
}

/// A document's row.
#[derive(Clone, Debug)]
pub(crate) struct DocumentState {
    pub(crate) key: i64,
    pub(crate) heads: Vec<ChangeHash>,
    /// Applied changes.
    pub(crate) changes: u64,
    /// Waiting changes.
    pub(crate) waiting: u64,
    pub(crate) recent: Recent,
    stored_heads: Vec<ChangeHash>,
}

const INSERT_ENTRY: &str = "
    INSERT INTO entry (place, kind, time_ms, payload, dropped_hash, dropped_length)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

const FIND_CHANGE: &str = "SELECT state, last_op FROM change WHERE document = ?1 AND hash = ?2";

const FIND_SEQUENCE: &str = "
    SELECT hash FROM change WHERE document = ?1 AND actor = ?2 AND seq = ?3 AND state < 4";

const PUT_CHANGE: &str = "
    INSERT INTO change (document, hash, place, actor, seq, last_op, state, position)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
    ON CONFLICT (document, hash) DO UPDATE SET state = ?7, position = ?8";

const FIND_DOCUMENT: &str = "
    SELECT key, heads, changes,
           (SELECT count(*) FROM waiting WHERE waiting.document = document.key)
    FROM document WHERE space = ?1 AND id = ?2";

const INSERT_DOCUMENT: &str = "
    INSERT INTO document (space, id, heads, changes, dirty) VALUES (?1, ?2, x'', 0, 0)";

impl<'c> Batch<'c> {
    pub(crate) fn new(connection: &'c Connection, federation: FederationId) -> Result<Self, Fault> {
        let statements = Statements {
            insert_entry: connection.prepare_cached(INSERT_ENTRY)?,
            find_change: connection.prepare_cached(FIND_CHANGE)?,
            find_sequence: connection.prepare_cached(FIND_SEQUENCE)?,
            put_change: connection.prepare_cached(PUT_CHANGE)?,
            find_document: connection.prepare_cached(FIND_DOCUMENT)?,
            insert_document: connection.prepare_cached(INSERT_DOCUMENT)?,
        };
        Ok(Self {
            connection,
            federation,
            spaces: BTreeMap::new(),
            feeds: BTreeMap::new(),
            documents: BTreeMap::new(),
            touched: BTreeSet::new(),
            rights: None,
            statements,
        })
    }

    /// What the first entry of a feed is linked to.
    pub(crate) fn root(&self, space: &SpaceId, feed: &FeedId) -> Hash {
        entry::root(&self.federation, space, feed)
    }

    /// The roster or a manifest has changed.
    pub(crate) fn forget_rights(&mut self) {
        self.rights = None;
    }

    /// Whether `publisher` may publish again what `author` wrote, by the rights as they are.
    pub(crate) fn may_republish(
        &mut self,
        space: &SpaceId,
        publisher: &NodeId,
        author: &NodeId,
    ) -> Result<bool, Fault> {
        let connection = self.connection;
        let (roster, manifests) = match self.rights.take() {
            Some(rights) => self.rights.insert(rights),
            None => self
                .rights
                .insert((read_roster(connection)?, BTreeMap::new())),
        };
        if !manifests.contains_key(space) {
            let bytes: Vec<u8> = connection
                .prepare_cached("SELECT manifest FROM space WHERE id = ?1")?
                .query_row([space.0], |row| row.get(0))?;
            let manifest = Manifest::decode(&bytes).map_err(|_| Fault::Damaged("manifest"))?;
            manifests.insert(*space, manifest);
        }
        let manifest = manifests.get(space);
        Ok(manifest.is_some_and(|manifest| manifest.may_republish(roster, publisher, author)))
    }

    /// The key of a space whose manifest is known.
    pub(crate) fn space(&mut self, space: &SpaceId) -> Result<SpaceKey, Fault> {
        if let Some(state) = self.spaces.get(space) {
            return Ok(state.key);
        }
        let state = self
            .connection
            .prepare_cached("SELECT key, heads_digest FROM space WHERE id = ?1")?
            .query_row([space.0], |row| {
                let (key, digest) = (SpaceKey(row.get(0)?), row.get(1)?);
                Ok(SpaceState {
                    key,
                    digest,
                    changed: false,
                })
            })
            .optional()?
            .ok_or(Fault::UnknownSpace(*space))?;
        self.spaces.insert(*space, state);
        Ok(state.key)
    }

    /// The row of a feed; a new one when nothing of it is held.
    pub(crate) fn feed(&mut self, space: &SpaceId, feed: &FeedId) -> Result<FeedState, Fault> {
        if let Some(state) = self.feeds.get(&(*space, *feed)) {
            return Ok(*state);
        }
        let space_key = self.space(space)?;
        let found = self
            .connection
            .prepare_cached(
                "SELECT key, length, head, bytes, applied FROM feed
                 WHERE space = ?1 AND author = ?2 AND epoch = ?3",
            )?
            .query_row(params![space_key.0, feed.author.0, feed.epoch.0], |row| {
                Ok(FeedState {
                    key: FeedKey(row.get(0)?),
                    length: row.get(1)?,
                    head: Hash(row.get(2)?),
                    bytes: row.get(3)?,
                    applied: row.get(4)?,
                    changed: false,
                })
            })
            .optional()?;
        let state = match found {
            Some(state) => state,
            None => self.insert_feed(space, space_key, feed)?,
        };
        self.feeds.insert((*space, *feed), state);
        Ok(state)
    }

    fn insert_feed(
        &self,
        space: &SpaceId,
        space_key: SpaceKey,
        feed: &FeedId,
    ) -> Result<FeedState, Fault> {
        let head = entry::root(&self.federation, space, feed);
        self.connection
            .prepare_cached(
                "INSERT INTO feed (space, author, epoch, length, head, bytes, applied)
                 VALUES (?1, ?2, ?3, 0, ?4, 0, 0)",
            )?
            .execute(params![space_key.0, feed.author.0, feed.epoch.0, head.0])?;
        let key = FeedKey(self.connection.last_insert_rowid());
        if key > FeedKey::MAX {
            return Err(Fault::TooMany);
        }
        Ok(FeedState {
            key,
            length: 0,
            head,
            bytes: 0,
            applied: 0,
            changed: false,
        })
    }

    pub(crate) fn put_feed(&mut self, space: &SpaceId, feed: &FeedId, state: FeedState) {
        self.feeds.insert(
            (*space, *feed),
            FeedState {
                changed: true,
                ..state
            },
        );
    }

    /// Takes out the row of a document, to be given back; `None` when no change has named it.
    pub(crate) fn take_document(
        &mut self,
        space: &SpaceId,
        document: &DocumentId,
    ) -> Result<Option<DocumentState>, Fault> {
        if let Some(state) = self.documents.remove(&(*space, *document)) {
            return Ok(Some(state));
        }
        let space_key = self.space(space)?;
        let found = self
            .statements
            .find_document
            .query_row(params![space_key.0, document.to_bytes()], |row| {
                let heads = split_heads(row.get_ref(1)?.as_blob()?);
                Ok(DocumentState {
                    key: row.get(0)?,
                    stored_heads: heads.clone(),
                    heads,
                    changes: row.get(2)?,
                    waiting: row.get(3)?,
                    recent: Recent::default(),
                })
            })
            .optional()?;
        Ok(found)
    }

    /// Makes the row of a document that has none.
    pub(crate) fn insert_document(
        &mut self,
        space: &SpaceId,
        document: &DocumentId,
    ) -> Result<DocumentState, Fault> {
        let space_key = self.space(space)?;
        self.statements
            .insert_document
            .execute(params![space_key.0, document.to_bytes()])?;
        let key = self.connection.last_insert_rowid();
        let (heads, stored_heads) = (Vec::new(), Vec::new());
        Ok(DocumentState {
            key,
            heads,
            changes: 0,
            waiting: 0,
            recent: Recent::default(),
            stored_heads,
        })
    }

    /// Gives back the row of a document.
    pub(crate) fn put_document(
        &mut self,
        space: &SpaceId,
        document: &DocumentId,
        state: DocumentState,
    ) {
        self.documents.insert((*space, *document), state);
    }

    /// Notes that the heads of a document change.
    pub(crate) fn touch(&mut self, space: &SpaceId, document: &DocumentId) {
        self.touched.insert((*space, *document));
    }

    /// The documents touched since the last call.
    pub(crate) fn take_touched(&mut self) -> BTreeSet<(SpaceId, DocumentId)> {
        std::mem::take(&mut self.touched)
    }

    /// Writes the rows that changed. To be called before the commit.
    pub(crate) fn flush(&mut self) -> Result<(), Fault> {
        let mut update = self.connection.prepare_cached(
            "UPDATE document SET heads = ?2, changes = ?3, dirty = 1 WHERE key = ?1",
        )?;
        for ((space, document), state) in &mut self.documents {
            if state.heads == state.stored_heads {
                continue;
            }
            update.execute(params![
                state.key,
                state.heads.as_flattened(),
                state.changes
            ])?;
            let space = self
                .spaces
                .get_mut(space)
                .ok_or(Fault::UnknownSpace(*space))?;
            space.changed = true;
            for heads in [&state.stored_heads, &state.heads] {
                xor_digest(&mut space.digest, document, heads);
            }
            state.stored_heads.clone_from(&state.heads);
        }
        let mut update = self.connection.prepare_cached(
            "UPDATE feed SET length = ?2, head = ?3, bytes = ?4, applied = ?5 WHERE key = ?1",
        )?;
        for feed in self.feeds.values_mut().filter(|feed| feed.changed) {
            let FeedState {
                key,
                length,
                head,
                bytes,
                applied,
                ..
            } = *feed;
            update.execute(params![key.0, length, head.0, bytes, applied])?;
            feed.changed = false;
        }
        let mut update = self
            .connection
            .prepare_cached("UPDATE space SET heads_digest = ?2 WHERE key = ?1")?;
        for space in self.spaces.values_mut().filter(|space| space.changed) {
            update.execute(params![space.key.0, space.digest])?;
            space.changed = false;
        }
        Ok(())
    }

    /// Forgets all rows, after writing them, so that they can be changed in the tables.
    pub(crate) fn reset(&mut self) -> Result<(), Fault> {
        self.flush()?;
        self.spaces.clear();
        self.feeds.clear();
        self.documents.clear();
        Ok(())
    }
}

/// The roster with its branches; the signatures were verified before they were stored.
pub(crate) fn read_roster(connection: &Connection) -> Result<Roster, Fault> {
    let bytes: Vec<u8> = connection.query_row("SELECT bytes FROM roster", [], |row| row.get(0))?;
    let roster = Roster::decode(&bytes).map_err(|_| Fault::Damaged("roster"))?;
    let mut select = connection.prepare("SELECT bytes FROM branch ORDER BY parent")?;
    let branches = select
        .query_map([], |row| row.get::<_, Vec<u8>>(0))?
        .map(|bytes| Branch::decode(&bytes?).map_err(|_| Fault::Damaged("branch")))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(roster.with_branches(&branches))
}

/// Adds a document to the digest of its space, or takes it out again.
pub(crate) fn xor_digest(digest: &mut [u8; 32], document: &DocumentId, heads: &[ChangeHash]) {
    if heads.is_empty() {
        return;
    }
    for (byte, other) in digest.iter_mut().zip(heads_digest(document, heads)) {
        *byte ^= other;
    }
}

/// The hashes in a stored list of heads.
pub(crate) fn split_heads(bytes: &[u8]) -> Vec<ChangeHash> {
    bytes.as_chunks::<32>().0.to_vec()
}
