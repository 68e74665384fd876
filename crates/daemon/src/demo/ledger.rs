//! Every acknowledged edit, and whether it can still be found where it belongs.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use phaki_wire::proto::local::v1::field_edit::Act;
use phaki_wire::proto::local::v1::{
    Author, EditDocumentRequest, FieldEdit, ResolveConflictRequest, ShowDocumentReply,
};
use serde_json::Value;

use super::federation::Federation;
use super::sample::SPACES;

/// What an edit wants to be found later.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Trace {
    /// This value, shown or among the values of a conflict.
    Value(Value),
    /// This piece of a text that several people edit.
    Piece(String),
}

/// An edit to make.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) node: &'static str,
    /// Opaque account of the officer.
    pub(super) account: &'static str,
    pub(super) space: &'static str,
    pub(super) id: String,
    pub(super) message: &'static str,
    /// Paths and the values they get.
    pub(super) sets: Vec<(String, Value)>,
    /// The piece that is new in a text, when the value contains others' words too.
    pub(super) piece: Option<String>,
}

/// An edit that a node has acknowledged.
#[derive(Debug)]
struct Made {
    node: &'static str,
    space: &'static str,
    id: String,
    change: String,
    /// What must be found; emptied when the path was settled by a later edit.
    traces: BTreeMap<String, Trace>,
}

/// All acknowledged edits, in the order in which they were made.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    made: Vec<Made>,
}

impl Ledger {
    /// Makes an edit and remembers it once it is acknowledged.
    pub(super) async fn edit(
        &mut self,
        federation: &Federation,
        wanted: Wanted,
    ) -> anyhow::Result<()> {
        let mut client = federation.client(wanted.node)?;
        let edits = wanted.sets.iter().map(|(path, value)| FieldEdit {
            path: path.clone(),
            act: Some(Act::SetJson(value.to_string())),
        });
        let request = EditDocumentRequest {
            id: wanted.id.clone(),
            space: wanted.space.to_owned(),
            edits: edits.collect(),
            author: Some(author(&wanted)),
            heads: Vec::new(),
        };
        let reply = client.edit(request).await?;
        if !reply.changed {
            bail!("edit {} at {}: nothing was changed", wanted.id, wanted.node);
        }
        let trace = |value: &Value| match &wanted.piece {
            Some(piece) => Trace::Piece(piece.clone()),
            None => Trace::Value(value.clone()),
        };
        let traces = wanted
            .sets
            .iter()
            .map(|(path, value)| (path.clone(), trace(value)));
        self.made.push(Made {
            node: wanted.node,
            space: wanted.space,
            traces: traces.collect(),
            id: wanted.id,
            change: reply.change,
        });
        Ok(())
    }

    /// Settles a conflict with the one value of `wanted`; earlier edits of that path need only be
    /// in the history then.
    pub(super) async fn resolve(
        &mut self,
        federation: &Federation,
        wanted: Wanted,
    ) -> anyhow::Result<()> {
        let [(path, value)] = wanted.sets.as_slice() else {
            bail!("resolve {}: one value is wanted", wanted.id);
        };
        let request = ResolveConflictRequest {
            id: wanted.id.clone(),
            space: wanted.space.to_owned(),
            path: path.clone(),
            value_json: value.to_string(),
            author: Some(author(&wanted)),
            heads: Vec::new(),
        };
        let reply = federation.client(wanted.node)?.resolve(request).await?;
        for made in self.made.iter_mut().filter(|made| made.id == wanted.id) {
            made.traces.remove(path);
        }
        self.made.push(Made {
            node: wanted.node,
            space: wanted.space,
            traces: BTreeMap::from([(path.clone(), Trace::Value(value.clone()))]),
            id: wanted.id,
            change: reply.change,
        });
        Ok(())
    }

    /// Number of acknowledged edits.
    pub(super) fn len(&self) -> usize {
        self.made.len()
    }

    /// The edits that some member of their space does not have, in words.
    pub(super) async fn lost(&self, federation: &Federation) -> anyhow::Result<Vec<String>> {
        let mut lost = Vec::new();
        for made in &self.made {
            let members = SPACES
                .iter()
                .filter(|plan| plan.name == made.space)
                .flat_map(|plan| plan.members());
            let mut missing = Vec::new();
            for node in members {
                missing.extend(made.missing_at(federation, node).await?);
            }
            if !missing.is_empty() {
                lost.push(made.in_words(&missing));
            }
        }
        Ok(lost)
    }

    /// The edits made at a node that this node itself does not have any more.
    pub(super) async fn lost_at_home(
        &self,
        federation: &Federation,
        node: &str,
    ) -> anyhow::Result<Vec<String>> {
        let mut lost = Vec::new();
        for made in self.made.iter().filter(|made| made.node == node) {
            let missing = made.missing_at(federation, node).await?;
            if !missing.is_empty() {
                lost.push(made.in_words(&missing));
            }
        }
        Ok(lost)
    }
}

impl Made {
    fn in_words(&self, missing: &[String]) -> String {
        format!(
            "edit of {} at {}: {}",
            self.id,
            self.node,
            missing.join("; ")
        )
    }

    /// What a node lacks of this edit.
    async fn missing_at(&self, federation: &Federation, node: &str) -> anyhow::Result<Vec<String>> {
        let mut client = federation.client(node)?;
        let mut missing = Vec::new();
        let history = client.history(&self.id, self.space).await?;
        if !history
            .entries
            .iter()
            .any(|entry| entry.change == self.change)
        {
            missing.push(format!("{node} lacks the change {}", self.change));
        }
        let shown = client.show(&self.id, self.space).await?;
        for (path, trace) in &self.traces {
            if !values_at(&shown, path)
                .iter()
                .any(|value| trace.is_in(value))
            {
                missing.push(format!("{node} lacks the value of {path}"));
            }
        }
        Ok(missing)
    }
}

impl Trace {
    fn is_in(&self, value: &Value) -> bool {
        match self {
            Trace::Value(wanted) => wanted == value,
            Trace::Piece(piece) => value.as_str().is_some_and(|text| text.contains(piece)),
        }
    }
}

/// The shown value at a path and those of its conflict.
pub(super) fn values_at(shown: &ShowDocumentReply, path: &str) -> Vec<Value> {
    let leaves = shown.leaves.iter().filter(|leaf| leaf.path == path);
    let conflicts = shown
        .conflicts
        .iter()
        .filter(|conflict| conflict.path == path);
    let texts: BTreeSet<&str> = leaves
        .map(|leaf| leaf.value_json.as_str())
        .chain(conflicts.flat_map(|conflict| {
            conflict
                .values
                .iter()
                .map(|value| value.value_json.as_str())
        }))
        .collect();
    texts
        .into_iter()
        .filter_map(|text| serde_json::from_str(text).ok())
        .collect()
}

fn author(wanted: &Wanted) -> Author {
    Author {
        account: wanted.account.to_owned(),
        message: wanted.message.to_owned(),
    }
}
