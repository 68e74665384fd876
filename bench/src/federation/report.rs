//! The figures of the whole federation, with their names for people and programs.

use std::time::Duration;

use super::census::{Arrivals, Census};
use super::edits::Spread;
use super::map::{Country, NATIONAL, Purpose};
use super::nation::Nation;
use crate::figures::{Figures, count};
use crate::machine::{Footprint, Observed};
use crate::sheet::percentile;

/// What all nodes together may keep resident.
const MEMORY_MIB_MAX: f64 = 2_560.0;

/// Keys of the figures of memory, and under which heading.
pub(super) struct Memory {
    heading: &'static str,
    keys: [&'static str; 8],
    claim: &'static str,
}

pub(super) const EMPTY: Memory = Memory {
    heading: "Memory, all linked, no documents",
    keys: [
        "empty_resident_mib",
        "empty_proportional_mib",
        "empty_national_mib",
        "empty_province_mib",
        "empty_province_worst_mib",
        "empty_province_anonymous_mib",
        "empty_descriptors",
        "empty_threads",
    ],
    claim: "empty_memory_holds",
};

pub(super) const FULL: Memory = Memory {
    heading: "Memory with all documents, after sync, edits and half a minute of quiet",
    keys: [
        "resident_mib",
        "proportional_mib",
        "national_mib",
        "province_mib",
        "province_worst_mib",
        "province_anonymous_mib",
        "descriptors",
        "threads",
    ],
    claim: "memory_holds",
};

/// Keys of the figures of edits and whom they reach.
pub(super) struct Labels {
    heading: &'static str,
    keys: [&'static str; 4],
}

pub(super) const SPREADS: [(Purpose, Labels); 3] = [
    (
        Purpose::Directory,
        Labels {
            heading: "One edit in one province that every node reads",
            keys: [
                "everybody_national_p50_ms",
                "everybody_national_worst_ms",
                "everybody_p50_ms",
                "everybody_worst_ms",
            ],
        },
    ),
    (
        Purpose::Region,
        Labels {
            heading: "One edit in one province that its region and the national node read",
            keys: [
                "region_national_p50_ms",
                "region_national_worst_ms",
                "region_p50_ms",
                "region_worst_ms",
            ],
        },
    ),
    (
        Purpose::Shared,
        Labels {
            heading: "One edit in one province that the national node reads",
            keys: [
                "shared_national_p50_ms",
                "shared_national_worst_ms",
                "shared_p50_ms",
                "shared_worst_ms",
            ],
        },
    ),
];

pub(super) fn country(figures: &mut Figures, country: &Country, documents: u64) {
    let places = u64::try_from(country.places().count()).unwrap();
    let spaces = u64::try_from(country.spaces.len()).unwrap();
    figures.heading("The federation");
    figures.add("nodes", "nodes, each a process", count(places), "");
    figures.add("spaces", "shared spaces", count(spaces), "");
    figures.add("documents", "documents", count(documents), "");
}

pub(super) fn enrolment(figures: &mut Figures, enrolled: Duration, spaces: Duration) {
    let label = "to enrol and start all, one by one";
    figures.add("enrolled_s", label, enrolled.as_secs_f64(), "s");
    let label = "until all know their spaces, after that";
    figures.add("spaces_s", label, spaces.as_secs_f64(), "s");
}

pub(super) fn convergence(
    figures: &mut Figures,
    nation: &Nation,
    census: &Census,
    written: Duration,
    arrivals: &Arrivals,
    observed: &Observed,
    bytes: u64,
) {
    let spaces = nation.country.spaces.iter().zip(&census.entries);
    let copies = spaces.map(|(space, entries)| {
        let others = u64::try_from(space.holders.len() - 1).unwrap();
        entries * others
    });
    let (entries, copies) = (census.entries.iter().sum(), copies.sum());
    let (national, last) = (arrivals.after[NATIONAL], arrivals.last());
    let used: Vec<f64> = observed.used.iter().map(|used| used.cpu_seconds).collect();
    let rate = count(copies) / last.as_secs_f64();

    figures.heading("All provinces wrote while the national node was away; it starts");
    let label = "to write them, eight provinces at a time";
    figures.add("written_s", label, written.as_secs_f64(), "s");
    figures.add("entries", "changes, each an entry", count(entries), "");
    let label = "copies of them that other nodes get";
    figures.add("copies", label, count(copies), "");
    let label = "until the national node has everything";
    figures.add("national_s", label, national.as_secs_f64(), "s");
    let label = "until every node has what it may read";
    figures.add("converged_s", label, last.as_secs_f64(), "s");
    figures.add("copies_per_second", "copies a second", rate, "/s");
    let label = "bytes above TLS, all links";
    figures.add("converged_bytes", label, count(bytes), "B");
    figures.add(
        "converged_bytes_each",
        "for each copy",
        count(bytes) / count(copies),
        "B",
    );
    let label = "processor, national node";
    figures.add("national_cpu_s", label, used[NATIONAL], "s");
    let label = "processor, all nodes";
    figures.add("converged_cpu_s", label, used.iter().sum(), "s");
    let label = "machine busy with other things";
    figures.add("foreign", label, observed.foreign_share * 100.0, "%");
}

pub(super) fn spread(figures: &mut Figures, labels: &Labels, spread: &mut Spread) {
    let ((national, national_worst), (last, worst)) = (spread.national(), spread.last());
    figures.heading(labels.heading);
    let [first, second, third, fourth] = labels.keys;
    figures.add(first, "at the national node, half within", national, "ms");
    figures.add(second, "the slowest", national_worst, "ms");
    figures.add(third, "at the last that reads it, half within", last, "ms");
    figures.add(fourth, "the slowest", worst, "ms");
}

pub(super) fn memory(figures: &mut Figures, memory: &Memory, footprints: &[Footprint]) {
    let sum = |of: fn(&Footprint) -> f64| footprints.iter().map(of).sum::<f64>();
    let provinces = &footprints[NATIONAL + 1..];
    let mut resident: Vec<f64> = provinces.iter().map(|one| one.resident_mib).collect();
    let mut anonymous: Vec<f64> = provinces.iter().map(|one| one.anonymous_mib).collect();
    let most = |of: fn(&Footprint) -> u64| footprints.iter().map(of).max().unwrap_or_default();
    let [
        all,
        proportional,
        national,
        province,
        worst,
        own,
        descriptors,
        threads,
    ] = memory.keys;
    let total = sum(|one| one.resident_mib);

    figures.heading(memory.heading);
    figures.add(
        all,
        "resident, all nodes (RSS: shared pages in each)",
        total,
        "MiB",
    );
    let label = "the same, shared pages once (PSS)";
    figures.add(proportional, label, sum(|one| one.proportional_mib), "MiB");
    let label = "national node, RSS";
    figures.add(national, label, footprints[NATIONAL].resident_mib, "MiB");
    figures.add(
        province,
        "a province, RSS, median",
        percentile(&mut resident, 50),
        "MiB",
    );
    figures.add(
        worst,
        "the largest province, RSS",
        percentile(&mut resident, 100),
        "MiB",
    );
    let label = "of a province heaps and stacks, median";
    figures.add(own, label, percentile(&mut anonymous, 50), "MiB");
    let label = "descriptors, most of one node";
    figures.add(descriptors, label, count(most(|one| one.descriptors)), "");
    let label = "threads, most of one node";
    figures.add(threads, label, count(most(|one| one.threads)), "");
    let text = format!("all nodes together stay under {MEMORY_MIB_MAX} MiB (RSS)");
    figures.claim(memory.claim, text, total < MEMORY_MIB_MAX);
}

pub(super) fn idle(figures: &mut Figures, observed: &Observed, span: Duration) {
    let used: Vec<f64> = observed.used.iter().map(|used| used.cpu_seconds).collect();
    let share = |seconds: f64| seconds / span.as_secs_f64() * 100.0;
    figures.heading("Nobody does anything");
    let label = "all nodes, of one processor";
    figures.add("idle_percent", label, share(used.iter().sum()), "%");
    let label = "national node, of one processor";
    figures.add("idle_national_percent", label, share(used[NATIONAL]), "%");
    let label = "machine busy with other things";
    figures.add("idle_foreign", label, observed.foreign_share * 100.0, "%");
}

pub(super) fn morning(figures: &mut Figures, answering: Duration, synced: Duration) {
    figures.heading("All stopped, then all started at once");
    let label = "until every node answers";
    figures.add("started_s", label, answering.as_secs_f64(), "s");
    let label = "until all are linked and hold the same";
    figures.add("restarted_s", label, synced.as_secs_f64(), "s");
}
