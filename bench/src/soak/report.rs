//! What was endured, for people and for programs.

use std::time::Duration;

use serde_json::{Value, json};

use super::fate::Tally;
use super::minutes::{Minutes, Sample};
use crate::figures::readable;

/// The outcome of a run.
#[derive(Debug)]
pub(crate) struct Endured {
    pub(super) seed: u64,
    /// From the end of all troubles until everybody held the same.
    pub(super) settled: Duration,
    /// Acknowledged.
    pub(super) edits: usize,
    pub(super) fates: Tally,
    pub(super) minutes: Minutes,
    /// Acknowledged edits that are nowhere.
    pub(super) lost: Vec<String>,
    /// What `verify` found.
    pub(super) problems: Vec<String>,
}

impl Endured {
    /// Nothing lost, nothing damaged, every curve flat.
    pub(crate) fn holds(&self) -> bool {
        let flat = self.minutes.verdicts().iter().all(|one| one.flat);
        flat && self.lost.is_empty() && self.problems.is_empty()
    }

    pub(crate) fn table(&self) -> String {
        let mut lines = vec![
            format!("seed {}", self.seed),
            "   min   nodes  all MiB  largest  TH MiB  TH fds  TH file MB  41 MiB  41 fds  41 file MB\
             \x20   docs  entries  feeds  quarant.   behind"
                .to_owned(),
        ];
        lines.extend(self.minutes.samples.iter().map(line));
        let fates = self.fates.all();
        let fates: Vec<String> = fates
            .map(|(fate, count)| format!("{count} {}", fate.name()))
            .collect();
        lines.push(format!("\n{} edits; {}", self.edits, fates.join(", ")));
        let settled = self.settled.as_secs_f64();
        lines.push(format!(
            "all agreed {settled:.1} s after the last trouble ended"
        ));
        for verdict in self.minutes.verdicts() {
            let (from, to) = (readable(verdict.from), readable(verdict.to));
            let word = if verdict.flat { "flat:" } else { "RISES:" };
            lines.push(format!("  {word} {} {from} -> {to}", verdict.what));
        }
        let claims = [
            ("acknowledged edits lost", &self.lost),
            ("problems in the stores", &self.problems),
        ];
        for (what, found) in claims {
            let word = if found.is_empty() {
                "holds:"
            } else {
                "BROKEN:"
            };
            lines.push(format!("  {word} {} {what}", found.len()));
            lines.extend(found.iter().map(|one| format!("    {one}")));
        }
        lines.join("\n")
    }

    /// One JSON object in one line.
    pub(crate) fn json(&self) -> String {
        let samples: Vec<Value> = self.minutes.samples.iter().map(object).collect();
        let verdicts = self.minutes.verdicts().into_iter().map(
            |one| json!({ "what": one.what, "from": one.from, "to": one.to, "flat": one.flat }),
        );
        let fates = self.fates.all();
        let fates: serde_json::Map<String, Value> = fates
            .map(|(fate, count)| (fate.name().to_owned(), json!(count)))
            .collect();
        let report = json!({
            "seed": self.seed,
            "edits": self.edits,
            "fates": fates,
            "settled_s": self.settled.as_secs_f64(),
            "samples": samples,
            "verdicts": verdicts.collect::<Vec<_>>(),
            "lost": self.lost,
            "problems": self.problems,
        });
        report.to_string()
    }
}

fn line(sample: &Sample) -> String {
    let [hub, province] = &sample.steady;
    let mb = |bytes: u64| crate::figures::count(bytes) / 1e6;
    format!(
        "{:>6.1} {:>7} {:>8.0} {:>8.1} {:>7.1} {:>7} {:>11.1} {:>7.1} {:>7} {:>11.1} {:>7} {:>8} {:>6} {:>9} {:>8}",
        sample.after.as_secs_f64() / 60.0,
        sample.running,
        sample.resident_mib,
        sample.largest_mib,
        hub.resident_mib,
        hub.descriptors,
        mb(hub.file_bytes),
        province.resident_mib,
        province.descriptors,
        mb(province.file_bytes),
        sample.documents,
        sample.entries,
        sample.feeds,
        sample.quarantined,
        sample.behind,
    )
}

fn object(sample: &Sample) -> Value {
    let steady = sample.steady.map(|one| {
        json!({
            "resident_mib": one.resident_mib,
            "descriptors": one.descriptors,
            "file_bytes": one.file_bytes,
        })
    });
    json!({
        "minute": sample.after.as_secs_f64() / 60.0,
        "running": sample.running,
        "resident_mib": sample.resident_mib,
        "largest_mib": sample.largest_mib,
        "descriptors_most": sample.descriptors_most,
        "national": steady[0],
        "first_province": steady[1],
        "documents": sample.documents,
        "entries": sample.entries,
        "feeds": sample.feeds,
        "quarantined": sample.quarantined,
        "behind": sample.behind,
    })
}
