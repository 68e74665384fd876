//! What a process holds of the machine now: memory, descriptors, threads.

use std::fs;

use super::KIB_PER_MIB;

/// What one process holds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Footprint {
    /// Resident memory in MiB. Pages of the program, which all its processes share, count in each.
    pub(crate) resident_mib: f64,
    /// The same with each shared page divided by those who share it: what sums up.
    pub(crate) proportional_mib: f64,
    /// Of these what no file stands behind: heaps and stacks.
    pub(crate) anonymous_mib: f64,
    pub(crate) descriptors: u64,
    pub(crate) threads: u64,
}

impl Footprint {
    /// Of a process that runs.
    pub(crate) fn of(pid: u32) -> Self {
        let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
        let mib = |key: &str| field(&rollup, key) / KIB_PER_MIB;
        let entries = |folder: &str| {
            let folder = fs::read_dir(format!("/proc/{pid}/{folder}")).unwrap();
            u64::try_from(folder.count()).unwrap()
        };
        Self {
            resident_mib: mib("Rss:"),
            proportional_mib: mib("Pss:"),
            anonymous_mib: mib("Anonymous:"),
            descriptors: entries("fd"),
            threads: entries("task"),
        }
    }
}

fn field(text: &str, key: &str) -> f64 {
    let line = text.lines().find(|line| line.starts_with(key)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
