//! What the loop has recorded in the audit log: acts with what makes them durable, refusals as
//! they come, counted when they repeat.

use phaki_documents::kind::DocumentId;
use phaki_replication::branch::Branch;
use phaki_replication::id::NodeId;
use phaki_replication::node::{Change, Notice};
use phaki_replication::vault::{Content, Statement, Told};
use phaki_store::AuditDraft;

use super::NodeLoop;
use crate::audit::coalesce::{Coalesce, OTHERS};
use crate::audit::{Deed, PROGRAM};

/// Who brought about what the node does with an event.
#[derive(Debug, Default)]
pub(super) enum Origin {
    /// Nobody in particular, such as the time.
    #[default]
    Itself,
    /// The administrator of this machine, with what is to be recorded of it.
    Local(Vec<AuditDraft>),
    /// A message of that peer.
    Peer(NodeId),
}

/// What the loop keeps for the audit log.
#[derive(Debug)]
pub(super) struct Recording {
    coalesce: Coalesce,
    /// Of the event at hand.
    pub(super) origin: Origin,
}

impl Recording {
    pub(super) fn new(now_ms: u64) -> Self {
        Self {
            coalesce: Coalesce::new(now_ms),
            origin: Origin::Itself,
        }
    }

    /// When [`NodeLoop::record_counts`] has something to do.
    pub(super) fn due_at(&self) -> Option<u64> {
        self.coalesce.due_at()
    }
}

impl NodeLoop {
    /// The end of the program, with what was only counted so far. Carried out before the writer
    /// ends.
    pub(super) fn record_stop(&mut self) {
        let counted = self.recording.coalesce.finish();
        counted.into_iter().for_each(|draft| self.record(draft));
        self.record(Deed::NodeStopped.by("", self.node.id(), PROGRAM));
    }

    /// Records what others brought about, or counts it.
    pub(super) fn note(&mut self, draft: AuditDraft) {
        let now_ms = self.clock.monotonic_ms();
        if let Some(draft) = self.recording.coalesce.note(now_ms, draft) {
            self.record(draft);
        }
    }

    /// The network refused somebody; before that, `untold` others whom it does not tell apart.
    pub(super) fn note_refusal(
        &mut self,
        key: Option<NodeId>,
        joining: bool,
        why: &str,
        untold: u64,
    ) {
        let deed = match joining {
            true => Deed::JoinRefused,
            false => Deed::ConnectionRefused,
        };
        let who = key.map(|key| key.to_string()).unwrap_or_default();
        self.note(deed.by(who, "", why));
        if untold > 0 {
            let mut others = Deed::ConnectionRefused.by("", "", OTHERS);
            others.count = untold;
            self.unrecorded(others);
        }
    }

    /// Records what was counted in windows that have ended.
    pub(super) fn record_counts(&mut self) {
        let due = self.recording.coalesce.due(self.clock.monotonic_ms());
        due.into_iter().for_each(|draft| self.record(draft));
    }

    /// A record did not become durable: it is counted until it does.
    pub(super) fn unrecorded(&mut self, draft: AuditDraft) {
        let now_ms = self.clock.monotonic_ms();
        self.recording.coalesce.keep(now_ms, draft);
    }

    fn record(&mut self, draft: AuditDraft) {
        match self.disk.trouble() {
            Some(_) => self.unrecorded(draft),
            None => self.disk.record(draft),
        }
    }

    /// What is recorded in the transaction of a change.
    pub(super) fn records_of(&mut self, change: &Change) -> Vec<AuditDraft> {
        let (deed, subject, version) = match change {
            Change::Runs { .. } => {
                return match &mut self.recording.origin {
                    Origin::Local(drafts) => std::mem::take(drafts),
                    Origin::Peer(_) | Origin::Itself => Vec::new(),
                };
            }
            Change::Permitted { .. }
            | Change::Cut { .. }
            | Change::Severed { .. }
            | Change::Receipts { .. }
            | Change::Epoch(_) => return Vec::new(),
            Change::Vault { statements, .. } => return self.records_of_people(statements),
            Change::VaultLeft { space } => {
                let draft = Deed::VaultLeft.by("", space, "");
                let now_ms = self.clock.monotonic_ms();
                return self
                    .recording
                    .coalesce
                    .note(now_ms, draft)
                    .into_iter()
                    .collect();
            }
            Change::Branch(signed) => {
                let branch = Branch::decode(&signed.bytes).ok();
                let parent = branch.as_ref().map(|branch| branch.parent.to_string());
                let version = branch.map_or(0, |branch| branch.version);
                (Deed::BranchInForce, parent.unwrap_or_default(), version)
            }
            Change::Roster(_) => {
                let version = self.node.roster().version;
                (Deed::RosterInForce, String::new(), version)
            }
            Change::Manifest { space, .. } => {
                let held = self.node.spaces().find(|(known, _)| *known == space);
                let version = held.map_or(0, |(_, held)| held.manifest().version);
                (Deed::ManifestInForce, space.to_string(), version)
            }
        };
        let version = format!("version {version}");
        let who = match &mut self.recording.origin {
            Origin::Local(drafts) => {
                let mut drafts = std::mem::take(drafts);
                // The last act is the one that brings this about.
                let who = drafts.last().map(|draft| draft.who.clone());
                drafts.push(deed.by(who.unwrap_or_default(), subject, version));
                return drafts;
            }
            Origin::Peer(peer) => peer.to_string(),
            Origin::Itself => String::new(),
        };
        // Peers can send as many versions as they like.
        let draft = deed.by(who, subject, version);
        let now_ms = self.clock.monotonic_ms();
        self.recording
            .coalesce
            .note(now_ms, draft)
            .into_iter()
            .collect()
    }

    /// What was done here by this node's administrator; of others, whom they had erased.
    fn records_of_people(&mut self, statements: &[Told]) -> Vec<AuditDraft> {
        if let Origin::Local(drafts) = &mut self.recording.origin {
            return std::mem::take(drafts);
        }
        let said = statements.iter().map(|told| &told.signed.bytes);
        let said = said.filter_map(|bytes| Statement::decode(bytes).ok());
        let orders = said.filter_map(|said| match said.content {
            Content::Order(ground) => {
                let person = DocumentId::from_bytes(&said.subject.0);
                Some(Deed::PersonErased.by(said.node, person, ground))
            }
            Content::Done | Content::Record(_) => None,
        });
        let now_ms = self.clock.monotonic_ms();
        let coalesce = &mut self.recording.coalesce;
        orders
            .filter_map(|draft| coalesce.note(now_ms, draft))
            .collect()
    }

    /// Records what the node wants a person to know of.
    pub(super) fn record_notice(&mut self, notice: &Notice) {
        if let Some(draft) = draft_of(notice) {
            self.note(draft);
        }
    }
}

fn draft_of(notice: &Notice) -> Option<AuditDraft> {
    Some(match notice {
        Notice::InSync { .. } => return None,
        Notice::EntriesRefused {
            peer,
            space,
            feed,
            reason,
        } => {
            let why = format!("{reason}, by {}", feed.author);
            Deed::EntriesRefused.by(peer, space, why)
        }
        Notice::FeedsDiffer { peer, space, feed } => {
            Deed::FeedsDiffer.by(peer, space, format!("by {}", feed.author))
        }
        Notice::OwnFeedAhead {
            peer,
            space,
            length,
        } => Deed::OwnFeedAhead.by(peer, space, format!("{length} entries")),
        Notice::Superseded { peer, space } => Deed::StoreSuperseded.by(peer, space, ""),
        Notice::Renewed { epoch } => Deed::EpochBegun.by("", epoch, ""),
        Notice::Republished { space, count } => {
            Deed::EntriesRepublished.by("", space, format!("{count} entries"))
        }
        Notice::Quarantined {
            space,
            feed,
            counted,
        } => {
            let why = format!("no right beyond {counted} entries of this feed");
            Deed::EntriesQuarantined.by(feed.author, space, why)
        }
        Notice::Forked { space, feed, at } => {
            let why = format!("two different entries at position {at}");
            Deed::FeedForked.by(feed.author, space, why)
        }
        Notice::Cloned { peer } => Deed::KeyOnTwoMachines.by(peer, "", ""),
        Notice::OwnKeyElsewhere { peer } => Deed::OwnKeyElsewhere.by(peer, "", ""),
        Notice::StatementRefused { peer, space, why } => {
            Deed::StatementRefused.by(peer, space, why)
        }
        Notice::ActRefused { peer, reason } => Deed::ActRefused.by(peer, "", reason),
        Notice::PeerRefused { peer, reason } => Deed::PeerRefused.by(peer, "", reason.name()),
    })
}
