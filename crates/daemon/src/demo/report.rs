//! What the demonstration says: steps, facts, and claims that held or did not.

use std::fmt;
use std::time::Instant;

use serde_json::json;

use crate::output::{Output, complain};

/// Numbers of the whole demonstration; everything is counted, nothing is known beforehand.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) nodes: usize,
    /// Different documents, by space and id.
    pub(super) documents: usize,
    /// Entries of all feeds, each counted once.
    pub(super) entries: u64,
    pub(super) converged: bool,
    /// Acknowledged changes after the sample was loaded.
    pub(super) edits_made: usize,
    pub(super) edits_lost: usize,
    pub(super) conflicts_found: usize,
    pub(super) conflicts_resolved: usize,
    pub(super) heads_equal: bool,
    /// Documents, names and traces where they must not be.
    pub(super) unshared_leaked: usize,
}

/// The report while it is made.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub(super) output: &'a mut Output,
    pub(super) tally: Tally,
    begun: Instant,
    steps: usize,
    step_begun: Instant,
    claims: usize,
    failed: Vec<String>,
}

impl<'a> Report<'a> {
    pub(super) fn new(output: &'a mut Output) -> Report<'a> {
        Report {
            output,
            tally: Tally::default(),
            begun: Instant::now(),
            steps: 0,
            step_begun: Instant::now(),
            claims: 0,
            failed: Vec::new(),
        }
    }

    /// Begins a step.
    pub(super) fn step(&mut self, th: &str, en: &str) -> anyhow::Result<()> {
        self.steps += 1;
        self.step_begun = Instant::now();
        let number = self.steps;
        let title = self.output.language.pick(th, en);
        self.say(format!("\n{number}. {title}"))
    }

    /// Says a line. In JSON the words go to the standard error, beside the result.
    pub(super) fn say(&mut self, text: impl fmt::Display) -> anyhow::Result<()> {
        if self.output.json {
            complain(text);
            return Ok(());
        }
        self.output.line(text)
    }

    /// Says something that happened, in the language of the reader.
    pub(super) fn fact(&mut self, th: String, en: String) -> anyhow::Result<()> {
        let text = self.output.language.pick(th, en);
        self.say(format!("   {text}"))
    }

    /// Says whether a claim held, with the time since the step began. What contradicts it follows.
    pub(super) fn claim(
        &mut self,
        th: String,
        en: String,
        contradictions: &[String],
    ) -> anyhow::Result<()> {
        self.claims += 1;
        let held = contradictions.is_empty();
        let mark = if held { '✓' } else { '✗' };
        let text = self.output.language.pick(th, en.clone());
        let time = seconds(self.step_begun);
        self.say(format!("   {mark} {text}  [{time} s]"))?;
        for contradiction in contradictions.iter().take(10) {
            self.say(format!("       {contradiction}"))?;
        }
        if contradictions.len() > 10 {
            self.say(format!("       … {}", contradictions.len()))?;
        }
        if !held {
            self.failed.push(en);
        }
        Ok(())
    }

    /// True when every claim held so far.
    pub(super) fn all_held(&self) -> bool {
        self.failed.is_empty()
    }

    /// The verdict in words.
    pub(super) fn verdict(&mut self) -> anyhow::Result<()> {
        let (claims, failed) = (self.claims, self.failed.len());
        let held = claims - failed;
        let time = seconds(self.begun);
        let text = self.output.language.pick(
            format!("\nเป็นจริง {held} จาก {claims} ข้อ ใช้เวลา {time} วินาที"),
            format!("\n{held} of {claims} claims held, in {time} s"),
        );
        self.say(text)?;
        for claim in self.failed.clone() {
            self.say(format!("   ✗ {claim}"))?;
        }
        Ok(())
    }

    /// Notes why the demonstration could not go on.
    pub(super) fn stopped(&mut self, error: &anyhow::Error) {
        self.failed.push(format!("{error:#}"));
    }

    /// In JSON, the last line: all numbers, and what did not hold.
    pub(super) fn result(&mut self) -> anyhow::Result<()> {
        if !self.output.json {
            return Ok(());
        }
        let tally = &self.tally;
        let value = json!({
            "nodes": tally.nodes,
            "documents": tally.documents,
            "entries": tally.entries,
            "converged": tally.converged,
            "edits_made": tally.edits_made,
            "edits_lost": tally.edits_lost,
            "conflicts_found": tally.conflicts_found,
            "conflicts_resolved": tally.conflicts_resolved,
            "heads_equal": tally.heads_equal,
            "unshared_leaked": tally.unshared_leaked,
            "seconds": (self.begun.elapsed().as_secs_f64() * 10.0).round() / 10.0,
            "claims": self.claims,
            "failed": self.failed,
        });
        self.output.value(&value)
    }
}

fn seconds(since: Instant) -> String {
    format!("{:.1}", since.elapsed().as_secs_f64())
}
