//! What a manifest means, and who can sign one.

use super::*;
use crate::id::Epoch;
use crate::roster::{NodeRecord, NodeRole, NodeStatus};

fn sample(key: &SecretKey) -> Manifest {
    let mut manifest = Manifest::found(FederationId([1; 32]), key.node(), [2; 16], "แผนจังหวัดสงขลา");
    manifest.members.insert(NodeId([3; 32]), MemberRole::Writer);
    manifest.members.insert(NodeId([4; 32]), MemberRole::Reader);
    manifest
        .members
        .insert(NodeId([5; 32]), MemberRole::Removed);
    manifest.caps.insert(
        FeedId {
            author: NodeId([5; 32]),
            epoch: Epoch([6; 16]),
        },
        7,
    );
    manifest
}

fn record(role: NodeRole, area: &str, status: NodeStatus) -> NodeRecord {
    NodeRecord {
        name: format!("{area}-{role:?}-{status:?}"),
        role,
        area: area.to_owned(),
        within: vec!["R11".to_owned(), "TH".to_owned()],
        addresses: Vec::new(),
        status,
        replaces: None,
        admitted_by: None,
    }
}

/// Nobody is in it; what a manifest says of single keys counts nevertheless.
fn nobody() -> Roster {
    Roster {
        federation: FederationId([1; 32]),
        version: 1,
        nodes: BTreeMap::new(),
    }
}

#[test]
fn a_signed_manifest_reads_back_equal() {
    let key = SecretKey::from_seed(&[5; 32]);
    let mut manifest = sample(&key);
    manifest
        .groups
        .insert(Group::Role(NodeRole::National), MemberRole::Reader);
    manifest
        .groups
        .insert(Group::Area("R11".to_owned()), MemberRole::Writer);
    manifest.frozen.insert(NodeId([3; 32]));
    let (federation, space) = (manifest.federation, manifest.space);
    let offer = Handover::sign(&key, &federation, &space, &key.node(), NodeId([4; 32]));
    manifest.offer = Some(offer);
    assert_eq!(
        manifest.sign(&key).open(&federation, &nobody()),
        Ok(manifest)
    );
}

#[test]
fn golden_bytes() {
    let key = SecretKey::from_seed(&[5; 32]);
    let golden = "b59549f15f15c38929fcd0b5e96a8d4fb58f2675eed4a64f044977d4c967b86b";
    assert_eq!(sample(&key).sign(&key).hash().to_string(), golden);
}

#[test]
fn a_manifest_for_somebody_elses_space_is_refused() {
    let (owner, thief) = (
        SecretKey::from_seed(&[5; 32]),
        SecretKey::from_seed(&[6; 32]),
    );
    let manifest = sample(&owner);
    let forged = manifest.sign(&thief).open(&manifest.federation, &nobody());
    assert_eq!(forged, Err(ManifestError::Steward(thief.node())));
    let mut posing = manifest.sign(&owner);
    posing.signature = thief.sign(&posing.bytes);
    let forged = posing.open(&manifest.federation, &nobody());
    assert_eq!(forged, Err(ManifestError::Signature));
    let mut stolen = manifest.clone();
    stolen.founder = thief.node();
    let founded = stolen.sign(&thief).open(&manifest.federation, &nobody());
    assert_eq!(founded, Err(ManifestError::Founder(manifest.space)));
}

#[test]
fn entries_count_while_their_author_may_write_and_never_beyond_a_cap() {
    let mut manifest = sample(&SecretKey::from_seed(&[5; 32]));
    let feed = |author| FeedId {
        author: NodeId([author; 32]),
        epoch: Epoch([6; 16]),
    };
    let permitted = |manifest: &Manifest, author| manifest.permitted(&nobody(), &feed(author));
    assert_eq!(permitted(&manifest, 3), u64::MAX);
    assert_eq!(permitted(&manifest, 4), 0);
    assert_eq!(permitted(&manifest, 5), 7);
    assert_eq!(permitted(&manifest, 8), 0);
    manifest.frozen.insert(NodeId([3; 32]));
    assert_eq!(
        permitted(&manifest, 3),
        0,
        "what is frozen counts as far as it is capped"
    );
    manifest.caps.insert(feed(3), 9);
    assert_eq!(permitted(&manifest, 3), 9);
}

#[test]
fn groups_hold_whoever_the_federation_put_there_and_no_others() {
    let mut manifest = Manifest::found(FederationId([1; 32]), NodeId([9; 32]), [2; 16], "s");
    manifest
        .groups
        .insert(Group::Role(NodeRole::National), MemberRole::Reader);
    manifest
        .groups
        .insert(Group::Area("R11".to_owned()), MemberRole::Writer);
    let (th, province, far, laptop) = (
        NodeId([1; 32]),
        NodeId([2; 32]),
        NodeId([3; 32]),
        NodeId([4; 32]),
    );
    let mut roster = nobody();
    let active = NodeStatus::Active;
    let mut th_record = record(NodeRole::National, "TH", active);
    th_record.within.clear();
    roster.nodes.insert(th, th_record);
    roster
        .nodes
        .insert(province, record(NodeRole::Province, "84", active));
    let mut far_record = record(NodeRole::Province, "50", active);
    far_record.within = vec!["R1".to_owned()];
    roster.nodes.insert(far, far_record);
    let mut on_branch = record(NodeRole::Edge, "84", active);
    on_branch.admitted_by = Some(province);
    roster.nodes.insert(laptop, on_branch);
    let rights = |manifest: &Manifest, node| {
        (
            manifest.may_read(&roster, node),
            manifest.may_write(&roster, node),
        )
    };
    assert_eq!(rights(&manifest, &th), (true, false));
    assert_eq!(rights(&manifest, &province), (true, true));
    assert_eq!(rights(&manifest, &far), (false, false));
    assert_eq!(rights(&manifest, &laptop), (false, false));
    manifest.members.insert(province, MemberRole::Removed);
    assert_eq!(
        rights(&manifest, &province),
        (false, false),
        "by itself it is removed"
    );
    assert!(manifest.was_removed(&roster, &province));
}

#[test]
fn a_new_key_has_the_rights_of_the_old_one_and_outranks_what_that_signs() {
    let (old, new) = (
        SecretKey::from_seed(&[5; 32]),
        SecretKey::from_seed(&[6; 32]),
    );
    let mut manifest = sample(&old);
    let mut roster = nobody();
    let removed = record(NodeRole::Province, "90", NodeStatus::Removed);
    roster.nodes.insert(old.node(), removed);
    let mut heir = record(NodeRole::Province, "90", NodeStatus::Active);
    heir.replaces = Some(old.node());
    roster.nodes.insert(new.node(), heir);
    assert!(manifest.may_write(&roster, &new.node()));
    let ours = manifest.sign(&new);
    let opened = ours.open(&manifest.federation, &roster).expect("is signed");
    manifest.version = u64::MAX;
    let theirs = manifest.sign(&old);
    let stale = theirs
        .open(&manifest.federation, &roster)
        .expect("is signed");
    assert!(opened.rank(&roster, ours.hash()) > stale.rank(&roster, theirs.hash()));
    let unknown = ours.open(&manifest.federation, &nobody());
    assert!(
        !unknown
            .expect_err("the roster knows no such key")
            .is_forgery()
    );
}

#[test]
fn a_space_goes_to_whom_its_steward_names_and_to_nobody_else() {
    let (first, second, thief) = (
        SecretKey::from_seed(&[5; 32]),
        SecretKey::from_seed(&[6; 32]),
        SecretKey::from_seed(&[7; 32]),
    );
    let mut manifest = sample(&first);
    let (federation, space) = (manifest.federation, manifest.space);
    let before = manifest.sign(&first);
    let to = |by: &SecretKey, to: &SecretKey| {
        Handover::sign(by, &federation, &space, &first.node(), to.node())
    };
    manifest.handovers.push(to(&first, &second));
    let after = manifest.sign(&second);
    let opened = after.open(&federation, &nobody()).expect("is handed over");
    assert_eq!(opened.steward(), second.node());
    assert!(!opened.may_write(&nobody(), &first.node()));
    assert!(opened.was_steward(&nobody(), &first.node()));
    let former = Manifest {
        version: 99,
        ..sample(&first)
    };
    assert!(
        opened.rank(&nobody(), after.hash()) > former.rank(&nobody(), before.hash()),
        "the former steward takes nothing back by counting on"
    );
    manifest.handovers = vec![to(&thief, &thief)];
    let stolen = manifest.sign(&thief).open(&federation, &nobody());
    assert_eq!(stolen, Err(ManifestError::Steward(thief.node())));
}

#[test]
fn writers_those_before_them_and_hubs_collect_receipts_and_others_keep_their_own() {
    let steward = SecretKey::from_seed(&[5; 32]);
    let manifest = sample(&steward);
    let [national, writer, reader, parent, laptop] =
        [8, 3, 4, 9, 10].map(|number| NodeId([number; 32]));
    let mut roster = nobody();
    let mut enter = |node, role, admitted_by| {
        let record = NodeRecord {
            admitted_by,
            ..record(role, "91", NodeStatus::Active)
        };
        roster.nodes.insert(node, record);
    };
    enter(national, NodeRole::National, None);
    for node in [steward.node(), writer, reader, parent] {
        enter(node, NodeRole::Province, None);
    }
    enter(laptop, NodeRole::Edge, Some(parent));
    let collects = |manifest: &Manifest| {
        let nodes = [national, steward.node(), writer, reader, parent, laptop];
        nodes.map(|node| manifest.keeping(&roster, &node).collects())
    };
    assert_eq!(collects(&manifest), [true, true, true, false, false, false]);
    let keeping = manifest.keeping(&roster, &parent);
    assert_eq!(
        [laptop, parent, reader].map(|signer| keeping.keeps(&signer)),
        [true, true, false]
    );
    let mut with_laptop = manifest.clone();
    with_laptop.members.insert(laptop, MemberRole::Writer);
    assert_eq!(
        collects(&with_laptop),
        [true, true, true, false, true, true]
    );
}
