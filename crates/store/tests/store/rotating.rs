//! A store goes on under another key of its node: all or nothing, and its unreceived work is ready
//! to be published again.

use phaki_documents::document::Document;
use phaki_replication::branch::Branch;
use phaki_replication::entry::EntryKind;
use phaki_replication::id::{Epoch, NodeId};
use phaki_replication::node::{Change, NewEntry};
use phaki_replication::republish::Republished;
use phaki_replication::roster::{NodeRecord, NodeRole, NodeStatus, Roster};
use phaki_store::rotate::KeyReplacement;
use phaki_store::{AuditDraft, AuditFilter, Store, WriterOptions};

use crate::world::{Author, EPOCH, Opened, enact, federation, key, manifest, plan, runs, space};

const NEXT: Epoch = Epoch([8; 16]);

fn record(replaces: Option<NodeId>, status: NodeStatus) -> NodeRecord {
    NodeRecord {
        name: "TH-90".to_owned(),
        role: NodeRole::Province,
        area: "90".to_owned(),
        within: Vec::new(),
        addresses: Vec::new(),
        status,
        replaces,
        admitted_by: None,
    }
}

/// In which key 50 has the place of key 1.
fn replaced() -> Roster {
    let old = key(1).node();
    Roster {
        federation: federation(),
        version: 2,
        nodes: [
            (old, record(None, NodeStatus::Removed)),
            (key(50).node(), record(Some(old), NodeStatus::Active)),
        ]
        .into(),
    }
}

fn act() -> AuditDraft {
    AuditDraft::new(2, "officer", "key-replaced", "", "")
}

/// The store under key 50 instead of key 1.
fn rotated(opened: Opened, stolen: bool) -> Opened {
    let folder = opened.close();
    let mut store = Store::open(&folder.path().join("phaki.db")).unwrap();
    let (roster, audit) = (replaced().sign(&key(255)), act());
    let what = KeyReplacement {
        node: key(50).node(),
        epoch: NEXT,
        roster: &roster,
        branches: &[],
        stolen,
        audit: &audit,
    };
    store.replace_key(&what).unwrap();
    drop(store);
    Opened::open(folder, &WriterOptions::default())
}

fn recalled(opened: &Opened) -> Vec<NewEntry> {
    let own = [key(50).node(), key(1).node()];
    opened.reader().recalled(&space(), &own).unwrap()
}

/// So many changes of key 1, one a run, all of which count.
fn written(opened: &mut Opened, author: &mut Author, count: usize) {
    let mut document = Document::empty(plan(1));
    for number in 0..count {
        let change = author.edit(&mut document, "title/th", &number.to_string());
        opened.put(runs([author.publish(&[change])]));
    }
}

/// The steward holds so many of them.
fn frozen_at(opened: &mut Opened, author: &Author, length: u64) {
    let mut next = manifest(1);
    next.version += 1;
    next.frozen.insert(author.feed.author);
    next.caps.insert(author.feed, length);
    let Change::Manifest {
        space, manifest, ..
    } = enact(&next, &[])
    else {
        panic!("a manifest is enacted")
    };
    opened.put(Change::Manifest {
        space,
        manifest,
        permitted: vec![(author.feed, length)],
    });
}

#[test]
fn the_store_is_the_new_keys_with_roster_branches_and_record_at_once() {
    let opened = Opened::new();
    let folder = opened.close();
    let path = folder.path().join("phaki.db");
    let mut store = Store::open(&path).unwrap();
    let roster = replaced().sign(&key(255));
    let branch = Branch {
        federation: federation(),
        parent: key(1).node(),
        version: 3,
        nodes: [].into(),
    };
    let (branch, audit) = (branch.sign(&key(1)), act());
    let what = KeyReplacement {
        node: key(50).node(),
        epoch: NEXT,
        roster: &roster,
        branches: std::slice::from_ref(&branch),
        stolen: false,
        audit: &audit,
    };
    store.replace_key(&what).unwrap();
    let before = *store.identity();
    assert_eq!((before.node, before.epoch), (key(50).node(), NEXT));
    drop(store);
    let store = Store::open(&path).unwrap();
    assert_eq!(*store.identity(), before);
    assert_eq!(store.former_keys().unwrap(), [key(1).node()]);
    let durable = store.durable().unwrap();
    assert_eq!((durable.roster, durable.branches), (roster, vec![branch]));
    let newest = AuditFilter {
        since_ms: None,
        act: None,
        oldest_first: false,
        limit: 1,
    };
    assert_eq!(store.reader().audit(&newest).unwrap()[0].what, audit);
    assert_eq!(store.reader().verify(&federation()).unwrap().problems, []);
}

#[test]
fn a_replacement_that_fails_changes_nothing() {
    let opened = Opened::new();
    let opened = rotated(opened, false);
    let folder = opened.close();
    let path = folder.path().join("phaki.db");
    let mut store = Store::open(&path).unwrap();
    // A disk that fails in the last statement.
    let broken = rusqlite::Connection::open(&path).unwrap();
    let trigger = "CREATE TRIGGER fails BEFORE INSERT ON audit
                   BEGIN SELECT RAISE(ABORT, 'full'); END";
    broken.execute_batch(trigger).unwrap();
    drop(broken);
    let (roster, audit) = (replaced().sign(&key(255)), act());
    let what = KeyReplacement {
        node: key(51).node(),
        epoch: EPOCH,
        roster: &roster,
        branches: &[],
        stolen: true,
        audit: &audit,
    };
    let failed = store.replace_key(&what).unwrap_err().to_string();
    assert!(failed.contains("to another key"), "{failed}");
    assert_eq!(store.identity().node, key(50).node());
    drop(store);
    let store = Store::open(&path).unwrap();
    assert_eq!(
        (store.identity().node, store.identity().epoch),
        (key(50).node(), NEXT)
    );
    assert_eq!(store.former_keys().unwrap(), [key(1).node()]);
}

#[test]
fn what_counted_under_the_old_key_and_counts_no_longer_is_recalled_until_it_is_published_again() {
    for stolen in [false, true] {
        let mut opened = Opened::new();
        let mut own = Author::new(1);
        written(&mut opened, &mut own, 5);
        let mut opened = rotated(opened, stolen);
        assert_eq!(recalled(&opened), [], "all of it counts");
        frozen_at(&mut opened, &own, 2);
        let lost = recalled(&opened);
        let places: Vec<_> = lost
            .iter()
            .map(|entry| {
                let (feed, seq, _) = Republished::decode(&entry.payload).unwrap();
                assert_eq!((feed, entry.kind), (own.feed, EntryKind::REPUBLISHED));
                seq
            })
            .collect();
        assert_eq!(places, [2, 3, 4]);

        let mut heir = Author::in_epoch(50, NEXT);
        let payloads: Vec<_> = lost.iter().map(|entry| entry.payload.to_vec()).collect();
        opened.put(runs([heir.publish_as(EntryKind::REPUBLISHED, &payloads)]));
        assert_eq!(recalled(&opened), []);
        assert_eq!(opened.load(&plan(1)).unwrap().heads().len(), 1);
        assert_eq!(opened.reader().verify(&federation()).unwrap().problems, []);
    }
}

#[test]
fn what_never_counted_is_not_recalled_and_neither_is_what_came_later() {
    let mut opened = Opened::new();
    let mut own = Author::new(1);
    written(&mut opened, &mut own, 4);
    frozen_at(&mut opened, &own, 3);
    let mut opened = rotated(opened, false);
    frozen_at(&mut opened, &own, 2);
    assert_eq!(recalled(&opened).len(), 1, "the third, not the fourth");
}

#[test]
fn of_a_stolen_key_only_what_this_store_wrote_is_recalled() {
    let mut opened = Opened::new();
    let mut own = Author::new(1);
    let mut thief = Author::in_epoch(1, Epoch([66; 16]));
    written(&mut opened, &mut own, 2);
    written(&mut opened, &mut thief, 2);
    let mut opened = rotated(opened, true);
    frozen_at(&mut opened, &own, 0);
    let mut next = manifest(1);
    next.version += 2;
    next.frozen.insert(key(1).node());
    let none = [own.feed, thief.feed].map(|feed| (feed, 0));
    next.caps.extend(none);
    let Change::Manifest {
        space, manifest, ..
    } = enact(&next, &[])
    else {
        panic!("a manifest is enacted")
    };
    opened.put(Change::Manifest {
        space,
        manifest,
        permitted: none.to_vec(),
    });
    let feeds: Vec<_> = recalled(&opened)
        .iter()
        .map(|entry| Republished::decode(&entry.payload).unwrap().0)
        .collect();
    assert_eq!(feeds, [own.feed; 2]);
}

/// Two histories from the second entry on, and a store that wrote the first of them.
fn forked(stolen: bool) -> Opened {
    let mut opened = Opened::new();
    let (mut own, mut thief) = (Author::new(1), Author::new(1));
    let common = vec![1; 30];
    let first = own.publish(std::slice::from_ref(&common));
    let previous = first.checkpoint.head;
    opened.put(runs([first]));
    thief.publish(&[common]);
    let mine = own.publish(&[vec![2; 30], vec![3; 30]]);
    let stolen_run = thief.publish(&[vec![66; 30]]);
    opened.put(runs([mine]));
    let mut opened = rotated(opened, stolen);
    opened.put(Change::Cut {
        space: space(),
        feed: own.feed,
        at: 1,
        proof: None,
    });
    opened.put(Change::Severed {
        space: space(),
        previous,
        carried: false,
        run: Box::new(stolen_run),
    });
    opened
}

#[test]
fn behind_a_cut_the_thiefs_part_stays_where_it_is_and_the_nodes_own_is_recalled() {
    let seqs = |opened: &Opened| {
        let mut seqs: Vec<_> = recalled(opened)
            .iter()
            .map(|entry| {
                let (_, seq, change) = Republished::decode(&entry.payload).unwrap();
                (seq, change[0])
            })
            .collect();
        seqs.sort_unstable();
        seqs
    };
    assert_eq!(seqs(&forked(true)), [(1, 2), (2, 3)]);
    // By a planned replacement nobody but the node had the key: both are its own.
    assert_eq!(seqs(&forked(false)), [(1, 2), (1, 66), (2, 3)]);
}
