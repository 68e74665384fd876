//! What changes say about themselves, found out before the writer takes them.
//!
//! Checking a change takes as long as writing it. It needs nothing of the store, so it happens on
//! the thread that submits it, beside the writing of what came before.

use phaki_documents::change::{ChangeSummary, SummariseError, summarise};
use phaki_documents::payload;
use phaki_replication::entry::{Entry, EntryKind, Payload};
use phaki_replication::feed::Run;
use phaki_replication::node::Change;

use crate::job::Job;
use crate::queue::Queued;

/// What a change says about itself, or why it is none.
pub(crate) type Summarised = Result<ChangeSummary, SummariseError>;

/// A job that waits for the writer.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) job: Job,
    pub(crate) summaries: Summaries,
}

/// What the changes of some runs say about themselves, as far as they are to be applied.
#[derive(Debug, Default)]
pub(crate) struct Summaries(Vec<Vec<Option<Summarised>>>);

impl Prepared {
    pub(crate) fn new(job: Job) -> Self {
        let summaries = match &job {
            Job::Change {
                change: Change::Runs { runs, .. },
                ..
            } => Summaries::of(runs),
            _ => Summaries::default(),
        };
        Self { job, summaries }
    }
}

impl Queued for Prepared {
    fn bytes(&self) -> usize {
        self.job.bytes()
    }

    fn alone(&self) -> bool {
        self.job.alone()
    }
}

impl Summaries {
    fn of(runs: &[(Run, u64)]) -> Self {
        let of_run = |(run, permitted): &(Run, u64)| {
            let permitted = (run.from..*permitted).zip(&run.entries);
            permitted.map(|(_, entry)| summarised(entry)).collect()
        };
        Self(runs.iter().map(of_run).collect())
    }

    /// Of the entries of one run, in their order; they may be fewer.
    pub(crate) fn of_run(&self, run: usize) -> &[Option<Summarised>] {
        self.0.get(run).map_or(&[], Vec::as_slice)
    }
}

/// `None` for what is not simply a change; whoever applies it looks for itself.
fn summarised(entry: &Entry) -> Option<Summarised> {
    match (&entry.kind, &entry.payload) {
        (&EntryKind::CHANGE, Payload::Present(bytes)) => {
            Some(summarise(payload::decode(bytes).ok()?.change))
        }
        _ => None,
    }
}
