//! The workloads and everything that is measured of them, with names for people and for programs.

use std::fmt;

/// The workloads, by the names of the options and of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Workload {
    /// An empty node gets everything.
    #[value(name = "W1")]
    Cold,
    /// A line that was cut comes back with nothing missing; the same after both have restarted.
    #[value(name = "W2")]
    Idle,
    /// Ten documents were changed while the line was cut.
    #[value(name = "W3")]
    Ten,
    /// Single edits, and many at once, while both are linked.
    #[value(name = "W4")]
    Live,
    /// Two nodes that changed one document many times meet.
    #[value(name = "W5")]
    Merge,
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Workload {
    pub(crate) const ALL: [Self; 5] = [Self::Cold, Self::Idle, Self::Ten, Self::Live, Self::Merge];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cold => "W1",
            Self::Idle => "W2",
            Self::Ten => "W3",
            Self::Live => "W4",
            Self::Merge => "W5",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Cold => "an empty node gets everything",
            Self::Idle => "the line comes back, nothing is missing",
            Self::Ten => "the line comes back, ten documents were changed",
            Self::Live => "edits while both are linked",
            Self::Merge => "one document, changed at both while apart",
        }
    }
}

/// One quantity that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Figure {
    pub(crate) workload: Workload,
    /// For programs; part of the interface.
    pub(crate) key: &'static str,
    pub(crate) label: &'static str,
    pub(crate) unit: &'static str,
}

const fn figure(
    workload: Workload,
    key: &'static str,
    label: &'static str,
    unit: &'static str,
) -> Figure {
    Figure {
        workload,
        key,
        label,
        unit,
    }
}

use Workload::{Cold, Idle, Live, Merge, Ten};

pub(crate) const COLD_S: Figure = figure(Cold, "cold_s", "until everything is there", "s");
pub(crate) const READABLE_S: Figure =
    figure(Cold, "readable_s", "until all is listed and shown", "s");
pub(crate) const BYTES_PER_DOCUMENT: Figure =
    figure(Cold, "bytes_per_document", "bytes a document", "B");
pub(crate) const IDLE_MS: Figure = figure(Idle, "idle_ms", "until both are in sync", "ms");
pub(crate) const IDLE_BYTES: Figure = figure(Idle, "idle_bytes", "bytes on the line", "B");
pub(crate) const IDLE_ABOVE_TLS: Figure = figure(Idle, "idle_above_tls", "of these above TLS", "B");
pub(crate) const IDLE_ROUND_TRIPS: Figure = figure(
    Idle,
    "idle_round_trips",
    "round trips after the handshake",
    "",
);
pub(crate) const START_FULL_MS: Figure =
    figure(Idle, "start_full_ms", "starting with all documents", "ms");
pub(crate) const START_EMPTY_MS: Figure =
    figure(Idle, "start_empty_ms", "starting, who got them", "ms");
pub(crate) const RESTART_MS: Figure = figure(
    Idle,
    "restart_ms",
    "after both restarted, until in sync",
    "ms",
);
pub(crate) const RESTART_BYTES: Figure =
    figure(Idle, "restart_bytes", "the same, bytes on the line", "B");
pub(crate) const TEN_MS: Figure = figure(Ten, "ten_ms", "until all ten are there", "ms");
pub(crate) const TEN_BYTES: Figure = figure(Ten, "ten_bytes", "bytes on the line", "B");
pub(crate) const TEN_ABOVE_TLS: Figure = figure(Ten, "ten_above_tls", "of these above TLS", "B");
pub(crate) const EDIT_P50_MS: Figure =
    figure(Live, "edit_p50_ms", "one edit, half are there within", "ms");
pub(crate) const EDIT_P99_MS: Figure = figure(
    Live,
    "edit_p99_ms",
    "one edit, 99 of 100 are there within",
    "ms",
);
pub(crate) const BURST_MANY: Figure =
    figure(Live, "burst_many", "burst over 100 documents", "changes/s");
pub(crate) const BURST_ONE: Figure =
    figure(Live, "burst_one", "burst on one document", "changes/s");
pub(crate) const MERGE_S: Figure = figure(Merge, "merge_s", "until both hold all changes", "s");
pub(crate) const MERGE_SHOWN_S: Figure = figure(
    Merge,
    "merge_shown_s",
    "until both show the merged document",
    "s",
);
pub(crate) const MERGE_BYTES: Figure = figure(Merge, "merge_bytes", "bytes on the line", "B");

/// What the two processes of a workload use, in the order of [`crate::sheet::Round::add_used`].
pub(crate) const fn used(workload: Workload) -> [Figure; 7] {
    [
        figure(workload, "peak_full", "peak memory, who had it", "MiB"),
        figure(workload, "peak_empty", "peak memory, who got it", "MiB"),
        figure(workload, "rest_full", "resident after, who had it", "MiB"),
        figure(workload, "rest_empty", "resident after, who got it", "MiB"),
        figure(workload, "cpu_full", "processor, who had it", "s"),
        figure(workload, "cpu_empty", "processor, who got it", "s"),
        figure(workload, "foreign", "machine busy with other things", "%"),
    ]
}
