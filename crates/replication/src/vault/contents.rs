//! What one node holds of the vault of one space, and which statements it takes into it.

use std::collections::BTreeMap;

use thiserror::Error;

use super::{Content, Statement, Told};
use crate::id::{Hash, NodeId, ShortDigest, Subject};
use crate::limits::{
    VAULT_ACKNOWLEDGEMENTS_MAX, VAULT_ORDERS_MAX, VAULT_RECORDS_MAX, VAULT_RECORDS_PER_AUTHOR_MAX,
};
use crate::manifest::{Manifest, MemberRole};
use crate::roster::{NodeStatus, Roster};

/// Who may do what with the vault of a space.
#[derive(Clone, Copy, Debug)]
pub struct Rights<'a> {
    /// The manifest in force.
    pub manifest: &'a Manifest,
    /// The roster in force.
    pub roster: &'a Roster,
}

impl Rights<'_> {
    /// Whether a node receives and makes records: the steward and those who may write.
    pub fn holds(&self, node: &NodeId) -> bool {
        self.roster.is_active(node) && self.manifest.may_write(self.roster, node)
    }

    /// Whether a node may order an erasure: the steward.
    pub fn orders(&self, node: &NodeId) -> bool {
        self.roster.is_active(node) && self.manifest.is_steward(self.roster, node)
    }

    /// Whether a node keeps the records that it has, whatever the roster says: a node that is
    /// suspended may come back, and may be the only one to have them.
    pub fn keeps(&self, node: &NodeId) -> bool {
        let writer = self.manifest.role_of(self.roster, node) == Some(MemberRole::Writer);
        writer || self.manifest.is_steward(self.roster, node)
    }

    /// The nodes that have, or had until they were suspended, what an order erases.
    pub fn owing(&self) -> impl Iterator<Item = NodeId> {
        let nodes = self.roster.nodes.iter();
        let there = nodes.filter(|(_, record)| record.status != NodeStatus::Removed);
        there.map(|(node, _)| *node).filter(|node| self.keeps(node))
    }

    /// Whether a node is or was a member, so that what it recorded may stand.
    fn knows(&self, node: &NodeId) -> bool {
        self.manifest.role_of(self.roster, node).is_some()
            || self.manifest.was_steward(self.roster, node)
    }
}

/// A statement that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What it says.
    pub statement: Statement,
    /// As it is passed on.
    pub told: Told,
    digest: Hash,
}

impl Kept {
    /// A statement that was verified.
    pub fn new(statement: Statement, told: Told) -> Self {
        // Of acknowledgements by one node, as before and after its store was put back, one is as good
        // as the other.
        let said: &[u8] = match statement.content {
            Content::Done => &statement.node.0,
            Content::Order(_) | Content::Record(_) => &told.signed.bytes,
        };
        let digest = Hash::of("phaki/vault-statement/v1", &[said]);
        Self {
            statement,
            told,
            digest,
        }
    }
}

/// What is held of one person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// The newest record; never beside an order.
    pub record: Option<Kept>,
    /// The order that erased it.
    pub order: Option<Kept>,
    /// Who has carried that out.
    pub done: BTreeMap<NodeId, Kept>,
}

/// The vault of one space.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vault {
    subjects: BTreeMap<Subject, Holding>,
}

/// What is to be done with a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reception {
    /// It is to be verified, kept and passed on.
    News,
    /// It, or something that goes before it, is held.
    Known,
}

/// Why a statement that may be authentic is not heeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Error)]
pub enum Unheeded {
    /// The person's data was erased: no record is taken any more.
    #[error("the person was erased")]
    Erased,
    /// The node has no right to say that.
    #[error("no right")]
    NoRight,
    /// The vault is full.
    #[error("vault is full")]
    Full,
}

impl Vault {
    /// What is held, by person.
    pub fn subjects(&self) -> impl Iterator<Item = (&Subject, &Holding)> {
        self.subjects.iter()
    }

    /// What is held of one person.
    pub fn subject(&self, subject: &Subject) -> Option<&Holding> {
        self.subjects.get(subject)
    }

    /// The number of the record that is held of a person; `None` when there is none.
    pub fn number(&self, subject: &Subject) -> Option<u64> {
        let record = self.subjects.get(subject)?.record.as_ref()?;
        record.statement.number()
    }

    /// What to do with a statement that has not been verified yet. `seconded` says that a node
    /// which holds the vault has acknowledged the order: so one of a former steward stands, and
    /// what was erased anywhere is erased everywhere.
    ///
    /// # Errors
    /// When it is not heeded.
    pub fn receive(
        &self,
        rights: &Rights<'_>,
        statement: &Statement,
        told: &Told,
        seconded: bool,
    ) -> Result<Reception, Unheeded> {
        let held = self.subjects.get(&statement.subject);
        let news = match &statement.content {
            Content::Order(_) => {
                let order = held.and_then(|held| held.order.as_ref());
                if order.is_some_and(|order| order.told.signed == told.signed) {
                    return Ok(Reception::Known);
                }
                let second = || {
                    let done = held.into_iter().flat_map(|held| held.done.keys());
                    seconded || done.into_iter().any(|node| rights.holds(node))
                };
                let former = rights.manifest.was_steward(rights.roster, &statement.node);
                let stands = rights.orders(&statement.node) || (former && second());
                if !stands {
                    return Err(Unheeded::NoRight);
                }
                if order.is_none() && self.orders() >= VAULT_ORDERS_MAX {
                    return Err(Unheeded::Full);
                }
                let new = Kept::new(statement.clone(), told.clone());
                order.is_none_or(|order| rank_of_order(rights, &new) > rank_of_order(rights, order))
            }
            Content::Done => {
                let Some(held) = held.filter(|held| held.order.is_some()) else {
                    return Err(Unheeded::NoRight);
                };
                if held.done.contains_key(&statement.node) {
                    return Ok(Reception::Known);
                }
                if !rights.holds(&statement.node) {
                    return Err(Unheeded::NoRight);
                }
                if held.done.len() >= VAULT_ACKNOWLEDGEMENTS_MAX {
                    return Err(Unheeded::Full);
                }
                true
            }
            Content::Record(_) => return self.receive_record(rights, statement, told),
        };
        Ok(match news {
            true => Reception::News,
            false => Reception::Known,
        })
    }

    fn receive_record(
        &self,
        rights: &Rights<'_>,
        statement: &Statement,
        told: &Told,
    ) -> Result<Reception, Unheeded> {
        let held = self.subjects.get(&statement.subject);
        if held.is_some_and(|held| held.order.is_some()) {
            return Err(Unheeded::Erased);
        }
        if !rights.knows(&statement.node) {
            return Err(Unheeded::NoRight);
        }
        let new = Kept::new(statement.clone(), told.clone());
        match held.and_then(|held| held.record.as_ref()) {
            Some(record) if rank_of_record(rights, &new) <= rank_of_record(rights, record) => {
                Ok(Reception::Known)
            }
            Some(record) if record.statement.node == statement.node => Ok(Reception::News),
            held => {
                let records = self
                    .subjects
                    .values()
                    .filter_map(|held| held.record.as_ref());
                let of_author = records.filter(|record| record.statement.node == statement.node);
                let full = held.is_none() && self.records() >= VAULT_RECORDS_MAX;
                match full || of_author.count() >= VAULT_RECORDS_PER_AUTHOR_MAX {
                    true => Err(Unheeded::Full),
                    false => Ok(Reception::News),
                }
            }
        }
    }

    /// Takes in a statement that was verified and is news. An order erases the record.
    pub fn put(&mut self, kept: Kept) {
        let held = self.subjects.entry(kept.statement.subject).or_default();
        match kept.statement.content {
            Content::Order(_) => {
                held.record = None;
                held.order = Some(kept);
            }
            Content::Done => {
                held.done.insert(kept.statement.node, kept);
            }
            Content::Record(_) => {
                if held.order.is_none() {
                    held.record = Some(kept);
                }
            }
        }
    }

    /// What was held of a person before something that did not become durable.
    pub(crate) fn restore(&mut self, subject: Subject, before: Option<Holding>) {
        match before {
            Some(before) => self.subjects.insert(subject, before),
            None => self.subjects.remove(&subject),
        };
    }

    /// Forgets all records, whether there was one: the node may hold them no longer.
    pub fn forget_records(&mut self) -> bool {
        let before = self.records();
        for held in self.subjects.values_mut() {
            held.record = None;
        }
        self.subjects.retain(|_, held| held.order.is_some());
        before > 0
    }

    /// Whether nothing is held of anybody.
    pub(crate) fn is_empty(&self) -> bool {
        self.subjects.is_empty()
    }

    /// Digests of what two nodes tell each other of each person; see [`Self::shared`].
    pub fn digests(&self, rights: &Rights<'_>, records: bool) -> Vec<(Subject, ShortDigest)> {
        let shared = self.shared(rights, records);
        shared
            .map(|(subject, told)| (*subject, digest_of(&told)))
            .collect()
    }

    fn records(&self) -> usize {
        let records = self.subjects.values().filter(|held| held.record.is_some());
        records.count()
    }

    fn orders(&self) -> usize {
        let orders = self.subjects.values().filter(|held| held.order.is_some());
        orders.count()
    }

    /// What two nodes tell each other of, by person: orders that stand with their acknowledgements,
    /// and records, if both may hold them.
    pub(crate) fn shared<'a>(
        &'a self,
        rights: &'a Rights<'a>,
        records: bool,
    ) -> impl Iterator<Item = (&'a Subject, Vec<&'a Kept>)> {
        let both = self.subjects.iter().map(move |(subject, held)| {
            let done = || {
                held.done
                    .values()
                    .filter(|done| rights.holds(&done.statement.node))
            };
            let order = held
                .order
                .as_ref()
                .filter(|order| rights.orders(&order.statement.node) || done().next().is_some());
            let record = held.record.as_ref();
            let record = record.filter(|record| records && rights.knows(&record.statement.node));
            let mut told: Vec<&Kept> = order.into_iter().collect();
            told.extend(order.into_iter().flat_map(|_| done()));
            told.extend(record);
            (subject, told)
        });
        both.filter(|(_, told)| !told.is_empty())
    }
}

/// Digest over what is told of one person.
pub(crate) fn digest_of(told: &[&Kept]) -> ShortDigest {
    let bytes: Vec<u8> = told.iter().flat_map(|kept| kept.digest.0).collect();
    Hash::of("phaki/vault-subject/v1", &[&bytes]).shorten()
}

/// What a present member recorded goes before what a former one did, however high its number.
fn rank_of_record(rights: &Rights<'_>, kept: &Kept) -> (bool, u64, NodeId, Hash) {
    let Statement { node, .. } = kept.statement;
    let number = kept.statement.number().unwrap_or(0);
    (rights.holds(&node), number, node, kept.digest)
}

fn rank_of_order(rights: &Rights<'_>, kept: &Kept) -> (bool, Hash) {
    (rights.orders(&kept.statement.node), kept.digest)
}
