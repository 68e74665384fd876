//! The index of a document's changes in SQL: which are applied, which wait and for what.

use std::collections::VecDeque;

use phaki_documents::causal::{ChangeIndex, ChangeLink, ChangeState, MissingKey, Refusal, Waiting};
use phaki_documents::change::{ChangeHash, summarise};
use phaki_documents::kind::DocumentId;
use phaki_replication::entry::EntryKind;
use phaki_replication::id::SpaceId;
use rusqlite::{OptionalExtension, params};

use crate::apply::refuse;
use crate::batch::{Batch, DocumentState};
use crate::change_entry;
use crate::fault::Fault;
use crate::place::Place;

/// The link of a change that was admitted once, read again from its entry.
fn link_of(kind: EntryKind, payload: &[u8]) -> Option<ChangeLink> {
    let (decoded, _) = change_entry::decode(kind, payload)?;
    let summary = summarise(decoded.change).ok()?;
    Some(ChangeLink::of(&summary))
}

const APPLIED: i64 = 1;
const WAITING: i64 = 2;
const REFUSED: i64 = 3;
const DUPLICATE: i64 = 4;

/// Changes of a document that are remembered while its row is: one that follows asks for the last
/// few, twice.
const REMEMBERED_MAX: usize = 8;

/// What was last found out about changes of a document.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent {
    /// Applied changes with their last operation.
    applied: VecDeque<(ChangeHash, u64)>,
    /// Which change has a sequence number of an actor.
    sequences: VecDeque<(Vec<u8>, u64, ChangeHash)>,
}

impl Recent {
    fn applied(&self, hash: &ChangeHash) -> Option<u64> {
        let mut known = self.applied.iter().rev();
        known
            .find(|(known, _)| known == hash)
            .map(|(_, last)| *last)
    }

    fn sequence(&self, actor: &[u8], seq: u64) -> Option<ChangeHash> {
        let mut known = self.sequences.iter().rev();
        let found = known.find(|(known, number, _)| known == actor && *number == seq);
        found.map(|(.., hash)| *hash)
    }

    fn note_applied(&mut self, hash: ChangeHash, last_op: u64) {
        note(&mut self.applied, (hash, last_op));
    }

    fn note_sequence(&mut self, actor: &[u8], seq: u64, hash: ChangeHash) {
        note(&mut self.sequences, (actor.to_vec(), seq, hash));
    }
}

/// Instead of the oldest, when there are enough.
fn note<T>(known: &mut VecDeque<T>, news: T) {
    if known.len() >= REMEMBERED_MAX {
        known.pop_front();
    }
    known.push_back(news);
}

/// The changes of one document, while one of them is admitted. [`Self::close`] it afterwards;
/// when admitting failed the transaction is lost anyway.
pub(crate) struct DocumentIndex<'a, 'c> {
    batch: &'a mut Batch<'c>,
    space: SpaceId,
    document: DocumentId,
    row: Option<DocumentState>,
}

impl<'a, 'c> DocumentIndex<'a, 'c> {
    pub(crate) fn open(
        batch: &'a mut Batch<'c>,
        space: SpaceId,
        document: DocumentId,
    ) -> Result<Self, Fault> {
        let row = batch.take_document(&space, &document)?;
        Ok(Self {
            batch,
            space,
            document,
            row,
        })
    }

    pub(crate) fn close(mut self) {
        if let Some(row) = self.row.take() {
            self.batch.put_document(&self.space, &self.document, row);
        }
    }

    fn row(&mut self) -> Result<&mut DocumentState, Fault> {
        let row = match self.row.take() {
            Some(row) => row,
            None => self.batch.insert_document(&self.space, &self.document)?,
        };
        Ok(self.row.insert(row))
    }

    fn put(&mut self, link: &ChangeLink, place: Place, state: i64) -> Result<i64, Fault> {
        let row = self.row()?;
        let position = (state == APPLIED).then_some(row.changes);
        row.changes += u64::from(state == APPLIED);
        row.waiting += u64::from(state == WAITING);
        if state != DUPLICATE {
            row.recent.note_sequence(&link.actor, link.seq, link.hash);
        }
        if state == APPLIED {
            row.recent.note_applied(link.hash, link.last_op);
        }
        let key = row.key;
        self.batch.statements.put_change.execute(params![
            key,
            link.hash,
            place.0,
            link.actor,
            link.seq,
            link.last_op,
            state,
            position
        ])?;
        Ok(key)
    }
}

impl ChangeIndex for DocumentIndex<'_, '_> {
    type Place = Place;
    type Error = Fault;

    fn state(&mut self, _: &DocumentId, hash: &ChangeHash) -> Result<Option<ChangeState>, Fault> {
        let Some(row) = &mut self.row else {
            return Ok(None);
        };
        if let Some(last_op) = row.recent.applied(hash) {
            return Ok(Some(ChangeState::Applied { last_op }));
        }
        let found = self
            .batch
            .statements
            .find_change
            .query_row(params![row.key, hash], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        match found {
            None => Ok(None),
            Some((APPLIED, last_op)) => {
                row.recent.note_applied(*hash, last_op);
                Ok(Some(ChangeState::Applied { last_op }))
            }
            Some((WAITING, _)) => Ok(Some(ChangeState::Waiting)),
            Some((REFUSED | DUPLICATE, _)) => Ok(Some(ChangeState::Refused)),
            Some(_) => Err(Fault::Damaged("state of a change")),
        }
    }

    fn hash_of(
        &mut self,
        _: &DocumentId,
        actor: &[u8],
        seq: u64,
    ) -> Result<Option<ChangeHash>, Fault> {
        let Some(row) = &mut self.row else {
            return Ok(None);
        };
        if let Some(hash) = row.recent.sequence(actor, seq) {
            return Ok(Some(hash));
        }
        let found: Option<ChangeHash> = self
            .batch
            .statements
            .find_sequence
            .query_row(params![row.key, actor, seq], |row| row.get(0))
            .optional()?;
        if let Some(hash) = found {
            row.recent.note_sequence(actor, seq, hash);
        }
        Ok(found)
    }

    fn put_applied(
        &mut self,
        _: &DocumentId,
        link: &ChangeLink,
        place: Place,
    ) -> Result<(), Fault> {
        self.put(link, place, APPLIED)?;
        Ok(())
    }

    fn put_waiting(
        &mut self,
        _: &DocumentId,
        link: &ChangeLink,
        missing: &MissingKey,
        place: Place,
    ) -> Result<(), Fault> {
        let key = self.put(link, place, WAITING)?;
        self.batch
            .connection
            .prepare_cached(
                "INSERT INTO waiting (document, missing, hash, place, link)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![key, missing, link.hash, place.0, link.to_bytes()])?;
        Ok(())
    }

    fn put_refused(
        &mut self,
        _: &DocumentId,
        link: &ChangeLink,
        refusal: Refusal,
        place: Place,
    ) -> Result<(), Fault> {
        // A refused change keeps its sequence number. If it lost it, whether a later change with
        // that number counts would depend on whether the refusal or the later change came first.
        let state = match refusal {
            Refusal::DuplicateSequence => DUPLICATE,
            Refusal::BadOperationNumbers => REFUSED,
        };
        self.put(link, place, state)?;
        refuse(self.batch.connection, place, &refusal)
    }

    fn take_waiting_for(
        &mut self,
        _: &DocumentId,
        missing: &MissingKey,
    ) -> Result<Vec<Waiting<Place>>, Fault> {
        let mut taken = Vec::new();
        let Some(row) = self.row.as_mut().filter(|row| row.waiting > 0) else {
            return Ok(taken);
        };
        let mut delete = self.batch.connection.prepare_cached(
            "DELETE FROM waiting WHERE document = ?1 AND missing = ?2 RETURNING place, link",
        )?;
        let mut rows = delete.query(params![row.key, missing])?;
        while let Some(found) = rows.next()? {
            let link = ChangeLink::from_bytes(found.get_ref(1)?.as_blob()?)
                .ok_or(Fault::Damaged("waiting change"))?;
            taken.push(Waiting {
                link,
                place: Place(found.get(0)?),
            });
            row.waiting = row.waiting.saturating_sub(1);
        }
        Ok(taken)
    }

    fn take_all(&mut self, _: &DocumentId) -> Result<Vec<Waiting<Place>>, Fault> {
        let mut taken = Vec::new();
        let Some(row) = self.row.as_mut() else {
            return Ok(taken);
        };
        let connection = self.batch.connection;
        let mut select = connection.prepare_cached(
            "SELECT change.place, entry.kind, entry.payload
             FROM change JOIN entry ON entry.place = change.place WHERE document = ?1",
        )?;
        let mut rows = select.query([row.key])?;
        while let Some(found) = rows.next()? {
            let place = Place(found.get(0)?);
            let payload = found.get_ref(2)?.as_blob()?;
            let kind = EntryKind(found.get(1)?);
            let link = link_of(kind, payload).ok_or(Fault::Damaged("applied change"))?;
            taken.push(Waiting { link, place });
        }
        for waiting in &taken {
            connection
                .prepare_cached("DELETE FROM refused WHERE place = ?1")?
                .execute([waiting.place.0])?;
        }
        for table in ["change", "waiting", "snapshot"] {
            connection.execute(
                &format!("DELETE FROM {table} WHERE document = ?1"),
                [row.key],
            )?;
        }
        row.heads.clear();
        (row.changes, row.waiting) = (0, 0);
        row.recent = Recent::default();
        Ok(taken)
    }

    fn heads(&mut self, _: &DocumentId) -> Result<Vec<ChangeHash>, Fault> {
        Ok(self
            .row
            .as_ref()
            .map(|row| row.heads.clone())
            .unwrap_or_default())
    }

    fn set_heads(&mut self, _: &DocumentId, heads: &[ChangeHash]) -> Result<(), Fault> {
        heads.clone_into(&mut self.row()?.heads);
        self.batch.touch(&self.space, &self.document);
        Ok(())
    }
}
