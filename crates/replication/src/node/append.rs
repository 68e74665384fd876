//! Local appends: made into signed runs, stored, then accepted.

use super::state::Node;
use super::stored::Purpose;
use super::{Change, Effect, NewEntry, Now, Refusal, RequestId};
use crate::entry::{Entry, Payload};
use crate::feed::Run;
use crate::id::{Epoch, SpaceId};
use crate::limits::{APPEND_BYTES_MAX, APPENDS_PENDING_MAX, RUN_ENTRIES_MAX, SIGNED_BYTES_TARGET};

impl Node {
    pub(super) fn append(
        &mut self,
        now: Now,
        request: RequestId,
        epoch: Epoch,
        space: SpaceId,
        entries: Vec<NewEntry>,
        out: &mut Vec<Effect>,
    ) {
        // Changes are made under actor ids of the epoch.
        let outdated = (epoch != self.epoch).then_some(Refusal::Superseded);
        if let Some(refusal) = outdated.or(self.may_append(space, &entries).err()) {
            out.push(Effect::Refuse { request, refusal });
            return;
        }
        if entries.is_empty() {
            out.push(Effect::Accept { request });
            return;
        }
        let runs = runs_of(self, now, space, entries);
        let kept = runs.iter().map(|(run, _)| run.clone()).collect();
        let purpose = Purpose::Entries {
            space,
            runs: kept,
            from: None,
            request: Some(request),
        };
        let effect = self.store(Change::Runs { space, runs }, purpose);
        out.push(effect);
    }

    pub(super) fn may_append(&self, space: SpaceId, entries: &[NewEntry]) -> Result<(), Refusal> {
        if self.superseded {
            return Err(Refusal::Superseded);
        }
        let held = self.spaces.get(&space).ok_or(Refusal::UnknownSpace)?;
        let feed = self.own_feed();
        if held.cut(&feed).is_some() {
            return Err(Refusal::Superseded);
        }
        let length = held.pending(&self.federation, &feed).length;
        let count = u64::try_from(entries.len()).unwrap_or(u64::MAX);
        if length.saturating_add(count) > held.manifest.permitted(&self.roster, &feed) {
            return Err(Refusal::NotWriter);
        }
        let oversized = entries
            .iter()
            .any(|entry| entry.payload.len() > entry.kind.payload_bytes_max());
        let total: usize = entries.iter().map(|entry| entry.payload.len()).sum();
        if oversized || total > APPEND_BYTES_MAX {
            return Err(Refusal::TooLarge);
        }
        if length == 0 && !held.has_place_for(&self.roster, &feed) {
            return Err(Refusal::Limit);
        }
        if self.writes.requests() >= APPENDS_PENDING_MAX {
            return Err(Refusal::Busy);
        }
        Ok(())
    }
}

/// Entries as signed runs behind what is held of the own feed; they are taken as arrived.
pub(super) fn runs_of(
    node: &mut Node,
    now: Now,
    space: SpaceId,
    entries: Vec<NewEntry>,
) -> Vec<(Run, u64)> {
    let feed = node.own_feed();
    let mut runs = Vec::new();
    for entries in chunks(now, entries) {
        let Some(held) = node.spaces.get(&space) else {
            return runs;
        };
        let at = held.pending(&node.federation, &feed);
        let start = (at.length, at.head);
        let run = Run::sign(&node.key, &node.federation, &space, feed, start, entries);
        let permitted = node.admit(space, &run);
        runs.push((run, permitted));
    }
    runs
}

/// Cuts entries into pieces that fit one run each.
fn chunks(now: Now, entries: Vec<NewEntry>) -> Vec<Vec<Entry>> {
    let mut chunks: Vec<Vec<Entry>> = Vec::new();
    let mut bytes = 0;
    for NewEntry { kind, payload } in entries {
        let full =
            |chunk: &Vec<Entry>| chunk.len() >= RUN_ENTRIES_MAX || bytes >= SIGNED_BYTES_TARGET;
        if chunks.last().is_none_or(full) {
            chunks.push(Vec::new());
            bytes = 0;
        }
        bytes += payload.len();
        let entry = Entry {
            kind,
            time_ms: now.wall_ms,
            payload: Payload::Present(payload),
        };
        chunks
            .last_mut()
            .expect("a chunk was just made")
            .push(entry);
    }
    chunks
}
