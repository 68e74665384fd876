//! Manifests: verified, put in force, made durable, then told to others.
//!
//! A newer one decides from the moment it is accepted; others hear of it only once it is durable,
//! so that a crash cannot make its signer sign a second one under the same version.

use std::collections::BTreeSet;

use super::held::Held;
use super::session::Session;
use super::state::Node;
use super::stored::Purpose;
use super::{Change, Effect, LinkId, Notice, Refusal, RequestId};
use crate::id::{FeedId, NodeId, SpaceId};
use crate::limits::{SPACES_MAX, SPACES_PER_STEWARD_MAX};
use crate::manifest::{Manifest, MemberRole, SignedManifest};
use crate::message::Message;

impl Node {
    pub(super) fn enact_manifest(
        &mut self,
        request: RequestId,
        signed: SignedManifest,
        out: &mut Vec<Effect>,
    ) {
        let refusal = match signed.open(&self.federation, &self.roster) {
            Ok(manifest) if self.is_newer_manifest(&manifest, &signed) => {
                if self.may_hold(&manifest).is_ok() {
                    return self.put_manifest_in_force(manifest, signed, Some(request), out);
                }
                Refusal::Limit
            }
            _ => Refusal::Stale,
        };
        out.push(Effect::Refuse { request, refusal });
    }

    pub(super) fn manifest_received(
        &mut self,
        link: LinkId,
        signed: SignedManifest,
        out: &mut Vec<Effect>,
    ) {
        let opened = signed.open(&self.federation, &self.roster);
        let Some(session) = self.sessions.get_mut(&link) else {
            return;
        };
        let peer = session.peer;
        let manifest = match opened {
            Ok(manifest) => manifest,
            Err(error) if error.is_forgery() => {
                return self.refuse_act(link, &error, out);
            }
            Err(error) => {
                // Perhaps the roster that says so is still on its way.
                let reason = error.to_string();
                out.push(Effect::Notice(Notice::ActRefused { peer, reason }));
                return;
            }
        };
        let readable = manifest.may_read(&self.roster, &self.id);
        if self.spaces.contains_key(&manifest.space) || readable {
            let theirs = session.spaces.entry(manifest.space).or_default();
            theirs.manifest = Some(signed.hash().shorten());
        }
        if let Err(reason) = self.may_hold(&manifest) {
            let reason = reason.to_owned();
            out.push(Effect::Notice(Notice::ActRefused { peer, reason }));
        } else if self.is_newer_manifest(&manifest, &signed) {
            self.note_inherited(&manifest);
            self.put_manifest_in_force(manifest, signed, None, out);
        }
    }

    /// Whether the space of a manifest may be held here; if not, why.
    fn may_hold(&self, manifest: &Manifest) -> Result<(), &'static str> {
        if self.spaces.contains_key(&manifest.space) {
            return Ok(());
        }
        let steward = manifest.steward();
        let of_steward = |held: &&Held| held.manifest.steward() == steward;
        if !manifest.may_read(&self.roster, &self.id) {
            Err("no member here")
        } else if !self.roster.nodes.contains_key(&steward) {
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
            let held_rank = held.manifest.rank(&self.roster, held.manifest_hash);
            manifest.rank(&self.roster, signed.hash()) > held_rank
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
        let permitted = held.permitted(&self.roster);
        let readable = |node: &NodeId| held.manifest.may_read(&self.roster, node);
        for session in self.sessions.values_mut() {
            if !readable(&session.peer) || !readable(&self.id) {
                session.forget(&space);
            }
        }
        let purpose = Purpose::Manifest {
            space,
            signed: signed.clone(),
            request,
        };
        let change = Change::Manifest {
            space,
            manifest: signed,
            permitted,
        };
        let effect = self.store(change, purpose);
        out.push(effect);
    }

    pub(super) fn manifest_stored(
        &mut self,
        space: SpaceId,
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
        let told = |(link, session): (&LinkId, &Session)| {
            let peer = &session.peer;
            let before = before.as_ref();
            let could = before.is_some_and(|(before, _)| before.may_read(&self.roster, peer));
            (*link, could && !manifest.may_read(&self.roster, peer))
        };
        let links: Vec<(LinkId, bool)> = self.sessions.iter().map(told).collect();
        for (link, removed) in links {
            if removed {
                // Whoever could read learns that it can no longer.
                let message = Message::Manifest(signed.clone());
                out.push(Effect::Send { link, message });
            } else {
                self.introduce(link, space, out);
            }
        }
        // What could not be published again without the right to may have it now.
        self.recall_all(out);
    }

    /// Tells a peer of the state of one space, after rights in it have changed.
    fn introduce(&mut self, link: LinkId, space: SpaceId, out: &mut Vec<Effect>) {
        let (Some(session), Some(held)) =
            (self.sessions.get_mut(&link), self.spaces.get_mut(&space))
        else {
            return;
        };
        if !held.is_shared_with(&self.roster, &session.peer) || session.hello.is_none() {
            return;
        }
        session.in_sync = false;
        session.spaces.entry(space).or_default().frontier_sent = false;
        let peer = session.peer;
        self.send_newer_manifests(link, out);
        let held = self.spaces.get_mut(&space);
        let state = held.and_then(|held| held.state(&self.roster, &peer));
        out.push(Effect::Send {
            link,
            message: Message::Have(state.into_iter().collect()),
        });
    }

    /// Tells every peer of the spaces that it may read since the roster has changed.
    pub(super) fn introduce_all(&mut self, out: &mut Vec<Effect>) {
        let mut news = Vec::new();
        for (link, session) in &self.sessions {
            for (space, held) in &self.spaces {
                let theirs = session.spaces.get(space).and_then(|theirs| theirs.manifest);
                // Another roster can let statements about people stand that did not before.
                let to_tell = theirs != held.told() || !held.vault.is_empty();
                if held.is_shared_with(&self.roster, &session.peer) && to_tell {
                    news.push((*link, *space));
                }
            }
        }
        for (link, space) in news {
            self.introduce(link, space, out);
        }
    }

    /// As steward: signs anew what another key of this node signed, and freezes the feeds of
    /// authors that may not take part, at what is held of them, so that everybody counts alike.
    pub(super) fn keep_own_manifests(&mut self, out: &mut Vec<Effect>) {
        self.keep_own_manifests_without(&BTreeSet::new(), out);
    }

    /// So, where nothing counts of some authors: their work came only after it was known that they
    /// may not take part.
    fn keep_own_manifests_without(&mut self, late: &BTreeSet<NodeId>, out: &mut Vec<Effect>) {
        for space in self.spaces.keys().copied().collect::<Vec<_>>() {
            let Some(held) = self.spaces.get(&space) else {
                continue;
            };
            let steward = held.manifest.is_steward(&self.roster, &self.id);
            if !steward || self.unfilled.contains(&space) {
                continue;
            }
            let mut manifest = held.manifest.clone();
            self.freeze(held, &mut manifest, late);
            if manifest != held.manifest || manifest.signer != self.id {
                manifest.version = manifest.version.saturating_add(1);
                let signed = manifest.sign(&self.key);
                manifest.signer = self.id;
                self.put_manifest_in_force(manifest, signed, None, out);
            }
        }
    }

    fn freeze(&self, held: &Held, manifest: &mut Manifest, late: &BTreeSet<NodeId>) {
        let active = |author: &NodeId| self.roster.is_active(author);
        let writers = manifest.members.iter();
        let writers = writers.filter(|(_, role)| **role == MemberRole::Writer);
        let feeds = held.feeds.keys().map(|feed| feed.author);
        let authors = feeds.chain(writers.map(|(node, _)| *node));
        let inactive: BTreeSet<NodeId> = authors.filter(|author| !active(author)).collect();
        for author in &inactive {
            if manifest.may_write(&self.roster, author) {
                let theirs = held.feeds.iter().filter(|(feed, _)| feed.author == *author);
                let theirs = theirs.filter(|(feed, _)| !late.contains(&feed.author));
                for (feed, state) in theirs {
                    // A lower cap says that what is beyond it never counted.
                    let cap = manifest.caps.entry(*feed).or_insert(u64::MAX);
                    *cap = state.pending.length.min(*cap);
                }
                manifest.frozen.insert(*author);
            }
        }
        let thawed: Vec<NodeId> = manifest.frozen.iter().copied().filter(active).collect();
        for author in thawed {
            manifest.frozen.remove(&author);
            if manifest.may_write(&self.roster, &author) {
                manifest.caps.retain(|feed, _| feed.author != author);
            }
        }
    }

    /// Whether this node is the steward of a space and has to freeze an author of new entries.
    pub(super) fn freeze_if_inactive(
        &mut self,
        space: SpaceId,
        feeds: &[FeedId],
        out: &mut Vec<Effect>,
    ) {
        let Some(held) = self.spaces.get(&space) else {
            return;
        };
        let counts = |feed: &FeedId| {
            !self.roster.is_active(&feed.author)
                && held.manifest.permitted(&self.roster, feed) == u64::MAX
        };
        let steward = held.manifest.is_steward(&self.roster, &self.id);
        if steward {
            let late = feeds.iter().filter(|feed| counts(feed));
            let late: BTreeSet<NodeId> = late.map(|feed| feed.author).collect();
            if !late.is_empty() {
                self.keep_own_manifests_without(&late, out);
            }
        }
    }
}
