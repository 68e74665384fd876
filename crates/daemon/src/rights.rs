//! Changing who may read and write a space: from one manifest to the next, with the caps that
//! make everybody count alike what an author wrote while it had the right.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use phaki_replication::id::{FeedId, NodeId};
use phaki_replication::manifest::{Group, Manifest, MemberRole};
use phaki_replication::roster::Roster;

/// To whom something is granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Grantee {
    /// One node, by its newest key.
    Node(NodeId),
    /// Every node of a group, also those that come later.
    Group(Group),
}

impl fmt::Display for Grantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(node) => node.fmt(f),
            Self::Group(group) => f.write_str(&group_text(group)),
        }
    }
}

/// A group as people write it: `role:national`, `area:R11`.
pub(crate) fn group_text(group: &Group) -> String {
    match group {
        Group::Role(role) => format!("role:{}", role.name()),
        Group::Area(area) => format!("area:{area}"),
    }
}

/// The manifest with `role` for `grantee`; `None` when that is its role already.
///
/// `counting` are the feeds held with the entries that count. Whoever may write no longer, by
/// itself or in a group, keeps these; whoever may write again is freed of its caps. An author that
/// may not take part now is frozen instead, until it may.
pub(crate) fn assign(
    manifest: &Manifest,
    roster: &Roster,
    grantee: &Grantee,
    role: MemberRole,
    counting: &BTreeMap<FeedId, u64>,
) -> Option<Manifest> {
    let mut next = manifest.clone();
    let before = match grantee {
        Grantee::Node(node) => next.members.insert(*node, role),
        Grantee::Group(group) => next.groups.insert(group.clone(), role),
    };
    if before == Some(role) {
        return None;
    }
    let feeds = counting.keys().chain(manifest.caps.keys());
    let authors: BTreeSet<NodeId> = feeds.map(|feed| feed.author).collect();
    for author in &authors {
        let could = manifest.may_write(roster, author);
        let can = next.may_write(roster, author);
        let own = |feed: &FeedId| feed.author == *author;
        if could && !can {
            let written = counting
                .iter()
                .filter(|(feed, held)| own(feed) && **held > 0);
            next.caps.extend(written);
        } else if can && !could && roster.is_active(author) {
            next.caps.retain(|feed, _| !own(feed));
        } else if can && !could {
            next.frozen.insert(*author);
        }
    }
    next.version = next.version.saturating_add(1);
    Some(next)
}

#[cfg(test)]
mod tests {
    use phaki_replication::id::{Epoch, FederationId};
    use phaki_replication::roster::{NodeRecord, NodeRole, NodeStatus};

    use super::*;

    const FEDERATION: FederationId = FederationId([1; 32]);
    const STEWARD: NodeId = NodeId([2; 32]);
    const UDON: NodeId = NodeId([3; 32]);
    const LOEI: NodeId = NodeId([4; 32]);

    fn feed(author: NodeId) -> FeedId {
        FeedId {
            author,
            epoch: Epoch([5; 16]),
        }
    }

    fn roster() -> Roster {
        let province = |area: &str, status| NodeRecord {
            name: format!("TH-{area}"),
            role: NodeRole::Province,
            area: area.to_owned(),
            within: vec!["R8".to_owned(), "TH".to_owned()],
            addresses: Vec::new(),
            status,
            replaces: None,
            admitted_by: None,
        };
        let nodes = BTreeMap::from([
            (UDON, province("41", NodeStatus::Active)),
            (LOEI, province("42", NodeStatus::Active)),
        ]);
        Roster {
            federation: FEDERATION,
            version: 1,
            nodes,
        }
    }

    fn empty() -> Manifest {
        Manifest::found(FEDERATION, STEWARD, [4; 16], "แผน")
    }

    fn region() -> Grantee {
        Grantee::Group(Group::Area("R8".to_owned()))
    }

    /// The manifest after some changes while seven entries of each province count.
    fn after(changes: &[(Grantee, MemberRole)]) -> Manifest {
        let counting = BTreeMap::from([(feed(UDON), 7), (feed(LOEI), 7)]);
        changes.iter().fold(empty(), |manifest, (grantee, role)| {
            assign(&manifest, &roster(), grantee, *role, &counting).expect("changes something")
        })
    }

    fn permitted(manifest: &Manifest, author: NodeId) -> u64 {
        manifest.permitted(&roster(), &feed(author))
    }

    #[test]
    fn a_writer_that_becomes_a_reader_keeps_what_counted_until_it_may_write_again() {
        let udon = || Grantee::Node(UDON);
        let writer = after(&[(udon(), MemberRole::Writer)]);
        assert_eq!((writer.version, permitted(&writer, UDON)), (2, u64::MAX));
        let again = assign(
            &writer,
            &roster(),
            &udon(),
            MemberRole::Writer,
            &BTreeMap::new(),
        );
        assert_eq!(again, None, "nothing changes");
        let mut changes = vec![(udon(), MemberRole::Writer), (udon(), MemberRole::Reader)];
        let reader = after(&changes);
        assert_eq!((reader.version, permitted(&reader, UDON)), (3, 7));
        changes.push((udon(), MemberRole::Writer));
        assert_eq!(permitted(&after(&changes), UDON), u64::MAX);
    }

    #[test]
    fn a_group_that_loses_its_right_keeps_what_its_nodes_wrote_and_stays_to_tell_them() {
        let revoked = after(&[
            (region(), MemberRole::Writer),
            (region(), MemberRole::Removed),
        ]);
        assert_eq!(permitted(&revoked, UDON), 7);
        assert_eq!(permitted(&revoked, LOEI), 7);
        assert!(revoked.was_removed(&roster(), &UDON));
    }

    #[test]
    fn whoever_has_the_right_by_itself_too_is_not_capped_with_its_group() {
        let revoked = after(&[
            (region(), MemberRole::Writer),
            (Grantee::Node(LOEI), MemberRole::Writer),
            (region(), MemberRole::Removed),
        ]);
        assert_eq!(permitted(&revoked, UDON), 7);
        assert_eq!(permitted(&revoked, LOEI), u64::MAX);
    }

    #[test]
    fn one_node_can_be_kept_out_of_its_group() {
        let revoked = after(&[
            (region(), MemberRole::Writer),
            (Grantee::Node(UDON), MemberRole::Removed),
        ]);
        assert!(!revoked.may_read(&roster(), &UDON));
        assert_eq!(permitted(&revoked, UDON), 7);
        assert_eq!(permitted(&revoked, LOEI), u64::MAX);
    }

    #[test]
    fn the_caps_of_a_suspended_author_stay_whatever_is_granted() {
        let counting = BTreeMap::from([(feed(UDON), 9)]);
        let mut suspended = roster();
        let record = suspended.nodes.get_mut(&UDON).expect("is in the roster");
        record.status = NodeStatus::Suspended;
        let mut frozen = after(&[(Grantee::Node(UDON), MemberRole::Writer)]);
        frozen.frozen.insert(UDON);
        frozen.caps.insert(feed(UDON), 3);
        let granted = assign(
            &frozen,
            &suspended,
            &region(),
            MemberRole::Writer,
            &counting,
        );
        assert_eq!(permitted(&granted.expect("is granted"), UDON), 3);
        let reader = after(&[
            (Grantee::Node(UDON), MemberRole::Writer),
            (Grantee::Node(UDON), MemberRole::Reader),
        ]);
        let udon = Grantee::Node(UDON);
        let granted = assign(&reader, &suspended, &udon, MemberRole::Writer, &counting);
        let granted = granted.expect("is granted");
        assert_eq!(permitted(&granted, UDON), 7);
        assert!(
            granted.frozen.contains(&UDON),
            "freed once it is reinstated"
        );
    }
}
