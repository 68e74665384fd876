//! The one place where the roster in force is replaced: with the federation's key when it lies in
//! the data folder, otherwise by a file that is signed where it does.
//!
//! Changes take turns, so that two at once cannot lose one of the two.

use std::sync::Arc;

use anyhow::{Context, bail};
use phaki_replication::id::NodeId;
use phaki_replication::node::Act;
use phaki_replication::roster::{NodeRole, Roster};
use phaki_replication::sign::SecretKey;
use phaki_store::AuditDraft;
use tokio::sync::Mutex;
use tracing::info;

use super::branch;
use super::recording::{Decided, enacted};
use crate::audit::Audit;
use crate::data_folder::DataFolder;
use crate::node_loop::{Attempts, InForce, NodeRequests};
use crate::roster::{Change, Difference, RosterFile, apply, differences};

/// Changes the roster. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Registrar {
    folder: DataFolder,
    requests: NodeRequests,
    audit: Audit,
    /// Of this node: signs its branch.
    node_key: SecretKey,
    turn: Arc<Mutex<()>>,
}

/// What became of a change.
#[derive(Clone, Debug)]
pub(crate) struct Changed {
    /// The version of the roster with the change.
    pub(crate) version: u64,
    /// What differs from the roster that was in force.
    pub(crate) differences: Vec<Difference>,
    /// What is to be signed where the federation's key lies; `None` when it lies here, and the
    /// change is in force.
    pub(crate) unsigned: Option<RosterFile>,
}

impl Registrar {
    pub(crate) fn new(
        folder: DataFolder,
        requests: NodeRequests,
        audit: Audit,
        node_key: SecretKey,
    ) -> Self {
        Self {
            folder,
            requests,
            audit,
            node_key,
            turn: Arc::default(),
        }
    }

    /// The federation's key, if it lies here now.
    pub(crate) fn key(&self) -> anyhow::Result<Option<SecretKey>> {
        let federation = self.requests.in_force().federation;
        self.folder.read_federation_key(federation)
    }

    /// Makes changes, all in one new roster: puts it in force, or prepares it for whoever has the
    /// key. Changes of nodes that this node admitted are made on its branch.
    pub(super) async fn change(&self, decided: &[Decided]) -> anyhow::Result<Changed> {
        let key = self.key()?;
        let changes: Vec<_> = decided.iter().map(|one| one.change.clone()).collect();
        let _turn = self.turn.lock().await;
        let on_branch = self.is_on_branch(key.is_some(), &changes)?;
        let mut attempts = Attempts::default();
        loop {
            let in_force = self.requests.in_force();
            let (act, changed, drafts) = match (&key, on_branch) {
                (_, true) => self.next_branch(&in_force, decided, &changes)?,
                (Some(key), false) => self.next_roster(key, &in_force, decided, &changes)?,
                (None, false) => return self.prepare(&in_force, decided, &changes).await,
            };
            let answer = self.requests.enact(act, drafts).await;
            if !attempts.again(&answer) {
                answer?;
                info!(
                    version = changed.version,
                    on_branch,
                    ?changes,
                    "nodes changed"
                );
                return Ok(changed);
            }
        }
    }

    /// Whether changes are to be made on the branch of this node, all of them or none.
    fn is_on_branch(&self, signs: bool, changes: &[Change]) -> anyhow::Result<bool> {
        let in_force = self.requests.in_force();
        let parent = |change: &Change| branch::parent(&in_force, signs, change);
        let parents: Vec<_> = changes.iter().map(parent).collect();
        if parents.iter().all(|parent| *parent == Some(in_force.node)) {
            return Ok(true);
        }
        if let Some(parent) = parents.iter().flatten().next() {
            let name = in_force.name(parent);
            bail!(
                "some of these nodes were admitted by {name} itself: run the command there, and \
                 for them alone"
            );
        }
        Ok(false)
    }

    fn next_branch(
        &self,
        in_force: &InForce,
        decided: &[Decided],
        changes: &[Change],
    ) -> anyhow::Result<(Act, Changed, Vec<AuditDraft>)> {
        let before = in_force.roster.list_of(Some(&in_force.node));
        let after = apply(&before, &in_force.node, changes)?;
        let next = branch::next(in_force, changes)?;
        let drafts = decided.iter();
        let drafts = drafts.map(|one| one.on_branch(&self.audit, next.version));
        let changed = Changed {
            version: next.version,
            differences: differences(&before, &after),
            unsigned: None,
        };
        Ok((
            Act::Branch(next.sign(&self.node_key)),
            changed,
            drafts.collect(),
        ))
    }

    fn next_roster(
        &self,
        key: &SecretKey,
        in_force: &InForce,
        decided: &[Decided],
        changes: &[Change],
    ) -> anyhow::Result<(Act, Changed, Vec<AuditDraft>)> {
        let before = in_force.roster.list_of(None);
        let after = apply(&before, &in_force.node, changes)?;
        let drafts = decided.iter();
        let drafts = drafts.map(|one| one.in_force(&self.audit, after.version));
        let changed = Changed {
            version: after.version,
            differences: differences(&before, &after),
            unsigned: None,
        };
        Ok((Act::Roster(after.sign(key)), changed, drafts.collect()))
    }

    /// Writes the roster with the changes into a file, for whoever has the federation's key.
    async fn prepare(
        &self,
        in_force: &InForce,
        decided: &[Decided],
        changes: &[Change],
    ) -> anyhow::Result<Changed> {
        let before = in_force.roster.list_of(None);
        let after = apply(&before, &in_force.node, changes)?;
        let (version, differences) = (after.version, differences(&before, &after));
        let file = RosterFile::prepare(in_force.signed_roster.clone(), after);
        let unsigned = Some(file.context("prepare the roster")?);
        for one in decided {
            let prepared = one.prepared(&self.audit, version);
            self.audit.record_draft(prepared).await?;
        }
        info!(version, ?changes, "roster prepared");
        Ok(Changed {
            version,
            differences,
            unsigned,
        })
    }

    /// Whether this node can admit a node in that role by itself, without asking anybody.
    pub(super) fn admits(&self, role: NodeRole) -> anyhow::Result<bool> {
        let signs = self.key()?.is_some();
        let parent = branch::parent_of_new(&self.requests.in_force(), signs, role);
        Ok(signs || parent.is_some())
    }

    /// The nodes among which a new one in that role stands: its name must be free there.
    pub(super) fn list_for(&self, role: NodeRole) -> anyhow::Result<Roster> {
        let in_force = self.requests.in_force();
        let parent = branch::parent_of_new(&in_force, self.key()?.is_some(), role);
        Ok(in_force.roster.list_of(parent.as_ref()))
    }

    /// The nodes among which a change is made.
    pub(super) fn list_of(&self, change: &Change) -> anyhow::Result<Roster> {
        let in_force = self.requests.in_force();
        let parent = branch::parent(&in_force, self.key()?.is_some(), change);
        Ok(in_force.roster.list_of(parent.as_ref()))
    }

    /// Whether this node can put another key in the place of that one by itself.
    pub(super) fn signs_for(&self, key: &NodeId) -> anyhow::Result<bool> {
        let in_force = self.requests.in_force();
        let record = in_force.roster.nodes.get(key);
        match record.and_then(|record| record.admitted_by) {
            Some(parent) => Ok(parent == in_force.node),
            None => Ok(self.key()?.is_some()),
        }
    }

    /// Puts a roster in force that was signed elsewhere.
    pub(crate) async fn enact(&self, text: &str) -> anyhow::Result<Changed> {
        let file = RosterFile::parse(text)?;
        let Some(signed) = file.signed() else {
            bail!(
                "the roster is not signed yet: `phaki roster sign` does that on the machine with \
                 the federation's key"
            );
        };
        let _turn = self.turn.lock().await;
        let before = self.requests.in_force().roster.list_of(None);
        check_follows(&file, &before)?;
        let changed = Changed {
            version: file.after().version,
            differences: differences(&before, file.after()),
            unsigned: None,
        };
        let drafts = enacted(&self.audit, changed.version, &changed.differences);
        self.requests.enact(Act::Roster(signed), drafts).await?;
        info!(version = changed.version, "roster enacted");
        Ok(changed)
    }
}

/// Whether the roster in a file may follow the one in force. A node that is behind may skip
/// versions; but what others changed since the file was made must not be undone unseen.
fn check_follows(file: &RosterFile, in_force: &Roster) -> anyhow::Result<()> {
    if file.federation() != in_force.federation {
        bail!(
            "the roster is of federation {}, and this node belongs to {}: enact it at a node of \
             its federation",
            file.federation(),
            in_force.federation
        );
    }
    let (before, after) = (file.before(), file.after());
    let (version, ours) = (after.version, in_force.version);
    if after == in_force {
        bail!("roster version {version} is in force here already: nothing is left to do");
    }
    let forked = before.version == ours && before != in_force;
    if version <= ours || forked {
        bail!(
            "the file has version {version} of the roster, made from version {}, and version \
             {ours} with other changes is in force here: run the command that made the file \
             again, and sign what it makes then",
            before.version
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use phaki_replication::roster::{NodeRecord, NodeRole, NodeStatus};

    use super::*;

    fn roster(key: &SecretKey, version: u64, nodes: u8) -> Roster {
        let record = |number| NodeRecord {
            name: format!("TH-{number}"),
            role: NodeRole::Province,
            area: "90".to_owned(),
            within: Vec::new(),
            addresses: Vec::new(),
            status: NodeStatus::Active,
            replaces: None,
            admitted_by: None,
        };
        let nodes = (0..nodes).map(|number| (NodeId([number; 32]), record(number)));
        Roster {
            federation: key.federation(),
            version,
            nodes: nodes.collect::<BTreeMap<_, _>>(),
        }
    }

    #[test]
    fn a_file_follows_only_what_it_was_made_from_or_older() {
        let key = SecretKey::from_seed(&[5; 32]);
        let before = roster(&key, 7, 1);
        let file = RosterFile::prepare(before.sign(&key), roster(&key, 8, 2)).unwrap();
        let refused =
            |in_force: &Roster| check_follows(&file, in_force).err().map(|e| e.to_string());
        assert_eq!(refused(&before), None);
        assert_eq!(refused(&roster(&key, 5, 0)), None, "this node is behind");
        for (in_force, why) in [
            (roster(&key, 7, 2), "version 7 with other changes"),
            (roster(&key, 8, 3), "version 8 with other changes"),
            (roster(&key, 9, 3), "version 9 with other changes"),
            (roster(&key, 8, 2), "in force here already"),
            (
                roster(&SecretKey::from_seed(&[6; 32]), 7, 1),
                "this node belongs to",
            ),
        ] {
            let sentence = refused(&in_force).unwrap();
            assert!(sentence.contains(why), "{sentence}");
        }
    }
}
