//! Whole federations from seeds: what holds in all of them, and that the checks can fail.

use std::num::NonZero;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;

use phaki_sim::{Failure, Options, Sabotage, Summary, run};

const SEEDS: u64 = 100;

fn options(seed: u64, nodes: usize, steps: u64) -> Options {
    Options {
        seed,
        nodes,
        steps,
        sabotage: None,
        print: None,
    }
}

/// Runs seeds from zero on all cores; every run is one thread's and shares nothing.
fn run_seeds(seeds: u64, options: impl Fn(u64) -> Options + Sync) -> Vec<Summary> {
    let next = AtomicU64::new(0);
    let (sender, results) = mpsc::channel();
    let work = |results: mpsc::Sender<Result<Summary, Box<Failure>>>| {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds || results.send(run(options(seed))).is_err() {
                break;
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            let sender = sender.clone();
            scope.spawn(|| work(sender));
        }
    });
    drop(sender);
    let (summaries, failures): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    let failures: Vec<String> = failures
        .into_iter()
        .filter_map(Result::err)
        .map(|failure| failure.to_string())
        .collect();
    assert!(
        failures.is_empty(),
        "{} of {seeds} seeds failed:\n{}",
        failures.len(),
        failures.join("\n\n")
    );
    summaries.into_iter().flatten().collect()
}

#[test]
fn a_hundred_federations_of_twenty_nodes_keep_every_invariant_and_agree_after_healing() {
    let summaries = run_seeds(SEEDS, |seed| options(seed, 20, 600));

    // The runs were about something: edits, refusals, crashes and cut lines happened in them.
    let sum = |of: fn(&Summary) -> u64| summaries.iter().map(of).sum::<u64>();
    assert!(sum(|run| run.tally.acknowledged) > 200 * SEEDS);
    assert!(sum(|run| run.tally.crashes) > 5 * SEEDS);
    assert!(sum(|run| run.tally.torn) > SEEDS / 2);
    assert!(sum(|run| run.tally.refused) > SEEDS);
    assert!(sum(|run| run.tally.connections) > 60 * SEEDS);
    // And stores were put back, machines cloned, keys misused, and feeds cut for it.
    assert!(sum(|run| run.tally.restored) > SEEDS);
    assert!(sum(|run| run.tally.cloned) > SEEDS / 2);
    assert!(sum(|run| run.tally.equivocations) > SEEDS);
    assert!(sum(|run| run.tally.cuts) > SEEDS);
}

#[test]
fn federations_of_any_size_keep_every_invariant() {
    for nodes in 1..=8 {
        run_seeds(6, |seed| options(1_000 + seed, nodes, 300));
    }
}

#[test]
fn one_seed_replays_a_run_byte_for_byte() {
    static LINES: Mutex<String> = Mutex::new(String::new());
    fn keep(line: &str) {
        let mut lines = LINES.lock().expect("no other thread panicked");
        lines.push_str(line);
        lines.push('\n');
    }
    let recorded = || {
        LINES.lock().unwrap().clear();
        let mut options = options(7, 12, 600);
        options.print = Some(keep);
        let summary = run(options).unwrap_or_else(|failure| panic!("{failure}"));
        (summary, LINES.lock().unwrap().clone())
    };

    let (first, first_lines) = recorded();
    let (second, second_lines) = recorded();

    assert!(first_lines.lines().count() > 1_000);
    assert_eq!(first_lines, second_lines);
    assert_eq!(first, second);
}

#[test]
fn another_seed_is_another_run() {
    let hash = |seed| run(options(seed, 5, 200)).map(|summary| summary.hash);
    assert_ne!(hash(1).ok(), hash(2).ok());
}

/// The invariant that the first failing seed of a sabotaged driver violates.
fn found(sabotage: Sabotage) -> Option<Box<Failure>> {
    found_by(0..20, sabotage)
}

fn found_by(mut seeds: Range<u64>, sabotage: Sabotage) -> Option<Box<Failure>> {
    seeds.find_map(|seed| {
        let mut options = options(seed, 8, 600);
        options.sabotage = Some(sabotage);
        run(options).err()
    })
}

#[test]
fn a_driver_that_acknowledges_before_storing_is_found() {
    let failure = found(Sabotage::AcknowledgeBeforeStored).expect("a violation");
    assert_eq!(
        failure.violation.invariant,
        "only what is durable is acknowledged"
    );
    assert!(
        failure
            .replay
            .contains("--sabotage acknowledge-before-stored")
    );
}

#[test]
fn a_store_that_ignores_rights_is_found() {
    let failure = found(Sabotage::SkipRightsCheck).expect("a violation");
    assert_eq!(
        failure.violation.invariant,
        "only what is permitted is applied"
    );
}

#[test]
fn a_disk_that_forgets_what_it_synced_is_found() {
    let failure = found(Sabotage::ForgetOnCrash).expect("a violation");
    assert_eq!(failure.violation.invariant, "no acknowledged entry is lost");
}

#[test]
fn a_store_that_keeps_half_of_a_write_when_the_power_goes_is_found() {
    // Power rarely goes between two writes of one commit: one in some fifty runs meets it.
    let failure = found_by(80..100, Sabotage::TearTransactions).expect("a violation");
    assert_eq!(
        failure.violation.invariant,
        "equal frontiers make equal documents"
    );
}

#[test]
fn a_node_that_publishes_nothing_again_is_found() {
    let failure = found(Sabotage::RepublishNothing).expect("a violation");
    assert_eq!(
        failure.violation.invariant,
        "all readers hold what was acknowledged"
    );
}

#[test]
fn a_disk_that_ignores_cuts_is_found() {
    let failure = found(Sabotage::IgnoreCuts).expect("a violation");
    assert_eq!(
        failure.violation.invariant,
        "a write continues what is durable"
    );
}
