//! What processes use of this machine, as Linux counts it.

mod footprint;

use std::fs;
use std::time::Instant;

pub(crate) use footprint::Footprint;

/// What the kernel means by a tick in `/proc`; it is the same on every machine that Linux runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// Bytes of a kibibyte, which `/proc` counts in, of a mebibyte, which we do.
const KIB_PER_MIB: f64 = 1024.0;

/// What a process has used.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    pub(crate) cpu_seconds: f64,
    pub(crate) peak_mib: f64,
    pub(crate) resting_mib: f64,
}

/// A span of time in which processes are observed.
#[derive(Debug)]
pub(crate) struct Observation {
    pids: Vec<u32>,
    began: Instant,
    busy: f64,
    cpu: Vec<f64>,
    own: f64,
}

/// What was observed.
#[derive(Debug)]
pub(crate) struct Observed {
    /// Of each process, in the order that was given.
    pub(crate) used: Vec<Used>,
    /// The part of all processors that went to anything else but these processes and ourselves.
    pub(crate) foreign_share: f64,
}

impl Observation {
    /// Begins; the peaks of memory are counted from now on.
    pub(crate) fn begin(pids: &[u32]) -> Self {
        for pid in pids {
            // Resets the peak: proc_pid_clear_refs(5).
            fs::write(format!("/proc/{pid}/clear_refs"), "5").unwrap();
        }
        Self {
            pids: pids.to_vec(),
            began: Instant::now(),
            busy: busy_seconds(),
            cpu: pids.iter().copied().map(cpu_seconds).collect(),
            own: cpu_seconds(std::process::id()),
        }
    }

    pub(crate) fn end(self) -> Observed {
        let wall = self.began.elapsed().as_secs_f64();
        let used = |(pid, before): (&u32, &f64)| Used {
            cpu_seconds: cpu_seconds(*pid) - before,
            peak_mib: memory_mib(*pid, "VmHWM:"),
            resting_mib: memory_mib(*pid, "VmRSS:"),
        };
        let used: Vec<Used> = self.pids.iter().zip(&self.cpu).map(used).collect();
        let ours = used.iter().map(|used| used.cpu_seconds).sum::<f64>()
            + cpu_seconds(std::process::id())
            - self.own;
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let processors = f64::from(u32::try_from(processors).unwrap());
        let foreign = (busy_seconds() - self.busy - ours).max(0.0);
        Observed {
            used,
            foreign_share: foreign / wall / processors,
        }
    }
}

/// Seconds of all processors that were not idle: user, nice, system, interrupts, stolen.
fn busy_seconds() -> f64 {
    let text = fs::read_to_string("/proc/stat").unwrap();
    let line = text.lines().next().unwrap();
    let ticks: Vec<f64> = line
        .split_whitespace()
        .skip(1)
        .map(|word| word.parse().unwrap())
        .collect();
    let idle = ticks[3] + ticks[4];
    (ticks[..8].iter().sum::<f64>() - idle) / TICKS_PER_SECOND
}

/// Seconds that a process has computed.
fn cpu_seconds(pid: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // The second field is a name in parentheses and may hold anything.
    let fields: Vec<&str> = text
        .rsplit_once(')')
        .unwrap()
        .1
        .split_whitespace()
        .collect();
    let ticks = |index: usize| fields[index].parse::<f64>().unwrap();
    (ticks(11) + ticks(12)) / TICKS_PER_SECOND
}

fn memory_mib(pid: u32, key: &str) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find(|line| line.starts_with(key)).unwrap();
    let kib: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib / KIB_PER_MIB
}
