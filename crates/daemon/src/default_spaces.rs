//! The spaces that a node founds for itself when it first runs, so that nobody has to design any.

use phaki_replication::canonical::Encoder;
use phaki_replication::id::{Hash, NodeId};
use phaki_replication::manifest::{Group, Manifest, MemberRole};
use phaki_replication::node::Act;
use phaki_replication::roster::NodeRole;
use phaki_replication::sign::SecretKey;
use tracing::{info, warn};

use crate::audit::{Audit, Deed};
use crate::node_loop::{InForce, NodeRequests};

/// The end of the name of a space that is for drafts.
const DRAFT: &str = "/draft";

/// The end of the name of a space in which a national node publishes reference sets.
const REFERENCE: &str = "/reference";

const PROVINCES_AND_ABOVE: &[NodeRole] =
    &[NodeRole::National, NodeRole::Region, NodeRole::Province];

/// What follows the name of the node, and which nodes read it.
const DEFAULTS: [(&str, &[NodeRole]); 4] = [
    ("/shared", &[NodeRole::National]),
    ("/directory", PROVINCES_AND_ABOVE),
    (DRAFT, &[]),
    (
        REFERENCE,
        &[
            NodeRole::National,
            NodeRole::Region,
            NodeRole::Province,
            NodeRole::Edge,
        ],
    ),
];

/// Whether the space with that name is for drafts: it is shared with nobody.
pub(crate) fn never_leaves(name: &str) -> bool {
    name.ends_with(DRAFT)
}

/// Whether the space with that name is for reference sets; they count when its steward is a
/// national node.
pub(crate) fn is_for_reference(name: &str) -> bool {
    name.ends_with(REFERENCE)
}

/// Founds those of this node that do not exist yet. What fails is tried again at the next start.
pub(crate) async fn found(key: &SecretKey, requests: &NodeRequests, audit: &Audit) {
    for manifest in missing(&requests.in_force(), key) {
        let (space, name) = (manifest.space, &manifest.name);
        let created = audit.act(Deed::SpaceCreated, space, name);
        let act = Act::Manifest(manifest.sign(key));
        match requests.enact(act, vec![created]).await {
            Ok(()) => info!(name, space = %space, "space founded"),
            Err(error) => warn!(name, error = %error, "space not founded"),
        }
    }
}

/// The spaces that this node should have and does not, as they are founded.
fn missing(in_force: &InForce, key: &SecretKey) -> Vec<Manifest> {
    let (roster, node) = (&in_force.roster, in_force.node);
    let Some(record) = roster.nodes.get(&node) else {
        return Vec::new();
    };
    if !roster.is_active(&node) {
        return Vec::new();
    }
    // Whoever has the place of another key has its spaces too, as soon as others send them; only the
    // one for drafts nobody can send.
    let succeeds = record.replaces.is_some();
    let wanted = DEFAULTS.iter().filter(|(end, _)| match record.role {
        _ if succeeds => *end == DRAFT,
        NodeRole::National => true,
        NodeRole::Region | NodeRole::Province => *end != REFERENCE,
        NodeRole::Edge => *end == DRAFT,
    });
    let founded = wanted.map(|(end, readers)| {
        let name = format!("{}{end}", record.given_name());
        let nonce = nonce(in_force, key, end);
        let mut manifest = Manifest::found(in_force.federation, node, nonce, &name);
        let readers = readers.iter().map(|role| Group::Role(*role));
        let readers = readers.map(|group| (group, MemberRole::Reader));
        manifest.groups.extend(readers);
        manifest
    });
    founded
        .filter(|space| !exists(in_force, space, &node))
        .collect()
}

fn exists(in_force: &InForce, space: &Manifest, node: &NodeId) -> bool {
    let same =
        |held: &Manifest| in_force.roster.succeeds(node, &held.founder) && held.name == space.name;
    in_force.spaces.contains_key(&space.space) || in_force.spaces.values().any(same)
}

/// The same whenever this node founds the space, so that a store put back from before cannot found
/// a second one; and unknown to others, so that they cannot ask for a space by its id.
fn nonce(in_force: &InForce, key: &SecretKey, end: &str) -> [u8; 16] {
    let mut encoder = Encoder::with_domain("phaki/default-space/v1");
    encoder.fixed(&in_force.federation.0);
    encoder.bytes(end.as_bytes());
    let signature = key.sign(&encoder.finish());
    let hash = Hash::of("phaki/default-space-nonce/v1", &[&signature.0]);
    hash.shorten().0
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use phaki_replication::id::{Epoch, FederationId};
    use phaki_replication::roster::{NodeRecord, NodeStatus, Roster};

    use super::*;

    fn key() -> SecretKey {
        SecretKey::from_seed(&[5; 32])
    }

    fn node(role: NodeRole) -> InForce {
        let federation = FederationId([1; 32]);
        let record = NodeRecord {
            name: "TH-90".to_owned(),
            role,
            area: "90".to_owned(),
            within: Vec::new(),
            addresses: Vec::new(),
            status: NodeStatus::Active,
            replaces: None,
            admitted_by: None,
        };
        let roster = Roster {
            federation,
            version: 1,
            nodes: BTreeMap::from([(key().node(), record)]),
        };
        InForce {
            node: key().node(),
            epoch: Epoch([2; 16]),
            federation,
            signed_roster: roster.sign(&key()),
            roster,
            branch: None,
            former_branches: BTreeMap::new(),
            spaces: BTreeMap::new(),
            superseded: false,
        }
    }

    fn names(spaces: &[Manifest]) -> Vec<&str> {
        spaces.iter().map(|space| space.name.as_str()).collect()
    }

    #[test]
    fn every_role_has_the_spaces_that_it_needs() {
        let of = |role| missing(&node(role), &key());
        let province = ["TH-90/shared", "TH-90/directory", "TH-90/draft"];
        assert_eq!(names(&of(NodeRole::Province)), province);
        assert_eq!(names(&of(NodeRole::Region)), province);
        assert_eq!(names(&of(NodeRole::National))[3..], ["TH-90/reference"]);
        assert_eq!(names(&of(NodeRole::Edge)), ["TH-90/draft"]);
        let drafts = &of(NodeRole::Province)[2];
        assert!(drafts.groups.is_empty() && never_leaves(&drafts.name));
    }

    #[test]
    fn what_a_crash_kept_from_being_founded_is_founded_later_and_nothing_twice() {
        let mut province = node(NodeRole::Province);
        let all = missing(&province, &key());
        let shared = all[0].clone();
        province.spaces.insert(shared.space, shared);
        assert_eq!(missing(&province, &key()), all[1..]);
        // One with a name of its own, made by hand before.
        let hand = Manifest::found(province.federation, province.node, [9; 16], "TH-90/draft");
        province.spaces.insert(hand.space, hand);
        assert_eq!(names(&missing(&province, &key())), ["TH-90/directory"]);
    }

    #[test]
    fn a_node_with_another_key_waits_for_the_spaces_that_there_are_and_founds_none_but_for_drafts()
    {
        let mut heir = node(NodeRole::Province);
        let old = NodeId([7; 32]);
        let record = heir.roster.nodes.get_mut(&key().node()).unwrap();
        record.replaces = Some(old);
        let mut before = record.clone();
        (before.status, before.replaces) = (NodeStatus::Removed, None);
        heir.roster.nodes.insert(old, before);
        assert_eq!(names(&missing(&heir, &key())), ["TH-90/draft"]);
        // It has the one of the key before.
        let drafts = Manifest::found(heir.federation, old, [9; 16], "TH-90/draft");
        heir.spaces.insert(drafts.space, drafts);
        assert_eq!(missing(&heir, &key()), []);
    }
}
