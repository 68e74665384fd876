//! What the rest of the program asks of the loop.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use phaki_net::valve::Rates;
use phaki_replication::id::{Epoch, NodeId, ShortDigest, SpaceId};
use phaki_replication::node::{Act, LinkStatus, NewEntry, Node, Now, Progress, Refusal};
use phaki_replication::vault::Vault;
use phaki_store::{AuditDraft, FailureClass};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};

use super::in_force::InForce;
use super::links::Links;
use super::quiet::Quiet;
use crate::limits::{COMMANDS_MAX, ENACT_ATTEMPTS_MAX};
use crate::output::remedy;

/// Whether what was asked for is durable.
pub(crate) type Answer = Result<(), RequestError>;

/// Why something that was asked for did not happen.
#[derive(Clone, Debug, Error)]
pub(crate) enum RequestError {
    /// The node refused.
    #[error("refused by the node")]
    Refused(Refusal),
    /// The disk does not take writes at present.
    #[error("the disk does not take writes: {}", .0.text)]
    Disk(Trouble),
    /// A write failed on which this one may build.
    #[error("a write failed before")]
    Behind,
    /// The node stops.
    #[error("the node is stopping")]
    Stopping,
}

/// Why the disk does not take writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// What the system says.
    pub(crate) text: String,
    /// What kind of trouble it is.
    pub(crate) class: FailureClass,
}

impl Trouble {
    /// What a person is to do about it.
    pub(crate) fn remedy(&self) -> &'static str {
        match self.class {
            FailureClass::Full => "make room on the disk",
            FailureClass::Corrupt => remedy::DAMAGED,
            FailureClass::Other => "look at the disk and the node's log",
        }
    }
}

/// Counts how often something was made for the roster or manifest in force, only to find that
/// another one had come in force meanwhile.
#[derive(Debug, Default)]
pub(crate) struct Attempts(u32);

impl Attempts {
    /// Whether that happened again, and it is to be made anew.
    pub(crate) fn again(&mut self, answer: &Answer) -> bool {
        self.0 += 1;
        let overtaken = matches!(answer, Err(RequestError::Refused(Refusal::Stale)));
        overtaken && self.0 < ENACT_ATTEMPTS_MAX
    }
}

/// What is held of people, by space.
pub(crate) type Vaults = BTreeMap<SpaceId, Vault>;

#[derive(Debug)]
pub(super) enum Command {
    Append {
        epoch: Epoch,
        /// Writes that had failed when it was made, if it builds on others.
        failures: Option<u64>,
        space: SpaceId,
        entries: Vec<NewEntry>,
        audit: Vec<AuditDraft>,
        /// Told when the node has taken it.
        taken: oneshot::Sender<()>,
        answer: oneshot::Sender<Answer>,
    },
    Enact {
        act: Act,
        audit: Vec<AuditDraft>,
        answer: oneshot::Sender<Answer>,
    },
    Note {
        draft: AuditDraft,
    },
    Look {
        answer: oneshot::Sender<Box<Overview>>,
    },
    Vaults {
        answer: oneshot::Sender<Vaults>,
    },
}

/// Makes requests of the loop. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct NodeRequests {
    commands: mpsc::Sender<Command>,
    in_force: watch::Receiver<Arc<InForce>>,
    failures: Arc<AtomicU64>,
}

/// Entries that the node has taken and that are on their way to the disk.
#[derive(Debug)]
pub(crate) struct Taken(oneshot::Receiver<Answer>);

impl Taken {
    /// Answered once they are durable.
    pub(crate) async fn durable(self) -> Answer {
        self.0.await.map_err(|_| RequestError::Stopping)?
    }
}

/// What was asked, for the loop.
#[derive(Debug)]
pub(crate) struct Commands {
    pub(super) receiver: mpsc::Receiver<Command>,
    pub(super) in_force: watch::Sender<Arc<InForce>>,
    /// Writes that have failed.
    pub(super) failures: Arc<AtomicU64>,
}

/// The way to make requests of a loop for `node` that is still to be made.
pub(crate) fn requests(node: &Node) -> (NodeRequests, Commands) {
    let (sender, receiver) = mpsc::channel(COMMANDS_MAX);
    let (publisher, in_force) = watch::channel(Arc::new(InForce::of(node)));
    let failures = Arc::<AtomicU64>::default();
    let requests = NodeRequests {
        commands: sender,
        in_force,
        failures: Arc::clone(&failures),
    };
    let commands = Commands {
        receiver,
        in_force: publisher,
        failures,
    };
    (requests, commands)
}

impl NodeRequests {
    /// Appends entries that were made under `epoch` to this node's feed: all or none. Answered
    /// once they are durable, and `audit` recorded with them.
    pub(crate) async fn append(
        &self,
        epoch: Epoch,
        space: SpaceId,
        entries: Vec<NewEntry>,
        audit: Vec<AuditDraft>,
    ) -> Answer {
        let (taken, _) = oneshot::channel();
        let command = |answer| Command::Append {
            epoch,
            failures: None,
            space,
            entries,
            audit,
            taken,
            answer,
        };
        self.ask(command).await?
    }

    /// As [`Self::append`], for entries that may build on others that are not durable yet, made
    /// when [`Self::failures`] was as given. Returns once the node has taken them: what is
    /// appended from then on comes behind them, and is durable only if they are.
    ///
    /// Refused with [`RequestError::Behind`] when a write has failed since.
    pub(crate) async fn begin_append(
        &self,
        epoch: Epoch,
        failures: u64,
        space: SpaceId,
        entries: Vec<NewEntry>,
    ) -> Result<Taken, RequestError> {
        let (taken, is_taken) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        let command = Command::Append {
            epoch,
            failures: Some(failures),
            space,
            entries,
            audit: Vec::new(),
            taken,
            answer,
        };
        let sent = self.commands.send(command).await;
        sent.map_err(|_| RequestError::Stopping)?;
        match is_taken.await {
            Ok(()) => Ok(Taken(answered)),
            // Of one that is refused there is only the answer.
            Err(_) => match answered.await {
                Ok(Err(refused)) => Err(refused),
                Ok(Ok(())) | Err(_) => Err(RequestError::Stopping),
            },
        }
    }

    /// How many writes have failed.
    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Acquire)
    }

    /// Puts a roster or manifest in force. Answered once it is durable, and `audit` recorded with
    /// it: what the administrator did (see [`crate::audit::Audit::act`]); that it is in force is
    /// added to that.
    pub(crate) async fn enact(&self, act: Act, audit: Vec<AuditDraft>) -> Answer {
        self.ask(|answer| Command::Enact { act, audit, answer })
            .await?
    }

    /// Has a refusal recorded, or counted when it repeats. Not answered.
    pub(crate) async fn note(&self, draft: AuditDraft) -> Result<(), RequestError> {
        let noted = self.commands.send(Command::Note { draft }).await;
        noted.map_err(|_| RequestError::Stopping)
    }

    /// The roster and the manifests in force. What was just answered is in it.
    pub(crate) fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.in_force.borrow())
    }

    /// The state of the node.
    pub(crate) async fn look(&self) -> Result<Box<Overview>, RequestError> {
        self.ask(|answer| Command::Look { answer }).await
    }

    /// The vaults of all spaces, as far as this node holds them.
    pub(crate) async fn vaults(&self) -> Result<Vaults, RequestError> {
        self.ask(|answer| Command::Vaults { answer }).await
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, RequestError> {
        let (answer, answered) = oneshot::channel();
        let sent = self.commands.send(command(answer)).await;
        sent.map_err(|_| RequestError::Stopping)?;
        answered.await.map_err(|_| RequestError::Stopping)
    }
}

/// The state of the node at one moment.
#[derive(Debug)]
pub(crate) struct Overview {
    pub(crate) monotonic_ms: u64,
    pub(crate) in_force: Arc<InForce>,
    pub(crate) spaces: BTreeMap<SpaceId, SpaceState>,
    pub(crate) links: Vec<LinkState>,
    /// Peers that could not be reached, why, and when they are dialled again.
    pub(crate) unreached: BTreeMap<NodeId, (String, Duration)>,
    pub(crate) trouble: Option<Trouble>,
}

/// The state of a space.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SpaceState {
    pub(crate) frontier_digest: ShortDigest,
    pub(crate) quarantined: u64,
}

/// The state of a link.
#[derive(Clone, Debug)]
pub(crate) struct LinkState {
    pub(crate) session: LinkStatus,
    pub(crate) bytes_sent: u64,
    pub(crate) bytes_received: u64,
    pub(crate) incoming: Progress,
    pub(crate) outgoing: Progress,
    /// When quiet hours with the peer end, milliseconds since 1970; `None`: there are none now.
    pub(crate) quiet_until_ms: Option<i64>,
    /// Caps on the link.
    pub(crate) rates: Rates,
}

impl Overview {
    pub(super) fn take(
        now: Now,
        node: &Node,
        links: &Links,
        quiet: &Quiet,
        trouble: Option<Trouble>,
    ) -> Self {
        let spaces = node.spaces().map(|(space, held)| {
            let state = SpaceState {
                frontier_digest: held.digest(),
                quarantined: node.quarantined(space),
            };
            (*space, state)
        });
        let with_traffic = |session: LinkStatus| {
            let (bytes_sent, bytes_received) = links.traffic(session.link);
            LinkState {
                incoming: node.incoming(session.link, now),
                outgoing: node.outgoing(session.link, now),
                quiet_until_ms: quiet.until(&session.peer),
                rates: links.rates(session.link),
                session,
                bytes_sent,
                bytes_received,
            }
        };
        let unreached = links.unreached().iter().map(|(peer, unreached)| {
            let retry_in = unreached.retry_at.saturating_duration_since(Instant::now());
            (*peer, (unreached.why(), retry_in))
        });
        Self {
            monotonic_ms: now.monotonic_ms,
            in_force: Arc::new(InForce::of(node)),
            spaces: spaces.collect(),
            links: node.links().into_iter().map(with_traffic).collect(),
            unreached: unreached.collect(),
            trouble,
        }
    }
}
