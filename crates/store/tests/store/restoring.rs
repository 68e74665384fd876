//! A backup is put in the place of a store: under a new epoch, and only when it is sound.

use std::fs;

use phaki_replication::id::Epoch;
use phaki_store::restore::{Restore, RestoreError, restore};
use phaki_store::{AuditDraft, AuditFilter, Store};

use crate::world::{Author, Opened, key, runs};

const NEW: Epoch = Epoch([8; 16]);

fn act() -> AuditDraft {
    AuditDraft::new(2, "officer", "store-restored", "", "")
}

#[test]
fn a_backup_is_restored_under_a_new_epoch_and_on_record() {
    let mut opened = Opened::new();
    let mut author = Author::new(2);
    opened.put(runs([author.publish(&[vec![1; 30]])]));
    let folder = tempfile::tempdir().unwrap();
    let (backup, database) = (folder.path().join("backup"), folder.path().join("phaki.db"));
    opened.reader().backup(&backup).unwrap();
    let node = Store::open(&backup).unwrap().identity().node;
    let audit = act();
    let mut what = Restore {
        backup: &backup,
        database: &database,
        aside: None,
        node,
        epoch: NEW,
        audit: &audit,
    };
    assert_eq!(restore(&what).unwrap().epoch, NEW);
    let again = restore(&what);
    assert!(
        matches!(again, Err(RestoreError::Exists { .. })),
        "{again:?}"
    );
    let aside = folder.path().join("aside.db");
    what.aside = Some(&aside);
    restore(&what).unwrap();
    assert!(Store::open(&aside).is_ok());

    let store = Store::open(&database).unwrap();
    assert_eq!(store.identity().epoch, NEW);
    assert_eq!(store.durable().unwrap().feeds[0].length, 1);
    let newest = AuditFilter {
        since_ms: None,
        act: None,
        oldest_first: false,
        limit: 1,
    };
    assert_eq!(store.reader().audit(&newest).unwrap()[0].what, audit);
}

#[test]
fn what_is_no_sound_backup_of_the_node_is_refused_and_leaves_nothing_behind() {
    let opened = Opened::new();
    let folder = tempfile::tempdir().unwrap();
    let (backup, database) = (folder.path().join("backup"), folder.path().join("phaki.db"));
    opened.reader().backup(&backup).unwrap();
    let audit = act();
    let try_as = |backup: &std::path::Path, number| {
        let what = Restore {
            backup,
            database: &database,
            aside: None,
            node: key(number).node(),
            epoch: NEW,
            audit: &audit,
        };
        restore(&what).unwrap_err()
    };
    let other = try_as(&backup, 77);
    assert!(matches!(other, RestoreError::OtherNode { .. }), "{other:?}");
    let text = folder.path().join("text");
    fs::write(&text, "no database at all").unwrap();
    let foreign = try_as(&text, 77);
    assert!(matches!(foreign, RestoreError::Open { .. }), "{foreign:?}");
    let mut left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|file| file.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["backup", "text"]);
}
