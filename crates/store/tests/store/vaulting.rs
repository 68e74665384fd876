//! The vault on disk: sealed records in the store, their keys in a database of their own, and
//! nothing of either once somebody is erased.

use std::fs;
use std::path::Path;

use phaki_replication::id::Subject;
use phaki_replication::node::Change;
use phaki_replication::vault::{Content, Ground, Record, Statement, Told, VaultKey};
use phaki_store::restore::{Restore, restore};
use phaki_store::{AuditDraft, Store, WriterOptions};

use crate::world::{Opened, federation, key, space};

const SOMEBODY: Subject = Subject([7; 17]);
const ANOTHER: Subject = Subject([8; 17]);

fn says(subject: Subject, content: Content, opens: Option<VaultKey>) -> Told {
    let statement = Statement {
        federation: federation(),
        space: space(),
        subject,
        node: key(1).node(),
        time_ms: 1,
        content,
    };
    statement.sign(&key(1), opens)
}

/// A record that looks like nothing else in any file.
fn record(subject: Subject, number: u64) -> Told {
    let seed = u8::try_from(number).unwrap() ^ subject.0[0];
    let opens = VaultKey::new([0xa0 ^ seed; 32]);
    let content = Content::Record(Record {
        number,
        key: opens.hash(),
        sealed: sealed(subject, number).into(),
    });
    says(subject, content, Some(opens))
}

fn sealed(subject: Subject, number: u64) -> Vec<u8> {
    let seed = u8::try_from(number).unwrap() ^ subject.0[0];
    (0..60).map(|n: u8| n.wrapping_mul(37) ^ seed).collect()
}

fn order() -> Told {
    says(SOMEBODY, Content::Order(Ground::Objection), None)
}

fn vault(statements: Vec<Told>) -> Change {
    let space = space();
    Change::Vault { space, statements }
}

fn held(store: &Store) -> Vec<Told> {
    store.durable().unwrap().vault
}

/// How many files below a folder hold these bytes.
fn files_with(folder: &Path, bytes: &[u8]) -> usize {
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let holds = |path: &std::path::PathBuf| {
        let content = fs::read(path).unwrap();
        content.windows(bytes.len()).any(|window| window == bytes)
    };
    files.filter(holds).count()
}

#[test]
fn statements_are_there_again_after_a_restart_with_their_keys() {
    let mut opened = Opened::new();
    let done = says(SOMEBODY, Content::Done, None);
    opened.put(vault(vec![record(SOMEBODY, 1), record(ANOTHER, 1)]));
    opened.put(vault(vec![record(ANOTHER, 2), order(), done.clone()]));
    let opened = opened.reopen();
    assert_eq!(held(&opened.store), [order(), done, record(ANOTHER, 2)]);
}

#[test]
fn of_a_record_that_was_erased_or_replaced_no_file_holds_a_byte() {
    let mut opened = Opened::new();
    let folder = opened.folder.path().to_owned();
    opened.put(vault(vec![record(SOMEBODY, 1), record(ANOTHER, 1)]));
    opened.put(vault(vec![record(ANOTHER, 2)]));
    let secrets = |told: &Told| told.key.clone().unwrap();
    let (first, second) = (record(SOMEBODY, 1), record(ANOTHER, 2));
    assert_eq!(files_with(&folder, secrets(&first).as_bytes()), 1);
    assert_ne!(files_with(&folder, &sealed(SOMEBODY, 1)), 0);
    assert_eq!(
        files_with(&folder, secrets(&record(ANOTHER, 1)).as_bytes()),
        0
    );
    opened.put(vault(vec![order()]));
    for gone in [
        sealed(SOMEBODY, 1),
        sealed(ANOTHER, 1),
        secrets(&first).as_bytes().to_vec(),
    ] {
        assert_eq!(files_with(&folder, &gone), 0);
    }
    assert_eq!(files_with(&folder, secrets(&second).as_bytes()), 1);
}

#[test]
fn a_node_that_leaves_a_vault_keeps_orders_and_no_record() {
    let mut opened = Opened::new();
    opened.put(vault(vec![order(), record(ANOTHER, 1)]));
    opened.put(Change::VaultLeft { space: space() });
    assert_eq!(held(&opened.store), [order()]);
    let folder = opened.folder.path().to_owned();
    assert_eq!(files_with(&folder, &sealed(ANOTHER, 1)), 0);
}

#[test]
fn a_backup_holds_no_key_and_what_is_restored_from_it_no_record() {
    let mut opened = Opened::new();
    opened.put(vault(vec![record(SOMEBODY, 1), record(ANOTHER, 1)]));
    let elsewhere = tempfile::tempdir().unwrap();
    let backup = elsewhere.path().join("backup");
    opened.reader().backup(&backup).unwrap();
    let opens = record(SOMEBODY, 1).key.unwrap();
    assert_eq!(files_with(elsewhere.path(), opens.as_bytes()), 0);
    assert_eq!(files_with(elsewhere.path(), &sealed(SOMEBODY, 1)), 1);
    opened.put(vault(vec![order()]));
    let node = opened.store.identity().node;
    let database = opened.path();
    let folder = opened.close();
    let what = Restore {
        backup: &backup,
        database: &database,
        aside: Some(&elsewhere.path().join("aside.db")),
        node,
        epoch: phaki_replication::id::Epoch([9; 16]),
        audit: &AuditDraft::new(2, "officer", "store-restored", "", ""),
    };
    restore(&what).unwrap();
    let opened = Opened::open(folder, &WriterOptions::default());
    // The key of who was erased is gone for good; the other's lies there still.
    assert_eq!(held(&opened.store), [record(ANOTHER, 1)]);
    let folder = opened.close();
    assert_eq!(files_with(folder.path(), &sealed(SOMEBODY, 1)), 0);
}
