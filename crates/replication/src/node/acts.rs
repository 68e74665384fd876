//! Rosters and manifests: verified, put in force, made durable, then told to others.
//!
//! A newer version decides from the moment it is accepted; others hear of it only once it is
//! durable, so that a crash cannot make its signer sign a second one under the same version.

use super::held::Held;
use super::state::Node;
use super::stored::Purpose;
use super::{Act, Change, Effect, LinkId, Notice, Refusal, RequestId};
use crate::id::{FeedId, NodeId};
use crate::limits::{SPACES_MAX, SPACES_PER_STEWARD_MAX};
use crate::manifest::{Manifest, SignedManifest};
use crate::message::{CloseReason, Message};
use crate::roster::{Roster, SignedRoster};

impl Node {
    pub(super) fn enact(&mut self, request: RequestId, act: Act, out: &mut Vec<Effect>) {
        let refusal = match act {
            Act::Roster(signed) => match signed.open(&self.federation) {
                Ok(roster) if self.is_newer_roster(&roster, &signed) => {
                    return self.put_roster_in_force(roster, signed, Some(request), out);
                }
                _ => Refusal::Stale,
            },
            Act::Manifest(signed) => match signed.open(&self.federation) {
                Ok(manifest) if self.is_newer_manifest(&manifest, &signed) => {
                    if self.may_hold(&manifest).is_ok() {
                        return self.put_manifest_in_force(manifest, signed, Some(request), out);
                    }
                    Refusal::Limit
                }
                _ => Refusal::Stale,
            },
        };
        out.push(Effect::Refuse { request, refusal });
    }

    pub(super) fn durable_roster_version(&self) -> u64 {
        Roster::decode(&self.durable_roster.bytes).map_or(0, |roster| roster.version)
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
                session.roster = session.roster.max((roster.version, signed.hash()));
                if self.is_newer_roster(&roster, &signed) {
                    self.put_roster_in_force(roster, signed, None, out);
                }
            }
            Err(error) => {
                let (peer, reason) = (session.peer, error.to_string());
                out.push(Effect::Notice(Notice::ActRefused { peer, reason }));
                self.refuse_peer(link, CloseReason::Forged, out);
            }
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
        self.roster = roster;
        self.signed_roster = signed.clone();
        let purpose = Purpose::Roster {
            signed: signed.clone(),
            request,
        };
        let effect = self.store(Change::Roster(signed), purpose);
        out.push(effect);
        let gone = self
            .sessions
            .iter()
            .filter(|(_, s)| !self.roster.is_active(&s.peer));
        for link in gone.map(|(link, _)| *link).collect::<Vec<_>>() {
            self.close(link, CloseReason::NotInRoster, out);
        }
    }

    pub(super) fn roster_stored(&mut self, signed: SignedRoster, out: &mut Vec<Effect>) {
        self.durable_roster = signed;
        out.push(Effect::RosterInForce);
        let ours = (self.durable_roster_version(), self.durable_roster.hash());
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
    }

    pub(super) fn manifest_received(
        &mut self,
        link: LinkId,
        signed: SignedManifest,
        out: &mut Vec<Effect>,
    ) {
        let opened = signed.open(&self.federation);
        let Some(session) = self.sessions.get_mut(&link) else {
            return;
        };
        let peer = session.peer;
        let manifest = match opened {
            Ok(manifest) => manifest,
            Err(error) => {
                let reason = error.to_string();
                out.push(Effect::Notice(Notice::ActRefused { peer, reason }));
                return self.refuse_peer(link, CloseReason::Forged, out);
            }
        };
        if self.spaces.contains_key(&manifest.space) || manifest.may_read(&self.id) {
            let theirs = session.spaces.entry(manifest.space).or_default();
            theirs.manifest = theirs.manifest.max(Some((manifest.version, signed.hash())));
        }
        if let Err(reason) = self.may_hold(&manifest) {
            let reason = reason.to_owned();
            out.push(Effect::Notice(Notice::ActRefused { peer, reason }));
        } else if self.is_newer_manifest(&manifest, &signed) {
            self.put_manifest_in_force(manifest, signed, None, out);
        }
    }

    /// Whether the space of a manifest may be held here; if not, why.
    fn may_hold(&self, manifest: &Manifest) -> Result<(), &'static str> {
        if self.spaces.contains_key(&manifest.space) {
            return Ok(());
        }
        let of_steward = |held: &&Held| held.manifest.steward == manifest.steward;
        if !manifest.may_read(&self.id) {
            Err("no member here")
        } else if !self.roster.nodes.contains_key(&manifest.steward) {
            Err("unknown steward")
        } else if self.spaces.values().filter(of_steward).count() >= SPACES_PER_STEWARD_MAX {
            Err("too many spaces of one steward")
        } else if self.spaces.len() >= SPACES_MAX {
            Err("too many spaces")
        } else {
            Ok(())
        }
    }

    fn is_newer_manifest(&self, manifest: &Manifest, signed: &SignedManifest) -> bool {
        self.spaces.get(&manifest.space).is_none_or(|held| {
            (manifest.version, signed.hash()) > (held.manifest.version, held.manifest_hash)
        })
    }

    fn put_manifest_in_force(
        &mut self,
        manifest: Manifest,
        signed: SignedManifest,
        request: Option<RequestId>,
        out: &mut Vec<Effect>,
    ) {
        let space = manifest.space;
        let held = self
            .spaces
            .entry(space)
            .and_modify(|held| {
                held.manifest = manifest.clone();
                held.manifest_hash = signed.hash();
            })
            .or_insert_with(|| Held::new(self.id, manifest, &signed));
        let counted = |feed: &FeedId| (*feed, held.manifest.permitted(feed));
        let permitted = held.feeds.keys().map(counted).collect();
        for session in self.sessions.values_mut() {
            if !held.manifest.may_read(&session.peer) || !held.manifest.may_read(&self.id) {
                session.forget(&space);
            }
        }
        let purpose = Purpose::Manifest {
            space,
            signed: signed.clone(),
            request,
        };
        let effect = self.store(
            Change::Manifest {
                space,
                manifest: signed,
                permitted,
            },
            purpose,
        );
        out.push(effect);
    }

    pub(super) fn manifest_stored(
        &mut self,
        space: crate::id::SpaceId,
        signed: SignedManifest,
        out: &mut Vec<Effect>,
    ) {
        let Some(held) = self.spaces.get_mut(&space) else {
            return;
        };
        let Ok(manifest) = Manifest::decode(&signed.bytes) else {
            return;
        };
        let before = held.durable.replace((manifest.clone(), signed.clone()));
        let could_read = |peer: &NodeId| {
            before
                .as_ref()
                .is_some_and(|(before, _)| before.may_read(peer))
        };
        let links: Vec<(LinkId, NodeId)> = self
            .sessions
            .iter()
            .map(|(link, session)| (*link, session.peer))
            .collect();
        for (link, peer) in links {
            if !manifest.may_read(&peer) && could_read(&peer) {
                // Whoever could read learns that it can no longer.
                let message = Message::Manifest(signed.clone());
                out.push(Effect::Send { link, message });
            } else {
                self.introduce(link, space, out);
            }
        }
    }

    /// Tells a peer of the state of one space, after its manifest has changed.
    fn introduce(&mut self, link: LinkId, space: crate::id::SpaceId, out: &mut Vec<Effect>) {
        let (Some(session), Some(held)) =
            (self.sessions.get_mut(&link), self.spaces.get_mut(&space))
        else {
            return;
        };
        if !held.is_shared_with(&session.peer) || session.hello.is_none() {
            return;
        }
        session.in_sync = false;
        session.spaces.entry(space).or_default().frontier_sent = false;
        self.send_newer_manifests(link, out);
        let state = self.spaces.get_mut(&space).and_then(Held::state);
        out.push(Effect::Send {
            link,
            message: Message::Have(state.into_iter().collect()),
        });
    }
}
