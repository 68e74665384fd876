//! What a branch is, and what it can and cannot do to the nodes of others.

use super::*;
use crate::roster::{NodeStatus, Roster};

const FEDERATION: FederationId = FederationId([1; 32]);

fn key(number: u8) -> SecretKey {
    SecretKey::from_seed(&[number; 32])
}

fn record(name: &str, role: NodeRole) -> NodeRecord {
    NodeRecord {
        name: name.to_owned(),
        role,
        area: "90".to_owned(),
        within: vec!["TH".to_owned()],
        addresses: Vec::new(),
        status: NodeStatus::Active,
        replaces: None,
        admitted_by: None,
    }
}

/// TH-90 and TH-41, two provinces of one federation.
fn roster() -> Roster {
    let province = |name| record(name, NodeRole::Province);
    Roster {
        federation: FEDERATION,
        version: 1,
        nodes: BTreeMap::from([
            (key(90).node(), province("TH-90")),
            (key(41).node(), province("TH-41")),
        ]),
    }
}

/// A branch of `parent` with the node `edge`, which consented to be there.
fn branch(parent: &SecretKey, edge: &SecretKey, name: &str) -> Branch {
    let mut record = record(name, NodeRole::Edge);
    record.admitted_by = Some(parent.node());
    let consent = Consent::sign(edge, &FEDERATION, parent.node());
    Branch {
        federation: FEDERATION,
        parent: parent.node(),
        version: 1,
        nodes: BTreeMap::from([(edge.node(), Admitted { record, consent })]),
    }
}

fn with_status(mut branch: Branch, status: NodeStatus) -> Branch {
    for admitted in branch.nodes.values_mut() {
        admitted.record.status = status;
    }
    branch
}

/// The roster of the federation with branches, which come in whatever order.
fn merged(roster: &Roster, branches: &[&Branch]) -> Roster {
    let forwards = roster.with_branches(branches.iter().copied());
    let backwards = roster.with_branches(branches.iter().rev().copied());
    assert_eq!(forwards, backwards);
    assert_eq!(
        forwards.own_nodes().collect::<Vec<_>>(),
        roster.nodes.iter().collect::<Vec<_>>(),
        "what the federation says stays as it is"
    );
    forwards
}

#[test]
fn a_signed_branch_reads_back_equal_and_has_golden_bytes() {
    let branch = branch(&key(90), &key(7), "laptop");
    let signed = branch.sign(&key(90));
    assert_eq!(signed.open(&FEDERATION), Ok(branch));
    assert_eq!(signed.hash().to_string(), GOLDEN);
}

const GOLDEN: &str = "316d1b696d461c4dd1b89d6a5a43f0e9c6a3fbf40b8472ab131d4b6df8ef0a06";

#[test]
fn a_province_admits_edge_nodes_that_asked_it_and_nothing_more() {
    let mut wide = branch(&key(90), &key(7), "TH-2");
    for admitted in wide.nodes.values_mut() {
        admitted.record.role = NodeRole::National;
    }
    let refused = wide.sign(&key(90)).open(&FEDERATION);
    assert_eq!(refused, Err(BranchError::Role("TH-2".to_owned())));

    let forged = branch(&key(90), &key(7), "laptop").sign(&key(41));
    assert_eq!(forged.open(&FEDERATION), Err(BranchError::Signature));

    let mut unasked = branch(&key(90), &key(7), "laptop");
    let (_, admitted) = unasked.nodes.pop_first().expect("has one");
    unasked.nodes.insert(key(8).node(), admitted);
    let refused = unasked.sign(&key(90)).open(&FEDERATION);
    assert_eq!(refused, Err(BranchError::Consent("laptop".to_owned())));

    let marked = branch(&key(90), &key(7), "laptop@TH-41").sign(&key(90));
    let why = RosterError::NameSign("laptop@TH-41".to_owned());
    assert_eq!(marked.open(&FEDERATION), Err(BranchError::Nodes(why)));
}

#[test]
fn what_a_branch_says_counts_as_far_as_its_parent_does() {
    let (parent, laptop) = (key(90), key(7));
    let branch = branch(&parent, &laptop, "laptop");
    assert!(merged(&roster(), &[&branch]).is_active(&laptop.node()));

    let mut of_edge = roster();
    of_edge
        .nodes
        .get_mut(&parent.node())
        .expect("is in it")
        .role = NodeRole::Edge;
    assert!(
        !merged(&of_edge, &[&branch])
            .nodes
            .contains_key(&laptop.node())
    );

    let mut suspended = roster();
    let record = suspended.nodes.get_mut(&parent.node()).expect("is in it");
    record.status = NodeStatus::Suspended;
    assert!(!merged(&suspended, &[&branch]).is_active(&laptop.node()));
}

#[test]
fn a_consent_to_one_parent_is_worth_nothing_on_the_branch_of_another() {
    let own = branch(&key(90), &key(7), "laptop");
    let mut taken = branch(&key(41), &key(7), "stolen");
    taken.nodes = own.nodes.clone();
    let taken = with_status(taken, NodeStatus::Removed);
    assert!(taken.sign(&key(41)).open(&FEDERATION).is_ok());
    let both = merged(&roster(), &[&own, &taken]);
    assert_eq!(both, merged(&roster(), &[&own]));
    assert!(
        !merged(&roster(), &[&taken])
            .nodes
            .contains_key(&key(7).node())
    );
}

#[test]
fn of_a_key_that_the_federation_lists_no_branch_says_anything() {
    let mut of_federation = roster();
    let edge = record("laptop", NodeRole::Edge);
    of_federation.nodes.insert(key(7).node(), edge);
    let removed = with_status(branch(&key(41), &key(7), "laptop"), NodeStatus::Removed);
    let merged = merged(&of_federation, &[&removed]);
    assert_eq!(merged, of_federation);
}

#[test]
fn a_key_that_consented_to_two_parents_is_removed_whatever_they_say_of_it() {
    let (one, other) = (
        branch(&key(90), &key(7), "a"),
        branch(&key(41), &key(7), "b"),
    );
    for status in [
        NodeStatus::Active,
        NodeStatus::Suspended,
        NodeStatus::Removed,
    ] {
        let other = with_status(other.clone(), status);
        let merged = merged(&roster(), &[&one, &other]);
        assert_eq!(merged.nodes[&key(7).node()].status, NodeStatus::Removed);
    }
}

#[test]
fn nodes_of_one_name_keep_their_rights_and_are_told_apart_by_their_parents() {
    let (one, other) = (key(7), key(8));
    let branches = [
        branch(&key(90), &one, "laptop"),
        branch(&key(41), &other, "laptop"),
    ];
    let both = merged(&roster(), &[&branches[0], &branches[1]]);
    assert!(both.is_active(&one.node()) && both.is_active(&other.node()));
    assert_eq!(both.find("laptop@TH-90"), Some(one.node()));
    assert_eq!(both.find("laptop@TH-41"), Some(other.node()));
    assert_eq!(both.find("laptop"), None);
    let own = both.list_of(Some(&key(90).node()));
    assert_eq!(own.find("laptop"), Some(one.node()));
    assert_eq!(both.list_of(None), roster());

    let gone = with_status(branches[1].clone(), NodeStatus::Removed);
    let freed = merged(&roster(), &[&branches[0], &gone]);
    assert_eq!(freed.find("laptop"), Some(one.node()));
    assert_eq!(freed.find("laptop@TH-90"), Some(one.node()), "always");
    assert_eq!(freed.find("laptop@TH-41"), Some(other.node()));
}

#[test]
fn a_name_of_the_federation_stays_where_it_is() {
    let twin = branch(&key(41), &key(7), "TH-90");
    let merged = merged(&roster(), &[&twin]);
    assert_eq!(merged.find("TH-90"), Some(key(90).node()));
    assert_eq!(merged.find("TH-90@TH-41"), Some(key(7).node()));
    assert!(merged.is_active(&key(7).node()));
}

/// The branch of `parent` on which the key `new` stands in the place of `old`.
fn replacing(parent: &SecretKey, old: &SecretKey, new: &SecretKey) -> Branch {
    let mut both = with_status(branch(parent, old, "laptop"), NodeStatus::Removed);
    let mut with_new = branch(parent, new, "laptop");
    for admitted in with_new.nodes.values_mut() {
        admitted.record.replaces = Some(old.node());
    }
    both.nodes.append(&mut with_new.nodes);
    both
}

#[test]
fn a_key_takes_the_place_of_an_older_one_on_the_same_branch_alone() {
    let (old, new) = (key(7), key(8));
    let own = replacing(&key(90), &old, &new);
    assert!(merged(&roster(), &[&own]).succeeds(&new.node(), &old.node()));

    let of_other = branch(&key(41), &old, "laptop");
    let both = merged(&roster(), &[&own, &of_other]);
    assert!(
        !both.succeeds(&new.node(), &old.node()),
        "whose it is cannot be told"
    );

    for victim in [key(41), key(7)] {
        let mut federation = roster();
        let edge = record("laptop", NodeRole::Edge);
        federation.nodes.insert(key(7).node(), edge);
        let heir = replacing(&key(90), &victim, &new);
        let merged = merged(&federation, &[&heir]);
        assert!(merged.is_active(&victim.node()), "is of the federation");
        assert!(!merged.succeeds(&new.node(), &victim.node()));
    }
}

#[test]
fn a_branch_by_a_newer_key_of_its_parent_stands_instead() {
    let (old, new, laptop) = (key(90), key(91), key(7));
    let mut replaced = roster();
    let mut record = replaced.nodes[&old.node()].clone();
    record.replaces = Some(old.node());
    replaced.nodes.insert(new.node(), record);
    let record = replaced.nodes.get_mut(&old.node()).expect("is in it");
    record.status = NodeStatus::Removed;

    let by_old = branch(&old, &laptop, "laptop");
    let before = merged(&replaced, &[&by_old]);
    assert!(before.is_active(&laptop.node()), "its parent goes on");
    assert_eq!(before.nodes[&laptop.node()].admitted_by, Some(new.node()));

    let mut by_new = by_old.clone();
    by_new.parent = new.node();
    let thief = with_status(by_old, NodeStatus::Removed);
    let after = merged(&replaced, &[&by_new, &thief]);
    assert!(
        after.is_active(&laptop.node()),
        "what the old key signs is over"
    );
}
