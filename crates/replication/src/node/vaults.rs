//! The vault: contact data of people among those who may hold it, and orders to erase it among all
//! who share the space.

use std::collections::BTreeSet;

use super::held::Held;
use super::state::Node;
use super::stored::Purpose;
use super::{Change, Effect, LinkId, Notice, Now, Refusal, RequestId};
use crate::id::{Hash, NodeId, ShortDigest, SpaceId, Subject};
use crate::limits::{VAULT_AT_ONCE_BYTES, VAULT_AT_ONCE_MAX, VAULT_SUBJECTS_MAX};
use crate::message::{CloseReason, Message};
use crate::roster::Roster;
use crate::vault::{
    Content, Holding, Kept, Reception, Rights, Statement, Told, Unheeded, Vault, digest_of,
};

/// What was held of people before statements were taken in.
pub(super) type Before = Vec<(Subject, Option<Holding>)>;

/// Takes in what was verified, and notes what was held before.
fn take(vault: &mut Vault, kept: Kept, before: &mut Before) {
    let subject = kept.statement.subject;
    before.push((subject, vault.subject(&subject).cloned()));
    vault.put(kept);
}

/// Takes back what was taken in.
pub(super) fn take_back(vault: &mut Vault, before: Before) {
    for (subject, before) in before.into_iter().rev() {
        vault.restore(subject, before);
    }
}

impl Held {
    pub(super) fn rights<'a>(&'a self, roster: &'a Roster) -> Rights<'a> {
        let manifest = &self.manifest;
        Rights { manifest, roster }
    }

    /// Digest over what this node and the peer tell each other of the vault; `None` when that is
    /// nothing.
    pub(super) fn vault_digest(&self, roster: &Roster, peer: &NodeId) -> Option<ShortDigest> {
        let mut bytes = Vec::new();
        for (subject, digest) in self.vault_told(roster, peer) {
            bytes.extend_from_slice(&subject.0);
            bytes.extend_from_slice(&digest.0);
        }
        (!bytes.is_empty()).then(|| Hash::of("phaki/vault-digest/v1", &[&bytes]).shorten())
    }

    fn vault_told(&self, roster: &Roster, peer: &NodeId) -> Vec<(Subject, ShortDigest)> {
        let rights = self.rights(roster);
        let both = [&self.me, peer].into_iter().all(|node| rights.holds(node));
        self.vault.digests(&rights, both)
    }
}

impl Node {
    /// The vault of a space, as far as this node holds it.
    pub fn vault(&self, space: &SpaceId) -> Option<&Vault> {
        self.spaces.get(space).map(|held| &held.vault)
    }

    /// A local client records somebody, or orders an erasure.
    pub(super) fn enact_statement(
        &mut self,
        now: Now,
        request: RequestId,
        (space, told): (SpaceId, Told),
        out: &mut Vec<Effect>,
    ) {
        let admitted = self.admit_statement(&space, &told);
        match admitted {
            Ok(statement) => {
                let kept = vec![Kept::new(statement, told)];
                self.take_statements(now, space, kept, Some(request), out);
            }
            Err(refusal) => out.push(Effect::Refuse { request, refusal }),
        }
    }

    fn admit_statement(&self, space: &SpaceId, told: &Told) -> Result<Statement, Refusal> {
        let held = self.spaces.get(space).ok_or(Refusal::UnknownSpace)?;
        let statement = told.read(&self.federation, space);
        let statement = statement.map_err(|_| Refusal::Stale)?;
        if statement.node != self.id || told.check(&statement).is_err() {
            return Err(Refusal::Stale);
        }
        let rights = held.rights(&self.roster);
        let record = matches!(statement.content, Content::Record(_));
        if record && !rights.holds(&self.id) {
            return Err(Refusal::NotWriter);
        }
        // Whoever made it did not know the one that is held.
        let held_number = held.vault.number(&statement.subject);
        if record && statement.number() <= held_number {
            return Err(Refusal::Stale);
        }
        match held.vault.receive(&rights, &statement, told, false) {
            Ok(Reception::News) => Ok(statement),
            Ok(Reception::Known) if record => Err(Refusal::Stale),
            Ok(Reception::Known) | Err(Unheeded::Erased) => Err(Refusal::Erased),
            Err(Unheeded::NoRight) => Err(Refusal::NotSteward),
            Err(Unheeded::Full) => Err(Refusal::Limit),
        }
    }

    /// Takes in statements of this node.
    fn take_statements(
        &mut self,
        now: Now,
        space: SpaceId,
        kept: Vec<Kept>,
        request: Option<RequestId>,
        out: &mut Vec<Effect>,
    ) {
        let Some(held) = self.spaces.get_mut(&space) else {
            return;
        };
        let mut before = Before::new();
        for kept in kept.iter().cloned() {
            take(&mut held.vault, kept, &mut before);
        }
        self.keep_statements(now, space, (kept, before), (None, request), out);
    }

    /// Makes statements durable that were taken in, with this node's acknowledgement of orders. Nobody
    /// hears of that acknowledgement before the erasure is on the disk.
    fn keep_statements(
        &mut self,
        now: Now,
        space: SpaceId,
        (kept, mut before): (Vec<Kept>, Before),
        (from, request): (Option<LinkId>, Option<RequestId>),
        out: &mut Vec<Effect>,
    ) {
        let subjects: BTreeSet<Subject> = kept.iter().map(|kept| kept.statement.subject).collect();
        let done = self.acknowledgements(now, &space, Some(&subjects));
        if let Some(held) = self.spaces.get_mut(&space) {
            for kept in done.iter().cloned() {
                take(&mut held.vault, kept, &mut before);
            }
        }
        let kept: Vec<Kept> = kept.into_iter().chain(done).collect();
        let statements = kept.iter().map(|kept| kept.told.clone()).collect();
        let purpose = Purpose::Vault {
            space,
            kept,
            before,
            from,
            request,
        };
        let effect = self.store(Change::Vault { space, statements }, purpose);
        out.push(effect);
    }

    /// This node's acknowledgements of orders that it has not acknowledged yet, as a holder.
    fn acknowledgements(
        &self,
        now: Now,
        space: &SpaceId,
        of: Option<&BTreeSet<Subject>>,
    ) -> Vec<Kept> {
        let Some(held) = self.spaces.get(space) else {
            return Vec::new();
        };
        if !held.rights(&self.roster).holds(&self.id) {
            return Vec::new();
        }
        let open = held.vault.subjects().filter(|(subject, holding)| {
            let asked = of.is_none_or(|of| of.contains(subject));
            asked && holding.order.is_some() && !holding.done.contains_key(&self.id)
        });
        let signed = open.map(|(subject, _)| {
            let statement = Statement {
                federation: self.federation,
                space: *space,
                subject: *subject,
                node: self.id,
                time_ms: now.wall_ms,
                content: Content::Done,
            };
            let told = statement.sign(&self.key, None);
            Kept::new(statement, told)
        });
        signed.collect()
    }

    /// What follows from rights as they are now: a node that may write has erased what others
    /// ordered, and says so; one that may no longer write keeps no record.
    pub(super) fn follow_vault_rights(&mut self, now: Now, out: &mut Vec<Effect>) {
        for space in self.spaces.keys().copied().collect::<Vec<_>>() {
            let done = self.acknowledgements(now, &space, None);
            if !done.is_empty() {
                self.take_statements(now, space, done, None, out);
            }
            let Some(held) = self.spaces.get_mut(&space) else {
                continue;
            };
            let rights = Rights {
                manifest: &held.manifest,
                roster: &self.roster,
            };
            if !rights.keeps(&self.id) && held.vault.forget_records() {
                let change = Change::VaultLeft { space };
                let effect = self.store(change, Purpose::VaultLeft);
                out.push(effect);
            }
        }
    }

    /// Statements became durable: everybody else who may know them hears of them.
    pub(super) fn statements_stored(
        &self,
        space: SpaceId,
        kept: &[Kept],
        from: Option<LinkId>,
        out: &mut Vec<Effect>,
    ) {
        let Some(held) = self.spaces.get(&space) else {
            return;
        };
        let rights = held.rights(&self.roster);
        for (link, session) in &self.sessions {
            let told = session.hello.is_some();
            if !told || !held.is_shared_with(&self.roster, &session.peer) {
                continue;
            }
            let both = rights.holds(&self.id) && rights.holds(&session.peer);
            let own = |kept: &Kept| kept.statement.node == self.id;
            let news = kept.iter().filter(|kept| {
                let record = matches!(kept.statement.content, Content::Record(_));
                (Some(*link) != from || own(kept)) && (both || !record)
            });
            send_in_parts(*link, space, news, out);
        }
    }

    pub(super) fn statements_received(
        &mut self,
        now: Now,
        link: LinkId,
        space: SpaceId,
        statements: Vec<Told>,
        out: &mut Vec<Effect>,
    ) {
        let (Some(session), Some(held)) = (self.sessions.get(&link), self.spaces.get_mut(&space))
        else {
            return;
        };
        let peer = session.peer;
        if !held.is_shared_with(&self.roster, &peer) {
            return;
        }
        let mut read = Vec::new();
        for told in statements {
            match told.read(&self.federation, &space) {
                Ok(statement) => read.push((statement, told)),
                Err(error) => return self.refuse_act(link, &error, out),
            }
        }
        // Orders before their acknowledgements, and both before records.
        read.sort_by_key(|(statement, _)| statement.content.code());
        let (mut news, mut unheeded) = (Vec::new(), BTreeSet::new());
        // What is news is decided one by one, since one may make the next one old.
        let mut before = Before::new();
        let rights = Rights {
            manifest: &held.manifest,
            roster: &self.roster,
        };
        let vault = &mut held.vault;
        let both = rights.holds(&self.id) && rights.holds(&peer);
        for (at, (statement, told)) in read.iter().enumerate() {
            let record = matches!(statement.content, Content::Record(_));
            let seconded = || seconds(&rights, statement, &read[at + 1..]);
            let reception = match record && !both {
                true => Err(Unheeded::NoRight),
                false => vault.receive(&rights, statement, told, seconded()),
            };
            // What is no news need not be verified.
            let checked = match reception {
                Ok(Reception::News) => told.check(statement),
                Ok(Reception::Known) | Err(_) => Ok(()),
            };
            match reception.map(|reception| (reception, checked)) {
                Ok((Reception::Known, _)) => {}
                Ok((Reception::News, Ok(()))) => {
                    let kept = Kept::new(statement.clone(), told.clone());
                    take(vault, kept.clone(), &mut before);
                    news.push(kept);
                }
                Ok((Reception::News, Err(error))) => {
                    take_back(vault, before);
                    return self.refuse_act(link, &error, out);
                }
                Err(why) => {
                    unheeded.insert(why);
                }
            }
        }
        out.extend(
            unheeded
                .into_iter()
                .map(|why| Effect::Notice(Notice::StatementRefused { peer, space, why })),
        );
        if !news.is_empty() {
            self.keep_statements(now, space, (news, before), (Some(link), None), out);
        }
    }

    /// Tells of whom this node holds what, of what the peer may know.
    pub(super) fn tell_vault(
        &self,
        link: LinkId,
        space: SpaceId,
        answer: bool,
        out: &mut Vec<Effect>,
    ) {
        let (Some(session), Some(held)) = (self.sessions.get(&link), self.spaces.get(&space))
        else {
            return;
        };
        let subjects = held.vault_told(&self.roster, &session.peer);
        let message = Message::VaultHeld {
            space,
            answer,
            subjects,
        };
        out.push(Effect::Send { link, message });
    }

    /// The peer tells of whom it holds what: it gets what is held here of those where that differs,
    /// and is told the same of this node, unless that was an answer.
    pub(super) fn vault_held(
        &mut self,
        link: LinkId,
        space: SpaceId,
        (answer, theirs): (bool, &[(Subject, ShortDigest)]),
        out: &mut Vec<Effect>,
    ) {
        if theirs.len() > VAULT_SUBJECTS_MAX {
            return self.refuse_peer(link, CloseReason::Limit, out);
        }
        let (Some(session), Some(held)) = (self.sessions.get(&link), self.spaces.get(&space))
        else {
            return;
        };
        if !held.is_shared_with(&self.roster, &session.peer) {
            return;
        }
        let rights = held.rights(&self.roster);
        let both = rights.holds(&self.id) && rights.holds(&session.peer);
        let known: std::collections::BTreeMap<_, _> = theirs.iter().copied().collect();
        let ours: Vec<_> = held.vault.shared(&rights, both).collect();
        let differs = |(subject, told): &&(&Subject, Vec<&Kept>)| {
            known.get(*subject) != Some(&digest_of(told))
        };
        let other: Vec<_> = ours.iter().filter(differs).collect();
        let equal = ours.len() - other.len();
        let news = other.into_iter().flat_map(|(_, told)| told.iter().copied());
        send_in_parts(link, space, news, out);
        if !answer && equal < known.len() {
            self.tell_vault(link, space, true, out);
        }
    }
}

/// Whether a node that may hold the vault has acknowledged the order, further on in the message.
fn seconds(rights: &Rights<'_>, order: &Statement, behind: &[(Statement, Told)]) -> bool {
    let order_at_all = matches!(order.content, Content::Order(_));
    order_at_all
        && !rights.orders(&order.node)
        && behind.iter().any(|(statement, told)| {
            statement.content == Content::Done
                && statement.subject == order.subject
                && rights.holds(&statement.node)
                && told.check(statement).is_ok()
        })
}

fn send_in_parts<'a>(
    link: LinkId,
    space: SpaceId,
    statements: impl Iterator<Item = &'a Kept>,
    out: &mut Vec<Effect>,
) {
    let (mut part, mut bytes) = (Vec::new(), 0);
    let mut send = |statements: Vec<Told>| {
        let message = Message::Vault { space, statements };
        out.push(Effect::Send { link, message });
    };
    for kept in statements {
        bytes += kept.told.signed.bytes.len();
        part.push(kept.told.clone());
        if bytes >= VAULT_AT_ONCE_BYTES || part.len() >= VAULT_AT_ONCE_MAX {
            send(std::mem::take(&mut part));
            bytes = 0;
        }
    }
    if !part.is_empty() {
        send(part);
    }
}
