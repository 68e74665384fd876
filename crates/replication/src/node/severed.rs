//! What was cut off a feed travels back to its author, who publishes it again if it is honest.
//!
//! Everybody tells which runs it keeps and nobody has published again; whoever lacks one asks a
//! single peer for it, verifies it, and tells its own peers. So relays that never held the feed
//! carry what lies behind the cut, and nothing comes twice. What is settled is not told of, so
//! where nothing waits nothing is said.

use std::collections::BTreeSet;
use std::collections::btree_map::Entry;

use super::held::Held;
use super::state::Node;
use super::stored::Purpose;
use super::timing::ms;
use super::{Change, Effect, KeptRun, LinkId, Now, ReadId};
use crate::feed::Run;
use crate::id::{Hash, NodeId, ShortDigest, SpaceId};
use crate::limits::{
    READS_PER_LINK_MAX, SEVERED_AT_ONCE_MAX, SEVERED_BYTES_MAX, SEVERED_OFFERS_MAX,
    SEVERED_RUNS_MAX, STALL_MAX,
};
use crate::message::{CloseReason, Message, SeveredRun};

impl SeveredRun {
    fn of(run: &Run) -> Self {
        Self {
            feed: run.feed,
            from: run.from,
            head: run.checkpoint.head,
        }
    }
}

impl Held {
    /// Takes note of all that was cut off and is kept.
    pub(super) fn keep(&mut self, runs: Vec<KeptRun>) {
        for KeptRun { run, .. } in &runs {
            let at = self.severed.entry(run.feed).or_insert(run.from);
            *at = run.from.min(*at);
        }
        self.kept = runs.into_iter().map(|kept| (kept.run, kept)).collect();
        self.adrift.clear();
        let (mut author, mut count) = (None, 0);
        for KeptRun { run, .. } in self.kept.values().filter(|kept| !kept.settled) {
            if author.replace(run.feed.author) != Some(run.feed.author) {
                count = 0;
            }
            let proved = self.cuts.get(&run.feed);
            if count < SEVERED_RUNS_MAX && proved.is_some_and(|proof| proof.at <= run.from) {
                self.adrift.insert(*run);
                count += 1;
            }
        }
    }

    /// Digest over the runs that are told to others.
    pub(super) fn adrift_digest(&self) -> Option<ShortDigest> {
        let mut bytes = Vec::with_capacity(88 * self.adrift.len());
        for SeveredRun { feed, from, head } in &self.adrift {
            bytes.extend_from_slice(&feed.author.0);
            bytes.extend_from_slice(&feed.epoch.0);
            bytes.extend_from_slice(&from.to_be_bytes());
            bytes.extend_from_slice(&head.0);
        }
        let digest = || Hash::of("phaki/severed/v1", &[&bytes]).shorten();
        (!bytes.is_empty()).then(digest)
    }

    fn keeps(&self, run: &SeveredRun) -> bool {
        self.kept.contains_key(run) || self.arriving.contains_key(run)
    }

    /// Whether one more run of an author may be taken from others.
    fn has_room_for_severed(&self, author: &NodeId) -> bool {
        // What this node itself had to cut off is as much as it held, and gone once it is settled.
        let occupy = |kept: &&KeptRun| kept.carried || !kept.settled;
        let kept = self.kept.values().filter(occupy);
        let kept = kept.map(|kept| (&kept.run, kept.bytes));
        let arriving = self.arriving.iter().map(|(run, bytes)| (run, *bytes));
        let theirs = kept.chain(arriving);
        let theirs = theirs.filter(|(run, _)| run.feed.author == *author);
        let (runs, bytes) = theirs.fold((0, 0_u64), |(runs, sum), (_, bytes)| {
            (runs + 1, sum.saturating_add(bytes))
        });
        runs < SEVERED_RUNS_MAX && bytes < SEVERED_BYTES_MAX
    }
}

impl Node {
    /// What was cut off in a space, or what is settled of it, may have changed: looks it up.
    pub(super) fn list_severed(&mut self, space: SpaceId, out: &mut Vec<Effect>) {
        let held = self.spaces.get(&space);
        if held.is_none_or(|held| held.severed.is_empty()) {
            return;
        }
        match self.listing.entry(space) {
            Entry::Occupied(mut again) => drop(again.insert(true)),
            Entry::Vacant(first) => {
                first.insert(false);
                out.push(Effect::ListSevered { space });
            }
        }
    }

    pub(super) fn list_all_severed(&mut self, out: &mut Vec<Effect>) {
        for space in self.spaces.keys().copied().collect::<Vec<_>>() {
            self.list_severed(space, out);
        }
    }

    /// Tells everybody of what is kept since the last time.
    pub(super) fn severed_listed(
        &mut self,
        now: Now,
        space: SpaceId,
        runs: Option<Vec<KeptRun>>,
        out: &mut Vec<Effect>,
    ) {
        if self.listing.remove(&space) == Some(true) {
            self.list_severed(space, out);
        }
        let (Some(held), Some(runs)) = (self.spaces.get_mut(&space), runs) else {
            return;
        };
        let before = std::mem::take(&mut held.adrift);
        held.keep(runs);
        for (link, session) in &mut self.sessions {
            if session.hello.is_some() && held.is_shared_with(&self.roster, &session.peer) {
                let unknown = |run: &&SeveredRun| !session.offers.contains(&(space, **run));
                let news = held.adrift.difference(&before).filter(unknown);
                tell_in_parts(*link, space, news, out);
            }
            let lacks = |(at, run): &(SpaceId, SeveredRun)| *at != space || !held.keeps(run);
            session.offers.retain(lacks);
        }
        self.ask_for_severed(now, out);
    }

    /// Tells a peer all that is kept of a space and waits for its author.
    pub(super) fn tell_severed(&self, link: LinkId, space: SpaceId, out: &mut Vec<Effect>) {
        if let Some(held) = self.spaces.get(&space) {
            tell_in_parts(link, space, held.adrift.iter(), out);
        }
    }

    pub(super) fn severed_offered(
        &mut self,
        now: Now,
        link: LinkId,
        space: SpaceId,
        runs: Vec<SeveredRun>,
        out: &mut Vec<Effect>,
    ) {
        if runs.len() > SEVERED_AT_ONCE_MAX {
            return self.refuse_peer(link, CloseReason::Limit, out);
        }
        let (Some(session), Some(held)) = (self.sessions.get_mut(&link), self.spaces.get(&space))
        else {
            return;
        };
        if !held.is_shared_with(&self.roster, &session.peer) {
            return;
        }
        for run in runs {
            let known = self.roster.nodes.contains_key(&run.feed.author);
            if known && !held.keeps(&run) && session.offers.len() < SEVERED_OFFERS_MAX {
                session.offers.insert((space, run));
            }
        }
        self.ask_for_severed(now, out);
    }

    /// Asks each peer for one run that it keeps, this node lacks, and nobody else was asked for.
    pub(super) fn ask_for_severed(&mut self, now: Now, out: &mut Vec<Effect>) {
        let sessions = self.sessions.values();
        let asked = sessions.filter_map(|session| session.severed_asked);
        let mut asked: BTreeSet<_> = asked.map(|(space, run, _)| (space, run)).collect();
        for (link, session) in &mut self.sessions {
            if session.severed_asked.is_some() || session.offers.is_empty() {
                continue;
            }
            let wanted = session.offers.iter().find(|(space, run)| {
                let held = self.spaces.get(space);
                !asked.contains(&(*space, *run))
                    && held.is_some_and(|held| {
                        !held.keeps(run) && held.has_room_for_severed(&run.feed.author)
                    })
            });
            if let Some((space, run)) = wanted.copied() {
                session.severed_asked = Some((space, run, now.monotonic_ms));
                asked.insert((space, run));
                let (link, message) = (*link, Message::WantSevered { space, run });
                out.push(Effect::Send { link, message });
            }
        }
    }

    /// A peer that does not answer is passed over.
    pub(super) fn drop_stalled_severed(&mut self, now: Now) {
        for session in self.sessions.values_mut() {
            if let Some((space, run, since)) = session.severed_asked
                && now.monotonic_ms >= since.saturating_add(ms(STALL_MAX))
            {
                session.severed_asked = None;
                session.offers.remove(&(space, run));
            }
        }
    }

    /// A peer asks for a run. It is read when the peer was told of it; an honest one asks for one
    /// at a time.
    pub(super) fn severed_wanted(
        &mut self,
        link: LinkId,
        space: SpaceId,
        run: SeveredRun,
        out: &mut Vec<Effect>,
    ) {
        let (Some(session), Some(held)) = (self.sessions.get(&link), self.spaces.get(&space))
        else {
            return;
        };
        let reads = self.severed_reads.values();
        let busy = reads.filter(|(reader, _)| *reader == link).count() >= READS_PER_LINK_MAX;
        let told = held.is_shared_with(&self.roster, &session.peer) && held.adrift.contains(&run);
        if told && !busy {
            self.reads_begun += 1;
            let read = ReadId(self.reads_begun);
            self.severed_reads.insert(read, (link, space));
            out.push(Effect::ReadSevered { read, space, run });
        }
    }

    /// Sends what was read, behind the proof of the fork: without it nobody takes it.
    pub(super) fn severed_read(
        &mut self,
        read: ReadId,
        found: Option<(Hash, Run)>,
        out: &mut Vec<Effect>,
    ) {
        let Some((link, space)) = self.severed_reads.remove(&read) else {
            return;
        };
        let (Some(session), Some(held), Some((previous, run))) =
            (self.sessions.get_mut(&link), self.spaces.get(&space), found)
        else {
            return;
        };
        let Some(proof) = held.cuts.get(&run.feed) else {
            return;
        };
        if !held.is_shared_with(&self.roster, &session.peer) {
            return;
        }
        if session.proved.insert((space, run.feed)) {
            let message = Message::Fork(proof.clone());
            out.push(Effect::Send { link, message });
        }
        let message = Message::Severed {
            space,
            previous,
            run,
        };
        out.push(Effect::Send { link, message });
    }

    /// A peer sends a run that it was asked for; anything else is passed over.
    pub(super) fn severed_received(
        &mut self,
        now: Now,
        link: LinkId,
        space: SpaceId,
        previous: Hash,
        run: Run,
        out: &mut Vec<Effect>,
    ) {
        let name = SeveredRun::of(&run);
        let (Some(session), Some(held)) =
            (self.sessions.get_mut(&link), self.spaces.get_mut(&space))
        else {
            return;
        };
        let asked = session.severed_asked.map(|(space, run, _)| (space, run));
        if asked != Some((space, name)) {
            return;
        }
        session.severed_asked = None;
        session.offers.remove(&(space, name));
        let shared = held.is_shared_with(&self.roster, &session.peer);
        let beyond = held.cut(&run.feed).is_some_and(|cut| run.from >= cut);
        if shared && beyond && !held.keeps(&name) {
            let start = (run.from, previous);
            if run.verify(&self.federation, &space, start).is_err() {
                return self.refuse_peer(link, CloseReason::Forged, out);
            }
            let bytes = u64::try_from(run.bytes()).unwrap_or(u64::MAX);
            held.arriving.insert(name, bytes);
            let change = Change::Severed {
                space,
                previous,
                carried: !self.roster.succeeds(&self.id, &run.feed.author),
                run: Box::new(run),
            };
            let purpose = Purpose::Severed { space, run: name };
            let effect = self.store(change, purpose);
            out.push(effect);
        }
        self.ask_for_severed(now, out);
    }

    pub(super) fn severed_stored(
        &mut self,
        now: Now,
        space: SpaceId,
        run: SeveredRun,
        out: &mut Vec<Effect>,
    ) {
        let Some(held) = self.spaces.get_mut(&space) else {
            return;
        };
        let bytes = held.arriving.remove(&run).unwrap_or(0);
        let own = self.roster.succeeds(&self.id, &run.feed.author);
        let kept = KeptRun {
            run,
            bytes,
            carried: !own,
            // Perhaps not: that is looked up now, before anybody hears of it.
            settled: true,
        };
        held.kept.insert(run, kept);
        let at = held.severed.entry(run.feed).or_insert(run.from);
        *at = run.from.min(*at);
        self.list_severed(space, out);
        if own {
            self.recall(space, out);
        }
        self.ask_for_severed(now, out);
    }
}

fn tell_in_parts<'a>(
    link: LinkId,
    space: SpaceId,
    runs: impl Iterator<Item = &'a SeveredRun>,
    out: &mut Vec<Effect>,
) {
    let runs: Vec<SeveredRun> = runs.copied().collect();
    for part in runs.chunks(SEVERED_AT_ONCE_MAX) {
        let runs = part.to_vec();
        let message = Message::SeveredHeld { space, runs };
        out.push(Effect::Send { link, message });
    }
}
