//! A roster's way to the key and back, and everything that may happen to the file on it.

use std::collections::BTreeMap;

use phaki_replication::id::NodeId;
use phaki_replication::roster::{NodeRecord, NodeRole, NodeStatus};

use super::*;

fn key() -> SecretKey {
    SecretKey::from_seed(&[5; 32])
}

fn record(name: &str, status: NodeStatus) -> NodeRecord {
    NodeRecord {
        name: name.to_owned(),
        role: NodeRole::Province,
        area: "90".to_owned(),
        within: Vec::new(),
        replaces: None,
        admitted_by: None,
        addresses: vec!["10.0.0.1:7443".to_owned()],
        status,
    }
}

fn before() -> Roster {
    Roster {
        federation: key().federation(),
        version: 7,
        nodes: BTreeMap::from([
            (NodeId([1; 32]), record("TH-90", NodeStatus::Active)),
            (NodeId([2; 32]), record("TH-41", NodeStatus::Removed)),
        ]),
    }
}

/// The roster that follows, with something changed in it.
fn after(change: impl FnOnce(&mut Roster)) -> Roster {
    let mut after = before();
    after.version += 1;
    change(&mut after);
    after
}

fn suspend(roster: &mut Roster) {
    let record = roster.nodes.get_mut(&NodeId([1; 32])).unwrap();
    record.status = NodeStatus::Suspended;
}

fn prepare(after: Roster) -> Result<RosterFile, RosterFileError> {
    RosterFile::prepare(before().sign(&key()), after)
}

#[test]
fn a_roster_comes_back_from_the_key_signed_and_otherwise_the_same() {
    let prepared = prepare(after(suspend)).unwrap();
    let text = prepared.to_string();
    assert!(text.starts_with("-----BEGIN PHAKI ROSTER TO BE SIGNED-----\n"));
    assert!(text.lines().all(|line| line.len() <= LINE_LETTERS));
    let read = RosterFile::parse(&text).unwrap();
    assert_eq!((read.signed(), &read), (None, &prepared));
    let words: Vec<_> = read.differences().iter().map(|d| d.what.word()).collect();
    assert_eq!(words, ["suspended"]);

    let signed = read.sign(&key()).unwrap();
    let text = signed.to_string();
    assert!(text.starts_with("-----BEGIN PHAKI SIGNED ROSTER-----\n"));
    let read = RosterFile::parse(&text).unwrap();
    let roster = read.signed().unwrap().open(&key().federation()).unwrap();
    assert_eq!(roster, after(suspend));
    assert_eq!(read.sign(&key()), Err(RosterFileError::SignedAlready));
}

#[test]
fn mail_may_add_words_and_line_breaks_around_and_inside() {
    let prepared = prepare(after(suspend)).unwrap();
    let text = prepared.to_string().replace('\n', "\r\n");
    let mailed = format!("เรียน ผู้ดูแลกุญแจ\r\n\r\n{text}\r\n-- \r\nสำนักงาน\r\n");
    assert_eq!(RosterFile::parse(&mailed), Ok(prepared));
}

#[test]
fn a_changed_or_missing_letter_is_noticed() {
    let text = prepare(after(suspend)).unwrap().to_string();
    let begin = text.find('\n').unwrap() + 1;
    for at in (begin..text.rfind("-----END").unwrap()).step_by(7) {
        let (head, tail) = text.split_at(at);
        if tail.starts_with('\n') {
            continue;
        }
        let other = if tail.starts_with('A') { 'B' } else { 'A' };
        for wrong in [
            format!("{head}{other}{}", &tail[1..]),
            format!("{head}{}", &tail[1..]),
        ] {
            assert_eq!(RosterFile::parse(&wrong), Err(RosterFileError::Damaged));
        }
    }
    let cut = text.find("-----END").unwrap();
    let damaged = Err(RosterFileError::Damaged);
    assert_eq!(RosterFile::parse(&text[..cut]), damaged);
    assert_eq!(RosterFile::parse("hello"), Err(RosterFileError::NoFrame));
}

#[test]
fn what_was_in_force_must_be_signed_by_the_federation() {
    let thief = SecretKey::from_seed(&[6; 32]);
    let forged = RosterFile::prepare(before().sign(&thief), after(suspend));
    let genuine = RosterError::Signature;
    assert_eq!(forged, Err(RosterFileError::Before(genuine.clone())));
    // Put together by hand, as nobody's program would.
    let file = RosterFile {
        signed_before: before().sign(&thief),
        before: before(),
        after: after(suspend),
        signature: None,
    };
    let read = RosterFile::parse(&file.to_string());
    assert_eq!(read, Err(RosterFileError::Before(genuine)));
}

#[test]
fn a_key_of_another_federation_signs_nothing() {
    let prepared = prepare(after(suspend)).unwrap();
    let refused = prepared.sign(&SecretKey::from_seed(&[6; 32]));
    assert_eq!(refused, Err(RosterFileError::Key(key().federation())));
}

#[test]
fn a_forged_signature_is_noticed() {
    let forged = RosterFile {
        signature: Some(Signature([7; 64])),
        ..prepare(after(suspend)).unwrap()
    };
    let read = RosterFile::parse(&forged.to_string());
    assert_eq!(read, Err(RosterFileError::After(RosterError::Signature)));
}

#[test]
fn no_file_skips_a_version_or_brings_a_removed_node_back() {
    let skipped = prepare(after(|roster| roster.version = 9));
    let (found, expected) = (9, 8);
    assert_eq!(skipped, Err(RosterFileError::Version { found, expected }));
    let removed = NodeId([2; 32]);
    let returned = prepare(after(|roster| {
        roster.nodes.get_mut(&removed).unwrap().status = NodeStatus::Active;
    }));
    let unlawful = Err(RosterFileError::Unlawful("TH-41".to_owned()));
    assert_eq!(returned, unlawful);
    let forgotten = prepare(after(|roster| drop(roster.nodes.remove(&removed))));
    assert_eq!(forgotten, unlawful);
}

#[test]
fn nodes_on_a_branch_are_no_part_of_it() {
    let with_laptop = |roster: &mut Roster| {
        suspend(roster);
        let mut laptop = record("TH-90-laptop", NodeStatus::Active);
        laptop.admitted_by = Some(NodeId([1; 32]));
        roster.nodes.insert(NodeId([7; 32]), laptop);
    };
    let prepared = prepare(after(with_laptop)).unwrap();
    assert_eq!(prepared, prepare(after(suspend)).unwrap());
    let read = RosterFile::parse(&prepared.to_string()).unwrap();
    assert_eq!(read, prepared);
}
