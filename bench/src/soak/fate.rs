//! What can befall a node.

use phaki_tests::samples::Random;

/// An event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Its line is cut for some seconds.
    Cut,
    /// Its process is killed and starts again after some seconds.
    Kill,
    /// Its store is copied by `phaki backup`.
    BackUp,
    /// Its machine is lost: the last backup is put back on a new one.
    Restore,
    /// It is suspended for some seconds.
    Suspend,
    /// It is removed for ever, and another one enrolled under its name.
    Replace,
}

/// How often each happens, of a hundred.
const FATES: [(Fate, usize); 6] = [
    (Fate::Cut, 40),
    (Fate::Kill, 25),
    (Fate::BackUp, 12),
    (Fate::Restore, 8),
    (Fate::Suspend, 10),
    (Fate::Replace, 5),
];

impl Fate {
    pub(super) fn draw(random: &mut Random) -> Self {
        let mut left = random.below(100);
        for (fate, share) in FATES {
            match left.checked_sub(share) {
                None => return fate,
                Some(rest) => left = rest,
            }
        }
        unreachable!("the shares make a hundred")
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Cut => "cuts",
            Self::Kill => "kills",
            Self::BackUp => "backups",
            Self::Restore => "restores",
            Self::Suspend => "suspensions",
            Self::Replace => "removals and enrolments",
        }
    }
}

/// What has happened so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: Vec<(Fate, u64)>,
}

impl Tally {
    pub(super) fn count(&mut self, fate: Fate) {
        match self.counts.iter_mut().find(|(one, _)| *one == fate) {
            Some((_, count)) => *count += 1,
            None => self.counts.push((fate, 1)),
        }
    }

    /// In the order of [`FATES`], those that never happened too.
    pub(super) fn all(&self) -> impl Iterator<Item = (Fate, u64)> {
        FATES.iter().map(|(fate, _)| {
            let found = self.counts.iter().find(|(one, _)| one == fate);
            (*fate, found.map_or(0, |(_, count)| *count))
        })
    }
}
