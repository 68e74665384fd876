//! From a damaged database to a new one, row by row and feed by feed.

use std::collections::BTreeMap;

use phaki_replication::branch::SignedBranch;
use phaki_replication::entry;
use phaki_replication::feed::{Checkpoint, Run};
use phaki_replication::id::{Epoch, FederationId, FeedId, Hash, NodeId, SpaceId};
use phaki_replication::limits::RUN_ENTRIES_MAX;
use phaki_replication::manifest::{Manifest, SignedManifest};
use phaki_replication::node::Change;
use phaki_replication::receipt::SignedReceipt;
use phaki_replication::roster::Roster;
use phaki_replication::sign::{Signature, verify};
use phaki_replication::vault::Statement;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};

use super::{Kept, Shortened};
use crate::append;
use crate::audit;
use crate::batch::Batch;
use crate::fault::Fault;
use crate::place::{FeedKey, Place};
use crate::prepared::Summaries;
use crate::reader::entries::read_entries;

/// The rows of the damaged database under the same keys.
pub(super) struct Copying<'a> {
    source: &'a Connection,
    federation: FederationId,
    roster: Option<Roster>,
    spaces: BTreeMap<i64, Manifest>,
    feeds: BTreeMap<i64, Feed>,
    pub(super) kept: Kept,
}

/// A feed of the damaged database; how much was held is not known of every one.
struct Feed {
    space: i64,
    id: FeedId,
    held: Option<u64>,
}

/// Tables in the order of their references, with their keys. What is derived is not among them,
/// nor what is checked row by row.
const AS_THEY_ARE: [(&str, &[&str]); 8] = [
    ("fork", &["feed"]),
    ("severed", &["key"]),
    ("severed_entry", &["run", "seq"]),
    ("former_key", &["node"]),
    ("former_feed", &["feed"]),
    ("discarded", &["place"]),
    ("invite", &["secret_hash"]),
    ("pending", &["secret_hash"]),
];

impl<'a> Copying<'a> {
    pub(super) fn new(source: &'a Connection, federation: FederationId) -> Self {
        Self {
            source,
            federation,
            roster: None,
            spaces: BTreeMap::new(),
            feeds: BTreeMap::new(),
            kept: Kept::default(),
        }
    }

    /// Branches, manifests, receipts, and the outline of feeds.
    pub(super) fn acts(&mut self, target: &Connection, roster: Roster) -> Result<(), Fault> {
        let federation = self.federation;
        self.rows("branch", &["parent"], target, |row| {
            let (bytes, signature) = (row.get(1)?, Signature(row.get(2)?));
            Ok((SignedBranch { bytes, signature })
                .open(&federation)
                .is_ok())
        })?;
        let mut spaces = BTreeMap::new();
        self.rows("space", &["key"], target, |row| {
            let (bytes, signature) = (row.get(2)?, Signature(row.get(3)?));
            let manifest = (SignedManifest { bytes, signature }).open(&federation, &roster);
            let manifest = manifest
                .ok()
                .filter(|found| row.get(1).is_ok_and(|id| SpaceId(id) == found.space));
            Ok(manifest
                .map(|found| spaces.insert(row.get_unwrap(0), found))
                .is_some())
        })?;
        target.execute("UPDATE space SET heads_digest = zeroblob(32)", [])?;
        self.spaces = spaces;
        self.rows("receipt", &["space", "node"], target, |row| {
            let (bytes, signature) = (row.get(2)?, Signature(row.get(3)?));
            let receipt = SignedReceipt { bytes, signature };
            let space = phaki_replication::receipt::Receipt::decode(&receipt.bytes);
            Ok(space.is_ok_and(|found| receipt.open(&federation, &found.space).is_ok()))
        })?;
        self.rows(
            "vault",
            &["space", "subject", "kind", "node"],
            target,
            |row| {
                let bytes: Vec<u8> = row.get(4)?;
                let said = Statement::decode(&bytes).ok();
                let right = |said: &Statement| {
                    let Ok(signature) = row.get(5).map(Signature) else {
                        return false;
                    };
                    said.federation == federation && verify(&said.node.0, &bytes, &signature)
                };
                Ok(said.as_ref().is_some_and(right))
            },
        )?;
        self.outline()?;
        for (key, feed) in &self.feeds {
            let Some(manifest) = self.spaces.get(&feed.space) else {
                continue;
            };
            let head = entry::root(&federation, &manifest.space, &feed.id);
            target.execute(
                "INSERT OR IGNORE INTO feed (key, space, author, epoch, length, head, bytes, applied)
                 VALUES (?1, ?2, ?3, ?4, 0, ?5, 0, 0)",
                params![key, feed.space, feed.id.author.0, feed.id.epoch.0, head.0],
            )?;
        }
        self.roster = Some(roster);
        Ok(())
    }

    /// The feeds: by their table from both ends, and by its index, which lies elsewhere.
    fn outline(&mut self) -> Result<(), Fault> {
        let mut whole = false;
        for select in [
            "SELECT key, space, author, epoch, length FROM feed ORDER BY key",
            "SELECT key, space, author, epoch, length FROM feed ORDER BY key DESC",
            "SELECT key, space, author, epoch, NULL FROM feed INDEXED BY sqlite_autoindex_feed_1
             ORDER BY space, author, epoch",
        ] {
            let mut select = self.source.prepare(select)?;
            let rows = select.query_map([], |row| {
                let feed = Feed {
                    space: row.get(1)?,
                    id: FeedId {
                        author: NodeId(row.get(2)?),
                        epoch: Epoch(row.get(3)?),
                    },
                    held: row.get(4)?,
                };
                Ok((row.get::<_, i64>(0)?, feed))
            })?;
            whole = true;
            for row in rows {
                match row {
                    Ok((key, feed)) => drop(self.feeds.entry(key).or_insert(feed)),
                    Err(_) => {
                        whole = false;
                        break;
                    }
                }
            }
            if whole {
                break;
            }
        }
        if !whole {
            self.unread("feed");
        }
        Ok(())
    }

    /// Of every feed what its author's signatures vouch for, from the beginning.
    pub(super) fn entries(&mut self, target: &mut Connection) -> Result<(), Fault> {
        let cuts = self.cuts();
        for (key, feed) in std::mem::take(&mut self.feeds) {
            let Some(manifest) = self.spaces.get(&feed.space).cloned() else {
                continue;
            };
            let permitted = self.roster.as_ref().map_or(0, |roster| {
                let most = manifest.permitted(roster, &feed.id);
                cuts.get(&key).map_or(most, |cut| most.min(*cut))
            });
            let transaction = target.transaction()?;
            let mut batch = Batch::new(&transaction, self.federation)?;
            let space = manifest.space;
            let kept = self.feed(&mut batch, (space, feed.id, FeedKey(key)), permitted)?;
            batch.flush()?;
            drop(batch);
            transaction.commit()?;
            self.kept.entries += kept;
            let held = feed.held.unwrap_or(kept);
            if kept < held {
                let feed = feed.id;
                self.kept.shortened.push(Shortened {
                    space,
                    feed,
                    kept,
                    held,
                });
            }
        }
        Ok(())
    }

    /// Where feeds were cut.
    fn cuts(&self) -> BTreeMap<i64, u64> {
        let Ok(mut select) = self
            .source
            .prepare("SELECT feed, seq FROM fork ORDER BY feed")
        else {
            return BTreeMap::new();
        };
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.map(|rows| rows.map_while(Result::ok).collect())
            .unwrap_or_default()
    }

    fn feed(
        &self,
        batch: &mut Batch<'_>,
        (space, feed, key): (SpaceId, FeedId, FeedKey),
        permitted: u64,
    ) -> Result<u64, Fault> {
        let mut select = self.source.prepare_cached(
            "SELECT place, head, signature FROM checkpoint
             WHERE place BETWEEN ?1 AND ?2 ORDER BY place",
        )?;
        let places = key.places();
        let mut rows = select.query([places.start(), places.end()])?;
        let (mut length, mut head) = (0, entry::root(&self.federation, &space, &feed));
        while let Ok(Some(row)) = rows.next() {
            let Ok((place, checkpoint)) = checkpoint(row) else {
                continue;
            };
            // One that is damaged itself is passed over: the next one vouches for the same.
            let within = checkpoint.length > length
                && checkpoint.length - length <= u64::try_from(RUN_ENTRIES_MAX).unwrap_or(0);
            if !within {
                break;
            }
            let Ok(entries) = read_entries(self.source, key.at(length), place) else {
                break;
            };
            let run = Run {
                feed,
                from: length,
                entries,
                checkpoint,
            };
            if run.verify(&self.federation, &space, (length, head)).is_ok() {
                (length, head) = (run.checkpoint.length, run.checkpoint.head);
                let runs = vec![(run, permitted)];
                append::store(batch, &Change::Runs { space, runs }, &Summaries::default())?;
            }
        }
        Ok(length)
    }

    /// What else was noted, under the same keys as before, and the audit log.
    pub(super) fn notes(&mut self, target: &Connection) -> Result<(), Fault> {
        for (table, keys) in AS_THEY_ARE {
            self.rows(table, keys, target, |_| Ok(true))?;
        }
        if !audit::copy_sound(self.source, target)? {
            self.unread("audit");
        }
        Ok(())
    }

    /// Copies the rows of a table that can be read and that `is_true`. From both ends, since a
    /// damaged page hides what lies behind it.
    fn rows(
        &mut self,
        table: &'static str,
        keys: &[&str],
        target: &Connection,
        mut is_true: impl FnMut(&Row<'_>) -> rusqlite::Result<bool>,
    ) -> Result<(), Fault> {
        for direction in ["ASC", "DESC"] {
            let order: Vec<_> = keys
                .iter()
                .map(|key| format!("{key} {direction}"))
                .collect();
            let select = format!("SELECT * FROM {table} ORDER BY {}", order.join(", "));
            let mut select = self.source.prepare(&select)?;
            let columns = select.column_count();
            let places = vec!["?"; columns].join(", ");
            let mut insert =
                target.prepare(&format!("INSERT OR IGNORE INTO {table} VALUES ({places})"))?;
            let mut rows = select.query([])?;
            let mut whole = true;
            loop {
                let row = match rows.next() {
                    Ok(Some(row)) => row,
                    Ok(None) => break,
                    Err(_) => {
                        whole = false;
                        break;
                    }
                };
                if !is_true(row).unwrap_or(false) {
                    self.unread(table);
                    continue;
                }
                let values = (0..columns).map(|column| row.get::<_, Value>(column));
                let values = values.collect::<rusqlite::Result<Vec<_>>>()?;
                match insert.execute(params_from_iter(values)) {
                    Ok(_) => {}
                    // What it refers to is not there.
                    Err(error) if is_constraint(&error) => self.unread(table),
                    Err(error) => return Err(error.into()),
                }
            }
            if whole {
                return Ok(());
            }
        }
        self.unread(table);
        Ok(())
    }

    fn unread(&mut self, table: &'static str) {
        if !self.kept.unread.contains(&table) {
            self.kept.unread.push(table);
        }
    }
}

fn checkpoint(row: &Row<'_>) -> rusqlite::Result<(Place, Checkpoint)> {
    let place = Place(row.get(0)?);
    let checkpoint = Checkpoint {
        length: place.seq() + 1,
        head: Hash(row.get(1)?),
        signature: Signature(row.get(2)?),
    };
    Ok((place, checkpoint))
}

fn is_constraint(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
}
