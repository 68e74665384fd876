//! Where two nodes hold different entries at one place of a feed: the place is searched for, with
//! a few questions, until the proof is at hand.
//!
//! The search keeps a position up to which both hold the same and one from which on they do not,
//! and asks the peer for the run that begins between them. A run that follows from what is held
//! here, and then differs, shows the place; [`super::cutting`] says what follows.

use super::state::Node;
use super::{Effect, LinkId, Notice, Place, ReadId};
use crate::feed::{Run, fold};
use crate::fork::ForkProof;
use crate::id::{FeedId, Hash, SpaceId};
use crate::limits::FEEDS_PER_SPACE_MAX;
use crate::message::{CloseReason, FrontierReport, Message, Range};

/// The search for the entry where two nodes part.
#[derive(Debug)]
pub(super) struct Search {
    space: SpaceId,
    feed: FeedId,
    /// Up to here both hold the same.
    good: u64,
    /// Here they do not any more.
    bad: u64,
    /// How far before `bad` is looked, while nothing is known to be good: most forks are recent.
    step: Option<u64>,
    /// The position that the peer was asked for.
    probe: u64,
    /// What it answered, while the own entries are read.
    shown: Option<Run>,
}

impl Search {
    fn new(space: SpaceId, feed: FeedId, bad: u64) -> Self {
        let mut search = Self {
            space,
            feed,
            good: 0,
            bad,
            step: Some(1),
            probe: 0,
            shown: None,
        };
        search.aim();
        search
    }

    fn aim(&mut self) {
        let gap = self.bad.saturating_sub(self.good);
        self.probe = match &mut self.step {
            Some(step) => {
                let back = (*step).min(gap);
                *step = step.saturating_mul(2);
                self.bad - back
            }
            None => self.good + gap / 2,
        };
    }

    fn question(&self) -> Message {
        Message::Want(Range {
            space: self.space,
            feed: self.feed,
            from: self.probe,
            to: self.probe.saturating_add(1),
        })
    }

    /// Compares the peer's run with the own one behind the same place.
    fn compare(&mut self, place: &Place, shown: &Run) -> Found {
        let end = (shown.checkpoint.length, shown.checkpoint.head);
        let follows = fold(self.probe, place.head, &shown.entries) == end;
        if !follows && self.probe == self.good {
            return Found::Lie;
        }
        if !follows {
            self.bad = self.probe;
        } else if let Some(ours) = &place.run {
            if let Some(proof) = ForkProof::between(self.space, place.head, ours, shown) {
                return Found::Fork(Box::new(proof));
            }
            self.step = None;
            self.good = ours.end().min(shown.end());
        } else {
            return Found::Nothing;
        }
        self.aim();
        match self.good < self.bad {
            true => Found::Closer,
            false => Found::Nothing,
        }
    }
}

/// What one comparison shows.
enum Found {
    /// The place, with the proof.
    Fork(Box<ForkProof>),
    /// The search goes on.
    Closer,
    /// The peer holds nothing else after all, or does not show it.
    Nothing,
    /// The peer has altered the entries: what was signed there follows from what both hold.
    Lie,
}

impl Node {
    /// Notices where the peer holds other entries than this node, or more than a cut leaves, and
    /// where it holds more of this node's own.
    pub(super) fn compare_heads(
        &mut self,
        link: LinkId,
        report: &FrontierReport,
        out: &mut Vec<Effect>,
    ) {
        let own = self.own_feed();
        for told in &report.feeds {
            let held = self.spaces.get(&report.space);
            let cut = held.and_then(|held| held.cuts.get(&told.feed));
            if let Some(proof) = cut.filter(|proof| proof.at < told.length) {
                let message = Message::Fork(proof.clone());
                out.push(Effect::Send { link, message });
                continue;
            }
            let feed = held.and_then(|held| held.feeds.get(&told.feed));
            let ours = feed.map_or((0, None), |feed| {
                (feed.durable.length, Some(feed.durable.head))
            });
            if ours.0 == told.length && ours.1.is_some_and(|head| head != told.head) {
                self.suspect(link, report.space, told.feed, out);
            } else if told.feed == own && told.length > self.own_length(&report.space) {
                self.note_own_feed_ahead(link, report.space, told.length, out);
            }
        }
    }

    fn own_length(&self, space: &SpaceId) -> u64 {
        let held = self.spaces.get(space);
        held.map_or(0, |held| {
            held.pending(&self.federation, &self.own_feed()).length
        })
    }

    /// The peer holds other entries of a feed: it is not asked for more of it until it is known
    /// where they part.
    pub(super) fn suspect(
        &mut self,
        link: LinkId,
        space: SpaceId,
        feed: FeedId,
        out: &mut Vec<Effect>,
    ) {
        let Some(session) = self.sessions.get_mut(&link) else {
            return;
        };
        let theirs = session.spaces.entry(space).or_default();
        theirs.asked.remove(&feed);
        if theirs.forked.len() < FEEDS_PER_SPACE_MAX && theirs.forked.insert(feed) {
            let peer = session.peer;
            if feed.author == peer {
                out.push(Effect::Notice(Notice::FeedsDiffer { peer, space, feed }));
                return self.show_author(link, space, feed, out);
            }
            session.suspects.push_back((space, feed));
            self.search_next(link, out);
        }
    }

    /// Sends the author of a feed the last entry that is held of it. If it is honest it does not
    /// know that it wrote it, and puts its own house in order; if it is not, those who hold
    /// different entries of it find out among themselves.
    fn show_author(&mut self, link: LinkId, space: SpaceId, feed: FeedId, out: &mut Vec<Effect>) {
        let held = self.spaces.get(&space);
        let to = held.map_or(0, |held| held.durable_length(&feed));
        if let Some(from) = to.checked_sub(1)
            && let Some(session) = self.sessions.get_mut(&link)
        {
            session.wanted.push_back(Range {
                space,
                feed,
                from,
                to,
            });
            self.pump(link, out);
        }
    }

    /// Begins the next search with a peer, one at a time.
    fn search_next(&mut self, link: LinkId, out: &mut Vec<Effect>) {
        let Some(session) = self.sessions.get_mut(&link) else {
            return;
        };
        while session.search.is_none() {
            let Some((space, feed)) = session.suspects.pop_front() else {
                return;
            };
            let theirs = session.spaces.get(&space);
            let theirs = theirs.and_then(|theirs| theirs.known.get(&feed)).copied();
            let held = self.spaces.get(&space);
            let ours = held.map_or(0, |held| held.durable_length(&feed));
            let bad = theirs.unwrap_or(u64::MAX).min(ours);
            if bad > 0 {
                let search = Search::new(space, feed, bad);
                let message = search.question();
                session.search = Some(search);
                out.push(Effect::Send { link, message });
            }
        }
    }

    /// Whether a run is the answer to a search; then it is looked into.
    pub(super) fn answers_search(
        &mut self,
        link: LinkId,
        space: SpaceId,
        run: &Run,
        out: &mut Vec<Effect>,
    ) -> bool {
        let Some(session) = self.sessions.get_mut(&link) else {
            return false;
        };
        let Some(search) = &mut session.search else {
            return false;
        };
        let expected = (search.space, search.feed, search.probe);
        if (space, run.feed, run.from) != expected || search.shown.is_some() {
            return false;
        }
        if !run.is_signed(&self.federation, &space) || run.entries.is_empty() {
            self.refuse_peer(link, CloseReason::Forged, out);
            return true;
        }
        search.shown = Some(run.clone());
        self.examine(Examination::Search { link }, space, run.feed, run.from, out);
        true
    }

    /// Reads what is held at a place.
    pub(super) fn examine(
        &mut self,
        purpose: Examination,
        space: SpaceId,
        feed: FeedId,
        from: u64,
        out: &mut Vec<Effect>,
    ) {
        self.reads_begun += 1;
        let read = ReadId(self.reads_begun);
        self.examinations.insert(read, purpose);
        out.push(Effect::Examine {
            read,
            space,
            feed,
            from,
        });
    }

    pub(super) fn examined(&mut self, read: ReadId, place: Option<Place>, out: &mut Vec<Effect>) {
        match self.examinations.remove(&read) {
            None => {}
            Some(Examination::Search { link }) => self.searched(link, place, out),
            Some(Examination::Shown {
                link,
                space,
                feed,
                head,
            }) => self.own_entries_read(link, space, feed, head, place.as_ref(), out),
            Some(Examination::Cut { space, feed, proof }) => {
                self.cut_at(space, feed, proof, place, out);
            }
        }
    }

    fn searched(&mut self, link: LinkId, place: Option<Place>, out: &mut Vec<Effect>) {
        let Some(session) = self.sessions.get_mut(&link) else {
            return;
        };
        let Some(mut search) = session.search.take() else {
            return;
        };
        let space = search.space;
        let (Some(shown), Some(place)) = (search.shown.take(), place) else {
            return self.search_next(link, out);
        };
        let (peer, feed) = (session.peer, search.feed);
        match search.compare(&place, &shown) {
            Found::Fork(proof) => {
                let author = proof.feed.author;
                let own = self.roster.succeeds(&self.id, &author);
                if proof.feed == self.own_feed() {
                    self.renew(link, space, out);
                }
                let held = self.spaces.get(&space);
                // What it gave up once, and filled again from others, is no longer its own alone.
                let renounced = held.is_some_and(|held| held.severed.contains_key(&proof.feed));
                if own && !renounced {
                    self.renounce(proof.space, proof.feed, proof.at, out);
                } else {
                    self.put_cut_in_force(*proof, out);
                }
                self.search_next(link, out);
            }
            Found::Closer => {
                let message = search.question();
                session.search = Some(search);
                out.push(Effect::Send { link, message });
            }
            Found::Nothing => {
                out.push(Effect::Notice(Notice::FeedsDiffer { peer, space, feed }));
                self.search_next(link, out);
            }
            Found::Lie => {
                let reason = "altered";
                out.push(Effect::Notice(Notice::EntriesRefused {
                    peer,
                    space,
                    feed,
                    reason,
                }));
                self.refuse_peer(link, CloseReason::Forged, out);
            }
        }
    }

    /// A peer shows entries of this node's own feed, at a place that the node has filled: reads
    /// what is on its own disk there.
    pub(super) fn compare_own(
        &mut self,
        link: LinkId,
        space: SpaceId,
        run: &Run,
        out: &mut Vec<Effect>,
    ) {
        let shown = |purpose: &Examination| matches!(purpose, Examination::Shown { link: busy, .. } if *busy == link);
        let busy = self.examinations.values().any(shown);
        if busy || !run.is_signed(&self.federation, &space) {
            return;
        }
        let (feed, head) = (run.feed, run.checkpoint.head);
        let purpose = Examination::Shown {
            link,
            space,
            feed,
            head,
        };
        self.examine(purpose, space, feed, run.end(), out);
    }

    /// What this life of the store has signed and sent is on its disk. Another head that bears the
    /// node's own signature is of another life. The entries before it prove nothing: whoever has a
    /// true head can alter them.
    fn own_entries_read(
        &mut self,
        link: LinkId,
        space: SpaceId,
        feed: FeedId,
        shown: Hash,
        place: Option<&Place>,
        out: &mut Vec<Effect>,
    ) {
        if place.is_some_and(|place| place.head != shown) {
            self.suspect(link, space, feed, out);
            if feed == self.own_feed() {
                self.renew(link, space, out);
            }
        }
    }

    /// What a peer says proves nothing; the entries, signed with this node's key, would.
    fn note_own_feed_ahead(
        &mut self,
        link: LinkId,
        space: SpaceId,
        length: u64,
        out: &mut Vec<Effect>,
    ) {
        let feed = self.own_feed();
        let from = self.own_length(&space);
        let Some(session) = self.sessions.get_mut(&link) else {
            return;
        };
        let theirs = session.spaces.entry(space).or_default();
        if theirs.ahead.insert(feed) {
            let peer = session.peer;
            out.push(Effect::Notice(Notice::OwnFeedAhead {
                peer,
                space,
                length,
            }));
            let range = Range {
                space,
                feed,
                from,
                to: length,
            };
            let message = Message::Want(range);
            out.push(Effect::Send { link, message });
        }
    }
}

/// Why a place is read.
#[derive(Debug)]
pub(super) enum Examination {
    /// To compare it with what a peer holds there.
    Search { link: LinkId },
    /// To compare it with what a peer showed of this node's own.
    Shown {
        link: LinkId,
        space: SpaceId,
        feed: FeedId,
        head: Hash,
    },
    /// To cut the feed there.
    Cut {
        space: SpaceId,
        feed: FeedId,
        proof: Option<Box<ForkProof>>,
    },
}
