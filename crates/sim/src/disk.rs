//! One machine's disk: writes become durable after a while, in order, several in one commit.
//!
//! What a crash leaves is what was durable, and perhaps more: a prefix of the commit under way
//! that nobody was told of. A crash may fall between any two writes; one write is whole or absent.
//! A disk that lies about what is durable shows itself as a store that was put back.

mod contents;
mod severed;

use std::collections::VecDeque;

use phaki_replication::node::{Change, WriteId};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

pub(crate) use contents::{Contents, StoredFeed};

/// A disk with its queue.
#[derive(Debug)]
pub(crate) struct Disk {
    pub(crate) contents: Contents,
    /// Bounds of the duration of a commit.
    pub(crate) commit_us: (u64, u64),
    /// Until when every commit takes seconds.
    pub(crate) slow_until_us: u64,
    /// Until when every commit fails.
    pub(crate) full_until_us: u64,
    queue: VecDeque<(WriteId, Change)>,
    /// How many of the queue are in the commit under way.
    committing: usize,
    /// A write failed, and the node was not told yet: everything it writes is lost.
    failed: bool,
    /// When the last report reaches the node; reports keep their order.
    pub(crate) last_report_us: u64,
}

impl Disk {
    pub(crate) fn new(contents: Contents, commit_us: (u64, u64)) -> Self {
        Self {
            contents,
            commit_us,
            slow_until_us: 0,
            full_until_us: 0,
            queue: VecDeque::new(),
            committing: 0,
            failed: false,
            last_report_us: 0,
        }
    }

    /// Queues a write.
    pub(crate) fn store(&mut self, write: WriteId, change: Change) {
        if !self.failed {
            self.queue.push_back((write, change));
        }
    }

    /// Begins a commit of everything queued and says whether there is one to end.
    pub(crate) fn begin_commit(&mut self) -> bool {
        if self.committing > 0 || self.queue.is_empty() {
            return false;
        }
        self.committing = self.queue.len();
        true
    }

    /// Ends the commit under way: the writes that are to become durable now, or `None` when the
    /// disk is full and all writes are lost.
    pub(crate) fn end_commit(&mut self, now_us: u64) -> Option<Vec<(WriteId, Change)>> {
        let committed = std::mem::take(&mut self.committing);
        if now_us < self.full_until_us {
            self.queue.clear();
            self.failed = true;
            return None;
        }
        Some(self.queue.drain(..committed).collect())
    }

    /// The node is told that its writes failed; those that it makes from now on count again.
    pub(crate) fn acknowledge_failure(&mut self) {
        self.failed = false;
    }

    /// Loses what is not durable; returns the writes that became durable all the same.
    pub(crate) fn crash(&mut self, now_us: u64, rng: &mut ChaCha8Rng) -> Vec<(WriteId, Change)> {
        let committing = std::mem::take(&mut self.committing);
        let survive = if now_us < self.full_until_us {
            0
        } else {
            rng.random_range(0..=committing)
        };
        let survivors = self.queue.drain(..survive).collect();
        self.queue.clear();
        self.failed = false;
        self.last_report_us = 0;
        survivors
    }

    /// Whether a write waits or a failure is untold.
    pub(crate) fn is_busy(&self) -> bool {
        !self.queue.is_empty() || self.failed
    }
}
