//! The beginning of a session: who is there, what is shared, where it differs.

use super::session::{PeerSpace, Session};
use super::state::Node;
use super::timing::ms;
use super::{Effect, LinkId, Notice, Now};
use crate::id::{Hash, NodeId, ShortDigest};
use crate::limits::{FEEDS_PER_SPACE_MAX, HELLO_TIMEOUT, LINKS_MAX, SPACES_MAX, STALL_MAX};
use crate::message::{
    CloseReason, FrontierReport, Heartbeat, Hello, Message, PROTOCOL_VERSION, PROTOCOL_VERSION_MIN,
    SpaceState,
};

impl Node {
    pub(super) fn link_opened(
        &mut self,
        now: Now,
        link: LinkId,
        peer: NodeId,
        dialled: bool,
        out: &mut Vec<Effect>,
    ) {
        let refusal = if !self.roster.is_active(&peer) || peer == self.id {
            Some(CloseReason::NotInRoster)
        } else if self.sessions.len() >= LINKS_MAX {
            Some(CloseReason::Limit)
        } else {
            self.twin_refusal(now, &peer, dialled)
        };
        if let Some(reason) = refusal {
            out.push(Effect::Send {
                link,
                message: Message::Close(reason),
            });
            out.push(Effect::Close { link, reason });
            return;
        }
        let twins = self
            .sessions
            .iter()
            .filter(|(_, session)| session.peer == peer);
        for twin in twins.map(|(twin, _)| *twin).collect::<Vec<_>>() {
            let reason = match self.cloned.contains(&peer) {
                true => CloseReason::Clone,
                false => CloseReason::Replaced,
            };
            self.close(twin, reason, out);
        }
        self.sessions.insert(link, Session::new(peer, dialled, now));
        let (roster_version, roster) = self.durable_roster_order();
        let hello = Hello {
            protocol: PROTOCOL_VERSION,
            protocol_min: PROTOCOL_VERSION_MIN,
            federation: self.federation,
            epoch: self.epoch,
            instance: self.instance,
            roster_version,
            roster,
            branches: self.branches_digest(),
            time_ms: now.wall_ms,
        };
        out.push(Effect::Send {
            link,
            message: Message::Hello(hello),
        });
        self.send_have(link, out);
    }

    /// Of two links that were dialled at once by either side, the one stays that the smaller key
    /// dialled, so that both sides keep the same one. Otherwise the later one stays: a peer that
    /// dials again knows best that the older link is dead.
    fn twin_refusal(&self, now: Now, peer: &NodeId, dialled: bool) -> Option<CloseReason> {
        let twin = self
            .sessions
            .values()
            .find(|session| session.peer == *peer)?;
        let young = now.monotonic_ms < twin.opened_ms.saturating_add(ms(HELLO_TIMEOUT));
        let dialled_by_smaller = dialled == (self.id < *peer);
        let crossed = twin.dialled != dialled && young;
        (crossed && !dialled_by_smaller).then_some(CloseReason::Replaced)
    }

    pub(super) fn link_closed(&mut self, now: Now, link: LinkId, out: &mut Vec<Effect>) {
        if self.sessions.remove(&link).is_some() {
            self.reads.retain(|_, (reader, _)| *reader != link);
            self.ask_for_all(now, out);
            self.ask_for_severed(now, out);
        }
    }

    /// Ends a session and says so to the peer.
    pub(super) fn close(&mut self, link: LinkId, reason: CloseReason, out: &mut Vec<Effect>) {
        if self.sessions.remove(&link).is_some() {
            self.reads.retain(|_, (reader, _)| *reader != link);
            out.push(Effect::Send {
                link,
                message: Message::Close(reason),
            });
            out.push(Effect::Close { link, reason });
        }
    }

    /// A peer whose sessions come from two processes in turns is two machines with one key.
    fn notice_clone(&mut self, link: LinkId, out: &mut Vec<Effect>) {
        let Some(session) = self.sessions.get(&link) else {
            return;
        };
        let Some(hello) = &session.hello else {
            return;
        };
        let peer = session.peer;
        let (current, before) = self
            .instances
            .insert(peer, (hello.instance, None))
            .unwrap_or((hello.instance, None));
        let turned = before == Some(hello.instance);
        if current == hello.instance {
            self.instances.insert(peer, (current, before));
        } else {
            self.instances.insert(peer, (hello.instance, Some(current)));
        }
        if turned && self.cloned.insert(peer) {
            out.push(Effect::Notice(Notice::Cloned { peer }));
        }
    }

    /// Ends a session for what the peer did.
    pub(super) fn refuse_peer(&mut self, link: LinkId, reason: CloseReason, out: &mut Vec<Effect>) {
        if let Some(session) = self.sessions.get(&link) {
            out.push(Effect::Notice(Notice::PeerRefused {
                peer: session.peer,
                reason,
            }));
            self.close(link, reason, out);
        }
    }

    pub(super) fn hello(&mut self, now: Now, link: LinkId, hello: Hello, out: &mut Vec<Effect>) {
        let ours = self.durable_roster_order();
        let other_branches = hello.branches != self.branches_digest();
        let federation = self.federation;
        let Some(session) = self.sessions.get_mut(&link) else {
            return;
        };
        if session.hello.is_some() {
            return self.refuse_peer(link, CloseReason::Protocol, out);
        }
        if hello.federation != federation {
            return self.refuse_peer(link, CloseReason::Federation, out);
        }
        if hello.protocol < PROTOCOL_VERSION_MIN || hello.protocol_min > PROTOCOL_VERSION {
            return self.refuse_peer(link, CloseReason::Version, out);
        }
        session.clock_skew_ms = hello.time_ms.saturating_sub(now.wall_ms);
        session.roster = (hello.roster_version, hello.roster);
        let peer_is_behind = session.roster < ours;
        session.hello = Some(hello);
        if peer_is_behind {
            session.roster = ours;
            let message = Message::Roster(self.durable_roster.clone());
            out.push(Effect::Send { link, message });
        }
        if other_branches {
            self.send_branches(link, out);
        }
        self.notice_clone(link, out);
        self.renew_when_cut(out);
    }

    /// Tells the state of everything shared, and begins the comparison anew.
    pub(super) fn send_have(&mut self, link: LinkId, out: &mut Vec<Effect>) {
        let Some(session) = self.sessions.get_mut(&link) else {
            return;
        };
        let mut states = Vec::new();
        for (space, held) in &mut self.spaces {
            if held.is_shared_with(&self.roster, &session.peer) {
                session.spaces.entry(*space).or_default().frontier_sent = false;
                states.extend(held.state(&self.roster, &session.peer));
            }
        }
        out.push(Effect::Send {
            link,
            message: Message::Have(states),
        });
    }

    pub(super) fn have(&mut self, link: LinkId, states: &[SpaceState], out: &mut Vec<Effect>) {
        if states.len() > SPACES_MAX {
            return self.refuse_peer(link, CloseReason::Limit, out);
        }
        let Some(session) = self.sessions.get_mut(&link) else {
            return;
        };
        let opening = !std::mem::replace(&mut session.greeted, true);
        let (mut other_receipts, mut other_severed) = (Vec::new(), Vec::new());
        let mut other_vaults = Vec::new();
        for state in states {
            let Some(held) = self.spaces.get_mut(&state.space) else {
                continue;
            };
            if !held.is_shared_with(&self.roster, &session.peer) {
                let farewell = held.farewell(&self.roster, &session.peer, state);
                out.extend(farewell.map(|signed| {
                    let message = Message::Manifest(signed);
                    Effect::Send { link, message }
                }));
                continue;
            }
            let theirs = session.spaces.entry(state.space).or_default();
            theirs.manifest = Some(state.manifest);
            theirs.told = true;
            if held.receipts_digest(&self.roster, &session.peer) != state.receipts {
                other_receipts.push(state.space);
            }
            if held.adrift_digest() != state.severed {
                other_severed.push(state.space);
            }
            if held.vault_digest(&self.roster, &session.peer) != state.vault {
                other_vaults.push(state.space);
            }
            let equal = held.frontier_digest() == state.frontier;
            if equal {
                theirs.agree(held.report(state.space));
            }
            // At the opening both sides tell their state, so that agreement needs no answer.
            if !equal || (!opening && !theirs.frontier_sent) {
                theirs.frontier_sent = true;
                let message = Message::Frontier(held.report(state.space));
                out.push(Effect::Send { link, message });
            }
        }
        self.send_newer_manifests(link, out);
        for space in other_receipts {
            self.tell_receipts(link, space, out);
        }
        for space in other_severed {
            self.tell_severed(link, space, out);
        }
        for space in other_vaults {
            // At the opening the peer finds out by itself.
            self.tell_vault(link, space, opening, out);
        }
        self.notice_sync(link, out);
    }

    pub(super) fn send_newer_manifests(&mut self, link: LinkId, out: &mut Vec<Effect>) {
        let Some(session) = self.sessions.get_mut(&link) else {
            return;
        };
        for (space, held) in &self.spaces {
            let Some((_, signed)) = &held.durable else {
                continue;
            };
            if !held.is_shared_with(&self.roster, &session.peer) {
                continue;
            }
            let theirs = session.spaces.entry(*space).or_default();
            let ours = held.told();
            if theirs.manifest != ours {
                theirs.manifest = ours;
                let message = Message::Manifest(signed.clone());
                out.push(Effect::Send { link, message });
            }
        }
    }

    pub(super) fn frontier_received(
        &mut self,
        now: Now,
        link: LinkId,
        report: &FrontierReport,
        out: &mut Vec<Effect>,
    ) {
        if report.feeds.len() > FEEDS_PER_SPACE_MAX {
            return self.refuse_peer(link, CloseReason::Limit, out);
        }
        let (Some(session), Some(held)) =
            (self.sessions.get_mut(&link), self.spaces.get(&report.space))
        else {
            return;
        };
        if !held.is_shared_with(&self.roster, &session.peer) {
            return;
        }
        session.in_sync = false;
        let theirs = session.spaces.entry(report.space).or_default();
        theirs.told = true;
        if report.complete {
            theirs.agree(report.clone());
            if !theirs.frontier_sent {
                theirs.frontier_sent = true;
                let message = Message::Frontier(held.report(report.space));
                out.push(Effect::Send { link, message });
            }
        }
        for told in &report.feeds {
            session.told(&report.space, &told.feed, told.length);
        }
        self.compare_heads(link, report, out);
        let announced = !report.complete;
        for told in &report.feeds {
            self.ask(now, link, report.space, told.feed, announced, out);
        }
        self.pump(link, out);
        self.notice_sync(link, out);
    }

    pub(super) fn heartbeat(
        &mut self,
        now: Now,
        link: LinkId,
        beat: Heartbeat,
        out: &mut Vec<Effect>,
    ) {
        let shared = self.shared_digest(link);
        let Some(session) = self.sessions.get_mut(&link) else {
            return;
        };
        session.clock_skew_ms = beat.time_ms.saturating_sub(now.wall_ms);
        let stalled = now.monotonic_ms >= session.progress_ms.saturating_add(ms(STALL_MAX));
        if shared == beat.shared {
            // Both hold the same, so whatever is on its way has arrived before.
            session.unacknowledged.clear();
            session.in_flight = 0;
        } else if self.bulk_waits.contains(&session.peer) {
            // That something is missing is known; it is asked for once the quiet hours are over.
        } else if session.is_quiet() || stalled {
            session.start_over();
            self.send_have(link, out);
        }
    }

    /// Digest over the states of all shared spaces of which the peer of `link` has told.
    pub(super) fn shared_digest(&mut self, link: LinkId) -> ShortDigest {
        let Some(session) = self.sessions.get(&link) else {
            return ShortDigest([0; 16]);
        };
        let mut bytes = Vec::new();
        for (space, held) in &mut self.spaces {
            let told = session.spaces.get(space).is_some_and(|theirs| theirs.told);
            if told
                && held.is_shared_with(&self.roster, &session.peer)
                && let Some(manifest) = held.told()
            {
                bytes.extend_from_slice(&space.0);
                bytes.extend_from_slice(&manifest.0);
                bytes.extend_from_slice(&held.frontier_digest().0);
            }
        }
        Hash::of("phaki/shared/v1", &[&bytes]).shorten()
    }

    /// Reports the moment from which both sides hold the same of everything shared.
    pub(super) fn notice_sync(&mut self, link: LinkId, out: &mut Vec<Effect>) {
        let Some(session) = self.sessions.get_mut(&link) else {
            return;
        };
        if session.in_sync || session.hello.is_none() || !session.is_quiet() {
            return;
        }
        for (space, held) in &mut self.spaces {
            if !held.is_shared_with(&self.roster, &session.peer) {
                continue;
            }
            let Some(theirs) = session.spaces.get(space).filter(|theirs| theirs.complete) else {
                return;
            };
            let held_by_us = held
                .feeds
                .iter()
                .map(|(feed, state)| (feed, state.durable.length));
            let held_by_peer = theirs.known.iter().map(|(feed, length)| (feed, *length));
            let some = |(_, length): &(_, u64)| *length > 0;
            if !held_by_us.filter(some).eq(held_by_peer.filter(some)) || !theirs.forked.is_empty() {
                return;
            }
        }
        session.in_sync = true;
        let peer = session.peer;
        out.push(Effect::Notice(Notice::InSync { peer }));
        self.take_over_filled(&peer, out);
    }
}

impl PeerSpace {
    /// Replaces what is known of the peer by a report of all its feeds.
    fn agree(&mut self, report: FrontierReport) {
        self.complete = true;
        let told = report.feeds.into_iter();
        self.known = told.map(|told| (told.feed, told.length)).collect();
    }
}
