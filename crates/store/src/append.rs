//! Carrying out what replication decided to store: runs, manifests, the roster.

use std::collections::BTreeMap;

use phaki_replication::branch::{Branch, SignedBranch};
use phaki_replication::entry::{EntryKind, Payload};
use phaki_replication::feed::Run;
use phaki_replication::id::{Epoch, FeedId, NodeId, SpaceId};
use phaki_replication::manifest::Manifest;
use phaki_replication::manifest::SignedManifest;
use phaki_replication::node::Change;
use phaki_replication::receipt::{Receipt, SignedReceipt};
use phaki_replication::republish::Republished;
use phaki_replication::roster::SignedRoster;
use rusqlite::{Connection, OptionalExtension, params};

use crate::apply::Source;
use crate::batch::{Batch, FeedState, SpaceKey};
use crate::fault::Fault;
use crate::limits::FEED_ENTRIES_MAX;
use crate::prepared::{Summaries, Summarised};
use crate::severed;
use crate::vault;

/// Carries out one change of the replicated state.
pub(crate) fn store(
    batch: &mut Batch<'_>,
    change: &Change,
    summaries: &Summaries,
) -> Result<(), Fault> {
    match change {
        Change::Runs { space, runs } => {
            let mut runs = runs.iter().enumerate();
            runs.try_for_each(|(at, (run, permitted))| {
                append(batch, space, run, *permitted, summaries.of_run(at))
            })
        }
        Change::Manifest {
            space,
            manifest,
            permitted,
        } => {
            let stewards = put_manifest(batch, space, manifest)?;
            permit(batch, space, permitted)?;
            // Other stewards: other adoptions count.
            if stewards {
                forget_documents(batch, space)?;
                reapply(batch, space)?;
            }
            Ok(())
        }
        Change::Roster(roster) => {
            batch.forget_rights();
            Ok(insert_roster(batch.connection, roster)?)
        }
        Change::Branch(branch) => put_branch(batch, branch),
        Change::Permitted { space, permitted } => permit(batch, space, permitted),
        Change::Cut {
            space,
            feed,
            at,
            proof,
        } => severed::cut(batch, space, feed, *at, proof.as_deref()),
        Change::Severed {
            space,
            previous,
            run,
            carried,
        } => severed::take(batch, space, *previous, run, *carried),
        Change::Epoch(epoch) => put_epoch(batch, *epoch),
        Change::Receipts { space, receipts } => put_receipts(batch, space, receipts),
        Change::Vault { space, statements } => vault::put(batch, space, statements),
        Change::VaultLeft { space } => vault::leave(batch, space),
    }
}

/// Appends a verified run to its feed and applies what of it counts.
fn append(
    batch: &mut Batch<'_>,
    space: &SpaceId,
    run: &Run,
    permitted: u64,
    summaries: &[Option<Summarised>],
) -> Result<(), Fault> {
    let mut feed = batch.feed(space, &run.feed)?;
    if run.from != feed.length {
        return Err(Fault::Gap {
            feed: run.feed,
            from: run.from,
            length: feed.length,
        });
    }
    if run.end() > FEED_ENTRIES_MAX {
        return Err(Fault::TooMany);
    }
    insert_entries(batch, &feed, run)?;
    let start = feed.length;
    feed.length = run.end();
    feed.head = run.checkpoint.head;
    feed.bytes += u64::try_from(run.bytes()).unwrap_or(u64::MAX);
    batch
        .connection
        .prepare_cached(
            "INSERT INTO checkpoint (place, head, signature, bytes) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            feed.key.at(feed.length - 1).0,
            feed.head.0,
            run.checkpoint.signature.0,
            feed.bytes
        ])?;
    let source = Source::new(space, &run.feed);
    let until = permitted.min(feed.length);
    settle(batch, space, run, until)?;
    source.apply_stored(batch, feed.key, (feed.applied, until.min(start)))?;
    for (at, (seq, entry)) in (start..until)
        .zip(&run.entries)
        .enumerate()
        .skip_while(|(_, (seq, _))| *seq < feed.applied)
    {
        let payload = match &entry.payload {
            Payload::Present(bytes) => Some(bytes.as_ref()),
            Payload::Dropped { .. } => None,
        };
        let known = summaries.get(at).and_then(Option::as_ref);
        source.apply(batch, feed.key.at(seq), (entry.kind, payload), known)?;
    }
    feed.applied = feed.applied.max(until);
    batch.put_feed(space, &run.feed, feed);
    Ok(())
}

/// What a run publishes again, where that counts, needs nobody's attention any more.
fn settle(batch: &mut Batch<'_>, space: &SpaceId, run: &Run, until: u64) -> Result<(), Fault> {
    for (_, entry) in (run.from..until).zip(&run.entries) {
        let (EntryKind::REPUBLISHED, Payload::Present(bytes)) = (entry.kind, &entry.payload) else {
            continue;
        };
        let origin = Republished::decode(bytes).map(|(feed, ..)| feed.author);
        if let Some(origin) = origin
            && batch.may_republish(space, &run.feed.author, &origin)?
        {
            severed::settle(batch, space, bytes)?;
        }
    }
    Ok(())
}

fn insert_entries(batch: &mut Batch<'_>, feed: &FeedState, run: &Run) -> Result<(), Fault> {
    let insert = &mut batch.statements.insert_entry;
    for (seq, entry) in (run.from..).zip(&run.entries) {
        let place = feed.key.at(seq).0;
        let EntryKind(kind) = entry.kind;
        let (payload, hash, length) = payload_columns(&entry.payload);
        insert.execute(params![place, kind, entry.time_ms, payload, hash, length])?;
    }
    Ok(())
}

/// The bytes of a payload, or what is kept of one that was dropped: its hash and its length.
pub(crate) fn payload_columns(payload: &Payload) -> (Option<&[u8]>, Option<[u8; 32]>, Option<u32>) {
    match payload {
        Payload::Present(bytes) => (Some(bytes.as_ref()), None, None),
        Payload::Dropped { hash, length } => (None, Some(hash.0), Some(*length)),
    }
}

/// Keeps the roster, instead of an older one.
pub(crate) fn insert_roster(
    connection: &Connection,
    roster: &SignedRoster,
) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO roster (key, bytes, signature) VALUES (1, ?1, ?2)
         ON CONFLICT (key) DO UPDATE SET bytes = ?1, signature = ?2",
        params![roster.bytes, roster.signature.0],
    )?;
    Ok(())
}

fn put_branch(batch: &mut Batch<'_>, branch: &SignedBranch) -> Result<(), Fault> {
    batch.forget_rights();
    let parent = Branch::decode(&branch.bytes).map_err(|_| Fault::Damaged("branch"))?;
    Ok(insert_branch(batch.connection, &parent.parent, branch)?)
}

/// Keeps the branch of a node, instead of an older one.
pub(crate) fn insert_branch(
    connection: &Connection,
    parent: &NodeId,
    branch: &SignedBranch,
) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO branch (parent, bytes, signature) VALUES (?1, ?2, ?3)
         ON CONFLICT (parent) DO UPDATE SET bytes = ?2, signature = ?3",
        params![parent.0, branch.bytes, branch.signature.0],
    )?;
    Ok(())
}

fn put_epoch(batch: &Batch<'_>, epoch: Epoch) -> Result<(), Fault> {
    batch
        .connection
        .execute("UPDATE meta SET value = ?1 WHERE name = 'epoch'", [epoch.0])?;
    Ok(())
}

fn put_receipts(
    batch: &mut Batch<'_>,
    space: &SpaceId,
    receipts: &[SignedReceipt],
) -> Result<(), Fault> {
    let key = batch.space(space)?;
    for signed in receipts {
        let receipt = Receipt::decode(&signed.bytes).map_err(|_| Fault::Damaged("receipt"))?;
        batch
            .connection
            .prepare_cached(
                "INSERT INTO receipt (space, node, bytes, signature) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (space, node) DO UPDATE SET bytes = ?3, signature = ?4",
            )?
            .execute(params![
                key.0,
                receipt.node.0,
                signed.bytes,
                signed.signature.0
            ])?;
    }
    Ok(())
}

/// Whether the space has other stewards than before, the first manifest excepted.
fn put_manifest(
    batch: &mut Batch<'_>,
    space: &SpaceId,
    manifest: &SignedManifest,
) -> Result<bool, Fault> {
    batch.forget_rights();
    let before: Option<Vec<u8>> = batch
        .connection
        .query_row(
            "SELECT manifest FROM space WHERE id = ?1",
            [space.0],
            |row| row.get(0),
        )
        .optional()?;
    let handovers = |bytes: &[u8]| {
        let manifest = Manifest::decode(bytes).map_err(|_| Fault::Damaged("manifest"))?;
        Ok::<_, Fault>(manifest.handovers)
    };
    let changed = match before {
        Some(before) => handovers(&before)? != handovers(&manifest.bytes)?,
        None => false,
    };
    batch.connection.execute(
        "INSERT INTO space (id, manifest, signature, heads_digest)
         VALUES (?1, ?2, ?3, zeroblob(32))
         ON CONFLICT (id) DO UPDATE SET manifest = ?2, signature = ?3",
        params![space.0, manifest.bytes, manifest.signature.0],
    )?;
    Ok(changed)
}

/// Applies what counts now and did not, or begins anew when something counts no longer. Feeds
/// that are not listed stay as they are.
fn permit(
    batch: &mut Batch<'_>,
    space: &SpaceId,
    permitted: &[(FeedId, u64)],
) -> Result<(), Fault> {
    let permitted: BTreeMap<_, _> = permitted.iter().copied().collect();
    let mut feeds = Vec::new();
    for feed in feeds_of(batch, space)? {
        let state = batch.feed(space, &feed)?;
        let until = permitted
            .get(&feed)
            .map_or(state.applied, |until| state.length.min(*until));
        feeds.push((feed, state, until));
    }
    if feeds.iter().any(|(_, state, until)| *until < state.applied) {
        forget_documents(batch, space)?;
        for (_, state, _) in &mut feeds {
            state.applied = 0;
        }
    }
    for (feed, mut state, until) in feeds {
        Source::new(space, &feed).apply_stored(batch, state.key, (state.applied, until))?;
        state.applied = until;
        batch.put_feed(space, &feed, state);
    }
    Ok(())
}

/// Applies what counts of every feed of a space from the beginning, after everything that was
/// derived has been forgotten.
pub(crate) fn reapply(batch: &mut Batch<'_>, space: &SpaceId) -> Result<(), Fault> {
    for feed in feeds_of(batch, space)? {
        let state = batch.feed(space, &feed)?;
        Source::new(space, &feed).apply_stored(batch, state.key, (0, state.applied))?;
    }
    Ok(())
}

fn feeds_of(batch: &mut Batch<'_>, space: &SpaceId) -> Result<Vec<FeedId>, Fault> {
    let SpaceKey(key) = batch.space(space)?;
    let mut select = batch
        .connection
        .prepare_cached("SELECT author, epoch FROM feed WHERE space = ?1 ORDER BY key")?;
    let feeds = select.query_map([key], |row| {
        Ok(FeedId {
            author: NodeId(row.get(0)?),
            epoch: Epoch(row.get(1)?),
        })
    })?;
    Ok(feeds.collect::<rusqlite::Result<_>>()?)
}

/// Removes everything that was derived from the entries of a space.
pub(crate) fn forget_documents(batch: &mut Batch<'_>, space: &SpaceId) -> Result<(), Fault> {
    batch.reset()?;
    let SpaceKey(key) = batch.space(space)?;
    let connection = batch.connection;
    let mut select = connection.prepare("SELECT id FROM document WHERE space = ?1")?;
    let ids = select.query_map([key], |row| row.get::<_, [u8; 17]>(0))?;
    for id in ids {
        batch.touch(space, &phaki_documents::kind::DocumentId::from_bytes(&id?));
    }
    crate::search::forget_space(connection, key)?;
    for table in ["change", "waiting", "snapshot", "summary"] {
        let of_space = "(SELECT key FROM document WHERE space = ?1)";
        connection.execute(
            &format!("DELETE FROM {table} WHERE document IN {of_space}"),
            [key],
        )?;
    }
    connection.execute("DELETE FROM document WHERE space = ?1", [key])?;
    connection.execute(
        "UPDATE space SET heads_digest = zeroblob(32) WHERE key = ?1",
        [key],
    )?;
    let mut select = connection.prepare("SELECT key FROM feed WHERE space = ?1")?;
    for feed in select.query_map([key], |row| row.get(0))? {
        let places = crate::place::FeedKey(feed?).places();
        connection.execute(
            "DELETE FROM refused WHERE place BETWEEN ?1 AND ?2",
            [places.start(), places.end()],
        )?;
    }
    batch.reset()
}
