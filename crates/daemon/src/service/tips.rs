//! Documents as their last local edits left them, durable or not.
//!
//! The next edit of a document builds on the last one without waiting for the disk. Each is still
//! answered only when it is durable. When a write fails, everything that built on it fails with it
//! (see [`crate::node_loop::NodeRequests::begin_append`]), and the document is loaded again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use phaki_documents::Document;
use phaki_documents::change::ChangeHash;
use phaki_documents::document::ChangeBytes;
use phaki_replication::id::{Epoch, FeedId};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::find::Found;
use crate::limits::{TIP_IDLE_MAX, TIPS_CHANGES_MAX, TIPS_MAX};

/// A document with the edits of this process that were appended since it was loaded.
#[derive(Debug)]
pub(super) struct Tip {
    pub(super) document: Document,
    /// Of the next edit.
    pub(super) actor: [u8; 24],
    /// Writes that had failed when it was loaded.
    pub(super) failures: u64,
    epoch: Epoch,
    /// Applied changes when it was loaded, and since.
    changes: u64,
    /// The heads with which it was loaded.
    base: Vec<ChangeHash>,
    /// The edits since, each following the one before.
    chain: Vec<ChangeHash>,
    under_way: Arc<watch::Sender<usize>>,
    /// Whether the document holds a change that was not appended.
    spoiled: bool,
    /// When it was used last, in uses of all, and by the clock.
    used: u64,
    used_at: Instant,
}

/// Held while an edit is not durable yet.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<watch::Sender<usize>>);

/// The tips of the documents that were edited last. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Tips {
    held: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    tips: BTreeMap<Found, Tip>,
    uses: u64,
}

impl Tip {
    pub(super) fn new(
        document: Document,
        changes: u64,
        feed: FeedId,
        actor: [u8; 24],
        failures: u64,
    ) -> Self {
        Self {
            base: document.heads(),
            document,
            actor,
            failures,
            epoch: feed.epoch,
            changes,
            chain: Vec::new(),
            under_way: Arc::new(watch::Sender::new(0)),
            spoiled: false,
            used: 0,
            used_at: Instant::now(),
        }
    }

    /// Whether the store, whose heads these are, holds this document or an earlier state of it,
    /// and nothing that an edit should see besides.
    pub(super) fn follows(&mut self, heads: &[ChangeHash], epoch: Epoch, failures: u64) -> bool {
        let at = match heads {
            [head] => self.chain.iter().position(|change| change == head),
            _ => None,
        };
        if let Some(at) = at {
            self.base = vec![self.chain[at]];
            self.chain.drain(..=at);
        }
        let same = self.epoch == epoch && self.failures == failures;
        self.base == heads && same && !self.spoiled
    }

    /// The edit that was made last is on its way to the disk until the answer is dropped.
    pub(super) fn advance(&mut self, change: &ChangeBytes) -> UnderWay {
        self.changes += 1;
        self.chain.push(change.summary.hash);
        self.under_way.send_modify(|count| *count += 1);
        UnderWay(Arc::clone(&self.under_way))
    }

    /// The document is in an unknown state: the next edit loads it anew.
    pub(super) fn spoil(&mut self) {
        self.spoiled = true;
    }

    /// Whether nothing of it is under way any more.
    pub(super) fn is_settled(&self) -> bool {
        *self.under_way.borrow() == 0
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

impl Tips {
    /// Takes out the tip of a document, which nobody else edits.
    pub(super) fn take(&self, found: Found) -> Option<Tip> {
        self.held().tips.remove(&found)
    }

    /// Puts it back, and forgets others when there are too many.
    pub(super) fn put(&self, found: Found, mut tip: Tip) {
        let mut held = self.held();
        held.uses += 1;
        (tip.used, tip.used_at) = (held.uses, Instant::now());
        held.tips.insert(found, tip);
        held.make_room();
    }

    /// Puts back tips whose changes were all appended.
    pub(super) fn put_back(&self, tips: BTreeMap<Found, Tip>) {
        for (found, tip) in tips {
            // Of one that is spoiled nothing is needed but what is under way.
            if !tip.spoiled || !tip.is_settled() {
                self.put(found, tip);
            }
        }
    }

    /// Gives up tips whose documents hold changes that were not appended: the next edit loads them
    /// from the store, once that holds what is under way.
    pub(super) fn give_up(&self, mut tips: BTreeMap<Found, Tip>) {
        tips.values_mut().for_each(Tip::spoil);
        self.put_back(tips);
    }

    /// Whether a document was edited lately.
    pub(super) fn holds(&self, found: Found) -> bool {
        self.held().tips.contains_key(&found)
    }

    /// Forgets what is not edited any more, for ever.
    pub(super) async fn expire(self) {
        let mut ticks = tokio::time::interval(TIP_IDLE_MAX / 2);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let since = Instant::now().checked_sub(TIP_IDLE_MAX);
            self.held().forget_unused_since(since);
        }
    }

    /// Forgets the tip of a document, which nobody else edits, once all of it is durable or lost.
    pub(super) async fn settle(&self, found: Found) {
        if let Some(tip) = self.take(found) {
            let mut under_way = tip.under_way.subscribe();
            // It cannot end before: the tip holds the other end.
            under_way.wait_for(|count| *count == 0).await.ok();
        }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// What is under way must stay: the store does not hold it yet. So does what was used last.
    fn make_room(&mut self) {
        let mut changes: u64 = self.tips.values().map(|tip| tip.changes).sum();
        while self.tips.len() > TIPS_MAX || changes > TIPS_CHANGES_MAX {
            let older = self.tips.iter().filter(|(_, tip)| tip.used < self.uses);
            let settled = older.filter(|(_, tip)| tip.is_settled());
            let Some(oldest) = settled
                .min_by_key(|(_, tip)| tip.used)
                .map(|(found, _)| *found)
            else {
                return;
            };
            changes -= self.tips.remove(&oldest).map_or(0, |tip| tip.changes);
        }
    }

    /// Forgets what was last used before that; `None`: before the machine began, so nothing.
    fn forget_unused_since(&mut self, since: Option<Instant>) {
        let idle = |tip: &Tip| since.is_some_and(|since| tip.used_at <= since);
        self.tips.retain(|_, tip| !idle(tip) || !tip.is_settled());
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use phaki_documents::{DocumentId, Edit, Editor, Kind, Path};
    use phaki_replication::id::{NodeId, SpaceId};

    use super::*;

    const FEED: FeedId = FeedId {
        author: NodeId([1; 32]),
        epoch: Epoch([2; 16]),
    };

    fn found(number: u8) -> Found {
        Found {
            space: SpaceId([1; 16]),
            document: DocumentId::new(Kind::Plan, [number; 16]),
        }
    }

    fn edit(document: &mut Document, title: &str) -> ChangeBytes {
        let by = Editor {
            actor: FEED.actor([3; 8]),
            account: "officer",
            time_secs: 1,
            message: None,
        };
        let path = Path::parse("title/th").unwrap();
        let value = title.into();
        let made = document.edit(&by, &[Edit::Set { path, value }]);
        made.unwrap().unwrap()
    }

    fn tip(number: u8, changes: u64) -> Tip {
        let document = Document::empty(found(number).document);
        Tip::new(document, changes, FEED, FEED.actor([3; 8]), 0)
    }

    #[test]
    fn a_tip_follows_the_store_as_long_as_that_holds_nothing_else_and_no_write_failed() {
        let mut tip = tip(1, 0);
        let mut hashes = Vec::new();
        for title in ["ก", "ข", "ค"] {
            let change = edit(&mut tip.document, title);
            tip.advance(&change);
            hashes.push(change.summary.hash);
        }
        let epoch = FEED.epoch;
        assert!(tip.follows(&[], epoch, 0), "nothing is durable yet");
        assert!(tip.follows(&hashes[1..2], epoch, 0), "two of three are");
        assert!(!tip.follows(&hashes[..1], epoch, 0), "one counts no longer");
        assert!(!tip.follows(&[[9; 32]], epoch, 0), "somebody else's");
        assert!(!tip.follows(&[hashes[1], [9; 32]], epoch, 0));
        assert!(!tip.follows(&hashes[1..2], epoch, 1), "a write failed");
        assert!(!tip.follows(&hashes[1..2], Epoch([7; 16]), 0));
        assert!(tip.follows(&hashes[2..], epoch, 0));
    }

    #[test]
    fn what_is_under_way_is_kept_and_waited_for() {
        let tips = Tips::default();
        let mut first = tip(0, 1);
        let change = edit(&mut first.document, "ก");
        let under_way = first.advance(&change);
        tips.put(found(0), first);
        tips.put(found(1), tip(1, TIPS_CHANGES_MAX));
        assert!(
            tips.holds(found(1)),
            "the last one may be as large as it is"
        );
        tips.put(found(2), tip(2, 1));
        assert!(!tips.holds(found(1)), "room was made");
        tips.held().forget_unused_since(Some(Instant::now()));
        assert!(!tips.holds(found(2)), "nobody edits it any more");
        let first = tips.take(found(0)).unwrap();
        tips.put(found(0), first);
        let mut settle = Box::pin(tips.settle(found(0)));
        assert!((&mut settle).now_or_never().is_none());
        drop(under_way);
        assert!(settle.now_or_never().is_some());
        assert!(tips.take(found(0)).is_none());
    }
}
