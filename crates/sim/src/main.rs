//! `phaki-sim`: runs simulated federations from seeds.
#![expect(clippy::print_stdout, reason = "what this program is for")]

use std::process::ExitCode;

use clap::Parser;
use phaki_sim::{Options, Sabotage, run};

/// Simulates federations, each from one seed.
#[derive(Debug, Parser)]
struct Arguments {
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How many seeds, counting up.
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// Machines.
    #[arg(long, default_value_t = 20)]
    nodes: usize,
    /// Things that happen from outside.
    #[arg(long, default_value_t = 2_000)]
    steps: u64,
    /// Print everything that happens.
    #[arg(long)]
    trace: bool,
    /// Go on after a failure and print one line of it.
    #[arg(long)]
    keep_going: bool,
    /// A fault in the driver that the checks must find.
    #[arg(long, value_parser = Sabotage::from_name)]
    sabotage: Option<Sabotage>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut failed = false;
    for seed in arguments.seed..arguments.seed.saturating_add(arguments.seeds) {
        let print: Option<fn(&str)> = arguments.trace.then_some(|line| println!("{line}"));
        let Arguments {
            nodes,
            steps,
            sabotage,
            ..
        } = arguments;
        match run(Options {
            seed,
            nodes,
            steps,
            sabotage,
            print,
        }) {
            Ok(summary) => println!("{summary}"),
            Err(failure) if arguments.keep_going => {
                println!("seed {seed}: violated: {}", failure.violation);
                failed = true;
            }
            Err(failure) => {
                println!("{failure}");
                return ExitCode::FAILURE;
            }
        }
    }
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
