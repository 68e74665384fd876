//! What is still to happen, ordered by virtual time and then by when it was planned.

use std::collections::BTreeMap;

use phaki_replication::id::{FeedId, SpaceId};
use phaki_replication::message::{Message, SeveredRun};
use phaki_replication::node::{ReadId, WriteId};

use crate::network::{ConnectionId, Side};

/// A machine in one of its lives: what was planned for an earlier life does not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) machine: usize,
    pub(crate) life: u32,
}

/// What arrives at one end of a connection.
#[derive(Clone, Debug)]
pub(crate) enum Cargo {
    /// The connection exists now.
    Opened,
    /// The other side said something.
    Message(Box<Message>),
    /// The other side ended the connection.
    Closed,
    /// The connection was lost, and this side learns of it.
    Lost,
}

/// Something that a node asked its driver for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    /// See `Effect::Read`.
    Run {
        read: ReadId,
        space: SpaceId,
        feed: FeedId,
        from: u64,
        bytes_target: usize,
    },
    /// See `Effect::Examine`.
    Place {
        read: ReadId,
        space: SpaceId,
        feed: FeedId,
        from: u64,
    },
    /// See `Effect::ReadSevered`.
    Severed {
        read: ReadId,
        space: SpaceId,
        run: SeveredRun,
    },
    /// See `Effect::ListSevered`.
    List { space: SpaceId },
    /// See `Effect::Recall`.
    Recall { space: SpaceId },
    /// See `Effect::DrawEpoch`.
    Epoch,
}

/// Something that happens at a point in virtual time.
#[derive(Clone, Debug)]
pub(crate) enum Occurrence {
    /// Something arrives at one end of a connection.
    Arrival {
        connection: ConnectionId,
        at: Side,
        cargo: Cargo,
    },
    /// The commit that a disk works on ends.
    CommitEnds { place: Place },
    /// A machine learns that a write is durable.
    Stored { place: Place, write: WriteId },
    /// A machine learns that its writes failed.
    StoreFailed { place: Place },
    /// What a node asked for is there.
    OrderEnds { place: Place, order: Order },
    /// The time that a node asked to be woken at.
    Wake { place: Place },
    /// A machine tries to reach a peer, unless it has a link to it.
    Dial { place: Place, peer: usize },
    /// A machine that is down starts again.
    Restart { machine: usize },
    /// A clone is switched off for good, once what it wrote is elsewhere too.
    Retire { machine: usize },
}

/// The queue of a whole federation; times are virtual microseconds.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    now_us: u64,
    planned: u64,
    queue: BTreeMap<(u64, u64), Occurrence>,
}

impl Schedule {
    /// The virtual time.
    pub(crate) fn now_us(&self) -> u64 {
        self.now_us
    }

    /// Plans something for a time that is not past.
    pub(crate) fn at(&mut self, time_us: u64, occurrence: Occurrence) {
        self.planned += 1;
        self.queue
            .insert((time_us.max(self.now_us), self.planned), occurrence);
    }

    /// Plans something for later.
    pub(crate) fn after(&mut self, delay_us: u64, occurrence: Occurrence) {
        self.at(self.now_us + delay_us, occurrence);
    }

    /// The next occurrence not after `until_us`, with the time moved to it; when there is none,
    /// the time moves to `until_us`.
    pub(crate) fn next(&mut self, until_us: u64) -> Option<Occurrence> {
        let first = self
            .queue
            .first_entry()
            .filter(|first| first.key().0 <= until_us);
        let Some(first) = first else {
            self.now_us = self.now_us.max(until_us);
            return None;
        };
        self.now_us = first.key().0;
        Some(first.remove())
    }
}
