//! Whose receipts a node keeps and passes on.

use super::Manifest;
use crate::id::NodeId;
use crate::roster::{NodeRecord, Roster};

/// Whose receipts of one space one node keeps and passes on.
///
/// Were it everybody's, receipts would cost the square of the readers in each space that all
/// read, and each province has such a space.
#[derive(Clone, Copy, Debug)]
pub struct Keeping<'a> {
    roster: &'a Roster,
    node: NodeId,
    collects: bool,
}

impl Manifest {
    /// What `node` keeps of the receipts for this space.
    pub fn keeping<'a>(&self, roster: &'a Roster, node: &NodeId) -> Keeping<'a> {
        let record = roster.nodes.get(node);
        let mut behind = roster.nodes.iter().filter_map(|(child, record)| {
            let parent = record.admitted_by.as_ref();
            (parent == Some(node)).then_some(child)
        });
        Keeping {
            roster,
            node: *node,
            collects: self.may_write(roster, node)
                || record.is_some_and(NodeRecord::is_hub)
                || behind.any(|child| self.may_write(roster, child)),
        }
    }
}

impl Keeping<'_> {
    /// Whether the node collects the receipts of all readers: whoever may write in the space wants
    /// to know who holds it, so does the node behind which a writer stands, and hubs pass them on.
    pub fn collects(&self) -> bool {
        self.collects
    }

    /// Whether the node keeps the receipt of `signer`: its own and those of nodes behind it in any case.
    pub fn keeps(&self, signer: &NodeId) -> bool {
        let parent = || self.roster.nodes.get(signer)?.admitted_by;
        self.collects || *signer == self.node || parent() == Some(self.node)
    }
}
