//! What the writer can be asked to do, and what it answers.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, mpsc};

use phaki_documents::kind::DocumentId;
use phaki_replication::id::{FeedId, Hash, NodeId, SpaceId};
use phaki_replication::node::{Change, WriteId};
use thiserror::Error;

use crate::audit::AuditDraft;
use crate::fault::{Fault, lacks_room};
use crate::invite::{Invite, Redemption};
use crate::materialise::Materialised;
use crate::pending::Decision;
use crate::queue::Queued;
use crate::reader::QuarantinedRow;
use crate::vault;

/// One thing to be written. Jobs are carried out in the order of submission.
#[derive(Debug)]
pub enum Job {
    /// What replication decided; answered by [`Completion::Stored`] or [`Completion::Failed`].
    Change {
        /// Its number.
        write: WriteId,
        /// What.
        change: Change,
        /// Recorded with it, or not at all.
        audit: Vec<AuditDraft>,
    },
    /// Records something in the audit log.
    Audit {
        /// What.
        draft: AuditDraft,
        /// Told when it is durable.
        reply: Reply<()>,
    },
    /// Summaries that the materialiser computed. When they fail alone, the writer goes on.
    Materialised {
        /// One per document.
        rows: Vec<Materialised>,
        /// Told when they are durable.
        reply: Reply<()>,
    },
    /// Keeps an invitation.
    Invite {
        /// The invitation.
        invite: Invite,
        /// Told whether its secret was new.
        reply: Reply<bool>,
    },
    /// Gives an invitation to the node that knows its secret.
    Redeem {
        /// SHA-256 of the secret.
        secret_hash: Hash,
        /// The node.
        node: NodeId,
        /// Milliseconds since 1970.
        now_ms: i64,
        /// Recorded with it, when the node did not have the invitation before.
        audit: Option<AuditDraft>,
        /// Told what came of it.
        reply: Reply<Redemption>,
    },
    /// Decides about an invitation or a node that waits.
    Decide {
        /// What.
        decision: Decision,
        /// Recorded with it, when there was anything to decide.
        audit: Option<AuditDraft>,
        /// Told whether there was anything to decide.
        reply: Reply<bool>,
    },
    /// Marks entries in quarantine as such that need nobody's attention.
    Discard {
        /// Which.
        entries: Vec<QuarantinedRow>,
        /// Recorded with it, when any of them was not marked before.
        audit: AuditDraft,
        /// Told whether any of them was not marked before.
        reply: Reply<bool>,
    },
    /// Forgets an invitation that nobody used, as if it had never been.
    Forget {
        /// SHA-256 of its secret.
        secret_hash: Hash,
        /// Told whether there was one.
        reply: Reply<bool>,
    },
    /// Nothing: told when everything submitted before is durable.
    Flush {
        /// Told then.
        reply: Reply<()>,
    },
    /// The failure is known to whom it concerns: jobs from here on are carried out again.
    /// Answered by [`Completion::Resumed`].
    Resume,
}

/// What became of the writes of replication, in the order of submission.
#[derive(Clone, Debug)]
pub enum Completion {
    /// It is durable.
    Stored {
        /// Which.
        write: WriteId,
        /// The documents whose heads changed, ascending.
        touched: Vec<Touched>,
    },
    /// It did not happen, and neither did any of its transaction or behind it, until
    /// [`Self::Resumed`].
    Failed {
        /// Which.
        write: WriteId,
        /// Why.
        error: WriteError,
    },
    /// [`Job::Resume`] took effect.
    Resumed,
}

/// Documents of one space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// The space.
    pub space: SpaceId,
    /// The documents, ascending.
    pub documents: Vec<DocumentId>,
}

/// Receives the outcome of one job, on the writer's thread: it must not block.
///
/// When the writer ends without carrying out the job, it is dropped unused.
pub struct Reply<T>(Box<dyn FnOnce(Result<T, WriteError>) + Send>);

/// Why something was not written.
#[derive(Clone, Debug, Error)]
pub enum WriteError {
    /// The disk, or the quota of the store, is full.
    #[error("no room left for database {}", path.display())]
    Full {
        /// The database.
        path: Arc<Path>,
        /// What SQLite said.
        #[source]
        source: Arc<rusqlite::Error>,
    },
    /// The database is damaged.
    #[error("database {} is corrupt", path.display())]
    Corrupt {
        /// The database.
        path: Arc<Path>,
        /// What SQLite said.
        #[source]
        source: Arc<rusqlite::Error>,
    },
    /// SQLite or the file system refused for another reason.
    #[error("write database {}", path.display())]
    Other {
        /// The database.
        path: Arc<Path>,
        /// What SQLite said.
        #[source]
        source: Arc<rusqlite::Error>,
    },
    /// A stored row is not what was once written.
    #[error("database {} holds a damaged {what}", path.display())]
    Damaged {
        /// The database.
        path: Arc<Path>,
        /// What is damaged.
        what: &'static str,
    },
    /// The run does not continue its feed: a mistake of this program.
    #[error("run of feed {feed} begins at {from}, and the feed has {length} entries")]
    Gap {
        /// The feed.
        feed: FeedId,
        /// Where the run begins.
        from: u64,
        /// Where the feed ends.
        length: u64,
    },
    /// No manifest of the space is stored: a mistake of this program.
    #[error("space {0} has no manifest in the store")]
    UnknownSpace(SpaceId),
    /// A feed has no room for more entries, or the store none for more feeds.
    #[error("feeds exceed what the store can number")]
    TooMany,
    /// An earlier write failed, and [`Job::Resume`] was not submitted yet. The class is that of
    /// the earlier failure.
    #[error("an earlier write failed")]
    Behind {
        /// How that one failed.
        #[source]
        first: Arc<WriteError>,
    },
    /// The writer has ended.
    #[error("writer of the store has stopped")]
    Stopped,
}

/// What kind of trouble a failed write is, for what a person is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureClass {
    /// Make room.
    Full,
    /// Restore a backup, or rebuild from peers.
    Corrupt,
    /// Read the message.
    Other,
}

impl WriteError {
    /// The kind of trouble.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Full { .. } => FailureClass::Full,
            Self::Corrupt { .. } | Self::Damaged { .. } => FailureClass::Corrupt,
            Self::Other { .. }
            | Self::Gap { .. }
            | Self::UnknownSpace(_)
            | Self::TooMany
            | Self::Stopped => FailureClass::Other,
            Self::Behind { first } => first.class(),
        }
    }

    pub(crate) fn of(fault: Fault, path: &Arc<Path>) -> Self {
        let path = Arc::clone(path);
        match fault {
            Fault::Sqlite(error) => {
                use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
                let (full, code) = (lacks_room(&error), error.sqlite_error_code());
                let source = Arc::new(error);
                match code {
                    _ if full => Self::Full { path, source },
                    Some(DatabaseCorrupt | NotADatabase) => Self::Corrupt { path, source },
                    _ => Self::Other { path, source },
                }
            }
            Fault::UnknownSpace(space) => Self::UnknownSpace(space),
            Fault::Gap { feed, from, length } => Self::Gap { feed, from, length },
            Fault::TooMany => Self::TooMany,
            Fault::Damaged(what) => Self::Damaged { path, what },
        }
    }
}

impl Job {
    /// Whether it takes away what must not linger in the write-ahead log.
    pub(crate) fn erases(&self) -> bool {
        matches!(self, Self::Change { change, .. } if vault::erases(change))
    }

    /// Whether what is submitted later may rest on it. Whoever submits such a job hears of its
    /// failure and submits [`Job::Resume`].
    pub(crate) fn others_build_on(&self) -> bool {
        match self {
            Self::Materialised { .. } | Self::Flush { .. } => false,
            Self::Change { .. }
            | Self::Audit { .. }
            | Self::Invite { .. }
            | Self::Redeem { .. }
            | Self::Decide { .. }
            | Self::Discard { .. }
            | Self::Forget { .. }
            | Self::Resume => true,
        }
    }
}

impl<T> Reply<T> {
    /// Calls `receive` with the outcome.
    pub fn new(receive: impl FnOnce(Result<T, WriteError>) + Send + 'static) -> Self {
        Self(Box::new(receive))
    }

    /// For whoever waits.
    pub(crate) fn awaited() -> (Self, Awaited<T>)
    where
        T: Send + 'static,
    {
        let (sender, receiver) = mpsc::sync_channel(1);
        // If the receiver is gone, nobody wants the outcome.
        let reply = Self::new(move |outcome| drop(sender.send(outcome)));
        (reply, Awaited(receiver))
    }

    /// For somebody who does not want to know.
    pub fn ignored() -> Self {
        Self::new(|_| ())
    }

    pub(crate) fn send(self, outcome: Result<T, WriteError>) {
        (self.0)(outcome);
    }
}

/// The outcome of a job that was submitted.
pub(crate) struct Awaited<T>(mpsc::Receiver<Result<T, WriteError>>);

impl<T> Awaited<T> {
    /// Waits for it.
    pub(crate) fn wait(self) -> Result<T, WriteError> {
        self.0.recv().unwrap_or(Err(WriteError::Stopped))
    }
}

impl<T> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply(…)")
    }
}

impl Queued for Job {
    fn bytes(&self) -> usize {
        match self {
            Self::Change {
                change: Change::Runs { runs, .. },
                ..
            } => runs.iter().map(|(run, _)| run.bytes()).sum(),
            Self::Change {
                change: Change::Manifest { manifest, .. },
                ..
            } => manifest.bytes.len(),
            Self::Change {
                change: Change::Roster(roster),
                ..
            } => roster.bytes.len(),
            Self::Change {
                change: Change::Branch(branch),
                ..
            } => branch.bytes.len(),
            Self::Change {
                change: Change::Severed { run, .. },
                ..
            } => run.bytes(),
            Self::Change {
                change: Change::Receipts { receipts, .. },
                ..
            } => receipts.iter().map(|receipt| receipt.bytes.len()).sum(),
            Self::Change {
                change: Change::Vault { statements, .. },
                ..
            } => {
                let bytes = statements.iter().map(|told| told.signed.bytes.len());
                bytes.sum()
            }
            Self::Change {
                change:
                    Change::Permitted { .. }
                    | Change::Cut { .. }
                    | Change::VaultLeft { .. }
                    | Change::Epoch(_),
                ..
            } => 0,
            Self::Audit { draft, .. } => draft.bytes(),
            Self::Materialised { rows, .. } => rows.iter().map(Materialised::bytes).sum(),
            Self::Discard { entries, .. } => {
                let payloads = entries.iter().map(|row| row.entry.payload.length());
                payloads.sum()
            }
            Self::Invite { .. }
            | Self::Redeem { .. }
            | Self::Decide { .. }
            | Self::Forget { .. }
            | Self::Flush { .. }
            | Self::Resume => 0,
        }
    }

    fn alone(&self) -> bool {
        matches!(self, Self::Resume)
    }
}
