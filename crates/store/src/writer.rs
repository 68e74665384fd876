//! The one thread that writes, with group commit.
//!
//! It takes everything that waits, writes it in one transaction, and reports each job only after
//! the commit. When a transaction fails, everything in it and behind it fails, until
//! [`Job::Resume`]: replication forgets what it had under way when it hears of the failure, so
//! what was submitted before it heard must not be written after all. Rows that are only derived
//! may fail alone: nobody builds on them, and they are computed again.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use phaki_documents::kind::DocumentId;
use phaki_replication::id::{FederationId, Hash, NodeId, SpaceId};
use rusqlite::{Connection, TransactionBehavior};
use thiserror::Error;

use crate::append;
use crate::audit::{self, AuditDraft};
use crate::batch::Batch;
use crate::connection::{give_memory_back, limit_file, open_writer};
use crate::discard;
use crate::fault::Fault;
use crate::file::Lock;
use crate::invite::{self, Invite, Redemption};
use crate::job::{Completion, Job, Reply, Touched, WriteError};
use crate::limits::REST;
use crate::materialise;
use crate::pending::{self, Decision};
use crate::prepared::Prepared;
use crate::progress::Progress;
use crate::queue::Queue;
use crate::reader::QuarantinedRow;
use crate::store::Store;
use crate::vault;

/// Submits jobs to the writer; clones may go to any thread.
#[derive(Clone, Debug)]
pub struct Writer {
    queue: Arc<Queue<Prepared>>,
    progress: Arc<Progress>,
}

/// The running writer. Dropping it carries out what was submitted and then ends the thread.
#[derive(Debug)]
pub struct WriterThread {
    queue: Arc<Queue<Prepared>>,
    thread: Option<JoinHandle<()>>,
}

/// What the writer of a store may do.
#[derive(Clone, Copy, Debug, Default)]
pub struct WriterOptions {
    /// Bytes that the database file may have; beyond, writes fail as on a full disk. The
    /// write-ahead log beside it comes on top.
    pub file_bytes_max: Option<u64>,
}

/// Why the writer could not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The database could not be opened for writing.
    #[error("open database {} for writing", path.display())]
    Sqlite {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// The system gave no thread.
    #[error("start the writer's thread")]
    Thread(#[source] io::Error),
}

impl Store {
    /// Starts the writer. `report` hears what became of the writes of replication, on the
    /// writer's thread: it must not block, nor submit jobs. At most one writer per store.
    ///
    /// # Errors
    /// When the database cannot be opened for writing or there is no thread.
    pub fn start_writer(
        &self,
        options: &WriterOptions,
        report: impl FnMut(Completion) + Send + 'static,
    ) -> Result<(Writer, WriterThread), StartError> {
        let failed = |source| StartError::Sqlite {
            path: self.path().to_owned(),
            source,
        };
        let connection = open_writer(self.path()).map_err(failed)?;
        vault::attach(&connection, self.path()).map_err(failed)?;
        if let Some(bytes) = options.file_bytes_max {
            limit_file(&connection, bytes).map_err(failed)?;
        }
        let queue = Arc::new(Queue::new());
        let progress = Arc::new(Progress::default());
        let carrier = Carrier {
            path: self.path().into(),
            federation: self.identity().federation,
            connection,
            queue: Arc::clone(&queue),
            progress: Arc::clone(&progress),
            report: Box::new(report),
            halted: None,
            _lock: self.lock(),
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || carrier.run())
            .map_err(StartError::Thread)?;
        let writer = Writer {
            queue: Arc::clone(&queue),
            progress,
        };
        Ok((
            writer,
            WriterThread {
                queue,
                thread: Some(thread),
            },
        ))
    }
}

impl Writer {
    /// Submits a job, waiting for room in the queue. Changes of documents are checked before, on
    /// this thread.
    ///
    /// # Errors
    /// [`WriteError::Stopped`] when the writer has ended; the job is dropped.
    pub fn submit(&self, job: Job) -> Result<(), WriteError> {
        let pushed = self.queue.push(Prepared::new(job));
        pushed.map_err(|_job| WriteError::Stopped)
    }

    /// Submits a job if there is room in the queue.
    ///
    /// # Errors
    /// The job, when the queue is full or the writer has ended.
    pub fn try_submit(&self, job: Job) -> Result<(), Box<Job>> {
        let pushed = self.queue.try_push(Prepared::new(job));
        pushed.map_err(|prepared| Box::new(prepared.job))
    }

    /// Waits until everything submitted before is durable.
    ///
    /// # Errors
    /// When a write failed and the writer was not resumed.
    pub fn flush(&self) -> Result<(), WriteError> {
        self.call(|reply| Job::Flush { reply })
    }

    /// Waits, for so long at most, until the summaries of everything that is durable now are, too;
    /// whether they are.
    pub fn summaries_settle_within(&self, patience: Duration) -> bool {
        self.progress.settle_within(patience)
    }

    /// Keeps an invitation; whether its secret is new. Waits for the disk.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn insert_invite(&self, invite: Invite) -> Result<bool, WriteError> {
        self.call(|reply| Job::Invite { invite, reply })
    }

    /// Gives the invitation with that secret to `node`, once, and records `audit` then. Waits for the disk.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn redeem_invite(
        &self,
        secret_hash: Hash,
        node: NodeId,
        now_ms: i64,
        audit: Option<AuditDraft>,
    ) -> Result<Redemption, WriteError> {
        self.call(|reply| Job::Redeem {
            secret_hash,
            node,
            now_ms,
            audit,
            reply,
        })
    }

    /// Decides about an invitation or a node that waits; whether there was anything to decide.
    /// Then `audit` is recorded with it. Waits for the disk.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn decide(
        &self,
        decision: Decision,
        audit: Option<AuditDraft>,
    ) -> Result<bool, WriteError> {
        self.call(|reply| Job::Decide {
            decision,
            audit,
            reply,
        })
    }

    /// Forgets an invitation that nobody used; whether there was one. Waits for the disk.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn forget_invite(&self, secret_hash: Hash) -> Result<bool, WriteError> {
        self.call(|reply| Job::Forget { secret_hash, reply })
    }

    /// Marks entries in quarantine as such that need nobody's attention; whether any was not marked
    /// before. Then `audit` is recorded with it. Waits for the disk.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn discard(
        &self,
        entries: Vec<QuarantinedRow>,
        audit: AuditDraft,
    ) -> Result<bool, WriteError> {
        self.call(|reply| Job::Discard {
            entries,
            audit,
            reply,
        })
    }

    /// Records something in the audit log. Waits for the disk.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn record(&self, draft: AuditDraft) -> Result<(), WriteError> {
        self.call(|reply| Job::Audit { draft, reply })
    }

    /// Submits a job and waits for its outcome.
    pub(crate) fn call<T: Send + 'static>(
        &self,
        job: impl FnOnce(Reply<T>) -> Job,
    ) -> Result<T, WriteError> {
        let (reply, outcome) = Reply::awaited();
        self.submit(job(reply))?;
        outcome.wait()
    }

    pub(crate) fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }
}

impl WriterThread {
    /// Carries out what was submitted, then ends the thread.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for WriterThread {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("writer of the store ended in a panic");
        }
    }
}

/// The writer's side of the thread.
struct Carrier {
    path: Arc<Path>,
    federation: FederationId,
    connection: Connection,
    queue: Arc<Queue<Prepared>>,
    progress: Arc<Progress>,
    report: Box<dyn FnMut(Completion) + Send>,
    /// The failure that nobody has acknowledged yet.
    halted: Option<Arc<WriteError>>,
    _lock: Arc<Lock>,
}

/// What a job came to, before its transaction is committed.
enum Outcome {
    Done,
    Touched(Vec<Touched>),
    Told(bool),
    Redemption(Redemption),
}

impl Carrier {
    fn run(mut self) {
        while let Some(group) = self.queue.take() {
            self.carry_out(group);
            if self.queue.rests(REST) {
                give_memory_back(&self.connection);
            }
        }
    }

    fn carry_out(&mut self, group: Vec<Prepared>) {
        if matches!(
            group[..],
            [Prepared {
                job: Job::Resume,
                ..
            }]
        ) {
            self.halted = None;
            (self.report)(Completion::Resumed);
            return;
        }
        if let Some(first) = self.halted.clone() {
            let behind = WriteError::Behind { first };
            group
                .into_iter()
                .for_each(|Prepared { job, .. }| self.fail(job, &behind));
            return;
        }
        match self.write(&group) {
            Ok(outcomes) => {
                let changed = |Prepared { job, .. }: &Prepared| matches!(job, Job::Change { .. });
                if group.iter().any(changed) {
                    self.progress.ask();
                }
                group
                    .into_iter()
                    .zip(outcomes)
                    .for_each(|(prepared, done)| self.succeed(prepared.job, done));
            }
            Err(fault) => {
                let error = WriteError::of(fault, &self.path);
                if group
                    .iter()
                    .any(|Prepared { job, .. }| job.others_build_on())
                {
                    self.halted = Some(Arc::new(error.clone()));
                }
                group
                    .into_iter()
                    .for_each(|Prepared { job, .. }| self.fail(job, &error));
            }
        }
    }

    /// Writes all jobs in one transaction, or none.
    fn write(&mut self, group: &[Prepared]) -> Result<Vec<Outcome>, Fault> {
        let flushes = |Prepared { job, .. }: &Prepared| matches!(job, Job::Flush { .. });
        if group.iter().all(flushes) {
            return Ok(group.iter().map(|_| Outcome::Done).collect());
        }
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut batch = Batch::new(&transaction, self.federation)?;
        let outcomes = group
            .iter()
            .map(|prepared| write_job(&mut batch, prepared))
            .collect::<Result<_, _>>()?;
        batch.flush()?;
        drop(batch);
        transaction.commit()?;
        if group.iter().any(|prepared| prepared.job.erases()) {
            vault::empty_log(&self.connection);
        }
        Ok(outcomes)
    }

    fn succeed(&mut self, job: Job, outcome: Outcome) {
        match (job, outcome) {
            (Job::Change { write, .. }, Outcome::Touched(touched)) => {
                (self.report)(Completion::Stored { write, touched });
            }
            (
                Job::Invite { reply, .. }
                | Job::Decide { reply, .. }
                | Job::Discard { reply, .. }
                | Job::Forget { reply, .. },
                Outcome::Told(told),
            ) => reply.send(Ok(told)),
            (Job::Redeem { reply, .. }, Outcome::Redemption(redemption)) => {
                reply.send(Ok(redemption));
            }
            (
                Job::Materialised { reply, .. } | Job::Audit { reply, .. } | Job::Flush { reply },
                Outcome::Done,
            ) => reply.send(Ok(())),
            (job, _) => unreachable!("outcome of another kind for {job:?}"),
        }
    }

    fn fail(&mut self, job: Job, error: &WriteError) {
        let error = error.clone();
        match job {
            Job::Change { write, .. } => (self.report)(Completion::Failed { write, error }),
            Job::Invite { reply, .. }
            | Job::Decide { reply, .. }
            | Job::Discard { reply, .. }
            | Job::Forget { reply, .. } => reply.send(Err(error)),
            Job::Redeem { reply, .. } => reply.send(Err(error)),
            Job::Materialised { reply, .. } | Job::Audit { reply, .. } | Job::Flush { reply } => {
                reply.send(Err(error));
            }
            Job::Resume => unreachable!("resume stands alone in its group"),
        }
    }
}

fn write_job(batch: &mut Batch<'_>, prepared: &Prepared) -> Result<Outcome, Fault> {
    match &prepared.job {
        Job::Change { change, audit, .. } => {
            append::store(batch, change, &prepared.summaries)?;
            record(batch.connection, audit)?;
            Ok(Outcome::Touched(by_space(batch.take_touched())))
        }
        Job::Audit { draft, .. } => {
            audit::append(batch.connection, draft)?;
            Ok(Outcome::Done)
        }
        Job::Materialised { rows, .. } => {
            batch.flush()?;
            materialise::store(batch.connection, rows)?;
            Ok(Outcome::Done)
        }
        Job::Invite { invite, .. } => Ok(Outcome::Told(invite::insert(batch.connection, invite)?)),
        Job::Redeem {
            secret_hash,
            node,
            now_ms,
            audit,
            ..
        } => {
            let connection = batch.connection;
            let (redemption, is_new) = invite::redeem(connection, secret_hash, node, *now_ms)?;
            record(connection, audit.as_ref().filter(|_| is_new))?;
            Ok(Outcome::Redemption(redemption))
        }
        Job::Decide {
            decision, audit, ..
        } => {
            let decided = pending::decide(batch.connection, decision)?;
            record(batch.connection, audit.as_ref().filter(|_| decided))?;
            Ok(Outcome::Told(decided))
        }
        Job::Discard { entries, audit, .. } => {
            batch.flush()?;
            let marked = discard::discard(batch.connection, entries)?;
            record(batch.connection, marked.then_some(audit))?;
            Ok(Outcome::Told(marked))
        }
        Job::Forget { secret_hash, .. } => Ok(Outcome::Told(invite::forget(
            batch.connection,
            secret_hash,
        )?)),
        Job::Flush { .. } => Ok(Outcome::Done),
        Job::Resume => unreachable!("resume stands alone in its group"),
    }
}

fn record<'a>(
    connection: &Connection,
    drafts: impl IntoIterator<Item = &'a AuditDraft>,
) -> rusqlite::Result<()> {
    let mut drafts = drafts.into_iter();
    drafts.try_for_each(|draft| audit::append(connection, draft))
}

fn by_space(touched: impl IntoIterator<Item = (SpaceId, DocumentId)>) -> Vec<Touched> {
    let mut spaces: Vec<Touched> = Vec::new();
    for (space, document) in touched {
        match spaces.last_mut() {
            Some(last) if last.space == space => last.documents.push(document),
            _ => spaces.push(Touched {
                space,
                documents: vec![document],
            }),
        }
    }
    spaces
}

/// When the thread ends, also by a panic, nobody may wait for it any longer.
impl Drop for Carrier {
    fn drop(&mut self) {
        drop(self.queue.abandon());
        self.progress.stop();
    }
}

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carrier")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
