//! What the nodes hold, minute by minute, and whether the curves are flat.

use std::time::Duration;

use super::cast::{Cast, SPACE};
use crate::figures::count;
use crate::machine::Footprint;

const MINUTE: Duration = Duration::from_secs(60);

/// What a curve may rise from the end of the first third to the end and still be called flat: of
/// its value then, and besides.
const RISE_SHARE: f64 = 0.1;
const RISE_MIB: f64 = 4.0;
const RISE_DESCRIPTORS: f64 = 8.0;

/// What was found at one time.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) after: Duration,
    /// Of the national node and the first province, which live from the beginning to the end.
    pub(super) steady: [Steady; 2],
    /// Resident memory of all nodes that run, their number, and the largest.
    pub(super) resident_mib: f64,
    pub(super) running: u64,
    pub(super) largest_mib: f64,
    pub(super) descriptors_most: u64,
    pub(super) documents: u64,
    pub(super) entries: u64,
    pub(super) feeds: u64,
    pub(super) quarantined: u64,
    /// Entries that the last of those that run lacks of what the national node has.
    pub(super) behind: u64,
}

/// What one node holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steady {
    pub(super) resident_mib: f64,
    pub(super) descriptors: u64,
    /// Database and write-ahead log.
    pub(super) file_bytes: u64,
}

/// All samples, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Minutes {
    pub(super) samples: Vec<Sample>,
}

/// One curve and what became of it.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) what: String,
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) flat: bool,
}

impl Minutes {
    /// When the next sample is due.
    pub(super) fn next(&self) -> Duration {
        MINUTE * u32::try_from(self.samples.len()).unwrap()
    }

    pub(super) async fn take(&mut self, cast: &Cast, after: Duration) {
        let mut held = Vec::new();
        let mut footprints = Vec::new();
        let mut steady = Vec::new();
        for node in cast.running() {
            let footprint = Footprint::of(node.pid());
            if steady.len() < 2 {
                steady.push(Steady {
                    resident_mib: footprint.resident_mib,
                    descriptors: footprint.descriptors,
                    file_bytes: file_bytes(node.data()),
                });
            }
            footprints.push(footprint);
            held.extend(node.local().space(SPACE).await);
        }
        let resident = footprints.iter().map(|one| one.resident_mib);
        let descriptors = footprints.iter().map(|one| one.descriptors);
        let (national, least) = (&held[0], held.iter().map(|space| space.entries).min());
        self.samples.push(Sample {
            after,
            steady: steady.try_into().unwrap(),
            resident_mib: resident.clone().sum(),
            running: u64::try_from(footprints.len()).unwrap(),
            largest_mib: resident.fold(0.0, f64::max),
            descriptors_most: descriptors.max().unwrap_or_default(),
            documents: national.documents,
            entries: national.entries,
            feeds: national.feeds,
            quarantined: held.iter().map(|space| space.quarantined).max().unwrap(),
            behind: national.entries.saturating_sub(least.unwrap_or_default()),
        });
    }

    /// What became of memory, descriptors and bytes of file for each entry, of those that live from
    /// the beginning to the end: the middle of the second third against the middle of the last.
    pub(super) fn verdicts(&self) -> Vec<Verdict> {
        let third = self.samples.len() / 3;
        let (before, after) = (
            &self.samples[third..self.samples.len() - third.max(1)],
            &self.samples[self.samples.len() - third.max(1)..],
        );
        let mut verdicts = Vec::new();
        for (index, name) in ["national node", "first province"].iter().enumerate() {
            let mut judge = |what: &str, slack: f64, of: &dyn Fn(&Sample) -> f64| {
                let (from, to) = (middle(before, of), middle(after, of));
                verdicts.push(Verdict {
                    what: format!("{what}, {name}"),
                    from,
                    to,
                    flat: to <= from * (1.0 + RISE_SHARE) + slack,
                });
            };
            let steady = move |sample: &Sample| sample.steady[index];
            judge("resident MiB", RISE_MIB, &|sample| {
                steady(sample).resident_mib
            });
            judge("descriptors", RISE_DESCRIPTORS, &|sample| {
                count(steady(sample).descriptors)
            });
            judge("bytes of file for each entry", 0.0, &|sample| {
                count(steady(sample).file_bytes) / count(sample.entries)
            });
        }
        verdicts
    }
}

fn middle(samples: &[Sample], of: &dyn Fn(&Sample) -> f64) -> f64 {
    let mut values: Vec<f64> = samples.iter().map(of).collect();
    crate::sheet::percentile(&mut values, 50)
}

fn file_bytes(data: &std::path::Path) -> u64 {
    let files = ["phaki.db", "phaki.db-wal"].map(|name| data.join(name));
    let sizes = files
        .iter()
        .map(|file| file.metadata().map_or(0, |one| one.len()));
    sizes.sum()
}
