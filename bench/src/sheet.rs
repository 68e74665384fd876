//! What a comparison found: for each workload, figure and subject the values of all rounds.

use std::collections::BTreeMap;
use std::fmt;

use crate::machine::Observed;

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

/// What one subject showed in one round of one workload.
#[derive(Debug)]
pub(crate) struct Round {
    workload: Workload,
    pub(crate) values: Vec<(Figure, f64)>,
}

impl Round {
    pub(crate) fn of(workload: Workload) -> Self {
        Self {
            workload,
            values: Vec::new(),
        }
    }

    pub(crate) fn add(
        &mut self,
        key: &'static str,
        label: &'static str,
        unit: &'static str,
        value: f64,
    ) {
        let figure = Figure {
            workload: self.workload,
            key,
            label,
            unit,
        };
        self.values.push((figure, value));
    }

    /// What the two processes of a phase used, the one that has everything first.
    pub(crate) fn add_used(&mut self, observed: &Observed) {
        let [full, empty] = observed.used[..] else {
            panic!("a phase has two processes");
        };
        self.add("peak_full", "peak memory, who had it", "MiB", full.peak_mib);
        self.add(
            "peak_empty",
            "peak memory, who got it",
            "MiB",
            empty.peak_mib,
        );
        self.add(
            "rest_full",
            "resident after, who had it",
            "MiB",
            full.resting_mib,
        );
        self.add(
            "rest_empty",
            "resident after, who got it",
            "MiB",
            empty.resting_mib,
        );
        self.add("cpu_full", "processor, who had it", "s", full.cpu_seconds);
        self.add("cpu_empty", "processor, who got it", "s", empty.cpu_seconds);
        self.add_foreign(observed);
    }

    pub(crate) fn add_foreign(&mut self, observed: &Observed) {
        let share = observed.foreign_share * 100.0;
        self.add("foreign", "machine busy with other things", "%", share);
    }
}

/// Everything that was found.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    /// In the order in which they first came up.
    figures: Vec<Figure>,
    subjects: Vec<&'static str>,
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
