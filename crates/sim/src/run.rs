//! One run from a seed to its summary or its failure.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::check::Violation;
use crate::cluster::Cluster;
use crate::options::{Options, Tally};

/// What a run that went well did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The seed.
    pub seed: u64,
    /// Numbers.
    pub tally: Tally,
    /// Virtual seconds that passed.
    pub seconds: u64,
    /// Lines of the trace.
    pub lines: u64,
    /// Hash over all of them.
    pub hash: String,
}

/// A run in which an invariant did not hold, or a node panicked.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What did not hold.
    pub violation: Violation,
    /// The last that happened.
    pub recent: Vec<String>,
    /// The command that shows it again.
    pub replay: String,
}

/// Runs one simulation.
pub fn run(options: Options) -> Result<Summary, Box<Failure>> {
    let mut cluster = Cluster::new(options);
    let result = catch_unwind(AssertUnwindSafe(|| cluster.run()));
    let result = result.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(Violation {
            invariant: "nothing panics",
            detail: text.unwrap_or_default(),
        })
    });
    match result {
        Ok(()) => Ok(Summary {
            seed: options.seed,
            tally: cluster.tally(),
            seconds: cluster.seconds(),
            lines: cluster.trace().lines(),
            hash: cluster.trace().hash(),
        }),
        Err(violation) => {
            let recent = cluster.trace().recent().map(str::to_owned).collect();
            Err(Box::new(Failure {
                violation,
                recent,
                replay: replay(&options),
            }))
        }
    }
}

fn replay(options: &Options) -> String {
    let Options {
        seed,
        nodes,
        steps,
        sabotage,
        ..
    } = options;
    let sabotage = sabotage.map(|sabotage| format!(" --sabotage {}", sabotage.name()));
    let sabotage = sabotage.unwrap_or_default();
    format!(
        "cargo run -p phaki-sim -- --seed {seed} --nodes {nodes} --steps {steps}{sabotage} --trace"
    )
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally {
            events,
            messages,
            acknowledged,
            refused,
            stored,
            crashes,
            torn,
            connections,
            restored,
            cloned,
            equivocations,
            cuts,
        } = self.tally;
        write!(
            f,
            "seed {}: {} s, {events} events, {messages} messages, {acknowledged} entries \
             acknowledged, {refused} requests refused, {stored} entries stored, {crashes} \
             crashes, {torn} commits torn, {connections} connections, {restored} stores put back, {cloned} clones, \
             {equivocations} equivocations, {cuts} cuts; hash {}",
            self.seed, self.seconds, self.hash
        )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.recent {
            writeln!(f, "{line}")?;
        }
        writeln!(f, "violated: {}", self.violation)?;
        write!(f, "replay: {}", self.replay)
    }
}
