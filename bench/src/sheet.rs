//! What a comparison found: for each workload, figure and subject the values of all rounds.

use std::collections::BTreeMap;

use crate::catalogue::{self, Figure, Workload};
use crate::machine::Observed;

/// What one subject showed in one round of one workload.
#[derive(Debug)]
pub(crate) struct Round {
    workload: Workload,
    values: Vec<(Figure, f64)>,
}

impl Round {
    pub(crate) fn of(workload: Workload) -> Self {
        Self {
            workload,
            values: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, figure: Figure, value: f64) {
        assert_eq!(figure.workload, self.workload);
        self.values.push((figure, value));
    }

    /// A value of this round.
    pub(crate) fn value(&self, figure: Figure) -> f64 {
        let found = self.values.iter().find(|(one, _)| *one == figure);
        found.expect("it was measured in this round").1
    }

    /// What the two processes of the workload used, the one that has everything first.
    pub(crate) fn add_used(&mut self, observed: &Observed) {
        let [full, empty] = observed.used[..] else {
            panic!("a workload has two processes");
        };
        let values = [
            full.peak_mib,
            empty.peak_mib,
            full.resting_mib,
            empty.resting_mib,
            full.cpu_seconds,
            empty.cpu_seconds,
            observed.foreign_share * 100.0,
        ];
        for (figure, value) in catalogue::used(self.workload).into_iter().zip(values) {
            self.add(figure, value);
        }
    }
}

/// Everything that was found.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    /// In the order in which they first came up.
    figures: Vec<Figure>,
    subjects: Vec<&'static str>,
    /// Those that had other work than the rest: how many documents.
    other_work: BTreeMap<&'static str, u64>,
    values: BTreeMap<(Figure, &'static str), Vec<f64>>,
    notes: BTreeMap<&'static str, Vec<String>>,
}

/// The middle and the ends of what was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) least: f64,
    pub(crate) median: f64,
    pub(crate) most: f64,
    pub(crate) rounds: usize,
}

impl Sheet {
    pub(crate) fn add(&mut self, subject: &'static str, round: Round) {
        if !self.subjects.contains(&subject) {
            self.subjects.push(subject);
        }
        for (figure, value) in round.values {
            if !self.figures.contains(&figure) {
                self.figures.push(figure);
            }
            self.values
                .entry((figure, subject))
                .or_default()
                .push(value);
        }
    }

    /// Something about a subject without which its figures would be misread.
    pub(crate) fn note(&mut self, subject: &'static str, note: impl Into<String>) {
        let (note, notes) = (note.into(), self.notes.entry(subject).or_default());
        if !notes.contains(&note) {
            notes.push(note);
        }
    }

    pub(crate) fn note_all(&mut self, subject: &'static str, notes: &[&str]) {
        for note in notes {
            self.note(subject, *note);
        }
    }

    /// That subject has so many documents instead of what the others have.
    pub(crate) fn note_other_work(&mut self, subject: &'static str, documents: u64) {
        self.other_work.insert(subject, documents);
        self.note(
            subject,
            format!("with {documents} documents: more take it many minutes"),
        );
    }

    /// Whether the figures of two subjects are about the same number of documents.
    pub(crate) fn is_same_work(&self, one: &str, other: &str) -> bool {
        self.other_work.get(one) == self.other_work.get(other)
    }

    /// Who has figures, in the order in which they first came up.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = &'static str> {
        self.subjects.iter().copied()
    }

    pub(crate) fn figures(&self, workload: Workload) -> impl Iterator<Item = Figure> {
        let figures = self.figures.iter().copied();
        figures.filter(move |figure| figure.workload == workload)
    }

    pub(crate) fn spread(&self, figure: Figure, subject: &'static str) -> Option<Spread> {
        let mut values = self.values.get(&(figure, subject))?.clone();
        values.sort_by(f64::total_cmp);
        Some(Spread {
            least: *values.first()?,
            median: median(&values)?,
            most: *values.last()?,
            rounds: values.len(),
        })
    }

    pub(crate) fn notes(&self) -> impl Iterator<Item = (&'static str, &[String])> {
        self.notes
            .iter()
            .map(|(subject, notes)| (*subject, &notes[..]))
    }
}

/// The middle of ascending values; of an even number of them the mean of the two.
fn median(ascending: &[f64]) -> Option<f64> {
    let middle = ascending.len() / 2;
    let upper = *ascending.get(middle)?;
    Some(match ascending.len() % 2 {
        0 => (ascending[middle - 1] + upper) / 2.0,
        _ => upper,
    })
}

/// The value below which so many hundredths of them lie; sorts them.
pub(crate) fn percentile(values: &mut [f64], hundredths: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(values.len() - 1) * hundredths / 100]
}
