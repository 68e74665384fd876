//! Stores of earlier versions: opened, brought up to date, and nothing of them lost.

use phaki_replication::id::Epoch;
use phaki_store::{AuditDraft, AuditFilter, Store, WriterOptions};
use rusqlite::{Connection, params};

use crate::world::{EPOCH, Opened, federation, key, roster};

/// "phak": the mark of a store.
const APPLICATION_ID: i32 = 0x7068_616b;

fn schema(connection: &Connection) -> Vec<String> {
    let mut select = connection
        .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name")
        .unwrap();
    let rows = select.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

/// Version 1 had no audit log: it begins with the first record after the upgrade.
#[test]
fn a_store_of_version_1_keeps_what_it_holds_and_gets_an_audit_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phaki.db");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(include_str!("../../migrations/0001-init.sql"))
        .unwrap();
    for (name, value) in [
        ("federation", &federation().0[..]),
        ("node", &key(1).node().0[..]),
        ("epoch", &EPOCH.0[..]),
    ] {
        let insert = "INSERT INTO meta (name, value) VALUES (?1, ?2)";
        old.execute(insert, params![name, value]).unwrap();
    }
    let insert = "INSERT INTO roster (key, bytes, signature) VALUES (1, ?1, ?2)";
    let signed = roster();
    old.execute(insert, params![signed.bytes, signed.signature.0])
        .unwrap();
    old.pragma_update(None, "application_id", APPLICATION_ID)
        .unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    drop(old);

    let store = Store::open(&path).unwrap();
    assert_eq!(store.identity().epoch, Epoch([7; 16]));
    assert_eq!(store.durable().unwrap().roster, signed);
    let (writer, thread) = store
        .start_writer(&WriterOptions::default(), |_| ())
        .unwrap();
    let draft = AuditDraft::new(1, "", "node-started", "", "0.1.0");
    writer.record(draft.clone()).unwrap();
    let everything = AuditFilter {
        since_ms: None,
        act: None,
        oldest_first: true,
        limit: 10,
    };
    let records = store.reader().audit(&everything).unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!((records[0].number, &records[0].what), (1, &draft));
    assert_eq!(store.reader().verify(&federation()).unwrap().problems, []);
    thread.stop();
    let fresh = Opened::new();
    assert_eq!(
        schema(&Connection::open(&path).unwrap()),
        schema(&Connection::open(fresh.path()).unwrap())
    );
}
