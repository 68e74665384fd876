//! Nodes that wait: what they ask for, what it would mean, and what a person decides.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use phaki_replication::id::NodeId;
use phaki_store::{Decision, Invite as StoredInvite, Pending};
use tracing::info;

use super::admit::{Admission, change};
use super::prospect::{Prospect, Size};
use super::recording::{Decided, invite_id, invited};
use super::registrar::Changed;
use crate::audit::Deed;
use crate::quote::quoted;
use crate::roster::{Change, apply};

/// A node that waits for a decision.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    /// What it says of itself.
    pub(crate) pending: Pending,
    /// What it was invited to be.
    pub(crate) invite: StoredInvite,
}

impl Waiting {
    fn change(&self) -> Change {
        let addresses = self.pending.addresses.clone();
        let consent = self.pending.consent;
        change(&self.invite, self.pending.node, addresses, consent)
    }

    fn approved(&self) -> Decided {
        let deed = match self.invite.replaces {
            Some(_) => Deed::KeyReplaced,
            None => Deed::NodeApproved,
        };
        Decided::about(self.change(), deed, &self.invite)
    }
}

impl Admission {
    /// The nodes that wait, the oldest first. One that stands in the roster does not wait, even
    /// if it has not asked again since.
    pub(crate) async fn waiting(&self) -> anyhow::Result<Vec<Waiting>> {
        let reader = self.reader.clone();
        let rows = tokio::task::spawn_blocking(move || reader.pending()).await;
        let rows = rows.context("read the nodes that wait")??.into_iter();
        let in_force = self.requests.in_force();
        let waits = |waiting: &Waiting| !in_force.roster.nodes.contains_key(&waiting.pending.node);
        let waiting = rows.map(|(pending, invite)| Waiting { pending, invite });
        Ok(waiting.filter(waits).collect())
    }

    /// The node with that name or key that waits, and what admitting it would mean.
    pub(crate) async fn prospect(&self, text: &str) -> anyhow::Result<(Waiting, Prospect)> {
        let waiting = self.find(text).await?;
        let in_force = self.requests.in_force();
        let change = waiting.change();
        let list = self.registrar.list_of(&change)?;
        let roster = apply(&list, &in_force.node, &[change])?;
        let reader = self.reader.clone();
        let rows = tokio::task::spawn_blocking(move || reader.spaces()).await;
        let rows = rows.context("read the spaces")??;
        let sizes: BTreeMap<_, _> = rows.iter().map(|row| (row.space, Size::of(row))).collect();
        let prospect = Prospect::of(&in_force.spaces, &sizes, &roster, &waiting.pending.node);
        Ok((waiting, prospect))
    }

    /// Admits nodes that wait, or prepares that for whoever has the federation's key: then they
    /// wait until the roster is in force.
    pub(crate) async fn approve(&self, texts: &[String]) -> anyhow::Result<Changed> {
        let _turn = self.turn.lock().await;
        let mut approved = Vec::new();
        for text in texts {
            approved.push(self.find(text).await?);
        }
        let decided: Vec<_> = approved.iter().map(Waiting::approved).collect();
        let changed = self.registrar.change(&decided).await?;
        let in_force = changed.unsigned.is_none();
        for waiting in approved {
            let (name, key) = (waiting.invite.name, waiting.pending.node);
            if in_force {
                self.journal.decide(Decision::Admit(key), None).await?;
            }
            info!(name, %key, version = changed.version, in_force, "node approved");
        }
        Ok(changed)
    }

    /// Turns a node away that waits; its invitation is spent.
    pub(crate) async fn reject(&self, text: &str, reason: &str) -> anyhow::Result<Waiting> {
        let _turn = self.turn.lock().await;
        let waiting = self.find(text).await?;
        let decision = Decision::Reject {
            secret_hash: waiting.pending.secret_hash,
            reason: reason.to_owned(),
        };
        let (name, key) = (&waiting.invite.name, waiting.pending.node);
        let id = invite_id(&waiting.invite.secret_hash);
        let detail = match reason {
            "" => format!("{}, by {id}", invited(&waiting.invite)),
            reason => format!("{}, by {id}: {reason}", invited(&waiting.invite)),
        };
        let rejected = self.audit.act(Deed::NodeRejected, key, detail);
        self.journal.decide(decision, Some(rejected)).await?;
        info!(name, %key, reason, "node rejected");
        Ok(waiting)
    }

    /// Suspends, reinstates or removes the nodes with these names or keys.
    pub(crate) async fn change(
        &self,
        texts: &[String],
        change: impl Fn(NodeId) -> Change,
        deed: Deed,
        reason: &str,
    ) -> anyhow::Result<Changed> {
        let roster = self.requests.in_force().roster.clone();
        let decided = texts.iter().map(|text| {
            let node = self.node(text)?;
            let (change, name) = (change(node), roster.name(&node));
            Ok(Decided::of_member(change, deed, &name, reason))
        });
        let decided = decided.collect::<anyhow::Result<Vec<_>>>()?;
        let changed = self.registrar.change(&decided).await?;
        let in_force = changed.unsigned.is_none();
        info!(
            nodes = texts.len(),
            change = deed.word(),
            reason,
            version = changed.version,
            in_force,
            "change of nodes decided"
        );
        Ok(changed)
    }

    /// Puts a roster in force that was signed where the federation's key lies.
    pub(crate) async fn enact(&self, text: &str) -> anyhow::Result<Changed> {
        self.registrar.enact(text).await
    }

    /// The node of the roster with that name or key. A name that was freed means who has it now,
    /// and only then who had it last.
    pub(super) fn node(&self, text: &str) -> anyhow::Result<NodeId> {
        let in_force = self.requests.in_force();
        let roster = &in_force.roster;
        let by_key = NodeId::from_hex(text).filter(|node| roster.nodes.contains_key(node));
        by_key.or_else(|| roster.find(text)).with_context(|| {
            format!(
                "there is no node {} in the federation: `phaki federation roster` lists its nodes",
                quoted(text)
            )
        })
    }

    async fn find(&self, text: &str) -> anyhow::Result<Waiting> {
        let mut waiting = self.waiting().await?;
        let key = NodeId::from_hex(text);
        waiting.retain(|one| one.invite.name == text || Some(one.pending.node) == key);
        let Some(found) = waiting.pop() else {
            bail!(
                "no node {} waits for approval: `phaki federation pending` lists those that do",
                quoted(text)
            );
        };
        if !waiting.is_empty() {
            let all = waiting.iter().chain([&found]);
            let keys: Vec<_> = all.map(|one| one.pending.node.to_string()).collect();
            bail!(
                "{} nodes wait under the name {}: name one by its key, {}",
                keys.len(),
                quoted(text),
                keys.join(" or ")
            );
        }
        Ok(found)
    }
}
