//! What others can make the audit log record, told apart as long as that is affordable, and
//! counted beyond. Pure: time is an argument.
//!
//! The first of its kind is recorded at once. Equal ones are counted and recorded together when
//! their window ends; while they keep coming, windows grow. New kinds are rationed: those that
//! come beyond are counted by deed alone. Nothing is left out of the counts.

use std::collections::BTreeMap;

use phaki_store::AuditDraft;

use super::deed::Deed;
use crate::limits::{AUDIT_KIND_EVERY_MS, AUDIT_KINDS_MAX, AUDIT_WINDOW_MS, AUDIT_WINDOW_MS_MAX};

/// The detail of a record that counts deeds that were not told apart.
pub(crate) const OTHERS: &str = "others, not told apart";

/// What came lately.
#[derive(Debug)]
pub(crate) struct Coalesce {
    known: BTreeMap<Kind, Known>,
    /// New kinds that may still be recorded by themselves, and since when that is so.
    spare: usize,
    filled_ms: u64,
}

/// Drafts of one kind are the same again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    who: String,
    act: String,
    subject: String,
    why: String,
}

/// A kind of which one was recorded.
#[derive(Debug)]
struct Known {
    window_ms: u64,
    ends_ms: u64,
    /// What came since: the last one, with the count of all.
    since: Option<AuditDraft>,
}

impl Coalesce {
    /// Nothing came yet. Times are milliseconds of a clock that never goes back.
    pub(crate) fn new(now_ms: u64) -> Self {
        Self {
            known: BTreeMap::new(),
            spare: AUDIT_KINDS_MAX,
            filled_ms: now_ms,
        }
    }

    /// Takes note of a draft; gives it back when it is to be recorded now.
    pub(crate) fn note(&mut self, now_ms: u64, draft: AuditDraft) -> Option<AuditDraft> {
        let kind = Kind::of(&draft);
        if let Some(known) = self.known.get_mut(&kind) {
            known.count(draft);
            return None;
        }
        if self.known.len() < AUDIT_KINDS_MAX && self.takes_new_kind(now_ms) {
            self.known.insert(kind, Known::new(now_ms));
            return Some(draft);
        }
        let others = AuditDraft {
            who: String::new(),
            subject: String::new(),
            detail: OTHERS.to_owned(),
            ..draft
        };
        self.keep(now_ms, others);
        None
    }

    /// Counts a draft until the end of its window: it could not be recorded when it should.
    pub(crate) fn keep(&mut self, now_ms: u64, draft: AuditDraft) {
        self.known
            .entry(Kind::of(&draft))
            .or_insert_with(|| Known::new(now_ms))
            .count(draft);
    }

    /// When [`Self::due`] has something to do.
    pub(crate) fn due_at(&self) -> Option<u64> {
        self.known.values().map(|known| known.ends_ms).min()
    }

    /// What was counted in windows that have ended. A kind that did not come again is forgotten:
    /// the next one of it is news.
    pub(crate) fn due(&mut self, now_ms: u64) -> Vec<AuditDraft> {
        let mut due = Vec::new();
        self.known.retain(|_, known| {
            if known.ends_ms > now_ms {
                return true;
            }
            let counted = known.since.take();
            let came_again = counted.is_some();
            known.window_ms = (known.window_ms * 2).min(AUDIT_WINDOW_MS_MAX);
            known.ends_ms = now_ms.saturating_add(known.window_ms);
            due.extend(counted);
            came_again
        });
        due
    }

    /// Everything that was counted and not recorded yet, because there will be no later.
    pub(crate) fn finish(&mut self) -> Vec<AuditDraft> {
        let known = std::mem::take(&mut self.known);
        known
            .into_values()
            .filter_map(|known| known.since)
            .collect()
    }

    fn takes_new_kind(&mut self, now_ms: u64) -> bool {
        let passed = now_ms.saturating_sub(self.filled_ms) / AUDIT_KIND_EVERY_MS;
        self.filled_ms += passed * AUDIT_KIND_EVERY_MS;
        let passed = usize::try_from(passed).unwrap_or(usize::MAX);
        self.spare = self.spare.saturating_add(passed).min(AUDIT_KINDS_MAX);
        let taken = self.spare > 0;
        self.spare = self.spare.saturating_sub(1);
        taken
    }
}

impl Kind {
    fn of(draft: &AuditDraft) -> Self {
        let incidental = Deed::from_word(&draft.act).is_some_and(Deed::detail_is_incidental);
        let why = match incidental && draft.detail != OTHERS {
            true => String::new(),
            false => draft.detail.clone(),
        };
        Self {
            who: draft.who.clone(),
            act: draft.act.clone(),
            subject: draft.subject.clone(),
            why,
        }
    }
}

impl Known {
    fn new(now_ms: u64) -> Self {
        Self {
            window_ms: AUDIT_WINDOW_MS,
            ends_ms: now_ms.saturating_add(AUDIT_WINDOW_MS),
            since: None,
        }
    }

    fn count(&mut self, mut draft: AuditDraft) {
        let before = self.since.as_ref().map_or(0, |since| since.count);
        draft.count = draft.count.saturating_add(before);
        self.since = Some(draft);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = AUDIT_WINDOW_MS;

    fn refusal(time_ms: i64, who: &str, why: &str) -> AuditDraft {
        AuditDraft::new(time_ms, who, Deed::ConnectionRefused.word(), "", why)
    }

    fn counted(count: u64, draft: AuditDraft) -> AuditDraft {
        AuditDraft { count, ..draft }
    }

    #[test]
    fn the_first_is_recorded_at_once_and_equal_ones_are_counted_until_the_window_ends() {
        let mut coalesce = Coalesce::new(0);
        assert_eq!(coalesce.due_at(), None);
        let first = refusal(1, "a", "forged");
        assert_eq!(coalesce.note(0, first.clone()), Some(first));
        for time_ms in 2..=1000 {
            assert_eq!(coalesce.note(5, refusal(time_ms, "a", "forged")), None);
        }
        assert_eq!(coalesce.due_at(), Some(MINUTE));
        assert_eq!(coalesce.due(MINUTE - 1), []);
        let others = counted(999, refusal(1000, "a", "forged"));
        assert_eq!(coalesce.due(MINUTE), [others]);
        assert_eq!(
            coalesce.due_at(),
            Some(3 * MINUTE),
            "the next window is longer"
        );
        assert_eq!(coalesce.due(3 * MINUTE), [], "nothing came in it");
        assert_eq!(coalesce.due_at(), None, "so the next one is news again");
        let news = refusal(2000, "a", "forged");
        assert_eq!(coalesce.note(4 * MINUTE, news.clone()), Some(news));
    }

    #[test]
    fn another_person_subject_or_reason_is_another_refusal() {
        let mut coalesce = Coalesce::new(0);
        let other_subject = AuditDraft::new(4, "a", Deed::ConnectionRefused.word(), "x", "forged");
        for draft in [
            refusal(1, "a", "forged"),
            refusal(2, "b", "forged"),
            refusal(3, "a", "limit"),
            other_subject,
        ] {
            assert_eq!(coalesce.note(0, draft.clone()), Some(draft));
        }
    }

    #[test]
    fn versions_of_one_manifest_are_the_same_again_and_the_last_one_is_named() {
        let mut coalesce = Coalesce::new(0);
        let version = |number: i64| {
            let (word, detail) = (Deed::ManifestInForce.word(), format!("version {number}"));
            AuditDraft::new(number, "steward", word, "space", &detail)
        };
        assert_eq!(coalesce.note(0, version(1)), Some(version(1)));
        assert_eq!(coalesce.note(0, version(2)), None);
        assert_eq!(coalesce.note(0, version(3)), None);
        assert_eq!(coalesce.due(MINUTE), [counted(2, version(3))]);
    }

    #[test]
    fn kinds_beyond_the_limit_are_counted_by_deed_and_room_comes_back_slowly() {
        let mut coalesce = Coalesce::new(0);
        for number in 0..AUDIT_KINDS_MAX {
            let draft = refusal(1, &number.to_string(), "key-not-in-roster");
            assert!(coalesce.note(0, draft).is_some());
        }
        for number in 0..12_345 {
            let draft = refusal(2, &format!("more {number}"), "key-not-in-roster");
            assert_eq!(coalesce.note(0, draft), None);
        }
        let join = AuditDraft::new(3, "x", Deed::JoinRefused.word(), "", "invite-used");
        assert_eq!(coalesce.note(0, join), None);
        let due: Vec<_> = coalesce.due(MINUTE).into_iter().map(summary).collect();
        let of = |deed: Deed, count| (deed.word().to_owned(), OTHERS.to_owned(), count);
        assert_eq!(
            due,
            [
                of(Deed::ConnectionRefused, 12_345),
                of(Deed::JoinRefused, 1)
            ]
        );
        assert_eq!(coalesce.note(MINUTE, refusal(4, "new", "forged")), None);
        let later = AUDIT_KIND_EVERY_MS;
        assert!(coalesce.note(later, refusal(5, "new", "limit")).is_some());
        assert!(coalesce.note(later, refusal(6, "newer", "limit")).is_none());
    }

    fn summary(draft: AuditDraft) -> (String, String, u64) {
        assert_eq!((draft.who.as_str(), draft.subject.as_str()), ("", ""));
        (draft.act, draft.detail, draft.count)
    }

    #[test]
    fn what_could_not_be_recorded_is_counted_with_what_comes_later() {
        let mut coalesce = Coalesce::new(0);
        let first = coalesce.note(0, refusal(1, "a", "forged")).unwrap();
        coalesce.keep(0, first);
        assert_eq!(coalesce.note(1, refusal(2, "a", "forged")), None);
        let due = coalesce.due(MINUTE);
        assert_eq!(due, [counted(2, refusal(2, "a", "forged"))]);
        coalesce.keep(MINUTE, due.into_iter().next().unwrap());
        assert_eq!(coalesce.finish(), [counted(2, refusal(2, "a", "forged"))]);
        assert_eq!(coalesce.due_at(), None);
    }

    /// Whatever strangers do for a year, the log grows by no more than this many records.
    #[test]
    fn a_flood_of_a_year_is_a_bounded_number_of_records() {
        const DAY: u64 = 24 * 60 * MINUTE;
        let mut coalesce = Coalesce::new(0);
        let (mut records, mut noted, mut counted) = (0_u64, 0, 0);
        let mut tell = |draft: AuditDraft| {
            records += 1;
            counted += draft.count;
        };
        // Old kinds are kept alive, and new ones come all the time.
        for minute in 0..30 * 24 * 60 {
            let now = minute * MINUTE;
            for who in (0..AUDIT_KINDS_MAX as u64).chain([1_000 + minute]) {
                noted += 1;
                let draft = refusal(1, &who.to_string(), "key-not-in-roster");
                coalesce.note(now, draft).into_iter().for_each(&mut tell);
            }
            coalesce.due(now).into_iter().for_each(&mut tell);
        }
        coalesce.finish().into_iter().for_each(&mut tell);
        assert_eq!(counted, noted, "every one is in a count");
        let windows = DAY / AUDIT_WINDOW_MS_MAX;
        let a_day = AUDIT_KINDS_MAX as u64 * windows + DAY / AUDIT_KIND_EVERY_MS;
        assert!(
            records < 31 * a_day + 10 * AUDIT_KINDS_MAX as u64,
            "{records}"
        );
    }
}
