//! Entries in quarantine for people: listed, shown, adopted by the steward, discarded.

mod effect;
mod naming;

use std::collections::BTreeMap;
use std::sync::Arc;

use phaki_documents::DocumentId;
use phaki_documents::change::summarise;
use phaki_replication::entry::EntryKind;
use phaki_replication::id::{NodeId, SpaceId};
use phaki_replication::node::NewEntry;
use phaki_replication::republish::Republished;
use phaki_store::Reader;
use phaki_store::limits::ROWS_MAX;
use phaki_store::reader::{QuarantineFilter, QuarantinedRow};
use phaki_wire::proto::local::v1 as pb;
use tokio::sync::Mutex;
use tonic::Code;

use self::naming::{pick, reason, short_id};
use super::denial::Denial;
use super::find;
use super::workers::Workers;
use crate::audit::{Audit, Deed};
use crate::node_loop::{InForce, Journal, NodeRequests};
use crate::quote::quoted;

/// What decisions about entries in quarantine need.
#[derive(Clone, Debug)]
pub(super) struct Quarantine {
    pub(super) requests: NodeRequests,
    pub(super) journal: Journal,
    pub(super) audit: Audit,
    pub(super) reader: Reader,
    pub(super) workers: Workers,
    /// One decision after the other, so that nothing is published twice.
    pub(super) turn: Arc<Mutex<()>>,
}

impl Quarantine {
    pub(super) async fn list(
        &self,
        request: pb::ListQuarantineRequest,
    ) -> Result<pb::ListQuarantineReply, Denial> {
        let in_force = self.requests.in_force();
        let space = find::optional_space(&in_force, &request.space)?;
        let reader = self.reader.clone();
        let list = move || {
            let rows = rows(&reader, space, None, request.all)?;
            let more = [true, false].iter().any(|severed| {
                let of_kind = rows.iter().filter(|row| row.severed == *severed);
                of_kind.count() >= ROWS_MAX
            });
            let mut titles = Titles::default();
            let entries = rows
                .iter()
                .map(|row| to_wire(&reader, &in_force, &mut titles, row))
                .collect::<Result<_, _>>()?;
            Ok(pb::ListQuarantineReply { entries, more })
        };
        self.workers.run(list).await
    }

    pub(super) async fn show(
        &self,
        request: pb::ShowQuarantinedRequest,
    ) -> Result<pb::ShowQuarantinedReply, Denial> {
        let (in_force, reader) = (self.requests.in_force(), self.reader.clone());
        let show = move || {
            let rows = rows(&reader, None, None, true)?;
            let row = pick(&rows, &request.id)?;
            let entry = to_wire(&reader, &in_force, &mut Titles::default(), row)?;
            let effect = effect::of(&reader, row, &rows)?;
            Ok(pb::ShowQuarantinedReply {
                entry: Some(entry),
                ..effect
            })
        };
        self.workers.run(show).await
    }

    pub(super) async fn adopt(
        &self,
        request: pb::AdoptQuarantinedRequest,
    ) -> Result<pb::AdoptQuarantinedReply, Denial> {
        let _turn = self.turn.lock().await;
        let in_force = self.requests.in_force();
        let (reader, known) = (self.reader.clone(), Arc::clone(&in_force));
        let choose = move || chosen(&reader, &known, &request);
        let rows = self.workers.run(choose).await?;
        let Some(space) = one_space(&in_force, &rows)? else {
            return Ok(pb::AdoptQuarantinedReply::default());
        };
        let name = in_force.space_name(&space);
        check_steward(&in_force, &space)?;
        let (already, rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.republished);
        let adopted: Vec<_> = rows.iter().map(short_id).collect();
        let entries: Vec<_> = rows.iter().filter_map(again).collect();
        if !entries.is_empty() {
            let detail = format!("{}: {}", entries.len(), adopted.join(" "));
            let audit = self.audit.act(Deed::EntriesAdopted, space, detail);
            let epoch = in_force.epoch;
            let append = self.requests.append(epoch, space, entries, vec![audit]);
            let appended = append.await;
            appended.map_err(|error| Denial::of_request(&format!("space {name}"), &error))?;
        }
        Ok(pb::AdoptQuarantinedReply {
            adopted,
            already: already.iter().map(short_id).collect(),
        })
    }

    pub(super) async fn discard(
        &self,
        request: pb::DiscardQuarantinedRequest,
    ) -> Result<pb::DiscardQuarantinedReply, Denial> {
        if request.ids.is_empty() {
            return Err(nothing_named());
        }
        let _turn = self.turn.lock().await;
        let reader = self.reader.clone();
        let choose = move || by_ids(&reader, None, &request.ids);
        let rows = self.workers.run(choose).await?;
        let (already, rows): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(QuarantinedRow::is_settled);
        let mut discarded = Vec::new();
        let mut by_space: BTreeMap<SpaceId, Vec<QuarantinedRow>> = BTreeMap::new();
        for row in rows {
            by_space.entry(row.space).or_default().push(row);
        }
        for (space, rows) in by_space {
            let ids: Vec<_> = rows.iter().map(short_id).collect();
            let detail = format!("{}: {}", ids.len(), ids.join(" "));
            let audit = self.audit.act(Deed::EntriesDiscarded, space, detail);
            let marked = self.journal.discard(rows, audit).await;
            marked.map_err(Denial::unwritten)?;
            discarded.extend(ids);
        }
        Ok(pb::DiscardQuarantinedReply {
            discarded,
            already: already.iter().map(short_id).collect(),
        })
    }
}

fn rows(
    reader: &Reader,
    space: Option<SpaceId>,
    author: Option<NodeId>,
    settled: bool,
) -> Result<Vec<QuarantinedRow>, Denial> {
    let filter = QuarantineFilter {
        space,
        author,
        settled,
        limit: ROWS_MAX,
    };
    reader.quarantined(&filter).map_err(Denial::unreadable)
}

/// The entry as it is published again; `None` when that would give it no effect.
fn again(row: &QuarantinedRow) -> Option<NewEntry> {
    let (_, change) = row.change()?;
    summarise(change).ok()?;
    Some(NewEntry {
        kind: EntryKind::REPUBLISHED,
        payload: Republished::again(&row.feed, row.seq, &row.entry)?,
    })
}

/// What a request to adopt means; what was adopted before is among it.
fn chosen(
    reader: &Reader,
    in_force: &InForce,
    request: &pb::AdoptQuarantinedRequest,
) -> Result<Vec<QuarantinedRow>, Denial> {
    let space = find::optional_space(in_force, &request.space)?;
    let by_what = !request.document.is_empty() || !request.author.is_empty();
    if by_what != request.ids.is_empty() {
        return Err(nothing_named());
    }
    if !by_what {
        let rows = by_ids(reader, space, &request.ids)?;
        let useless = rows.iter().find(|row| again(row).is_none());
        return match useless {
            None => Ok(rows),
            Some(row) => Err(Denial::invalid(format!(
                "entry {} is no change that could count: `phaki quarantine show` says why, and \
                 `phaki quarantine discard` puts it out of sight",
                short_id(row)
            ))),
        };
    }
    let author = match request.author.as_str() {
        "" => None,
        text => Some(find_author(in_force, text)?),
    };
    let mut rows = rows(reader, space, author, true)?;
    rows.retain(|row| {
        let document = row.document().map(|document| document.to_string());
        let document = document.is_some_and(|id| id.starts_with(&request.document));
        document && (row.republished || !row.discarded) && again(row).is_some()
    });
    Ok(rows)
}

fn by_ids(
    reader: &Reader,
    space: Option<SpaceId>,
    ids: &[String],
) -> Result<Vec<QuarantinedRow>, Denial> {
    let rows = rows(reader, space, None, true)?;
    let mut chosen: Vec<QuarantinedRow> = Vec::new();
    for id in ids {
        let row = pick(&rows, id)?;
        if !chosen.contains(row) {
            chosen.push(row.clone());
        }
    }
    // As their author made them, whatever the order in which they were named.
    chosen.sort_by_key(|row| (row.space, row.feed, row.seq));
    Ok(chosen)
}

fn nothing_named() -> Denial {
    Denial::invalid(
        "name entries by their ids, or else a document or an author: `phaki quarantine list` \
         shows them",
    )
}

fn find_author(in_force: &InForce, text: &str) -> Result<NodeId, Denial> {
    let roster = &in_force.roster;
    roster
        .find(text)
        .or_else(|| NodeId::from_hex(text))
        .ok_or_else(|| {
            let sentence = format!(
                "there is no node {} in the federation: `phaki quarantine list` names the authors",
                quoted(text)
            );
            Denial::new(Code::NotFound, "unknown-node", sentence)
        })
}

/// The space in which all of them are; `None` without any.
fn one_space(in_force: &InForce, rows: &[QuarantinedRow]) -> Result<Option<SpaceId>, Denial> {
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    match rows.iter().find(|row| row.space != first.space) {
        None => Ok(Some(first.space)),
        Some(other) => Err(Denial::invalid(format!(
            "these entries are in the spaces {} and {}: adopt those of one space at a time, with \
             --space",
            in_force.space_name(&first.space),
            in_force.space_name(&other.space)
        ))),
    }
}

fn check_steward(in_force: &InForce, space: &SpaceId) -> Result<(), Denial> {
    let manifest = in_force.spaces.get(space);
    let steward = manifest.map(phaki_replication::manifest::Manifest::steward);
    if manifest.is_some_and(|manifest| manifest.is_steward(&in_force.roster, &in_force.node)) {
        return Ok(());
    }
    let name = in_force.space_name(space);
    let steward = steward.map(|node| in_force.name(&in_force.roster.newest(&node)));
    let sentence = format!(
        "only {}, the steward of space {name}, can adopt entries: run the command there",
        steward.unwrap_or_default()
    );
    let code = Code::FailedPrecondition;
    Err(Denial::new(code, "not-steward", sentence))
}

/// Titles of documents that were looked up.
#[derive(Debug, Default)]
struct Titles(BTreeMap<(SpaceId, DocumentId), String>);

impl Titles {
    fn of(&mut self, reader: &Reader, key: (SpaceId, DocumentId)) -> Result<String, Denial> {
        if let Some(title) = self.0.get(&key) {
            return Ok(title.clone());
        }
        let row = reader.document(&key.0, &key.1);
        let row = row.map_err(Denial::unreadable)?;
        let title = row.and_then(|row| row.summary).map(|summary| summary.title);
        let title = title.unwrap_or_default();
        self.0.insert(key, title.clone());
        Ok(title)
    }
}

fn to_wire(
    reader: &Reader,
    in_force: &InForce,
    titles: &mut Titles,
    row: &QuarantinedRow,
) -> Result<pb::QuarantinedEntry, Denial> {
    let (mut document, mut title, mut waiting) = (String::new(), String::new(), 0);
    if let Some((id, change)) = row.change() {
        document = id.to_string();
        title = titles.of(reader, (row.space, id))?;
        if let Ok(summary) = summarise(change) {
            let count = reader.waiting_for(&row.space, &id, &summary.hash);
            waiting = count.map_err(Denial::unreadable)?;
        }
    }
    let state = match (row.republished, row.discarded) {
        (true, _) => "adopted",
        (false, true) => "discarded",
        (false, false) => "waiting",
    };
    Ok(pb::QuarantinedEntry {
        id: short_id(row),
        space: in_force.space_name(&row.space),
        author: in_force.name(&row.feed.author),
        author_key: row.feed.author.to_string(),
        document,
        title,
        position: row.seq,
        epoch: row.feed.epoch.to_string(),
        time_ms: row.entry.time_ms,
        reason: reason(in_force, row).to_owned(),
        state: state.to_owned(),
        waiting,
    })
}
