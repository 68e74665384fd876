//! Creating, opening, refusing to open.

use std::error::Error;
use std::fs;

use phaki_replication::id::Epoch;
use phaki_store::store::{CreateError, OpenError};
use phaki_store::{Identity, Store};

use crate::world::{EPOCH, Opened, enact, federation, founding, key, manifest, roster, runs};

fn identity() -> Identity {
    Identity {
        federation: federation(),
        node: key(1).node(),
        epoch: EPOCH,
    }
}

#[test]
fn a_new_store_knows_whose_it_is_and_holds_only_the_roster() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phaki.db");
    let store = Store::create(&path, &identity(), &roster(), &[], &founding()).unwrap();
    assert_eq!(*store.identity(), identity());
    let durable = store.durable().unwrap();
    assert_eq!(durable.roster, roster());
    assert!(durable.manifests.is_empty() && durable.feeds.is_empty());
    drop(store);
    assert_eq!(*Store::open(&path).unwrap().identity(), identity());
    assert!(matches!(
        Store::create(&path, &identity(), &roster(), &[], &founding()),
        Err(CreateError::Exists { .. })
    ));
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_the_files_of_a_store() {
    use std::os::unix::fs::PermissionsExt;
    let opened = Opened::new();
    let mut names = Vec::new();
    for file in fs::read_dir(opened.folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(
            file.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{file:?}"
        );
        names.push(file.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(
        names,
        [
            "phaki.db",
            "phaki.db-shm",
            "phaki.db-wal",
            "phaki.db.keys",
            "phaki.db.keys-journal",
            "phaki.db.lock"
        ]
    );
}

#[test]
fn what_a_crash_left_of_an_unfinished_creation_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phaki.db");
    fs::write(folder.path().join("phaki.db.new"), "half a database").unwrap();
    assert!(Store::create(&path, &identity(), &roster(), &[], &founding()).is_ok());
    assert!(!folder.path().join("phaki.db.new").exists());
}

#[test]
fn a_store_is_open_once_at_a_time() {
    let opened = Opened::new();
    let path = opened.path();
    assert!(matches!(Store::open(&path), Err(OpenError::InUse { .. })));
    drop(opened.reopen());
}

#[test]
fn other_files_are_refused_by_name_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phaki.db");
    let missing = Store::open(&path).unwrap_err();
    assert!(matches!(missing, OpenError::Missing { .. }));
    assert!(missing.to_string().contains("phaki.db"));
    fs::write(
        &path,
        "this is a letter, not a database, and it is rather long",
    )
    .unwrap();
    assert!(matches!(Store::open(&path), Err(OpenError::Foreign { .. })));
    fs::remove_file(&path).unwrap();
    let foreign = rusqlite::Connection::open(&path).unwrap();
    foreign
        .execute_batch("CREATE TABLE song (title TEXT)")
        .unwrap();
    drop(foreign);
    let before = fs::read(&path).unwrap();
    assert!(matches!(Store::open(&path), Err(OpenError::Foreign { .. })));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_store_of_a_newer_program_is_refused_with_a_clear_message() {
    let opened = Opened::new();
    opened.tamper("PRAGMA user_version = 99");
    let path = opened.path();
    let folder = opened.close();
    let error = Store::open(&path).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("has schema 99, and this program knows schemas up to")
    );
    assert!(error.source().is_none());
    drop(folder);
}

#[test]
fn a_new_epoch_lasts_and_keeps_everything_else() {
    let mut opened = Opened::new();
    let mut author = crate::world::Author::new(2);
    opened.put(runs([author.publish(&[vec![1; 30]])]));
    let path = opened.path();
    let folder = opened.close();
    let mut store = Store::open(&path).unwrap();
    store.begin_epoch(Epoch([8; 16])).unwrap();
    assert_eq!(store.identity().epoch, Epoch([8; 16]));
    drop(store);
    let store = Store::open(&path).unwrap();
    assert_eq!(store.identity().epoch, Epoch([8; 16]));
    assert_eq!(store.durable().unwrap().feeds.len(), 1);
    drop(folder);
}

#[test]
fn durable_tells_roster_manifests_and_feeds() {
    let mut opened = Opened::new();
    let mut author = crate::world::Author::new(2);
    let run = author.publish(&[vec![1; 30], vec![2; 12]]);
    let checkpoint = run.checkpoint;
    opened.put(runs([run]));
    opened.put(enact(&manifest(2), &[]));
    let opened = opened.reopen();
    let durable = opened.store.durable().unwrap();
    let manifests: Vec<_> = [manifest(1), manifest(2)]
        .iter()
        .map(|m| m.sign(&key(1)))
        .collect();
    assert_eq!(durable.manifests, manifests);
    let [feed] = durable.feeds[..] else {
        panic!("one feed")
    };
    assert_eq!((feed.space, feed.feed), (manifest(1).space, author.feed));
    assert_eq!(
        (feed.length, feed.head, feed.bytes),
        (2, checkpoint.head, 42)
    );
}

#[test]
fn a_backup_of_a_store_in_use_is_a_store_and_private() {
    let mut opened = Opened::new();
    let mut author = crate::world::Author::new(2);
    opened.put(runs([author.publish(&[vec![1; 30]])]));
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().join("phaki.db");
    opened.reader().backup(&path).unwrap();
    opened.put(runs([author.publish(&[vec![2; 30]])]));
    assert!(opened.reader().backup(&path).is_err());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let mut restored = Store::open(&path).unwrap();
    restored.begin_epoch(Epoch([8; 16])).unwrap();
    assert_eq!(restored.durable().unwrap().feeds[0].length, 1);
    let found = restored.reader().verify(&federation()).unwrap();
    assert_eq!((found.entries, found.problems), (1, vec![]));
}
