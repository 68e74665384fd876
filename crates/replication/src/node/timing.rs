//! Everything that happens because time passes.

use std::time::Duration;

use super::state::Node;
use super::{Effect, LinkId, Now};
use crate::limits::{
    AUTHOR_GRACE, HEARTBEAT, HELLO_TIMEOUT, MESSAGE_TIME_MAX, SILENCE_MAX, STALL_MAX,
};
use crate::message::{CloseReason, Heartbeat, Message};

pub(super) fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Node {
    /// When [`super::Event::Tick`] is due next, in milliseconds of the monotonic clock.
    pub fn wake_at(&self) -> Option<u64> {
        let sessions = self.sessions.values().flat_map(|session| {
            let patience = if session.hello.is_some() {
                SILENCE_MAX
            } else {
                HELLO_TIMEOUT
            };
            let asks = session
                .spaces
                .values()
                .flat_map(|theirs| theirs.asked.values());
            let stalls = asks.map(|ask| ask.progress_ms.saturating_add(ms(STALL_MAX)));
            let silence = session.heard_ms.saturating_add(ms(patience));
            let heartbeat = session.sent_ms.saturating_add(ms(HEARTBEAT));
            let severed = session.severed_asked.map(|(.., since)| since);
            let severed = severed.map(|since| since.saturating_add(ms(STALL_MAX)));
            stalls.chain(severed).chain([silence, heartbeat])
        });
        let behind = self.spaces.values().flat_map(|held| held.behind.values());
        let graces = behind.map(|since| since.saturating_add(ms(AUTHOR_GRACE)));
        let receipts = self.spaces.values().filter_map(|held| held.receipt_due);
        sessions.chain(graces).chain(receipts).min()
    }

    /// A large message on a slow line takes long: that its bytes come is as good as a heartbeat, for
    /// a while.
    pub(super) fn alive(&mut self, now: Now, link: LinkId) {
        if let Some(session) = self.sessions.get_mut(&link) {
            let until = session.message_ms.saturating_add(ms(MESSAGE_TIME_MAX));
            if session.hello.is_some() && now.monotonic_ms < until {
                session.heard_ms = now.monotonic_ms;
            }
        }
    }

    pub(super) fn tick(&mut self, now: Now, out: &mut Vec<Effect>) {
        let time = now.monotonic_ms;
        for link in self.sessions.keys().copied().collect::<Vec<LinkId>>() {
            let Some(session) = self.sessions.get(&link) else {
                continue;
            };
            let patience = if session.hello.is_some() {
                SILENCE_MAX
            } else {
                HELLO_TIMEOUT
            };
            if time >= session.heard_ms.saturating_add(ms(patience)) {
                self.close(link, CloseReason::Silence, out);
            } else if time >= session.sent_ms.saturating_add(ms(HEARTBEAT)) {
                let shared = self.shared_digest(link);
                let beat = Heartbeat {
                    time_ms: now.wall_ms,
                    shared,
                };
                out.push(Effect::Send {
                    link,
                    message: Message::Heartbeat(beat),
                });
            }
        }
        self.sign_due_receipts(now, out);
        self.drop_stalled(now);
        self.ask_for_all(now, out);
        self.drop_stalled_severed(now);
        self.ask_for_severed(now, out);
        // A feed that nobody else can give is looked at again after another grace.
        for held in self.spaces.values_mut() {
            for since in held.behind.values_mut() {
                if time >= since.saturating_add(ms(AUTHOR_GRACE)) {
                    *since = time;
                }
            }
        }
    }
}
