//! Durability: what follows once a write is on disk, and what when it is not.

use std::collections::BTreeMap;

use super::held::{Extent, Feed};
use super::receiving::after;
use super::state::Node;
use super::vaults::{Before, take_back};
use super::{Effect, LinkId, Notice, Now, Refusal, RequestId, WriteId};
use crate::branch::{Branch, SignedBranch};
use crate::entry::EntryKind;
use crate::feed::Run;
use crate::id::{Epoch, FeedId, NodeId, SpaceId};
use crate::manifest::SignedManifest;
use crate::message::{CloseReason, Message, SeveredRun};
use crate::receipt::SignedReceipt;
use crate::roster::{Roster, SignedRoster};
use crate::vault::Kept;

/// What a write is for, and so what is to be done once it is durable.
#[derive(Debug)]
pub(super) enum Purpose {
    Entries {
        space: SpaceId,
        runs: Vec<Run>,
        from: Option<LinkId>,
        request: Option<RequestId>,
    },
    Manifest {
        space: SpaceId,
        signed: SignedManifest,
        request: Option<RequestId>,
    },
    Roster {
        signed: SignedRoster,
        request: Option<RequestId>,
    },
    Branch {
        signed: SignedBranch,
        request: Option<RequestId>,
    },
    /// How many entries count, where another roster changed that.
    Permitted,
    /// A feed ends; `before` when something was cut off.
    Cut {
        space: SpaceId,
        feed: FeedId,
        before: Option<Feed>,
    },
    /// A run that others had to cut off.
    Severed {
        space: SpaceId,
        run: SeveredRun,
    },
    /// Own entries that were published again.
    Republished {
        space: SpaceId,
        runs: Vec<Run>,
    },
    Epoch(Epoch),
    Receipts {
        space: SpaceId,
        receipts: Vec<(NodeId, SignedReceipt)>,
        from: Option<LinkId>,
    },
    /// Statements about people, with what was held of these before.
    Vault {
        space: SpaceId,
        kept: Vec<Kept>,
        before: Before,
        from: Option<LinkId>,
        request: Option<RequestId>,
    },
    VaultLeft,
}

/// The writes under way, in order.
#[derive(Debug, Default)]
pub(super) struct Writes {
    begun: u64,
    under_way: BTreeMap<WriteId, Purpose>,
}

impl Writes {
    pub(super) fn begin(&mut self, purpose: Purpose) -> WriteId {
        self.begun += 1;
        self.under_way.insert(WriteId(self.begun), purpose);
        WriteId(self.begun)
    }

    /// Local requests that wait.
    pub(super) fn requests(&self) -> usize {
        self.under_way
            .values()
            .filter(|purpose| purpose.request().is_some())
            .count()
    }

    /// Whether the feed of entries that became durable is being cut, so that these do not count:
    /// should the cut fail, they are there.
    fn note_before_cut(&mut self, space: &SpaceId, run: &Run) -> bool {
        let mut cutting = false;
        for purpose in self.under_way.values_mut() {
            if let Purpose::Cut {
                space: at,
                feed,
                before: Some(before),
            } = purpose
                && at == space
                && *feed == run.feed
            {
                before.durable = after(before.durable, run);
                cutting = true;
            }
        }
        cutting
    }

    /// Where a feed ends behind the writes under way; `None` when none concerns it.
    pub(super) fn last_extent(&self, space: &SpaceId, feed: &FeedId) -> Option<Extent> {
        let mut extent: Option<Extent> = None;
        for purpose in self.under_way.values() {
            if let Purpose::Entries {
                space: at, runs, ..
            }
            | Purpose::Republished { space: at, runs } = purpose
                && at == space
            {
                for run in runs.iter().filter(|run| run.feed == *feed) {
                    let empty = Extent {
                        length: run.from,
                        head: run.checkpoint.head,
                        bytes: 0,
                    };
                    extent = Some(after(extent.unwrap_or(empty), run));
                }
            }
        }
        extent
    }
}

impl Purpose {
    fn request(&self) -> Option<RequestId> {
        match self {
            Self::Entries { request, .. }
            | Self::Manifest { request, .. }
            | Self::Branch { request, .. }
            | Self::Vault { request, .. }
            | Self::Roster { request, .. } => *request,
            Self::Permitted
            | Self::Cut { .. }
            | Self::Severed { .. }
            | Self::Republished { .. }
            | Self::Receipts { .. }
            | Self::VaultLeft
            | Self::Epoch(_) => None,
        }
    }
}

impl Node {
    pub(super) fn stored(&mut self, now: Now, write: WriteId, out: &mut Vec<Effect>) {
        let Some(purpose) = self.writes.under_way.remove(&write) else {
            return;
        };
        if let Some(request) = purpose.request() {
            out.push(Effect::Accept { request });
        }
        match purpose {
            Purpose::Entries {
                space, runs, from, ..
            } => {
                self.entries_stored(now, space, &runs, from, out);
            }
            Purpose::Manifest { space, signed, .. } => {
                self.manifest_stored(space, signed, out);
                self.list_severed(space, out);
                // Somebody may be there now who wants to know.
                self.receipt_becomes_due(now, &space);
                self.follow_vault_rights(now, out);
            }
            Purpose::Roster { signed, .. } => {
                self.roster_stored(signed, out);
                self.list_all_severed(out);
                self.follow_vault_rights(now, out);
            }
            Purpose::Branch { signed, .. } => {
                self.branch_stored(signed, out);
                self.follow_vault_rights(now, out);
            }
            Purpose::Permitted => self.list_all_severed(out),
            Purpose::Vault {
                space, kept, from, ..
            } => self.statements_stored(space, &kept, from, out),
            Purpose::VaultLeft => {}
            Purpose::Cut {
                space,
                feed,
                before,
            } => self.cut_stored(now, space, feed, before, out),
            Purpose::Severed { space, run } => self.severed_stored(now, space, run, out),
            Purpose::Republished { space, runs } => {
                self.entries_stored(now, space, &runs, None, out);
                self.recall_more(space, out);
            }
            Purpose::Receipts {
                space,
                receipts,
                from,
            } => self.receipts_stored(space, &receipts, from, out),
            Purpose::Epoch(epoch) => self.epoch_stored(now, epoch, out),
        }
    }

    fn entries_stored(
        &mut self,
        now: Now,
        space: SpaceId,
        runs: &[Run],
        from: Option<LinkId>,
        out: &mut Vec<Effect>,
    ) {
        let Some(held) = self.spaces.get_mut(&space) else {
            return;
        };
        let mut lengths = BTreeMap::new();
        for run in runs {
            if self.writes.note_before_cut(&space, run) {
                continue;
            }
            if let Some(feed) = held.feeds.get(&run.feed).copied() {
                let durable = after(feed.durable, run);
                let counted = held.manifest.permitted(&self.roster, &run.feed);
                if feed.durable.length <= counted && counted < durable.length {
                    let feed = run.feed;
                    out.push(Effect::Notice(Notice::Quarantined {
                        space,
                        feed,
                        counted,
                    }));
                }
                lengths.insert(run.feed, durable.length);
                held.set_durable(&run.feed, durable);
            }
        }
        if let Some(link) = from
            && let Some(session) = self.sessions.get_mut(&link)
        {
            let bytes: usize = runs.iter().map(Run::bytes).sum();
            session.receiving = session.receiving.saturating_sub(bytes);
            // The manifest may have changed between arrival and durability.
            if held.is_shared_with(&self.roster, &session.peer) {
                let feeds = lengths
                    .iter()
                    .map(|(feed, length)| (*feed, *length))
                    .collect();
                let message = Message::Ack { space, feeds };
                out.push(Effect::Send { link, message });
            }
        }
        self.spread(now, space, runs, from, out);
        for feed in lengths.keys() {
            self.ask_progressed(now, space, *feed);
            let behind = self
                .spaces
                .get(&space)
                .is_some_and(|held| held.behind.contains_key(feed));
            if behind {
                self.ask_anybody(now, space, *feed, out);
            }
        }
        let feeds: Vec<FeedId> = lengths.into_keys().collect();
        for feed in &feeds {
            self.trim(space, *feed, out);
        }
        self.freeze_if_inactive(space, &feeds, out);
        self.receipt_becomes_due(now, &space);
        if runs.iter().any(publishes_again) {
            self.list_severed(space, out);
        }
        if let Some(link) = from {
            self.notice_sync(link, out);
        }
    }

    fn undo(&mut self, purpose: Purpose) {
        match purpose {
            Purpose::Cut {
                space,
                feed,
                before,
            } => {
                if let Some(held) = self.spaces.get_mut(&space) {
                    // Whoever holds the proof tells it again.
                    held.cuts.remove(&feed);
                    if let Some(before) = before {
                        held.restore(feed, before);
                    }
                }
            }
            Purpose::Vault { space, before, .. } => {
                if let Some(held) = self.spaces.get_mut(&space) {
                    take_back(&mut held.vault, before);
                }
            }
            // The next proof of another life asks for another epoch.
            Purpose::Epoch(_) => self.superseded = false,
            Purpose::Entries { .. }
            | Purpose::Manifest { .. }
            | Purpose::Roster { .. }
            | Purpose::Branch { .. }
            | Purpose::Permitted
            | Purpose::Severed { .. }
            | Purpose::Receipts { .. }
            | Purpose::VaultLeft
            | Purpose::Republished { .. } => {}
        }
    }

    pub(super) fn store_failed(&mut self, out: &mut Vec<Effect>) {
        for (_, purpose) in std::mem::take(&mut self.writes.under_way).into_iter().rev() {
            if let Some(request) = purpose.request() {
                out.push(Effect::Refuse {
                    request,
                    refusal: Refusal::Storage,
                });
            }
            self.undo(purpose);
        }
        self.recalling.clear();
        self.spaces.retain(|_, held| held.revert());
        self.signed_roster = self.durable_roster.clone();
        let opened = |(parent, signed): (&NodeId, &SignedBranch)| {
            let branch = Branch::decode(&signed.bytes).ok()?;
            Some((*parent, (branch, signed.clone())))
        };
        self.branches = self.durable_branches.iter().filter_map(opened).collect();
        if let Ok(roster) = Roster::decode(&self.durable_roster.bytes) {
            let branches = self.branches.values().map(|(branch, _)| branch);
            self.roster = roster.with_branches(branches);
        }
        // What was asked for and received is forgotten with the sessions; the next ones begin
        // at what is durable.
        for link in self.sessions.keys().copied().collect::<Vec<_>>() {
            self.close(link, CloseReason::Storage, out);
        }
    }
}

/// Whether a run may settle something that was cut off.
fn publishes_again(run: &Run) -> bool {
    let mut entries = run.entries.iter();
    entries.any(|entry| entry.kind == EntryKind::REPUBLISHED)
}
