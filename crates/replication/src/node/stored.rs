//! Durability: what follows once a write is on disk, and what when it is not.

use std::collections::BTreeMap;

use super::held::Extent;
use super::receiving::after;
use super::state::Node;
use super::{Effect, LinkId, Now, Refusal, RequestId, WriteId};
use crate::feed::Run;
use crate::id::{FeedId, SpaceId};
use crate::manifest::SignedManifest;
use crate::message::{CloseReason, Message};
use crate::roster::{Roster, SignedRoster};

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

    /// Where a feed ends behind the writes under way; `None` when none concerns it.
    pub(super) fn last_extent(&self, space: &SpaceId, feed: &FeedId) -> Option<Extent> {
        let mut extent: Option<Extent> = None;
        for purpose in self.under_way.values() {
            if let Purpose::Entries {
                space: at, runs, ..
            } = purpose
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
            | Self::Roster { request, .. } => *request,
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
            Purpose::Manifest { space, signed, .. } => self.manifest_stored(space, signed, out),
            Purpose::Roster { signed, .. } => self.roster_stored(signed, out),
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
            if let Some(feed) = held.feeds.get(&run.feed).copied() {
                let durable = after(feed.durable, run);
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
            if held.is_shared_with(&session.peer) {
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
        if let Some(link) = from {
            self.notice_sync(link, out);
        }
    }

    pub(super) fn store_failed(&mut self, out: &mut Vec<Effect>) {
        for (_, purpose) in std::mem::take(&mut self.writes.under_way) {
            if let Some(request) = purpose.request() {
                out.push(Effect::Refuse {
                    request,
                    refusal: Refusal::Storage,
                });
            }
        }
        self.spaces.retain(|_, held| held.revert());
        self.signed_roster = self.durable_roster.clone();
        if let Ok(roster) = Roster::decode(&self.durable_roster.bytes) {
            self.roster = roster;
        }
        // What was asked for and received is forgotten with the sessions; the next ones begin
        // at what is durable.
        for link in self.sessions.keys().copied().collect::<Vec<_>>() {
            self.close(link, CloseReason::Storage, out);
        }
    }
}
