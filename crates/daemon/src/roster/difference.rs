//! What a newer roster changes against an older one, for whoever signs it or puts it in force.

use std::collections::BTreeSet;
use std::fmt;

use phaki_replication::id::NodeId;
use phaki_replication::roster::{NodeRecord, NodeStatus, Roster};
use phaki_wire::proto::local::v1::RosterDifference;

/// How one node's record differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// In one word.
    pub(crate) what: What,
    /// The node.
    pub(crate) node: NodeId,
    /// Its record in the newer roster; when that has none, the older one.
    pub(crate) record: NodeRecord,
    /// The fields that differ, besides the status, with both values; of a new node its addresses.
    pub(crate) fields: Vec<String>,
}

/// A difference in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Added,
    Suspended,
    Reinstated,
    Removed,
    /// Another key has the place of one that is removed by this.
    KeyReplaced,
    /// Something else than the status.
    Changed,
    /// A removed node may take part again: no honest roster has that.
    Returned,
    /// The newer roster does not name the node at all: no honest roster has that either.
    Missing,
}

impl What {
    /// The word in output.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Suspended => "suspended",
            Self::Reinstated => "reinstated",
            Self::Removed => "removed",
            Self::KeyReplaced => "key-replaced",
            Self::Changed => "changed",
            Self::Returned => "returned",
            Self::Missing => "missing",
        }
    }

    /// Whether no key should sign it: keys that were removed stay removed, and stay named.
    pub(crate) fn is_unlawful(self) -> bool {
        matches!(self, Self::Returned | Self::Missing)
    }
}

impl Difference {
    /// The form in which clients see it.
    pub(crate) fn to_wire(&self) -> RosterDifference {
        RosterDifference {
            what: self.what.word().to_owned(),
            name: self.record.name.clone(),
            role: self.record.role.name().to_owned(),
            area: self.record.area.clone(),
            key: self.node.to_string(),
            fields: self.fields.clone(),
        }
    }
}

/// Everything that `after` changes, by the names of the nodes.
pub(crate) fn differences(before: &Roster, after: &Roster) -> Vec<Difference> {
    let nodes: BTreeSet<_> = before.nodes.keys().chain(after.nodes.keys()).collect();
    let replaced: BTreeSet<_> = replacements(before, after).map(|(_, old)| old).collect();
    let differing = nodes.into_iter().filter_map(|node| {
        let (mut old, new) = (before.nodes.get(node), after.nodes.get(node));
        let mut what = what(old, new)?;
        // A key and the one that it replaces are one difference.
        if what == What::Removed && replaced.contains(node) {
            return None;
        }
        let replaces = new.and_then(|new| new.replaces);
        if let Some(key) = replaces.filter(|key| what == What::Added && replaced.contains(key)) {
            (old, what) = (before.nodes.get(&key), What::KeyReplaced);
        }
        let record = new.or(old)?.clone();
        let fields = match (old, new) {
            (Some(old), Some(new)) => fields(old, new),
            (None, Some(new)) => {
                let shown = !new.addresses.is_empty();
                let addresses = shown.then(|| format!("addresses: {}", addresses(new)));
                let replaced = new.replaces.map(|key| format!("replaces: {key}"));
                addresses.into_iter().chain(replaced).collect()
            }
            (_, _) => Vec::new(),
        };
        Some(Difference {
            what,
            node: *node,
            record,
            fields,
        })
    });
    let mut differing: Vec<_> = differing.collect();
    differing.sort_by(|one, other| one.record.name.cmp(&other.record.name));
    differing
}

/// New keys with those that they replace, where these could take part until then.
fn replacements<'a>(
    before: &'a Roster,
    after: &'a Roster,
) -> impl Iterator<Item = (NodeId, NodeId)> + 'a {
    let replaces = |(node, record): (&NodeId, &NodeRecord)| Some((*node, record.replaces?));
    let pairs = after.nodes.iter().filter_map(replaces);
    pairs.filter(|(node, old)| {
        let removed = |roster: &Roster| {
            let record = roster.nodes.get(old);
            record.is_some_and(|record| record.status == NodeStatus::Removed)
        };
        !before.nodes.contains_key(node)
            && before.nodes.contains_key(old)
            && !removed(before)
            && removed(after)
    })
}

fn what(old: Option<&NodeRecord>, new: Option<&NodeRecord>) -> Option<What> {
    use NodeStatus::{Active, Removed, Suspended};
    let (old, new) = match (old, new) {
        (None, None) => return None,
        (None, Some(_)) => return Some(What::Added),
        (Some(_), None) => return Some(What::Missing),
        (Some(old), Some(new)) => (old, new),
    };
    match (old.status, new.status) {
        _ if old == new => None,
        (Removed, Active | Suspended) => Some(What::Returned),
        (Active | Suspended, Removed) => Some(What::Removed),
        (Active, Suspended) => Some(What::Suspended),
        (Suspended, Active) => Some(What::Reinstated),
        (Active, Active) | (Suspended, Suspended) | (Removed, Removed) => Some(What::Changed),
    }
}

fn fields(old: &NodeRecord, new: &NodeRecord) -> Vec<String> {
    let mut fields = Vec::new();
    let mut compare = |name: &str, old: &dyn fmt::Display, new: &dyn fmt::Display| {
        let (old, new) = (old.to_string(), new.to_string());
        if old != new {
            fields.push(format!("{name}: {old} → {new}"));
        }
    };
    compare("name", &old.name, &new.name);
    compare("role", &old.role.name(), &new.role.name());
    compare("area", &old.area, &new.area);
    compare("within", &old.within.join(" "), &new.within.join(" "));
    compare("addresses", &addresses(old), &addresses(new));
    compare("replaces", &replaced(old), &replaced(new));
    // In other differences the status is the difference.
    if new.replaces != old.replaces {
        compare("status", &old.status.name(), &new.status.name());
    }
    fields
}

fn replaced(record: &NodeRecord) -> String {
    let key = record.replaces.map(|key| key.to_string());
    key.unwrap_or_else(|| "–".to_owned())
}

fn addresses(record: &NodeRecord) -> String {
    match record.addresses.is_empty() {
        true => "–".to_owned(),
        false => record.addresses.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use phaki_replication::id::FederationId;
    use phaki_replication::roster::NodeRole;

    use super::*;

    fn record(name: &str, status: NodeStatus) -> NodeRecord {
        NodeRecord {
            name: name.to_owned(),
            role: NodeRole::Province,
            area: "90".to_owned(),
            within: Vec::new(),
            replaces: None,
            admitted_by: None,
            addresses: Vec::new(),
            status,
        }
    }

    fn roster(nodes: &[(u8, NodeRecord)]) -> Roster {
        let nodes = nodes.iter().cloned();
        let nodes = nodes.map(|(key, record)| (NodeId([key; 32]), record));
        Roster {
            federation: FederationId([9; 32]),
            version: 1,
            nodes: nodes.collect::<BTreeMap<_, _>>(),
        }
    }

    #[test]
    fn a_difference_has_one_word_for_each_node() {
        use NodeStatus::{Active, Removed, Suspended};
        let status = [
            (Active, Suspended, "suspended"),
            (Suspended, Active, "reinstated"),
            (Active, Removed, "removed"),
            (Suspended, Removed, "removed"),
            (Removed, Active, "returned"),
        ];
        for (old, new, word) in status {
            let before = roster(&[(1, record("TH-90", old))]);
            let after = roster(&[(1, record("TH-90", new))]);
            let found = differences(&before, &after);
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].what.word(), word);
            assert_eq!(found[0].what.is_unlawful(), word == "returned");
        }
        let before = roster(&[(1, record("TH-90", Active))]);
        let after = roster(&[(2, record("TH-41", Active))]);
        let words: Vec<_> = differences(&before, &after)
            .iter()
            .map(|found| (found.record.name.clone(), found.what))
            .collect();
        let expected = [
            ("TH-41".to_owned(), What::Added),
            ("TH-90".to_owned(), What::Missing),
        ];
        assert_eq!(words, expected);
        assert_eq!(differences(&before, &before), []);
    }

    #[test]
    fn what_a_signer_must_notice_stands_in_the_fields() {
        let before = roster(&[(1, record("TH-90", NodeStatus::Active))]);
        let mut after = before.clone();
        let changed = after.nodes.get_mut(&NodeId([1; 32])).unwrap();
        changed.role = NodeRole::National;
        changed.addresses = vec!["203.0.113.9:7443".to_owned()];
        let found = differences(&before, &after);
        assert_eq!(found[0].what, What::Changed);
        let expected = [
            "role: province → national",
            "addresses: – → 203.0.113.9:7443",
        ];
        assert_eq!(found[0].fields, expected);
        let added = differences(&roster(&[]), &after);
        assert_eq!(added[0].fields, ["addresses: 203.0.113.9:7443"]);
    }

    #[test]
    fn another_key_of_a_node_is_one_difference_with_all_that_changes_besides() {
        let before = roster(&[(1, record("TH-90", NodeStatus::Suspended))]);
        let mut heir = record("TH-90", NodeStatus::Active);
        heir.replaces = Some(NodeId([1; 32]));
        heir.role = NodeRole::National;
        let after = roster(&[(1, record("TH-90", NodeStatus::Removed)), (2, heir)]);
        let found = differences(&before, &after);
        assert_eq!(found.len(), 1);
        let found = &found[0];
        assert_eq!(
            (found.what.word(), found.node),
            ("key-replaced", NodeId([2; 32]))
        );
        let replaces = format!("replaces: – → {}", NodeId([1; 32]));
        let expected = [
            "role: province → national",
            &replaces,
            "status: suspended → active",
        ];
        assert_eq!(found.fields, expected);
        assert!(!found.what.is_unlawful());
    }

    #[test]
    fn a_key_in_the_place_of_one_that_was_removed_long_ago_is_a_new_node() {
        let before = roster(&[(1, record("TH-90", NodeStatus::Removed))]);
        let mut heir = record("TH-90", NodeStatus::Active);
        heir.replaces = Some(NodeId([1; 32]));
        let after = roster(&[(1, record("TH-90", NodeStatus::Removed)), (2, heir)]);
        assert_eq!(differences(&before, &after)[0].what, What::Added);
    }
}
