//! The roster and the branches: verified, put in force, made durable, then told to others.

use std::error::Error;

use super::state::Node;
use super::stored::Purpose;
use super::{Act, Change, Effect, LinkId, Notice, Now, Refusal, RequestId};
use crate::branch::{Branch, SignedBranch};
use crate::id::{Hash, NodeId, ShortDigest};
use crate::limits::BRANCHES_MAX;
use crate::message::{CloseReason, Message};
use crate::roster::{NodeRole, Roster, SignedRoster};

impl Node {
    pub(super) fn enact(&mut self, now: Now, request: RequestId, act: Act, out: &mut Vec<Effect>) {
        match act {
            Act::Roster(signed) => match signed.open(&self.federation) {
                Ok(roster) if self.is_newer_roster(&roster, &signed) => {
                    self.put_roster_in_force(roster, signed, Some(request), out);
                }
                _ => out.push(Effect::Refuse {
                    request,
                    refusal: Refusal::Stale,
                }),
            },
            Act::Branch(signed) => match signed.open(&self.federation) {
                Ok(branch) if self.is_newer_branch(&branch, &signed) => {
                    self.put_branch_in_force(branch, signed, Some(request), out);
                }
                _ => out.push(Effect::Refuse {
                    request,
                    refusal: Refusal::Stale,
                }),
            },
            Act::Manifest(signed) => self.enact_manifest(request, signed, out),
            Act::Statement(space, told) => self.enact_statement(now, request, (space, told), out),
        }
    }

    /// The version of the durable roster, and what orders rosters of one version.
    pub(super) fn durable_roster_order(&self) -> (u64, ShortDigest) {
        let roster = Roster::decode(&self.durable_roster.bytes);
        let version = roster.map_or(0, |roster| roster.version);
        (version, self.durable_roster.hash().shorten())
    }

    pub(super) fn roster_received(
        &mut self,
        link: LinkId,
        signed: SignedRoster,
        out: &mut Vec<Effect>,
    ) {
        let opened = signed.open(&self.federation);
        let Some(session) = self.sessions.get_mut(&link) else {
            return;
        };
        match opened {
            Ok(roster) => {
                let told = (roster.version, signed.hash().shorten());
                session.roster = session.roster.max(told);
                if self.is_newer_roster(&roster, &signed) {
                    self.put_roster_in_force(roster, signed, None, out);
                }
            }
            Err(error) => self.refuse_act(link, &error, out),
        }
    }

    /// Somebody made it up: the session ends.
    pub(super) fn refuse_act(
        &mut self,
        link: LinkId,
        error: &(dyn Error + 'static),
        out: &mut Vec<Effect>,
    ) {
        if let Some(session) = self.sessions.get(&link) {
            let peer = session.peer;
            let causes = std::iter::successors(Some(error), |error| (*error).source());
            let causes: Vec<_> = causes.map(ToString::to_string).collect();
            let reason = causes.join(": ");
            out.push(Effect::Notice(Notice::ActRefused { peer, reason }));
            self.refuse_peer(link, CloseReason::Forged, out);
        }
    }

    fn is_newer_roster(&self, roster: &Roster, signed: &SignedRoster) -> bool {
        let ours = (self.roster.version, self.signed_roster.hash());
        (roster.version, signed.hash()) > ours
    }

    fn put_roster_in_force(
        &mut self,
        roster: Roster,
        signed: SignedRoster,
        request: Option<RequestId>,
        out: &mut Vec<Effect>,
    ) {
        self.signed_roster = signed.clone();
        self.merge_roster(&roster, out);
        let purpose = Purpose::Roster {
            signed: signed.clone(),
            request,
        };
        let effect = self.store(Change::Roster(signed), purpose);
        out.push(effect);
        self.follow_roster(out);
    }

    /// The roster of the federation together with the branches of its nodes.
    fn merge_roster(&mut self, roster: &Roster, out: &mut Vec<Effect>) {
        let before = std::mem::replace(
            &mut self.roster,
            roster.with_branches(self.branches.values().map(|(branch, _)| branch)),
        );
        for (space, held) in &mut self.spaces {
            let counted = |roster| {
                let permitted = |feed| held.manifest.permitted(roster, feed);
                let feeds = held.feeds.keys().map(|feed| (*feed, permitted(feed)));
                feeds.collect::<Vec<_>>()
            };
            let (old, permitted) = (counted(&before), counted(&self.roster));
            if old != permitted {
                let space = *space;
                let write = self.writes.begin(Purpose::Permitted);
                let change = Change::Permitted { space, permitted };
                out.push(Effect::Store { write, change });
            }
        }
    }

    /// What follows from another roster: sessions end, suspended authors are frozen.
    fn follow_roster(&mut self, out: &mut Vec<Effect>) {
        let gone = self
            .sessions
            .iter()
            .filter(|(_, s)| !self.roster.is_active(&s.peer));
        for link in gone.map(|(link, _)| *link).collect::<Vec<_>>() {
            self.close(link, CloseReason::NotInRoster, out);
        }
        for session in self.sessions.values_mut() {
            for (space, held) in &self.spaces {
                let readable = |node| held.manifest.may_read(&self.roster, node);
                if !readable(&session.peer) || !readable(&self.id) {
                    session.forget(space);
                }
            }
        }
        self.keep_own_manifests(out);
    }

    pub(super) fn roster_stored(&mut self, signed: SignedRoster, out: &mut Vec<Effect>) {
        self.durable_roster = signed;
        out.push(Effect::RosterInForce);
        let ours = self.durable_roster_order();
        for (link, session) in &mut self.sessions {
            if session.hello.is_some() && session.roster < ours {
                session.roster = ours;
                let message = Message::Roster(self.durable_roster.clone());
                out.push(Effect::Send {
                    link: *link,
                    message,
                });
            }
        }
        self.introduce_all(out);
    }

    pub(super) fn branch_received(
        &mut self,
        link: LinkId,
        signed: SignedBranch,
        out: &mut Vec<Effect>,
    ) {
        // Many signatures need not be verified twice.
        let is_held = |(_, held): &(Branch, SignedBranch)| *held == signed;
        if self.branches.values().any(is_held) {
            return;
        }
        match signed.open(&self.federation) {
            Ok(branch) if self.is_newer_branch(&branch, &signed) => {
                self.put_branch_in_force(branch, signed, None, out);
            }
            Ok(_) => {}
            Err(error) => self.refuse_act(link, &error, out),
        }
    }

    /// Whether a branch replaces what is held, and its parent may have one.
    fn is_newer_branch(&self, branch: &Branch, signed: &SignedBranch) -> bool {
        let parent = self.roster.nodes.get(&branch.parent);
        let may = parent
            .is_some_and(|parent| parent.admitted_by.is_none() && parent.role != NodeRole::Edge);
        let held = self.branches.get(&branch.parent);
        let newer = held.is_none_or(|(held, as_signed)| {
            (branch.version, signed.hash()) > (held.version, as_signed.hash())
        });
        may && newer && (held.is_some() || self.branches.len() < BRANCHES_MAX)
    }

    pub(super) fn put_branch_in_force(
        &mut self,
        branch: Branch,
        signed: SignedBranch,
        request: Option<RequestId>,
        out: &mut Vec<Effect>,
    ) {
        self.branches
            .insert(branch.parent, (branch, signed.clone()));
        if let Ok(roster) = Roster::decode(&self.signed_roster.bytes) {
            self.merge_roster(&roster, out);
        }
        let purpose = Purpose::Branch {
            signed: signed.clone(),
            request,
        };
        let effect = self.store(Change::Branch(signed), purpose);
        out.push(effect);
        self.follow_roster(out);
    }

    pub(super) fn branch_stored(&mut self, signed: SignedBranch, out: &mut Vec<Effect>) {
        let Ok(branch) = Branch::decode(&signed.bytes) else {
            return;
        };
        self.durable_branches.insert(branch.parent, signed.clone());
        out.push(Effect::RosterInForce);
        for (link, session) in &self.sessions {
            if session.hello.is_some() {
                let message = Message::Branch(signed.clone());
                out.push(Effect::Send {
                    link: *link,
                    message,
                });
            }
        }
        self.introduce_all(out);
    }

    /// Digest over the branches that are told to others.
    pub(super) fn branches_digest(&self) -> ShortDigest {
        let hashes = self.durable_branches.values().map(SignedBranch::hash);
        let bytes: Vec<u8> = hashes.flat_map(|hash| hash.0).collect();
        Hash::of("phaki/branches/v1", &[&bytes]).shorten()
    }

    /// Tells all branches to a peer that knows others.
    pub(super) fn send_branches(&self, link: LinkId, out: &mut Vec<Effect>) {
        for signed in self.durable_branches.values() {
            let message = Message::Branch(signed.clone());
            out.push(Effect::Send { link, message });
        }
    }

    /// The newest branch that a node signed with this key or, if none, with an earlier one.
    pub fn branch(&self, parent: &NodeId) -> Option<&(Branch, SignedBranch)> {
        let mut keys = self.roster.lineage(parent);
        keys.find_map(|key| self.branches.get(&key))
    }
}
