//! Everything that can happen to a federation from outside.

use std::collections::BTreeSet;

use phaki_documents::kind::DocumentId;
use phaki_replication::id::{Epoch, NodeId, SpaceId};
use phaki_replication::manifest::{Group, MemberRole};
use phaki_replication::roster::NodeStatus;

/// One thing that happens from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Transition {
    /// An officer makes `changes` edits of one field of a document, in one request.
    Edit {
        machine: usize,
        space: SpaceId,
        document: DocumentId,
        field: u8,
        value: u32,
        changes: u8,
    },
    /// A client appends entries that no document is in: opaque ones, or malformed changes.
    Write {
        machine: usize,
        space: SpaceId,
        kind: u8,
        salt: u64,
        entries: u8,
        bytes: u32,
    },
    /// An officer records contact data of a person.
    Record {
        machine: usize,
        space: SpaceId,
        person: u8,
        salt: u64,
    },
    /// Somebody, most often the steward, orders that a person be erased.
    Erase {
        machine: usize,
        space: SpaceId,
        person: u8,
    },
    /// A steward gives a node a role; with `adopt` whatever it wrote counts again.
    Grant {
        machine: usize,
        space: SpaceId,
        node: NodeId,
        role: MemberRole,
        adopt: bool,
    },
    /// A steward takes the right to write from a node, from `adopted` of its entries on (in
    /// thousandths of those known), and the right to read as well when `entirely`.
    Revoke {
        machine: usize,
        space: SpaceId,
        node: NodeId,
        entirely: bool,
        adopted: u32,
    },
    /// An administrator enacts a manifest again that is no longer new.
    Repeat { machine: usize, space: SpaceId },
    /// A node founds a space and admits its neighbours.
    Found {
        machine: usize,
        nonce: [u8; 16],
        writers: bool,
    },
    /// The federation signs a new roster in which one node may be suspended.
    Publish {
        machine: usize,
        suspended: Option<usize>,
    },
    /// A steward gives a role to a group of nodes, or takes it back.
    Group {
        machine: usize,
        space: SpaceId,
        group: Group,
        role: Option<MemberRole>,
    },
    /// A steward offers its space to another node.
    Offer {
        machine: usize,
        space: SpaceId,
        to: NodeId,
    },
    /// A node takes over a space that it was offered.
    TakeOver { machine: usize, space: SpaceId },
    /// A node admits its edge node by itself, or suspends it.
    Admit {
        machine: usize,
        edge: usize,
        status: NodeStatus,
    },
    /// Somebody copies a disk away.
    BackUp { machine: usize },
    /// A machine is put back to what was copied away: as it was, or with a new epoch. For a while
    /// it meets nobody.
    Restore {
        machine: usize,
        nth: usize,
        epoch: Option<Epoch>,
        alone_ms: u64,
    },
    /// A second machine with the same key and the same disk runs for a while, alone at first.
    Clone {
        machine: usize,
        for_ms: u64,
        alone_ms: u64,
    },
    /// Somebody has the key of a machine and signs different entries at one place of its feed,
    /// `back` entries before its end, and shows each to another of its peers.
    Equivocate {
        machine: usize,
        space: SpaceId,
        back: u64,
        salt: u64,
        sides: u8,
    },
    /// A live connection is cut; when half open, one side learns of it only much later.
    Cut {
        nth: usize,
        half_open: Option<usize>,
    },
    /// Nothing passes between a group and everybody else for a while.
    Partition { group: BTreeSet<usize>, for_ms: u64 },
    /// A machine dials a peer to which it may have a link already.
    Dial { machine: usize, peer: usize },
    /// A machine crashes after some more effects.
    Crash {
        machine: usize,
        effects: u32,
        down_ms: u64,
    },
    /// A machine loses its power when so many more writes are durable, before the node hears of
    /// the last one and while those behind it in the same commit are lost.
    Tear {
        machine: usize,
        writes: u32,
        down_ms: u64,
    },
    /// Every commit of a disk takes seconds for a while.
    SlowDisk { machine: usize, for_ms: u64 },
    /// A disk is full for a while.
    FillDisk { machine: usize, for_ms: u64 },
    /// A wall clock is set to something else.
    SetClock { machine: usize, skew_ms: i64 },
    /// An edge mistreats single messages for a while.
    Degrade { edge: usize, for_ms: u64 },
    /// A hostile message comes over a live link; see `cluster/hostile.rs`.
    Attack {
        nth: usize,
        side: usize,
        captured: usize,
        mutation: u8,
    },
}
