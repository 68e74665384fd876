//! Every acknowledged edit, by the change that the node named when it acknowledged it.

use std::collections::{BTreeMap, BTreeSet};

use phaki_wire::proto::local::v1::ShowHistoryRequest;

use super::cast::{Cast, SPACE};

/// All acknowledged edits.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    changes: BTreeMap<String, BTreeSet<String>>,
}

impl Ledger {
    /// A node has acknowledged this change of a document.
    pub(super) fn acknowledged(&mut self, document: &str, change: String) {
        let changes = self.changes.entry(document.to_owned()).or_default();
        assert!(changes.insert(change), "two edits made one change");
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.changes.values().map(BTreeSet::len).sum()
    }

    /// Those that the history at the national node does not have. All nodes have equal heads by
    /// then, and so the same changes.
    pub(super) async fn lost(&self, cast: &Cast) -> Vec<String> {
        let mut lost = Vec::new();
        let mut local = cast.hub().local();
        for (document, changes) in &self.changes {
            let request = ShowHistoryRequest {
                id: document.clone(),
                space: SPACE.to_owned(),
            };
            let history = local.client().show_history(request).await.unwrap();
            let entries = history.into_inner().entries;
            let held: BTreeSet<String> = entries.into_iter().map(|entry| entry.change).collect();
            let missing = changes.difference(&held);
            lost.extend(missing.map(|change| format!("{change} of {document}")));
        }
        lost
    }
}
