//! The store as the loop uses it: writes in order, reads beside each other, and what follows when
//! a write fails.

use std::future::{self, Future};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use futures_util::future::Either;
use phaki_replication::id::{FederationId, FeedId, Hash, NodeId, SpaceId};
use phaki_replication::message::SeveredRun;
use phaki_replication::node::{Change, Event, ReadId, WriteId};
use phaki_replication::roster::NodeRole;
use phaki_store::reader::QuarantinedRow;
use phaki_store::{
    AuditDraft, Completion, Decision, FailureClass, Invite, Job, ReadError, Reader, Redemption,
    Reply, WriteError, Writer,
};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use tracing::{error, info};

use super::request::Trouble;
use super::wall_ms;
use crate::identity;
use crate::limits::{FEED_READS_MAX, PROBE_EVERY};

/// What became of writes, in the order in which the writer carried them out.
#[derive(Debug)]
pub(crate) enum Written {
    /// Of a write of the node.
    Completion(Completion),
    /// A write beside the node failed, and with it what was under way.
    Failed(WriteError),
    /// This was not recorded in the audit log.
    Unrecorded(AuditDraft),
    /// A write that was only made to see whether the disk takes it succeeded.
    Probed,
}

/// Submits writes beside those of the node. Cheap to clone.
///
/// Their failures are told to the loop in the writer's order, so that it knows at any time whether
/// the writer goes on.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    writer: Writer,
    written: mpsc::UnboundedSender<Written>,
}

impl Journal {
    pub(crate) fn new(writer: Writer, written: mpsc::UnboundedSender<Written>) -> Self {
        Self { writer, written }
    }

    /// Waits, for so long at most, until lists show everything that is durable now. Blocks.
    pub(crate) fn summaries_settle_within(&self, patience: Duration) -> bool {
        self.writer.summaries_settle_within(patience)
    }

    /// Keeps an invitation; whether its secret is new.
    pub(crate) async fn insert_invite(&self, invite: Invite) -> Result<bool, WriteError> {
        self.call(|reply| Job::Invite { invite, reply }).await
    }

    /// Gives the invitation with that secret to `node`, once, and records `audit` then.
    pub(crate) async fn redeem_invite(
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
        .await
    }

    /// Decides about an invitation or a node that waits; whether there was anything to decide.
    /// Then `audit` is recorded with it.
    pub(crate) async fn decide(
        &self,
        decision: Decision,
        audit: Option<AuditDraft>,
    ) -> Result<bool, WriteError> {
        self.call(|reply| Job::Decide {
            decision,
            audit,
            reply,
        })
        .await
    }

    /// Marks entries in quarantine as such that need nobody's attention; whether any was not marked
    /// before. Then `audit` is recorded with it.
    pub(crate) async fn discard(
        &self,
        entries: Vec<QuarantinedRow>,
        audit: AuditDraft,
    ) -> Result<bool, WriteError> {
        self.call(|reply| Job::Discard {
            entries,
            audit,
            reply,
        })
        .await
    }

    /// Records something in the audit log.
    pub(crate) async fn record(&self, draft: AuditDraft) -> Result<(), WriteError> {
        self.call(|reply| Job::Audit { draft, reply }).await
    }

    async fn call<T: Send + 'static>(
        &self,
        job: impl FnOnce(Reply<T>) -> Job,
    ) -> Result<T, WriteError> {
        let (sender, receiver) = oneshot::channel();
        let job = job(self.reply(move |outcome| drop(sender.send(outcome))));
        let writer = self.writer.clone();
        // The queue of the writer may be full for a moment.
        tokio::task::spawn_blocking(move || writer.submit(job))
            .await
            .map_err(|_| WriteError::Stopped)??;
        receiver.await.unwrap_or(Err(WriteError::Stopped))
    }

    /// A reply that tells the loop first when the write failed.
    fn reply<T: Send + 'static>(
        &self,
        receive: impl FnOnce(Result<T, WriteError>) + Send + 'static,
    ) -> Reply<T> {
        let written = self.written.clone();
        Reply::new(move |outcome| {
            if let Err(error) = &outcome {
                // Without a loop there is nobody who must know.
                written.send(Written::Failed(error.clone())).ok();
            }
            receive(outcome);
        })
    }
}

#[derive(Debug)]
pub(super) struct Disk {
    journal: Journal,
    reader: Reader,
    reads: mpsc::UnboundedSender<Event>,
    read_slots: Arc<Semaphore>,
    /// As the writer: it carries out nothing until it is told to go on.
    halted: bool,
    trouble: Option<Trouble>,
    probe_at: Instant,
}

impl Disk {
    pub(super) fn new(journal: Journal, reader: Reader) -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (reads, read) = mpsc::unbounded_channel();
        let disk = Self {
            journal,
            reader,
            reads,
            read_slots: Arc::new(Semaphore::new(FEED_READS_MAX)),
            halted: false,
            trouble: None,
            probe_at: Instant::now(),
        };
        (disk, read)
    }

    pub(super) fn store(
        &self,
        write: WriteId,
        change: Change,
        audit: Vec<AuditDraft>,
    ) -> anyhow::Result<()> {
        let job = Job::Change {
            write,
            change,
            audit,
        };
        let submitted = self.journal.writer.submit(job);
        submitted.context("submit a write to the store")
    }

    /// Records something in the audit log; [`Written::Unrecorded`] follows when it fails.
    pub(super) fn record(&self, draft: AuditDraft) {
        let (written, unrecorded) = (self.journal.written.clone(), draft.clone());
        let reply = self.journal.reply(move |outcome: Result<(), WriteError>| {
            if outcome.is_err() {
                written.send(Written::Unrecorded(unrecorded)).ok();
            }
        });
        // When the writer has ended, so does this program, and says why.
        self.journal.writer.submit(Job::Audit { draft, reply }).ok();
    }

    pub(super) fn read(
        &self,
        read: ReadId,
        space: SpaceId,
        feed: FeedId,
        from: u64,
        bytes_target: usize,
    ) {
        self.look_up(
            space,
            move |reader| reader.run(&space, &feed, from, bytes_target),
            move |run| Event::Read {
                read,
                run: run.flatten(),
            },
        );
    }

    /// Reads what is held at a place of a feed.
    pub(super) fn examine(
        &self,
        federation: FederationId,
        read: ReadId,
        space: SpaceId,
        feed: FeedId,
        from: u64,
    ) {
        self.look_up(
            space,
            move |reader| reader.place(&federation, &space, &feed, from),
            move |place| Event::Examined {
                read,
                place: place.flatten(),
            },
        );
    }

    /// Reads what was cut off a feed.
    pub(super) fn read_severed(&self, read: ReadId, space: SpaceId, run: SeveredRun) {
        self.look_up(
            space,
            move |reader| reader.severed_run(&space, &run),
            move |found| Event::SeveredRead {
                read,
                found: found.flatten(),
            },
        );
    }

    /// Looks up what was cut off in a space and is kept.
    pub(super) fn list_severed(&self, space: SpaceId) {
        self.look_up(
            space,
            move |reader| reader.kept(&space),
            move |runs| Event::SeveredListed { space, runs },
        );
    }

    /// Reads what is to be published again.
    pub(super) fn recall(&self, space: SpaceId, own: Vec<NodeId>) {
        self.look_up(
            space,
            move |reader| reader.recalled(&space, &own),
            move |entries| Event::Recalled {
                space,
                entries: entries.unwrap_or_default(),
            },
        );
    }

    /// Reads beside the loop and gives it what was read; `None` when reading failed.
    fn look_up<T: Send + 'static>(
        &self,
        space: SpaceId,
        read: impl FnOnce(&Reader) -> Result<T, ReadError> + Send + 'static,
        event: impl FnOnce(Option<T>) -> Event + Send + 'static,
    ) {
        let (reader, reads) = (self.reader.clone(), self.reads.clone());
        let slots = Arc::clone(&self.read_slots);
        tokio::spawn(async move {
            let slot = slots.acquire_owned().await;
            let found = tokio::task::spawn_blocking(move || {
                let found = read(&reader);
                drop(slot);
                found
            });
            let found = match found.await {
                Ok(Ok(found)) => Some(found),
                Ok(Err(error)) => {
                    let error = anyhow::Error::from(error);
                    error!(%space, error = format!("{error:#}"), "entries not read");
                    None
                }
                Err(_) => None,
            };
            // Without a loop there is nobody to send it to.
            reads.send(event(found)).ok();
        });
    }

    /// A write failed. True when it is news; an error when the store cannot be trusted any more.
    pub(super) fn failed(&mut self, failure: WriteError) -> anyhow::Result<bool> {
        if self.halted {
            return Ok(false);
        }
        // A write that the loop does not make, such as one of summaries, may have failed first.
        let failure = match failure {
            WriteError::Behind { first } => (*first).clone(),
            failure => failure,
        };
        let class = failure.class();
        let fatal = matches!(
            failure,
            WriteError::Gap { .. } | WriteError::UnknownSpace(_) | WriteError::Stopped
        );
        if fatal {
            return Err(failure.into());
        }
        // A damaged store stays as it is: what can be read of it is shown and sent, and nothing is
        // written any more.
        if class != FailureClass::Corrupt {
            let writer = &self.journal.writer;
            writer
                .submit(Job::Resume)
                .context("tell the store to go on")?;
        }
        self.halted = true;
        self.probe_at = Instant::now() + PROBE_EVERY;
        let text = match class {
            FailureClass::Full => failure.to_string(),
            _ => format!("{:#}", anyhow::Error::from(failure)),
        };
        if self.trouble.is_none() {
            error!(error = text, "store does not take writes");
        }
        self.trouble = Some(Trouble { text, class });
        Ok(true)
    }

    pub(super) fn resumed(&mut self) {
        self.halted = false;
    }

    pub(super) fn succeeded(&mut self) {
        let damaged = |trouble: &Trouble| trouble.class == FailureClass::Corrupt;
        if self.trouble.take_if(|trouble| !damaged(trouble)).is_some() {
            info!("store takes writes again");
        }
    }

    /// Why writes fail at present.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        self.trouble.clone()
    }

    /// Resolves when it is time to try whether the disk takes writes again.
    pub(super) fn next_probe(&self) -> impl Future<Output = ()> + use<> {
        match &self.trouble {
            Some(trouble) if trouble.class != FailureClass::Corrupt => {
                Either::Left(sleep_until(self.probe_at))
            }
            Some(_) | None => Either::Right(future::pending()),
        }
    }

    /// Writes an invitation that nobody knows and takes it back.
    pub(super) fn probe(&mut self) {
        self.probe_at = Instant::now() + PROBE_EVERY;
        let Ok(secret) = identity::random() else {
            return;
        };
        let secret_hash = Hash(secret);
        let now_ms = wall_ms();
        let invite = Invite {
            secret_hash,
            name: "probe of the disk".to_owned(),
            area: String::new(),
            role: NodeRole::Edge,
            created_ms: now_ms,
            expires_ms: now_ms,
            approval: false,
            replaces: None,
            stolen: false,
            used_by: None,
            closed: None,
        };
        let written = self.journal.written.clone();
        let done = self
            .journal
            .reply(move |outcome: Result<bool, WriteError>| {
                if outcome.is_ok() {
                    written.send(Written::Probed).ok();
                }
            });
        let insert = Job::Invite {
            invite,
            reply: Reply::ignored(),
        };
        let forget = Job::Forget {
            secret_hash,
            reply: done,
        };
        // When the queue is full, those who filled it find out.
        if self.journal.writer.try_submit(insert).is_ok() {
            self.journal.writer.try_submit(forget).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phaki_replication::id::Epoch;
    use phaki_replication::roster::Roster;
    use phaki_replication::sign::SecretKey;
    use phaki_store::{Identity, Store, WriterOptions};

    #[tokio::test]
    async fn a_failure_is_news_once_until_the_writer_goes_on_which_it_never_does_when_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let key = SecretKey::from_seed(&[1; 32]);
        let identity = Identity {
            federation: key.federation(),
            node: key.node(),
            epoch: Epoch([2; 16]),
        };
        let roster = Roster {
            federation: identity.federation,
            version: 1,
            nodes: std::collections::BTreeMap::new(),
        };
        let path = folder.path().join("phaki.db");
        let founding = AuditDraft::new(1, "", "federation-founded", "", "");
        let store = Store::create(&path, &identity, &roster.sign(&key), &[], &founding).unwrap();
        let (sender, mut written) = mpsc::unbounded_channel();
        let report = sender.clone();
        let tell = move |completion| drop(report.send(Written::Completion(completion)));
        let (writer, _thread) = store.start_writer(&WriterOptions::default(), tell).unwrap();
        let (mut disk, _reads) = Disk::new(Journal::new(writer, sender), store.reader());

        assert!(disk.failed(WriteError::TooMany).unwrap());
        let first = Arc::new(WriteError::TooMany);
        let behind = WriteError::Behind { first };
        assert!(!disk.failed(behind).unwrap(), "known already");
        assert!(matches!(
            written.recv().await,
            Some(Written::Completion(Completion::Resumed))
        ));
        disk.resumed();
        assert!(disk.trouble().is_some(), "nothing was written since");
        disk.probe();
        assert!(matches!(written.recv().await, Some(Written::Probed)));
        disk.succeeded();
        assert_eq!(disk.trouble(), None);
        let damaged = WriteError::Damaged {
            path: path.as_path().into(),
            what: "row",
        };
        assert!(disk.failed(damaged).unwrap());
        disk.succeeded();
        assert!(disk.trouble().is_some(), "what is damaged stays so");
    }
}
