//! The changes that people make to a roster, and which of them are refused.

use phaki_replication::consent::Consent;
use phaki_replication::id::NodeId;
use phaki_replication::limits::{KEYS_OF_A_NODE_MAX, NODES_MAX};
use phaki_replication::roster::{NodeRecord, NodeRole, NodeStatus, Roster};
use thiserror::Error;

use crate::quote::quoted;

/// One change of a roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// A new node, which consented to be admitted here.
    Admit {
        node: NodeId,
        record: NodeRecord,
        consent: Consent,
    },
    /// A node may not take part for now.
    Suspend(NodeId),
    /// A suspended node may take part again.
    Reinstate(NodeId),
    /// A node may never take part again.
    Remove(NodeId),
    /// A node goes on under another key.
    Replace(Replacement),
}

impl Change {
    /// The key that it is about.
    pub(crate) fn node(&self) -> NodeId {
        match self {
            Self::Admit { node, .. }
            | Self::Suspend(node)
            | Self::Reinstate(node)
            | Self::Remove(node) => *node,
            Self::Replace(replacement) => replacement.node,
        }
    }
}

/// A key that takes the place of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Replacement {
    /// The new key.
    pub(crate) node: NodeId,
    /// The key that the node has.
    pub(crate) replaces: NodeId,
    /// Where the node can be dialled from now on; empty: as before.
    pub(crate) addresses: Vec<String>,
    /// Whether the old key is in other hands: then the node may have been suspended for that.
    pub(crate) stolen: bool,
    /// Of the new key, to be admitted here; `None` where nobody was asked.
    pub(crate) consent: Option<Consent>,
}

impl Replacement {
    /// What the new key is, when the old one was `old`.
    pub(crate) fn record(&self, old: &NodeRecord) -> NodeRecord {
        let addresses = match self.addresses.is_empty() {
            true => old.addresses.clone(),
            false => self.addresses.clone(),
        };
        NodeRecord {
            addresses,
            status: NodeStatus::Active,
            replaces: Some(self.replaces),
            ..old.clone()
        }
    }
}

/// Why a roster is not changed; the sentence says what to do instead.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum ChangeError {
    #[error("name {} belongs to node {holder}: choose another", quoted(name))]
    NameTaken { name: String, holder: NodeId },
    #[error("the federation has {NODES_MAX} nodes, which is the most: remove one first")]
    Full,
    #[error("the federation has no node {0}: `phaki federation roster` lists its nodes")]
    Unknown(NodeId),
    #[error("node {name} is {} already", status.name())]
    Already { name: String, status: NodeStatus },
    #[error(
        "node {name} was removed, and a removed key never comes back: let the machine join with \
         a new key and a new invite"
    )]
    ForEver { name: String },
    #[error(
        "node {name} is suspended: reinstate it before it changes its key, or use `--stolen` if \
         somebody else has that key"
    )]
    Suspended { name: String },
    #[error("node {name} was removed or has another key already: `phaki federation roster` tells")]
    KeyGone { name: String },
    #[error("key {0} is in the roster already: a new key is needed")]
    KeyKnown(NodeId),
    #[error(
        "node {name} has had {KEYS_OF_A_NODE_MAX} keys, which is the most: let it join as another \
         node"
    )]
    TooManyKeys { name: String },
    #[error(
        "{name} is the node on which this command runs: run it on another node, so that \
         somebody is left who can undo it"
    )]
    Oneself { name: String },
    #[error(
        "{name} is the last active national node: admit or reinstate another one first, or the \
         federation has none"
    )]
    LastNational { name: String },
}

/// The next version of `roster`, with all `changes`: the federation's, or that together with the
/// branch on which they are made. `own` is the node at which somebody asks for them.
pub(crate) fn apply(
    roster: &Roster,
    own: &NodeId,
    changes: &[Change],
) -> Result<Roster, ChangeError> {
    let mut next = roster.clone();
    next.version += 1;
    for change in changes {
        make(&mut next, own, change)?;
    }
    Ok(next)
}

fn make(roster: &mut Roster, own: &NodeId, change: &Change) -> Result<(), ChangeError> {
    match change {
        Change::Admit { node, record, .. } => {
            check_admission(roster, node, record)?;
            roster.nodes.insert(*node, record.clone());
        }
        Change::Suspend(node) => exclude(roster, own, node, NodeStatus::Suspended)?,
        Change::Remove(node) => exclude(roster, own, node, NodeStatus::Removed)?,
        Change::Reinstate(node) => {
            let record = record_of(roster, node)?;
            check_change(record, NodeStatus::Active)?;
            record.status = NodeStatus::Active;
        }
        Change::Replace(replacement) => replace(roster, replacement)?,
    }
    Ok(())
}

fn replace(roster: &mut Roster, replacement: &Replacement) -> Result<(), ChangeError> {
    check_replaceable(roster, &replacement.replaces, replacement.stolen)?;
    if roster.nodes.contains_key(&replacement.node) {
        return Err(ChangeError::KeyKnown(replacement.node));
    }
    if roster.nodes.len() >= NODES_MAX {
        return Err(ChangeError::Full);
    }
    let old = record_of(roster, &replacement.replaces)?;
    let record = replacement.record(old);
    old.status = NodeStatus::Removed;
    roster.nodes.insert(replacement.node, record);
    Ok(())
}

/// Whether another key may take the place of `key` now.
pub(crate) fn check_replaceable(
    roster: &Roster,
    key: &NodeId,
    stolen: bool,
) -> Result<(), ChangeError> {
    let record = roster.nodes.get(key).ok_or(ChangeError::Unknown(*key))?;
    let name = record.name.clone();
    match record.status {
        NodeStatus::Removed => Err(ChangeError::KeyGone { name }),
        NodeStatus::Suspended if !stolen => Err(ChangeError::Suspended { name }),
        _ if roster.lineage(key).count() >= KEYS_OF_A_NODE_MAX => {
            Err(ChangeError::TooManyKeys { name })
        }
        NodeStatus::Active | NodeStatus::Suspended => Ok(()),
    }
}

/// The node that has a name; names of removed nodes are free again.
pub(crate) fn holder_of(roster: &Roster, name: &str) -> Option<NodeId> {
    let mut nodes = roster.nodes.iter();
    nodes
        .find(|(_, record)| record.name == name && record.status != NodeStatus::Removed)
        .map(|(node, _)| *node)
}

fn check_admission(roster: &Roster, node: &NodeId, record: &NodeRecord) -> Result<(), ChangeError> {
    if let Some(known) = roster.nodes.get(node) {
        check_change(known, NodeStatus::Active)?;
        let (name, status) = (known.name.clone(), known.status);
        return Err(ChangeError::Already { name, status });
    }
    if let Some(holder) = holder_of(roster, &record.name) {
        let name = record.name.clone();
        return Err(ChangeError::NameTaken { name, holder });
    }
    if roster.nodes.len() >= NODES_MAX {
        return Err(ChangeError::Full);
    }
    Ok(())
}

fn exclude(
    roster: &mut Roster,
    own: &NodeId,
    node: &NodeId,
    status: NodeStatus,
) -> Result<(), ChangeError> {
    let record = record_of(roster, node)?;
    check_change(record, status)?;
    let name = record.name.clone();
    if node == own {
        return Err(ChangeError::Oneself { name });
    }
    let was_national = is_active_national(record);
    record.status = status;
    if was_national && !roster.nodes.values().any(is_active_national) {
        return Err(ChangeError::LastNational { name });
    }
    Ok(())
}

fn record_of<'a>(roster: &'a mut Roster, node: &NodeId) -> Result<&'a mut NodeRecord, ChangeError> {
    let record = roster.nodes.get_mut(node);
    record.ok_or(ChangeError::Unknown(*node))
}

fn check_change(record: &NodeRecord, status: NodeStatus) -> Result<(), ChangeError> {
    let name = record.name.clone();
    match record.status {
        NodeStatus::Removed => Err(ChangeError::ForEver { name }),
        before if before == status => Err(ChangeError::Already { name, status }),
        NodeStatus::Active | NodeStatus::Suspended => Ok(()),
    }
}

fn is_active_national(record: &NodeRecord) -> bool {
    record.role == NodeRole::National && record.status == NodeStatus::Active
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use phaki_replication::id::FederationId;
    use phaki_replication::sign::Signature;

    use super::*;

    const TH: NodeId = NodeId([1; 32]);
    const SPARE: NodeId = NodeId([2; 32]);
    const PROVINCE: NodeId = NodeId([3; 32]);
    /// The federation itself admits whom it wants.
    const CONSENT: Consent = Consent {
        parent: TH,
        signature: Signature([0; 64]),
    };

    fn record(name: &str, role: NodeRole) -> NodeRecord {
        NodeRecord {
            name: name.to_owned(),
            role,
            area: "90".to_owned(),
            within: Vec::new(),
            replaces: None,
            admitted_by: None,
            addresses: Vec::new(),
            status: NodeStatus::Active,
        }
    }

    fn roster() -> Roster {
        Roster {
            federation: FederationId([9; 32]),
            version: 4,
            nodes: BTreeMap::from([
                (TH, record("TH", NodeRole::National)),
                (PROVINCE, record("TH-90", NodeRole::Province)),
            ]),
        }
    }

    fn changed(roster: &Roster, change: Change) -> Roster {
        apply(roster, &TH, &[change]).unwrap()
    }

    #[test]
    fn every_change_makes_the_next_version() {
        let suspended = changed(&roster(), Change::Suspend(PROVINCE));
        assert_eq!(suspended.version, 5);
        assert!(!suspended.is_active(&PROVINCE) && suspended.is_active(&TH));
        let back = changed(&suspended, Change::Reinstate(PROVINCE));
        assert_eq!(back.version, 6);
        assert_eq!(back.nodes, roster().nodes);
        let twice = apply(&suspended, &TH, &[Change::Suspend(PROVINCE)]).unwrap_err();
        assert_eq!(twice.to_string(), "node TH-90 is suspended already");
    }

    #[test]
    fn several_changes_make_one_version_or_none() {
        let admit = |number: u8, name: &str| Change::Admit {
            node: NodeId([number; 32]),
            record: record(name, NodeRole::Province),
            consent: CONSENT,
        };
        let both = [
            admit(5, "TH-40"),
            Change::Suspend(PROVINCE),
            admit(6, "TH-41"),
        ];
        let next = apply(&roster(), &TH, &both).unwrap();
        assert_eq!((next.version, next.nodes.len()), (5, 4));
        let twice = apply(&roster(), &TH, &[admit(5, "TH-40"), admit(6, "TH-40")]).unwrap_err();
        assert!(matches!(twice, ChangeError::NameTaken { .. }));
    }

    #[test]
    fn a_removed_key_never_comes_back_and_its_name_is_free() {
        let removed = changed(&roster(), Change::Remove(PROVINCE));
        let record = record("TH-90", NodeRole::Province);
        let admit = |node| Change::Admit {
            node,
            record: record.clone(),
            consent: CONSENT,
        };
        for change in [
            Change::Reinstate(PROVINCE),
            Change::Suspend(PROVINCE),
            Change::Remove(PROVINCE),
            admit(PROVINCE),
        ] {
            let refused = apply(&removed, &TH, &[change]).unwrap_err();
            assert!(matches!(refused, ChangeError::ForEver { .. }));
        }
        let next = changed(&removed, admit(SPARE));
        assert_eq!(holder_of(&next, "TH-90"), Some(SPARE));
        let taken = apply(&next, &TH, &[admit(NodeId([4; 32]))]).unwrap_err();
        let (name, holder) = ("TH-90".to_owned(), SPARE);
        assert_eq!(taken, ChangeError::NameTaken { name, holder });
    }

    #[test]
    fn nobody_excludes_oneself_or_the_last_national_node() {
        let oneself = apply(&roster(), &TH, &[Change::Suspend(TH)]).unwrap_err();
        assert!(matches!(oneself, ChangeError::Oneself { .. }));
        for change in [Change::Suspend(TH), Change::Remove(TH)] {
            let last = apply(&roster(), &PROVINCE, &[change]).unwrap_err();
            assert!(matches!(last, ChangeError::LastNational { .. }));
        }
        let spare = Change::Admit {
            node: SPARE,
            record: record("TH-2", NodeRole::National),
            consent: CONSENT,
        };
        let two = changed(&roster(), spare);
        assert!(apply(&two, &SPARE, &[Change::Remove(TH)]).is_ok());
    }

    fn replacement(stolen: bool) -> Replacement {
        Replacement {
            node: SPARE,
            replaces: PROVINCE,
            addresses: Vec::new(),
            stolen,
            consent: None,
        }
    }

    #[test]
    fn another_key_stands_for_the_same_node_and_the_one_before_never_comes_back() {
        let mut before = roster();
        let addresses = vec!["10.0.0.1:7440".to_owned()];
        let province = before.nodes.get_mut(&PROVINCE).unwrap();
        province.addresses.clone_from(&addresses);
        let next = changed(&before, Change::Replace(replacement(false)));
        let (old, new) = (&next.nodes[&PROVINCE], &next.nodes[&SPARE]);
        assert_eq!(
            (old.status, new.status),
            (NodeStatus::Removed, NodeStatus::Active)
        );
        assert_eq!(new.replaces, Some(PROVINCE));
        assert_eq!(
            (&new.name, &new.area, &new.addresses),
            (&old.name, &old.area, &addresses)
        );
        assert_eq!(next.newest(&PROVINCE), SPARE);
        let again = Replacement {
            node: NodeId([4; 32]),
            ..replacement(true)
        };
        let gone = apply(&next, &TH, &[Change::Replace(again)]).unwrap_err();
        assert!(matches!(gone, ChangeError::KeyGone { .. }));
        let back = apply(&next, &TH, &[Change::Reinstate(PROVINCE)]).unwrap_err();
        assert!(matches!(back, ChangeError::ForEver { .. }));

        let moved = Replacement {
            addresses: vec!["10.0.0.2:7440".to_owned()],
            ..replacement(false)
        };
        let next = changed(&before, Change::Replace(moved.clone()));
        assert_eq!(next.nodes[&SPARE].addresses, moved.addresses);
    }

    #[test]
    fn a_suspended_node_goes_on_under_another_key_only_when_its_own_was_stolen() {
        let suspended = changed(&roster(), Change::Suspend(PROVINCE));
        let refused = apply(&suspended, &TH, &[Change::Replace(replacement(false))]).unwrap_err();
        assert!(matches!(refused, ChangeError::Suspended { .. }));
        let next = changed(&suspended, Change::Replace(replacement(true)));
        assert!(next.is_active(&SPARE) && !next.is_active(&PROVINCE));
    }

    #[test]
    fn no_key_takes_the_place_of_another_that_is_known_already() {
        let known = Replacement {
            node: TH,
            ..replacement(false)
        };
        let refused = apply(&roster(), &TH, &[Change::Replace(known)]).unwrap_err();
        assert_eq!(refused, ChangeError::KeyKnown(TH));
    }

    #[test]
    fn a_node_has_so_many_keys_and_no_more() {
        let mut roster = roster();
        let mut key = PROVINCE;
        for number in 1..=KEYS_OF_A_NODE_MAX {
            let number = u8::try_from(number).unwrap();
            let next = Replacement {
                node: NodeId([100 + number; 32]),
                replaces: key,
                ..replacement(false)
            };
            key = next.node;
            match apply(&roster, &TH, &[Change::Replace(next)]) {
                Ok(next) => roster = next,
                Err(error) => {
                    assert!(matches!(error, ChangeError::TooManyKeys { .. }));
                    assert_eq!(usize::from(number), KEYS_OF_A_NODE_MAX);
                    return;
                }
            }
        }
        panic!("a node can have any number of keys");
    }
}
